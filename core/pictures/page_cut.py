"""Some pages of a PDF or TIFF as a file of their own, made by a process that ends with it.

Pages are not drawn again. Of a PDF what is not wanted is taken out of a copy (pikepdf), so that
forms, layers and fonts of the other pages stay as they are, and nothing of the pages left out
remains. Of a TIFF the chain of its directories is led past the other frames (TIFF 6.0, 2), and
what only those hold is blanked: each frame keeps its compression and its tags.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from core.confined_process import confine, start_confined
from core.errors import PictureError
from core.pictures.limits import MAX_FILE_BYTES, MAX_MEMORY

PROGRAM = "core.pictures.page_cut"
SECONDS = 300  # for one file of 1 GB
PDF, TIFF = "application/pdf", "image/tiff"
CUTTABLE = frozenset({PDF, TIFF})
MOST_FRAMES = 100_000  # a hostile chain has no end
_PIECE = 1 << 20
_STRIPS = {273: 279, 324: 325}  # StripOffsets: StripByteCounts; TileOffsets: TileByteCounts
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8}  # fmt: skip
_FAULTS = {
    "locked": ("The file is locked by a password", "Save it without a password."),
    "damaged": ("Pages cannot be taken out of this file", "Send all pages, or save it again."),
    "missing": ("The file does not have these pages any more", "Look at it again."),
    "broke": ("Taking pages out takes too much time or memory", "Send all pages, or split it."),
    "room": ("There is no room on this machine's disk to cut the file", "Make room, and go on."),
}


def cut_pages(file: IO[bytes], mime_type: str, pages: Sequence[int], out: IO[bytes]) -> None:
    """Write some pages of a file to another one.

    Args:
        file: on disk, at any place; ``mime_type`` is of ``CUTTABLE``.
        pages: ascending numbers, from 1.
        out: an empty file on disk; it is at its beginning afterwards.

    Raises:
        PictureError: it cannot be done; ``what`` and ``then`` are for people.
    """
    file.flush()
    out.flush()
    asked = {"type": mime_type, "pages": list(pages), "out": out.fileno()}
    try:
        process = start_confined(
            PROGRAM,
            json.dumps(asked),
            stdin=file,
            descriptors=(out.fileno(),),
            variables=("TMPDIR",),
        )
        try:
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
        fault = json.loads(said).get("fault", "")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        fault = "broke"
    if fault:
        what, then = _FAULTS.get(fault, _FAULTS["broke"])
        raise PictureError(what, then=then)
    out.seek(0)


class _Fault(Exception):
    """A key of ``_FAULTS``."""


def _cut_pdf(file: IO[bytes], pages: Sequence[int], out: BinaryIO) -> None:
    import pikepdf

    try:
        pdf = pikepdf.Pdf.open(cast(BinaryIO, file))
    except pikepdf.PasswordError as error:
        raise _Fault("locked") from error
    except pikepdf.PdfError as error:
        raise _Fault("damaged") from error
    try:
        if pages[-1] > len(pdf.pages):
            raise _Fault("missing")
        wanted = set(pages)
        for number in range(len(pdf.pages), 0, -1):
            if number not in wanted:
                _take_out(pdf, number - 1)
        for key in ("/Outlines", "/Dests", "/StructTreeRoot", "/Threads", "/OpenAction", "/AA",
                    "/PageLabels", "/Names", "/MarkInfo"):  # fmt: skip
            if key in pdf.Root:
                del pdf.Root[key]  # they point to pages, or say what those that are gone held
        pdf.save(out, deterministic_id=True, encryption=False)
    except pikepdf.PdfError as error:
        raise _Fault("damaged") from error


def _take_out(pdf: Any, index: int) -> None:
    page = pdf.pages[index].obj
    del pdf.pages[index]
    for key in list(page.keys()):
        del page[key]  # whatever else still points to it finds nothing


@dataclass(frozen=True, slots=True)
class _Frame:
    """A directory: its place, where the address of the next one stands, and its data."""

    at: int
    next_at: int
    data: tuple[tuple[int, int], ...]  # (offset, length) of strips or tiles


class _Tiff:
    """The directories of a TIFF or BigTIFF, without their pixels."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        head = file.read(16)
        self._order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not self._order:
            raise _Fault("damaged")
        (version,) = struct.unpack(self._order + "H", head[2:4])
        self._big = version == 43
        self.first_at = 8 if self._big else 4
        self.pointer = self._order + ("Q" if self._big else "I")

    def frames(self) -> Iterator[_Frame]:
        """Every frame of the chain.

        Raises:
            _Fault: the chain is broken or has no end.
        """
        seen: set[int] = set()
        place = self._number(self.first_at, self.pointer)
        while place:
            if place in seen or len(seen) >= MOST_FRAMES:
                raise _Fault("damaged")
            seen.add(place)
            frame = self._frame(place)
            yield frame
            place = self._number(frame.next_at, self.pointer)

    def _frame(self, place: int) -> _Frame:
        count_of, entry = ("Q", 20) if self._big else ("H", 12)
        count = self._number(place, self._order + count_of)
        if count > 4_096:
            raise _Fault("damaged")
        first = place + struct.calcsize(count_of)
        values: dict[int, list[int]] = {}
        for n in range(count):
            at = first + entry * n
            tag = self._number(at, self._order + "H")
            if tag in _STRIPS or tag in _STRIPS.values():
                values[tag] = self._values(at)
        data: list[tuple[int, int]] = []
        for offsets, lengths in _STRIPS.items():
            data += zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
        return _Frame(place, first + entry * count, tuple(data))

    def _values(self, at: int) -> list[int]:
        (kind,) = struct.unpack(self._order + "H", self._bytes(at + 2, 2))
        count = self._number(at + 4, self._order + ("Q" if self._big else "I"))
        room, begin = (8, at + 12) if self._big else (4, at + 8)
        size = _SIZES.get(kind, 0)
        if not size or count * size > MAX_FILE_BYTES // 8:
            raise _Fault("damaged")
        if count * size > room:
            begin = self._number(begin, self.pointer)
        letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
        return list(
            struct.unpack(f"{self._order}{count}{letter}", self._bytes(begin, count * size))
        )

    def _number(self, at: int, form: str) -> int:
        return int(struct.unpack(form, self._bytes(at, struct.calcsize(form)))[0])

    def _bytes(self, at: int, length: int) -> bytes:
        self._file.seek(at)
        data = self._file.read(length)
        if len(data) < length:
            raise _Fault("damaged")
        return data


