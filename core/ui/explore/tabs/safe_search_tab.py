"""The tab of safe search: the distribution, what if, and the pictures that would be flagged."""

from __future__ import annotations

from dataclasses import replace

from core.app.hub import Hub
from core.results.charts.catalogue import BY_KEY
from core.results.figures.sheet import label_bars
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.explore.panels import what_if
from core.ui.explore.tabs.panes import Drawn, beside_sheet, drawn, show_chart

TOP = 9


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    policy = url_state.policy()
    flagged = replace(now, safe=policy.thresholds, safe_is=()) if policy.thresholds else None
    count = store.count(flagged) if flagged is not None else 0

    def charts() -> None:
        show_chart(BY_KEY["safe"], store, now)
        what_if.show_what_if(store, now)
        if flagged is not None and count:
            _show_by_label(store, flagged)

    if not count:
        title = "None flagged"
        beside_sheet(hub, what, store, now, charts, caption="safe", title=title, usual="safe")
        return
    beside_sheet(
        hub, what, store, now, charts, shown=flagged, caption="safe", title="Flagged", usual="safe"
    )


def _show_by_label(store: Store, flagged: Filters) -> None:
    if not store.tables["labels"].num_rows:
        return

    def draw(theme: str) -> Drawn:
        frame = store.specific().count(store.mask(flagged, None), flagged.score, TOP)
        frame = frame[frame["pictures"] > 0].reset_index(drop=True)
        return Drawn(label_bars(frame, theme, flagged.labels), frame)

    figure, frame, _ = drawn(store, ("flagged labels", flagged), draw)
    if not frame.empty:
        title, key = "Flagged, by label", "flagged_labels"
        show_heading(title, frame, key)
        changed = url_state.on_click(key, lambda now, label: now.toggled("labels", label))
        show_figure(figure, title, key, chosen=changed)
