"""Figures of dominant colours; see ``figures``, which offers them with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.results.figures.drawing import empty_figure, figure, name_rows
from core.results.theme import NO_MATCH, escape_plotly, ink_on

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def palette(frame: pd.DataFrame, theme: str = "light", selected: str | None = None) -> go.Figure:
    """One strip of ``Store.palette_batch``: hex, share, tolerance; a click selects both.

    ``customdata`` is [hex, tolerance].
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No colours", NO_MATCH)
    fig, look = figure(theme, 120)
    columns = (frame[name].tolist() for name in ("hex", "share", "tolerance"))
    for color, share, tolerance in zip(*columns, strict=True):
        chosen = selected == color
        fig.add_trace(
            go.Bar(
                x=[share],
                y=[0],
                orientation="h",
                width=1,
                marker={
                    "color": color,
                    "line": {
                        "color": look.ink if chosen else look.paper,
                        "width": 3 if chosen else 2,
                    },
                },
                text=[f"{color}<br>{share:.0%}"],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="inside",
                textfont={"color": ink_on(color), "size": 12},
                customdata=[[color, tolerance]],
                hovertemplate=f"<b>{color}</b><br>{share:.1%} of the colour<extra></extra>",
            )
        )
    fig.update_layout(
        barmode="stack",
        bargap=0,
        barcornerradius=0,
        margin={"l": 0, "r": 0},
        uniformtext={"mode": "hide", "minsize": 12},  # where a colour is too narrow for its name
    )
    fig.update_xaxes(range=[0, 1])
    fig.update_yaxes(range=[-0.5, 0.5])
    return fig


def palettes(frame: pd.DataFrame, theme: str = "light") -> go.Figure:
    """One strip a picture of ``Store.palettes``: picture, name, hex, score, fraction.

    Strips are stretched to the same length; ``customdata`` is the picture's id.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No colours", NO_MATCH)
    groups = [(n, frame[frame["picture"] == n]) for n in frame["picture"].unique().tolist()]
    fig, look = figure(theme, 34 * len(groups) + 24)
    names = []
    for place, (picture, group) in enumerate(groups):
        names.append(escape_plotly(str(group["name"].iloc[0]) or f"Picture {picture}", 28))
        weights = group["fraction"] if group["fraction"].sum() > 0 else group["score"]
        shares = weights / (weights.sum() or 1.0)
        fig.add_trace(
            go.Bar(
                x=shares.tolist(),
                y=[place] * len(group),
                base=(shares.cumsum() - shares).tolist(),
                orientation="h",
                width=0.8,
                marker={"color": group["hex"].tolist(), "line": {"width": 0}},
                customdata=[int(picture)] * len(group),
                hovertext=[
                    f"<b>{h}</b>, {s:.0%}" for h, s in zip(group["hex"], shares, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    fig.update_layout(barmode="overlay", barcornerradius=0)
    fig.update_xaxes(range=[0, 1])
    name_rows(fig, look, names, 13)
    return fig


def group_palettes(frame: pd.DataFrame, theme: str = "light") -> go.Figure:
    """A strip for each group of ``group_palettes.group_palettes``: group, pictures, hex, share."""
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No colours", NO_MATCH)
    groups = list(dict.fromkeys(frame["group"]))
    fig, look = figure(theme, 30 * len(groups) + 16)
    for row, group in enumerate(groups):
        start = 0.0
        for color, share in frame.loc[frame["group"] == group, ["hex", "share"]].itertuples(
            index=False
        ):
            fig.add_trace(
                go.Bar(
                    x=[share],
                    base=[start],
                    y=[row],
                    orientation="h",
                    width=0.8,
                    marker={"color": color, "line": {"width": 0.5, "color": look.line}},
                    hovertemplate=f"<b>{color}</b>, {share:.0%}<extra></extra>",
                )
            )
            start += share
    fig.update_layout(barmode="overlay", barcornerradius=0)
    fig.update_xaxes(range=[0, 1])
    name_rows(fig, look, [escape_plotly(group, 24) for group in groups], 13)
    return fig
