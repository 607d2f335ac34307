"""The map of pictures as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.results.theme import NO_MATCH, Look, empty_figure, figure, plain

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

HEIGHT = 560  # pixels
NAMED = 7  # labels with a colour of their own
OTHER = "Other labels"
UNLABELLED = "No label"
_MARK, _FAINT = 8, 5  # pixels


def embedding(frame: pd.DataFrame, theme: str = "light", colored: str = "label") -> go.Figure:
    """A mark for each picture; those that do not pass the filters are faint and say nothing.

    ``customdata`` is the picture's id.

    Args:
        frame: of ``embedding.described``.
        colored: "label": by the most frequent best labels; "hex": each by its own colour.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty_figure(theme, "No picture has a vector", NO_MATCH)
    fig, look = figure(theme, HEIGHT)
    aside = frame[~frame["passes"]]
    if len(aside):
        fig.add_trace(
            go.Scatter(
                x=aside["x"],
                y=aside["y"],
                mode="markers",
                marker={"size": _FAINT, "color": look.line},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    shown = frame[frame["passes"]]
    for name, color, part in _groups(shown, look, colored):
        fig.add_trace(_marks(part, name, color, look))
    fig.update_layout(
        showlegend=colored == "label",
        dragmode="lasso",
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        newselection={"line": {"color": look.accent, "width": 2}},
    )
    fig.update_xaxes(range=[-1.06, 1.06])
    fig.update_yaxes(range=[-1.06, 1.06], scaleanchor="x")
    return fig


def _groups(
    shown: pd.DataFrame, look: Look, colored: str
) -> list[tuple[str, str | Sequence[str], pd.DataFrame]]:
    """Name, colours and rows of each trace; what is common is drawn first, so below."""
    if colored == "hex":
        return [("", [color or look.blank for color in shown["hex"]], shown)]
    labelled = shown[shown["label"] != ""]
    common = labelled["label"].value_counts(sort=True).index[:NAMED].tolist()
    colors = dict(zip(common, look.groups, strict=False))
    rest = labelled[~labelled["label"].isin(common)]
    found = [
        (UNLABELLED, look.muted, shown[shown["label"] == ""]),
        (OTHER, look.muted, rest),
        *((name, color, shown[shown["label"] == name]) for name, color in colors.items()),
    ]
    return [group for group in found if len(group[2])]


def _marks(part: pd.DataFrame, name: str, color: str | Sequence[str], look: Look) -> go.Scatter:
    import plotly.graph_objects as go

    hollow = name == UNLABELLED  # told from other labels by more than a colour
    edge = look.paper if isinstance(color, str) else look.muted
    return go.Scatter(
        x=part["x"],
        y=part["y"],
        mode="markers",
        name=f"{plain(name, 24)} ({len(part):,})",
        marker={
            "size": _MARK,
            "color": color,
            "opacity": 0.9,
            "symbol": "circle-open" if hollow else "circle",
            "line": {"color": edge, "width": 1.6 if hollow else 0.7},
        },
        selected={"marker": {"size": _MARK + 3, "opacity": 1}},
        unselected={"marker": {"opacity": 0.35}},
        customdata=part["picture"],
        hovertext=[
            f"<b>{plain(uri.rpartition('/')[2])}{f', page {page}' if page else ''}</b>"
            f"<br>{plain(label) or UNLABELLED}"
            for uri, page, label in zip(part["uri"], part["page"], part["label"], strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
