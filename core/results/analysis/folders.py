"""The folders that pictures lie in, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
from core.results.query.store import Store
from core.results.tables.arrow import Bools, numbers

MOST = 15  # folders with a row of their own; those with most pictures
FREQUENT, COLORS = 3, 6
REST = "Other folders"


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies in one folder, of the pictures that pass.

    Attributes:
        name: untrusted text; ``NO_FOLDER`` for pictures without one.
        pictures: pictures and pages that are no pages of a file; ``pages`` are those that are.
        labels, objects, texts: how many pictures and pages have at least one.
        frequent: its most specific labels, most frequent first.
        colors: ("#rrggbb", share), largest first.
    """

    name: str
    pictures: int
    pages: int
    labels: int
    objects: int
    texts: int
    failed: int
    frequent: tuple[str, ...]
    colors: tuple[tuple[str, float], ...]

    @property
    def all(self) -> int:
        """Pictures and pages."""
        return self.pictures + self.pages


def folders(store: Store, filters: Filters) -> tuple[list[Folder], Folder]:
    """The folders by pictures, most first, those after ``MOST`` as ``REST``; and all of them."""
    total = store.tables.pictures
    passing = store.mask(filters, None)
    passing = np.ones(total, bool) if passing is None else passing
    codes, names = store.order().folders
    sizes = np.bincount(codes[passing], minlength=len(names))
    ranked = np.lexsort((np.array(names), -sizes))
    ranked = ranked[sizes[ranked] > 0]
    rows = [
        _folder(store, filters, names[code], passing & (codes == code)) for code in ranked[:MOST]
    ]
    if len(ranked) > MOST:
        rest = passing & np.isin(codes, ranked[MOST:])
        rows.append(_folder(store, filters, f"{len(ranked) - MOST:,} {REST.lower()}", rest))
    return rows, _folder(store, filters, "All", passing)


def count_folders(store: Store, filters: Filters) -> int:
    """How many folders the pictures that pass lie in; those without one count as none."""
    mask = store.mask(filters, None)
    codes, names = store.order().folders
    there = np.bincount(codes if mask is None else codes[mask], minlength=len(names)) > 0
    there[names.index(NO_FOLDER)] = False
    return int(np.count_nonzero(there))


def _folder(store: Store, filters: Filters, name: str, mask: Bools) -> Folder:
    table = store.tables["pictures"]
    paged = numbers(table, "page") > 0
    count = {
        key: int(np.count_nonzero(store.has(key) & mask)) for key in ("labels", "objects", "texts")
    }
    frame = store.specific().count(mask, filters.score, FREQUENT)
    palette = store.palette_of(mask, COLORS)
    return Folder(
        name,
        pictures=int(np.count_nonzero(mask & ~paged)),
        pages=int(np.count_nonzero(mask & paged)),
        **count,
        failed=int(np.count_nonzero(mask & (numbers(table, "error_code") != 0))),
        frequent=tuple(frame.loc[frame["pictures"] > 0, "label"]),
        colors=tuple(zip(palette["hex"], palette["share"], strict=True)),
    )
