"""Pages are drawn in a process of their own, which hostile files can end and nothing more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.confined_process import ROOT
from core.results.pictures import page_renderer
from core.results.pictures.page_renderer import DrawnPage, draw_pages
from core.results.shards.limits import PageLimits
from tests.kit.pictures.documents import (
    BAD,
    COLOURS,
    POINTS_OF_A4,
    coloured,
    drawn_pdf,
    frames,
    locked_pdf,
    pdf,
    pdf_without_pages,
    raw_pdf,
    stream,
    turned_pdf,
)


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Those that a test started; none of them may be left."""
    started: list[subprocess.Popen[bytes]] = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    yield started
    assert started and all(one.returncode is not None for one in started)


def drawn(data: bytes, *pages: int, size: int = 200, **limits: Any) -> list[DrawnPage]:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(data)
        return list(draw_pages(file.fileno(), pages or (1,), size, PageLimits(**limits)))


def page_faults(pages: list[DrawnPage]) -> list[tuple[int, str]]:
    return [(one.page, one.fault) for one in pages]


def page_with(named: bytes, *objects: bytes, contents: bytes = b"/X Do") -> bytes:
    """One page of 200 x 100 points that draws /X, which is the fifth object."""
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R "
        b"/Resources << /XObject << /X 5 0 R >> >> >>",
        stream(b"", contents),
        named,
        *objects,
    )


def form_bomb(deep: int = 10, wide: int = 12) -> bytes:
    """Forms that each draw the next a dozen times: 12**10 boxes from two kilobytes."""
    box = b"/Type /XObject /Subtype /Form /BBox [0 0 200 100] "
    inner = [
        stream(box + b"/Resources << /XObject << /X %d 0 R >> >>" % (n + 6), b"/X Do " * wide)
        for n in range(deep)
    ]
    return page_with(*inner, stream(box, b"0 0 200 100 re f " * 50))


def tile_bomb() -> bytes:
    """A pattern whose tiles lie a thousandth of a point apart."""
    head = b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 5 5] "
    head += b"/XStep .001 /YStep .001 /Resources << >>"
    paint = b"/Pattern cs /X scn 0 0 200 100 re f"
    data = page_with(stream(head, b"1 0 0 rg 0 0 5 5 re f"), contents=paint)
    return data.replace(b"/XObject << /X", b"/Pattern << /X")


