"""How many pages a file has and what is wrong with it, found out in a process of its own.

The file is untrusted, and PDFium is native code that may crash or never come back: ``look`` starts
``python -m core.pictures.page_count JSON < FILE``, which holds nothing but that file, opens it,
draws nothing, and writes one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import PictureError
from core.pictures.formats import FACTS, Format
from core.pictures.limits import MAX_FILE_BYTES, MAX_MEMORY, MAX_PIXELS
from core.pictures.pdfium import PdfDamaged, PdfLocked, open_pdf

SECONDS = 20.0  # for one file; 2,000 pages take less than one
MOST_SIZES = 10_000  # pages that are measured, frames that are counted: a hostile file has no end
_ROOT = Path(__file__).parents[2]
_FAULTS = {
    "locked": ("The file is locked by a password", "Save it without a password."),
    "damaged": ("The file is damaged and cannot be opened", "Save or copy it again."),
    "none": ("The file has no pages", "Leave it out."),
    "broke": ("Opening the file takes too much time or memory", "Save it again as a simpler file."),
}


@dataclass(frozen=True, slots=True)
class PageCount:
    """What a file holds.

    Attributes:
        pages: how many pages or frames.
        large: numbers, from 1, of pages that are larger than the service takes: over 75 million
            pixels, or points of a PDF.
    """

    pages: int
    large: tuple[int, ...] = ()


def look(file: IO[bytes], kind: Format) -> PageCount:
    """Count the pages of a PDF or TIFF.

    Args:
        file: a file on disk, at any place.

    Raises:
        PictureError: it cannot be opened; ``what`` and ``then`` are for people.
    """
    asked = json.dumps({"kind": kind.value, "memory": MAX_FILE_BYTES + MAX_MEMORY})
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, asked],
            stdin=file,
            capture_output=True,
            timeout=SECONDS,
            cwd=_ROOT,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        answer = {"fault": "broke"}
    if fault := answer.get("fault"):
        what, then = _FAULTS[fault]
        raise PictureError(what, then=then)
    return PageCount(int(answer["pages"]), tuple(answer["large"]))


def _pdf(file: IO[bytes]) -> PageCount | str:
    try:
        document = open_pdf(file)
    except PdfLocked:
        return "locked"
    except PdfDamaged:
        return "damaged"
    pages = len(document)
    return _counted(pages, map(document.get_page_size, range(min(pages, MOST_SIZES))))


def _tiff(file: IO[bytes]) -> PageCount | str:
    from PIL import Image, ImageSequence

    Image.MAX_IMAGE_PIXELS = None  # only headers are read, and large ones are to be named
    try:
        image = Image.open(file, formats=FACTS[Format.TIFF].pillow)
        frames = ImageSequence.Iterator(image)
        sizes = [frame.size for _, frame in zip(range(MOST_SIZES), frames, strict=False)]
    except Exception:  # Pillow's plugins raise whatever the bytes lead them to
        return "damaged"
    return _counted(len(sizes), sizes)


def _counted(pages: int, sizes: Iterable[tuple[float, float]]) -> PageCount:
    areas = enumerate((width * height for width, height in sizes), start=1)
    return PageCount(pages, tuple(number for number, area in areas if area > MAX_PIXELS))


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Look at the file that is standard input."""
    seconds = int(SECONDS)
    for which, most in (
        (resource.RLIMIT_AS, asked["memory"]),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(which, (most, most))
    file: IO[bytes] = os.fdopen(0, "rb")
    try:
        answer = _pdf(file) if asked["kind"] == Format.PDF else _tiff(file)
    except MemoryError:
        answer = "broke"
    if isinstance(answer, str):
        return {"fault": answer}
    return asdict(answer) if answer.pages else {"fault": "none"}


if __name__ == "__main__":
    # Whatever a library may print is not to be taken for an answer.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with out:
        json.dump(main(json.loads(sys.argv[1])), out)
