"""Submit page: what was found, what it costs, and the button."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.errors import ContactSheetError
from core.jobs.batch.amounts import counted
from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture, SourceContents, wanted_pages
from core.jobs.billing.months import month_name
from core.jobs.billing.spending import Spent
from core.jobs.billing.storage_costs import DATED, storage_cost
from core.jobs.jobs import MOST_TITLE
from core.jobs.ledger.access import READ_ONLY
from core.jobs.ledger.records import Job
from core.jobs.reuse.reuse import Plan
from core.jobs.sending.expected import usual_rate
from core.jobs.sending.preflight.preflight import Looked, Preflight, estimate, look
from core.ui.components import times
from core.ui.components.chart_card import show_table
from core.ui.components.widgets import escape_markdown, result_of, show_error
from core.ui.costs.savings import Options, again_of
from core.ui.costs.spending import show_before_sending
from core.ui.submit.advice import free_with
from core.ui.submit.page_choice import show_copies
from core.ui.submit.paying import show_payer
from core.ui.submit.source_choice import LOOK_AGAIN, Source
from core.ui.submit.trying import SEND

MOST_LIKE = 20  # jobs, the newest, among which one like it is looked for
LOOK_HOLDS_S = 900.0  # what was seen of pictures is believed that long


def show_title(hub: Hub) -> None:
    """In the page's header: the batch's name, what this month holds, and who annotates."""
    st.text_input(
        "Name of the batch",
        key="job_title",
        max_chars=MOST_TITLE,
        placeholder="Name of the batch",
        label_visibility="collapsed",
        width=280,
        persist_state="session",
    )
    st.space("stretch")
    try:
        spent, budget = hub.jobs.accounts.month(), hub.jobs.accounts.budget()
    except ContactSheetError:
        return  # what is wrong is said where it is needed
    of = f" of ${budget.usd:,.2f}" if budget.usd is not None else ""
    due = f"${spent.usd if spent.charged else 0:,.2f}{of}"
    month = f"{month_name(spent.month).partition(' ')[0]}: {spent.total:,} units, {due}"
    with st.container(key="submit_month", width="content"):
        st.caption(escape_markdown(month), width="content")
    local = hub.settings.has_engine
    place = hub.settings.cloud.location
    google = f"Google Cloud{f', {place}' if place else ''}"
    engine = "Local engine, on Cloud Storage" if hub.settings.on_cloud else "Local engine ready"
    st.badge(
        engine if local else google,
        color="green",
        icon=":material/check_circle:" if local else ":material/cloud:",
    )


def look_at(hub: Hub, draft_id: str, source: Source) -> tuple[SourceContents, Looked] | None:
    """Gather and look at the pictures in a thread; None, with progress shown, until then.

    Every draft looks for itself, and again after a while: pictures may change between batches.
    """

    def work(report: Report) -> tuple[SourceContents, Looked, float]:
        contents = source.gather(report)
        looked = look(contents.pictures, buckets=hub.buckets, progress=report)
        return contents, looked, time.monotonic()

    key = f"look:{draft_id}:{source.key}"
    if st.session_state.pop(LOOK_AGAIN, False):
        hub.tasks.forget(key)
    done = result_of(hub.tasks.start(key, work), "Looking at the pictures")
    if done is not None and time.monotonic() - done[2] > LOOK_HOLDS_S:
        hub.tasks.forget(key)
        st.rerun()
    return done[:2] if done is not None else None


def show_cost(hub: Hub, looked: Looked, options: Options, planned: Plan) -> None:
    """Units and cost of what will be sent in one line; count, quota and each feature behind it."""
    spent = hub.jobs.accounts.month()
    estimated = estimate(
        looked,
        options.request,
        prices=hub.prices(),
        used=spent.billable,
        in_processing=hub.jobs.in_processing(),
        pages_in_processing=hub.jobs.in_processing(paged=True) if planned.pages else 0,
        count=len(planned.pictures_to_send),
        files=planned.files_to_send,
        allowed=hub.jobs.accounts.quota,
    )
    with st.container(key="submit_cost", horizontal=True, vertical_alignment="center"):
        units = f"{estimated.cost.units:,} unit{'s' * (estimated.cost.units != 1)}"
        st.markdown(f"**{units}**", width="content")
        with st.popover("Details", type="tertiary"):
            _show_numbers(planned, estimated)
            _show_features(estimated, spent)
        st.space("stretch")
        due = escape_markdown(f"${estimated.cost.due:,.2f}") if estimated.cost.charged else "Free"
        st.markdown(f"**{due}**", width="content")
    show_copies(planned, looked.pictures, options.base or hub.jobs.base)
    free = free_with(hub, options.request.features)
    if estimated.cost.charged and free:
        st.caption(f":material/redeem: {free}")
    if not estimated.cost.charged and estimated.cost.usd:
        st.caption(escape_markdown(f"On Google Cloud it would cost ${estimated.cost.usd:,.2f}."))
    if hub.settings.on_cloud and hub.settings.has_engine:
        _say_storage(planned, estimated)
    if not estimated.quota_fits:
        st.caption(f":material/hourglass_top: {escape_markdown(estimated.quota)}")
    show_before_sending(hub, spent, estimated.cost.due)


def _say_storage(planned: Plan, estimated: Preflight) -> None:
    """What is charged although Vision is not called."""
    uploads = sum(1 for row in planned.sent_rows if row.path)
    calls = storage_cost(len(planned.to_send), uploads, estimated.shards)
    due = f"${calls.usd:,.2f}" if calls.usd >= 0.01 else "under $0.01"
    said = (
        f"Google Vision: 0 units. Cloud Storage charges its operations: about {calls.class_a:,} "
        f"of class A and {calls.class_b:,} of class B, {due} by its list of {DATED}; storage and "
        "traffic cost besides."
    )
    st.caption(escape_markdown(said))


def _show_numbers(planned: Plan, estimated: Preflight) -> None:
    pictures, units, sent = st.columns(3)
    here, google, *pages = st.columns(3)[: 3 if planned.pages else 2]
    pictures.metric("Pictures", f"{len(planned.rows) - planned.pages:,}", border=True)
    for column in pages:
        column.metric("Pages", f"{planned.pages:,}", border=True, help="Of PDF and TIFF files.")
    one = "One feature on one picture or page."
    units.metric("Units", f"{estimated.cost.units:,}", border=True, help=one)
    here.metric("Cost here", f"${estimated.cost.due:,.2f}", border=True)
    google.metric("On Google Cloud", f"${estimated.cost.usd:,.2f}", border=True, help="Estimate.")
    shards = f"Each writes shards as it goes, {estimated.shards:,} in all."
    sent.metric("Operations", f"{estimated.operations:,}", border=True, help=shards)
    st.caption(escape_markdown(estimated.quota))


def _show_features(estimated: Preflight, spent: Spent) -> None:
    show_table(
        "Cost of each feature",
        [
            {
                "feature": FEATURES[line.feature].title,
                "units": line.units,
                "free units left this month": spent.free_left(line.feature),
                "USD on Google Cloud": line.usd,
                "": line.why_free,
            }
            for line in estimated.cost.lines
        ],
        "cost",
        column_config={"USD on Google Cloud": st.column_config.NumberColumn(format="%.2f")},
    )
    st.caption(
        f"Prices: {escape_markdown(estimated.cost.dated)} "
        f"({escape_markdown(estimated.cost.source)}). The first {spent.free_units:,} units of each "
        "feature a month are free on Google Cloud; units used elsewhere are not known."
    )


def may_be_sent(hub: Hub, draft_id: str, options: Options, pictures: Sequence[Picture]) -> bool:
    """Who pays, and whether this visitor may send; what is against it is said."""
    if hub.visitor.read_only:
        st.caption(READ_ONLY)
    payable = show_payer(hub, draft_id, options.base or hub.jobs.base, pictures)
    return payable and not hub.visitor.read_only


def submit_button(
    hub: Hub,
    draft_id: str,
    source: Source,
    options: Options,
    pictures: Sequence[Picture],
    planned: Plan,
    *,
    payable: bool,
) -> Job | None:
    """The button; returns the job once it is pressed. A second press finds the same job.

    Args:
        payable: as ``may_be_sent`` says.
    """
    files = [len(wanted_pages(picture)) for picture in pictures if picture.pages]
    label = f"Annotate {counted(len(pictures) - len(files), sum(files))}"
    off = not pictures or not payable
    pressed = st.button(
        label,
        type="primary",
        icon=":material/send:",
        disabled=off,
        key="submit",
        width="stretch",
    )
    pressed = st.session_state.pop(SEND, False) or pressed
    if not pressed or off:
        return None
    again = again_of(hub)
    try:
        job = hub.jobs.create(
            draft_id,
            pictures,
            options.request,
            title=options.title or source.description.rstrip("/").rsplit("/", 1)[-1],
            source=source.description,
            base=options.base,
            resend=again.resend,
            since=again.since,
            keep=again.keep,
        )
    except ContactSheetError as error:
        show_error(error)
        return None
    hub.watcher.send_soon()
    return job


def show_time(hub: Hub, request: BatchRequest, planned: Plan) -> None:
    """How much is sent, and how long it will take by the last job of the same features."""
    count = len(planned.to_send)
    rate = usual_rate(hub.jobs.list(MOST_LIKE), request.features, hub.connection().id)
    said = [] if planned.changing and not planned.saved else ["Nothing is sent twice."]
    if planned.saved:
        said.insert(0, f"{count:,} of {len(planned.rows):,} {'is' if count == 1 else 'are'} sent.")
    if rate and count:
        lasts = times.estimate(count / rate).capitalize()
        said.insert(0, f"{lasts}, by the last batch like it.")
    if said:
        st.caption(" ".join(said), text_alignment="center")
