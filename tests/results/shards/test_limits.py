"""Shards and pictures that are too much: refused by their size, said, and the rest is shown."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.buckets import Buckets, ObjectInfo
from core.errors import BadShard, PictureError
from core.pictures.inspection import inspect
from core.results.features.feature import MAX_ANNOTATIONS, MAX_CORNERS
from core.results.pictures import thumbnails
from core.results.shards import limits
from core.results.shards.decoding import decode_shard, raw_response, tally
from core.results.shards.limits import (
    MAX_JSON_OBJECTS,
    MAX_PICTURE_BYTES,
    MAX_SHARD_BYTES,
    depth_of,
    read_picture,
    read_shard,
)
from core.results.tables import tables
from core.results.vocabulary import DATA_LOSS
from tests.kit.hostile import BOUNDED
from tests.kit.results.shards import MemoryBuckets, labelled, shard_bytes, shard_file

GOOD = "gs://b/job/output-1-to-1.json"
LARGE = "gs://b/job/output-2-to-2.json"


class LargeBuckets(MemoryBuckets):
    """One of its objects says that it has 1 GB; asking for its bytes fails the test."""

    asked: int | None = None

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        for info in super().list_objects(prefix):
            yield replace(info, size=1_000_000_000) if info.uri == LARGE else info

    def read_many(self, uris: object) -> Iterator[bytes]:
        wanted = list(cast(list[str], uris))
        assert LARGE not in wanted
        return super().read_many(wanted)

    def read(self, uri: str, limit: int | None = None) -> bytes:
        """As many zeros as are asked for, up to 1 GB, without making them."""
        assert limit is not None, "reads without a limit"
        self.asked = limit
        return cast(bytes, _Zeros(min(limit, 1_000_000_000)))


class _Zeros:
    """Has a length and no bytes."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


def large_buckets() -> LargeBuckets:
    return LargeBuckets({GOOD: shard_bytes([labelled("gs://b/a.jpg", "cat")]), LARGE: b""})


def test_shard_of_a_gigabyte_is_not_read_and_the_others_are() -> None:
    results = tables.load(large_buckets()(), "gs://b/job/")
    assert results.pictures == 1
    (fault,) = results.faults
    assert fault.where == LARGE
    assert "MB" in fault.what


def test_reading_one_shard_or_picture_stops_at_the_limit() -> None:
    buckets = large_buckets()
    with pytest.raises(BadShard):
        read_shard(cast(Buckets, buckets), LARGE)
    assert buckets.asked == MAX_SHARD_BYTES + 1
    with pytest.raises(PictureError):
        read_picture(cast(Buckets, buckets), LARGE)
    assert buckets.asked == MAX_PICTURE_BYTES + 1


