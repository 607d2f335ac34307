"""What a feature's module says of it, and the columns that several features have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from core.results.messages import Vertex
from core.results.vocabulary import LIKELIHOOD_NUMBER

MAX_ANNOTATIONS = 100_000  # of one picture; a page of a newspaper has some 10,000 words
MAX_CORNERS = 1_000  # of one shape; the service's have 4

ID = pa.int32()
CODE = pa.dictionary(pa.int32(), pa.string())
REAL = pa.float32()

Ids = np.ndarray[Any, np.dtype[np.int32]]
Columns = dict[str, Any]
# A column's type, and the attribute of a row that it holds, or a function of all rows. Columns
# are made one by one, since that costs about a third of appending row by row.
Column = tuple[pa.DataType, str | Callable[[Sequence[Any]], Any]]


@dataclass(frozen=True, slots=True)
class Counted:
    """Names that are counted, for a chart and as values of a filter.

    Attributes:
        table: the table that they stand in, a row for each time.
        name: its column of names; "" where ``codes`` makes them, or where rows are counted.
        score: its column whose mean the chart shows.
        cut: whether the score is 0..1, so that ``Filters.score`` leaves out rows below it.
        names: what ``codes`` chooses from.
        codes: each row's place in ``names``, negative for none: made of the table (rows,).
        said: what people read for a name.
    """

    table: str
    name: str
    score: str
    cut: bool = False
    names: Sequence[str] = ()
    codes: Callable[[pa.Table], Any] | None = None
    said: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of results.

    Attributes:
        columns: by name, without the first one, ``picture``.
        rows: those that one picture's answer has; None where the answer is a list of them.
    """

    columns: Mapping[str, Column]
    rows: Callable[[Any], Sequence[Any]] | None = None

    def build(self, ids: Ids, answers: Sequence[Any]) -> Columns:
        """Values of each column, ``picture`` included, for the answers (n,) of pictures (n,)."""
        of = self.rows
        groups = [of(answer) if answer else () for answer in answers] if of else answers
        counts = np.fromiter(map(len, groups), np.int32, len(groups))
        rows = list(chain.from_iterable(groups))
        return {
            "picture": np.repeat(ids, counts),
            **{
                name: list(map(attrgetter(of), rows)) if isinstance(of, str) else of(rows)
                for name, (_, of) in self.columns.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Feature:
    """What the service answers to one question about a picture, and what it becomes.

    Attributes:
        name: for people, as pages say which response a picture's part is taken from.
        fields: those of ``Response`` that hold the answer.
        tables: by name.
        read: makes one answer of the values of ``fields`` where there are several of these.
        count: how many annotations those values hold, for ``MAX_ANNOTATIONS``; by default as many
            as there are rows.
        counted: by the field of ``Filters``, names that are counted.
    """

    name: str
    fields: tuple[str, ...]
    tables: Mapping[str, Table]
    read: Callable[..., Any] | None = None
    count: Callable[..., int] | None = None
    counted: Mapping[str, Counted] = field(default_factory=dict)

    def build(self, ids: Ids, responses: Sequence[Any]) -> dict[str, Columns]:
        """Columns of each table for ``Response``s (n,) of pictures (n,)."""
        values = [list(map(attrgetter(name), responses)) for name in self.fields]
        answers = list(map(self.read, *values)) if self.read else values[0]
        return {name: table.build(ids, answers) for name, table in self.tables.items()}

    def annotations(self, response: Any) -> int:
        """How many a ``Response`` holds, not counting words that are not decoded yet."""
        values = [getattr(response, name) for name in self.fields]
        if self.count:
            return self.count(*values)
        rows = (
            table.rows(values[0]) if table.rows else values[0] for table in self.tables.values()
        )
        return sum(map(len, rows)) if values[0] else 0


def make_finite(numbers: Any) -> None:
    """Put 0 for what is no finite number; looked for first, since there is hardly ever any."""
    if not np.isfinite(numbers).all():
        np.nan_to_num(numbers, copy=False, posinf=0.0, neginf=0.0)


def corners(items: Sequence[Any]) -> pa.ListArray:
    """x0, y0, x1, y1, ... of each ``bounding_poly``, of at most ``MAX_CORNERS`` corners."""
    polys = [item.bounding_poly for item in items]
    groups: list[Sequence[Vertex]] = [
        (p.vertices or p.normalized_vertices) if p is not None else () for p in polys
    ]
    if max(map(len, groups), default=0) > MAX_CORNERS:
        groups = [group[:MAX_CORNERS] for group in groups]
    joined = [corner for group in groups for corner in group]
    xy = np.empty(2 * len(joined), np.float32)
    with np.errstate(over="ignore"):
        xy[0::2] = [corner.x for corner in joined]
        xy[1::2] = [corner.y for corner in joined]
    make_finite(xy)
    offsets = np.zeros(len(polys) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, groups), np.int32, len(groups)) * 2, out=offsets[1:])
    return pa.ListArray.from_arrays(offsets, xy)


def in_fractions(items: Sequence[Any]) -> list[bool]:
    """Whether each ``bounding_poly`` is in 0..1 and not in pixels."""
    polys = [item.bounding_poly for item in items]
    return [p is not None and bool(p.normalized_vertices) and not p.vertices for p in polys]


POLYGON: Mapping[str, Column] = {
    "polygon": (pa.list_(REAL), corners),
    "normalized": (pa.bool_(), in_fractions),
}


def likelihood(attribute: str) -> Column:
    """A likelihood by its number; 0 for one that is not known."""
    value = attrgetter(attribute)
    return pa.uint8(), lambda rows: [LIKELIHOOD_NUMBER.get(value(row), 0) for row in rows]
