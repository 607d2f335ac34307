"""Landmarks on a map of the world that is drawn from a file of ours: no network is asked."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.results.figures.drawing import empty_figure, figure
from core.results.theme import NO_MATCH, Theme, escape_plotly, mixed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

# Natural Earth 1:110m land, in the public domain; made by scripts/build_data/land_outline.py.
OUTLINE = Path(__file__).parent / "land_outline.json"
HEIGHT = 420  # pixels
NAMED = 10  # places up to which each has its name beside it
LEAST_SPAN = 30.0  # degrees of longitude: nearer, the outline shows nothing
ROOM = 0.2  # of the span around the outermost places, for names too
SMALLEST, LARGEST = 9.0, 34.0  # marks in pixels


def landmarks(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[str] = ()
) -> go.Figure:
    """A mark for each row of ``Store.places``, its area by pictures; ``customdata`` is the name.

    The map shows the part of the world that the places are in.

    Args:
        selected: landmarks in the filter; the others are dimmed.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No landmarks with a place", NO_MATCH)
    fig, look = figure(theme, HEIGHT)
    names = frame["landmark"].tolist()
    pictures = frame["pictures"].tolist()
    shown = [escape_plotly(name) for name in names]
    across, up = frame["longitude"].tolist(), frame["latitude"].tolist()
    fig.add_trace(_land(look))
    dimmed = mixed(look.accent, look.paper, 0.35)
    fig.add_trace(
        go.Scatter(
            x=across,
            y=up,
            mode="markers+text" if len(names) <= NAMED else "markers",
            text=[escape_plotly(name, 24) for name in names],
            textposition="top center",
            textfont={"color": look.ink, "size": 12},
            cliponaxis=False,
            marker={
                "size": [max(SMALLEST, LARGEST * math.sqrt(n / max(pictures))) for n in pictures],
                "color": [
                    look.accent if not selected or name in selected else dimmed for name in names
                ],
                "opacity": 0.85,
                "line": {"color": look.paper, "width": 1.5},
            },
            customdata=names,
            hovertext=[
                f"<b>{name}</b><br>{n:,} pictures<br>{_place(north, east)}"
                for name, n, north, east in zip(shown, pictures, up, across, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    _aim(fig, across, up)
    return fig


def _place(north: float, east: float) -> str:
    return (
        f"{abs(north):.2f}° {'N' if north >= 0 else 'S'}, "
        f"{abs(east):.2f}° {'E' if east >= 0 else 'W'}"
    )


def _land(look: Theme) -> go.Scatter:
    import plotly.graph_objects as go

    across, up = _outline()
    return go.Scatter(
        x=across,
        y=up,
        mode="lines",
        fill="toself",
        fillcolor=look.blank,
        line={"color": look.line, "width": 1},
        hoverinfo="skip",
    )


@lru_cache(maxsize=1)
def _outline() -> tuple[list[float | None], list[float | None]]:
    """Longitudes and latitudes of all rings, with None between them."""
    across: list[float | None] = []
    up: list[float | None] = []
    for ring in json.loads(OUTLINE.read_text(encoding="utf-8"))["rings"]:
        across += [*(n / 10 for n in ring[0::2]), None]
        up += [*(n / 10 for n in ring[1::2]), None]
    return across, up


def _aim(fig: go.Figure, across: list[float], up: list[float]) -> None:
    """Show the places with room around them, about as wide as high on the ground."""
    middle = (min(up) + max(up)) / 2
    stretch = 1 / max(0.2, math.cos(math.radians(middle)))
    wide = max(LEAST_SPAN, (max(across) - min(across)) * (1 + 2 * ROOM))
    high = max(LEAST_SPAN / stretch / 2, (max(up) - min(up)) * (1 + 2 * ROOM))
    centre = (min(across) + max(across)) / 2
    fig.update_xaxes(range=[centre - wide / 2, centre + wide / 2])
    fig.update_yaxes(
        range=[middle - high / 2, middle + high / 2], scaleanchor="x", scaleratio=stretch
    )
