"""On Submit: which project pays, and what Google Cloud would refuse, before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.buckets import GcsUri
from core.doctor.checkup import look_at_google
from core.doctor.findings import Finding, Level
from core.errors import ContactSheetError
from core.jobs.batch.sources import ImageRef, Picture
from core.ui.components.widgets import escape_markdown, result_of, show_error, show_fault

MOST_BUCKETS = 5  # that are asked where they lie
FAULT_HOLDS_S = 15.0  # then the next look at the page asks again


def show_payer(hub: Hub, draft_id: str, base: str, pictures: Sequence[Picture]) -> bool:
    """Tell who pays and what is wrong with Google's side; returns whether the batch may be sent.

    Args:
        base: ``gs://`` address below which results go.
    """
    try:
        payer = hub.connection().payer
    except ContactSheetError as error:
        show_error(error)
        return False
    if payer:
        st.caption(f":material/credit_card: Paid by {escape_markdown(payer)}.")
    if not hub.settings.on_cloud or hub.visitor.read_only:
        return True
    results = GcsUri.parse(base).bucket
    ready = _show_findings(hub, draft_id, results)
    if not hub.settings.cloud.location:
        return ready
    uris = [picture.uri for picture in pictures if isinstance(picture, ImageRef)]
    buckets = dict.fromkeys(GcsUri.parse(uri).bucket for uri in uris)
    others = [bucket for bucket in buckets if bucket != results]
    known = [_show_place(hub, draft_id, bucket) for bucket in others[:MOST_BUCKETS]]
    return ready and all(known)


def _show_findings(hub: Hub, draft_id: str, bucket: str) -> bool:
    """What the doctor finds, once a draft; False while it looks, and where a batch would stop.

    What may pass by itself is said and stops nobody: a batch that was sent waits for it.
    """
    settings = replace(hub.settings, bucket=bucket)

    def work(_: Report) -> tuple[list[Finding], float]:
        return look_at_google(settings), time.monotonic()

    key = f"google:{draft_id}:{bucket}"
    task = hub.tasks.start(key, work)
    done = result_of(task, "Looking whether Google Cloud takes the batch")
    if done is None:
        return task.done  # who cancels the look may send all the same
    findings, seen = done
    wrong = [finding for finding in findings if finding.level is not Level.OK]
    if wrong and time.monotonic() - seen > FAULT_HOLDS_S:
        hub.tasks.forget(key)
        st.rerun()
    for finding in wrong:
        where = finding.where if hub.visitor.unrestricted else ""
        what, serious = f"{finding.name}: {finding.what}", finding.level is Level.FAIL
        show_fault(what, where, finding.then, serious=serious)
    if wrong and st.button("Look again", icon=":material/refresh:", key="google_again"):
        hub.tasks.forget(key)
        st.rerun()
    return not any(one.level is Level.FAIL and not one.passes for one in wrong)


def _show_place(hub: Hub, draft_id: str, bucket: str) -> bool:
    """Warn of a bucket elsewhere than Vision; False until it has been asked for."""
    key = f"place:{draft_id}:{bucket}"
    task = hub.tasks.start(key, lambda _: hub.buckets.location(bucket))
    place = result_of(task, f"Looking where gs://{bucket} lies")
    if place is not None and (conflict := hub.settings.cloud.conflict(bucket, place)):
        st.warning(escape_markdown(conflict), icon=":material/globe:")
    return task.done
