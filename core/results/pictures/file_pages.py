"""Pages of PDF, TIFF and GIF files as pictures, several of one file drawn by one process.

A process costs more than a page does: so it draws all pages of its file that somebody waits for,
and the next ones that are likely to be asked for, and ends. A file has one process at a time, and
all files together ``PROCESSES``; a file whose pages cost several processes their lives is given up,
so that it does not keep others from theirs.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from core.buckets import BucketReader
from core.errors import PictureError
from core.pictures.decoding import memory_needed
from core.results.pictures.exif_upright import Upright, upright_copy
from core.results.pictures.file_copies import FileCopies
from core.results.pictures.lru import Recent
from core.results.pictures.page_renderer import (
    COSTLY,
    DrawnPage,
    draw_pages,
    draw_picture,
    page_error,
)
from core.results.shards.limits import PageLimits, check_file_size, read_picture

BATCH = 24  # pages a process
PROCESSES = max(2, (os.cpu_count() or 1) // 2)
STRIKES = 3  # processes lost, after which a file is given up
FORGET_S = 600.0  # a fault may have been the busy machine's: then the file is tried again
PATIENCE_S = 90.0  # for one page, all waiting for others' included
MAX_FILES = 500  # of which faults are remembered
MAX_DRAWN_BYTES = 64_000_000  # pages kept in memory: a dozen large ones, or 200 thumbnails
MAX_DRAWN = 1_000
MOST_MEMORY_HERE = (
    40_000_000  # for one picture, 10 million pixels: reading one takes 0.2 s more elsewhere
)
_Key = tuple[int, int]  # page and size


@dataclass(slots=True)
class _Wanted:
    """A page that is to be drawn; ``awaited`` unless it is only likely to be asked for."""

    awaited: bool = True
    future: Future[Upright] = field(default_factory=Future)


@dataclass(slots=True)
class _File:
    """What is known of a file, and what is to be drawn of it. The lock is its keeper's."""

    uri: str
    version: Hashable
    since: float
    asked: OrderedDict[_Key, _Wanted] = field(default_factory=OrderedDict)
    likely: Sequence[_Key] = ()
    under_way: dict[_Key, _Wanted] = field(default_factory=dict)
    faults: dict[int, PictureError] = field(default_factory=dict)
    fault: PictureError | None = None
    lost: int = 0
    busy: bool = False

    def ask(self, page: int, size: int) -> Future[Upright]:
        """Calls that wait for the same page at the same size share one result."""
        wanted = self.under_way.get((page, size)) or self.asked.setdefault((page, size), _Wanted())
        wanted.awaited = True
        return wanted.future

    def take(self) -> tuple[list[int], int]:
        """Pages for one process, and their size."""
        _, size = next(iter(self.asked))
        keys = [key for key in (*self.asked, *self.likely) if key[1] == size]
        for key in list(dict.fromkeys(keys))[:BATCH]:
            self.under_way[key] = self.asked.pop(key, _Wanted(awaited=False))
        self.likely = ()
        return [page for page, _ in self.under_way], size

    def put_back(self) -> None:
        """What was not drawn is drawn next, if somebody waits for it."""
        left = {key: wanted for key, wanted in self.under_way.items() if wanted.awaited}
        self.under_way.clear()
        self.asked = OrderedDict({**left, **self.asked})

    def fail(self, error: Exception) -> None:
        """Nothing that was asked for will come."""
        for wanted in (*self.under_way.values(), *self.asked.values()):
            wanted.future.set_exception(error)
        self.under_way.clear()
        self.asked.clear()


def picture_copy(picture: bytes, size: int, where: str) -> Upright:
    """As ``upright_copy``; a picture that takes much memory is read by another process.

    Raises:
        PictureError: it cannot be opened.
    """
    if memory_needed(picture, size) > MOST_MEMORY_HERE:
        return draw_picture(picture, size, where)
    return upright_copy(picture, size, where)


