"""Which documents a batch has, what their pages are, and their key figures from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.results.language_names import language_name
from core.results.query.filters import Filters
from core.results.query.picture.annotations import picture_title
from core.results.query.picture_order import natural
from core.results.query.store import Store
from core.results.tables.arrow import numbers


@dataclass(frozen=True, slots=True)
class Document:
    """A file with its pages, or a picture.

    Attributes:
        uri: its address; "" for a picture whose answer does not say which it is.
        name: what the user calls it: a path or an address; untrusted.
        pages: ids of its pictures in the order of its pages; of a picture its own alone.
        numbers: their page numbers, from 1; 0 for a picture.
    """

    uri: str
    name: str
    pages: tuple[int, ...]
    numbers: tuple[int, ...]

    @property
    def is_file(self) -> bool:
        """Whether it is a file of pages."""
        return self.numbers[0] > 0

    @property
    def short_name(self) -> str:
        """The last part of its name."""
        return self.name.replace("\\", "/").rpartition("/")[2] or self.name


def documents(store: Store) -> list[Document]:
    """All files, and all pictures with text, by name; numbers in names by their value."""
    return store.once("documents", lambda: sorted(_grouped(store), key=_by_name))


def documents_of(store: Store, ids: Sequence[int]) -> list[Document]:
    """Those of which some page is among the given pictures, whole."""
    owners = store.once("documents of pictures", lambda: _owners(store))
    places = np.unique(owners[np.asarray(ids, np.int64)])
    every = documents(store)
    return [every[place] for place in places[places >= 0].tolist()]


def has_files(store: Store) -> bool:
    """Whether the batch has files of pages."""
    return store.once("files", lambda: bool((numbers(store.tables["pictures"], "page") > 0).any()))


def without_text(store: Store, ids: Sequence[int]) -> list[str]:
    """Names of given pictures that are no documents, since no text was found in them."""
    chosen = np.asarray(ids, np.int64)
    missing = chosen[~_belongs(store)[chosen]]
    rows = store.tables["pictures"].take(pa.array(missing)).to_pylist()
    return [_called(row["folder"], row["name"], row["number"]) for row in rows]


def key_figures(store: Store, chosen: Sequence[Document]) -> pd.DataFrame:
    """One row a document. Columns: document, pages, with_text, failed, words, languages."""
    words = _words(store)
    failed = numbers(store.tables["pictures"], "error_code") != 0
    pages = np.array([page for one in chosen for page in one.pages], np.int64)
    owners = np.repeat(np.arange(len(chosen)), [len(one.pages) for one in chosen])

    def summed(values: Any) -> Any:
        return np.bincount(owners, values[pages], len(chosen)).astype(np.int64)

    return pd.DataFrame(
        {
            "document": [one.name for one in chosen],
            "pages": [len(one.pages) for one in chosen],
            "with_text": summed(words > 0),
            "failed": summed(failed),
            "words": summed(words),
            "languages": _languages(store, pages, owners, len(chosen)),
        }
    )


def wordiest(store: Store, filters: Filters) -> Any:
    """Ids of the pictures that pass and have words, those of most words first."""
    words = _words(store)
    ids = store.passing(filters)
    having = ids[words[ids] > 0]
    return having[np.argsort(-words[having], kind="stable")]


def most_words(store: Store, ids: Any) -> pd.DataFrame:
    """One row for each of some pictures.

    Columns: picture (its name), words, folder (if there are several), uri.
    """
    table = store.tables["pictures"].select(["name", "page", "number", "folder", "uri"])
    shown = table.take(pa.array(ids)).to_pydict()
    names = list(map(picture_title, shown["name"], shown["page"], shown["number"]))
    folder = {"folder": shown["folder"]} if len(set(shown["folder"])) > 1 else {}
    return pd.DataFrame(
        {"picture": names, "words": _words(store)[ids], **folder, "uri": shown["uri"]}
    )


def _words(store: Store) -> Any:
    """Words of each picture (total,)."""
    return numbers(store.views["pictures"], "words")


def _languages(store: Store, pages: Any, owners: Any, total: int) -> list[str]:
    """The languages of each document's pages, the one of most pages first.

    Args:
        pages: ids of all documents' pages; owners: each one's document, from 0, rising.
    """
    table = store.tables["languages"]
    pictures, first = np.unique(numbers(table, "picture"), return_index=True)  # each one's surest
    listed = np.isin(pages, pictures)
    rows = first[np.searchsorted(pictures, pages[listed])]
    codes = table["language"].take(pa.array(rows)).to_pylist()
    met = [Counter[str]() for _ in range(total)]
    for owner, code in zip(owners[listed].tolist(), codes, strict=True):
        if code:
            met[owner][code] += 1
    return [", ".join(language_name(code) for code, _ in one.most_common()) for one in met]


def _called(folder: str, name: str, number: int) -> str:
    """A picture's path as the user knows it, or its number."""
    return (f"{folder}/{name}" if folder else name) if name else f"picture {number}"


def _by_name(one: Document) -> tuple[str, str]:
    return natural(one.name), one.uri


def _belongs(store: Store) -> Any:
    """Which pictures are pages of files, or have text (total,)."""
    belongs = numbers(store.tables["pictures"], "page") > 0
    belongs[numbers(store.tables["texts"], "picture")] = True
    return belongs


def _owners(store: Store) -> Any:
    """The place among ``documents`` of each picture's own (total,); -1 for none."""
    owners = np.full(store.tables.pictures, -1, np.int64)
    every = documents(store)
    places = np.repeat(np.arange(len(every)), [len(one.pages) for one in every])
    owners[[page for one in every for page in one.pages]] = places
    return owners


def _grouped(store: Store) -> Iterator[Document]:
    table = store.tables["pictures"]
    ids = np.flatnonzero(_belongs(store))
    if not len(ids):
        return
    encoded = table["uri"].take(pa.array(ids)).combine_chunks().dictionary_encode()
    names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
    pages = numbers(table, "page")[ids]
    if "" in names:  # each of them is somebody else
        nameless = codes == names.index("")
        codes[nameless] = len(names) + np.arange(int(nameless.sum()))
    order = np.lexsort((pages, codes))
    ids, pages, codes = ids[order], pages[order], codes[order]
    starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    called = table.select(["folder", "name", "number"]).take(pa.array(ids[starts])).to_pydict()
    paths = map(_called, called["folder"], called["name"], called["number"])
    bounds = zip(starts.tolist(), [*starts[1:].tolist(), len(ids)], strict=True)
    of_ids, of_pages, owners = ids.tolist(), pages.tolist(), codes[starts].tolist()
    for code, name, (start, end) in zip(owners, paths, bounds, strict=True):
        uri = names[code] if code < len(names) else ""
        yield Document(uri, name, tuple(of_ids[start:end]), tuple(of_pages[start:end]))
