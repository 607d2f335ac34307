"""On Submit: which project pays, and where the bucket lies, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.app.hub import Hub
from core.buckets import GcsUri
from core.errors import ContactSheetError
from core.jobs.batch.sources import ImageRef, Picture
from core.ui.components.widgets import escape_markdown, result_of, show_error

MOST_BUCKETS = 5  # that are asked where they lie


def show_payer(hub: Hub, draft_id: str, base: str, pictures: Sequence[Picture]) -> bool:
    """Tell who pays; returns whether the batch may be sent.

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
    if not hub.settings.cloud.location:
        return True
    uris = [base, *(picture.uri for picture in pictures if isinstance(picture, ImageRef))]
    buckets = dict.fromkeys(GcsUri.parse(uri).bucket for uri in uris)
    known = [_show_place(hub, draft_id, bucket) for bucket in list(buckets)[:MOST_BUCKETS]]
    return all(known)


def _show_place(hub: Hub, draft_id: str, bucket: str) -> bool:
    """Warn of a bucket elsewhere than Vision; False until it has been asked for."""
    key = f"place:{draft_id}:{bucket}"
    task = hub.tasks.start(key, lambda _: hub.buckets.location(bucket))
    place = result_of(task, f"Looking where gs://{bucket} lies")
    if place is not None and (conflict := hub.settings.cloud.conflict(bucket, place)):
        st.warning(escape_markdown(conflict), icon=":material/globe:")
    return task.done
