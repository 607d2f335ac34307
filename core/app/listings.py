"""What lies in folders of a bucket, looked at again behind whoever asks.

To list the shards of a million pictures takes seconds, and every click of every session wants to
know whether they are still the same.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

EVERY_S = 3.0  # between two looks at the same folder
PATIENCE_S = 0.1  # a page waits so long for the newest answer; most storages answer by then
REST = 20.0  # times that a look took: for so long the same folder is left alone
CAPACITY = 50


class Listing(NamedTuple, Generic[T]):
    """What was seen last, and whether a newer look is under way."""

    seen: T
    outdated: bool


@dataclass
class _Folder:
    """The last look that ended, with its times by the clock, and the one that has not."""

    seen: Any = None
    ended: float = -math.inf
    took: float = 0.0
    looking: Future[Any] | None = None


class Listings:
    """The newest look at each folder, shared by all sessions.

    Args:
        clock: seconds, for tests.
        patience: seconds that a caller waits for a new look where there is an earlier one.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE_S
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._folders: OrderedDict[str, _Folder] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, look: Callable[[], T], every: float = EVERY_S) -> Listing[T]:
        """What a look sees: the last one's answer, where the next one does not end in time.

        Args:
            look: called in a thread of its own; once at a time for a key.
            every: seconds from one look's end to the next one's beginning, at least; with
                ``math.inf`` none begins that was not under way.

        Raises:
            Exception: whatever the first look did, or one that ended while the caller waited; the
                next call then begins anew.
        """
        with self._lock:
            folder = self._folders.setdefault(key, _Folder())
            self._folders.move_to_end(key)
            while len(self._folders) > CAPACITY:
                self._folders.popitem(last=False)
            rest = max(every, REST * folder.took)
            if folder.looking is None and self._clock() - folder.ended < rest:
                return Listing(folder.seen, False)
            if folder.looking is None:
                folder.looking = Future()
                work = threading.Thread(
                    target=self._look, args=(key, folder, look), name="listing", daemon=True
                )
                work.start()
            looking, first = folder.looking, math.isinf(folder.ended)
        if first:
            return Listing(looking.result(), False)
        try:
            return Listing(looking.result(self._patience), False)
        except TimeoutError:
            if looking.done():  # just now, or what looked has given up waiting for the storage
                return Listing(looking.result(), False)
            return Listing(folder.seen, True)

    def _look(self, key: str, folder: _Folder, look: Callable[[], object]) -> None:
        began, looking = self._clock(), folder.looking
        assert looking is not None
        try:
            seen = look()
        except BaseException as fault:  # a thread has nobody to raise to: whoever waits is told
            with self._lock:
                if self._folders.get(key) is folder:
                    del self._folders[key]
            looking.set_exception(fault)
            return
        with self._lock:
            folder.seen, folder.ended = seen, self._clock()
            folder.took, folder.looking = folder.ended - began, None
        looking.set_result(seen)
