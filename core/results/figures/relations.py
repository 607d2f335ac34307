"""The figure of label relations: which labels meet in pictures, and whether more than by chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.results.figures.drawing import empty_figure, figure
from core.results.theme import NO_MATCH, Theme, escape_plotly, mixed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

CELL = 30  # pixels
STRONG = 3.0  # doublings of chance from which the colour gets no stronger
RELATIONS_NOTE = (
    "Each square is two labels: the larger, the more pictures have both; blue where these are more "
    "than by chance, grey where they are fewer (the table's lift: above or below 1)."
)


def label_relations(frame: pd.DataFrame, theme: str = "light") -> go.Figure:
    """Squares of ``Store.co_occurrence``: a label in each row, a more frequent one in each column.

    A square's side grows with the pictures that have both, its colour says whether these are more
    (blue) or fewer (grey) than by chance. ``customdata`` is [label, other].
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No labels together", NO_MATCH)
    sizes = dict(zip(frame["other"], frame["other_pictures"], strict=True))
    sizes |= dict(zip(frame["label"], frame["label_pictures"], strict=True))
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    place = {name: n for n, name in enumerate(names)}
    fig, look = figure(theme, CELL * len(names) + 130)
    most = math.sqrt(frame["pictures"].max())
    pairs = list(zip(frame["label"], frame["other"], strict=True))
    fig.add_trace(
        go.Scatter(
            x=[place[one] for one, _ in pairs],
            y=[place[other] for _, other in pairs],
            mode="markers",
            marker={
                "symbol": "square",
                "size": [6 + (CELL - 10) * math.sqrt(n) / most for n in frame["pictures"]],
                "color": [_shade(look, lift) for lift in frame["lift"]],
                "opacity": 1,
                # The shade alone would be too faint to see where both are about what chance gives.
                "line": {"width": 1, "color": [_edge(look, lift) for lift in frame["lift"]]},
            },
            customdata=[[one, other] for one, other in pairs],
            hovertext=[
                f"<b>{escape_plotly(one)}</b> and <b>{escape_plotly(other)}</b>"
                f"<br>{pictures:,} pictures with both"
                f"<br>{lift:.2f} times as many as by chance"
                for (one, other), pictures, lift in zip(
                    pairs, frame["pictures"], frame["lift"], strict=True
                )
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    _name_axes(fig, look, [escape_plotly(name, 24) for name in names])
    return fig


def _edge(look: Theme, lift: float) -> str:
    return look.accent if lift >= 1 else look.muted


def _shade(look: Theme, lift: float) -> str:
    strength = 0.3 + 0.7 * min(abs(math.log2(lift)) / STRONG, 1.0)
    return mixed(_edge(look, lift), look.paper, strength)


def _name_axes(fig: go.Figure, look: Theme, names: list[str]) -> None:
    common = {
        "visible": True,
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "ticks": "",
        "showline": False,
        "automargin": True,
        "tickfont": {"color": look.ink, "size": 13},
    }
    fig.update_xaxes(**common, side="top", tickangle=-45, range=[-0.6, len(names) - 0.4])
    fig.update_yaxes(**common, range=[len(names) - 0.4, -0.6])
