"""Figures of ``what_if.WhatIf``: every threshold's count, and what the chosen ones do together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.results.figures.drawing import empty_figure, figure
from core.results.figures.tiles import tiles, words
from core.results.query.safe_policy import THRESHOLDS
from core.results.theme import NO_MATCH, Theme, mixed
from core.results.vocabulary import SAFE_CATEGORIES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.results.analysis.what_if import WhatIf


def thresholds(what_if: WhatIf, theme: str = "light") -> go.Figure:
    """A tile for each category and threshold; the policy's own are ringed.

    ``customdata`` is [category, threshold].
    """
    chosen = zip(what_if.chosen["category"], what_if.chosen["threshold"], strict=True)
    return tiles(
        what_if.steps[what_if.steps["category"].isin(what_if.judged_categories)],
        "category",
        "pictures",
        theme,
        [pair for pair in chosen if pair[1]],
        levels=THRESHOLDS,
        wholes=dict.fromkeys(SAFE_CATEGORIES, what_if.judged),
        joint=" from",
    )


def flagged(what_if: WhatIf, theme: str = "light") -> go.Figure:
    """A bar for each category: what it alone flags, then what others flag as well.

    ``customdata`` is the category.
    """
    frame = what_if.chosen_judged
    if not what_if.judged:
        return empty_figure(theme, "Nothing judged", NO_MATCH)
    if frame.empty:
        return empty_figure(theme, "Nothing flagged", "No category has a threshold.")
    fig, look = figure(theme, 34 * len(frame) + 40)
    totals, alone = frame["pictures"].tolist(), frame["alone"].tolist()
    shared = [total - own for total, own in zip(totals, alone, strict=True)]
    ends = [f"{total:,} ({own:,} alone)" for total, own in zip(totals, alone, strict=True)]
    rows = frame["category"].tolist()
    fig.add_trace(_bars(rows, alone, "by it alone", look.accent, look))
    paler = mixed(look.accent, look.paper, 0.45)
    fig.add_trace(_bars(rows, shared, "by another as well", paler, look, ends))
    fig.update_layout(barmode="stack", barcornerradius=0)
    fig.update_xaxes(range=[0, max(1, *totals) * 1.9])  # room for the text beside the bar
    fig.update_yaxes(
        visible=True,
        autorange="reversed",
        tickvals=list(range(len(rows))),
        ticktext=[
            f"{words(name)} from {words(least).lower()}"
            for name, least in zip(rows, frame["threshold"], strict=True)
        ],
        ticks="",
        showline=False,
        automargin=True,
        tickfont={"color": look.ink, "size": 14},
    )
    return fig


def _bars(
    categories: list[str],
    pictures: list[int],
    flagged_by: str,
    color: str,
    look: Theme,
    ends: list[str] | None = None,
) -> go.Bar:
    """One part of each category's bar; ``ends`` are written where the bar ends."""
    import plotly.graph_objects as go

    return go.Bar(
        x=pictures,
        y=list(range(len(categories))),
        orientation="h",
        marker={"color": color},
        text=ends or [""] * len(categories),
        textposition="outside",
        cliponaxis=False,
        constraintext="none",
        textfont={"color": look.muted, "size": 13},
        customdata=categories,
        hovertext=[
            f"<b>{words(name)}</b><br>{n:,} pictures flagged {flagged_by}"
            for name, n in zip(categories, pictures, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
