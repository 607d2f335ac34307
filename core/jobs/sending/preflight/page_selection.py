"""Which pages of the chosen files are sent, and what is to be known of that before it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.jobs.batch.features import PAGES_PER_FILE
from core.jobs.batch.page_range import PageRange, to_text
from core.jobs.batch.sources import Fault, ImageRef, Picture, wanted_pages, where_of
from core.jobs.ledger.rows import PictureRow
from core.jobs.sending.preflight.file_preflight import large_pages
from core.pictures.formats import FACTS, Format
from core.pictures.page_cut import CUTTABLE

GIF, TIFF = (FACTS[kind].mime_type for kind in (Format.GIF, Format.TIFF))


@dataclass(frozen=True, slots=True)
class PageSelection:
    """What is sent of a batch's files.

    Attributes:
        every_frame: an animated GIF goes as a file of its frames, not as its first.
        first_frame: a TIFF of several pages goes as a picture, its first.
        pages: of every file; None for all.
        of_file: of single files, by name, in the place of ``pages``; None for all.
    """

    every_frame: bool = False
    first_frame: bool = False
    pages: PageRange | None = None
    of_file: Mapping[str, PageRange | None] | None = None

    def applied(self, pictures: Iterable[Picture]) -> tuple[tuple[Picture, ...], tuple[Fault, ...]]:
        """The pictures and files with the pages that are sent; by name what is left out, and why.

        A file without any of the pages is left out (``fatal``).
        """
        chosen: list[Picture] = []
        faults: list[Fault] = []
        for picture in map(self._framed, pictures):
            numbered, problems = self._numbered(picture)
            faults += problems
            if not any(fault.fatal for fault in problems):
                chosen.append(numbered)
        return tuple(chosen), tuple(faults)

    def _framed(self, picture: Picture) -> Picture:
        if self.every_frame and 1 < picture.frames <= PAGES_PER_FILE:
            return replace(picture, pages=picture.frames, file_type=GIF)
        if self.first_frame and picture.file_type == TIFF:
            return replace(picture, pages=0, file_type="", frames=picture.pages)
        return picture

    def _numbered(self, picture: Picture) -> tuple[Picture, list[Fault]]:
        where = where_of(picture)
        wanted = (self.of_file or {}).get(where, self.pages)
        faults: list[Fault] = []
        if picture.pages and wanted is not None:
            numbers = wanted.of(picture.pages)
            if picture.file_type not in CUTTABLE:
                what = f"All {picture.pages:,} frames are sent: a GIF is taken whole"
                faults.append(Fault(where, what, fatal=False))
            elif not numbers:
                has = f"The file has {picture.pages:,} page{'s' * (picture.pages != 1)}"
                return picture, [
                    Fault(where, f"{has}, and none of these", "Choose other pages for it.")
                ]
            elif len(numbers) < picture.pages:
                picture = replace(picture, numbers=numbers)
                if wanted.beyond(picture.pages):
                    what = f"The file ends with page {picture.pages:,}: of it {to_text(numbers)}"
                    faults.append(Fault(where, f"{what} is sent", fatal=False))
        return picture, [*faults, *_in_parts(where, picture), *_frames_left(where, picture, self)]


def _in_parts(where: str, picture: Picture) -> list[Fault]:
    pages = len(wanted_pages(picture))
    if pages <= PAGES_PER_FILE:
        return []
    what = f"{pages:,} pages; the service takes {PAGES_PER_FILE:,} of a file at once"
    parts = math.ceil(pages / PAGES_PER_FILE)
    then = f"They are sent in {parts} parts and come back as one document."
    return [Fault(where, what, then, fatal=False)]


def _frames_left(where: str, picture: Picture, selection: PageSelection) -> list[Fault]:
    if not (selection.every_frame and picture.frames > PAGES_PER_FILE and not picture.pages):
        return []
    what = f"{picture.frames:,} frames; the service takes {PAGES_PER_FILE:,}"
    return [Fault(where, what, "Its first frame is sent as a picture.", fatal=False)]


def about_pages(faults: Iterable[Fault], chosen: Sequence[Picture]) -> list[Fault]:
    """Remarks without what they say of pages that are not sent."""
    sent = {where_of(picture): set(wanted_pages(picture)) for picture in chosen if picture.pages}
    narrowed: list[Fault] = []
    for fault in faults:
        if not fault.pages or fault.where not in sent:
            narrowed.append(fault)
        else:
            narrowed += large_pages(fault.where, [n for n in fault.pages if n in sent[fault.where]])
    return narrowed


@dataclass(frozen=True, slots=True)
class Copies:
    """Files of which pages are copied before they are sent, and how large those files are.

    Attributes:
        fetched, fetched_bytes: in a bucket: each is read, and its pages are written to our folder.
        uploaded, uploaded_bytes: of this machine, of which only the chosen pages are uploaded.
        parts: uploads that are sent in parts, which are written once more.
    """

    fetched: int = 0
    fetched_bytes: int = 0
    uploaded: int = 0
    uploaded_bytes: int = 0
    parts: int = 0


def copies(rows: Iterable[PictureRow], pictures: Sequence[Picture]) -> Copies:
    """What is copied for the rows that are sent."""
    sizes = {_place(picture): picture.size or 0 for picture in pictures if picture.pages}
    files: dict[int, list[PictureRow]] = {}
    for row in rows:
        if row.file_type in CUTTABLE:
            files.setdefault(row.file_positions.start, []).append(row)
    fetched, uploaded, parts = [], [], 0
    for sent in files.values():
        row = sent[0]
        some = len(sent) != row.stored or len(sent) > PAGES_PER_FILE
        if some and not row.path:
            fetched.append(sizes.get(row.uri, 0))
        if row.path and row.cut:
            uploaded.append(sizes.get(row.path, 0))
        parts += bool(some and row.path)
    return Copies(len(fetched), sum(fetched), len(uploaded), sum(uploaded), parts)


def _place(picture: Picture) -> str:
    return picture.uri if isinstance(picture, ImageRef) else str(picture.path.absolute())