def picture_bomb(side: int = 30_000) -> bytes:
    """A grey picture of 900 million pixels in less than a megabyte."""
    packed = zlib.compress(bytes(side * side // 9), 9)
    head = b"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 "
    head += b"/Filter /FlateDecode /Width %d /Height %d" % (side, side)
    return page_with(stream(head, packed), contents=b"200 0 0 100 0 0 cm /X Do")


def test_pages_come_in_the_order_asked_each_with_its_grid() -> None:
    pages = drawn(drawn_pdf(coloured(4)), 3, 1, 4, size=100)
    assert [one.page for one in pages] == [3, 1, 4]
    for one in pages:
        assert one.copy is not None
        assert one.copy.stored == (200 + one.page - 1, 100)
        assert one.copy.image.size == (100, 50) and one.copy.orientation == 1
        (colour,) = {tuple(p) for p in np.asarray(one.copy.image)[5:-5, 5:-5].reshape(-1, 3)}
        ideal = {"red": (255, 0, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
        wanted = ideal[COLOURS[one.page - 1]]
        assert np.abs(np.subtract(colour, wanted)).max() <= 3  # JPEG inside
    (a4,) = drawn(pdf([POINTS_OF_A4]))
    assert a4.copy is not None and a4.copy.stored == (595, 841)  # whole points, as the service
    (turned,) = drawn(turned_pdf(90))
    assert turned.copy is not None and turned.copy.stored == (100, 200)


@pytest.mark.parametrize("kind", ["TIFF", "GIF"])
def test_frames_are_pages(kind: str) -> None:
    pages = drawn(frames(kind, coloured(3)), 2, 4, 0)
    assert page_faults(pages) == [(2, ""), (4, "none"), (0, "none")]
    assert pages[0].copy is not None
    assert pages[0].copy.image.getpixel((50, 50)) == pytest.approx((0, 255, 0), abs=2)


def test_a_turned_tiff_is_upright_and_its_grid_the_files_own() -> None:
    (one,) = drawn(frames("TIFF", coloured(1), tiffinfo={274: 6}))
    assert one.copy is not None
    assert (one.copy.image.size, *one.copy[1:]) == ((100, 200), (200, 100), 6)


@pytest.mark.parametrize(
    ("data", "fault"),
    {
        "locked": (locked_pdf("secret"), "locked"),
        "cut off": (drawn_pdf(coloured(2))[:300], "damaged"),
        "no pages": (pdf_without_pages(), "damaged"),
        "no file of pages": (b"hello", "damaged"),
        "empty": (b"", "damaged"),
        "mark alone": (b"%PDF-1.7\n" + bytes(range(256)) * 9, "damaged"),
        "TIFF cut off": (frames("TIFF", coloured(2))[:40], "damaged"),
    }.values(),
)
def test_a_file_that_cannot_be_opened_is_reported_once(data: bytes, fault: str) -> None:
    assert page_faults(drawn(data, 1, 2, 3)) == [(0, fault)]


def test_pages_that_cannot_be_drawn_do_not_cost_the_others() -> None:
    sizes = [(14_400, 14_400), (100, 100), (20_000, 1), (0.001, 0.001)]
    pages = drawn(pdf(sizes), 1, 2, 3, 4, 5, 2**31, 2**70, -1)
    expected = ["large", "", "", "", *["none"] * 4]
    assert [one.fault for one in pages] == expected
    assert all(max(one.copy.image.size) <= 200 for one in pages if one.copy is not None)


@pytest.mark.parametrize("box", [b"0 0 0 0", b"0 0 1e38 1e38", b"5 5 -1e38 4", b"nul l x /y", b""])
def test_odd_page_boxes_are_drawn_or_reported(box: bytes) -> None:
    data = page_with(b"null").replace(b"[0 0 200 100]", b"[%s]" % box)
    (one,) = drawn(data)
    assert one.page == 1 and one.fault in ("", "page", "large")


@pytest.mark.slow
def test_a_page_that_takes_too_long_is_ended() -> None:
    assert page_faults(drawn(tile_bomb(), cpu_s=1)) == [(1, "time")]
    assert page_faults(drawn(tile_bomb(), cpu_s=500, wall_s=2.0)) == [(1, "time")]


def test_a_bomb_of_forms_is_ended_by_its_memory() -> None:
    assert page_faults(drawn(form_bomb(), memory=300 * 1024 * 1024)) == [(1, "broke")]


def test_a_bomb_of_pixels_stays_within_its_memory(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    pages = drawn(picture_bomb(), memory=200 * 1024 * 1024)
    assert page_faults(pages) == [(1, "")]  # PDFium takes it line by line, or leaves it out
    assert len(processes) == 1


def test_memory_that_is_not_enough_is_reported() -> None:
    pages = drawn(drawn_pdf(coloured(1)), memory=30 * 1024 * 1024)
    assert len(pages) == 1 and pages[0].copy is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "fault"),
    {
        "hang": "time",
        "die": "broke",
        "end": "broke",
        "junk": "broke",
        "endless": "broke",
        "large": "broke",
        "short": "broke",
        "other": "broke",
        "size": "broke",
        "deep": "broke",
        "fault": "broke",
    }.items(),
)
def test_a_renderer_that_behaves_badly_is_ended(
    deed: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    pages = drawn(f"{deed} 2".encode(), 1, 2, 3, wall_s=3.0)
    assert page_faults(pages) == [(1, ""), (2, fault)]


def test_a_renderer_that_nobody_watches_ends_by_itself() -> None:
    arguments = {"pages": [1], "size": 200, "memory": 1 << 30, "cpu_s": 500, "wall_s": 1.0}
    command = [sys.executable, "-m", page_renderer.PROGRAM, json.dumps(arguments)]
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(tile_bomb())
        file.seek(0)
        done = subprocess.run(command, stdin=file, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGALRM


def test_a_reader_that_stops_leaves_no_process(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"hang 2")
        pages = iter(draw_pages(file.fileno(), [1, 2], 200))
        assert next(pages).page == 1
        pages.close()  # type: ignore[attr-defined]  # a generator
    assert processes[0].returncode is not None


def test_the_renderer_is_handed_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "x")
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    assert page_faults(drawn(b"secrets")) == [(1, "none")]


def test_a_renderer_that_does_not_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, processes: list[subprocess.Popen[bytes]]
) -> None:
    drawn(b"")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert page_faults(drawn(pdf([(9, 9)]))) == [(0, "start")]
    assert len(processes) == 1
