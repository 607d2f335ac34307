"""The lean reader must agree with ``Buckets`` on the real emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.buckets import Buckets
from core.cloud_settings import CloudSettings
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.engine.storage import open_storage
from core.engine.workers.object_reader import CloudReader, PictureReader
from core.errors import BadObjectName, BucketNotFound, BucketUnavailable, ObjectNotFound

NAMES = ["plain", "two words", "a#b?c=d&e%20f+g", "漢字/ñ 🙂", "dots..ok", "a//b", "q'\"<>"]
NAMES += ["ends ", " begins", "a/", "/a", "é", "e\u0301", "x" * 1000]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_can_be_written(emulated: tuple[Emulator, Buckets], name: str) -> None:
    emulator, buckets = emulated
    buckets.write(f"gs://bkt/{name}", name.encode())
    assert PictureReader(emulator.address).read(f"gs://bkt/{name}", 2000) == name.encode()


def test_no_more_than_the_limit_and_the_next_read_is_right(
    emulated: tuple[Emulator, Buckets],
) -> None:
    emulator, buckets = emulated
    buckets.write("gs://bkt/big", b"x" * 3_000_000)
    buckets.write("gs://bkt/empty", b"")
    reader = PictureReader(emulator.address)
    for _ in range(3):
        assert reader.read("gs://bkt/big", 1000) == b"x" * 1000
        assert len(reader.read("gs://bkt/big", 5_000_000)) == 3_000_000
        assert reader.read("gs://bkt/empty", 1000) == b""


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("gs://bkt/missing", ObjectNotFound),
        ("gs://bkt/missing//b", ObjectNotFound),
        ("gs://nowhere/one", BucketNotFound),
        ("gs://bkt", BadObjectName),
        ("gs://bkt/", BadObjectName),
        ("gs://bkt/../x", BadObjectName),
        ("gs://bkt/a/./x", BadObjectName),
        ("gs://../x", BadObjectName),
        ("http://127.0.0.1/x", BadObjectName),
        ("", BadObjectName),
    ],
)
def test_faults(emulated: tuple[Emulator, Buckets], uri: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        PictureReader(emulated[0].address).read(uri, 100)


def test_a_file_is_saved_whole_or_reported_to_be_too_long(
    emulated: tuple[Emulator, Buckets], tmp_path: Path
) -> None:
    emulator, buckets = emulated
    data = bytes(range(256)) * 12_000  # three pieces
    buckets.write("gs://bkt/file", data)
    reader = PictureReader(emulator.address)
    for limit, whole in ((len(data), True), (len(data) + 1, True), (len(data) - 1, False)):
        assert reader.save("gs://bkt/file", tmp_path / "copy", limit) is whole
        assert (tmp_path / "copy").read_bytes() == data[:limit]
    with pytest.raises(ObjectNotFound):
        reader.save("gs://bkt/missing", tmp_path / "none", 9)
    assert not (tmp_path / "none").exists()
    assert reader.read("gs://bkt/file", 3) == data[:3]


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports([0])
    monkeypatch.setattr("urllib3.Retry.sleep", lambda *_: None)
    with pytest.raises(BucketUnavailable):
        PictureReader(f"http://127.0.0.1:{port}").read("gs://bkt/o", 100)


def test_a_proxy_of_the_environment_is_not_asked(
    emulated: tuple[Emulator, Buckets], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emulator, buckets = emulated
    buckets.write("gs://bkt/o", b"here")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert PictureReader(emulator.address).read("gs://bkt/o", 100) == b"here"
    assert emulator.answers()


def test_cloud_storage_is_read_as_the_engines_own(
    emulated: tuple[Emulator, Buckets], tmp_path: Path
) -> None:
    emulator, buckets = emulated
    reader = CloudReader(
        open_storage(CloudSettings(storage_endpoint=emulator.address, anonymous=True))
    )
    buckets.write("gs://bkt/cloud", b"x" * 3_000)
    own = PictureReader(emulator.address)
    for limit in (1, 2_999, 3_000, 5_000):
        assert reader.read("gs://bkt/cloud", limit) == own.read("gs://bkt/cloud", limit)
        path = tmp_path / str(limit)
        assert reader.save("gs://bkt/cloud", path, limit) is (limit >= 3_000)
        assert path.stat().st_size == min(limit, 3_000)
    with pytest.raises(ObjectNotFound):
        reader.read("gs://bkt/missing", 10)
    with pytest.raises(BucketNotFound):
        reader.read("gs://nowhere/one", 10)
