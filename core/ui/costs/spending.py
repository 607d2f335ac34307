"""Units and cost of this month, the budget, and the queue for room: on Operations and Submit."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.features import FEATURES
from core.jobs.billing.budget import Budget
from core.jobs.billing.months import month_name
from core.jobs.billing.quota_queue import Waiting
from core.jobs.billing.spending import Spent
from core.ui.components.chart_card import show_table
from core.ui.components.widgets import escape_markdown, show_error

MOST_QUEUED = 20  # rows of the queue that are shown
WHEN = "The month of Google's bill, which begins at midnight of US Pacific Time (UTC-8)."


def show_month(hub: Hub) -> None:
    """Units, cost and budget of this month in one line, with the budget's form behind a button."""
    try:
        spent, budget = hub.jobs.accounts.month(), hub.jobs.accounts.budget()
    except ContactSheetError as error:
        show_error(error)
        return
    if budget.unreadable:
        st.error(
            f"The budget in the ledger cannot be read: {escape_markdown(budget.unreadable)}. Set "
            "it again; until then nothing that costs money is sent.",
            icon=":material/error:",
        )
    due = spent.usd if spent.charged else 0.0
    of = "" if budget.usd is None else f" of ${budget.usd:,.2f}"
    month = f"{month_name(spent.month).partition(' ')[0]}: {spent.total:,} units · ${due:,.2f}{of}"
    with st.container(key="month", horizontal=True, vertical_alignment="center", width="content"):
        st.caption(escape_markdown(month), width="content")
        with st.popover("Budget", icon=":material/savings:", key="month_budget"):
            _show_budget(hub, spent, budget, due)


def _show_budget(hub: Hub, spent: Spent, budget: Budget, due: float) -> None:
    units, cost, limit = st.columns(3)
    units.metric("Units this month", f"{spent.total:,}", help=WHEN)
    what = (
        "What this ledger's jobs have sent, by the price list." if spent.charged else _free(spent)
    )
    cost.metric("Cost this month", f"${due:,.2f}", help=what)
    shown = "none" if budget.usd is None else f"${budget.usd:,.2f}"
    limit.metric("Budget a month", shown, help=_whose(budget))
    if not hub.visitor.read_only:
        _form(hub, budget)
    if spent.total:
        show_table(f"Units in {month_name(spent.month)}", _rows(spent), "units")
        st.caption("Units sent by other programs are not known here.")


def _free(spent: Spent) -> str:
    return f"The embedded engine charges nothing; Google would ask ${spent.usd:,.2f}."


def _whose(budget: Budget) -> str:
    if budget.operator is None:
        return "Sending stops before it would be crossed. The embedded engine costs nothing."
    return (
        f"The operator allows ${budget.operator:,.2f} (CONTACT_SHEET_BUDGET_USD); a lower limit "
        "can be set here."
    )


def _rows(spent: Spent) -> list[dict[str, str | int]]:
    return [
        {
            "feature": FEATURES[name].title if name in FEATURES else name,
            "units": units,
            "free units left": spent.free_left(name),
        }
        for name, units in sorted(spent.units.items())
    ]


def _form(hub: Hub, budget: Budget) -> None:
    # Not by ``value``: a field that has one falls back to it when it is emptied. Streamlit forgets
    # the field while another page is shown.
    state = st.session_state
    if "budget_usd" not in state or state.get("budget_shown") != budget.chosen:
        state["budget_usd"] = state["budget_shown"] = budget.chosen
    with st.form("budget", border=False):
        usd = st.number_input(
            "Most to spend in a month, in USD",
            min_value=0.0,
            value=None,
            key="budget_usd",
            step=1.0,
            placeholder="no limit",
            help="For all who share this ledger. 0 allows free units only; empty is no limit.",
        )
        st.caption(_whose(budget).replace("$", r"\$"))
        if st.form_submit_button("Set", icon=":material/check:"):
            try:
                hub.jobs.accounts.set_budget(usd)
            except ContactSheetError as error:
                show_error(error)
                return
            hub.watcher.send_soon()
            st.rerun()


def show_before_sending(hub: Hub, spent: Spent, due: float) -> None:
    """On Submit: what of the budget is left, and whether the batch fits."""
    budget = hub.jobs.accounts.budget()
    if not spent.charged or budget.usd is None:
        return
    after = spent.usd + due
    text = escape_markdown(
        f"${spent.usd:,.2f} of the budget of ${budget.usd:,.2f} for {month_name(spent.month)} "
        f"are spent; ${after:,.2f} with this batch."
    )
    if after > budget.usd:
        st.error(f"{text} It will not be sent.", icon=":material/money_off:")
    else:
        st.caption(f":material/payments: {text}")


def show_queue(hub: Hub) -> list[Waiting]:
    """Operations that wait for room, in the order in which they go; returns all that wait."""
    try:
        queue = hub.jobs.accounts.queue()
    except ContactSheetError:
        return []  # the page's own warnings say that there is no backend
    blocked = [waiting for waiting in queue if not waiting.fits]
    if not blocked:
        return queue
    with st.container(border=True, key="queue"):
        pictures = sum(waiting.pictures for waiting in blocked)
        st.markdown(
            f"##### :material/hourglass_top: Queue: {len(blocked):,} "
            f"operation{'s' if len(blocked) != 1 else ''}, {pictures:,} pictures"
        )
        show_table(
            "Queue",
            [
                {
                    "position": waiting.position,
                    "job": waiting.title,
                    "pictures": waiting.pictures,
                    "waits because": waiting.why,
                }
                for waiting in blocked
            ],
            "queue",
            most=MOST_QUEUED,
            column_config={"waits because": st.column_config.TextColumn(width=640)},
        )
    return queue
