"""Figures of a comparison: dataframes in, plotly figures out, with the look of ``figures``.

The left side is amber and the right one blue in every figure and text; where sides do not matter
the one blue is "how much", as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.results.figures.tiles import label_tiles, tile_column, words
from core.results.theme import Look, empty_figure, escape_plotly, figure, mixed, name_rows
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ROW = 30  # pixels a bar
BINS = 20  # of the histogram of agreement
# 3:1 against paper at least, and apart for most kinds of colour blindness (amber, blue).
SIDES = {"light": ("#b5620c", "#2f62c9"), "dark": ("#f0a050", "#7aa5ff")}


def agreement(frame: pd.DataFrame, theme: str = "light", selected: str = "") -> go.Figure:
    """Bars of ``Comparison.summary``, of features that both sides have; ``customdata``: feature."""
    import plotly.graph_objects as go

    known = frame[(frame["state"] == "both") & (frame["pictures"] > 0)]
    if known.empty:
        return empty_figure(theme, "Nothing to compare", "The two sides share no feature.")
    fig, look = figure(theme, ROW * len(known) + 24)
    dimmed = mixed(look.accent, look.paper, 0.35)
    features = known["feature"].tolist()
    values = known["agreement"].tolist()
    colors = [
        dimmed if selected in features and feature != selected else look.accent
        for feature in features
    ]
    fig.add_trace(
        go.Bar(
            x=[1.0] * len(values),  # the whole scale, behind
            y=list(range(len(values))),
            orientation="h",
            marker={"color": look.blank},
            customdata=features,
            hoverinfo="none",  # says nothing, but can be clicked like the bar before it
        )
    )
    fig.add_trace(
        go.Bar(
            x=values,
            y=list(range(len(values))),
            orientation="h",
            marker={"color": colors},
            text=[f"{value:.0%}" for value in values],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": look.ink, "size": 13},
            customdata=features,
            hovertext=[
                f"<b>{row['title']}: {row['agreement']:.1%}</b><br>"
                f"mean of {row['pictures']:,} pictures, {row['same']:,} of them wholly the same"
                for row in _rows(known)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    fig.update_layout(barmode="overlay")
    name_rows(fig, look, known["title"].tolist())
    fig.update_xaxes(range=[0, 1.1])
    return fig


def agreement_bins(values: Sequence[float]) -> pd.DataFrame:
    """``spread`` as a table: "agree from", "to" (0..1), pictures."""
    import pandas as pd

    known = np.asarray(values, np.float64)
    # Wholly agreeing pictures end on the edge 1 and belong in the last bin, as numpy counts.
    counts, edges = np.histogram(known[~np.isnan(known)], BINS, (0.0, 1.0))
    return pd.DataFrame({"agree from": edges[:-1], "to": edges[1:], "pictures": counts})


def spread(values: Sequence[float], theme: str = "light") -> go.Figure:
    """How many pictures agree how far: a histogram of agreements 0..1; NaN is left out."""
    import plotly.graph_objects as go

    frame = agreement_bins(values)
    if not frame["pictures"].sum():
        return empty_figure(theme, "Nothing to compare", "No picture has this on both sides.")
    fig, look = figure(theme, 190)
    counts = frame["pictures"].to_numpy()
    edges = np.append(frame["agree from"].to_numpy(), 1.0)
    fig.add_trace(
        go.Bar(
            x=((edges[1:] + edges[:-1]) / 2).tolist(),
            y=counts.tolist(),
            width=1 / BINS,
            marker={"color": look.accent, "line": {"color": look.paper, "width": 2}},
            hovertext=[
                f"<b>{n:,} pictures</b><br>agree by {a:.0%} to {b:.0%}"
                for n, a, b in zip(counts.tolist(), edges[:-1], edges[1:], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    fig.update_layout(bargap=0, margin={"b": 30, "t": 20, "l": 20, "r": 26})
    fig.update_xaxes(
        visible=True,
        range=[0, 1],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        ticktext=["0%", "25%", "50%", "75%", "100%"],
        tickfont={"color": look.muted, "size": 12},
        linecolor=look.line,
    )
    fig.add_annotation(
        text=f"most: {int(counts.max()):,}",
        x=edges[int(counts.argmax())] + 0.5 / BINS,
        y=int(counts.max()),
        yshift=9,
        showarrow=False,
        font={"color": look.muted, "size": 12},
    )
    return fig


def gained_and_lost(frame: pd.DataFrame, theme: str = "light", top: int = 20) -> go.Figure:
    """Names that changed most: on the left side alone to the left, on the right alone to the right.

    Args:
        frame: name, lost, gained, both, ... most changed first, as ``Comparison.names``.
    """
    import plotly.graph_objects as go

    shown = frame[frame["lost"] + frame["gained"] > 0].head(top)
    if shown.empty:
        return empty_figure(theme, "Nothing gained or lost", "Both sides give the same names.")
    fig, look = figure(theme, ROW * len(shown) + 24)
    rows = list(range(len(shown)))
    names = [escape_plotly(name, 30) for name in shown["name"]]
    hovers = [_hover(name, row) for name, row in zip(names, _rows(shown), strict=True)]
    lost, gained = (shown[column].astype(int).tolist() for column in ("lost", "gained"))
    for values, sign, color in ((lost, -1, SIDES[theme][0]), (gained, 1, SIDES[theme][1])):
        fig.add_trace(
            go.Bar(
                x=[sign * n for n in values],
                y=rows,
                orientation="h",
                marker={"color": color},
                text=[f"{n:,}" if n else "" for n in values],
                textposition="outside",
                cliponaxis=False,
                textfont={"color": look.muted, "size": 13},
                customdata=shown["name"].tolist(),
                hovertext=hovers,
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    fig.update_layout(barmode="overlay")
    name_rows(fig, look, names)
    most = max(*lost, *gained)
    fig.update_xaxes(range=[-1.18 * most, 1.18 * most])
    fig.add_vline(x=0, line={"color": look.muted, "width": 1})
    return fig


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


def _hover(name: str, row: dict[str, Any]) -> str:
    lines = [
        f"<b>{name}</b>",
        f"only left {row['lost']:,}, on both {row['both']:,}, only right {row['gained']:,}",
    ]
    shift = row.get("shift")
    if shift is not None and not np.isnan(shift):
        lines.append(f"score {shift:+.2f} where on both")
    if row.get("renamed_to"):
        lines.append(f"on the right often {escape_plotly(row['renamed_to'], 30)}")
    return "<br>".join(lines)


def likelihood_moves(frame: pd.DataFrame, category: str, theme: str = "light") -> go.Figure:
    """Left likelihood (rows) against right (columns) for one category of ``Safe.moves``.

    A cell has the colour of the likelihood it ends at, stronger the more pictures it holds; those
    on the diagonal did not move. ``customdata``: [left, right].
    """
    cells = frame[frame["category"] == category]
    total = int(cells["pictures"].sum())
    if not total:
        return empty_figure(theme, "Nothing judged", "One side has no safe search for these.")
    size = len(LIKELIHOODS)
    fig, look = figure(theme, 44 * size + 84)
    numbers = cells["pictures"].to_numpy().reshape(size, size)
    for column, likelihood in enumerate(LIKELIHOODS):
        values = [int(n) for n in numbers[:, column]]
        said = [
            f"<b>{words(row)} to {words(likelihood)}</b><br>{n:,} pictures, {n / total:.1%}"
            for row, n in zip(LIKELIHOODS, values, strict=True)
        ]
        shares = [n / total for n in values]
        fig.add_trace(tile_column(look, column, likelihood, LIKELIHOODS, values, shares, said))
        _ring(fig, look, column)
    label_tiles(fig, look, LIKELIHOODS, LIKELIHOODS)
    _name_sides(fig, theme)
    return fig


def _ring(fig: go.Figure, look: Look, place: int) -> None:
    """Mark a cell of the diagonal."""
    fig.add_shape(
        type="rect",
        x0=place + 0.03,
        x1=place + 0.97,
        y0=place - 0.45,
        y1=place + 0.45,
        line={"color": look.muted, "width": 1.5, "dash": "dot"},
        layer="above",
    )


def _name_sides(fig: go.Figure, theme: str) -> None:
    left, right = SIDES[theme]
    fig.update_layout(margin={"t": 62, "l": 22})
    fig.update_xaxes(title={"text": "right", "font": {"color": right, "size": 13}})
    fig.update_yaxes(
        tickfont={"size": 13},
        title={"text": "left", "font": {"color": left, "size": 13}, "standoff": 14},
    )
