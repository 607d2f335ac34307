"""Thumbnails: made once, named by hashes, upright, bounded, and whole or not there."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from PIL import Image

from core.buckets import Buckets
from core.errors import ObjectNotFound, PictureError
from core.results.pictures.file_pages import BATCH, FilePages
from core.results.pictures.thumbnails import CHECK_S, LONGEST, Placing, Thumbnails, make
from core.results.query.picture.annotations import Shape
from tests.kit.pictures.documents import coloured, drawn_pdf, locked_pdf
from tests.kit.pictures.fake_buckets import FakeBuckets, jpeg

URI = "gs://b/../../etc/<img>.jpg"  # a name that nothing may take for a path


@pytest.fixture
def buckets() -> FakeBuckets:
    return FakeBuckets(**{URI: jpeg(1200, 800)})


def opened(folder: Path, buckets: FakeBuckets, **more: Any) -> Thumbnails:
    return Thumbnails(folder, lambda: cast(Buckets, buckets), **more)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


def test_thumbnail_is_made_once_even_over_a_restart(tmp_path: Path, buckets: FakeBuckets) -> None:
    first = opened(tmp_path, buckets).jpeg(URI)
    assert max(size_of(first)) == LONGEST
    again = opened(tmp_path, buckets)
    assert again.jpeg(URI) == first
    assert again.placing(URI) == Placing(360, 240, (1200, 800), 1)
    assert buckets.reads == 1


def test_asked_for_by_many_at_once_it_is_read_once(tmp_path: Path, buckets: FakeBuckets) -> None:
    together = Barrier(8)
    read = buckets.read

    def slow(uri: str, limit: int | None = None) -> bytes:
        time.sleep(0.1)
        return read(uri, limit)

    buckets.read = slow  # type: ignore[method-assign]
    thumbnails = opened(tmp_path, buckets)

    def ask(number: int) -> Placing:
        together.wait(10)
        if number % 2:
            thumbnails.jpeg(URI)
        return thumbnails.placing(URI)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert buckets.reads == 1


def test_files_are_named_by_hashes_alone(tmp_path: Path, buckets: FakeBuckets) -> None:
    opened(tmp_path / "t", buckets).jpeg(URI)
    (path,) = (tmp_path / "t").iterdir()
    assert len(path.stem) == 40 and set(path.stem) <= set("0123456789abcdef")
    assert list(tmp_path.iterdir()) == [tmp_path / "t"]


def test_a_changed_picture_gets_another_thumbnail(tmp_path: Path, buckets: FakeBuckets) -> None:
    now = [0.0]
    thumbnails = opened(tmp_path, buckets, clock=lambda: now[0])
    red = thumbnails.jpeg(URI)
    buckets.objects[URI], buckets.generation = jpeg(1200, 800, "blue"), 2
    assert thumbnails.jpeg(URI) == red and buckets.infos == 1  # believed for a while
    now[0] = CHECK_S + 1
    assert thumbnails.jpeg(URI) != red


def test_a_damaged_file_is_made_again(tmp_path: Path, buckets: FakeBuckets) -> None:
    whole = opened(tmp_path, buckets).jpeg(URI)
    (path,) = tmp_path.iterdir()
    path.write_bytes(whole[:-40])
    assert opened(tmp_path, buckets).jpeg(URI) == whole
    assert path.read_bytes() == whole


def test_the_folder_stays_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    buckets = FakeBuckets(**{f"gs://b/{n}.jpg": jpeg(400 + n, 300) for n in range(30)})
    most = 8 * len(make(jpeg(400, 300), "x")[0])
    thumbnails = opened(tmp_path, buckets, most_bytes=most)
    for n in range(30):
        thumbnails.jpeg(f"gs://b/{n}.jpg")
        assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= most
    assert len(list(tmp_path.iterdir())) >= 5
    reads = buckets.reads
    thumbnails.jpeg("gs://b/29.jpg")
    assert buckets.reads == reads  # the latest is still there


def test_a_broken_picture_is_read_once(tmp_path: Path) -> None:
    buckets = FakeBuckets(**{URI: b"not a picture"})
    thumbnails = opened(tmp_path, buckets)
    for _ in range(3):
        with pytest.raises(PictureError):
            thumbnails.jpeg(URI)
    assert buckets.reads == 1 and not list(tmp_path.iterdir())
    with pytest.raises(ObjectNotFound):
        thumbnails.jpeg("gs://b/none.jpg")


def test_a_folder_that_cannot_be_written_costs_the_cache_alone(buckets: FakeBuckets) -> None:
    thumbnails = opened(Path("/proc/nowhere"), buckets)
    assert thumbnails.jpeg(URI) == thumbnails.jpeg(URI)


def test_veiled_shows_nothing_of_the_picture(tmp_path: Path) -> None:
    stripes = Image.new("RGB", (360, 240))
    for x in range(0, 360, 4):
        stripes.paste("white", (x, 0, x + 2, 240))
    out = io.BytesIO()
    stripes.save(out, "PNG")
    buckets = FakeBuckets(**{URI: out.getvalue()})
    thumbnails = opened(tmp_path, buckets)
    spreads = []
    for veiled in (False, True):
        with Image.open(io.BytesIO(thumbnails.jpeg(URI, veiled=veiled))) as image:
            low, high = image.convert("L").getextrema()
        spreads.append(int(str(high)) - int(str(low)))
    assert spreads[0] > 200 and spreads[1] < 40


@pytest.mark.parametrize(
    ("orientation", "size", "expected"),
    [
        (1, (360, 240), "M0.0 0.0L36.0 0.0L36.0 24.0Z"),
        (3, (360, 240), "M360.0 240.0L324.0 240.0L324.0 216.0Z"),
        (6, (240, 360), "M240.0 0.0L240.0 36.0L216.0 36.0Z"),
    ],
)
def test_boxes_lie_on_the_upright_thumbnail(
    orientation: int, size: tuple[int, int], expected: str
) -> None:
    data, placing = make(jpeg(1200, 800, orientation=orientation), "x")
    assert size_of(data) == size == (placing.width, placing.height)
    shape = Shape("object", "Cat", 0.9, ((0, 0), (120, 0), (120, 80)))
    assert placing.path(shape) == expected
    parts = replace(shape, points=((0, 0), (0.1, 0), (0.1, 0.1)), normalized=True)
    assert placing.path(parts) == expected


def test_shapes_of_a_kind_are_one_path() -> None:
    placing = Placing(100, 100, (100, 100), 1)
    word = Shape("word", "<b>", None, ((0, 0), (10, 0), (10, 10)))
    far = Shape("object", "x", None, ((1e9, -1e9), (0, 0)))
    point = Shape("logo", "x", None, ((1, 1),))
    assert placing.paths([word, far, word, point]) == [
        ("word", "M0.0 0.0L10.0 0.0L10.0 10.0Z" * 2),
        ("object", "M200.0 -100.0L0.0 0.0Z"),
    ]


def test_pages_have_thumbnails_of_their_own_made_once(tmp_path: Path) -> None:
    buckets = FakeBuckets(**{URI: drawn_pdf(coloured(3))})
    thumbnails = opened(tmp_path, buckets)
    jpegs = [thumbnails.jpeg(URI, page) for page in (1, 2, 3)]
    assert len(set(jpegs)) == 3 and buckets.reads == 1
    again = opened(tmp_path, buckets)
    assert [again.jpeg(URI, page) for page in (1, 2, 3)] == jpegs and buckets.reads == 1
    assert again.placing(URI, 2) == Placing(360, 179, (201, 100), 1)
    assert again.jpeg(URI, 2, veiled=True) != jpegs[1]
    with pytest.raises(PictureError, match="no such page"):
        again.jpeg(URI, 4)


def test_a_page_s_fault_is_not_for_ever(tmp_path: Path) -> None:
    buckets = FakeBuckets(**{URI: locked_pdf("secret")})
    asked: list[int] = []

    class Pages(FilePages):
        def copy(self, *args: Any) -> Any:
            asked.append(args[2])
            assert list(args[4]) == list(range(args[2] + 1, args[2] + BATCH))
            return super().copy(*args)

    thumbnails = opened(tmp_path, buckets, pages=Pages())
    for _ in range(2):  # that it is remembered is the pages' own concern
        with pytest.raises(PictureError, match="locked by a password"):
            thumbnails.placing(URI, 1)
    assert asked == [1, 1] and buckets.reads == 1
