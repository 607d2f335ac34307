"""Figures of a comparison: dataframes in, plotly figures out, with the look of ``figures``.

The left side is amber and the right one blue in every figure and text; where sides do not matter
the one blue is "how much", as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.results.figures.drawing import empty_figure, figure, name_rows
from core.results.figures.tiles import label_tiles, tile_column, words
from core.results.theme import SIDES, Theme, escape_plotly, mixed
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ROW = 26  # pixels a bar
SHARE_ROW = 36  # and one with its text above
BINS = 20  # of the histogram of agreement
Sides = tuple[str, str]
PLAIN: Sides = ("left", "right")  # what sides are called where they have no names


def agreement(frame: pd.DataFrame, theme: str = "light", selected: str = "") -> go.Figure:
    """Of each feature that both sides have how many pictures agree wholly: pale the same, ink what
    differs, so that few changes among many are seen. ``customdata``: feature.

    Args:
        frame: as ``Comparison.summary``.
        selected: the feature that is looked at.
    """
    import plotly.graph_objects as go

    known = frame[(frame["state"] == "both") & (frame["pictures"] > 0)]
    if known.empty:
        return empty_figure(theme, "Nothing to compare", "The two sides share no feature.")
    fig, look = figure(theme, SHARE_ROW * len(known) + 8)
    rows, features = _rows(known), known["feature"].tolist()
    same = [row["same"] / row["pictures"] for row in rows]
    # What differs is seen however little it is.
    differ = [max(1 - share, 0.006) if share < 1 else 0.0 for share in same]
    pale = mixed(look.accent, look.paper, 0.35)
    for starts, sizes, color in (([0.0] * len(rows), same, pale), (same, differ, look.ink)):
        fig.add_trace(
            go.Bar(
                x=sizes,
                base=[min(start, 1 - size) for start, size in zip(starts, sizes, strict=True)],
                y=list(range(len(rows))),
                width=0.17,
                orientation="h",
                marker={"color": color, "line": {"width": 0}},
                customdata=features,
                hoverinfo="skip",
            )
        )
    fig.add_trace(_unseen_rows(rows, features))
    _write_over_rows(fig, rows, selected, look)
    fig.update_layout(barmode="overlay", margin={"l": 0, "r": 0, "t": 0, "b": 0})
    fig.update_xaxes(range=[0, 1])
    fig.update_yaxes(range=[len(rows) - 0.6, -0.75], visible=False)
    return fig


def _write_over_rows(
    fig: go.Figure, rows: Sequence[dict[str, Any]], selected: str, look: Theme
) -> None:
    """Over each bar its feature's name, bold if selected, and how many pictures are the same."""
    for n, row in enumerate(rows):
        name = escape_plotly(row["title"], 30)
        name = f"<b>{name}</b>" if row["feature"] == selected else name
        for x, anchor, text, color in (
            (0, "left", name, look.ink),
            (1, "right", f"{row['same']:,} of {row['pictures']:,}", look.muted),
        ):
            fig.add_annotation(
                x=x, y=n, xanchor=anchor, yshift=13, showarrow=False, text=text,
                font={"color": color, "size": 14},
            )  # fmt: skip


def _unseen_rows(rows: Sequence[dict[str, Any]], features: Sequence[str]) -> go.Bar:
    """A feature's whole row can be clicked, and says more: its bar alone is too thin."""
    import plotly.graph_objects as go

    return go.Bar(
        x=[1.0] * len(rows),
        y=list(range(len(rows))),
        width=0.95,
        orientation="h",
        marker={"color": "rgba(0,0,0,0)", "line": {"width": 0}},
        customdata=features,
        hovertext=[
            f"<b>{row['title']}: {row['same']:,} of {row['pictures']:,} wholly the same</b><br>"
            f"mean agreement {row['agreement']:.1%}"
            for row in rows
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


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


def gained_and_lost(
    frame: pd.DataFrame, theme: str = "light", top: int = 12, sides: Sides = PLAIN
) -> go.Figure:
    """Names that changed most: on the left side alone to the left, on the right alone to the right.

    Args:
        frame: name, lost, gained, both, ... most changed first, as ``Comparison.names``.
        sides: what both sides are called; hostile text.
    """
    import plotly.graph_objects as go

    shown = frame[frame["lost"] + frame["gained"] > 0].head(top)
    if shown.empty:
        return empty_figure(theme, "Nothing gained or lost", "Both sides give the same names.")
    fig, look = figure(theme, ROW * len(shown) + 24)
    rows = list(range(len(shown)))
    names = [escape_plotly(name, 30) for name in shown["name"]]
    hovers = [_hover(name, row, sides) for name, row in zip(names, _rows(shown), strict=True)]
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


def _hover(name: str, row: dict[str, Any], sides: Sides) -> str:
    left, right = (escape_plotly(side, 30) for side in sides)
    lines = [
        f"<b>{name}</b>",
        f"only in {left} {row['lost']:,}, in both {row['both']:,}, "
        f"only in {right} {row['gained']:,}",
    ]
    shift = row.get("shift")
    if shift is not None and not np.isnan(shift):
        lines.append(f"score {shift:+.2f} where in both")
    if row.get("renamed_to"):
        lines.append(f"in {right} often {escape_plotly(row['renamed_to'], 30)}")
    return "<br>".join(lines)


def likelihood_moves(
    frame: pd.DataFrame, category: str, theme: str = "light", sides: Sides = PLAIN
) -> go.Figure:
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
        tiles = tile_column(
            look, column, likelihood, LIKELIHOODS, values=values, shares=shares, hovertext=said
        )
        fig.add_trace(tiles)
        _ring(fig, look, column)
    label_tiles(fig, look, LIKELIHOODS, LIKELIHOODS)
    _name_sides(fig, theme, sides)
    return fig


def _ring(fig: go.Figure, look: Theme, place: int) -> None:
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


def _name_sides(fig: go.Figure, theme: str, sides: Sides) -> None:
    left, right = SIDES[theme]
    names = [escape_plotly(side, 30) for side in sides]
    fig.update_layout(margin={"t": 62, "l": 22})
    fig.update_xaxes(title={"text": names[1], "font": {"color": right, "size": 13}})
    fig.update_yaxes(
        tickfont={"size": 13},
        title={"text": names[0], "font": {"color": left, "size": 13}, "standoff": 14},
    )