class FilePages:
    """Draws pages. Safe to share between threads.

    Args:
        folder: for copies of files; None for the system's.
        limits: of each process.
        clock: seconds, for tests.
        numbers: gives the numbers that the pages of an object are shown with, where it holds some
            pages of a file alone; () for those of all others.
    """

    def __init__(
        self,
        folder: Path | None = None,
        limits: PageLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        numbers: Callable[[str], Sequence[int]] = lambda uri: (),
    ) -> None:
        self._numbers = numbers
        self._limits = limits or PageLimits()
        self._copies = FileCopies(folder)
        self._clock = clock
        self._files: OrderedDict[Hashable, _File] = OrderedDict()
        self._drawn: Recent[Upright] = Recent(MAX_DRAWN_BYTES, MAX_DRAWN)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(PROCESSES, thread_name_prefix="pages")

    def copy(
        self, buckets: BucketReader, uri: str, page: int, size: int, ahead: Sequence[int] = ()
    ) -> Upright:
        """A picture, or one page of a file, at most ``size`` pixels long.

        Args:
            page: from 1; 0 for a picture.
            ahead: pages likely to be asked for next, at the same size.

        Raises:
            PictureError: it cannot be opened, or not be drawn within the limits; with the reason.
            BucketError: it cannot be read.
        """
        if page < 1:
            return picture_copy(read_picture(buckets, uri), size, uri)
        page, *ahead = self._places(uri, page, ahead)
        info = buckets.info(uri)  # also asks whether this visitor may see it
        check_file_size(info.size, uri)
        version = (info.generation, info.size, info.md5)
        with self._lock:
            file = self._file(uri, version)
            fault = file.fault or file.faults.get(page)
            if fault is not None:
                raise fault
            drawn = self._drawn.get((uri, version, page, size))
            if drawn is not None:
                return drawn
            future = file.ask(page, size)
            file.likely = [(n, size) for n in ahead if self._is_new(file, n, size)]
            if not file.busy:
                file.busy = True
                self._pool.submit(self._work, file, buckets)
        if not wait([future], PATIENCE_S).done:
            raise PictureError(
                "Many pages are being drawn, and this one's turn has not come",
                where=uri,
                then="Try again in a minute.",
            )
        return future.result()

    def _places(self, uri: str, page: int, ahead: Sequence[int]) -> list[int]:
        """Pages as the object has them."""
        numbers = self._numbers(uri)
        if not numbers:
            return [page, *ahead]
        places = {number: place for place, number in enumerate(numbers, start=1)}
        if page not in places:
            raise PictureError(
                f"Page {page:,} is not here", where=uri, then="Only some pages were uploaded."
            )
        return [places[number] for number in (page, *ahead) if number in places]

    def _is_new(self, file: _File, page: int, size: int) -> bool:
        drawn = self._drawn.get((file.uri, file.version, page, size))
        return drawn is None and page not in file.faults and (page, size) not in file.under_way

    def _file(self, uri: str, version: Hashable) -> _File:
        file, now = self._files.get((uri, version)), self._clock()
        if file is None or (now - file.since > FORGET_S and not file.busy):
            file = self._files[uri, version] = _File(uri, version, now)
        self._files.move_to_end((uri, version))
        while len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
        return file

    def _work(self, file: _File, buckets: BucketReader) -> None:
        """Draw one batch of a file; the rest of it goes behind other files."""
        with self._lock:
            pages, size = file.take()
        try:
            copy = self._copies.get(buckets, file.uri, file.version)
            for drawn in draw_pages(copy.descriptor, pages, size, self._limits):
                self._settle(file, drawn, size)
        except Exception as error:  # those who wait get it; a thread has no caller to raise to
            with self._lock:
                file.fail(error)
        with self._lock:
            file.put_back()
            file.busy = bool(file.asked)
            if file.busy:
                self._pool.submit(self._work, file, buckets)

    def _settle(self, file: _File, drawn: DrawnPage, size: int) -> None:
        """Hand on what came of a page."""
        with self._lock:
            if drawn.page == 0:
                self._give_up(file, drawn.fault)
                return
            wanted = file.under_way.pop((drawn.page, size))
            if drawn.copy is not None:
                key = (file.uri, file.version, drawn.page, size)
                image = drawn.copy.image
                self._drawn.keep(key, drawn.copy, 3 * image.width * image.height)
                wanted.future.set_result(drawn.copy)
                return
            error = file.faults[drawn.page] = page_error(drawn.fault, file.uri)
            wanted.future.set_exception(error)
            file.lost += drawn.fault in COSTLY
            if file.lost >= STRIKES:
                self._give_up(file, "strikes")

    def _give_up(self, file: _File, fault: str) -> None:
        error = page_error(fault, file.uri)
        if fault != "start":  # that one is the machine's
            file.fault = error
        file.fail(error)
