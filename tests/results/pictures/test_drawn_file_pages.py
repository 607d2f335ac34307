"""Pages of one file are drawn together, once, and a bad file does not keep others from theirs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from core.buckets import Buckets, ObjectInfo
from core.errors import ObjectNotFound, PictureError
from core.results.pictures import file_pages, page_renderer
from core.results.pictures.file_copies import FileCopies
from core.results.pictures.file_pages import BATCH, FORGET_S, STRIKES, FilePages
from core.results.pictures.lru import Recent
from core.results.pictures.overlays import draw
from core.results.pictures.page_renderer import DrawnPage
from core.results.query.store import Store
from core.results.shards import limits
from core.results.shards.limits import PageLimits
from core.results.tables import tables
from tests.kit.pictures.documents import BAD, coloured, drawn_pdf, locked_pdf
from tests.kit.pictures.fake_buckets import FakeBuckets, jpeg
from tests.kit.pictures.overlays import pixels
from tests.kit.pictures.written_file import check_overlay, file_shard, word_boxes, written_pdf
from tests.kit.results.shards import shard_file
from tests.kit.waiting import wait_until

URI = "gs://b/a.pdf"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The pages that each process was asked for."""
    asked: list[list[int]] = []

    def counted(
        file: int, pages: list[int], size: int, limits: PageLimits | None = None
    ) -> Iterator[DrawnPage]:
        asked.append(pages)
        yield from page_renderer.draw_pages(file, pages, size, limits)

    monkeypatch.setattr(file_pages, "draw_pages", counted)
    return asked


class Shelf:
    """One file, and what looks at its pages."""

    def __init__(self, data: bytes, limits: PageLimits | None = None) -> None:
        self.buckets = FakeBuckets(**{URI: data})
        self.now = 0.0
        self.pages = FilePages(None, limits, clock=lambda: self.now)

    def size(self, page: int, *, ahead: int = 0, side: int = 100) -> tuple[int, int]:
        """The stored size of a page."""
        following = range(page + 1, page + 1 + ahead)
        buckets = cast(Buckets, self.buckets)
        return self.pages.copy(buckets, URI, page, side, following).stored

    def fault(self, page: int, *, ahead: int = 0) -> str:
        """Why a page cannot be drawn."""
        with pytest.raises(PictureError) as caught:
            self.size(page, ahead=ahead)
        assert caught.value.where == URI and caught.value.then
        return caught.value.what


def test_a_hundred_pages_are_read_once_by_a_few_processes(runs: list[list[int]]) -> None:
    shelf = Shelf(drawn_pdf(coloured(100)))
    with ThreadPoolExecutor(6) as browser:
        sizes = list(browser.map(lambda n: shelf.size(n, ahead=BATCH - 1), range(1, 101)))
    assert sizes == [(199 + n, 100) for n in range(1, 101)]
    assert shelf.buckets.reads == 1
    assert len(runs) <= 8 and max(map(len, runs)) <= BATCH


def test_what_was_drawn_ahead_or_before_needs_no_process(runs: list[list[int]]) -> None:
    shelf = Shelf(drawn_pdf(coloured(4)))
    shelf.size(1, ahead=2)
    sizes = [shelf.size(n) for n in (2, 3, 1)]
    assert sizes == [(201, 100), (202, 100), (200, 100)] and runs == [[1, 2, 3]]
    shelf.size(2, side=50)
    assert runs[1:] == [[2]]
    shelf.buckets.generation = 2  # another file by now
    shelf.buckets.objects[URI] = drawn_pdf(coloured(2, width=90))
    assert shelf.size(2) == (91, 100)


def test_what_is_held_is_not_shown_to_whom_the_bucket_refuses() -> None:
    shelf = Shelf(drawn_pdf(coloured(1)))
    shelf.size(1)

    class Guarded(FakeBuckets):
        def info(self, uri: str) -> ObjectInfo:
            raise ObjectNotFound("There is no such object", where=uri)

    with pytest.raises(ObjectNotFound):
        shelf.pages.copy(cast(Buckets, Guarded()), URI, 1, 100)


def test_page_0_is_a_picture_and_opened_here(runs: list[list[int]]) -> None:
    shelf = Shelf(jpeg(40, 30))
    assert shelf.size(0) == (40, 30) == shelf.size(1)
    assert runs == [[1]]
    assert shelf.fault(2) == page_renderer.FAULTS["none"]


def test_faults_are_remembered_for_a_while(runs: list[list[int]]) -> None:
    shelf = Shelf(locked_pdf("secret"))
    for page in (1, 2, 1):
        assert shelf.fault(page, ahead=3) == page_renderer.FAULTS["locked"]
    assert len(runs) == 1
    wait_until(lambda: not any(file.busy for file in shelf.pages._files.values()), "it is idle")
    shelf.now = FORGET_S + 1
    shelf.fault(1)
    assert len(runs) == 2
    short = Shelf(drawn_pdf(coloured(2)))
    assert short.size(1, ahead=4) == (200, 100)
    assert short.fault(4) == page_renderer.FAULTS["none"] == short.fault(3)
    assert len(runs) == 3


