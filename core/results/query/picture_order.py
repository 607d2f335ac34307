"""In which order pictures stand on the sheet, and under which headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.results.columns.palettes import is_grey, to_lab
from core.results.columns.specific_labels import SpecificLabels
from core.results.tables.arrow import numbers
from core.results.tables.tables import Tables
from core.results.vocabulary import SAFE_CATEGORIES

SORTS = ("name", "score", "color", "safe")
GROUPS = ("none", "label", "folder", "document")
MOST_SORTED = 10_000  # of more pictures the order of all is made, and the others are left out of it
MOST_GROUPS = 500  # headings; what is rarer stands under one
NO_LABEL, NO_FOLDER, NO_DOCUMENT, REST = "No label", "No folder", "Pictures", "Rarer ones"
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Section:
    """Neighbours on the sheet under one heading.

    Attributes:
        name: hostile text; "" for a sheet without headings.
        count: pictures, the next ones of the order.
        least, most: scores of their labels, where the heading is a label; else None.
    """

    name: str
    count: int
    least: float | None = None
    most: float | None = None


class PictureOrder:
    """What pictures of one store are sorted and grouped by. Safe to share between threads."""

    def __init__(self, tables: Tables, specific: SpecificLabels) -> None:
        self._tables, self._specific = tables, specific
        self._orders: dict[str, Any] = {}

    def arrange(
        self, ids: Sequence[int] | NDArray[np.int64], sort: str = "name", group: str = "none"
    ) -> tuple[Any, list[Section]]:
        """Ids in order (n,), and the sections that they make up.

        Args:
            sort: of ``SORTS``: by name; by the score of the best label, by hue with greys last, by
                likelihood of safe search, the highest first.
            group: of ``GROUPS``.
        """
        chosen = np.asarray(ids, np.int64)
        if group == "none" and len(chosen) > MOST_SORTED and (np.diff(chosen) > 0).all():
            return self._of_all(sort, chosen), [Section("", len(chosen))]
        keys = self._keys(sort)[chosen]
        if group == "none":
            return chosen[np.argsort(keys, kind="stable")], [Section("", len(chosen))]
        codes, names = self._groups(group)
        own = codes[chosen]
        sizes = np.bincount(own, minlength=len(names))
        # Largest first, then by name; what has no name last.
        rank = np.lexsort((np.array(names), -sizes, np.array([n == names[0] for n in names])))
        if np.count_nonzero(sizes) > MOST_GROUPS:
            sizes, rank, names, own = _cut(sizes, rank, list(names), own)
        places = np.argsort(rank)
        ordered = chosen[np.lexsort((keys, places[own]))]
        sections, at = [], 0
        for code in rank[sizes[rank] > 0].tolist():
            count = int(sizes[code])
            scores = self._scores[ordered[at : at + count]]
            at += count
            ranged = group == "label" and names[code] not in (NO_LABEL, REST)
            ends = (float(scores.min()), float(scores.max())) if ranged else (None, None)
            sections.append(Section(names[code], count, *ends))
        return ordered, sections

    def _of_all(self, sort: str, chosen: Any) -> Any:
        """Many rising ids in the order of all pictures, which is worked out once."""
        order = self._orders.get(sort)
        if order is None:
            order = self._orders[sort] = np.argsort(self._keys(sort), kind="stable")
        passing = np.zeros(len(order), bool)
        passing[chosen] = True
        return order[passing[order]]

    def _keys(self, sort: str) -> Any:
        return {"score": self._by_score, "color": self._by_color, "safe": self._by_safe}.get(
            sort, self._by_name
        )

    @property
    def _by_score(self) -> Any:
        return -self._scores

    @property
    def _scores(self) -> Any:
        return self._specific.best[1]

    @cached_property
    def _labels(self) -> tuple[Any, list[str]]:
        """Codes (total,) and their names; 0 has no label."""
        return self._specific.best[0] + 1, [NO_LABEL, *self._specific.column.names]

    @property
    def folders(self) -> tuple[Any, list[str]]:
        """Codes of each picture's folder (total,) and the folders' names; 0 has none."""
        return self._by_folder

    @cached_property
    def _by_folder(self) -> tuple[Any, list[str]]:
        """Codes (total,) and the folders' names; 0 has no folder."""
        column = pa.concat_arrays(self._tables["pictures"]["folder"].chunks)
        folders: list[str] = column.dictionary.to_pylist()
        names = [NO_FOLDER, *sorted(set(folders) - {""})]
        code = {name: n for n, name in enumerate(names)} | {"": 0}
        codes = np.array([code[folder] for folder in folders], np.int64)
        return codes[column.indices.to_numpy()], names

    def _groups(self, group: str) -> tuple[Any, list[str]]:
        if group == "label":
            return self._labels
        return self._by_document if group == "document" else self._by_folder

    @cached_property
    def _by_document(self) -> tuple[Any, list[str]]:
        """Files of pages by name, two of one name by their whole address; pictures are none."""
        pages = self._tables["pictures"]["page"].to_numpy()
        uris = self._tables["pictures"]["uri"].to_pylist()
        files = np.flatnonzero(pages > 0).tolist()
        table = self._tables["pictures"].take(pa.array(files)) if files else None
        rows = table.select(["uri", "name", "folder"]).to_pylist() if table is not None else []
        paths = {row["uri"]: f"{row['folder']}/{row['name']}".lstrip("/") for row in rows}
        short = {row["uri"]: row["name"] for row in rows}
        met = Counter(short.values())
        called = {uri: name if met[name] == 1 else paths[uri] for uri, name in short.items()}
        met = Counter(called.values())
        said = {uri: name if met[name] == 1 else uri for uri, name in called.items()}
        code = {uri: n for n, uri in enumerate(said, 1)}
        codes = [code[uri] if page > 0 else 0 for uri, page in zip(uris, pages, strict=True)]
        return np.array(codes, np.int64), [NO_DOCUMENT, *said.values()]

    @cached_property
    def _by_name(self) -> Any:
        """Rank of each picture by its file's name, numbers by their value (total,)."""
        table = self._tables["pictures"]
        padded = [natural(name) for name in table["name"].to_pylist()]
        listed = pa.table({"name": pa.array(padded, pa.string()), "page": table["page"]})
        order = pc.sort_indices(listed, [("name", "ascending"), ("page", "ascending")]).to_numpy()
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    @cached_property
    def _by_color(self) -> Any:
        """Hue of each picture's largest colour; greys behind by lightness, none last (total,)."""
        table = self._tables["colors"]
        keys = np.full(self._tables.pictures, 1e9)
        owners = numbers(table, "picture")
        if not len(owners):
            return keys
        shares = numbers(table, "fraction")
        shares = shares if shares.max() > 0 else numbers(table, "score")
        order = np.lexsort((shares, owners))
        last = np.flatnonzero(np.r_[owners[order][1:] != owners[order][:-1], True])
        rows = order[last]
        lab = to_lab(numbers(table, "color")[rows].astype(np.int64))
        hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
        keys[owners[rows]] = np.where(is_grey(lab), 1_000 + 100 - lab[:, 0], hue)
        return keys

    @cached_property
    def _by_safe(self) -> Any:
        """The highest likelihood of any category, falling (total,)."""
        table = self._tables["safe_search"]
        worst = np.full(self._tables.pictures, -1.0)
        if table.num_rows:
            levels = np.stack([numbers(table, name) for name in SAFE_CATEGORIES], axis=1)
            worst[numbers(table, "picture")] = levels.max(axis=1)
        return -worst


def natural(name: str) -> str:
    """What a name is sorted by: numbers in it by their value, whatever the case."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(12), name.lower())


def _cut(sizes: Any, rank: Any, names: list[str], own: Any) -> tuple[Any, Any, list[str], Any]:
    """The largest groups, and all others as one."""
    mask = np.zeros(len(names), bool)
    mask[rank[: MOST_GROUPS - 1]] = True
    own = np.where(mask[own], own, len(names))
    names = [*names, REST]
    sizes = np.bincount(own, minlength=len(names))
    return sizes, np.r_[rank, len(names) - 1], names, own
