"""Submit page: what would be better before sending: sizes of pictures, features for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.app.hub import Hub
from core.jobs.batch.amounts import count, in_bytes
from core.jobs.batch.features import FEATURES
from core.jobs.batch.sources import Picture
from core.jobs.sending.preflight.advice import UPLINK_MBIT, shrinking, too_small
from core.ui.submit.left_out import show_remarks


def show_advice(hub: Hub, pictures: Sequence[Picture], features: Sequence[str]) -> int:
    """Tell it; returns what uploads are made smaller to, 0 for as they are."""
    small = too_small(pictures, features)
    if small:
        label = f"{count(len(small), 'picture')} smaller than the service recommends"
        show_remarks("Small pictures", label, small, "small")
    offer = shrinking(pictures, features)
    if offer is None:
        return 0
    seconds = f"{offer.seconds:,.0f} s" if offer.seconds < 90 else f"{offer.seconds / 60:,.0f} min"
    wanted = st.checkbox(
        f"Make {count(offer.pictures, 'large picture')} smaller on upload",
        key="shrink",
        help=f"To {offer.longest:,} pixels on the longer side, twice what the service recommends "
        "for these features; more seldom makes answers better. Your files stay as they are; the "
        "results show the smaller copies.",
        persist_state="session",
    )
    st.caption(
        f"About {in_bytes(offer.saved)} of {in_bytes(offer.before)} less to upload: some {seconds} "
        f"at {UPLINK_MBIT} Mbit/s."
    )
    return offer.longest if wanted else 0


def free_with(hub: Hub, features: Sequence[str]) -> str:
    """Which features cost nothing beside those chosen, as a sentence; "" for none."""
    free = [
        f"{FEATURES[name].title} would be free with {FEATURES[payer].title}"
        for name, payer in hub.prices().free_with.items()
        if payer in features and name not in features
    ]
    return f"On Google Cloud {' and '.join(free)}." if free else ""
