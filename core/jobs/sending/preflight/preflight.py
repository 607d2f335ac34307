"""Before anything is sent: what a batch holds, costs and needs, and which pictures are bad.

Files on this machine are judged by all of their bytes, objects of a bucket by size and first bytes;
files of pages are read whole wherever they are, since their pages have to be counted. Nothing is
decoded: a picture that looks right here can still turn out broken at the service.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, TypeVar

from core.buckets import BucketReader
from core.errors import BucketError, BucketUnavailable, PictureError
from core.jobs.batch import content_hash
from core.jobs.batch.bucket_prefix import CONTENT_TYPES
from core.jobs.batch.features import (
    GOOGLE_QUOTA,
    PAGES_IN_PROCESSING,
    PICTURES_PER_OPERATION,
    Quota,
)
from core.jobs.batch.regular_file import open_regular
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Fault, ImageRef, LocalPicture, Picture, wanted_pages
from core.jobs.batch.time_limits import within
from core.jobs.billing.prices import PRICES, Cost, PriceTable
from core.jobs.sending.preflight.file_preflight import (
    KINDS,
    file_too_large,
    look_at_pages,
    may_be_file,
)
from core.pictures.conversion import check_convertible, is_converted
from core.pictures.formats import FACTS, Format, format_of
from core.pictures.inspection import inspect
from core.pictures.limits import MAX_BYTES, MAX_FILE_BYTES, too_large

_P = TypeVar("_P", ImageRef, LocalPicture)

HEAD_BYTES = 64 * 1024  # enough for the header of nearly every picture, EXIF and all
LOOK_S = 30.0  # for one picture: all of its bytes, or some of an object's
FILE_LOOK_S = 120.0  # for each, where there may be files of pages: of 1 GB perhaps
LOOK_INTO = 500  # objects whose first bytes are read: a second or two on the emulator


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the user should know before sending.

    Attributes:
        count: pictures in all, good or bad, without pages of files.
        good: pictures without a fatal fault, in order.
        faults: bad pictures (``fatal``) and remarks.
        unchecked: objects whose first bytes were not read, since there are so many.
        units: feature -> units that ``count`` pictures use.
        operations, shards: that ``count`` pictures need.
        bytes: of the pictures whose size is known.
        in_processing: pictures of other jobs that count against the quota now.
        allowed: the service's quota.
        pages, pages_in_processing: as ``count`` and ``in_processing``, of files of pages.
    """

    count: int
    good: tuple[Picture, ...]
    faults: tuple[Fault, ...]
    unchecked: int
    units: Mapping[str, int]
    cost: Cost
    operations: int
    shards: int
    bytes: int
    in_processing: int
    allowed: Quota = GOOGLE_QUOTA
    pages: int = 0
    pages_in_processing: int = 0

    @property
    def quota_fits(self) -> bool:
        """Whether all pictures, and all pages, can be in processing at once."""
        pictures = self.in_processing + self.count <= self.allowed.pictures
        return pictures and self.pages_in_processing + self.pages <= PAGES_IN_PROCESSING

    @property
    def quota(self) -> str:
        """How the batch fits the quota, a sentence for pictures and one for pages."""
        notes = []
        if self.count or not self.pages:
            together = self.in_processing + self.count
            notes.append(_quota(together, self.allowed.pictures, "pictures"))
        if self.pages:
            together = self.pages_in_processing + self.pages
            notes.append(_quota(together, PAGES_IN_PROCESSING, "pages"))
        return " ".join(notes)


