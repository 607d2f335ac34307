"""One batch for a screen on the wall: large, live, without anything to press but the way back."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.app.job_watcher import LOOKED_AT_S
from core.jobs.ledger.records import Job, JobState
from core.jobs.ledger.search import Search, Show
from core.ui.components.missing_job import wanted_job
from core.ui.components.style import set_title
from core.ui.components.widgets import empty_state
from core.ui.operations.job_row import WALL_CELLS, row_of, show_rows

PARAM = "kiosk"
MOST_ACTIVE = 50  # jobs among which one that runs is looked for
_AT_REST = (JobState.STOPPED, JobState.UNCONFIRMED, JobState.UNREADABLE)  # until somebody decides
AGAIN_S = 15.0  # between two looks while nothing runs: a screen on a wall is not reloaded by hand


def is_asked() -> bool:
    """Whether the URL asks for it."""
    return st.query_params.get(PARAM) == "1"


def show_kiosk(hub: Hub) -> None:
    """The job that the URL names, else whichever runs, else the newest."""
    set_title("On a wall screen - Operations", "Operations")
    st.html(
        "<style>[data-testid='stHeader'], .st-key-theme_switch { display: none; }"
        "[data-testid='stMainBlockContainer'] { padding-top: 16px !important; }</style>"
    )
    shown = _shown(hub)
    live = shown is not None and not shown.settled
    st.fragment(_draw, run_every=LOOKED_AT_S if live else AGAIN_S)(hub, live)
    with st.container(key="kiosk_actions", horizontal=True):
        st.page_link("pages/operations.py", label="Leave", icon=":material/fullscreen_exit:")
        st.checkbox("Blur pictures", key="blur", bind="query-params")


def _shown(hub: Hub) -> Job | None:
    if st.query_params.get("job"):
        return wanted_job(hub)
    active = hub.jobs.list(MOST_ACTIVE, which=Search(show=Show.ACTIVE))
    moving = [job for job in active if job.state not in _AT_REST and not hub.elsewhere(job)]
    return next(iter(moving or hub.jobs.list(1, which=Search(show=Show.ALL))), None)


def _draw(hub: Hub, live: bool) -> None:
    hub.watcher.look()
    job = _shown(hub)
    if job is None:
        empty_state(":material/pending_actions:", "Nothing to show", "There is no such batch yet.")
        return
    if live != (not job.settled):
        st.rerun()  # another pace
    blur = bool(st.session_state.get("blur"))
    row = row_of(hub, job, WALL_CELLS) | {"open": False, "blur": blur}
    show_rows([row], f"wall_{job.id}", "kiosk", opened=lambda _: None)
