"""Pictures and pages of files on this machine, before they are in any bucket."""

from __future__ import annotations

from pathlib import Path

from core.errors import PictureError
from core.pictures.conversion import is_converted, to_jpeg
from core.pictures.formats import HEAD_BYTES, Format, format_of
from core.results.pictures.exif_upright import Upright
from core.results.pictures.file_pages import picture_copy
from core.results.pictures.page_renderer import draw_pages, page_error
from core.results.shards.limits import check_picture_size


def local_copy(path: Path, size: int, page: int = 0) -> Upright:
    """A copy of which no side is longer than ``size``.

    Args:
        page: from 1, of a file; 0 takes a picture, or a PDF's first page.

    Raises:
        PictureError: it is too large, or nothing that can be opened.
    """
    try:
        with path.open("rb") as file:
            kind = format_of(file.read(HEAD_BYTES))
            if page or kind is Format.PDF:
                drawn = next(iter(draw_pages(file.fileno(), [max(page, 1)], size)))
                if drawn.copy is None:
                    raise page_error(drawn.fault, str(path))
                return drawn.copy
            check_picture_size(path.stat().st_size, str(path))
            file.seek(0)
            data = file.read()
    except OSError as error:
        raise PictureError("The file cannot be read", where=str(path)) from error
    return picture_copy(to_jpeg(data) if is_converted(data) else data, size, str(path))