def _quota(together: int, most: int, noun: str) -> str:
    if together <= most:
        return f"{together:,} of {most:,} {noun} that may be in processing at once."
    return (
        f"Only {most:,} {noun} may be in processing at once; "
        "operations beyond that wait here until there is room."
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at a batch's pictures has shown; it holds for any choice of features.

    Attributes:
        pictures: all, good or bad, in order.
        good, faults, unchecked: as in ``Preflight``.
    """

    pictures: tuple[Picture, ...]
    good: tuple[Picture, ...]
    faults: tuple[Fault, ...]
    unchecked: int


def look(
    pictures: Sequence[Picture],
    *,
    buckets: BucketReader | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Looked:
    """Look at pictures before they are sent, and tell by their bytes what they show.

    Args:
        buckets: to look at objects with; None takes them as they are.
        progress: called with (looked at, in all).

    Raises:
        BucketUnavailable: the storage does not answer, so nothing can be said.
    """
    looked_into = _to_open(pictures)

    def look_at(numbered: tuple[int, Picture]) -> tuple[Picture, Sequence[Fault]]:
        number, picture = numbered
        if isinstance(picture, LocalPicture):
            return check_local(picture)
        if buckets is None:
            return picture, ()
        return check_object(buckets, picture, read=number in looked_into)

    faults: list[Fault] = []
    known: list[Picture] = []
    good: list[Picture] = []
    seconds = FILE_LOOK_S if any(map(may_be_file, pictures)) else LOOK_S
    looks = within(seconds, look_at, list(enumerate(pictures)), _late(seconds))
    for number, (picture, problems) in enumerate(looks, start=1):
        known.append(picture)
        faults.extend(problems)
        if not any(fault.fatal for fault in problems):
            good.append(picture)
        if progress:
            progress(number, len(pictures))
    objects = sum(isinstance(picture, ImageRef) for picture in pictures)
    unchecked = objects - len(looked_into) if buckets is not None else objects
    return Looked(tuple(known), tuple(good), tuple(faults), unchecked)


def _late(
    seconds: float,
) -> Callable[[tuple[int, Picture]], tuple[Picture, Sequence[Fault]]]:
    def late(numbered: tuple[int, Picture]) -> tuple[Picture, Sequence[Fault]]:
        picture = numbered[1]
        where = picture.name if isinstance(picture, LocalPicture) else picture.uri
        what = f"No answer within {seconds:.0f} seconds"
        return picture, [Fault(where, what, "Is its disk or bucket there? Look again.")]

    return late


def estimate(
    looked: Looked,
    request: BatchRequest,
    *,
    prices: PriceTable = PRICES,
    used: Mapping[str, int] | None = None,
    in_processing: int = 0,
    pages_in_processing: int = 0,
    count: int | None = None,
    allowed: Quota = GOOGLE_QUOTA,
    files: Sequence[int] | None = None,
) -> Preflight:
    """Units, cost and quota of a batch that was looked at.

    Args:
        request: with ``file_features``, if there are files of pages.
        used: units of each feature used already this month, if known.
        count: pictures that will really be sent; None for all.
        files: of each file that will really be sent its number of pages; None for all.
    """
    if count is None:
        count = sum(1 for picture in looked.pictures if not picture.pages)
    if files is None:
        files = [len(wanted_pages(p)) for p in looked.pictures if p.pages]
    pages = sum(files)
    request = request.sized(count + pages)
    operations = math.ceil(count / PICTURES_PER_OPERATION)
    rest = count - PICTURES_PER_OPERATION * (operations - 1)
    full = request.shards(PICTURES_PER_OPERATION) * (operations - 1)
    cost = prices.cost(
        request.features, count, used, file_features=request.file_features, pages=pages
    )
    return Preflight(
        count=count,
        good=looked.good,
        faults=looked.faults,
        unchecked=looked.unchecked,
        units={line.feature: line.units for line in cost.lines},
        cost=cost,
        operations=operations + len(files),
        shards=(full + request.shards(rest) if count else 0) + sum(map(request.shards, files)),
        bytes=sum(picture.size or 0 for picture in looked.pictures),
        in_processing=in_processing,
        allowed=allowed,
        pages=pages,
        pages_in_processing=pages_in_processing,
    )


def check(
    pictures: Sequence[Picture],
    request: BatchRequest,
    *,
    buckets: BucketReader | None = None,
    prices: PriceTable = PRICES,
    used: Mapping[str, int] | None = None,
    in_processing: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Preflight:
    """``look``, then ``estimate``.

    Raises:
        BucketUnavailable: the storage does not answer, so nothing can be said.
    """
    looked = look(pictures, buckets=buckets, progress=progress)
    return estimate(looked, request, prices=prices, used=used, in_processing=in_processing)


def _to_open(pictures: Sequence[Picture]) -> set[int]:
    """Positions of objects to read from: all if they are few, else the doubtful ones first.

    Of files of pages all, since the pages have to be known.
    """
    objects = [(n, p) for n, p in enumerate(pictures) if isinstance(p, ImageRef)]
    objects.sort(key=lambda numbered: numbered[1].content_type.lower() in CONTENT_TYPES)
    files = {number for number, picture in objects if may_be_file(picture)}
    return files | {number for number, _ in objects[:LOOK_INTO]}


def check_local(picture: LocalPicture) -> tuple[LocalPicture, list[Fault]]:
    """One file on this machine with its content and pages, and its faults, by all of its bytes."""
    name = picture.name
    try:
        with os.fdopen(open_regular(picture.path), "rb") as file:
            data = file.read(MAX_BYTES + 1)
            size = os.fstat(file.fileno()).st_size
            kind = format_of(data[:HEAD_BYTES])
            if kind in KINDS:
                pages, faults = _pages(name, file, kind, size)
                if pages or faults:
                    return _as_file(picture, kind, pages).identified(), faults
            picture = replace(picture, format=str(kind or ""))
    except OSError as error:
        return picture.identified(), [Fault(name, "The file cannot be read", error.strerror or "")]
    picture = picture.identified()
    if is_converted(data):
        return _by_conversion(picture, name, data)
    if faults := _by_size(name, size):
        return picture, faults
    return _by_content(picture, name, data, whole=True)


def _pages(where: str, file: IO[bytes], kind: Format, size: int) -> tuple[int, list[Fault]]:
    faults = file_too_large(where, size)
    return (0, faults) if faults else look_at_pages(where, file, kind)


def _as_file(picture: _P, kind: Format, pages: int) -> _P:
    """What is sent as a file; one that could not be opened stays what it is."""
    picture = replace(picture, format=str(kind))
    return replace(picture, file_type=FACTS[kind].mime_type, pages=pages) if pages else picture


def check_object(
    buckets: BucketReader, picture: ImageRef, *, read: bool = True
) -> tuple[ImageRef, list[Fault]]:
    """One object with its size and content, and its faults; with ``read`` by its first bytes too.

    Raises:
        BucketUnavailable: the storage does not answer.
    """
    try:
        if picture.size is None:
            info = buckets.info(picture.uri)
            picture = replace(picture, size=info.size, content=content_hash.of_object(info))
        size = picture.size or 0
        head = buckets.read(picture.uri, HEAD_BYTES) if read and size else b""
        kind = format_of(head)
        if kind in KINDS:
            pages, faults = _object_pages(buckets, picture.uri, kind, size)
            if pages or faults:
                return _as_file(picture, kind, pages), faults
        if faults := _by_size(picture.uri, size):
            return picture, faults
        if not read:
            return picture, []
        if kind is Format.GIF:  # which may have frames behind its first bytes
            head = buckets.read(picture.uri)
        whole = len(head) == picture.size
        return _by_content(picture, picture.uri, head, whole=whole)
    except BucketUnavailable:
        raise
    except BucketError as error:
        return picture, [Fault(picture.uri, error.what, error.then)]


def _object_pages(
    buckets: BucketReader, uri: str, kind: Format, size: int
) -> tuple[int, list[Fault]]:
    if faults := file_too_large(uri, size):
        return 0, faults
    with tempfile.TemporaryFile() as file:
        buckets.copy(uri, file, MAX_FILE_BYTES)
        return look_at_pages(uri, file, kind)


def _by_size(where: str, size: int) -> list[Fault]:
    what = too_large(size)
    if not what:
        return []
    return [Fault(where, what, "Save it smaller; 1,600 pixels on the longer side are plenty.")]


def _by_conversion(
    picture: LocalPicture, where: str, data: bytes
) -> tuple[LocalPicture, list[Fault]]:
    """Of a format that is converted on its way into the bucket."""
    if faults := _by_size(where, len(data)):
        return picture, faults
    kind = format_of(data)
    try:
        width, height = check_convertible(data)
    except PictureError as error:
        what = f"A {kind} file that cannot be converted: {error.what}"
        return picture, [Fault(where, what, error.then or "Save it again, or leave it out.")]
    what = f"A {kind} file, which the service does not read"
    remarks = [Fault(where, what, "It is sent as a JPEG.", fatal=False)]
    return replace(picture, width=width, height=height), remarks


def _by_content(picture: _P, where: str, data: bytes, *, whole: bool) -> tuple[_P, list[Fault]]:
    seen = inspect(data, whole=whole)
    width, height = seen.size
    picture = replace(picture, format=str(seen.format or ""), width=width, height=height)
    if seen.format is Format.GIF and seen.frames > 1:
        picture = replace(picture, frames=seen.frames)
    if seen.fault:
        return picture, [Fault(where, seen.fault, seen.cure)]
    remarks = [Fault(where, seen.remark, "Look at it.", fatal=False)] if seen.remark else []
    return picture, remarks
