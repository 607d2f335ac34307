"""Files of pages before they are sent: PDFs, and TIFFs of several pages, opened and counted.

Offline the service takes a PDF, TIFF or GIF of up to 2,000 pages and 1 GB
(cloud.google.com/vision/quotas); of larger PDFs and TIFFs parts are sent. A GIF is a picture, of
which the service reads the first frame, unless the user wants all of them (``page_selection``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import IO

from core.errors import PictureError
from core.jobs.batch.amounts import counted
from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Fault, ImageRef, Picture, where_of
from core.pictures import page_count
from core.pictures.formats import FACTS, Format
from core.pictures.limits import MAX_FILE_BYTES

KINDS = (Format.PDF, Format.TIFF)
_TYPES = frozenset(FACTS[kind].mime_type for kind in KINDS)
_SUFFIXES = frozenset(suffix for kind in KINDS for suffix in FACTS[kind].suffixes)
MOST_PAGES = 9_999  # of one file: as many frames of a TIFF are counted
_NAMED = 5  # pages that a remark names


def may_be_file(picture: Picture) -> bool:
    """Whether a name or a declared type says that it may have pages, so that it must be opened."""
    declared = picture.content_type.lower() if isinstance(picture, ImageRef) else ""
    return declared in _TYPES or PurePosixPath(where_of(picture)).suffix.lower() in _SUFFIXES


def file_too_large(where: str, size: int) -> list[Fault]:
    """The fault of a file over the service's limit; [] if it has none."""
    if size <= MAX_FILE_BYTES:
        return []
    what = f"The file has {size / 1024**3:.2f} GB; the service takes files up to 1 GB"
    return [Fault(where, what, "Split it, or save it with smaller pictures.")]


def look_at_pages(where: str, file: IO[bytes], kind: Format) -> tuple[int, list[Fault]]:
    """How many pages a file is sent with, and its faults and remarks.

    Args:
        where: its name, for people.
        file: on disk, at any place; it is opened by another process.

    Returns:
        0 pages for a TIFF of one page, which is a picture, and for what cannot be opened.
    """
    file.seek(0)  # what was written is on disk then, and the other process begins there
    try:
        counted = page_count.look(file, kind)
    except PictureError as error:
        return 0, [Fault(where, error.what, error.then)]
    if counted.pages == 1 and kind is Format.TIFF:
        return 0, []
    if counted.pages > MOST_PAGES:
        what = f"The file has over {MOST_PAGES:,} pages"
        return counted.pages, [Fault(where, what, "Split it.")]
    return counted.pages, large_pages(where, counted.large)


def large_pages(where: str, large: Sequence[int]) -> list[Fault]:
    """The remark about pages that the service refuses for their size; [] without any."""
    if not large:
        return []
    named = ", ".join(map(str, large[:_NAMED])) + (", ..." if len(large) > _NAMED else "")
    what = f"{counted(0, len(large))} over 75 megapixels (of a PDF: million points): page {named}"
    then = "The other pages are read; save these smaller, or each comes back as a billed error."
    return [Fault(where, what, then, fatal=False, pages=tuple(large))]


def not_answered(request: BatchRequest, pictures: Sequence[Picture]) -> list[Fault]:
    """What of the chosen features files get no answer to: a remark each, or why each is left out.

    Args:
        request: with ``file_features`` as the backend answers them.
    """
    missing = [FEATURES[n].title for n in request.features if n not in request.file_features]
    files = [picture for picture in pictures if picture.pages]
    if not missing:
        return []
    if request.file_features:
        what = f"Not answered for files of pages here: {', '.join(missing)}"
        return [
            Fault(where_of(p), what, "The other features are asked.", fatal=False) for p in files
        ]
    what = f"The service answers none of the chosen features for files ({', '.join(missing)})"
    return [Fault(where_of(p), what, "Choose Text or Document text as well.") for p in files]
