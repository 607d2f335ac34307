"""The figure of the label hierarchy: bars, indented by how special a term is.

Bars and not a treemap: a picture with a dog and a cat counts once under "animal", so the parts of
a whole add up to more than it, which areas would hide.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from core.results.figures.drawing import empty_figure, figure
from core.results.theme import NO_MATCH, Theme, escape_plotly, mixed

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ROW = 24  # pixels a bar
NAMES = 0.42  # of the width, for the names
STEP = 0.03  # of the width, a level


def most_telling(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of ``LabelHierarchy.count`` with the most pictures, with all that is above them.

    No row is taken before the one above it; of equals the broader and the earlier first.
    """
    # A row never has more pictures than the one above, so this order keeps ways up whole.
    order = frame.reset_index().sort_values(
        ["pictures", "depth", "index"], ascending=[False, True, True]
    )
    return frame.loc[sorted(order["index"].head(most))].reset_index(drop=True)


def label_hierarchy(
    frame: pd.DataFrame, theme: str = "light", selected: Collection[str] = ()
) -> go.Figure:
    """Bars of some rows of ``LabelHierarchy.count``: node, depth, pictures, labels.

    ``customdata`` is the node's name.

    Args:
        selected: nodes in the filter; the others are dimmed.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No labels", NO_MATCH)
    fig, look = figure(theme, ROW * len(frame) + 24)
    nodes = frame["node"].tolist()
    depths, pictures = frame["depth"].tolist(), frame["pictures"].tolist()
    shades = [mixed(look.accent, look.paper, max(0.4, 1 - 0.15 * depth)) for depth in depths]
    fig.add_trace(
        go.Bar(
            x=pictures,
            y=list(range(len(nodes))),
            orientation="h",
            text=[f"{n:,}" for n in pictures],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": look.muted, "size": 13},
            marker={
                "color": [
                    shade if not selected or node in selected else mixed(shade, look.paper, 0.35)
                    for node, shade in zip(nodes, shades, strict=True)
                ]
            },
            customdata=nodes,
            hovertext=[
                f"<b>{escape_plotly(node)}</b><br>{n:,} pictures, "
                f"{labels:,} label{'s' * (labels != 1)}"
                for node, n, labels in zip(nodes, pictures, frame["labels"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    # Annotations, since an axis aligns its own names at the bars, which hides the indentation.
    fig.update_layout(annotations=_named(nodes, depths, look))
    fig.update_yaxes(range=[len(nodes) - 0.5, -0.5])
    fig.update_xaxes(range=[0, max(pictures) * 1.15], domain=[NAMES, 1])
    return fig


def _named(nodes: list[str], depths: list[int], look: Theme) -> list[dict[str, Any]]:
    """The rows' names. Set at once, since one by one each costs more than the one before."""
    return [
        {
            "text": escape_plotly(node, 30) if depth else f"<b>{escape_plotly(node, 30)}</b>",
            "x": STEP * depth,
            "y": row,
            "xref": "paper",
            "xanchor": "left",
            "showarrow": False,
            "font": {"color": look.ink, "size": 14},
        }
        for row, (node, depth) in enumerate(zip(nodes, depths, strict=True))
    ]
