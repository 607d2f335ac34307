"""Dataframes of the store to plotly figures; nothing else goes in or comes out.

Every function takes ``theme`` ("light" or "dark") and gives a labelled empty figure for an empty
frame. ``customdata`` of a bar holds what a click on it selects, as ``Filters.toggled`` takes it.
Draw them with Streamlit's own theme off (``st.plotly_chart(figure, theme=None)``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from core.results.look import NO_MATCH, Look, empty_figure, figure, ink_on, mixed, plain, tile_fill
from core.results.palette_figures import palette, palettes
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = [
    "counts",
    "errors",
    "face_traits",
    "label_frequency",
    "palette",
    "palettes",
    "safe_search",
]

ROW = 27  # pixels a bar


def label_frequency(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[str] = ()
) -> go.Figure:
    """Bars of ``Store.labels``: label, pictures, mean_score.

    Args:
        selected: labels in the filter; the others are dimmed.
    """
    return _bars(
        frame,
        names=[plain(name) for name in frame["label"]],
        values=list(frame["label"]),
        theme=theme,
        selected=selected,
        title="No labels",
    )


def counts(
    frame: pd.DataFrame, title: str, theme: str = "light", selected: Collection[Any] = ()
) -> go.Figure:
    """Bars of ``Store.counts``: name, value, pictures, instances, mean_score.

    Args:
        title: what is counted, such as "objects"; ours, not from results.
    """
    return _bars(
        frame,
        names=[plain(name) for name in frame["name"]],
        values=list(frame["value"]),
        theme=theme,
        selected=selected,
        title=f"No {title}",
    )


def errors(frame: pd.DataFrame, theme: str = "light", selected: Collection[str] = ()) -> go.Figure:
    """Bars of ``Store.errors``: code, message, pictures; a click selects the code."""
    names = [
        f"<b>{plain(code)}</b><br>{plain(message, 46)}"
        for code, message in zip(frame["code"], frame["message"], strict=True)
    ]
    if frame.empty:
        return empty_figure(theme, "No errors", "Every picture that passes was annotated.")
    return _bars(
        frame,
        names=names,
        values=list(frame["code"]),
        theme=theme,
        selected=selected,
        title="No errors",
        failure=True,
    )


def _bars(
    frame: pd.DataFrame,
    *,
    names: Sequence[str],
    values: Sequence[Any],
    theme: str,
    selected: Collection[Any],
    title: str,
    failure: bool = False,
) -> go.Figure:
    """Horizontal bars, longest name first; names are already harmless, values may be hostile."""
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, title, NO_MATCH)
    row = ROW + 16 if failure else ROW
    fig, look = figure(theme, row * len(names) + 24)
    pictures = [int(n) for n in frame["pictures"]]
    color = look.failure if failure else look.accent
    dimmed = mixed(color, look.paper, 0.35)
    # Bars stand at row numbers, since two names may look the same once they are shortened.
    fig.add_trace(
        go.Bar(
            x=pictures,
            y=list(range(len(names))),
            orientation="h",
            text=[f"{n:,}" for n in pictures],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": look.muted, "size": 13},
            marker={"color": [color if not selected or v in selected else dimmed for v in values]},
            customdata=[_as_json(value) for value in values],
            hovertext=[
                _hover(name, row) for name, (_, row) in zip(names, frame.iterrows(), strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    fig.update_yaxes(
        visible=True,
        autorange="reversed",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        ticks="",
        showline=False,
        automargin=True,
        tickfont={"color": look.ink, "size": 14 if not failure else 13},
    )
    fig.update_xaxes(range=[0, max(pictures) * 1.12])
    return fig


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _hover(name: str, row: Any) -> str:
    lines = [
        name if name.startswith("<b>") else f"<b>{name}</b>",
        f"{int(row['pictures']):,} pictures",
    ]
    if "instances" in row and row["instances"] != row["pictures"]:
        lines.append(f"{int(row['instances']):,} times in all")
    if "mean_score" in row and row["mean_score"] > 0:
        lines.append(f"mean score {row['mean_score']:.2f}")
    return "<br>".join(lines)


def safe_search(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[tuple[str, str]] = ()
) -> go.Figure:
    """A table of tiles of ``Store.safe_search``: category, likelihood, pictures.

    ``customdata`` is [category, likelihood], a pair of ``Filters.safe_is``.
    """
    return _tiles(frame, "category", "pictures", theme, selected)


def face_traits(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[tuple[str, str]] = ()
) -> go.Figure:
    """Tiles of ``Store.face_traits``: trait, likelihood, faces; ``customdata`` is the pair."""
    return _tiles(frame, "trait", "faces", theme, selected)


def _tiles(
    frame: pd.DataFrame,
    row_name: str,
    number: str,
    theme: str,
    selected: Collection[tuple[str, str]],
) -> go.Figure:
    """Rows by likelihood; every cell is large enough to read and to click, however rare it is."""
    import plotly.graph_objects as go

    if frame.empty or not frame[number].sum():
        return empty_figure(theme, "Nothing judged", NO_MATCH)
    rows = list(dict.fromkeys(frame[row_name]))
    fig, look = figure(theme, 40 * len(rows) + 60)
    for column, likelihood in enumerate(LIKELIHOODS):
        cells = frame[frame["likelihood"] == likelihood].set_index(row_name)[number].reindex(rows)
        totals = frame.groupby(row_name)[number].sum().reindex(rows)
        values = [int(n) for n in cells.fillna(0)]
        shares = [n / total if total else 0.0 for n, total in zip(values, totals, strict=True)]
        fills = [tile_fill(look, likelihood, share) for share in shares]
        fig.add_trace(
            go.Bar(
                x=[1] * len(rows),
                base=[column] * len(rows),
                y=list(range(len(rows))),
                orientation="h",
                width=1,
                marker={
                    "color": fills,
                    "line": {"color": look.paper, "width": 3},
                },
                text=[f"{n:,}" if n else "·" for n in values],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={
                    "size": 13,
                    "color": [
                        ink_on(fill) if n else look.muted
                        for fill, n in zip(fills, values, strict=True)
                    ],
                },
                customdata=[[row, likelihood] for row in rows],
                hovertext=[
                    f"<b>{_words(row)}: {_words(likelihood)}</b><br>{n:,} {number}, {share:.1%}"
                    for row, n, share in zip(rows, values, shares, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    for category, likelihood in selected:
        if category in rows and likelihood in LIKELIHOODS:
            _ring(fig, look, rows.index(category), LIKELIHOODS.index(likelihood))
    _label_tiles(fig, look, rows)
    return fig


def _ring(fig: go.Figure, look: Look, row: int, column: int) -> None:
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


def _label_tiles(fig: go.Figure, look: Look, rows: Sequence[str]) -> None:
    fig.update_layout(barmode="overlay", bargap=0, barcornerradius=6)
    fig.update_xaxes(
        visible=True,
        side="top",
        range=[0, len(LIKELIHOODS)],
        tickvals=[n + 0.5 for n in range(len(LIKELIHOODS))],
        ticktext=[_words(name).replace(" ", "<br>") for name in LIKELIHOODS],
        ticks="",
        showline=False,
        tickangle=0,
        tickfont={"color": look.muted, "size": 12},
    )
    fig.update_yaxes(
        visible=True,
        range=[len(rows) - 0.5, -0.5],
        tickvals=list(range(len(rows))),
        ticktext=[_words(row) for row in rows],
        ticks="",
        showline=False,
        automargin=True,
        tickfont={"color": look.ink, "size": 14},
    )
    fig.update_layout(margin={"t": 42})


def _words(name: str) -> str:
    """A name of the API's as words: VERY_LIKELY to "Very likely"."""
    return name.replace("_", " ").capitalize()
