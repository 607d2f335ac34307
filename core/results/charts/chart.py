"""What a chart of results is: its question, its figure, what a click on it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from core.results.query.filters import GROUPS, Filters
from core.results.query.picture.annotations import Annotations
from core.results.query.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

BARS = 20  # drawn of a chart: they fit a page of paper; the table beside it has ``ROWS``
ROWS = 200

Ask = Callable[[Store, Filters, str | None], "pd.DataFrame"]
Draw = Callable[["pd.DataFrame", str, Collection[Any]], "go.Figure"]
Click = Callable[[Store, Filters, Any], Filters]
Picked = Callable[[Store, Filters], Collection[Any]]
Marks = Callable[[Store, Filters, Annotations], Iterable[Any]]


class Form(Enum):
    """How a chart's frame is read where plotly does not draw it: on paper and in a workbook."""

    BARS = "bars"  # a row is a bar: its name in the first column
    TILES = "tiles"  # a row is a cell: the first column by ``likelihood``
    STRIP = "strip"  # a row is a part: ``hex`` and ``share``
    STRIPS = "strips"  # a strip for each ``group``
    PAIRS = "pairs"  # a row is two labels: ``label``, ``other``, ``lift``
    POINTS = "points"  # a row is a place: ``latitude`` and ``longitude``


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, as Explore, the report and the workbook show it.

    Attributes:
        key: of this chart alone; a name for files and widgets.
        title: for people.
        tab: of Explore's tabs the one that shows it.
        ask: (store, filters, group of filters to leave out) -> frame, most important rows first;
            no row where there is nothing to show.
        draw: (frame, "light" or "dark", chosen values) -> figure; a mark's ``customdata`` is what
            ``click`` takes.
        form: how its frame is read.
        field: of ``Filters``, which a click on a mark toggles; "" if none does.
        click: (store, filters, value) -> filters, where a click does more than toggle ``field``.
        picked: values of the marks that are chosen, where these are not the values of ``field``.
        marks: which values a picture is part of, so that a report can tell a mark's pictures.
        note: how it is to be read, or what is not in it; "" for nothing.
        number: the column that is drawn.
        cut: the rows that are drawn.
        compact: drawn small on Explore's first tab and on a report's first page, and nowhere else.
    """

    key: str
    title: str
    tab: str
    ask: Ask
    draw: Draw
    form: Form = Form.BARS
    field: str = ""
    click: Click | None = None
    picked: Picked | None = None
    marks: Marks = lambda *_: ()
    note: Callable[[Store], str] = lambda _: ""
    number: str = "pictures"
    cut: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame.head(BARS)
    compact: bool = False

    @property
    def group(self) -> str | None:
        """The group of filters that this chart leaves out of its own question on Explore."""
        return next((name for name, fields in GROUPS.items() if self.field in fields), None)

    @property
    def clickable(self) -> bool:
        """Whether a click on a mark changes the filters."""
        return bool(self.field or self.click)

    def clicked(self, store: Store, now: Filters, value: Any) -> Filters:
        """The filters after a click on a mark; a second click takes it back."""
        if self.click is not None:
            return self.click(store, now, value)
        return now.toggled(self.field, value)

    def chosen(self, store: Store, now: Filters) -> Collection[Any]:
        """The values of marks that are in the filters."""
        if self.picked is not None:
            return self.picked(store, now)
        value: Any = getattr(now, self.field) if self.field else ()
        if value is None:
            return ()
        single = self.field in ("faces", "color", "score")
        return (value,) if single and value else value or ()

    def is_empty(self, frame: pd.DataFrame) -> bool:
        """Whether a frame of ``ask`` has nothing to show."""
        return frame.empty or (self.form is Form.TILES and not frame[self.number].sum())

    def figure(self, frame: pd.DataFrame, theme: str, chosen: Collection[Any] = ()) -> go.Figure:
        """The chart of the first rows of a frame of ``ask``."""
        return self.draw(self.drawn(frame) if self.form is Form.BARS else frame, theme, chosen)

    def drawn(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows that are drawn as bars; all of them where they are no bars."""
        return self.cut(frame) if self.form in (Form.BARS, Form.PAIRS) else frame

    def left_out(self, frame: pd.DataFrame) -> str:
        """What the figure shows of its rows; "" if all."""
        shown, all_ = len(self.drawn(frame)) if self.form is Form.BARS else len(frame), len(frame)
        more = " or more" if all_ == ROWS else ""
        return f"{shown:,} of {all_:,}{more}" if shown < all_ else ""

    def names(self, frame: pd.DataFrame) -> list[str]:
        """What rows are called; untrusted text."""
        if self.form is Form.PAIRS:
            pairs = zip(frame["label"], frame["other"], strict=True)
            return [f"{one} + {other}" for one, other in pairs]
        if self.form is Form.STRIP:
            return frame["hex"].tolist()
        if "message" in frame.columns:
            pairs = zip(frame["code"], frame["message"], strict=True)
            return [f"{code}: {message}" if message else code for code, message in pairs]
        return [str(name) for name in frame.iloc[:, 0]]

    def values(self, frame: pd.DataFrame) -> list[Any]:
        """What a click on each row selects, and what ``marks`` names."""
        if self.form is Form.TILES:
            return list(zip(frame.iloc[:, 0], frame["likelihood"], strict=True))
        if self.form is Form.PAIRS:
            return list(zip(frame["label"], frame["other"], strict=True))
        if self.form is Form.STRIP:
            return frame["hex"].tolist()
        column = frame["value"] if "value" in frame.columns else frame.iloc[:, 0]
        return column.tolist()