def test_pages_behind_one_that_ends_the_process_are_drawn(
    runs: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    shelf = Shelf(b"die 2")
    with ThreadPoolExecutor(4) as browser:
        futures = [browser.submit(shelf.size, n) for n in (1, 2, 3, 4)]
    assert [futures[n].result() for n in (0, 2, 3)] == [(10, 10)] * 3
    assert isinstance(futures[1].exception(), PictureError)
    assert shelf.fault(2) == page_renderer.FAULTS["broke"]
    assert sum(2 in pages for pages in runs) == 1


def test_a_file_that_costs_many_processes_is_given_up(
    runs: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    shelf = Shelf(b"die")
    with ThreadPoolExecutor(6) as browser:
        faults = list(browser.map(lambda n: shelf.fault(n, ahead=20), range(1, 40)))
    assert len(runs) == STRIKES
    assert set(faults) == {page_renderer.FAULTS["broke"], page_renderer.FAULTS["strikes"]}


def test_a_renderer_that_did_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(drawn_pdf(coloured(1)))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        assert shelf.fault(1) == page_renderer.FAULTS["start"]
    assert shelf.size(1) == (200, 100)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    monkeypatch.setattr(file_pages, "PATIENCE_S", 0.2)
    shelf = Shelf(b"hang", PageLimits(wall_s=3.0))
    assert "turn has not come" in shelf.fault(1)


@pytest.mark.slow
def test_a_slow_file_does_not_keep_another_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(b"hang", PageLimits(wall_s=6.0))
    other = "gs://b/other.pdf"
    shelf.buckets.objects[other] = b"good"
    monkeypatch.setattr(page_renderer, "PROGRAM", BAD)
    slow = threading.Thread(target=shelf.fault, args=(1,))
    slow.start()
    copy = shelf.pages.copy(cast(Buckets, shelf.buckets), other, 1, 100)
    assert copy.stored == (10, 10) and slow.is_alive()
    slow.join()


def test_files_that_cannot_be_read_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(drawn_pdf(coloured(1)))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MAX_FILE_BYTES", 100)
        assert "The file has over" in shelf.fault(1)
    with pytest.raises(ObjectNotFound):
        shelf.pages.copy(cast(Buckets, shelf.buckets), "gs://b/none.pdf", 1, 100)

    def lost(*_: object) -> bytes:
        raise ObjectNotFound("There is no such object", where=URI)

    monkeypatch.setattr(shelf.buckets, "read", lost)  # gone between the two
    with pytest.raises(ObjectNotFound):
        shelf.size(1)
    monkeypatch.undo()
    assert shelf.size(1) == (200, 100)  # and back


def test_a_disk_that_takes_no_copy_is_reported() -> None:
    buckets = cast(Buckets, FakeBuckets(**{URI: drawn_pdf(coloured(1))}))
    pages = FilePages(Path("/proc/nowhere"))
    with pytest.raises(PictureError, match="cannot be copied"):
        pages.copy(buckets, URI, 1, 100)


def test_copies_are_bounded_whole_for_their_holder_and_nameless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets = FakeBuckets(**{f"gs://b/{n}": bytes([n]) * 100 for n in range(5)})
    copies = FileCopies(tmp_path / "copies", most_bytes=250, most=4)
    first = copies.get(cast(Buckets, buckets), "gs://b/0", 1)
    for n in (1, 2, 2, 3):
        copies.get(cast(Buckets, buckets), f"gs://b/{n}", 1)
    assert buckets.reads == 4
    with open(f"/proc/self/fd/{first.descriptor}", "rb") as file:  # noqa: PTH123 - a descriptor
        assert file.read() == bytes(100)
    copies.get(cast(Buckets, buckets), "gs://b/0", 1)
    assert buckets.reads == 5
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 99)  # larger than it was told
    with pytest.raises(PictureError, match="The file has over"):
        copies.get(cast(Buckets, buckets), "gs://b/0", 2)
    assert not list((tmp_path / "copies").iterdir())


def test_what_was_used_last_is_kept() -> None:
    recent: Recent[str] = Recent(most_bytes=10, most=3)
    for key, size in (("a", 3), ("b", 3), ("c", 3)):
        recent.keep(key, key, size)
    assert recent.get("a") == "a"
    recent.keep("d", "d", 4)
    assert [recent.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    recent.keep("c", "C", 1)
    recent.keep("e", "e", 5)
    assert [recent.get(key) for key in "acde"] == [None, "C", "d", "e"]
    recent.keep("f", "f", 11)
    assert [recent.get(key) for key in "acdef"] == [None] * 5


@pytest.mark.parametrize("side", [360, 1600])
def test_words_are_marked_where_they_stand(side: int) -> None:
    shelf = Shelf(written_pdf(3))
    data = shelf.buckets.objects[URI]
    shard = shard_file(1, 3), file_shard(URI, data, [1, 2, 3])
    of = Store(tables.build([shard])).annotations_of([1])[0]
    seen = shelf.pages.copy(cast(Buckets, shelf.buckets), URI, of.page, side)
    plain, marked = pixels(draw(seen, of, kinds=[])), pixels(draw(seen, of))
    check_overlay(plain, marked, [box for _, box in word_boxes(data, of.page)])
