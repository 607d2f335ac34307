"""Tables of tiles, rows by likelihood; see ``figures``, which offers them with the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.results.figures.drawing import empty_figure, figure
from core.results.theme import NO_MATCH, Theme, ink_on, mixed
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def tiles(
    frame: pd.DataFrame,
    row_name: str,
    number: str,
    theme: str,
    selected: Collection[tuple[str, str]],
    *,
    levels: Sequence[str] = LIKELIHOODS,
    wholes: Mapping[str, int] | None = None,
    joint: str = ":",
) -> go.Figure:
    """Rows by likelihood; every cell is large enough to read and to click, however rare it is.

    Args:
        row_name, number: the frame's columns with rows' names and cells' numbers.
        selected: (row, likelihood) of the cells to ring.
        levels: the likelihoods that have a column.
        wholes: what a row's numbers are parts of; by default their sum.
        joint: what stands between a row's name and a likelihood's.
    """
    if frame.empty or not frame[number].sum():
        return empty_figure(theme, "Nothing judged", NO_MATCH)
    rows = list(dict.fromkeys(frame[row_name]))
    fig, look = figure(theme, 40 * len(rows) + 60)
    sums = frame.groupby(row_name)[number].sum() if wholes is None else wholes
    for column, likelihood in enumerate(levels):
        cells = frame[frame["likelihood"] == likelihood].set_index(row_name)[number].reindex(rows)
        values = [int(n) for n in cells.fillna(0)]
        shares = [n / sums[row] if sums[row] else 0.0 for n, row in zip(values, rows, strict=True)]
        said = [
            f"<b>{words(row)}{joint} {words(likelihood).lower()}</b><br>{n:,} {number}, {share:.1%}"
            for row, n, share in zip(rows, values, shares, strict=True)
        ]
        tiles = tile_column(
            look, column, likelihood, rows, values=values, shares=shares, hovertext=said
        )
        fig.add_trace(tiles)
    for category, likelihood in selected:
        if category in rows and likelihood in levels:
            ring(fig, look, rows.index(category), levels.index(likelihood))
    label_tiles(fig, look, rows, levels)
    return fig


def tile_column(
    look: Theme,
    place: int,
    likelihood: str,
    rows: Sequence[str],
    *,
    values: Sequence[int],
    shares: Sequence[float],
    hovertext: Sequence[str],
) -> go.Bar:
    """One likelihood's column of tiles; ``customdata`` is [row, likelihood].

    Args:
        place: the column's, from 0.
        values, shares, hovertext: a number, how strong its colour is (0..1), and its words, by row.
    """
    import plotly.graph_objects as go

    fills = [_fill(look, likelihood, share) for share in shares]
    return go.Bar(
        x=[1] * len(rows),
        base=[place] * len(rows),
        y=list(range(len(rows))),
        orientation="h",
        width=1,
        marker={"color": fills, "line": {"color": look.paper, "width": 3}},
        text=[f"{n:,}" if n else "·" for n in values],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={
            "size": 13,
            "color": [
                ink_on(fill) if n else look.muted for fill, n in zip(fills, values, strict=True)
            ],
        },
        customdata=[[row, likelihood] for row in rows],
        hovertext=hovertext,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _fill(look: Theme, likelihood: str, share: float) -> str:
    """A cell's colour: its likelihood's, stronger the more common it is (and never faint)."""
    if share == 0:
        return look.blank
    return mixed(look.likelihoods[likelihood], look.paper, 0.55 + 0.45 * share**0.5)


def ring(fig: go.Figure, look: Theme, row: int, column: int) -> None:
    """Mark a chosen cell, above its neighbours' edges."""
    fig.add_shape(
        type="rect",
        x0=column + 0.02,
        x1=column + 0.98,
        y0=row - 0.46,
        y1=row + 0.46,
        line={"color": look.ink, "width": 2.5},
        layer="above",
    )


def label_tiles(
    fig: go.Figure, look: Theme, rows: Sequence[str], levels: Sequence[str], names: int = 0
) -> None:
    """Name rows and columns of tiles, and set the tiles edge to edge.

    Args:
        names: pixels for the rows' names, so that nothing moves with them; 0 for what they need.
    """
    fig.update_layout(barmode="overlay", bargap=0, barcornerradius=4 if names else 6)
    fig.update_xaxes(
        visible=True,
        side="top",
        range=[0, len(levels)],
        tickvals=[n + 0.5 for n in range(len(levels))],
        ticktext=[words(name).replace(" ", "<br>") for name in levels],
        ticks="",
        showline=False,
        autotickangles=[0, -90],  # upright where words would lie on each other
        automargin=not names,
        tickfont={"color": look.muted, "size": 12},
    )
    fig.update_yaxes(range=[len(rows) - 0.5, -0.5])
    if names:
        said = [beside(y, 0, "left", -names, words(row), look.ink) for y, row in enumerate(rows)]
        margin = {"l": names, "r": 0, "t": 34, "b": 0, "pad": 0}
        fig.update_layout(annotations=said, margin=margin)
        return
    fig.update_yaxes(
        visible=True,
        tickvals=list(range(len(rows))),
        ticktext=[words(row) for row in rows],
        ticks="",
        showline=False,
        automargin=True,
        tickfont={"color": look.ink, "size": 14},
    )
    fig.update_layout(margin={"t": 42})


def beside(row: float, x: float, anchor: str, shift: int, text: str, color: str) -> dict[str, Any]:
    """Words beside a row. All of a figure's are set at once: one by one each costs more."""
    return {
        "text": text,
        "x": x,
        "y": row,
        "xref": "paper",
        "xanchor": anchor,
        "xshift": shift,
        "showarrow": False,
        "font": {"size": 13, "color": color},
    }


def words(name: str) -> str:
    """A name of the API's as words: VERY_LIKELY to "Very likely"."""
    return name.replace("_", " ").capitalize()
