"""The Compare page's numbers and charts: how far both sides agree, and what changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.results.compare.comparison import FEATURES, OVERALL, Comparison
from core.results.figures import comparison
from core.results.query.store import Store
from core.results.vocabulary import SAFE_CATEGORIES
from core.ui.compare.choice import SIDES, matched_by, ranked_by, set_view
from core.ui.components.chart_card import show_figure, show_heading, show_table
from core.ui.components.style import theme
from core.ui.components.url_state import on_pick
from core.ui.components.widgets import empty_state, escape_markdown

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_ROWS = 1_000  # in a table of pictures
ALL = "All features"


def show_faults(sides: tuple[Store, Store]) -> None:
    """Shards that could not be used, on either side."""
    for side, store in zip(SIDES, sides, strict=True):
        for fault in store.tables.faults:
            st.warning(
                f"{side.capitalize()}: {escape_markdown(str(fault))}",
                icon=":material/broken_image:",
            )


def show_matching(comparison: Comparison) -> bool:
    """How pictures were matched; False, with a way out shown, if there are no pairs."""
    matching = comparison.matching
    alone = len(matching.only_left), len(matching.only_right)
    if not len(matching):
        empty_state(
            ":material/join_inner:",
            "Nothing in common",
            f"No picture of the {alone[0]:,} on the left has the content, the address or the name "
            f"of one of the {alone[1]:,} on the right.",
        )
        if min(alone) and matched_by() != "position":
            st.button(
                "Match them by their place in the request",
                icon=":material/format_list_numbered:",
                on_click=set_view,
                kwargs={"match": "position"},
            )
        return False
    ways = [f"{n:,} by {how}" for how, n in matching.counts.items() if n]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"{len(matching):,} pictures matched: {', '.join(ways)}.")
        if matched_by() == "position":
            st.button(
                "Match by content, address and name",
                type="tertiary",
                icon=":material/link:",
                on_click=set_view,
                kwargs={"match": ""},
            )
    if matching.differing:
        differ = f"{matching.differing:,} matched pair{'s' * (matching.differing != 1)}"
        st.caption(
            f":material/difference: {differ} with different files: they have the same name or "
            "place, and another content."
        )
    if any(alone):
        title = f"Only on the left: {alone[0]:,}. Only on the right: {alone[1]:,}."
        with st.expander(title, icon=":material/join_left:"):
            for side, column, paths in zip(
                SIDES, st.columns(2), (matching.only_left, matching.only_right), strict=True
            ):
                rows = pd.DataFrame({"picture": [path or "(no address)" for path in paths]})
                with column:
                    show_table(f"Only on the {side}", rows, f"only_{side}", most=MOST_ROWS)
    return True


def show_numbers(comparison: Comparison) -> None:
    """The whole in a few numbers."""
    change = comparison.pairs[OVERALL].dropna()
    agreement = f"{1 - change.mean():.1%}" if len(change) else "–"
    errors = comparison.summary[comparison.summary["feature"] == "errors"]
    left, right = (int(errors[side].sum()) for side in SIDES)
    pictures, agree, changed, failed = st.columns(4)
    pictures.metric("Pictures on both sides", f"{len(comparison.pairs):,}", border=True)
    agree.metric(
        "Agreement", agreement, border=True, help="Mean over pictures, of all features compared."
    )
    changed.metric("Pictures that differ", f"{len(comparison.ranked()):,}", border=True)
    failed.metric("Errors, left and right", f"{left:,} · {right:,}", border=True)


def show_agreement(found: Comparison) -> str:
    """Agreement of every feature, and of pictures in the chosen one; returns the chosen one."""
    by = ranked_by(found)
    st.session_state["compare_by"] = by
    titles = {OVERALL: ALL} | {name: FEATURES[name][0] for name in found.features}
    st.segmented_control(
        "Look at",
        list(titles),
        format_func=titles.__getitem__,
        required=True,
        key="compare_by",
        on_change=_by_chosen,
    )
    left, right = st.columns(2, gap="large")
    with left:
        chart = comparison.agreement(found.summary, theme(), by)
        _panel(
            "Agreement by feature",
            chart,
            _summary_table(found),
            "compare_agreement",
            _feature_clicked,
        )
        for row in found.summary[found.summary["state"] != "both"].to_dict("records"):
            side, title = row["state"], row["title"]
            st.caption(
                f"{title}: only the {side} has any, for {row[side]:,} pictures; not counted."
            )
    with right:
        values = 1 - found.pairs[OVERALL] if by == OVERALL else found.pairs[by]
        chart = comparison.spread(values.tolist(), theme())
        title = f"Pictures by agreement: {titles[by].lower()}"
        bins = comparison.agreement_bins(values.tolist())
        show_heading(title, bins, "compare_spread")
        show_figure(chart, title, "compare_spread", chosen=None)
        if by != OVERALL:
            detail = found.summary.set_index("feature").loc[by, "detail"]
            st.caption(f"Counted: {FEATURES[by][1]}. {str(detail).capitalize()}")
        else:
            st.caption("The mean of the features that a picture has on either side.")
    return by


def _by_chosen() -> None:
    chosen = st.session_state["compare_by"]
    set_view(by="" if chosen == OVERALL else chosen, name="")


def _summary_table(comparison: Comparison) -> pd.DataFrame:
    return comparison.summary.drop(columns="feature").rename(
        columns={"title": "feature", "pictures": "compared", "same": "wholly the same"}
    )


def show_changes(comparison: Comparison, by: str) -> None:
    """What changed in the chosen feature, or in those that say most."""
    if by in comparison.names:
        _show_names(comparison, by)
    elif by == "safe":
        _show_safe(comparison)
    elif by == "errors":
        st.subheader("Errors, left and right")
        show_table("Errors, left and right", comparison.error_moves, "compare_errors")
    elif by == OVERALL:
        left, right = st.columns(2, gap="large")
        if "labels" in comparison.features:
            with left:
                _show_names(comparison, "labels")
        if "safe" in comparison.features:
            with right:
                _show_safe(comparison)


def _show_names(found: Comparison, feature: str) -> None:
    frame = found.names[feature]
    chart = comparison.gained_and_lost(frame, theme())
    title = f"{FEATURES[feature][0]} gained and lost"
    key = f"compare_names_{feature}"
    _panel(title, chart, frame, key, partial(_name_clicked, feature))
    st.markdown(
        ":orange[Amber: only on the left.] :blue[Blue: only on the right.] "
        "Click a bar for its pictures."
    )


def _show_safe(found: Comparison) -> None:
    moves = found.safe_moves[found.safe_moves["pictures"] > 0]
    moved = moves[moves["left"] != moves["right"]].groupby("category")["pictures"].sum()
    wanted = st.query_params.get("category", "")
    category = wanted if wanted in SAFE_CATEGORIES else SAFE_CATEGORIES[0]
    st.session_state["compare_category"] = category
    chart = comparison.likelihood_moves(found.safe_moves, category, theme())
    with st.container():
        show_heading("Safe search: left likelihood against right", moves, "compare_moves")
        st.segmented_control(
            "Category, with how many pictures moved",
            list(SAFE_CATEGORIES),
            format_func=lambda name: f"{name.capitalize()} · {int(moved.get(name, 0)):,}",
            required=True,
            key="compare_category",
            on_change=lambda: set_view(category=st.session_state["compare_category"]),
        )
        title = f"Likelihoods of {category}, left against right"
        show_figure(chart, title, f"compare_safe_{category}", chosen=None)


def _panel(
    title: str, figure: go.Figure, frame: pd.DataFrame, key: str, choose: Callable[[str], None]
) -> None:
    show_heading(title, frame, key)
    show_figure(figure, title, key, chosen=on_pick(key, lambda value: choose(str(value))))


def _feature_clicked(feature: str) -> None:
    """A click on a bar looks at its feature; a second one at all again."""
    set_view(by="" if st.query_params.get("by") == feature else feature, name="")


def _name_clicked(feature: str, name: str) -> None:
    """A click on a name narrows the pictures to it; a second one shows all again."""
    set_view(by=feature, name="" if st.query_params.get("name") == name else name)
