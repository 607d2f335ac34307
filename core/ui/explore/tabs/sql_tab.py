"""The tab of SQL: a statement, its answer as a table and a chart, and the tables beside it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.results.figures import answer as figures
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.sql.examples import examples
from core.results.sql.sandbox import MAX_SQL, QueryResult, SandboxLimits, ask
from core.results.sql.stored_tables import StoredTables, TableFacts
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading, show_table
from core.ui.components.style import theme
from core.ui.components.widgets import result_of
from core.ui.explore.sheet import picture_dialog

PARAM = "sql"  # the URL's parameter of the statement
BEGUN, ROUND = "sql_begun", "sql_round"  # what the field began with, and which field it is
MOST_SHARED = 6_000  # characters of a statement that an address can hold
MOST_SHOWN = 1_000  # rows on the page


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    tables = StoredTables.of(store, hub.settings.home)
    facts = tables.facts()
    with st.container(key="panes"):
        left, right = st.columns([448, 920], gap="medium")
        with left, st.container(key="pane_charts"):
            with st.container(key="charts_anchor"):
                st.header("Tables", anchor="charts")
            passing = store.answer(("sql rows", now), lambda: tables.passing(store.mask(now, None)))
            _show_tables(facts, passing, narrowed=not now.is_empty)
        with right, st.container(key="pane_sql"):
            sql = _statement([table.name for table in facts])
            if sql.strip():
                _show_answer(hub, what, store, now, tables, sql)
            else:
                _show_hint()


def _show_tables(facts: list[TableFacts], passing: Mapping[str, int], *, narrowed: bool) -> None:
    show_heading("Tables of this batch", None, "sql_tables")
    rows = "only pictures that pass the filters are in them" if narrowed else "all of its pictures"
    st.caption(
        f"Every table has **picture**, the id that ties them together; {rows}. "
        "A likelihood is its name and a level from 0 (UNKNOWN) to 5 (VERY_LIKELY)."
    )
    for table in facts:
        of = f"{passing[table.name]:,} of " if narrowed else ""
        title = f"{table.name} · {of}{table.rows:,} rows"
        with st.expander(title, expanded=table is facts[0], key=f"sql_table_{table.name}"):
            st.markdown("\n".join(f"- `{c.name}` {c.kind}" for c in table.columns))


def _statement(tables: list[str]) -> str:
    """The field; the statement that was asked last."""
    shared = st.query_params.get(PARAM, "")[:MAX_SQL]
    if PARAM not in st.session_state or (shared and shared != st.session_state[PARAM]):
        _begin_with(shared)  # another link, or the browser's way back
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Ask with SQL", anchor=False, width="content")
        st.space("stretch")
        shown = examples(tables)
        chosen = st.menu_button(
            "Examples", list(shown), icon=":material/lightbulb:", type="tertiary", key="sql_pick"
        )
    if chosen:
        _begin_with(shown[chosen])
        _share(shown[chosen])
    with st.form("sql_form", border=False):
        # A value set through the session's state is sent once, and lost if a run follows at once.
        typed = st.text_area(
            "Statement",
            st.session_state[BEGUN],
            key=f"sql_typed_{st.session_state[ROUND]}",
            height=140,
            max_chars=MAX_SQL,
            placeholder="SELECT label, count(*) AS pictures FROM labels GROUP BY label",
            label_visibility="collapsed",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.form_submit_button("Ask", type="primary", icon=":material/play_arrow:"):
                _share(typed or "")
            st.caption("Ctrl+Enter asks too. DuckDB's SQL; it reads these tables and nothing else.")
    asked: str = st.session_state[PARAM]
    if len(asked) > MOST_SHARED:
        st.caption("The statement is too long for a link; copy it to share it.")
    return asked


def _begin_with(sql: str) -> None:
    """A field of its own for a statement that nobody typed here."""
    st.session_state[PARAM] = st.session_state[BEGUN] = sql
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def _share(sql: str) -> None:
    """Ask a statement, and put it into the address."""
    st.session_state[PARAM] = sql
    if sql.strip() and len(sql) <= MOST_SHARED:
        st.query_params[PARAM] = sql
    else:
        st.query_params.pop(PARAM, None)


def _show_hint() -> None:
    limits = SandboxLimits()
    with st.container(key="sql_empty"):
        st.markdown(
            "Ask what no chart shows: choose one of the **Examples**, or write a SELECT. "
            f"A question may take {limits.wall_s:.0f} seconds and gives up to {limits.rows:,} rows."
        )


def _show_answer(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, tables: StoredTables, sql: str
) -> None:
    chosen = None if now.is_empty else store.ids(now)

    def work(report: Report) -> QueryResult:
        return ask(tables, sql, chosen, alive=partial(report, 0, 0))

    key = f"sql {store.fingerprint()} {store.marks.version} {now.to_params()} {sql}"
    answer = result_of(hub.exports.start(key, work), "Asking", place="sql")
    if answer is None:
        return
    frame = answer.frame
    with st.container(horizontal=True, vertical_alignment="center", key="sql_count"):
        more = "The first " if answer.more else ""
        rows = "row" if len(frame) == 1 else "rows"
        st.markdown(f"**{more}{len(frame):,} {rows}** in {answer.seconds:.1f} s", width="content")
        if answer.more:
            st.caption("There are more than may be given: count, or add a LIMIT.", width="content")
    _show_rows(hub, what, store, now, frame)
    _show_chart(frame)


def _show_rows(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, frame: pd.DataFrame
) -> None:
    pictures = "picture" in frame.columns and frame["picture"].dtype.kind in "iu"
    if pictures:
        st.caption("A click before a row opens its picture.")
    key = url_state.chart_key("sql_rows")
    at = show_table("SQL answer", frame, key, most=MOST_SHOWN, choose=pictures)
    if at is not None:
        total = store.tables.pictures
        ids = [int(n) for n in frame["picture"].head(MOST_SHOWN) if 0 <= n < total]
        picture = int(frame["picture"].iloc[at])
        st.session_state["sql_rows_round"] = st.session_state.get("sql_rows_round", 0) + 1
        if picture in ids:
            picture_dialog.open_alone(hub, what, store, now, ids, ids.index(picture))


def _show_chart(frame: pd.DataFrame) -> None:
    first = figures.suggested(frame)
    if first is None:
        return
    numbers = figures.numeric(frame)
    names = [str(name) for name in frame.columns if str(name) != "picture"]
    kind, x, y = first
    # Choices are of this answer: another one has other columns.
    of = f"{zlib.crc32(repr(list(frame.columns)).encode()):08x}"
    with st.container(horizontal=True, vertical_alignment="top", key="sql_chart"):
        kind = st.segmented_control(
            "Chart", [*figures.KINDS, "None"], default=kind, key=f"sql_kind_{of}", required=True
        )
        if kind == "None":
            return
        x = st.selectbox("Across", names, index=names.index(x), key=f"sql_x_{of}", width=180)
        y = st.selectbox("Measured", numbers, index=numbers.index(y), key=f"sql_y_{of}", width=180)
    figure = figures.answer(frame, kind, x, y, theme())
    drawn = figures.drawn(frame, kind)
    if drawn < len(frame):
        st.caption(f"The first {drawn:,} of {len(frame):,} rows are drawn.")
    show_figure(figure, "SQL answer", "chart_sql", chosen=None)
