"""What is to be drawn where of a plotly figure of bars, words and frames, without plotly.

Plotly's script is 4.7 MB: with an empty cache its evaluation alone keeps a page waiting for over a
second. The figures stay plotly's, for the report and for tests; this reads the few parts of them
that the small charts use (https://plotly.com/python/reference/: bar, scatter of mode "text", shapes
of type "rect", annotations, axes with a range). Lengths are shares of the plot's width and height,
0 at the left and at the top; what is in pixels says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

_TAG = re.compile(r"(</?b>|<br>)")
_WHOLE = (0.0, 1.0)
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_BESIDE = {"left": "end", "center": "middle", "right": "start"}  # of words left of a point


def geometry(figure: go.Figure) -> dict[str, Any]:
    """Marks, words and frames of a figure, as JSON can hold them.

    A mark is all bars of one ``customdata`` on one row: {"value", "lines", "bars", "row"}; ``row``
    says whether it is alone on its row, so that all of the row can be pressed. Words and a mark's
    lines are lists of lines of [text, whether it is bold]: text from outside, not escaped.
    """
    drawn = figure.to_dict()
    layout = drawn["layout"]
    across, down = _scale(layout, "xaxis"), _scale(layout, "yaxis")
    traces = drawn["data"]
    font = layout["font"]
    return {
        "height": layout["height"],
        "margin": {side: layout["margin"].get(side, 0) for side in "lrtb"},
        "paper": layout["paper_bgcolor"],
        "font": font["family"],
        "radius": layout.get("barcornerradius", 0),
        "marks": _marks([one for one in traces if one["type"] == "bar"], across, down),
        "words": [
            *_texts([one for one in traces if one["type"] == "scatter"], across, down),
            *_ticks(layout["xaxis"], across),
            *(_note(one, font, down) for one in layout.get("annotations", ())),
        ],
        "frames": [_frame(one, across, down) for one in layout.get("shapes", ())],
    }


class _Scale:
    """Values of an axis as shares of its length; those of ``paper`` are shares already."""

    def __init__(self, ends: Sequence[float], *, down: bool) -> None:
        first, last = ends
        self._begin = last if down else first  # y counts upwards
        self._length = (first - last) if down else (last - first)
        self._down = down

    def __call__(self, value: float) -> float:
        return round((value - self._begin) / self._length, 5)

    def of(self, value: float, reference: str | None) -> float:
        """A value that may be a share of the paper."""
        if reference != "paper":
            return self(value)
        return 1 - value if self._down else value


def _scale(layout: Mapping[str, Any], axis: str) -> _Scale:
    return _Scale(layout[axis].get("range") or _WHOLE, down=axis == "yaxis")


def _marks(traces: Sequence[Mapping[str, Any]], across: _Scale, down: _Scale) -> list[Any]:
    marks: dict[str, dict[str, Any]] = {}
    for trace in traces:
        edges = trace["marker"].get("line", {})
        for n, (value, row) in enumerate(zip(trace["customdata"], trace["y"], strict=True)):
            mark = marks.setdefault(
                json.dumps([value, row]),
                {"value": value, "at": row, "lines": lines(trace["hovertext"][n]), "bars": []},
            )
            begin = _each(trace.get("base", 0), n)
            left, right = across(begin), across(begin + trace["x"][n])
            top, bottom = sorted(down(row + side * trace["width"] / 2) for side in (-1, 1))
            mark["bars"].append(
                {
                    "box": [left, top, round(right - left, 5), round(bottom - top, 5)],
                    "fill": _each(trace["marker"]["color"], n),
                    "edge": _each(edges.get("color", ""), n),
                    "thick": _each(edges.get("width", 0), n),
                }
            )
    rows = [mark.pop("at") for mark in marks.values()]
    return [
        mark | {"row": rows.count(row) == 1} for mark, row in zip(marks.values(), rows, strict=True)
    ]


def _each(given: Any, n: int) -> Any:
    """A value that a trace has for all of its points, or for each."""
    return given if isinstance(given, (str, int, float)) else given[n]


def _texts(traces: Sequence[Mapping[str, Any]], across: _Scale, down: _Scale) -> Iterator[Any]:
    for trace in traces:
        side = trace["textposition"].split()[1]
        for n, text in enumerate(trace["text"]):
            yield {
                "at": [across(trace["x"][n]), down(trace["y"][n])],
                "anchor": _BESIDE[side],
                "lines": lines(text),
                "color": _each(trace["textfont"]["color"], n),
                "size": trace["textfont"]["size"],
            }


def _ticks(axis: Mapping[str, Any], across: _Scale) -> Iterator[Any]:
    """Names of columns, above the plot."""
    for value, text in zip(axis.get("tickvals", ()), axis.get("ticktext", ()), strict=True):
        yield {
            "at": [across(value), 0],
            "above": True,
            "anchor": "middle",
            "lines": lines(text),
            "color": axis["tickfont"]["color"],
            "size": axis["tickfont"]["size"],
        }


def _note(note: Mapping[str, Any], font: Mapping[str, Any], down: _Scale) -> dict[str, Any]:
    own = font | note["font"]
    return {
        "at": [note["x"], down.of(note["y"], note.get("yref"))],
        "moved": [note.get("xshift", 0), -note.get("yshift", 0)],  # pixels
        "anchor": _ANCHORS[note.get("xanchor", "center")],
        "lines": lines(note["text"]),
        "color": own["color"],
        "size": own["size"],
    }


def _frame(shape: Mapping[str, Any], across: _Scale, down: _Scale) -> dict[str, Any]:
    left, right = (across.of(shape[x], shape.get("xref")) for x in ("x0", "x1"))
    top, bottom = sorted(down.of(shape[y], shape.get("yref")) for y in ("y0", "y1"))
    return {
        "box": [left, top, round(right - left, 5), round(bottom - top, 5)],
        "edge": shape["line"]["color"],
        "thick": shape["line"]["width"],
        "dotted": "dash" in shape["line"],
        "fill": shape.get("fillcolor", "none"),
        "opacity": shape.get("opacity", 1),
        "below": shape.get("layer") == "below",
    }


def lines(text: str) -> list[list[list[Any]]]:
    """Plotly's text, of which only <b> and <br> are read, as lines of [text, bold].

    >>> lines("<b>a &lt;i&gt;</b> b<br>c")
    [[['a <i>', True], [' b', False]], [['c', False]]]
    """
    read: list[list[list[Any]]] = [[]]
    bold = False
    for part in _TAG.split(text):
        if part == "<br>":
            read.append([])
        elif part in ("<b>", "</b>"):
            bold = part == "<b>"
        elif part:
            read[-1].append([unescape(part), bold])
    return read
