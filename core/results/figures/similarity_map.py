"""The map of pictures as a figure; of thousands the marks are one picture of dots."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.results.columns.map_area import HEIGHT as HIGH
from core.results.columns.map_area import WIDTH
from core.results.columns.map_parts import MapGroup
from core.results.figures.drawing import empty_figure, figure
from core.results.theme import LOOKS, NO_MATCH, Theme, escape_plotly

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from PIL import Image

HEIGHT = 552  # pixels
NAMED = 7  # labels with a colour of their own
OTHER = "Other labels"
UNLABELLED = "No label"
_MARK, _FAINT = 8, 5  # pixels
_FAR = 9  # beyond every window's map
_VEIL = 0.55
SCALE = 780  # pixels a unit of the map's picture: twice what a wide window shows
_DOT, _FAINT_DOT = 11, 7  # pixels of that picture, half as many on the page
_FINER = 4  # times that a dot is drawn larger, for smooth edges


def embedding(
    frame: pd.DataFrame,
    theme: str = "light",
    colored: str = "label",
    *,
    image: str = "",
    thumbnails: bool = True,
    marks: bool = True,
    groups: Sequence[MapGroup] = (),
    area: str = "",
) -> go.Figure:
    """A mark for each picture; those that do not pass the filters are faint and say nothing.

    ``customdata`` is the picture's id.

    Args:
        frame: of ``embedding.described``.
        colored: "label": by the most frequent best labels; "hex": each by its own colour.
        image: address of a picture that lies below the marks; they are then unseen.
        thumbnails: whether that shows thumbnails, and not dots.
        marks: whether there are marks at all: a browser needs seconds for thousands of them.
        groups: those that get their names.
        area: what was drawn around, as ``map_area.area_of`` writes it; the rest is dimmed.
    """

    if frame.empty:
        return empty_figure(theme, "No picture has a vector", NO_MATCH)
    fig, look = figure(theme, HEIGHT)
    aside = frame[~frame["passes"]]
    if marks and len(aside) and not (image and thumbnails):  # there they are faint themselves
        fig.add_trace(_plain_marks(aside, _FAINT, look.line))
    shown = frame[frame["passes"]]
    for name, color, part in _groups(shown, look, colored):
        one = _marks(part, name, color, look, unseen=bool(image))
        fig.add_trace(one if marks else _legend_entry(one, color))
    if image:
        _lay_below(fig, image)
    if area:
        _outline(fig, area, look)
    _name_groups(fig, groups, look)
    _frame_map(fig, look, legend=colored == "label" and not (image and thumbnails))
    return fig


def _frame_map(fig: go.Figure, look: Theme, *, legend: bool) -> None:
    fig.update_layout(
        showlegend=legend,
        dragmode="lasso",
        legend={"orientation": "h", "y": 0, "yanchor": "bottom", "itemsizing": "constant"},
        newselection={"line": {"color": look.accent, "width": 2}},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
    )
    fig.update_xaxes(range=[-WIDTH / 2, WIDTH / 2])
    fig.update_yaxes(range=[-HIGH / 2, HIGH / 2], scaleanchor="x")


def _legend_entry(trace: go.Scatter, color: str | Sequence[str]) -> go.Scatter:
    """The same in the legend, with no mark on the map."""
    marker = {"color": color if isinstance(color, str) else None, "opacity": 0.9}
    return trace.update(
        x=[None], y=[None], customdata=None, hovertext=None, hoverinfo="skip", marker=marker
    )


def _outline(fig: go.Figure, area: str, look: Theme) -> None:
    """The line that was drawn, and a veil over what lies outside of it."""
    line = "M" + "L".join(pair.replace(":", ",") for pair in area.split(",")) + "Z"
    around = f"M-{_FAR},-{_FAR}L{_FAR},-{_FAR}L{_FAR},{_FAR}L-{_FAR},{_FAR}Z"
    veil = {"path": around + line, "fillrule": "evenodd", "line": {"width": 0}}
    edge = {"path": line, "line": {"color": look.accent, "width": 2, "dash": "dash"}}
    fig.update_layout(
        shapes=[
            {"type": "path", "fillcolor": look.paper, "opacity": _VEIL, **veil},
            {"type": "path", **edge},
        ]
    )


def _lay_below(fig: go.Figure, image: str) -> None:
    """The picture of all thumbnails, over the whole map."""
    fig.add_layout_image(
        source=image,
        xref="x",
        yref="y",
        x=-WIDTH / 2,
        y=HIGH / 2,
        sizex=WIDTH,
        sizey=HIGH,
        sizing="stretch",
        layer="below",
    )


def _plain_marks(part: pd.DataFrame, size: int, color: str) -> go.Scatter:
    import plotly.graph_objects as go

    return go.Scatter(
        x=part["x"],
        y=part["y"],
        mode="markers",
        marker={"size": size, "color": color},
        hoverinfo="skip",
        showlegend=False,
    )


def _name_groups(fig: go.Figure, groups: Iterable[MapGroup], look: Theme) -> None:
    said = [
        {
            "text": f"<b>{escape_plotly(group.name, 18)}</b> {group.pictures:,}",
            "x": group.x,
            "y": group.top,
            "showarrow": False,
            "bgcolor": look.paper,
            "opacity": 0.92,
            "borderpad": 2,
            "font": {"size": 12, "color": look.ink},
        }
        for group in groups
    ]
    fig.update_layout(annotations=said)


def _groups(
    shown: pd.DataFrame, look: Theme, colored: str
) -> list[tuple[str, str | Sequence[str], pd.DataFrame]]:
    """Name, colours and rows of each trace; what is common is drawn first, so below.

    Args:
        colored: "hex": one group of many colours; else by the most frequent best labels.
    """
    if colored == "hex":
        return [("", [color or look.blank for color in shown["hex"]], shown)]
    labelled = shown[shown["label"] != ""]
    common = labelled["label"].value_counts(sort=True).index[:NAMED].tolist()
    colors = dict(zip(common, look.groups, strict=False))
    rest = labelled[~labelled["label"].isin(common)]
    groups = [
        (UNLABELLED, look.muted, shown[shown["label"] == ""]),
        (OTHER, look.muted, rest),
        *((name, color, shown[shown["label"] == name]) for name, color in colors.items()),
    ]
    return [group for group in groups if len(group[2])]


def _marks(
    part: pd.DataFrame, name: str, color: str | Sequence[str], look: Theme, *, unseen: bool = False
) -> go.Scatter:
    import plotly.graph_objects as go

    hollow = name == UNLABELLED  # distinguished from labels by more than a colour
    edge = look.paper if isinstance(color, str) else look.muted
    return go.Scatter(
        x=part["x"],
        y=part["y"],
        mode="markers",
        name=f"{escape_plotly(name, 24)} ({len(part):,})",
        marker={
            "size": 2 * _MARK if unseen else _MARK,
            "color": color,
            "opacity": 0 if unseen else 0.9,
            "symbol": "circle-open" if hollow else "circle",
            "line": {"color": edge, "width": 1.6 if hollow else 0.7},
        },
        selected={"marker": {"opacity": 0 if unseen else 1}},
        unselected={"marker": {"opacity": 0 if unseen else 0.35}},
        customdata=part["picture"],
        hovertext=[
            f"<b>{escape_plotly(name)}{f', page {page}' if page else ''}</b>"
            f"<br>{escape_plotly(label) or UNLABELLED}"
            for name, page, label in zip(part["name"], part["page"], part["label"], strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def dots(frame: pd.DataFrame, theme: str, colored: str) -> bytes:
    """A dot for each picture at its place, as WebP; those that do not pass are small and faint.

    Args:
        frame: of ``described``.
        colored: see ``_groups``.
    """
    from PIL import Image

    look = LOOKS[theme]
    canvas = Image.new("RGB", (round(WIDTH * SCALE), round(HIGH * SCALE)), look.paper)
    aside, shown = frame[~frame["passes"]], frame[frame["passes"]]
    _stamp(canvas, aside, look.line, _dot(_FAINT_DOT))
    for name, color, part in _groups(shown, look, colored):
        _stamp(canvas, part, color, _dot(_DOT, hollow=name == UNLABELLED))
    out = io.BytesIO()
    canvas.save(out, "WEBP", quality=90, method=2)
    return out.getvalue()


def at_pixels(x: float, y: float, side: int) -> tuple[int, int]:
    """Left and upper edge of something of ``side`` pixels whose middle lies at a place."""
    left, top = (x + WIDTH / 2) * SCALE - side / 2, (HIGH / 2 - y) * SCALE - side / 2
    return round(left), round(top)


def _stamp(
    canvas: Image.Image, part: pd.DataFrame, color: str | Sequence[str], dot: Image.Image
) -> None:
    colors = [color] * len(part) if isinstance(color, str) else color
    for x, y, one in zip(part["x"].tolist(), part["y"].tolist(), colors, strict=True):
        canvas.paste(one, at_pixels(x, y, dot.width), dot)


@lru_cache
def _dot(side: int, *, hollow: bool = False) -> Image.Image:
    """Coverage of a dot, 0..255."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (side * _FINER, side * _FINER))
    box = (0, 0, large.width - 1, large.height - 1)
    fill = None if hollow else 230
    ImageDraw.Draw(large).ellipse(box, fill=fill, outline=230, width=side)
    return large.resize((side, side), Image.Resampling.BOX)


def places_of(frame: pd.DataFrame) -> bytes:
    """Where the pictures that pass lie, for the browser.

    Their number n, n ids, and n times x and y in ten-thousandths: little-endian, 4, 4 and 2 bytes.
    """
    shown = frame[frame["passes"]]
    units = (shown[["x", "y"]].to_numpy(np.float64) * 10_000).round()
    ids = shown["picture"].to_numpy().astype("<i4")
    return np.array([len(ids)], "<i4").tobytes() + ids.tobytes() + units.astype("<i2").tobytes()
