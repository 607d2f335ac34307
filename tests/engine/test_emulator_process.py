"""The storage as a process: it keeps everything, and never outlives its parent."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.buckets import open_buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports
from core.errors import BucketNotFound, EngineNotRunning

pytestmark = pytest.mark.slow


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    (port,) = free_ports([0])
    emulator = Emulator(tmp_path, port)
    emulator.start()
    yield emulator
    emulator.stop()


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def files_of(folder: Path) -> list[str]:
    """Objects' bytes on the disk, and what is under way."""
    paths = [*folder.glob("objects/*/*"), *folder.glob("incoming/*")]
    return sorted(path.name for path in paths)


def test_a_restart_keeps_everything(emulator: Emulator) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    buckets.write("gs://bkt/o", b"bytes", "image/png")
    before = buckets.info("gs://bkt/o")
    emulator.stop()
    assert not emulator.answers()
    emulator.start()
    assert buckets.read("gs://bkt/o") == b"bytes"
    assert buckets.info("gs://bkt/o") == before
    assert before.content_type == "image/png"


def test_killed_and_started_again(emulator: Emulator) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    for number in range(50):
        buckets.write(f"gs://bkt/{number:02d}", str(number).encode())
    assert emulator.pid is not None
    os.kill(emulator.pid, signal.SIGKILL)
    until(emulator.died)
    emulator.start()
    assert [buckets.read(f"gs://bkt/{number:02d}") for number in range(50)] == [
        str(number).encode() for number in range(50)
    ]


def test_killed_amid_an_upload_nothing_of_it_is_left(emulator: Emulator, tmp_path: Path) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    buckets.write("gs://bkt/o", b"as it was")
    files = files_of(tmp_path)
    connection = http.client.HTTPConnection(emulator.address.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/upload/storage/v1/b/bkt/o?uploadType=media&name=o")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(b"x" * 400_000)
    until(lambda: len(files_of(tmp_path)) == 2)
    assert emulator.pid is not None
    os.kill(emulator.pid, signal.SIGKILL)
    until(emulator.died)
    emulator.start()
    assert buckets.read("gs://bkt/o") == b"as it was"
    assert files_of(tmp_path) == files


def test_a_client_that_goes_away_leaves_nothing(emulator: Emulator, tmp_path: Path) -> None:
    open_buckets(emulator.address).make_bucket("bkt")
    connection = http.client.HTTPConnection(emulator.address.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/upload/storage/v1/b/bkt/o?uploadType=media&name=o")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(b"x" * 400_000)
    until(lambda: len(files_of(tmp_path)) == 1)
    connection.close()
    until(lambda: files_of(tmp_path) == [])
    assert list(open_buckets(emulator.address).list_objects("gs://bkt/")) == []


def test_a_resumable_upload_goes_on_after_a_kill(emulator: Emulator, tmp_path: Path) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    host = emulator.address.removeprefix("http://")

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.headers["Location"] or "", answer.headers["Range"] or ""

    data = os.urandom(1_000_000)
    start = "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=big"
    _, location, _ = ask("POST", start, b"{}")
    session = location.removeprefix(emulator.address)
    first = ask("PUT", session, data[: 512 * 1024], Content_Range="bytes 0-524287/1000000")
    assert first == (308, "", "bytes=0-524287")
    assert emulator.pid is not None
    os.kill(emulator.pid, signal.SIGKILL)
    until(emulator.died)
    emulator.start()
    assert ask("PUT", session, Content_Range="bytes */1000000") == (308, "", "bytes=0-524287")
    rest = ask("PUT", session, data[512 * 1024 :], Content_Range="bytes 524288-999999/1000000")
    assert rest[0] == 200
    assert buckets.read("gs://bkt/big") == data  # the client compares the checksum, too
    # A client that lost the last answer asks again, and is answered that it is done.
    assert ask("PUT", session, Content_Range="bytes */1000000")[0] == 200
    assert len(files_of(tmp_path)) == 1


def test_replaced_and_deleted_bytes_are_gone_from_the_disk(
    emulator: Emulator, tmp_path: Path
) -> None:
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    for number in range(5):
        buckets.write("gs://bkt/o", str(number).encode())
    bucket = buckets._client.bucket("bkt")
    bucket.copy_blob(bucket.blob("o"), bucket, "copy")
    assert len(files_of(tmp_path)) == 1  # a copy shares its bytes
    buckets.delete("gs://bkt/o")
    assert buckets.read("gs://bkt/copy") == b"4"
    buckets.delete("gs://bkt/copy")
    assert files_of(tmp_path) == []


def test_bytes_that_the_disk_lost_are_reported(emulator: Emulator, tmp_path: Path) -> None:
    client = open_buckets(emulator.address)._client
    blob = client.create_bucket("bkt").blob("o")
    blob.upload_from_string(b"some bytes")
    (file,) = tmp_path.glob("objects/*/*")
    file.write_bytes(b"some")
    with pytest.raises(Exception, match="4 bytes in place of 10"):
        blob.download_as_bytes(retry=None)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (port,) = free_ports([0])
    code = (
        "import sys, time; from pathlib import Path; from core.engine.emulator import Emulator\n"
        f"e = Emulator(Path({str(tmp_path)!r}), {port}); e.start(); print(e.pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
    finally:
        parent.kill()
        parent.communicate()
    until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_zombie(pid), 5)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_it_listens_on_loopback_only(emulator: Emulator) -> None:
    port = int(emulator.address.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if int(line.split()[1].split(":")[1], 16) == port and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port:04X}"]


def test_a_taken_port_is_reported_with_the_log(emulator: Emulator, tmp_path: Path) -> None:
    second = Emulator(tmp_path / "second", int(emulator.address.rsplit(":", 1)[1]))
    with pytest.raises(EngineNotRunning) as caught:
        second.start()
    assert "emulator.log" in str(caught.value)
    assert second.died()  # so that the engine tries again
    second.stop()
    assert not second.died()
    assert "in use" in (tmp_path / "second" / "emulator.log").read_text()


def test_two_never_share_a_folder(emulator: Emulator, tmp_path: Path) -> None:
    (port,) = free_ports([0])
    with pytest.raises(EngineNotRunning):
        Emulator(tmp_path, port).start()
    assert emulator.answers()


def test_a_damaged_index_is_reported_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite3").write_bytes(b"not a database" * 1000)
    (port,) = free_ports([0])
    with pytest.raises(EngineNotRunning):
        Emulator(tmp_path, port).start()
    assert "not a database" in (tmp_path / "emulator.log").read_text()
    assert (tmp_path / "index.sqlite3").read_bytes().startswith(b"not a database")


def test_a_missing_bucket_is_reported(emulator: Emulator) -> None:
    with pytest.raises(BucketNotFound):
        open_buckets(emulator.address).check_bucket("nowhere")
