"""The three small charts beside the contact sheet: the chosen share inside the whole batch.

Their sizes are fixed, so that nothing moves while a choice changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from core.results.figures.drawing import empty_figure, figure
from core.results.figures.tiles import label_tiles, ring, words
from core.results.theme import LOOKS, NO_MATCH, Theme, escape_plotly, ink_on, mixed
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ROW = 24  # pixels a label
_BAR = 16 / ROW
_NAMES, _NUMBERS = 116, 84  # pixels beside the bars; numbers have more where they need it
_DIGIT = 7.5  # pixels of a figure, on average
_GAP = "\u00a0\u00a0\u00a0"  # between words and a bar
_LONGEST = 10  # characters on a tile
_MILLION = 1_000_000
_TILE_NAMES = 64  # pixels beside the tiles
_EDGE = {"light": "#6f8fd6", "dark": "#5f7fc4"}  # of the whole bar


def label_bars(
    frame: pd.DataFrame,
    theme: str = "light",
    selected: Collection[str] = (),
    *,
    grows: bool = False,
) -> go.Figure:
    """Bars of ``SpecificLabels.count``: label, pictures, whole, mean_score.

    ``customdata`` is the label.

    Args:
        selected: labels in the filter.
        grows: numbers are of a running job, and can only grow.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No labels", NO_MATCH)
    fig, look = figure(theme, ROW * len(frame))
    names, rows = frame["label"].tolist(), list(range(len(frame)))
    part, whole = frame["pictures"].tolist(), frame["whole"].tolist()
    common = {
        "orientation": "h",
        "width": _BAR,
        "customdata": names,
        "hovertext": _hovers(frame),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    edge = {"width": 1, "color": _EDGE[theme]}
    fig.add_trace(go.Bar(x=whole, y=rows, marker={"color": look.dimmed, "line": edge}, **common))
    fig.add_trace(go.Bar(x=part, y=rows, marker={"color": look.accent}, **common))
    end = max(whole)
    said = [_name(name, bold=name in selected) for name in names]
    counts = [_count(n, all_, grows=grows) for n, all_ in zip(part, whole, strict=True)]
    inks = [look.ink if n else look.muted for n in part]
    stay = {"textfont": {"color": look.ink}}  # words do not change when a bar is pressed
    for x, texts, color, position in ((0, said, look.ink, "left"), (end, counts, inks, "right")):
        at = [x] * len(rows)
        fig.add_trace(_words(texts, at, rows, f"middle {position}", color, unselected=stay))
    fig.update_layout(
        barmode="overlay",
        barcornerradius=2,
        margin={"l": _NAMES, "r": _room(whole), "t": 0, "b": 0, "pad": 0},
    )
    fig.update_xaxes(range=[0, end])
    fig.update_yaxes(range=[len(rows) - 0.5, -0.5])
    return fig


def _room(whole: Sequence[int]) -> int:
    """Pixels for the longest "n of all"; by the whole batch, so that no choice moves the bars."""
    longest = 2 * len(f"{max(whole):,}") + len(" of ")
    return max(_NUMBERS, round(8 + _DIGIT * longest))


def _hovers(frame: pd.DataFrame) -> list[str]:
    """What a bar says under the pointer."""
    columns = (frame[name].tolist() for name in ("label", "pictures", "whole", "mean_score"))
    return [
        f"<b>{escape_plotly(name)}</b><br>{n:,} of {all_:,} pictures<br>mean score {score:.2f}"
        for name, n, all_, score in zip(*columns, strict=True)
    ]


def _name(name: str, *, bold: bool) -> str:
    """The name before a bar."""
    shown = escape_plotly(name, 17)
    return (f"<b>{shown}</b>" if bold else shown) + _GAP


def _count(part: int, whole: int, *, grows: bool) -> str:
    """The number behind a bar."""
    of = f" of {whole:,}" if part != whole else ""
    return f"{_GAP}<b>{part:,}{'+' * grows}</b>{of}"


def _words(
    texts: Sequence[str],
    x: Sequence[float],
    y: Sequence[float],
    position: str,
    color: str | Sequence[str],
    **more: Any,
) -> go.Scatter:
    """Words in or beside a chart, which nobody can press.

    Marks of text, since plotly has the whole page laid out for each annotation and each bar's text.
    """
    import plotly.graph_objects as go

    return go.Scatter(
        x=x,
        y=y,
        mode="text",
        text=texts,
        textposition=position,
        textfont={"size": 13, "color": color},
        cliponaxis=False,
        hoverinfo="skip",
        **more,
    )


def palette_strip(
    frame: pd.DataFrame, whole: pd.DataFrame, theme: str = "light", selected: str | None = None
) -> go.Figure:
    """The palette of the pictures that pass, and below it thinly that of the whole batch.

    Args:
        frame, whole: of ``Store.palette_batch``, the first perhaps empty; ``customdata`` is
            [hex, tolerance].
    """
    import plotly.graph_objects as go

    fig, look = figure(theme, 56)
    edge = mixed(look.ink, look.paper, 0.25)  # white on white paper has an edge too
    if frame.empty:  # its place stays
        fig.add_shape(
            type="rect", x0=0, x1=1, y0=0, y1=0.7, line={"color": edge, "width": 1, "dash": "dot"}
        )
    for strip, y, width in ((frame, 0.35, 0.7), (whole, 0.92, 0.14)):
        if not strip.empty:
            of = " of all pictures" if strip is whole else ""
            chosen = [color == selected for color in strip["hex"]]
            lines = {
                "color": [look.ink if one else edge for one in chosen],
                "width": [3 if one else 1 for one in chosen],
            }
            # One for all colours: plotly checks each trace against its whole schema.
            bars = go.Bar(y=[y] * len(strip), width=width, orientation="h", **_strip(strip, of))
            fig.add_trace(bars.update(marker_line=lines))
    fig.update_layout(
        barmode="overlay", bargap=0, barcornerradius=0, margin={"l": 0, "r": 0, "t": 0, "b": 0}
    )
    fig.update_xaxes(range=[0, 1])
    fig.update_yaxes(range=[1, 0])
    return fig


def _strip(strip: pd.DataFrame, of: str) -> dict[str, Any]:
    """Colours one after the other, as wide as their shares.

    Args:
        of: what they are shares of, for who points at one; "" for the pictures that pass.
    """
    colors, shares = strip["hex"].tolist(), strip["share"].tolist()
    ends = strip["share"].cumsum().tolist()
    return {
        "x": shares,
        "base": [end - share for end, share in zip(ends, shares, strict=True)],
        "marker": {"color": colors},
        "customdata": [list(pair) for pair in zip(colors, strip["tolerance"], strict=True)],
        "hovertext": [
            f"<b>{color}</b><br>{share:.1%} of the colour{of}"
            for color, share in zip(colors, shares, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def safe_tiles(
    frame: pd.DataFrame,
    theme: str = "light",
    selected: Collection[tuple[str, str]] = (),
    *,
    row: int = 40,
    grows: bool = False,
) -> go.Figure:
    """Tiles by category and likelihood: category, likelihood, pictures, whole.

    ``customdata`` is [category, likelihood].

    Args:
        row: pixels a category.
        grows: see ``label_bars``.
    """

    look = LOOKS[theme]
    if frame.empty or not frame["whole"].sum():
        return empty_figure(theme, "Nothing judged", NO_MATCH)
    categories = list(dict.fromkeys(frame["category"]))
    fig, look = figure(theme, row * len(categories) + 34)
    for trace in _tiles(frame, categories, look, grows=grows):
        fig.add_trace(trace)
    for category, level in selected:
        if category in categories:
            ring(fig, look, categories.index(category), LIKELIHOODS.index(level))
    label_tiles(fig, look, categories, LIKELIHOODS, _TILE_NAMES)
    return fig


def _tiles(
    frame: pd.DataFrame, categories: Sequence[str], look: Theme, *, grows: bool
) -> tuple[go.Bar, go.Scatter]:
    """All tiles, likelihood by likelihood, and their numbers."""
    import plotly.graph_objects as go

    places = [(category, level) for level in LIKELIHOODS for category in categories]
    columns = [LIKELIHOODS.index(level) for _, level in places]
    rows = [categories.index(category) for category, _ in places]
    cells = frame.set_index(["category", "likelihood"]).reindex(places)
    part, whole = cells["pictures"].tolist(), cells["whole"].tolist()
    fills = [
        look.blank if not all_ else mixed(look.likelihoods[level], look.paper, 1 if n else 0.35)
        for (_, level), n, all_ in zip(places, part, whole, strict=True)
    ]
    inks = [ink_on(fill) if all_ else look.muted for fill, all_ in zip(fills, whole, strict=True)]
    bars = go.Bar(
        x=[1] * len(places),
        base=columns,
        y=rows,
        orientation="h",
        width=1,
        marker={"color": fills, "line": {"color": look.paper, "width": 3}},
        customdata=[list(place) for place in places],
        hovertext=[
            f"<b>{words(category)}: {words(level).lower()}</b><br>{n:,} of {all_:,} pictures"
            for (category, level), n, all_ in zip(places, part, whole, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    numbers = [_tile(n, all_, grows) for n, all_ in zip(part, whole, strict=True)]
    return bars, _words(numbers, [n + 0.5 for n in columns], rows, "middle center", inks)


def _tile(part: int, whole: int, grows: bool) -> str:
    if not whole:
        return "·"
    # Seven figures are wider than a tile.
    shown = f"{part:,}" if part < _MILLION else f"{part / _MILLION:,.1f}M"
    number = f"<b>{shown}{'+' * grows}</b>"
    of = "" if part == whole else f" of {whole:,}"
    return number + of * (len(f"{part:,}{of}") <= _LONGEST)  # all of it stands under the pointer
