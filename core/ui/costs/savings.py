"""What need not be sent, since it was annotated before: on Submit, Operations and Explore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.batch.amounts import counted
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.ledger.records import Job
from core.jobs.reuse.reuse import Plan
from core.ui.components import times
from core.ui.components.url_state import Subject
from core.ui.components.widgets import escape_markdown, result_of

RESEND = "resend"
NEWS = "answers_meanwhile"  # shards of what was tried since the page was opened
NOTHING = "What another model answered"
# What is sent again, though it was answered: answers older than so many days; 0 for all. Those of
# another model always are: which model answered is a part of the question.
AGAIN = {
    NOTHING: None,
    "What is older than a week, or by another model": 7,
    "What is older than a month, or by another model": 30,
    "What is older than half a year, or by another model": 182,
    "All of it": 0,
}
SHORTLY_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asks for besides the pictures."""

    request: BatchRequest
    title: str
    base: str


@dataclass(frozen=True, slots=True)
class Again:
    """Which answered pictures are sent again.

    Attributes:
        resend: all of them.
        since: those whose answers were seen before that.
    """

    resend: bool = False
    since: datetime | None = None


def plan(
    hub: Hub, draft_id: str, looked: object, pictures: Sequence[Picture], options: Options
) -> Plan | None:
    """Which pictures have to be sent; None, with progress shown, until that is known."""
    request = options.request
    # A new look, other pictures or other features are a new question; answers may come meanwhile.
    which = hash(tuple((p.name, p.pages, p.numbers) for p in pictures))
    news = len(st.session_state.get(NEWS, ()))
    about = f"{draft_id}:{id(looked)}:{len(pictures)}:{which}:{news}:{request.to_json()}"
    planned = _asked(hub, f"plan:{about}", lambda: hub.jobs.reuse.plan(pictures, request))
    if planned is None:
        return None
    _show_doubts(planned)
    if not planned.reused:
        _show(planned)
        return planned
    again, chosen = again_of(hub), st.session_state.get(RESEND, NOTHING)
    if again != Again():
        planned = _asked(
            hub,
            f"plan {chosen}:{about}",
            lambda: hub.jobs.reuse.plan(pictures, request, resend=again.resend, since=again.since),
        )
    with st.container(key="saved", horizontal=True, vertical_alignment="center"):
        if planned is not None:
            _show(planned)
        _choose_again()
    return planned


def _asked(hub: Hub, key: str, work: Callable[[], Plan]) -> Plan | None:
    task = hub.tasks.start(key, lambda _: work())
    wait([task.future], SHORTLY_S)  # mostly it is there at once: no bar need flash
    return result_of(task, "Looking for earlier answers")


def again_of(hub: Hub, chosen: str | None = None) -> Again:
    """What the user has chosen to send again; by default nothing."""
    days = AGAIN.get(chosen or st.session_state.get(RESEND, NOTHING))
    if days is None:
        return Again()
    if days == 0:
        return Again(resend=True)
    midnight = hub.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    return Again(since=midnight - timedelta(days=days))


def _choose_again() -> None:
    chosen = st.session_state.get(RESEND, NOTHING)
    said = "Annotate again" if chosen == NOTHING else f"Again: {chosen.lower()}"
    with st.popover(said, type="tertiary", key="again"):
        st.radio(
            "Annotate again",
            list(AGAIN),
            key=RESEND,
            help="What is sent again is paid for again. Google improves its models without telling "
            "versions: answers from long ago may differ today. By another model: the local engine "
            "names the model of each feature, and on Google Cloud Stable and Latest are two.",
            persist_state="page",
        )


def _show(planned: Plan) -> None:
    if planned.saved:
        whole = counted(len(planned.rows) - planned.pages, planned.pages)
        usd = f"${planned.saved_usd:,.2f}"
        st.caption(
            f":material/savings: {planned.saved:,} of {whole} need not be sent: "
            f"**{planned.saved_units:,} units saved, {escape_markdown(usd)} on Google Cloud**.",
            help="  \n".join(_reasons(planned)),
        )
    elif planned.changing:
        st.caption(
            f":material/info: Answers for {escape_markdown(', '.join(planned.changing))} depend on "
            "more than the picture here, so every picture is sent."
        )


def _show_doubts(planned: Plan) -> None:
    """What may be paid for twice, before it is."""
    if planned.gone:
        st.warning(
            f"{planned.gone:,} pictures were annotated before, but their results are gone or were "
            "changed in the bucket. They are sent again.",
            icon=":material/folder_off:",
        )
    if planned.in_flight:
        st.warning(
            f"{planned.in_flight:,} of the pictures to send are being annotated by another job "
            "right now. Wait for it and look again, or they are paid for twice.",
            icon=":material/sync_problem:",
        )
    if planned.unseen:
        st.warning(
            f"{planned.unseen:,} of the pictures to send were annotated by an earlier job whose "
            "results have not been seen, or not yet. Open that job on Operations, which looks for "
            "them, and look here again; sent now, they are paid for twice.",
            icon=":material/sync_problem:",
        )


def _reasons(planned: Plan) -> list[str]:
    lines = []
    if planned.reused and planned.since and planned.until:
        first, last = times.day(planned.since), times.day(planned.until)
        when = f"on {first}" if first == last else f"between {first} and {last}"
        jobs = f"{len(planned.jobs)} earlier job{'s' if len(planned.jobs) != 1 else ''}"
        lines.append(
            f"{planned.reused:,} with the same content were annotated by {jobs} with the same "
            f"features, settings and models {when}; the job shows those results."
        )
    if planned.twins:
        lines.append(
            f"{planned.twins:,} have the same content as another one of this batch: it is sent "
            "once, and its answer is shown for each."
        )
    return lines


def show_saved(hub: Hub, job: Job, units: int) -> None:
    """At a job: units sent and saved, and whose answers it uses."""
    request = job.request
    features = len(request.features) if request is not None else 0
    # What was saved is not noted by kind: where files are asked less, only its price is known.
    alike = request is None or not job.pages or request.file_features == request.features
    saved = f"{job.saved * features:,} units saved, " if alike else "saved "
    if not job.saved:
        if units:
            st.caption(f"{units:,} units sent.")
        return
    parts = []
    if job.reused:
        parts.append(f"{job.reused:,} from {_titles(hub, job.id)}")
    if job.twins:
        parts.append(f"{job.twins:,} the same as others of this job")
    whole = counted(job.pictures - job.pages, job.pages)
    all_ = job.saved == job.pictures
    of = f"None of {whole} was sent" if all_ else f"{job.saved:,} of {whole} were not sent"
    st.markdown(
        f":material/savings: **{of}** ({'; '.join(parts)}): {saved}"
        f"{escape_markdown(f'${job.saved_usd:,.2f}')} on Google Cloud. {units:,} units sent."
    )


def show_sources(hub: Hub, what: Subject) -> None:
    """At results: which of them come from earlier jobs."""
    if what.reused:
        st.caption(
            f":material/savings: {what.reused:,} of these pictures were annotated by "
            f"{_titles(hub, what.job_id)}, with the same features, settings and models."
        )


def _titles(hub: Hub, job_id: str) -> str:
    names = []
    for source in hub.jobs.reuse.sources(job_id):
        try:
            earlier = hub.jobs.get(source)
            names.append(f"“{escape_markdown(earlier.title)}” of {times.day(earlier.created_at)}")
        except RequestError:
            names.append("a job that was forgotten or deleted since")
    shown = names[:3] + ([f"{len(names) - 3} more"] if len(names) > 3 else [])
    return ", ".join(shown) or "an earlier job"
