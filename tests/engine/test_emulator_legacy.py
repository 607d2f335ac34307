"""Objects that an earlier version kept as plain files are taken over, none is lost."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
from pathlib import Path

import pytest

from core.buckets import Buckets, open_buckets
from core.engine.emulator import Emulator
from core.engine.emulator.legacy import take_over
from core.engine.emulator.objects.store import ObjectStore
from core.engine.home import free_ports

OBJECTS = {
    "a.png": b"picture",
    "two words.png": b"",
    "a#b?c=d&e%20f+g.png": b"odd",
    "漢字/ñ 🙂.png": b"far",
    "run/output-1-to-2.json": b"{}",
    " lead": b"white",
}
GENERATION = 1_700_000_000_000_000


def note(data: bytes, generation: int = GENERATION) -> bytes:
    """What the earlier server wrote beside an object."""
    return json.dumps(
        {
            "ContentType": "image/png",
            "ContentEncoding": "",
            "CacheControl": "no-store",
            "Crc32c": "",
            "Md5Hash": base64.b64encode(hashlib.md5(data).digest()).decode(),
            "ACL": [{"Entity": "projectOwner-test-project", "Role": "OWNER"}],
            "Metadata": {"k": "v"},
            "Created": "2026-11-28T05:31:06.170492Z",
            "Updated": "2026-11-28T05:31:06.170495Z",
            "Deleted": "0001-01-01T00:00:00Z",
            "Generation": generation,
        }
    ).encode()


def write(old: Path, name: str, data: bytes, *, attributes: bool = True) -> Path:
    path = old / "bkt" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if attributes:
        try:
            os.setxattr(path, "user.metadata", note(data))
        except OSError:
            pytest.skip("this file system has no extended attributes")
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    old = tmp_path / "buckets"
    for name, data in OBJECTS.items():
        write(old, name, data)
    (old / "empty-one").mkdir()
    (old / "bkt.bucketMetadata").write_bytes(b"{}")
    (old / "empty-one.bucketMetadata").write_bytes(b"{}")
    return old


def served(folder: Path) -> tuple[Emulator, Buckets]:
    emulator = Emulator(folder, free_ports([0])[0])
    emulator.start()
    return emulator, open_buckets(emulator.address)


def test_everything_is_there_with_its_metadata(old: Path, tmp_path: Path) -> None:
    emulator, buckets = served(tmp_path)
    try:
        for name, data in OBJECTS.items():
            assert buckets.read(f"gs://bkt/{name}") == data
        info = buckets.info("gs://bkt/a.png")
        assert (info.generation, info.content_type) == (GENERATION, "image/png")
        assert info.updated.isoformat().startswith("2026-11-28T05:31:06")
        blob = buckets._client.bucket("bkt").get_blob("a.png")
        assert (blob.metadata, blob.cache_control) == ({"k": "v"}, "no-store")
        assert [b.name for b in buckets._client.list_buckets()] == ["bkt", "empty-one"]
        buckets.write("gs://bkt/a.png", b"newer")
        assert buckets.info("gs://bkt/a.png").generation > GENERATION
    finally:
        emulator.stop()
    assert not old.exists()
    log = (tmp_path / "emulator.log").read_text()
    assert "6 objects were taken over, 0 files could not be" in log
    emulator, buckets = served(tmp_path)  # and again without it
    try:
        assert buckets.read("gs://bkt/a.png") == b"newer"
    finally:
        emulator.stop()


def test_notes_in_files_and_no_notes_at_all(tmp_path: Path) -> None:
    old = tmp_path / "buckets"
    noted = write(old, "noted.png", b"noted", attributes=False)
    noted.with_name("noted.png.metadata").write_bytes(note(b"noted"))
    write(old, "bare.png", b"bare", attributes=False).chmod(0o400)
    write(old, "about.metadata", b"an object of its own", attributes=False)
    store = ObjectStore(tmp_path)
    take_over(store, old, lambda _: None)
    objects = {stored.name: stored for stored in store.index.objects("bkt", b"", None, 10)}
    store.close()
    assert objects.keys() == {"noted.png", "bare.png", "about.metadata"}
    assert objects["noted.png"].fields["contentType"] == "image/png"
    assert (
        objects["bare.png"].content.md5 == base64.b64encode(hashlib.md5(b"bare").digest()).decode()
    )
    assert not old.exists()


def test_what_cannot_be_taken_over_stays_and_is_named(
    old: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (old / "bkt" / "link").symlink_to("/etc/passwd")
    (old / "bkt" / "a\nb").write_bytes(b"a name that Cloud Storage refuses")
    os.mkfifo(old / "bkt" / "pipe")
    (old / "elsewhere").symlink_to("/etc")
    store = ObjectStore(tmp_path)
    take_over(store, old, lambda _: None)
    assert len(store.index.objects("bkt", b"", None, 10)) == len(OBJECTS)
    store.close()
    left = {path.name for path in (old / "bkt").iterdir()}
    assert left == {"link", "a\nb", "pipe"}
    for name in ("link", "a\\nb", "pipe"):
        assert f"bkt/{name}' stays where it is" in caplog.text


def test_one_that_was_broken_off_goes_on(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, missing_ok: bool = False) -> None:
        raise OSError(28, "No space left on device")

    store = ObjectStore(tmp_path)
    with monkeypatch.context() as broken:
        # As a kill between the index and the removal of the old files.
        broken.setattr(Path, "unlink", full)
        with pytest.raises(OSError, match="No space"):
            take_over(store, old, lambda _: None)
    store.close()
    store = ObjectStore(tmp_path)
    take_over(store, old, lambda _: None)
    objects = store.index.objects("bkt", b"", None, 10)
    assert {stored.name: store.open(stored).read() for stored in objects} == OBJECTS
    store.close()
    assert not old.exists()
    assert len(list(tmp_path.glob("objects/*/*"))) == len(OBJECTS)


def test_a_full_disk_while_indexing_loses_nothing(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ObjectStore(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(
            type(store.index), "set_mark", lambda *_: (_ for _ in ()).throw(sqlite3.Error("full"))
        )
        with pytest.raises(sqlite3.Error):
            take_over(store, old, lambda _: None)
    store.close()
    store = ObjectStore(tmp_path)
    assert list(tmp_path.glob("incoming/*")) == []
    take_over(store, old, lambda _: None)
    assert len(store.index.objects("bkt", b"", None, 10)) == len(OBJECTS)
    store.close()
