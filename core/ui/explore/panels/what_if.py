"""What other safe-search thresholds would flag: counted live, chosen in the URL as a policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.results.analysis.what_if import WhatIf, what_if
from core.results.figures.what_if import flagged, thresholds
from core.results.query.filters import Filters
from core.results.query.safe_policy import THRESHOLDS, USUAL, SafePolicy
from core.results.query.store import Store
from core.results.vocabulary import SAFE_CATEGORIES
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.style import theme

TITLE = "Safe search: what if"
NEVER = "never"


def show_what_if(store: Store, now: Filters) -> None:
    """Thresholds, what each of them would flag, and what they flag together."""
    policy = url_state.policy()
    outcome = what_if(store, now, policy)
    if not outcome.judged and policy == USUAL:
        return
    show_heading(TITLE, outcome.steps, "what_if")
    st.caption(
        "How many pictures each category would flag from each likelihood on; click one to choose "
        "it. What the chosen ones flag is blurred on the sheet until somebody asks to see it."
    )
    judged = outcome.judged_categories
    for category, place in zip(judged, st.columns(len(SAFE_CATEGORIES)), strict=False):
        with place:
            _choose(category, policy)
    show_figure(
        thresholds(outcome, theme()),
        TITLE,
        "chart_what_if",
        chosen=url_state.on_pick("chart_what_if", _pick),
    )
    _show_together(outcome, store, now, policy)


def _choose(category: str, policy: SafePolicy) -> None:
    key = f"policy_{category}"
    st.session_state[key] = policy.least(category) or NEVER

    def changed() -> None:
        level = st.session_state[key]
        url_state.set_policy(
            url_state.policy().changed(category, None if level == NEVER else level)
        )

    st.selectbox(
        f"{category.capitalize()} from",
        [NEVER, *THRESHOLDS],
        format_func=lambda name: name.replace("_", " ").lower(),
        key=key,
        on_change=changed,
    )


def _pick(value: Any) -> None:
    """A click on a tile: its threshold is chosen, or taken back if it was."""
    category, least = value
    now = url_state.policy()
    url_state.set_policy(now.changed(category, None if now.least(category) == least else least))


def _show_together(outcome: WhatIf, store: Store, now: Filters, policy: SafePolicy) -> None:
    title = "Flagged by the chosen thresholds"
    judged = outcome.judged_categories  # what nobody judged can flag nothing
    asked = tuple(one for one in policy.thresholds if one[0] in judged)
    chosen = replace(now, safe=asked, safe_is=())
    with st.container(key="what_if_result", horizontal=True, vertical_alignment="center"):
        usual = outcome.flagged if policy == USUAL else what_if(store, now, USUAL).flagged
        part = f", {outcome.flagged / outcome.judged:.1%}" if outcome.judged else ""
        st.markdown(
            f"**{outcome.flagged:,}** of {outcome.judged:,} flagged{part}  \n"
            f"usual thresholds: {usual:,}",
            width="content",
        )
        st.space("stretch")
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            disabled=policy == USUAL,
            help="Back to the usual thresholds.",
            on_click=url_state.set_policy,
            args=(USUAL,),
        )
        st.button(
            "Keep as filter",
            icon=":material/filter_alt:",
            type="primary",
            disabled=not outcome.flagged or now == chosen,
            help="Narrows everything to pictures that any of the thresholds flags.",
            on_click=url_state.set_filters,
            args=(chosen,),
        )
    show_heading(title, outcome.chosen, "flagged")
    show_figure(flagged(outcome, theme()), title, "chart_flagged", chosen=None)
