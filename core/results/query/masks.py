"""Filters as masks over pictures, each condition worked out once.

A page draws ten charts, every one with all filters but its own: the masks of single conditions
are kept and combined. Conditions on names, colours and texts are answered from columns in memory,
all others by DuckDB.
"""
# ruff: noqa: S608 - only names of our own tables enter the SQL

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.results.columns.colors import ColorColumn
from core.results.columns.map_area import within
from core.results.columns.name_counts import COUNTED, NameColumn
from core.results.columns.picture_paths import PicturePaths
from core.results.columns.text_query import TextColumn, TextQuery
from core.results.query.conditions import picture_condition
from core.results.query.database import Database
from core.results.query.filters import Filters
from core.results.query.picture_marks import PictureMarks
from core.results.tables.arrow import Bools

Placed = tuple[NDArray[np.int64], NDArray[np.float32]]  # ids (n,) and places (n, 2)
KEPT = 48  # masks; a million pictures have 1 MB each
_EMPTY = Filters()
_NAMED = tuple(
    field.name for field in fields(Filters) if field.name in set(COUNTED) - {"labels", "faces"}
)  # fields that hold names to find among those counted
_ALONE = ("faces", "traits", "safe", "safe_is", "errors", "status")


class Masks:
    """Which pictures pass, as (total,) bools; None for all of them.

    Args:
        column: gives the codes of a feature of ``COUNTED``.
        colors: gives the colours.
        texts: gives the texts.
        paths: gives names and folders.
        marks: gives what people said of pictures.
        placed: gives where pictures lie on their map, once there is one.
    """

    def __init__(
        self,
        database: Database,
        total: int,
        *,
        column: Callable[[str], NameColumn],
        colors: Callable[[], ColorColumn],
        texts: Callable[[], TextColumn],
        paths: Callable[[], PicturePaths],
        placed: Callable[[], Placed | None] = lambda: None,
        marks: Callable[[], PictureMarks] = PictureMarks,
    ) -> None:
        self._database, self._total = database, total
        self._column, self._colors, self._texts, self._paths = column, colors, texts, paths
        self._placed, self._marks = placed, marks
        self._masks: OrderedDict[Any, Bools] = OrderedDict()
        self._lock = Lock()

    def of(self, filters: Filters) -> Bools | None:
        """The mask of some filters; do not write to it."""
        combined: Bools | None = None
        for key, make in self._conditions(filters):
            mask = self._remembered(key, make)
            combined = mask if combined is None else combined & mask
        return combined

    def _remembered(self, key: Any, make: Callable[[], Bools]) -> Bools:
        with self._lock:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        mask = make()
        with self._lock:
            self._masks[key] = mask
            while len(self._masks) > KEPT:
                self._masks.popitem(last=False)
        return mask

    def _conditions(self, filters: Filters) -> Iterator[tuple[Any, Callable[[], Bools]]]:
        cut = filters.score
        if filters.labels:
            key = ("labels", filters.labels, filters.match, cut)
            every = filters.match == "all"
            yield key, lambda: self._column("labels").having(filters.labels, cut, every=every)
        if filters.not_labels:
            key = ("not_labels", filters.not_labels, "", cut)
            yield key, lambda: ~self._column("labels").having(filters.not_labels, cut)
        rest = replace(filters, labels=(), not_labels=(), match="any")
        for name in _NAMED:
            if names := getattr(filters, name):
                cutoff = cut if COUNTED[name].cut else 0.0
                yield (name, names, cutoff), partial(self._having, name, names, cutoff)
                cleared: dict[str, Any] = {name: ()}
                rest = replace(rest, **cleared)
        if filters.color is not None:
            near = (filters.color, filters.tolerance, filters.color_share, filters.no_greys)
            yield ("color", *near), lambda: self._colors().near(*near)
            rest = replace(rest, color=None)
        if filters.text:
            query = TextQuery.parse(filters.text)
            yield ("text", query), lambda: self._texts().having(query)
        yield from self._of_pictures(filters)
        rest = replace(
            rest,
            marks=(),
            no_greys=False,
            palette_no_greys=False,
            text="",
            uri="",
            folders=(),
            area="",
        )
        yield from self._asked(rest)

    def _of_pictures(self, filters: Filters) -> Iterator[tuple[Any, Callable[[], Bools]]]:
        """Conditions on what pictures are called, where they lie, and what people said of them."""
        if filters.uri:
            yield ("uri", filters.uri), lambda: self._paths().containing(filters.uri)
        if filters.folders:
            yield ("folders", filters.folders), lambda: self._paths().within(filters.folders)
        if filters.area and (placed := self._placed()) is not None:
            yield ("area", filters.area), partial(self._inside, placed, filters.area)
        if filters.marks:
            said = self._marks()
            having = partial(said.having, filters.marks, self._total)
            yield ("marks", filters.marks, said.version), having

    def _having(self, feature: str, names: Sequence[str], cutoff: float) -> Bools:
        return self._column(feature).having(names, cutoff)

    def _inside(self, placed: Placed, area: str) -> Bools:
        mask: Bools = np.zeros(self._total, bool)
        pictures, places = placed
        mask[pictures[within(places, area)]] = True
        return mask

    def _asked(self, rest: Filters) -> Iterator[tuple[Any, Callable[[], Bools]]]:
        """Everything else: one question each, so that their answers can be kept."""
        for name in _ALONE:
            value = getattr(rest, name)
            if value != getattr(_EMPTY, name):
                alone = replace(_EMPTY, **{name: value})
                yield (name, value), partial(self._ask, alone)
                rest = replace(rest, **{name: getattr(_EMPTY, name)})
        if picture_condition(rest) is not None:
            key = tuple(getattr(rest, field.name) for field in fields(rest))
            yield key, lambda: self._ask(rest)

    def _ask(self, filters: Filters) -> Bools:
        condition = picture_condition(filters)
        assert condition is not None
        sql = f"SELECT picture FROM pictures WHERE {condition.sql}"
        mask: Bools = np.zeros(self._total, bool)
        mask[self._database.column(sql, condition.parameters)] = True
        return mask
