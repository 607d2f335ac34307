"""The empty figure that every chart begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import plotly.graph_objects as go

from core.results.theme import FONT, LOOKS, Theme


class Drawing(go.Figure):  # type: ignore[misc]  # plotly is not typed
    """A figure that can be finished: its specification is then made once, for everybody.

    Streamlit asks for it at every run, and plotly would copy all of it each time.
    """

    _finished: dict[str, Any] | None = None

    def finish(self) -> None:
        """Make the specification; what is changed afterwards is not seen.

        A browser that has drawn it need not do so again: without a revision plotly takes arrays
        that are other objects for other data.
        """
        self.layout.datarevision = uuid4().hex
        self._finished = self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """As plotly's; of a finished figure the same one each time, not to be changed."""
        return super().to_dict() if self._finished is None else self._finished


def figure(theme: str, height: int) -> tuple[Drawing, Theme]:
    """An empty figure with the theme's layout; axes are hidden until asked for."""
    look = LOOKS[theme]
    axis: dict[str, Any] = {
        "visible": False,
        "fixedrange": True,  # charts are for choosing, not for zooming by accident
        "zeroline": False,
        "showgrid": False,
        "color": look.muted,
    }
    layout = go.Layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 6},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 14, "color": look.ink},
        hoverlabel={
            "bgcolor": look.blank,
            "bordercolor": look.line,
            "font": {"family": FONT, "size": 13, "color": look.ink},
            "align": "left",
        },
        showlegend=False,
        dragmode=False,
        xaxis=axis,
        yaxis=axis,
        bargap=0.28,
        barcornerradius=4,
        separators=". ",
    )
    return Drawing(layout=layout), look


def name_rows(fig: go.Figure, look: Theme, names: Sequence[str], size: int = 14) -> None:
    """Names, already harmless, beside rows that stand at 0, 1, ... from the top.

    Rows stand at numbers, since two names may look the same once they are shortened.
    """
    fig.update_yaxes(
        visible=True,
        autorange="reversed",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        ticks="",
        showline=False,
        automargin=True,
        tickfont={"color": look.ink, "size": size},
    )


def empty_figure(theme: str, title: str, hint: str) -> Drawing:
    """What a chart shows when there is nothing to draw: why, and what to do about it."""
    fig, look = figure(theme, 190)
    fig.add_shape(
        type="rect",
        xref="paper",
        yref="paper",
        x0=0,
        y0=0,
        x1=1,
        y1=1,
        line={"color": look.line, "width": 1.5, "dash": "dot"},
        fillcolor=look.blank,
        opacity=0.6,
        layer="below",
    )
    for text, color, size, shift in ((title, look.ink, 16, 12), (hint, look.muted, 13, -14)):
        fig.add_annotation(
            text=text,
            x=0.5,
            y=0.5,
            xref="paper",
            yref="paper",
            yshift=shift,
            showarrow=False,
            font={"color": color, "size": size},
        )
    return fig
