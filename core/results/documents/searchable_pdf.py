"""Searchable PDFs: the original with its words laid over it, written by a process of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from core.confined_process import start_confined
from core.errors import PictureError
from core.pictures.limits import MAX_MEMORY
from core.results.documents.glyph_codes import GlyphCodes
from core.results.documents.text_layer import text_layer
from core.results.documents.text_page import TextPage
from core.results.pictures.file_copies import FileCopy

PROGRAM = "core.results.documents.searchable_pdf_process"
CPU_S = 20  # for one page
SILENT_S = 120.0  # a process that says nothing for so long is ended; writing a large file is longer
SAVING_S = 900.0
MOST_OUT = 4_000_000_000  # bytes of a PDF made of pictures
MAX_LINE = 300
FAULTS = {
    "locked": ("The file is locked by a password", "Save it without one and annotate it again."),
    "damaged": (
        "The file cannot be opened, or a page of it not be decoded",
        "Save it again in another program; its text is in the other formats.",
    ),
    "broke": (
        "Writing the searchable PDF took too much time or memory",
        "Split the file; its text is in the other formats.",
    ),
    "room": (
        "There is no room on this machine's disk for the searchable PDF",
        "Make room, and make the file again.",
    ),
    "start": (
        "The process that writes PDFs did not start",
        "Try again when the machine is less busy.",
    ),
}
NOTES = {
    "own": "had text of its own, which stays alone",
    "none": "is not in the file any more: it was replaced after it was annotated",
    "encrypted": "The original was encrypted for changes; this copy is not",
    "signed": "The original is signed; the signature does not hold for this copy",
}


class PdfMade(NamedTuple):
    """What is to be said of a PDF that was written: notes as sentences."""

    pages: int
    notes: tuple[str, ...]


class LayerFile:
    """The layers of a file's pages, on disk until they are written.

    Args:
        folder: for its file; None for the system's.
        numbers: that the original's pages are shown with, where it holds some of a file's alone.

    Attributes:
        missing: words that have no place and are not in the layer.
        paged: whether it is a file of pages, and no picture.
    """

    def __init__(self, folder: Path | None = None, numbers: Sequence[int] = ()) -> None:
        self._numbers = numbers
        self._places = {number: place for place, number in enumerate(numbers, start=1)}
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - gone with this object
        self._codes = GlyphCodes()
        self.pages = self.missing = 0
        self.paged = False

    def add(self, number: int, page: TextPage) -> None:
        """A page's words; ``number`` from 1, 0 for a picture."""
        content, missing = text_layer(page, self._codes)
        self.missing += missing
        self.paged = self.paged or number > 0
        if content:
            grid = (page.width, page.height) if page.normalized else None
            letters = sum(len(word.text) for word in page.words)
            self._write(self._places.get(number, max(1, number)), grid, letters, content)
            self.pages += 1

    def shown(self, page: int) -> int:
        """The number that a page of the original is shown with."""
        return self._numbers[page - 1] if 0 < page <= len(self._numbers) else page

    def finish(self) -> int:
        """The file's descriptor, at its beginning, once all pages are in it."""
        self._write(0, None, 0, self._codes.to_unicode())
        self._file.flush()
        self._file.seek(0)
        return self._file.fileno()

    @property
    def lost(self) -> int:
        """Characters that became U+FFFD, since there are over 65,535 kinds."""
        return self._codes.lost

    def close(self) -> None:
        """Give its room back."""
        self._file.close()

    def _write(
        self, page: int, grid: tuple[float, float] | None, letters: int, content: bytes
    ) -> None:
        self._file.write(json.dumps([page, grid, letters, len(content)]).encode() + b"\n" + content)


def write_pdf(
    original: FileCopy,
    layers: LayerFile,
    out: IO[bytes],
    where: str,
    moved: Callable[[int], None] = lambda page: None,
) -> PdfMade:
    """Write the original with its layers to an empty file.

    Args:
        moved: called with each page that is done; what it raises ends the process.

    Raises:
        PictureError: it cannot be written; with what to do.
    """
    asked = {
        "layers": layers.finish(),
        "out": out.fileno(),
        "memory": MAX_MEMORY + 2 * original.size,
        "size": max(MOST_OUT, 2 * original.size),
        "cpu_s": CPU_S,
        "paged": layers.paged,
    }
    try:
        with Path(f"/proc/self/fd/{original.descriptor}").open("rb") as own:
            process = start_confined(
                PROGRAM,
                json.dumps(asked),
                stdin=own,
                descriptors=(asked["layers"], asked["out"]),
                variables=("TMPDIR",),
            )
    except OSError as error:
        raise _error("start", where) from error
    try:
        return _followed(process, layers, where, moved)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _followed(
    process: subprocess.Popen[bytes], layers: LayerFile, where: str, moved: Callable[[int], None]
) -> PdfMade:
    assert process.stdout is not None
    lines = _Lines(process.stdout)
    own: list[int] = []
    gone: list[int] = []
    while True:
        answer = lines.next(SILENT_S if len(own) + len(gone) < layers.pages else SAVING_S)
        if answer is None or (fault := answer.get("fault")) is not None:
            known = answer is not None and fault in FAULTS
            raise _error(str(fault) if known else "broke", where)
        if "notes" in answer:
            notes = [NOTES[note] for note in answer["notes"] if note in NOTES]
            return PdfMade(int(answer["pages"]), (*notes, *_of_pages(own, "own"),
                                                  *_of_pages(gone, "none")))  # fmt: skip
        page = layers.shown(int(answer.get("page", 0)))
        {"own": own, "none": gone}.get(str(answer.get("note")), []).append(page)
        moved(page)


def _of_pages(pages: list[int], note: str) -> list[str]:
    if not pages:
        return []
    named = ", ".join(map(str, pages[:20])) + (f" and {len(pages) - 20:,} more" * (len(pages) > 20))
    return [f"Page {named} {NOTES[note]}"]


def _error(fault: str, where: str) -> PictureError:
    what, then = FAULTS[fault]
    return PictureError(what, where=where, then=then)


class _Lines:
    """Lines of JSON, as long as they come."""

    def __init__(self, out: IO[bytes]) -> None:
        self._descriptor = out.fileno()
        self._received = b""
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The next one; None if none comes in time, or what comes is none."""
        end = time.monotonic() + seconds
        while b"\n" not in self._received:
            left = end - time.monotonic()
            if left <= 0 or len(self._received) > MAX_LINE or not self._poll.poll(left * 1000):
                return None
            data = os.read(self._descriptor, 65_536)
            if not data:
                return None
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None
