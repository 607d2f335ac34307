"""Figures of ``what_if.WhatIf``: every threshold's count, and what the chosen ones do together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.results.figures.tiles import tiles, words
from core.results.query.safe_policy import THRESHOLDS
from core.results.theme import NO_MATCH, empty_figure, figure, mixed
from core.results.vocabulary import SAFE_CATEGORIES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.results.analysis.what_if import WhatIf


def thresholds(found: WhatIf, theme: str = "light") -> go.Figure:
    """A tile for each category and threshold; the policy's own are ringed.

    ``customdata`` is [category, threshold].
    """
    chosen = zip(found.chosen["category"], found.chosen["threshold"], strict=True)
    return tiles(
        found.steps[found.steps["category"].isin(found.judged_categories)],
        "category",
        "pictures",
        theme,
        [pair for pair in chosen if pair[1]],
        levels=THRESHOLDS,
        wholes=dict.fromkeys(SAFE_CATEGORIES, found.judged),
        joint=" from",
    )


def flagged(found: WhatIf, theme: str = "light") -> go.Figure:
    """A bar for each category: what it alone flags, then what others flag as well.

    ``customdata`` is the category.
    """
    import plotly.graph_objects as go

    frame = found.chosen_judged
    if not found.judged:
        return empty_figure(theme, "Nothing judged", NO_MATCH)
    if frame.empty:
        return empty_figure(theme, "Nothing flagged", "No category has a threshold.")
    fig, look = figure(theme, 34 * len(frame) + 40)
    rows = frame["category"].tolist()
    totals, alone = frame["pictures"].tolist(), frame["alone"].tolist()
    shared = [n - own for n, own in zip(totals, alone, strict=True)]
    parts = (
        ("by it alone", alone, look.accent, [""] * len(rows)),
        (
            "by another as well",
            shared,
            mixed(look.accent, look.paper, 0.45),
            [f"{n:,} ({own:,} alone)" for n, own in zip(totals, alone, strict=True)],
        ),
    )
    for said, values, color, texts in parts:
        fig.add_trace(
            go.Bar(
                x=values,
                y=list(range(len(rows))),
                orientation="h",
                marker={"color": color},
                text=texts,
                textposition="outside",
                cliponaxis=False,
                constraintext="none",
                textfont={"color": look.muted, "size": 13},
                customdata=rows,
                hovertext=[
                    f"<b>{words(name)}</b><br>{n:,} pictures flagged {said}"
                    for name, n in zip(rows, values, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    fig.update_layout(barmode="stack", barcornerradius=0)
    fig.update_xaxes(range=[0, max(1, *totals) * 1.9])  # room for what stands beside
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
