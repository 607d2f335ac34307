"""The first tab: labels, colours and safe search in a third, the contact sheet beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.results.figures.sheet import label_bars, palette_strip, safe_tiles
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES
from core.ui.components import url_state
from core.ui.explore.panes import NARROW, Chart, beside_sheet, drawn, show_chart, toggle

LABELS = 12
FEWER_LABELS = 8  # where safe search needs the room of several categories


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""

    def charts() -> None:
        safe = _safe(store, now)
        rows = FEWER_LABELS if safe["category"].nunique() > 1 else LABELS
        _show_labels(store, now, rows, live=what.live)
        _show_colours(store, now, live=what.live)
        _show_safe(store, now, safe, live=what.live)

    beside_sheet(hub, what, store, now, charts, widths=NARROW)


def _note(store: Store, now: Filters, without: str | None, *, live: bool) -> str:
    count = store.count(now, without)
    if live:
        return f"so far, of {count:,}"
    return "" if count == store.tables.pictures else f"of the {count:,}"


def _show_labels(store: Store, now: Filters, rows: int, *, live: bool) -> None:
    if not store.tables["labels"].num_rows:
        return

    def draw(theme: str) -> Chart:
        mask, specific = store.mask(now, None), store.specific()
        frame = specific.count(mask, now.score, rows, now.labels)
        there = specific.present(mask, now.score)
        note = f"most specific, {min(rows, there)} of {there:,}"
        return Chart(label_bars(frame, theme, now.labels, grows=live), frame, note)

    chart = drawn(store, ("sheet labels", now, rows, live), draw)
    note = _note(store, now, None, live=True) if live else chart.note
    change = narrowing(store)
    show_chart("Labels", chart.figure, chart.frame, "labels", change, note=note, table=not live)


def narrowing(store: Store) -> Callable[[Filters, Any], Filters]:
    """A click on a label leaves the pictures that have it too; if none has, it adds those that do.

    A second click takes the label away again.
    """

    def change(now: Filters, label: Any) -> Filters:
        changed = replace(now.toggled("labels", label), match="any")
        every = replace(changed, match="all")
        fewer = len(changed.labels) < len(now.labels)
        if len(changed.labels) < 2 or (fewer and now.match == "any"):
            return changed
        return every if fewer or store.count(every) else changed

    return change


def _show_colours(store: Store, now: Filters, *, live: bool) -> None:
    def draw(theme: str) -> Chart:
        frame = store.palette_batch(now)
        if frame.empty:
            return Chart(None, frame)
        everything = replace(Filters.empty(), palette_no_greys=now.palette_no_greys)
        return Chart(palette_strip(frame, store.palette_batch(everything), theme, now.color), frame)

    figure, frame, _ = drawn(store, ("sheet colours", now), draw)
    if figure is None:
        return
    note = _note(store, now, "color", live=live)
    show_chart("Colours", figure, frame, "palette", toggle_color, note=note, table=not live)
    about = "~" if live else ""
    swatches = [
        f"<span><i style='background:{color}'></i><code>{color}</code> {about}{share:.0%}</span>"
        for color, share in zip(frame["hex"], frame["share"], strict=True)
    ]
    st.html(f"<div class='swatches'>{''.join(swatches)}</div>")  # of our own tables' numbers


def toggle_color(now: Filters, value: Any) -> Filters:
    """A click on a colour narrows to its neighbours, and a second one no longer."""
    color, tolerance = value
    if now.color == color:
        return now.without("color")
    return replace(now, color=color, tolerance=float(tolerance))


def _safe(store: Store, now: Filters) -> pd.DataFrame:
    """Judged categories by likelihood. Columns: category, likelihood, pictures, whole."""

    def count() -> pd.DataFrame:
        whole = store.once("whole safe search", lambda: store.safe_search(Filters.empty()))
        frame = store.safe_search(now, without=None).assign(whole=whole["pictures"])
        known = frame[frame["likelihood"] != LIKELIHOODS[0]].groupby("category")["whole"].sum()
        judged = [name for name in SAFE_CATEGORIES if known.get(name, 0)]
        return frame[frame["category"].isin(judged)].reset_index(drop=True)

    return store.answer(("judged", now), count)


def _show_safe(store: Store, now: Filters, frame: pd.DataFrame, *, live: bool) -> None:
    if not store.tables["safe_search"].num_rows:
        return
    judged = list(dict.fromkeys(frame["category"]))

    def draw(theme: str) -> Chart:
        row = 40 if len(judged) == 1 else 30
        return Chart(safe_tiles(frame, theme, now.safe_is, row=row, grows=live), frame)

    figure = drawn(store, ("sheet safe", now, live), draw).figure
    note = _note(store, now, None, live=live)
    change = toggle("safe_is")
    show_chart("Safe search", figure, frame, "safe", change, note=note, table=not live)
    if missing := [name for name in SAFE_CATEGORIES if name not in judged]:
        st.caption(f"Not judged in this batch: {', '.join(missing)}.")
