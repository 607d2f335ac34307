"""Browser sessions without their drawing: they say to Streamlit what its own page says.

Fifty Chromium windows need more than two cores for themselves alone, so what they would measure is
Chromium. A session here opens the same WebSocket, asks for a page, and asks for a fragment again as
often as the server tells it to (``streamlit.proto``: ``BackMsg``, ``ForwardMsg``, ``AutoRerun``).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PATIENCE_S = 120.0
# The second when the next run begins before this one's end is sent.
ENDS_OF_FRAGMENTS = (
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
    ForwardMsg.FINISHED_EARLY_FOR_RERUN,
)


@dataclass
class WatchedSessions:
    """What happened to some sessions; read from another thread.

    Attributes:
        opened: seconds from the first session's beginning until each had its whole page.
        reruns: how often fragments were asked for again, by all of them.
        ages: seconds from having the fragment that is asked for most often, or the page, to having
            again: how old what is shown becomes. Not from asking to having, for Streamlit answers
            in one what it was asked meanwhile; and it takes back what it has not sent when the next
            run begins.
        closed: sessions that the server ended.
        faults: what else ended sessions.
    """

    opened: list[float] = field(default_factory=list)
    reruns: int = 0
    ages: list[float] = field(default_factory=list)
    closed: int = 0
    faults: list[str] = field(default_factory=list)


@contextmanager
def watching(url: str, page: str, sessions: int) -> Iterator[WatchedSessions]:
    """So many sessions on one page, from when all have it until the end.

    Args:
        url: of the dashboard, ``http://...``.
        page: its name in the address.

    Raises:
        TimeoutError: not all sessions had their page within ``PATIENCE_S``, or one cannot have it.
    """
    watched = WatchedSessions()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(_all(url, page, sessions, watched, ready))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        if sessions and not (ready.wait(PATIENCE_S) and len(watched.opened) == sessions):
            said = f"{len(watched.opened)} of {sessions} sessions were open in time"
            raise TimeoutError(f"{said}; {watched.closed} closed; {watched.faults}")
        yield watched
    finally:
        loop.call_soon_threadsafe(_cancel, loop)
        thread.join()
        loop.close()


def _cancel(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


async def _all(
    url: str, page: str, sessions: int, watched: WatchedSessions, ready: threading.Event
) -> None:
    began = time.monotonic()

    def opened() -> None:
        watched.opened.append(time.monotonic() - began)
        if len(watched.opened) == sessions:
            ready.set()

    async def one() -> None:
        try:
            await _Session(url, page, watched, opened).run()
        except Exception as error:  # whatever it is, the others go on
            watched.faults.append(repr(error))
        ready.set()  # also for one that has ended: nobody waits for it

    await asyncio.gather(*(one() for _ in range(sessions)))


class _Session:
    """One of them.

    Args:
        opened: called when it has its whole page for the first time.
    """

    def __init__(
        self, url: str, page: str, watched: WatchedSessions, opened: Callable[[], None]
    ) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        self._page = page
        self._watched = watched
        self._opened: Callable[[], None] | None = opened
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._intervals: dict[str, float] = {}
        self._announced: set[str] = set()
        self._drawn: set[str] = set()  # of which fragments something has come in this run
        self._had = 0.0

    async def run(self) -> None:
        """Until the server ends it, or it is cancelled."""
        async with connect(self._url, subprotocols=[Subprotocol("streamlit")], max_size=None) as on:
            await self._ask(on)
            try:
                while True:
                    self._hear(on, ForwardMsg.FromString(await on.recv(decode=False)))
            except ConnectionClosed:
                self._watched.closed += 1
            finally:
                for timer in self._timers.values():
                    timer.cancel()

    def _hear(self, on: ClientConnection, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._announced = set()
            self._drawn = set()
        elif kind == "delta":
            self._drawn.add(message.delta.fragment_id)
        elif kind == "auto_rerun":
            fragment, interval = message.auto_rerun.fragment_id, message.auto_rerun.interval
            self._announced.add(fragment)
            self._intervals[fragment] = interval
            if fragment in self._timers:
                self._timers.pop(fragment).cancel()
            self._timers[fragment] = asyncio.create_task(self._repeat(on, fragment, interval))
        elif kind == "script_finished":
            self._finished(message.script_finished)

    def _finished(self, how: int) -> None:
        now = time.monotonic()
        if self._drawn:
            # Any end will do for the first time: an overloaded server forgets to tell a page's end
            # when it is asked for a fragment before it has come to that.
            if self._opened is not None:
                self._opened()
                self._opened = None
                self._had = now
            elif how in ENDS_OF_FRAGMENTS and self._most_often() in self._drawn:
                self._watched.ages.append(now - self._had)
                self._had = now
        if how == ForwardMsg.FINISHED_SUCCESSFULLY:
            # A whole page says again which of its fragments are to be asked for.
            for fragment in self._timers.keys() - self._announced:
                self._timers.pop(fragment).cancel()

    def _most_often(self) -> str:
        return min(self._timers, key=self._intervals.__getitem__, default="")

    async def _repeat(self, on: ClientConnection, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            self._watched.reruns += 1
            await self._ask(on, fragment)

    async def _ask(self, on: ClientConnection, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_name = self._page
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        state.context_info.timezone = "UTC"
        await on.send(message.SerializeToString())
