"""Near-duplicates on a made set: what is found, what is mistaken, and how hashes are kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.buckets import Buckets, ObjectInfo
from core.errors import ObjectNotFound
from core.results.analysis.near_duplicates import DISTANCE, groups
from core.results.analysis.picture_hashes import HashCache, PictureHashes, look_of
from core.results.pictures.thumbnails import Thumbnails, make, place
from tests.kit.pictures.scenes import scene

ORIGINALS = 24
Change = Callable[[Image.Image], Image.Image]


def _cut(image: Image.Image, part: float) -> Image.Image:
    x, y = round(image.width * part), round(image.height * part)
    return image.crop((x, y, image.width - x, image.height - y))


DISTORTIONS: dict[str, Change] = {
    "half size": lambda im: im.resize((im.width // 2, im.height // 2)),
    "brighter": lambda im: ImageEnhance.Brightness(im).enhance(1.15),
    "more contrast": lambda im: ImageEnhance.Contrast(im).enhance(1.2),
    "blurred": lambda im: im.filter(ImageFilter.GaussianBlur(2)),
    "cropped by 1 %": lambda im: _cut(im, 0.01),
}


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def hashes_of(files: list[bytes]) -> PictureHashes:
    looks = [look_of(make(data, "gs://b/x")[0]) for data in files]
    return PictureHashes(
        np.arange(len(files)),
        np.array([look.bits for look in looks], np.uint64),
        np.array([look[1:3] for look in looks], np.float32),
        0,
        0,
    )


@pytest.fixture(scope="module")
def made() -> tuple[PictureHashes, int]:
    """Original n at n times the step; its distortions follow it."""
    files = []
    for seed in range(ORIGINALS):
        original = scene(seed)
        changed = [change(original) for change in DISTORTIONS.values()]
        files += [jpeg(original), jpeg(original, 35), *map(jpeg, changed)]
    return hashes_of(files), 2 + len(DISTORTIONS)


def test_distorted_pictures_are_found_and_different_ones_are_not(
    made: tuple[PictureHashes, int],
) -> None:
    hashes, step = made
    clusters = groups(hashes)
    mixed = [group for group in clusters if len({picture // step for picture in group}) > 1]
    assert mixed == []
    in_clusters = sum(len(group) for group in clusters)
    assert in_clusters / (ORIGINALS * step) >= 0.97
    assert len(clusters) <= ORIGINALS * 1.05  # hardly any original's pictures fall into two groups


def test_looser_finds_more_and_stricter_less(made: tuple[PictureHashes, int]) -> None:
    spared = [sum(len(g) - 1 for g in groups(made[0], d)) for d in (0, 4, DISTANCE, 12)]
    assert spared == sorted(spared) and spared[0] < spared[-1]


def test_same_pattern_in_another_colour_is_another_picture() -> None:
    original = scene(3)
    red, green, blue = original.split()
    hashes = hashes_of([jpeg(original), jpeg(Image.merge("RGB", (blue, red, green)))])
    assert groups(hashes, 64) == []


def test_chains_do_not_join() -> None:
    bits = [(1 << 6 * n) - 1 for n in range(8)]  # each 6 bits from the next
    hashes = PictureHashes(
        np.arange(8) * 10, np.array(bits, np.uint64), np.zeros((8, 2), np.float32), 0, 0
    )
    clusters = groups(hashes, 6)
    assert [len(group) for group in clusters] == [3, 2, 2] and clusters[0] == [10, 0, 20]


def test_none_and_one() -> None:
    assert groups(PictureHashes(np.arange(0), np.empty(0, np.uint64), np.empty((0, 2)), 0, 0)) == []  # type: ignore[arg-type]  # a wider float is as good
    assert groups(hashes_of([jpeg(scene(1))])) == []


def test_plain_picture_is_known_as_such() -> None:
    assert look_of(jpeg(Image.new("RGB", (40, 30), "white"))).plain
    assert not look_of(jpeg(scene(1))).plain


class _Bucket:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects, self.generation, self.reads = objects, 1, 0

    def info(self, uri: str) -> ObjectInfo:
        from datetime import UTC, datetime

        if uri not in self.objects:
            raise ObjectNotFound("There is no such object", where=uri)
        size = len(self.objects[uri])
        return ObjectInfo(uri, size, datetime.now(UTC), self.generation, "", "")

    def read(self, uri: str, limit: int | None = None) -> bytes:
        self.reads += 1
        return self.objects[uri]


@pytest.fixture
def bucket() -> Iterator[_Bucket]:
    white = jpeg(Image.new("RGB", (40, 30), "white"))
    yield _Bucket(
        {
            "gs://b/1": jpeg(scene(1)),
            "gs://b/2": jpeg(scene(1), 40),
            "gs://b/3": b"",
            "gs://b/4": white,
        }
    )


def test_hashes_are_kept_by_generation_and_bad_pictures_counted(
    bucket: _Bucket, tmp_path: Path
) -> None:
    asked = [(n, f"gs://b/{n}", 0) for n in range(1, 6)] + [(6, "", 0)]
    progress: list[tuple[int, int]] = []

    def cache(name: str) -> HashCache:
        thumbnails = Thumbnails(tmp_path / name, lambda: cast(Buckets, bucket))
        return HashCache(tmp_path / "hashes.sqlite3", thumbnails)

    hashes = cache("one").of(asked, lambda done, total: progress.append((done, total)))
    assert hashes.pictures.tolist() == [1, 2] and (hashes.plain, hashes.unread) == (1, 3)
    assert groups(hashes) == [[1, 2]] and progress[-1] == (6, 6)
    reads = bucket.reads
    again = cache("two").of(asked[:2])  # no thumbnails there: the kept hashes answer
    assert again.bits.tolist() == hashes.bits.tolist() and bucket.reads == reads
    bucket.generation = 2
    bucket.objects["gs://b/2"] = jpeg(scene(9))
    changed = cache("three").of(asked[:2])
    assert changed.bits[1] != hashes.bits[1] and groups(changed) == []


def test_hashes_of_some_pictures_are_forgotten(bucket: _Bucket, tmp_path: Path) -> None:
    asked = [(n, f"gs://b/{n}", 0) for n in (1, 2)]

    def cache(name: str) -> HashCache:
        thumbnails = Thumbnails(tmp_path / name, lambda: cast(Buckets, bucket))
        return HashCache(tmp_path / "hashes.sqlite3", thumbnails)

    cache("one").of(asked)
    reads = bucket.reads
    cache("one").forget({place("gs://b/1", 0)})
    cache("two").of(asked[1:])
    assert bucket.reads == reads  # the other one's is still there
    cache("two").of(asked[:1])
    assert bucket.reads == reads + 1


def test_damaged_cache_is_made_again(bucket: _Bucket, tmp_path: Path) -> None:
    path = tmp_path / "hashes.sqlite3"
    path.write_bytes(b"no database" * 100)
    thumbnails = Thumbnails(tmp_path / "t", lambda: cast(Buckets, bucket))
    assert len(HashCache(path, thumbnails).of([(1, "gs://b/1", 0)]).bits) == 1
    assert path.read_bytes().startswith(b"SQLite format 3")
