"""The tab of safe search: the distribution, what if, and the pictures that would be flagged."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.app.hub import Hub
from core.results.figures import bars
from core.results.figures.sheet import label_bars
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES
from core.ui.components import url_state
from core.ui.explore import what_if
from core.ui.explore.panes import Chart, beside_sheet, drawn, show_chart, toggle

TOP = 9


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    policy = url_state.policy()
    flagged = replace(now, safe=policy.thresholds, safe_is=()) if policy.thresholds else None
    count = store.count(flagged) if flagged is not None else 0

    def charts() -> None:
        frame = store.answer(("safe search", now), lambda: store.safe_search(now))
        judged = int(frame["pictures"].sum()) // len(SAFE_CATEGORIES)
        known = frame[frame["likelihood"] != LIKELIHOODS[0]].groupby("category")["pictures"].sum()
        silent = [name for name in SAFE_CATEGORIES if not known.get(name, 0)]
        shown = frame[~frame["category"].isin(silent)].reset_index(drop=True)

        def draw(theme: str) -> Chart:
            return Chart(bars.safe_search(shown, theme, now.safe_is), frame)

        figure = drawn(store, ("safe search", now), draw).figure
        show_chart(
            "Distribution", figure, frame, "safe_all", toggle("safe_is"), note=f"{judged:,} judged"
        )
        if silent:
            with st.container(key="safe_silent"):
                st.markdown(
                    f":material/info: **Not judged:** {', '.join(silent)}. The engine says UNKNOWN "
                    "for every picture; that is no finding."
                )
        what_if.show_what_if(store, now)
        if flagged is not None and count:
            _show_by_label(store, flagged)

    if not count:
        title = "Nothing is flagged by these thresholds"
        beside_sheet(hub, what, store, now, charts, caption="safe", title=title, usual="safe")
        return
    beside_sheet(
        hub, what, store, now, charts, shown=flagged, caption="safe", title="Flagged", usual="safe"
    )


def _show_by_label(store: Store, flagged: Filters) -> None:
    if not store.tables["labels"].num_rows:
        return

    def draw(theme: str) -> Chart:
        frame = store.specific().count(store.mask(flagged, None), flagged.score, TOP)
        frame = frame[frame["pictures"] > 0].reset_index(drop=True)
        return Chart(label_bars(frame, theme, flagged.labels), frame)

    figure, frame, _ = drawn(store, ("flagged labels", flagged), draw)
    if not frame.empty:
        show_chart("Flagged, by label", figure, frame, "flagged_labels", toggle("labels"))
