"""The process's one hub, and the guard that every page passes first."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import streamlit as st
from starlette.requests import HTTPConnection

from core.app.hub import Hub
from core.errors import ContactSheetError, NotAllowed
from core.jobs.ledger.access import Visitor
from core.ui.components.widgets import show_error
from core.ui.server import warm_up
from core.ui.server.access import sign_in
from core.ui.server.access.host_check import admit_public_host
from core.ui.server.access.identity import visitor_of_request, visitor_of_session
from core.ui.server.access.media_owners import watch_media
from core.ui.server.ending import end_in_time
from core.ui.server.file_answers import keep_answers
from core.ui.server.no_delay import send_at_once

log = logging.getLogger("core.ui.resources")
_started: list[Hub] = []  # more than one after "Try again"


@st.cache_resource(show_spinner=False, on_release=Hub.stop)
def shared_hub() -> Hub:
    """The one hub of this process, made and started at the first call."""
    hub = Hub.from_env()
    hub.start()
    _started.append(hub)
    return hub


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Start the hub with the web server and not with the first visitor; stop both together."""
    send_at_once()
    warm_up.start()
    admit_public_host()
    watch_media()
    keep_answers()
    end_in_time(_leave)
    with suppress(ContactSheetError):  # the first page shows what is wrong
        shared_hub()
    yield
    shared_hub.clear()


def _leave() -> None:
    for hub in _started:
        hub.leave()


def on_script_error(error: Exception) -> bool:
    """Show an unexpected fault as any other error, with its details in the log alone."""
    log.error("a page failed", exc_info=error)
    show_error(error)
    return True


def hub_for(visitor: Visitor | None) -> Hub:
    """The hub as a visitor may use it.

    Raises:
        PermissionError: they have not signed in.
    """
    if visitor is None:
        raise PermissionError("not signed in")
    return shared_hub().seen_by(visitor)


def who_asks(request: HTTPConnection) -> Visitor | None:
    """Who asks for one of the web server's own addresses; raises as ``visitor_of_session``."""
    return visitor_of_request(request, shared_hub().settings)


def admitted() -> Hub:
    """The hub with the rights of this page's visitor; nothing but the sign-in for others."""
    try:
        visitor = visitor_of_session(shared_hub().settings)
    except NotAllowed as error:
        sign_in.show_refused(error)
        st.stop()
    except ContactSheetError as error:
        _show_fault(error)
        st.stop()
    if visitor is None:
        sign_in.show_door()
        st.stop()
    return hub_for(visitor)


def ready_hub(*, backend: bool = True) -> Hub:
    """The hub, once its backend can be used; until then the page shows what is being done.

    Args:
        backend: False for a page that tells what is wrong with the backend.

    Every page calls this first, and gets nothing else to look at jobs or storage with: after a
    start Streamlit may run a page that a deep link names past ``app.py``.
    """
    hub = admitted()
    if not backend:
        return hub
    try:
        doing = hub.starting()
        if not doing:
            hub.connection()  # raises if there are no credentials
            return hub
    except ContactSheetError as error:
        _show_fault(error)
        if not hub.visitor.read_only:
            label, icon = "See on Health what is wrong", ":material/monitor_heart:"
            st.page_link("pages/health.py", label=label, icon=icon)
        st.stop()
    _wait_for_engine(hub)
    st.stop()


def _show_fault(error: ContactSheetError) -> None:
    st.space("small")  # no header stands between it and the menu
    show_error(error)
    if st.button("Try again", icon=":material/refresh:"):
        shared_hub.clear()
        st.rerun()


@st.fragment(run_every=1.0)
def _wait_for_engine(hub: Hub) -> None:
    try:
        doing = hub.starting()
    except ContactSheetError:
        st.rerun()
    if not doing:
        st.rerun()
    st.space("small")
    panel = st.status("The embedded engine is starting", expanded=True, state="running")
    panel.text(doing)
    panel.caption("The first start fetches models; later ones take a few seconds.")
