"""An answer in SQL as a chart: what its columns allow, and nothing that they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.results.figures.drawing import empty_figure, figure, name_rows
from core.results.theme import escape_plotly

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST_BARS = 50
MOST_POINTS = 5_000
ROW = 27  # pixels a bar
KINDS = ("Bars", "Line", "Points")


def numeric(frame: pd.DataFrame) -> list[str]:
    """Columns that can be measured along an axis; ``picture`` is an id."""
    return [str(name) for name in frame.select_dtypes("number").columns if str(name) != "picture"]


def suggested(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    """Kind, names' column and values' column to begin with; None if there is nothing to draw."""
    numbers = numeric(frame)
    others = [str(name) for name in frame.columns if str(name) not in {*numbers, "picture"}]
    if frame.empty or not numbers:
        return None
    if others:
        time = [name for name in others if "datetime" in str(frame[name].dtype)]
        return ("Line", time[0], numbers[0]) if time else ("Bars", others[0], numbers[0])
    return ("Points", numbers[0], numbers[1]) if len(numbers) > 1 else None


def drawn(frame: pd.DataFrame, kind: str) -> int:
    """How many of the rows, from the first on, a chart of a kind shows."""
    return min(len(frame), MOST_BARS if kind == "Bars" else MOST_POINTS)


def answer(frame: pd.DataFrame, kind: str, x: str, y: str, theme: str = "light") -> go.Figure:
    """The first rows of an answer as bars, a line or points.

    Args:
        kind: of ``KINDS``.
        x: column of names (bars) or of the horizontal axis.
        y: column of numbers.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No rows", "The question has no answer.")
    rows = frame.head(drawn(frame, kind))
    if kind == "Bars":
        return _bars(rows, x, y, theme)
    fig, look = figure(theme, 360)
    texts = rows[x].dtype.kind not in "iufM"
    fig.add_trace(
        go.Scatter(
            x=[escape_plotly(str(value)) for value in rows[x]] if texts else rows[x],
            y=rows[y],
            mode="lines+markers" if kind == "Line" else "markers",
            marker={"color": look.accent, "size": 6},
        )
    )
    for update, title in ((fig.update_xaxes, x), (fig.update_yaxes, y)):
        update(visible=True, automargin=True, showgrid=True, gridcolor=look.line)
        update(title={"text": escape_plotly(title), "font": {"color": look.muted, "size": 13}})
    return fig


def _bars(rows: pd.DataFrame, x: str, y: str, theme: str) -> go.Figure:
    import plotly.graph_objects as go

    names = ["none" if value is None else escape_plotly(str(value)) for value in rows[x]]
    fig, look = figure(theme, ROW * len(names) + 24)
    # Bars stand at row numbers, since two names may look the same once they are shortened.
    fig.add_trace(
        go.Bar(
            x=rows[y],
            y=list(range(len(names))),
            orientation="h",
            text=[f"{value:,.6g}" for value in rows[y]],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": look.muted, "size": 13},
            marker={"color": look.accent},
            hovertext=names,
            hovertemplate="%{hovertext}: %{x}<extra></extra>",
        )
    )
    name_rows(fig, look, names)
    values = rows[y].dropna()
    if len(values) and values.min() >= 0 and values.max() > 0:
        fig.update_xaxes(range=[0, float(values.max()) * 1.12])
    return fig
