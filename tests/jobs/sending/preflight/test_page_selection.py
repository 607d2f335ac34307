"""Which pages of files are sent, and what is said of it by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.jobs.batch.page_range import PageRange
from core.jobs.batch.sources import Fault, ImageRef, LocalPicture, Picture, wanted_pages
from core.jobs.sending.planning import picture_rows
from core.jobs.sending.preflight.page_selection import Copies, PageSelection, about_pages, copies

PDF = "application/pdf"
SCAN = ImageRef("gs://b/scan.pdf", 5_000, file_type=PDF, pages=12)
SHORT = LocalPicture(Path("/x/short.pdf"), "short.pdf", 700, file_type=PDF, pages=3)
FAX = ImageRef("gs://b/fax.tif", 900, file_type="image/tiff", pages=3)
MOVING = ImageRef("gs://b/moving.gif", 300, frames=4)
PLAIN = ImageRef("gs://b/a.jpg", 10)
ALL = (SCAN, SHORT, FAX, MOVING, PLAIN)


def pages(selection: PageSelection) -> dict[str, list[int]]:
    chosen, _ = selection.applied(ALL)
    return {picture.name: list(wanted_pages(picture)) for picture in chosen}


def said(selection: PageSelection) -> list[tuple[str, str, bool]]:
    return [(f.where, f.what, f.fatal) for f in selection.applied(ALL)[1]]


def test_a_range_holds_for_every_file_and_for_no_picture() -> None:
    chosen = PageSelection(pages=PageRange.parse("2-3, -1"))
    assert pages(chosen) == {
        "scan.pdf": [2, 3, 12],
        "short.pdf": [2, 3],
        "fax.tif": [2, 3],
        "moving.gif": [],
        "a.jpg": [],
    }
    assert said(chosen) == []
    assert PageSelection().applied(ALL) == (ALL, ())


def test_files_that_end_before_the_range_are_named() -> None:
    chosen = PageSelection(pages=PageRange.parse("2-5"))
    assert said(chosen) == [
        ("short.pdf", "The file ends with page 3: of it 2-3 is sent", False),
        ("gs://b/fax.tif", "The file ends with page 3: of it 2-3 is sent", False),
    ]
    chosen = PageSelection(pages=PageRange.parse("7"))
    assert list(pages(chosen)) == ["scan.pdf", "moving.gif", "a.jpg"]
    assert [(where, fatal) for where, _, fatal in said(chosen)] == [
        ("short.pdf", True),
        ("gs://b/fax.tif", True),
    ]


def test_single_files_have_ranges_of_their_own() -> None:
    single = {"gs://b/scan.pdf": PageRange.parse("1"), "short.pdf": None}
    chosen = pages(PageSelection(pages=PageRange.parse("2"), of_file=single))
    assert (chosen["scan.pdf"], chosen["short.pdf"], chosen["fax.tif"]) == ([1], [1, 2, 3], [2])


def test_animations_go_as_they_are_chosen() -> None:
    chosen, _ = PageSelection(every_frame=True, first_frame=True).applied(ALL)
    kinds = {p.name: (p.file_type, p.pages) for p in chosen}
    assert kinds["moving.gif"] == ("image/gif", 4)
    assert kinds["fax.tif"] == ("", 0) and kinds["scan.pdf"] == (PDF, 12)
    # Frames of a GIF cannot be taken out: it is said that all go.
    both = PageSelection(every_frame=True, pages=PageRange.parse("1"))
    assert pages(both)["moving.gif"] == [1, 2, 3, 4]
    assert said(both) == [
        ("gs://b/moving.gif", "All 4 frames are sent: a GIF is taken whole", False)
    ]
    huge = replace(MOVING, frames=2_001)
    (sent,), (fault,) = PageSelection(every_frame=True).applied([huge])
    assert sent.pages == 0 and "2,001 frames" in fault.what and not fault.fatal


def test_a_file_over_the_services_limit_is_said_to_be_sent_in_parts() -> None:
    (_,), (fault,) = PageSelection().applied([replace(SCAN, pages=4_001)])
    assert (fault.fatal, fault.then) == (
        False,
        "They are sent in 3 parts and come back as one document.",
    )
    part = PageSelection(pages=PageRange.parse("1-2000"))
    assert part.applied([replace(SCAN, pages=4_001)])[1] == ()


def test_remarks_follow_the_pages_that_are_sent() -> None:
    remark = Fault("gs://b/scan.pdf", "3 pages over ...", fatal=False, pages=(2, 7, 9))
    other = Fault("gs://b/a.jpg", "Something", fatal=False)
    (chosen,), _ = PageSelection(pages=PageRange.parse("7-8")).applied([SCAN])
    narrowed = about_pages([remark, other], [chosen])
    assert narrowed[1] == other
    assert narrowed[0].pages == (7,) and narrowed[0].what.endswith("page 7")
    (chosen,), _ = PageSelection(pages=PageRange.parse("1")).applied([SCAN])
    assert about_pages([remark], [chosen]) == []


def test_what_is_fetched_and_written_is_counted_in_bytes() -> None:
    chosen, _ = PageSelection(pages=PageRange.parse("2")).applied(ALL)
    assert copies(picture_rows(chosen), chosen) == Copies(2, 5_900, 1, 700, 0)
    assert copies(picture_rows(ALL), ALL) == Copies()
    large: list[Picture] = [replace(SHORT, pages=2_001), replace(SCAN, pages=2_001)]
    assert copies(picture_rows(large), large) == Copies(1, 5_000, 0, 0, 1)
