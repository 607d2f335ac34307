"""Whose the files are that pages have shown or offered for download (Streamlit's ``/media``).

Streamlit names such a file by a hash of its content and serves it to all who ask for it.
Here it is noted for whom a page put it there; ``gate`` lets nobody else have it.

Streamlit also deletes a file made on a click as soon as any two scripts have run since, of
whatever sessions (``MediaFileManager.remove_orphaned_files``), so that a busy server answers 404
to a browser that asks a moment later. ``watch`` keeps it for ``KEPT_S``. What a button would make
is likewise forgotten once the script has run again, so that a press on the button that a browser
still shows makes nothing: ``watch`` remembers it for ``PRESSED_S``.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import streamlit as st
from streamlit.runtime import Runtime, exists

from core.ui.server.access.identity import subject_of

MOST = 100_000  # files; of the oldest it is forgotten whose they are, and they are shown again
KEPT_S = 300.0  # that a browser has to begin with its download
PRESSED_S = 30.0  # that a browser may take to draw the buttons of the script's last run
MOST_BUTTONS = 5_000
_DOWNLOADS = "made on a click"  # stands for a session in the manager's references


class MediaOwners:
    """For each file the people who were shown it. Safe to share between threads."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, set[str]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, address: str, owner: str) -> None:
        """A page shows the file of an address to somebody (``Visitor.subject``)."""
        with self._lock:
            self._owners.setdefault(_file(address), set()).add(owner)
            self._owners.move_to_end(_file(address))
            while len(self._owners) > MOST:
                self._owners.popitem(last=False)

    def may_fetch(self, path: str, owner: str) -> bool:
        """Whether a page has shown that file to that person."""
        with self._lock:
            return owner in self._owners.get(_file(path), ())

    def watch(self, manager: Any) -> None:
        """Note whose all files are that a ``MediaFileManager`` takes from now on."""
        add, add_deferred, execute = manager.add, manager.add_deferred, manager.execute_deferred
        deferred: OrderedDict[str, str] = OrderedDict()
        buttons = _Buttons(manager)

        def noted_add(*args: Any, **kwargs: Any) -> str:
            address: str = add(*args, **kwargs)
            self.note(address, _session_owner())
            return address

        def noted_add_deferred(*args: Any, **kwargs: Any) -> str:
            name: str = add_deferred(*args, **kwargs)
            buttons.remember(name)
            deferred[name] = _session_owner()
            while len(deferred) > MOST:
                deferred.popitem(last=False)
            return name

        def noted_execute(name: str) -> str:  # outside any session
            with buttons.known(name):
                address: str = execute(name)
            self.note(address, deferred.get(name, ""))
            _keep(manager, _file(address))
            return address

        manager.add, manager.add_deferred = noted_add, noted_add_deferred
        manager.execute_deferred = noted_execute


class _Buttons:
    """What download buttons of the last ``PRESSED_S`` would make. Safe to share between threads."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._made: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def remember(self, name: str) -> None:
        """Keep what a button makes; what is too old is forgotten."""
        now = time.monotonic()
        with self._manager._lock:
            self._made[name] = (now, self._manager._deferred_callables[name])
            while self._made:
                first = next(iter(self._made))
                if len(self._made) <= MOST_BUTTONS and now - self._made[first][0] < PRESSED_S:
                    break
                del self._made[first]

    @contextmanager
    def known(self, name: str) -> Iterator[None]:
        """Within it the manager knows what the button makes, if it was shown just now."""
        with self._manager._lock:
            missing = name not in self._manager._deferred_callables
            if lent := missing and name in self._made:
                self._manager._deferred_callables[name] = self._made[name][1]
        try:
            yield
        finally:
            if lent:
                with self._manager._lock:
                    self._manager._deferred_callables.pop(name, None)


def _keep(manager: Any, file: str) -> None:
    """Hold a reference to a file for ``KEPT_S``, and drop those that are older."""
    now = time.monotonic()
    with manager._lock:
        downloads = manager._files_by_session_and_coord[_DOWNLOADS]
        for until in [until for until in downloads if until <= now]:
            del downloads[until]
        downloads[now + KEPT_S] = file


def _session_owner() -> str:
    return subject_of(st.user.to_dict())


def _file(address: str) -> str:
    return PurePosixPath(address).stem


OWNERS = MediaOwners()


def watch_media() -> None:
    """To be called once the web server's runtime is there."""
    if exists():
        OWNERS.watch(Runtime.instance().media_file_mgr)
