"""Which documents a batch has, what their pages are, and their key figures from the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.results.query.picture_order import natural
from core.results.query.store import Store
from core.results.tables.arrow import numbers, rows_of


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
    passing = np.zeros(store.tables.pictures, bool)
    passing[np.asarray(ids, np.int64)] = True
    return [one for one in documents(store) if passing[list(one.pages)].any()]


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
    total = store.tables.pictures
    words = np.zeros(total, np.int64)
    texts = store.tables["texts"]
    np.add.at(words, numbers(texts, "picture"), numbers(texts, "words"))
    failed = numbers(store.tables["pictures"], "error_code") != 0
    rows = []
    for one in chosen:
        pages = np.array(one.pages)
        rows.append(
            (one.name, len(pages), int((words[pages] > 0).sum()), int(failed[pages].sum()),
             int(words[pages].sum()), ", ".join(_languages(store, one)))
        )  # fmt: skip
    names = ["document", "pages", "with_text", "failed", "words", "languages"]
    return pd.DataFrame(rows, columns=names)


def _languages(store: Store, one: Document) -> list[str]:
    """The languages of a document's pages, the one of most pages first."""
    rows = rows_of(store.tables["languages"], one.pages)
    frame = rows.select(["picture", "language"]).to_pandas()
    first = frame.drop_duplicates("picture")["language"].astype(str)
    return [code for code in first.value_counts().index.tolist() if code]


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
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    for rows in np.split(order, starts[1:]):
        code = int(codes[rows[0]])
        uri = names[code] if code < len(names) else ""
        first = table.slice(int(ids[rows[0]]), 1).to_pylist()[0]
        name = _called(first["folder"], first["name"], first["number"])
        yield Document(uri, name, tuple(ids[rows].tolist()), tuple(pages[rows].tolist()))
