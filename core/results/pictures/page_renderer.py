"""Starts the process that draws pages of one file, believes little of what it says, and ends it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from PIL import Image

from core.confined_process import start_confined
from core.errors import PictureError
from core.results.pictures.exif_upright import Upright
from core.results.shards.limits import PageLimits

PROGRAM = "core.results.pictures.page_renderer_process"
MAX_LINE = 300  # bytes of an answer before its pixels
MAX_UNITS = 100_000_000  # of a page's stored side
CLOSING_S = 2.0  # for a process that has said all to end by itself
# What is wrong, and whether that is the whole file. In the words of the fault, since no text comes
# out of the process.
FAULTS = {
    "locked": "The file is locked by a password",
    "damaged": "The file is damaged, has no pages, or is neither a PDF nor a picture",
    "none": "The file has no such page",
    "page": "The page is damaged",
    "large": "The page has over 75 million pixels or points",
    "time": "The page took too long to draw and was given up",
    "broke": "The page took too much memory, or made the renderer break down",
    "start": "The process that draws pages did not start",
    "strikes": "Several pages of the file could not be drawn, so the others are not tried",
}
COSTLY = frozenset({"time", "broke"})  # a process was lost to it
_LARGE = threading.Lock()


class DrawnPage(NamedTuple):
    """What came of one page: a copy, or a key of ``FAULTS``. Page 0: the whole file."""

    page: int
    copy: Upright | None
    fault: str = ""


def page_error(fault: str, where: str) -> PictureError:
    """The error that names the file, for a key of ``FAULTS``."""
    return PictureError(
        FAULTS[fault], where=where, then="Open the file itself in a program of your own."
    )


def draw_pages(
    file: int, pages: Sequence[int], size: int, limits: PageLimits | None = None
) -> Iterator[DrawnPage]:
    """Draw some pages of a file in one process, which is gone when this ends.

    Every page gets an answer in the order asked, up to the first that costs the process its life,
    or a fault of the whole file, which is the last.

    Args:
        file: descriptor of the open file; its position is neither used nor moved.
        pages: from 1.
        size: pixels of the longest side.
    """
    limits = limits or PageLimits()
    if not 1 <= size <= limits.side:
        raise ValueError(f"a page is drawn at 1 to {limits.side} pixels, not {size}")
    try:
        process = _start(file, pages, size, limits)
    except OSError:  # no memory, or too many processes
        yield DrawnPage(0, None, "start")
        return
    out = process.stdout
    assert out is not None
    try:
        for page in pages:
            drawn = _answer(_AnswerReader(out, limits.wall_s), page, size)
            if drawn is None:
                yield DrawnPage(page, None, _cause(process))
                return
            yield drawn
            if drawn.page == 0 or drawn.fault in COSTLY:
                return
    finally:
        out.close()
        process.kill()
        process.wait()


def draw_picture(
    picture: bytes, size: int, where: str, limits: PageLimits | None = None
) -> Upright:
    """A large picture's copy, made by a process that gives its memory back by ending.

    One at a time: what several would take at once is too much for a machine that does other work.

    Raises:
        PictureError: it cannot be decoded, or not within the limits.
    """
    with _LARGE, tempfile.TemporaryFile() as file:
        file.write(picture)
        file.flush()
        drawn = next(iter(draw_pages(file.fileno(), [1], size)))
    if drawn.copy is None:
        raise page_error(drawn.fault, where)
    return drawn.copy


def _start(
    file: int, pages: Sequence[int], size: int, limits: PageLimits
) -> subprocess.Popen[bytes]:
    asked = {
        "pages": list(pages),
        "size": size,
        "memory": limits.memory + os.fstat(file).st_size,
        "cpu_s": limits.cpu_s,
        "wall_s": limits.wall_s + CLOSING_S,
    }
    with Path(f"/proc/self/fd/{file}").open("rb") as own:  # with a position of its own
        return start_confined(PROGRAM, json.dumps(asked), stdin=own)


def _cause(process: subprocess.Popen[bytes]) -> str:
    """Why a process has stopped to answer, or answers nonsense."""
    try:
        code = process.wait(CLOSING_S)
    except subprocess.TimeoutExpired:
        return "broke"
    return "time" if code in (-signal.SIGXCPU, -signal.SIGALRM) else "broke"


class _Silence(Exception):
    """No more answers will come."""


class _AnswerReader:
    """One answer's bytes, as long as there is time."""

    def __init__(self, out: IO[bytes], seconds: float) -> None:
        self._descriptor = out.fileno()
        self._end = time.monotonic() + seconds
        self._poll = select.poll()  # unlike select(), it knows descriptors above 1,023
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self, most: int) -> bytes:
        """At least one byte."""
        left = self._end - time.monotonic()
        if left <= 0 or not self._poll.poll(left * 1000):
            raise TimeoutError
        data = os.read(self._descriptor, most)
        if not data:
            raise _Silence
        return data

    def line(self) -> bytes:
        """Up to and without the next line's end."""
        said = bytearray()
        while (byte := self.read(1)) != b"\n":  # the pixels behind it are not to be touched
            said += byte
            if len(said) > MAX_LINE:
                raise _Silence
        return bytes(said)

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        data = bytearray()
        while len(data) < count:
            data += self.read(min(count - len(data), 1 << 20))
        return bytes(data)


def _answer(reader: _AnswerReader, page: int, size: int) -> DrawnPage | None:
    """The process's answer for a page; None for none, or one that cannot be."""
    try:
        head = json.loads(reader.line())
        if head["page"] not in (0, page):
            return None
        if "fault" in head:
            return DrawnPage(int(head["page"]), None, head["fault"]) if _is_fault(head) else None
        width, height = _pair(head["size"], size)
        stored = _pair(head["stored"], MAX_UNITS)
        orientation = int(head["orientation"])
        if not 1 <= orientation <= 8 or head["page"] != page:
            return None
        pixels = reader.exactly(width * height * 3)
    except TimeoutError:
        return DrawnPage(page, None, "time")
    except (_Silence, ValueError, TypeError, KeyError, RecursionError):
        return None
    return DrawnPage(
        page, Upright(Image.frombytes("RGB", (width, height), pixels), stored, orientation)
    )


def _is_fault(head: dict[str, Any]) -> bool:
    return isinstance(head["fault"], str) and head["fault"] in FAULTS


def _pair(value: Any, most: int) -> tuple[int, int]:
    width, height = value
    if not (isinstance(width, int) and isinstance(height, int)):
        raise TypeError("sizes are whole numbers")
    if not (1 <= width <= most and 1 <= height <= most):
        raise ValueError("no such size")
    return width, height
