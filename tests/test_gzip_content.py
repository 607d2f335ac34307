"""Objects that were copied with ``gsutil cp -z``: unpacked, within limits, whatever serves them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import gzip_content as packed_module
from core.app.shard_counts import count_shard
from core.buckets import Buckets, open_buckets
from core.engine.emulator import Emulator
from core.engine.workers.object_reader import PictureReader
from core.errors import BadObject, BadShard, PictureError
from core.gzip_content import MAX_UNPACKED, stored_limit, unpacked
from core.jobs.batch.sources import ImageRef
from core.jobs.sending.preflight.preflight import check_object
from core.results.shards import limits
from core.results.shards.limits import MAX_SHARD_BYTES, read_picture, read_shard
from core.results.shards.shard_files import list_shards
from core.results.tables import tables
from tests.kit.results.shards import labelled, shard_bytes

TEXT = bytes(range(256)) * 40
PACKED = gzip.compress(TEXT)
LIMIT = 50_000
BOMB = gzip.compress(bytes(20 * LIMIT))
Read = Callable[[str, int], bytes]


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(
    members=st.lists(st.binary(max_size=3000), min_size=1, max_size=3),
    size=st.integers(2, 400),
    limit=st.integers(1, 5000),
    level=st.sampled_from([0, 9]),
)
def test_as_much_as_is_wanted_of_any_members_in_any_pieces(
    members: list[bytes], size: int, limit: int, level: int
) -> None:
    packed = b"".join(gzip.compress(member, level) for member in members)
    content = b"".join(unpacked(in_pieces(packed, size), limit, "gs://b/o"))
    assert content == b"".join(members)[:limit]


@given(data=st.binary(min_size=1, max_size=40_000), level=st.sampled_from([0, 1, 9]))
def test_enough_stored_bytes_are_asked_for(data: bytes, level: int) -> None:
    packed = gzip.compress(data, level)[: stored_limit(len(data))]
    assert b"".join(unpacked([packed], len(data), "gs://b/o")) == data


@pytest.mark.parametrize(
    "damaged",
    [PACKED[:-1], PACKED[:30], PACKED[:2], PACKED + b"more", PACKED[:-8] + bytes(8)],
    ids=["cut", "half", "begun", "followed", "checksum"],
)
def test_what_is_damaged_is_reported(damaged: bytes) -> None:
    with pytest.raises(BadObject, match="marked as gzip"):
        list(unpacked([damaged], 10**6, "gs://b/o"))


def test_a_bomb_is_not_asked_for_more_than_is_wanted() -> None:
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for piece in in_pieces(BOMB, 10):
            asked += len(piece)
            yield piece

    assert b"".join(unpacked(pieces(), 1000, "gs://b/o")) == bytes(1000)
    assert asked < len(BOMB) / 2


def put(buckets: Buckets, name: str, data: bytes, encoding: str = "gzip") -> str:
    blob = buckets._client.bucket("bkt").blob(name)
    blob.content_encoding = encoding
    blob.upload_from_string(data, content_type="application/json")
    return f"gs://bkt/{name}"


@pytest.fixture(params=["dashboard", "engine"])
def read(emulated: tuple[Emulator, Buckets], request: pytest.FixtureRequest) -> Read:
    emulator, buckets = emulated
    return buckets.read if request.param == "dashboard" else PictureReader(emulator.address).read


def test_both_readers_unpack_and_stop(emulated: tuple[Emulator, Buckets], read: Read) -> None:
    _, buckets = emulated
    whole, bomb, empty = (
        put(buckets, name, data)
        for name, data in (("whole", PACKED), ("bomb", BOMB), ("empty", gzip.compress(b"")))
    )
    for _ in range(2):  # what was left unread must not be in the next answer
        assert read(whole, 10**6) == TEXT
        assert read(whole, 300) == TEXT[:300]
        assert read(bomb, LIMIT) == bytes(LIMIT)
        assert read(empty, 10) == b""
        with pytest.raises(BadObject, match="end too early"):
            read(put(buckets, "cut", PACKED[:-9]), 10**6)
    assert read(put(buckets, "only says so", TEXT), 10**6) == TEXT
    assert read(put(buckets, "not said", PACKED, ""), 10**6) == PACKED


def test_files_of_the_engine(emulated: tuple[Emulator, Buckets], tmp_path: Path) -> None:
    emulator, buckets = emulated
    uri, copy = put(buckets, "file", PACKED), tmp_path / "copy"
    for limit, whole in ((len(TEXT), True), (len(TEXT) - 1, False)):
        assert PictureReader(emulator.address).save(uri, copy, limit) is whole
        assert copy.read_bytes() == TEXT[:limit]


def test_a_copy_is_unpacked_and_stops(emulated: tuple[Emulator, Buckets]) -> None:
    _, buckets = emulated
    wanted = {
        put(buckets, "whole", PACKED): TEXT,
        put(buckets, "bomb", BOMB): bytes(LIMIT),
        put(buckets, "only says so", TEXT): TEXT,
        put(buckets, "not said", PACKED, ""): PACKED,
        put(buckets, "long", bytes(3 * LIMIT), ""): bytes(LIMIT),
    }
    for uri, data in wanted.items():
        file = BytesIO()
        buckets.copy(uri, file, LIMIT)
        assert file.getvalue() == data, uri
    with pytest.raises(BadObject, match="end too early"):
        buckets.copy(put(buckets, "cut", PACKED[:-9]), BytesIO(), LIMIT)


def test_without_a_limit_a_bomb_is_reported(
    emulated: tuple[Emulator, Buckets], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, buckets = emulated
    assert buckets.read(put(buckets, "whole", PACKED)) == TEXT
    assert MAX_UNPACKED >= MAX_SHARD_BYTES
    monkeypatch.setattr(packed_module, "MAX_UNPACKED", LIMIT)
    with pytest.raises(BadObject, match="holds over"):
        buckets.read(put(buckets, "bomb", BOMB))


def test_packed_shards_are_read_and_damaged_ones_named(
    emulated: tuple[Emulator, Buckets], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, buckets = emulated
    shards = [shard_bytes([labelled(f"gs://b/{n}.jpg", "cat")]) for n in range(1, 6)]
    packed = [gzip.compress(shard) for shard in shards]
    contents = {1: packed[0], 2: BOMB, 3: packed[2][:-9], 5: packed[4]}
    for number, data in contents.items():
        put(buckets, f"job/output-{number}-to-{number}.json", data)
    buckets.write("gs://bkt/job/output-4-to-4.json", shards[3])
    monkeypatch.setattr(packed_module, "MAX_UNPACKED", LIMIT)
    monkeypatch.setattr(limits, "MAX_SHARD_BYTES", LIMIT)

    loaded = tables.load(buckets, "gs://bkt/job/")
    assert sorted(loaded["pictures"]["uri"].to_pylist()) == [f"gs://b/{n}.jpg" for n in (1, 4, 5)]
    bomb, cut = sorted(loaded.faults, key=lambda fault: fault.where)
    assert "output-2-to-2" in bomb.where and "MB" in bomb.what and isinstance(bomb, BadShard)
    assert "output-3-to-3" in cut.where and "end too early" in cut.what

    first, _, third, *_ = list_shards(buckets, "gs://bkt/job/")
    assert count_shard(buckets, first, ["gs://b/1.jpg"]).failed == frozenset()
    with pytest.raises(BadShard, match="end too early"):
        count_shard(buckets, third, [])
    with pytest.raises(BadShard, match="MB"):
        read_shard(buckets, "gs://bkt/job/output-2-to-2.json")


def test_packed_pictures(
    emulated: tuple[Emulator, Buckets], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, buckets = emulated
    png = Path("assets/icon.png").read_bytes()
    good = put(buckets, "good.png", gzip.compress(png))
    cut = put(buckets, "cut.png", gzip.compress(png)[:200])
    assert read_picture(buckets, good) == png
    assert check_object(buckets, ImageRef(good))[1] == []
    (fault,) = check_object(buckets, ImageRef(cut))[1]
    assert "end too early" in str(fault)
    with pytest.raises(PictureError, match="end too early"):
        read_picture(buckets, cut)
    monkeypatch.setattr(limits, "MAX_PICTURE_BYTES", LIMIT)
    with pytest.raises(PictureError, match="MB"):
        read_picture(buckets, put(buckets, "bomb.png", BOMB))


class _Unpacking(BaseHTTPRequestHandler):
    """Sends 1 GB for any range, as Cloud Storage does where it unpacks by itself."""

    sent = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Goog-Stored-Content-Encoding", "gzip")
        self.end_headers()
        if not self.path.startswith("/download/"):
            return  # the client asks about the bucket as well
        try:
            for _ in range(1000):
                self.wfile.write(bytes(1_000_000))
                type(self).sent += 1_000_000
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


def test_a_server_that_unpacks_by_itself_is_cut_short() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Unpacking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        buckets = open_buckets(f"http://127.0.0.1:{server.server_address[1]}")
        assert buckets.read("gs://bkt/o", 1000) == bytes(1000)
    finally:
        server.shutdown()
        server.server_close()
    assert _Unpacking.sent < 50_000_000
