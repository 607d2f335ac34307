"""Dataframes of the store to plotly figures; nothing else goes in or comes out.

Every function takes ``theme`` ("light" or "dark") and gives a labelled empty figure for an empty
frame. ``customdata`` of a bar holds what a click on it selects, as ``Filters.toggled`` takes it.
Draw them with Streamlit's own theme off (``st.plotly_chart(figure, theme=None)``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from core.results.figures.drawing import empty_figure, figure, name_rows
from core.results.figures.palettes import group_palettes, palette, palettes
from core.results.figures.tiles import tiles
from core.results.theme import NO_MATCH, escape_plotly, mixed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = [
    "counts",
    "errors",
    "face_traits",
    "group_palettes",
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
        names=[escape_plotly(name) for name in frame["label"]],
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
        names=[escape_plotly(name) for name in frame["name"]],
        values=list(frame["value"]),
        theme=theme,
        selected=selected,
        title=f"No {title}",
    )


def errors(frame: pd.DataFrame, theme: str = "light", selected: Collection[str] = ()) -> go.Figure:
    """Bars of ``Store.errors``: code, message, pictures; a click selects the code."""
    names = [
        f"<b>{escape_plotly(code)}</b><br>{escape_plotly(message, 46)}"
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
    name_rows(fig, look, names, 13 if failure else 14)
    room = 1.08 + 0.02 * len(f"{max(pictures):,}")  # for the number behind the longest bar
    fig.update_xaxes(range=[0, max(pictures) * room])
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
    return tiles(frame, "category", "pictures", theme, selected)


def face_traits(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[tuple[str, str]] = ()
) -> go.Figure:
    """Tiles of ``Store.face_traits``: trait, likelihood, faces; ``customdata`` is the pair."""
    return tiles(frame, "trait", "faces", theme, selected)
