"""The Compare page's numbers and charts: how far both sides agree, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd
import streamlit as st

from core.results.analysis.sentence import amount
from core.results.compare.comparison import FEATURES, OVERALL, SAME, Comparison
from core.results.figures import comparison
from core.results.figures.tiles import words
from core.results.query.store import Store
from core.results.vocabulary import SAFE_CATEGORIES
from core.ui.compare.choice import SIDES, Names, matched_by, ranked_by, set_view
from core.ui.components.chart_card import show_csv, show_figure, show_heading, show_table
from core.ui.components.chart_keys.chart_keys import show_chart_keys
from core.ui.components.style import theme
from core.ui.components.url_state import on_pick
from core.ui.components.widgets import empty_state, escape_markdown

MOST_ROWS = 1_000  # in a table of pictures
ALL = "All features"
MOST_MOVES = 3  # of safe search, in one sentence


def show_faults(sides: tuple[Store, Store], names: Names) -> None:
    """Shards that could not be used, on either side."""
    for name, store in zip(names, sides, strict=True):
        for fault in store.tables.faults:
            st.warning(
                f"{escape_markdown(name)}: {escape_markdown(str(fault))}",
                icon=":material/broken_image:",
            )


def show_matching(comparison: Comparison, names: Names, store: Store) -> bool:
    """How pictures were matched; False, with a way out shown, if there are no pairs.

    Args:
        store: one side's.
    """
    matching = comparison.matching
    alone = len(matching.only_left), len(matching.only_right)
    left, right = map(escape_markdown, names)
    if not len(matching):
        empty_state(
            ":material/join_inner:",
            "Nothing in common",
            f"No picture of the {alone[0]:,} of {left} has the content, the address or the name "
            f"of one of the {alone[1]:,} of {right}.",
        )
        if min(alone) and matched_by() != "position":
            st.button(
                "Match them by their place in the request",
                icon=":material/format_list_numbered:",
                on_click=set_view,
                kwargs={"match": "position"},
            )
        return False
    with st.container(
        key="compare_matching", horizontal=True, vertical_alignment="center", gap="small"
    ):
        st.markdown(f"**{amount(store, len(matching))} in both**", width="content")
        ways = [f"{n:,} matched by {how}" for how, n in matching.counts.items() if n]
        st.caption(", ".join(ways), width="content")
        if matched_by() == "position":
            st.button(
                "Match by content, address and name",
                type="tertiary",
                icon=":material/link:",
                on_click=set_view,
                kwargs={"match": ""},
            )
        if any(alone):
            _show_alone(comparison, names)
    if matching.differing:
        differ = f"{matching.differing:,} matched pair{'s' * (matching.differing != 1)}"
        st.caption(
            f":material/difference: {differ} with different files: they have the same name or "
            "place, and another content."
        )
    return True


def _show_alone(comparison: Comparison, names: Names) -> None:
    """Pictures that only one side has: their count, and by name when somebody opens it."""
    listed = comparison.matching.only_left, comparison.matching.only_right
    counts = (
        f"{len(paths):,} only in {escape_markdown(name)}"
        for name, paths in zip(names, listed, strict=True)
        if paths
    )
    with st.popover(", ".join(counts), icon=":material/join_left:", type="tertiary"):
        for name, side, paths in zip(names, SIDES, listed, strict=True):
            if paths:
                rows = pd.DataFrame({"picture": [path or "(no address)" for path in paths]})
                st.markdown(f"**Only in {escape_markdown(name)}**")
                show_table(f"Only on the {side}", rows, f"only_{side}", most=MOST_ROWS)


def show_agreement(both: Comparison, names: Names) -> None:
    """How many pictures are unchanged, in all and in each feature; a click looks at a feature."""
    by = ranked_by(both)
    titles = {OVERALL: ALL} | {name: FEATURES[name][0] for name in both.features}
    show_heading("Agreement", _summary_table(both), "compare_agreement")
    change = both.pairs[OVERALL]
    compared = int(change.notna().sum())
    unchanged = compared - len(both.ranked())
    st.metric(
        f"picture{'s' * (compared != 1)} unchanged",
        f"{unchanged:,} of {compared:,}",
        help=f"Of all features compared; mean agreement {1 - change.mean():.1%}."
        if compared
        else "Nothing could be compared.",
    )
    if nothing := len(change) - compared:
        st.caption(f"{nothing:,} more have no feature on both sides.")
    chart = comparison.agreement(both.summary, theme(), by)
    picked = on_pick("compare_agreement", lambda value: _feature_clicked(str(value)))
    show_figure(chart, "Agreement by feature", "compare_agreement", chosen=picked)
    show_chart_keys()
    for row in both.summary[both.summary["state"] != "both"].to_dict("records"):
        side = row["state"]
        name = escape_markdown(names[SIDES.index(side)])
        st.caption(f"{row['title']}: only {name} has any, for {row[side]:,} pictures; not counted.")
    _choose_feature(titles, by)
    detail = "The mean of the features that a picture has on either side."
    if by != OVERALL:
        said = str(both.summary.set_index("feature").loc[by, "detail"])
        detail = f"Counted: {FEATURES[by][1]}. {said.capitalize()}"
    st.caption(detail)
    spread = st.expander(
        f"Pictures by agreement: {titles[by].lower()}", key="compare_spread", on_change="rerun"
    )
    if spread.open:
        with spread:
            values = 1 - change if by == OVERALL else both.pairs[by]
            figure = comparison.spread(values.tolist(), theme())
            show_figure(figure, "Pictures by agreement", "compare_spread_figure", chosen=None)
            bins = comparison.agreement_bins(values.tolist())
            show_csv("Pictures by agreement", bins, "compare_spread_bins")


def _choose_feature(titles: Mapping[str, str], by: str) -> None:
    st.session_state["compare_by"] = by
    st.pills(
        "Look at",
        list(titles),
        format_func=titles.__getitem__,
        required=True,
        key="compare_by",
        on_change=_by_chosen,
    )


def _by_chosen() -> None:
    chosen = st.session_state["compare_by"]
    set_view(by="" if chosen == OVERALL else chosen, name="")


def _summary_table(comparison: Comparison) -> pd.DataFrame:
    return comparison.summary.drop(columns="feature").rename(
        columns={"title": "feature", "pictures": "compared", "same": "wholly the same"}
    )


def show_changes(compared: Comparison, names: Names) -> None:
    """What changed in the chosen feature, or in those that say most."""
    by = ranked_by(compared)
    if by == "errors":
        with st.container(key="compare_part_errors"):
            st.markdown("**Errors on both sides**")
            show_table("Errors, left and right", compared.error_moves, "compare_errors")
    if by in compared.names or (by == OVERALL and "labels" in compared.features):
        _show_names(compared, by if by in compared.names else "labels", names)
    if by == "safe" or (by == OVERALL and "safe" in compared.features):
        _show_safe(compared, names, opened=by == "safe")


def _show_names(compared: Comparison, feature: str, names: Names) -> None:
    frame = compared.names[feature]
    if not (frame["lost"] + frame["gained"]).any():
        return
    chart = comparison.gained_and_lost(frame, theme(), sides=names)
    title = f"{FEATURES[feature][0]} lost and gained"
    key = f"compare_names_{feature}"
    with st.container(key=f"compare_part_{feature}"):
        show_heading(title, frame, key)
        st.html(legend(names))
        picked = on_pick(key, lambda value: _name_clicked(feature, str(value)))
        show_figure(chart, title, key, chosen=picked)


def legend(names: Names, said: str = "only in ") -> str:
    """Both sides' colours and names, as HTML."""
    sides = (
        f"<span><i class='{side}'></i>{said}{escape(name)}</span>"
        for side, name in zip(SIDES, names, strict=True)
    )
    return f"<div class='sides'>{''.join(sides)}</div>"


