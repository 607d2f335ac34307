"""Thumbnails: each made once, kept as a small JPEG in a bounded folder.

A file's name is a hash of the picture's address and page and one of its generation and size, so a
changed picture gets another file and no name from outside ever becomes a path. What the gallery
needs to place boxes (the stored size and the EXIF orientation) stands in the JPEG's own comment, so
that there is one file a picture and it appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.buckets import BucketReader
from core.errors import PictureError
from core.pictures.orientation import UPRIGHT, upright_size
from core.results.pictures.atomic_write import write_whole
from core.results.pictures.exif_upright import Upright
from core.results.pictures.file_pages import BATCH, FilePages, picture_copy
from core.results.pictures.overlays import blurred
from core.results.query.picture.annotations import Shape
from core.results.shards.limits import check_picture_size, read_picture

LONGEST = 360  # pixels
QUALITY = 82
MOST_BYTES = 400_000_000  # about 25,000 thumbnails
MOST_KNOWN = 50_000  # pictures remembered in memory, some 300 bytes each
CHECK_S = 300.0  # how long a picture is believed not to have changed
MAX_PATHS = 150  # shapes on one thumbnail; more would be a grey carpet
_COMMENT = re.compile(rb"(\d{1,6})x(\d{1,6}) ([1-8])")


@dataclass(frozen=True, slots=True)
class Placing:
    """How a stored picture and its thumbnail lie to each other.

    Attributes:
        width, height: the thumbnail's, in pixels, upright.
        stored: width and height of the picture's own pixel grid, before it is turned upright.
        orientation: EXIF's, 1..8.
    """

    width: int
    height: int
    stored: tuple[int, int]
    orientation: int

    def path(self, shape: Shape) -> str:
        """A shape as an SVG path in the thumbnail's pixels; "" if it has too few corners."""
        if len(shape.points) < 2:
            return ""
        width, height = (1, 1) if shape.normalized else self.stored
        across, down = upright_size(width, height, self.orientation)
        corners = []
        for corner in shape.points:
            x, y = UPRIGHT[self.orientation](*corner, width, height)
            corners.append(
                f"{self.width * min(max(x / across, -1.0), 2.0):.1f} "
                f"{self.height * min(max(y / down, -1.0), 2.0):.1f}"
            )
        return f"M{'L'.join(corners)}Z"

    def paths(self, shapes: Sequence[Shape]) -> list[tuple[str, str]]:
        """(kind, SVG path) for each kind of shape; all words are one path, and so on."""
        joined: dict[str, str] = {}
        for shape in shapes[:MAX_PATHS]:
            joined[shape.kind] = joined.get(shape.kind, "") + self.path(shape)
        return [(kind, path) for kind, path in joined.items() if path]


@dataclass(slots=True)
class _Known:
    """What is remembered about a picture: its file's name, and when that was last made sure of.

    Attributes:
        making: held while it is read, so that who asks at the same time does not read it too.
    """

    name: str
    checked: float
    placing: Placing | None = None
    fault: PictureError | None = None
    making: threading.Lock = field(default_factory=threading.Lock)