def _cut_tiff(file: IO[bytes], pages: Sequence[int], out: BinaryIO) -> None:
    tiff = _Tiff(file)
    frames = list(tiff.frames())
    if pages[-1] > len(frames):
        raise _Fault("missing")
    chosen = [frames[number - 1] for number in pages]
    file.seek(0)
    while piece := file.read(_PIECE):
        out.write(piece)
    used = {place for frame in chosen for place in frame.data}
    end = file.tell()
    places = {frame.at for frame in chosen}
    for frame in frames:
        if frame.at not in places:
            for offset, length in set(frame.data) - used:
                _blank(out, offset, min(length, end - offset))
    for at, to in zip((tiff.first_at, *(f.next_at for f in chosen)),
                      (*(f.at for f in chosen), 0), strict=True):  # fmt: skip
        out.seek(at)
        out.write(struct.pack(tiff.pointer, to))


def _blank(out: BinaryIO, offset: int, length: int) -> None:
    if length > 0:
        out.seek(offset)
    while length > 0:
        out.write(bytes(min(_PIECE, length)))
        length -= _PIECE


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Cut the file that is standard input."""
    confine(2 * MAX_FILE_BYTES + MAX_MEMORY, 64, MAX_FILE_BYTES + MAX_MEMORY)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    file: IO[bytes] = os.fdopen(0, "rb")
    out = os.fdopen(asked["out"], "wb")
    try:
        file.seek(0)
        cut = _cut_pdf if asked["type"] == PDF else _cut_tiff
        cut(file, asked["pages"], out)
        out.flush()
    except _Fault as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"fault": "broke"}
    except OSError:
        return {"fault": "room"}
    except Exception:  # whatever a hostile file leads a library to
        return {"fault": "damaged"}
    return {}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library may print is no answer
    with answers:
        json.dump(main(json.loads(sys.argv[1])), answers)
