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

AGE, DAY, KEEP = "again_age", "again_day", "again_keep"
NEWS = "answers_meanwhile"  # shards of what was tried since the page was opened
NOTHING, ON_DAY, ALL = "Nothing for its age", "What is older than a date", "All of it"
# What is sent again, though it was answered: answers older than so many days.
AGES = {
    "What is older than a week": 7,
    "What is older than a month": 30,
    "What is older than half a year": 182,
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
        keep: not those that another model answered.
    """

    resend: bool = False
    since: datetime | None = None
    keep: bool = False


def plan(
    hub: Hub, draft_id: str, looked: object, pictures: Sequence[Picture], options: Options
) -> Plan | None:
    """Which pictures have to be sent; None, with progress shown, until that is known."""
    request = options.request
    # A new look, other pictures or other features are a new question; answers may come meanwhile.
    which = hash(tuple((p.name, p.pages, p.numbers) for p in pictures))
    news = len(st.session_state.get(NEWS, ()))
    about = f"{draft_id}:{id(looked)}:{len(pictures)}:{which}:{news}:{request.to_json()}"
    again = again_of(hub)

    def asked(wanted: Again) -> Plan | None:
        return _asked(
            hub,
            f"plan {wanted}:{about}",
            lambda: hub.jobs.reuse.plan(
                pictures, request, resend=wanted.resend, since=wanted.since, keep=wanted.keep
            ),
        )

    whole = asked(Again(keep=again.keep))  # as if no answer were too old
    if whole is None:
        return None
    _show_doubts(whole)
    if not (whole.reused or whole.others):
        _show(whole)
        return whole
    aged = Again(again.resend, again.since)
    planned = whole if aged == Again() else asked(again)
    with st.container(key="saved", horizontal=True, vertical_alignment="center"):
        if planned is not None:
            _show(planned)
        _choose_again(hub, whole)
    if planned is not None:
        _show_again(whole, planned)
    return planned


def _asked(hub: Hub, key: str, work: Callable[[], Plan]) -> Plan | None:
    task = hub.tasks.start(key, lambda _: work())
    wait([task.future], SHORTLY_S)  # mostly it is there at once: no bar need flash
    return result_of(task, "Looking for earlier answers")


def again_of(hub: Hub) -> Again:
    """What the user has chosen to send again; by default what only another model has answered."""
    state = st.session_state
    chosen, keep = state.get(AGE, NOTHING), bool(state.get(KEEP, False))
    if chosen == ALL:
        return Again(resend=True, keep=keep)
    midnight = hub.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    if chosen == ON_DAY:
        day = state.get(DAY)
        since = midnight.replace(year=day.year, month=day.month, day=day.day) if day else None
        return Again(since=since, keep=keep)
    days = AGES.get(chosen)
    return Again(since=None if days is None else midnight - timedelta(days=days), keep=keep)


def _choose_again(hub: Hub, whole: Plan) -> None:
    chosen = st.session_state.get(AGE, NOTHING)
    said = "Annotate again" if chosen == NOTHING else f"Again: {chosen[0].lower()}{chosen[1:]}"
    with st.popover(said, type="tertiary", key="again"):
        st.radio(
            "Annotate again",
            [NOTHING, *AGES, ON_DAY, ALL],
            key=AGE,
            help="What is sent again is paid for again. Google improves its models without telling "
            "versions: answers from long ago may differ today.",
            persist_state="page",
        )
        if chosen == ON_DAY:
            st.date_input("Older than", hub.clock().date(), key=DAY, persist_state="page")
        st.segmented_control(
            "What another model answered",
            [False, True],
            format_func=lambda keep: "Keep its answers" if keep else "Annotate again",
            default=False,
            required=True,
            key=KEEP,
            disabled=not whole.others,
            help="The local engine names the model of each feature; on Google Cloud Stable and "
            "Latest are two. Answers are kept of the same features with the same settings.",
            persist_state="page",
        )
        for name, (pictures, pages) in whole.others.items():
            st.caption(f"{counted(pictures, pages)}: {escape_markdown(name)}")
        if not whole.others:
            st.caption("No picture here was answered by another model alone.")


def _show_again(whole: Plan, planned: Plan) -> None:
    """How much is sent again for its age, and because another model has answered it."""
    aged = counted_more(whole, planned)
    if aged:
        st.caption(f":material/history: {aged} answered before that, and annotated again.")
    if not planned.others:
        return
    pictures, pages = (sum(n) for n in zip(*planned.others.values(), strict=True))
    models = escape_markdown("; ".join(planned.others))
    are = "was" if pictures + pages == 1 else "were"
    what = "its answer is kept" if pictures + pages == 1 else "their answers are kept"
    if not st.session_state.get(KEEP, False):
        what = "annotated again"
    elif planned.kept < pictures + pages:
        what = f"{planned.kept:,} answers are kept; the others stand in files that go whole"
    st.caption(
        f":material/model_training: {counted(pictures, pages)} {are} answered by another model "
        f"({models}): {what}."
    )


def counted_more(whole: Plan, planned: Plan) -> str:
    """What one plan sends more than another, as text; "" if nothing."""
    before = set(whole.to_send)
    more = [row for row in planned.sent_rows if row.position not in before]
    pages = sum(1 for row in more if row.page)
    return counted(len(more) - pages, pages) if more else ""


def _show(planned: Plan) -> None:
    if planned.saved:
        every = len(planned.rows)  # one number for both: so many of which, no plan says
        whole = f"{every:,} pictures and pages"
        if every == 1 or planned.pages in (0, every):
            whole = counted(every - planned.pages, planned.pages)
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
            f"features and settings{'' if planned.kept else ', by the same models,'} {when}; the "
            "job shows those results."
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
        by = kept_answers(hub, job.id)
        other_models = f", {escape_markdown(by)}" if by else ""
        parts.append(f"{job.reused:,} from {_titles(hub, job.id)}{other_models}")
    if job.twins:
        parts.append(f"{job.twins:,} the same as others of this job")
    whole = counted(job.pictures - job.pages, job.pages)
    all_ = job.saved == job.pictures
    of = f"None of {whole} was sent" if all_ else f"{job.saved:,} of {job.pictures:,} were not sent"
    st.markdown(
        f":material/savings: **{of}** ({'; '.join(parts)}): {saved}"
        f"{escape_markdown(f'${job.saved_usd:,.2f}')} on Google Cloud. {units:,} units sent."
    )


def show_sources(hub: Hub, what: Subject) -> None:
    """At results: which of them come from earlier jobs."""
    if what.reused:
        by = kept_answers(hub, what.job_id)
        how = f" and settings; {escape_markdown(by)}" if by else ", settings and models"
        st.caption(
            f":material/savings: {what.reused:,} of these pictures were annotated by "
            f"{_titles(hub, what.job_id)}, with the same features{how}."
        )


def kept_answers(hub: Hub, job_id: str) -> str:
    """Which of a job's answers other models gave than it asked, as text; "" if none."""
    counts = hub.jobs.reuse.kept(job_id)
    return "; ".join(f"{count:,} by another model ({name})" for name, count in counts.items())


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
