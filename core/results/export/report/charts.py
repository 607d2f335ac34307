"""The catalogue's charts as a report draws them: rows of numbers that HTML and paper can show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.results.charts.catalogue import CHARTS
from core.results.charts.chart import Chart, Form
from core.results.export.addresses import without_addresses
from core.results.export.sheets import for_readers
from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
from core.results.query.store import Store
from core.results.tables.picture_names import short_folder
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd

TABLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark of a chart.

    Attributes:
        name: untrusted text.
        number: pictures, faces or a share, by the chart's form.
        part: 0..1, of the largest.
        value: as ``Chart.values`` gives it.
        more: what stands after the number, such as "2.1 times chance".
        depth: how far a bar's name is indented.
    """

    name: str
    number: float
    part: float
    value: Any
    more: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of a report.

    Attributes:
        marks: those that are drawn, in order.
        rows_of: for tiles and strips: (name of the row, places in ``marks``).
        shape: of a map, what the template draws; see ``_shape``.
        left_out: "20 of 57" where not all are drawn.
        columns, table: the same numbers as a table; untrusted text.
    """

    chart: Chart
    frame: pd.DataFrame
    marks: tuple[Mark, ...]
    rows_of: tuple[tuple[str, tuple[int, ...]], ...]
    shape: dict[str, Any]
    note: str
    left_out: str
    columns: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]

    @property
    def key(self) -> str:
        return self.chart.key

    @property
    def title(self) -> str:
        return self.chart.title

    @property
    def height(self) -> int:
        """Rows that it takes on paper, about."""
        return 9 if self.chart.form is Form.POINTS else len(self.rows_of) or len(self.marks)

    @property
    def form(self) -> str:
        """How it is drawn."""
        return self.chart.form.value


def panels(store: Store, filters: Filters, *, addresses: bool = True) -> Iterator[Panel]:
    """Charts of the pictures that pass all filters; a feature without results has none.

    Args:
        addresses: whether addresses and paths in their texts stay.
    """
    for chart in CHARTS:
        frame = chart.ask(store, filters, None)
        if not chart.is_empty(frame):
            yield panel(chart, frame if addresses else _discreet(frame), store)


def _discreet(frame: pd.DataFrame) -> pd.DataFrame:
    """Messages of errors without addresses, folders without their buckets."""
    if "message" in frame.columns:
        frame = frame.assign(message=frame["message"].map(without_addresses))
    if "group" in frame.columns:
        frame = frame.assign(group=frame["group"].map(_short_names(frame["group"])))
    return frame


def _short_names(folders: Iterable[str]) -> dict[str, str]:
    """What to call each folder; those of one name are numbered, and not taken for one."""
    met: Counter[str] = Counter()
    names = {}
    for folder in dict.fromkeys(folders):
        short = short_folder(folder) or NO_FOLDER
        met[short] += 1
        names[folder] = short if met[short] == 1 else f"{short} ({met[short]})"
    return names


def panel(chart: Chart, frame: pd.DataFrame, store: Store) -> Panel:
    """One chart of a frame of its question."""
    drawn = chart.drawn(frame)
    readable = for_readers(frame)
    note = "" if chart.form is Form.PAIRS else chart.note(store)  # it is of the squares
    return Panel(
        chart=chart,
        frame=frame,
        marks=tuple(_marks(chart, drawn)),
        rows_of=tuple(_rows_of(chart, drawn)),
        shape=_shape(chart, drawn),
        note=note,
        left_out=f"{len(drawn):,} of {len(frame):,}" if len(drawn) < len(frame) else "",
        columns=tuple(str(name).replace("_", " ") for name in readable.columns),
        table=tuple(
            tuple(map(_text, row))
            for row in readable.head(TABLE_ROWS).itertuples(index=False, name=None)
        ),
    )


def _marks(chart: Chart, frame: pd.DataFrame) -> Iterator[Mark]:
    numbers = frame[chart.number].tolist()
    most = max(numbers) or 1
    depths = frame["depth"].tolist() if "depth" in frame.columns else [0] * len(frame)
    lifts = frame["lift"].tolist() if chart.form is Form.PAIRS else [0.0] * len(frame)
    rows = zip(chart.names(frame), numbers, chart.values(frame), depths, lifts, strict=True)
    for name, number, value, depth, lift in rows:
        more = f"{lift:.1f} × chance" if lift else ""
        yield Mark(name, number, number / most, value, more, depth)


def _rows_of(chart: Chart, frame: pd.DataFrame) -> Iterator[tuple[str, tuple[int, ...]]]:
    if chart.form not in (Form.TILES, Form.STRIPS):
        return
    for name, places in groupby(range(len(frame)), key=frame.iloc[:, 0].tolist().__getitem__):
        yield str(name), tuple(places)


def _shape(chart: Chart, frame: pd.DataFrame) -> dict[str, Any]:
    """Of a map: its view box, the land as an SVG path, and (x, y, radius) of each mark."""
    if chart.form is not Form.POINTS:
        return {}
    figure = chart.figure(frame, "light")
    land, points = figure.data[0], figure.data[1]
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    stretch = figure.layout.yaxis.scaleratio
    scale = 700 / (right - left)

    def placed(x: float, y: float) -> tuple[float, float]:
        return round((x - left) * scale, 1), round((high - y) * scale * stretch, 1)

    path, begin = [], True
    for x, y in zip(land.x, land.y, strict=True):
        if x is None:
            begin = True
            continue
        across, down = placed(x, y)
        path.append(f"{'M' if begin else 'L'}{across} {down}")
        begin = False
    spots = zip(points.x, points.y, points.marker.size, strict=True)
    return {
        "width": 700,
        "height": round((high - low) * scale * stretch),
        "land": "".join(path),
        "points": [(*placed(x, y), round(size / 2, 1)) for x, y, size in spots],
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return level(value)
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return f"{value:,}"


def level(value: str) -> str:
    """A likelihood or another name of the API's as words; other texts stay as they are."""
    known = value in LIKELIHOODS or (value.isupper() and "_" in value)
    return value.replace("_", " ").lower() if known else value
