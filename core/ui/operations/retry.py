"""Sending failed pictures once more: those that may pass; the others too if the user says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import streamlit as st

from core.app.failed_pictures import Failure, failures
from core.app.hub import Hub
from core.app.shard_counts import Place
from core.errors import ContactSheetError
from core.jobs.ledger.records import Job
from core.ui.components.job_states import lacking
from core.ui.components.widgets import escape_markdown, result_of, show_error

REASONS = 2  # the most frequent ones are named
_ARRIVING = "Nothing has failed; some results are still arriving."
_ALL_THERE = "Nothing is missing: all answers are there."
Failed = Mapping[Place, Failure]


class Which(StrEnum):
    """What is sent again."""

    ASK = "ask"  # all, unless some would fail again: then the user is asked
    PASSING = "passing"
    ALL = "all"


def start_retry(job: Job, which: Which = Which.ASK) -> None:
    """Have the job's panel look which answers are missing, and send what is chosen of them."""
    st.session_state[_key(job)] = (job.attempt, which)


def _key(job: Job) -> str:
    return f"retrying_{job.id}"


def listing_key(job: Job) -> str:
    """The task that reads a job's failures, again when what was counted has changed."""
    done = f"{job.attempt}:{job.progress.failed}:{job.progress.pictures_done}"
    return f"failures_{job.id}:{done}"


def show_retry_button(hub: Hub, job: Job) -> None:
    """What it says depends on whether the reasons have been read, and on what they are."""
    count = job.progress.failed - job.lost  # what was left out never was in the bucket
    if count <= 0 or job.request is None:
        return
    failed: Failed = hub.tasks.result(listing_key(job)) or {}
    passing = _passing(failed)
    label, which, why = f"Retry {amount_lacking(job, count)}", Which.ASK, None
    if failed and len(passing) < len(failed):
        why = would_fail(failed)
        label = f"Retry {len(failed):,} failed anyway …"
        if passing:
            label, which = f"Retry {len(passing):,} of {len(failed):,} failed", Which.PASSING
    st.button(
        label,
        key=f"retry_{job.id}",
        icon=":material/replay:",
        type="tertiary" if failed and not passing else "secondary",
        help=why,
        on_click=start_retry,
        args=(job, which),
    )


def amount_lacking(job: Job, count: int) -> str:
    """As "3 failed pictures", of a cancelled job "3 without a result"."""
    what = lacking(job)
    noun = f" picture{'s' * (count != 1)}" if what == "failed" else ""
    return f"{count:,} {what}{noun}"


def would_fail(failed: Failed) -> str:
    """How many would fail again as they are, and why, in Markdown; "" if all may pass.

    As "9 of 12 would fail again as they are: Bad image data (7), Unsupported feature (2)."
    """
    reasons = Counter(failure.why for failure in failed.values() if not failure.may_pass)
    if not reasons:
        return ""
    count, all_of = reasons.total(), len(failed)
    common = reasons.most_common(REASONS)
    numbered = len(reasons) > 1
    named = [
        f"{escape_markdown(why[:80].rstrip(' .'))}{f' ({n:,})' * numbered}" for why, n in common
    ]
    if others := count - sum(n for _, n in common):
        named.append(f"others ({others:,})")
    who = f"{count:,} of {all_of:,}" if count < all_of else f"All {all_of:,}" if count > 1 else "It"
    what = "as it is" if count == 1 else "as they are"
    return f"{who} would fail again {what}: {', '.join(named)}."


def show_rest(job: Job, failed: Failed, *, mine: bool) -> None:
    """Below the list of failures: what a retry leaves out, and the way to send that too."""
    said = would_fail(failed)
    if not said or job.request is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(said, width="content")
        if mine and _passing(failed):
            label, key = f"Retry all {len(failed):,} …", f"retry_all_{job.id}"
            st.button(label, key=key, type="tertiary", on_click=start_retry, args=(job,))


def show_retry(hub: Hub, job: Job) -> None:
    """A retry that was asked for: looks what is missing now, asks if need be, and sends."""
    attempt, which = st.session_state.get(_key(job), (0, Which.ASK))
    if attempt != job.attempt:
        return
    key = f"failed:{job.id}:{job.attempt}"
    task = hub.tasks.start(key, lambda report: failures(hub.jobs, hub.buckets, job.id, report))
    failed = result_of(task, "Looking for failed pictures", again=False)
    if not task.done:
        return
    if failed and which is not Which.ALL and not (which is Which.PASSING and _passing(failed)):
        which = _ask(job, failed) if would_fail(failed) else Which.ALL
        if which is Which.ASK:
            return
    hub.tasks.forget(key)
    del st.session_state[_key(job)]
    if failed is not None:
        _send(hub, job, _passing(failed) if which is Which.PASSING else failed)


def _ask(job: Job, failed: Failed) -> Which:
    """What the user chooses to send; ``ASK`` until they have."""
    passing, chosen = len(_passing(failed)), Which.ASK
    with st.container(border=True, key=f"ask_retry_{job.id}"):
        st.markdown(would_fail(failed))
        with st.container(horizontal=True):
            if passing and st.button(
                f"Retry {passing:,}", key=f"retry_passing_{job.id}", type="primary"
            ):
                chosen = Which.PASSING
            if st.button(f"Retry all {len(failed):,}", key=f"retry_every_{job.id}"):
                chosen = Which.ALL
            if st.button("Leave them", key=f"retry_none_{job.id}", type="tertiary"):
                del st.session_state[_key(job)]
                st.rerun()
    return chosen


def _send(hub: Hub, job: Job, failed: Failed) -> None:
    twins = hub.jobs.twins(job.id)  # they get their answers with what is sent in their place
    if not (again := [place for place in failed if place not in twins]):
        arriving = hub.jobs.get(job.id).arriving
        st.success(_ARRIVING if arriving else _ALL_THERE, icon=":material/check_circle:")
        return
    try:
        hub.jobs.retry_failed(job, again)
    except ContactSheetError as error:
        show_error(error)
        return
    hub.watcher.send_soon()
    st.rerun()


def _passing(failed: Failed) -> Failed:
    return {place: failure for place, failure in failed.items() if failure.may_pass}
