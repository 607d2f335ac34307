"""Submit page, last step: what will be sent and what it costs, then the button."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.errors import ContactSheetError
from core.jobs.batch.amounts import counted
from core.jobs.batch.features import FEATURES
from core.jobs.batch.sources import Fault, Picture, SourceContents
from core.jobs.ledger.access import READ_ONLY
from core.jobs.ledger.records import Job
from core.jobs.reuse.reuse import Plan
from core.jobs.sending.preflight import Looked, estimate, look
from core.ui.components.chart_card import show_table
from core.ui.components.widgets import escape_markdown, result_of, show_error
from core.ui.costs.savings import Options, resend_wanted
from core.ui.costs.spending import show_before_sending
from core.ui.submit.paying import show_payer
from core.ui.submit.source_choice import Source

SHOWN_FAULTS = 5_000
LOOK_HOLDS_S = 900.0  # what was seen of pictures is believed that long


def look_at(hub: Hub, draft_id: str, source: Source) -> tuple[SourceContents, Looked] | None:
    """Gather and look at the pictures in a thread; None, with progress shown, until then.

    Every draft looks for itself, and again after a while: pictures may change between batches.
    """

    def work(report: Report) -> tuple[SourceContents, Looked, float]:
        contents = source.gather(report)
        looked = look(contents.pictures, buckets=hub.buckets, progress=report)
        return contents, looked, time.monotonic()

    key = f"look:{draft_id}:{source.key}"
    done = result_of(hub.tasks.start(key, work), "Looking at the pictures")
    pressed = st.button("Look again", icon=":material/refresh:", type="tertiary")
    if pressed or (done is not None and time.monotonic() - done[2] > LOOK_HOLDS_S):
        hub.tasks.forget(key)
        st.rerun()
    return done[:2] if done is not None else None


def show_faults(source: Source, contents: SourceContents, looked: Looked) -> bool:
    """What is left out and why, by name, and remarks; returns whether bad pictures are left out."""
    if not looked.pictures:
        st.warning(
            escape_markdown(_why_empty(source, contents)), icon=":material/image_not_supported:"
        )
    if looked.unchecked:
        st.caption(f"{looked.unchecked:,} pictures were not opened, since there are so many.")
    others = [fault for fault in contents.faults if fault.fatal]
    bad = [fault for fault in looked.faults if fault.fatal]
    remarks = [fault for fault in (*contents.faults, *looked.faults) if not fault.fatal]
    leave_out = True
    if bad:
        title = f"{_files(len(bad), 'bad picture')}"
        with st.expander(title, icon=":material/warning:", expanded=True):
            leave_out = st.checkbox(
                "Leave bad pictures out",
                value=True,
                help="Sent anyway, each comes back as an error and is billed all the same.",
            )
            show_table("Bad pictures", _fault_rows(bad), "bad", most=SHOWN_FAULTS)
    if others:
        title = f"{_files(len(others), 'other file')} left out"
        with st.expander(title, icon=":material/block:"):
            show_table(
                "Files that are left out", _fault_rows(others), "left-out", most=SHOWN_FAULTS
            )
    if remarks:
        with st.expander(_files(len(remarks), "remark"), icon=":material/info:"):
            show_table("Remarks", _fault_rows(remarks), "remarks", most=SHOWN_FAULTS)
    return bool(bad) and leave_out


def _why_empty(source: Source, contents: SourceContents) -> str:
    """Why there is nothing to submit, and what to look at."""
    others = sum(fault.fatal for fault in contents.faults)
    if others:
        return f"There is no picture here, only {_files(others, 'other file')}, listed below."
    if not source.place:
        return "There is no picture here."
    nothing = f"Nothing is there: {source.place!r} is empty."
    if source.place.startswith("gs://"):
        nothing = f"No object's name begins with {source.place!r}."
    if source.place != source.place.strip():
        return f"{nothing} It begins or ends in white space: take that away if it is not meant."
    return f"{nothing} Check how it is written, capitals included."


def _files(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _fault_rows(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [
        {"picture": fault.where, "problem": fault.what, "what to do": fault.then}
        for fault in faults
    ]


def show_cost(hub: Hub, looked: Looked, options: Options, planned: Plan) -> None:
    """Count, units, cost and quota fit of what will be sent."""
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
    cost = estimated.cost
    pictures, *pages, units, here, google, sent = st.columns(6 if planned.pages else 5)
    pictures.metric("Pictures", f"{len(planned.rows) - planned.pages:,}", border=True)
    for column in pages:
        column.metric("Pages", f"{planned.pages:,}", border=True, help="Of PDF and TIFF files.")
    one = "One feature on one picture or page."
    units.metric("Units", f"{cost.units:,}", border=True, help=one)
    here.metric("Cost here", f"${cost.due:,.2f}", border=True)
    google.metric("On Google Cloud", f"${cost.usd:,.2f}", border=True, help="Estimate.")
    shards = f"Each writes shards as it goes, {estimated.shards:,} in all."
    sent.metric("Operations", f"{estimated.operations:,}", border=True, help=shards)
    st.caption(escape_markdown(estimated.quota))
    show_before_sending(hub, spent, cost.due)
    with st.expander("Cost of each feature", icon=":material/payments:"):
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
                for line in cost.lines
            ],
            "cost",
            column_config={"USD on Google Cloud": st.column_config.NumberColumn(format="%.2f")},
        )
        st.caption(
            f"Prices: {escape_markdown(cost.dated)} ({escape_markdown(cost.source)}). "
            f"The first {spent.free_units:,} units of each feature a month are free on Google "
            "Cloud; units used elsewhere are not known."
        )


def submit_button(
    hub: Hub,
    draft_id: str,
    source: Source,
    options: Options,
    pictures: Sequence[Picture],
    planned: Plan,
) -> Job | None:
    """The button; returns the job once it is pressed. A second press finds the same job."""
    files = [picture.pages for picture in pictures if picture.pages]
    label = f"Submit {counted(len(pictures) - len(files), sum(files))}"
    if planned.saved:
        label += f", {len(planned.to_send):,} of them to be sent"
    read_only = hub.visitor.read_only
    if read_only:
        st.caption(READ_ONLY)
    payable = show_payer(hub, draft_id, options.base or hub.jobs.base, pictures)
    off = read_only or not pictures or not payable
    if not st.button(label, type="primary", icon=":material/send:", disabled=off, key="submit"):
        return None
    try:
        job = hub.jobs.create(
            draft_id,
            pictures,
            options.request,
            title=options.title or source.description.rstrip("/").rsplit("/", 1)[-1],
            source=source.description,
            base=options.base,
            resend=resend_wanted(),
        )
    except ContactSheetError as error:
        show_error(error)
        return None
    hub.watcher.send_soon()
    return job