def _show_safe(compared: Comparison, names: Names, *, opened: bool) -> None:
    with st.container(key="compare_part_safe"):
        st.markdown(f"**Safe search** {_said_of_safe(compared)}")
        if opened:
            _show_matrix(compared, names)
            return
        matrix = st.popover(
            "Likelihoods", icon=":material/grid_on:", key="compare_matrix", on_change="rerun"
        )
        if matrix.open:
            with matrix:
                _show_matrix(compared, names)


def _said_of_safe(compared: Comparison) -> str:
    """How many pictures moved, and the moves that most of them made."""
    moved = int((compared.pairs["safe"] < 1 - SAME).sum())
    if not moved:
        return "No picture moved."
    moves = compared.safe_moves
    moves = moves[(moves["left"] != moves["right"]) & (moves["pictures"] > 0)]
    said = [
        f"{row['category']}, {_level(row['left'])} to {_level(row['right'])} ({row['pictures']:,})"
        for row in moves.nlargest(MOST_MOVES, "pictures").to_dict("records")
    ]
    more = " and others" if len(moves) > MOST_MOVES else ""
    return f"{moved:,} picture{'s' * (moved != 1)} moved: {'; '.join(said)}{more}."


def _level(likelihood: str) -> str:
    return words(likelihood).lower()


def _show_matrix(compared: Comparison, names: Names) -> None:
    moves = compared.safe_moves[compared.safe_moves["pictures"] > 0]
    moved = moves[moves["left"] != moves["right"]].groupby("category")["pictures"].sum()
    wanted = st.query_params.get("category", "")
    category = wanted if wanted in SAFE_CATEGORIES else SAFE_CATEGORIES[0]
    st.session_state["compare_category"] = category
    st.pills(
        "Category, with how many pictures moved",
        list(SAFE_CATEGORIES),
        format_func=lambda name: f"{name.capitalize()} · {int(moved.get(name, 0)):,}",
        required=True,
        key="compare_category",
        on_change=lambda: set_view(category=st.session_state["compare_category"]),
    )
    chart = comparison.likelihood_moves(compared.safe_moves, category, theme(), sides=names)
    title = f"Likelihoods of {category}, both sides"
    show_figure(chart, title, f"compare_safe_{category}", chosen=None)
    show_csv("Safe search, both sides", moves, "compare_moves")


def _feature_clicked(feature: str) -> None:
    """A click on a bar looks at its feature; a second one at all again."""
    set_view(by="" if st.query_params.get("by") == feature else feature, name="")


def _name_clicked(feature: str, name: str) -> None:
    """A click on a name narrows the pictures to it; a second one shows all again."""
    set_view(by=feature, name="" if st.query_params.get("name") == name else name)