def test_shards_in_memory_together_stay_below_the_limit() -> None:
    third = replace(shard_file(1, 1), size=MAX_SHARD_BYTES // 3)
    assert len(tables._ahead([third] * 9)) == 3
    assert len(tables._ahead([replace(third, size=MAX_SHARD_BYTES)] * 9)) == 1


def test_objects_beyond_number_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_JSON_OBJECTS", 1_000)
    data = b'{"responses": [{"labelAnnotations": [' + b"{}," * 1_000 + b"{}]}]}"
    for look in (decode_shard, lambda data, where: tally(data, shard_file(1, 1))):
        with pytest.raises(BadShard, match="1,005 JSON objects"):
            look(data, GOOD)
    assert MAX_JSON_OBJECTS > 35_000_000 / 15  # the densest shard we know of passes


def test_a_million_annotations_are_not_shown_and_the_next_picture_is() -> None:
    many = b'{"labelAnnotations": [' + b"{}," * 1_000_000 + b'{}], "context": {"uri": "gs://b/m"}}'
    good = b'{"labelAnnotations": [{"description": "cat"}]}'
    began = time.process_time()
    results = tables.build([(shard_file(1, 2), b'{"responses": [' + many + b"," + good + b"]}")])
    assert time.process_time() - began < 20
    assert results["labels"].num_rows == 1
    assert results["pictures"]["error_code"].to_pylist() == [DATA_LOSS, 0]
    assert results["pictures"]["uri"].to_pylist() == ["gs://b/m", ""]


def test_a_million_words_in_blocks_are_cut() -> None:
    word = '{"symbols": [{"text": "a"}]},'
    words = f"[{word * (MAX_ANNOTATIONS + 5)}{word[:-1]}]"
    block = f'{{"paragraphs": [{{"words": {words}}}]}}'
    text = f'{{"fullTextAnnotation": {{"text": "a", "pages": [{{"blocks": [{block}]}}]}}}}'
    results = tables.build([(shard_file(1, 1), f'{{"responses": [{text}]}}'.encode())])
    assert results["words"].num_rows == MAX_ANNOTATIONS


def test_a_shape_keeps_so_many_corners() -> None:
    corners = [{"x": n, "y": n} for n in range(MAX_CORNERS + 7)]
    answer = {"logoAnnotations": [{"description": "x", "boundingPoly": {"vertices": corners}}]}
    data = json.dumps({"responses": [answer]}).encode()
    (polygon,) = tables.build([(shard_file(1, 1), data)])["logos"]["polygon"].to_pylist()
    assert len(polygon) == 2 * MAX_CORNERS


@pytest.mark.parametrize("depth", [150, 900, 100_000])
def test_deep_json_is_a_fault_and_no_crash(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    data = b'{"responses": [{"labelAnnotations": [{"description": "cat", "x": ' + deep + b"}]}]}"
    results = tables.build([(shard_file(1, 1), data)])
    assert results["labels"].num_rows == 1 or results.faults
    with pytest.raises(BadShard):
        raw_response(data, 0, GOOD)


def test_depth_is_counted_no_further_than_needed() -> None:
    value: list[object] = []
    for _ in range(50_000):
        value = [value]
    assert depth_of(value) == limits.MAX_JSON_DEPTH + 1
    assert depth_of("flat") == 0


# --- pictures -------------------------------------------------------------------------------------


def png(width: int, height: int, body: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b"")]
    )


def blown_up(kind: str) -> bytes:
    """A picture of this kind whose header speaks of billions of pixels."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, kind)
    data = bytearray(out.getvalue())
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = b"\xff\xdc\xff\xdc"
    elif kind == "GIF":
        data[6:10] = b"\xff\xff\xff\xff"
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 60_000, 60_000)
    elif kind == "WEBP":
        at = data.index(b"\x9d\x01\x2a") + 3
        data[at : at + 4] = b"\xff\x3f\xff\x3f"
    elif kind == "TIFF":
        for tag in (256, 257):
            for kind_of_number in (3, 4):
                at = data.find(struct.pack("<HHI", tag, kind_of_number, 1))
                if at >= 0:
                    data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 60_000)
    return bytes(data)


BOMBS = {
    "png": png(60_000, 60_000),
    "packed": png(50_000, 50_000, zlib.compress(b"\0" * 20_000_000)),
    **{kind.lower(): blown_up(kind) for kind in ("JPEG", "GIF", "BMP", "WEBP", "TIFF")},
}


@pytest.mark.parametrize("name", BOMBS)
def test_pixel_bomb_is_reported_by_its_header(name: str) -> None:
    began = time.process_time()
    with pytest.raises(PictureError):
        thumbnails.make(BOMBS[name], "gs://b/bomb")
    assert inspect(BOMBS[name]).fault
    assert time.process_time() - began < 2


@BOUNDED
@given(st.sampled_from([*BOMBS.values(), b"%!PS-Adobe", b"8BPS", b"BM", b"\0\0\1\0"]), st.data())
def test_damaged_pictures_are_reported(good: bytes, draw: st.DataObject) -> None:
    data = bytearray(good[:4_000])
    for _ in range(4):
        at = draw.draw(st.integers(0, len(data) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    inspect(bytes(data))
    try:
        thumbnails.make(bytes(data), "gs://b/x")
    except PictureError as error:
        assert error.where == "gs://b/x"