class Thumbnails:
    """Thumbnails of pictures in buckets. Safe to share between threads and processes.

    Args:
        folder: where the files go; made when needed.
        buckets: called for the storage that is connected now.
        pages: draws pages of files.
        most_bytes: beyond this the files that were made first are removed.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        folder: Path,
        buckets: Callable[[], BucketReader],
        pages: FilePages | None = None,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._buckets = buckets
        self._pages = pages or FilePages()
        self._most_bytes = most_bytes
        self._clock = clock
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._decoding = threading.BoundedSemaphore(max(1, os.cpu_count() or 1))
        self._size: int | None = None  # of the folder; None until it is looked at

    def jpeg(self, uri: str, page: int = 0, *, veiled: bool = False) -> bytes:
        """A thumbnail's JPEG bytes.

        Args:
            uri: the picture's ``gs://`` address.
            page: of a file of several pages, from 1; 0 for a picture.
            veiled: a dozen dots instead, of which nothing can be won back.

        Raises:
            BucketError: the picture cannot be read.
            PictureError: it is not a picture that can be opened, or has no such page.
        """
        data, _ = self._get(uri, page)
        return _veiled(data) if veiled else data

    def copy(self, uri: str, page: int, size: int) -> Upright:
        """A picture of at most ``size`` pixels, up to ``LONGEST``; raises as ``jpeg``."""
        from PIL import Image

        data, placing = self._get(uri, page)
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            image.draft("RGB", (size, size))
            image.thumbnail((size, size))
            return Upright(image.convert("RGB"), placing.stored, placing.orientation)

    def placing(self, uri: str, page: int = 0) -> Placing:
        """Where boxes go on the thumbnail, which is made if there is none; raises as ``jpeg``."""
        known = self._current(uri, page)
        if known.placing is not None:
            return known.placing
        return self._get(uri, page)[1]

    def identity(self, uri: str, page: int = 0) -> str:
        """What stands for a picture as it is now: another once the object has been replaced.

        Raises:
            BucketError: the picture cannot be found.
        """
        return self._current(uri, page).name

    def forget(self, places: AbstractSet[str]) -> None:
        """Remove what was made of some pictures, whichever of their versions, see ``place``.

        Raises:
            OSError: a file cannot be removed.
        """
        with self._lock:
            for key in [key for key, known in self._known.items() if known.name[:20] in places]:
                del self._known[key]
            self._size = None
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name[:20] in places:
                    path.unlink(missing_ok=True)

    def _get(self, uri: str, page: int) -> tuple[bytes, Placing]:
        known = self._current(uri, page)
        with known.making:
            return self._made(uri, page, known)

    def _made(self, uri: str, page: int, known: _Known) -> tuple[bytes, Placing]:
        if known.fault is not None:
            raise known.fault
        path = self._folder / known.name
        with suppress(OSError):
            data = path.read_bytes()
            if (placing := _placing(data)) is not None:
                known.placing = placing
                return data, placing
        data, known.placing = self._page(uri, page) if page > 0 else self._picture(uri, known)
        self._keep(path, data)
        return data, known.placing

    def _picture(self, uri: str, known: _Known) -> tuple[bytes, Placing]:
        try:
            picture = read_picture(self._buckets(), uri)
            with self._decoding:
                return make(picture, uri)
        except PictureError as error:
            known.fault = error  # it stays what it is until its generation changes
            raise

    def _page(self, uri: str, page: int) -> tuple[bytes, Placing]:
        following = range(page + 1, page + BATCH)
        copy = self._pages.copy(self._buckets(), uri, page, LONGEST, following)
        return encoded(copy)

    def _current(self, uri: str, page: int) -> _Known:
        """What is known of a picture, after making sure now and then that it has not changed."""
        key, now = (uri, page), self._clock()
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                if now - known.checked < CHECK_S:
                    return known
        info = self._buckets().info(uri)
        said = repr((uri, page, info.generation, info.size, info.md5, LONGEST))
        name = f"{place(uri, page)}{hashlib.sha256(said.encode()).hexdigest()[:20]}.jpg"
        fault = None if page > 0 else _oversize(info.size, uri)
        with self._lock:
            known = self._known.get(key)  # somebody else may have asked in the meantime
            if known is None or known.name != name:
                known = self._known[key] = _Known(name, now, fault=fault)
            known.checked = now
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return known

    def _keep(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all; a full disk costs the cache, not the thumbnail."""
        with suppress(OSError):
            write_whole(path, lambda file: file.write(data))
            self._count(len(data))

    def _count(self, added: int) -> None:
        with self._lock:
            if self._size is None:
                self._size = sum(size for _, size, _ in self._files())
            else:
                self._size += added
            if self._size <= self._most_bytes:
                return
            for _, size, path in sorted(self._files()):  # the oldest first, down to four fifths
                if self._size <= self._most_bytes * 0.8:
                    return
                path.unlink(missing_ok=True)
                self._size -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        files = []
        for path in self._folder.iterdir():
            with suppress(OSError):  # another process may have removed it
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        return files


def place(uri: str, page: int) -> str:
    """How the names of a picture's thumbnails begin: 20 characters."""
    said = repr((uri, page)).encode(errors="surrogatepass")
    return hashlib.sha256(said).hexdigest()[:20]


def _oversize(size: int, uri: str) -> PictureError | None:
    try:
        check_picture_size(size, uri)
    except PictureError as error:
        return error
    return None


def make(picture: bytes, where: str) -> tuple[bytes, Placing]:
    """A picture's thumbnail as JPEG bytes, and how the two lie to each other.

    Raises:
        PictureError: the bytes are not a picture that can be opened.
    """
    return encoded(picture_copy(picture, LONGEST, where))


def encoded(copy: Upright) -> tuple[bytes, Placing]:
    """A copy as a thumbnail's JPEG bytes, and how the two lie to each other."""
    image, stored, orientation = copy
    out = io.BytesIO()
    comment = f"{stored[0]}x{stored[1]} {orientation}"
    image.save(out, "JPEG", quality=QUALITY, comment=comment, exif=b"")
    return out.getvalue(), Placing(*image.size, stored, orientation)


def _placing(jpeg: bytes) -> Placing | None:
    """What ``make`` wrote into a thumbnail's comment; None if this is not one, or it is damaged."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            match = _COMMENT.fullmatch(image.info.get("comment", b""))
            size = image.size
    except Exception:  # half a file, or not ours
        return None
    if match is None or not jpeg.endswith(b"\xff\xd9"):
        return None
    width, height, orientation = map(int, match.groups())
    return Placing(*size, (width, height), orientation)


def _veiled(jpeg: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        blurred(image.convert("RGB")).save(out, "JPEG", quality=60)
    return out.getvalue()
