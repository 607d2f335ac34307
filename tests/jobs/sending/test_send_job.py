"""A batch on its way: uploads, splitting, submission, and all that can go wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from core.errors import BadObjectName, EngineNotRunning, RequestError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import JobState, OperationState
from core.jobs.runner import Runner
from core.jobs.sending.send_job import QUOTA_PAUSE, TRY_AGAIN
from core.jobs.sending.uploads.uploads import UploadProgress
from core.jobs.service.connection import Backend, Connection
from tests.kit.services.jobs_rig import REQUEST, Rig


def test_uploads_and_submits(rig: Rig) -> None:
    updates: list[UploadProgress] = []
    job = rig.jobs.create(rig.draft(), rig.files(3), REQUEST, title="Three", source="a folder")
    assert (job.state, job.pictures, job.uploads) == (JobState.UPLOADING, 3, 3)
    assert rig.service.submissions == 0

    job = rig.jobs.send(job.id, updates.append)

    assert job.state is JobState.RUNNING
    assert (job.uploaded, job.lost, job.fault) == (3, 0, "")
    assert [p.done for p in updates] == [1, 2, 3] and {p.total for p in updates} == {3}
    batch = rig.service.accepted[0]
    assert batch.uris == [f"{job.prefix}pictures/{n:06d}-picture-{n}.png" for n in (1, 2, 3)]
    assert [rig.buckets.read(uri) for uri in batch.uris] == [
        picture.path.read_bytes() for picture in rig.files(3)
    ]
    assert rig.buckets.info(batch.uris[0]).content_type == "image/png"
    operation = job.operations[0]
    assert operation.name == batch.name
    assert batch.prefix == operation.prefix == f"{job.prefix}try-1/part-0001/"
    assert (operation.pictures, operation.shards) == (3, 2)
    assert rig.jobs.uris(operation.id) == batch.uris


def test_more_than_2000_pictures_become_several_operations(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(4_001), REQUEST)
    job = rig.jobs.send(job.id)

    assert [operation.pictures for operation in job.operations] == [2_000, 2_000, 1]
    assert rig.service.sent == [picture.uri for picture in rig.refs(4_001)]
    prefixes = [batch.prefix for batch in rig.service.accepted]
    assert prefixes == [operation.prefix for operation in job.operations]
    assert len(set(prefixes)) == 3
    assert job.progress.shards == 1_000 + 1_000 + 1


def test_quota_of_pictures_in_processing_is_kept(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(9_000), REQUEST)
    job = rig.jobs.send(job.id)
    assert [str(o.state) for o in job.operations] == ["RUNNING"] * 4 + ["PLANNED"]
    assert rig.jobs.pending() == [job.id]
    assert rig.jobs.in_processing() == 8_000

    rig.jobs.send(job.id)
    assert len(rig.service.accepted) == 4  # still no room

    rig.service.accepted[0].state = "DONE"
    assert rig.jobs.poll() == []
    job = rig.jobs.send(job.id)
    assert len(rig.service.accepted) == 5
    assert rig.jobs.pending() == []


def test_a_draft_is_one_job_however_often_it_is_sent(rig: Rig) -> None:
    draft = rig.draft()
    with ThreadPoolExecutor(8) as pool:
        created = list(
            pool.map(lambda _: rig.jobs.create(draft, rig.refs(3), REQUEST).id, range(16))
        )
        assert len(set(created)) == 1
        list(pool.map(lambda _: rig.jobs.send(created[0]), range(16)))
    assert rig.service.sent == [picture.uri for picture in rig.refs(3)]
    assert len(rig.jobs.list()) == 1
    # A reload after the restart of the dashboard.
    again = rig.restarted().create(draft, rig.refs(5), REQUEST)
    rig.jobs.send(again.id)
    assert again.id == created[0]
    assert rig.service.submissions == 1


def test_two_dashboards_on_one_ledger_send_once(rig: Rig) -> None:
    other = rig.make_jobs(Ledger(rig.ledger_url))
    job = rig.jobs.create(rig.draft(), rig.refs(9), REQUEST)
    meet = threading.Barrier(2)

    def send(jobs: Runner) -> None:
        meet.wait()
        jobs.send(job.id)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, (rig.jobs, other)))
    other.ledger.close()
    assert rig.service.submissions == 1


def test_a_picture_listed_twice_is_sent_once(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), [*rig.refs(2), *rig.refs(3)], REQUEST)
    rig.jobs.send(job.id)
    assert rig.service.sent == [picture.uri for picture in rig.refs(3)]


def test_lost_file_does_not_stop_the_others(rig: Rig) -> None:
    files = rig.files(4)
    files[1].path.unlink()
    job = rig.jobs.create(rig.draft(), files, REQUEST)
    job = rig.jobs.send(job.id)
    assert (job.uploaded, job.lost) == (3, 1)
    assert job.state is JobState.RUNNING
    assert [uri[-13:] for uri in rig.service.sent] == [f"picture-{n}.png" for n in (1, 3, 4)]
    assert rig.jobs.uris(job.operations[0].id) == rig.service.sent
    assert (job.operations[0].pictures, job.operations[0].shards) == (3, 2)
    assert [name for name, _ in rig.jobs.lost(job.id)] == ["picture 2.png"]
    assert job.progress.failed == 1


def test_all_files_lost_fails_the_operation(rig: Rig) -> None:
    files = rig.files(2)
    job = rig.jobs.create(rig.draft(), files, REQUEST)
    for picture in files:
        picture.path.unlink()
    job = rig.jobs.send(job.id)
    assert job.state is JobState.FAILED
    assert rig.service.submissions == 0


def test_same_bytes_are_not_uploaded_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    files = rig.files(3)
    job = rig.jobs.create(rig.draft(), files, REQUEST)
    folder = f"{job.prefix}pictures/"
    rig.buckets.write(f"{folder}000001-picture-1.png", files[0].path.read_bytes())
    rig.buckets.write(f"{folder}000002-picture-2.png", b"half of i")
    written: list[str] = []
    write = rig.buckets.write

    def noted(uri: str, data: bytes, content_type: str = "") -> None:
        written.append(uri)
        write(uri, data, content_type)

    monkeypatch.setattr(rig.buckets, "write", noted)
    rig.jobs.send(job.id)
    pictures = [uri for uri in written if uri.startswith(folder)]
    assert sorted(pictures) == [f"{folder}00000{n}-picture-{n}.png" for n in (2, 3)]
    assert rig.buckets.read(f"{folder}000002-picture-2.png") == files[1].path.read_bytes()


def test_spooled_uploads_go_when_they_are_in_the_bucket(rig: Rig) -> None:
    files = rig.files(2, spooled=True)
    job = rig.jobs.create(rig.draft(), files, REQUEST)
    rig.jobs.send(job.id)
    assert not any(picture.path.exists() for picture in files)
    assert all(rig.buckets.exists(uri) for uri in rig.service.sent)


def test_own_files_stay(rig: Rig) -> None:
    files = rig.files(2)
    rig.jobs.send(rig.jobs.create(rig.draft(), files, REQUEST).id)
    assert all(picture.path.exists() for picture in files)


def test_service_down_waits_and_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.service.connection.CONNECT_TIMEOUT_S", 0.3)
    rig.service.stop()
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(2), REQUEST).id)
    assert "cannot be reached" in job.fault
    assert job.retry_at is not None
    assert job.state is JobState.WAITING
    assert rig.jobs.pending() == []

    rig.service.start()
    rig.clock.forward(TRY_AGAIN.total_seconds())
    assert rig.jobs.pending() == [job.id]
    monkeypatch.undo()
    job = rig.jobs.send(job.id)
    assert (job.state, job.fault) == (JobState.RUNNING, "")
    assert rig.service.submissions == 1


@pytest.mark.slow
def test_storage_down_waits(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.buckets.EMULATOR_TIMEOUT_S", 0.3)
    lost = Connection(Backend(rig.service.address, "http://127.0.0.1:9"))
    jobs = rig.make_jobs(rig.jobs.ledger, lost)
    job = jobs.send(jobs.create(rig.draft(), rig.files(1), REQUEST).id)
    assert job.retry_at is not None and job.fault
    assert rig.service.submissions == 0
    assert rig.jobs.send(job.id).state is JobState.RUNNING


def test_engine_not_running_waits(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)

    def connect() -> Connection:
        raise EngineNotRunning("The engine is starting")

    jobs = Runner(rig.jobs.ledger, connect, base=rig.jobs.base, clock=rig.clock)
    job = jobs.send(job.id)
    assert job.retry_at is not None and "starting" in job.fault
    assert [error.what for error in jobs.poll()] == ["The engine is starting"]


@pytest.mark.parametrize(
    ("code", "state", "again"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, JobState.WAITING, True),
        (grpc.StatusCode.PERMISSION_DENIED, JobState.STOPPED, False),
        (grpc.StatusCode.UNAUTHENTICATED, JobState.STOPPED, False),
        (grpc.StatusCode.UNIMPLEMENTED, JobState.STOPPED, False),
        (grpc.StatusCode.INVALID_ARGUMENT, JobState.FAILED, False),
        (grpc.StatusCode.NOT_FOUND, JobState.FAILED, False),
        (grpc.StatusCode.FAILED_PRECONDITION, JobState.FAILED, False),
    ],
)
def test_clear_refusal(rig: Rig, code: grpc.StatusCode, state: JobState, again: bool) -> None:
    rig.service.refuse = (code, "because")
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    assert job.state is state
    assert "because" in (job.fault or job.operations[0].error)
    assert (job.retry_at is not None) == again
    rig.clock.forward(QUOTA_PAUSE.total_seconds())
    assert rig.jobs.pending() == ([job.id] if again else [])

    rig.service.refuse = None
    job = rig.jobs.send(job.id)  # the user presses "go on"
    assert len(rig.service.accepted) == (0 if state is JobState.FAILED else 1)


def test_missing_bucket_stops_with_a_cure(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST, base="gs://no-such-bucket-here/x")
    job = rig.jobs.send(job.id)
    assert job.state is JobState.STOPPED
    assert "no such bucket" in job.fault and "no-such-bucket-here" in job.fault
    assert rig.service.submissions == 0


def test_own_bucket_is_made_on_the_emulator(rig: Rig) -> None:
    jobs = Runner(rig.jobs.ledger, lambda: rig.connection, base="gs://brand-new/", clock=rig.clock)
    for _ in range(2):
        job = jobs.send(jobs.create(rig.draft(), rig.files(1), REQUEST).id)
        assert job.state is JobState.RUNNING


def test_another_backends_job_is_left_alone(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
    google = Connection(Backend(project="p"))
    jobs = rig.make_jobs(rig.jobs.ledger, google)
    assert jobs.pending() == []
    assert "belongs to the embedded engine" in jobs.send(job.id).fault
    with pytest.raises(RequestError, match="belongs to the embedded engine"):
        jobs.refresh(job.operations[0].id)
    assert rig.service.submissions == 0


@pytest.mark.parametrize("draft", ["", "../../etc", "a b", "x" * 65, "a/b"])
def test_bad_draft_id(rig: Rig, draft: str) -> None:
    with pytest.raises(RequestError, match="draft"):
        rig.jobs.create(draft, rig.refs(1), REQUEST)


def test_no_pictures(rig: Rig) -> None:
    with pytest.raises(RequestError, match="no pictures"):
        rig.jobs.create(rig.draft(), [], REQUEST)


@pytest.mark.parametrize("base", ["bucket", "gs://b/../x", "gs://b/" + "x" * 900])
def test_bad_base(rig: Rig, base: str) -> None:
    with pytest.raises(BadObjectName):
        rig.jobs.create(rig.draft(), rig.refs(1), REQUEST, base=base)


def test_cancel_during_upload_sends_nothing(
    rig: Rig, small_operations: Callable[[int], None]
) -> None:
    small_operations(20)
    job = rig.jobs.create(rig.draft(), rig.files(60), REQUEST)

    def cancel(progress: UploadProgress) -> None:
        if progress.done == 1:
            rig.jobs.cancel(job.id)

    ended = rig.jobs.send(job.id, cancel)
    assert ended.state is JobState.CANCELLED
    assert ended.uploaded < 60
    assert rig.service.submissions == 0
    assert rig.jobs.pending() == []


def test_cancel_while_on_the_wire(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.service.on_submit = lambda request: rig.jobs.cancel(job.id)
    job = rig.jobs.send(job.id)
    assert job.operations[0].cancel == "sent"
    assert job.state is JobState.CANCELLING
    assert rig.service.accepted[0].state == "CANCELLED"
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.CANCELLED


def test_cancel_on_the_wire_of_a_refused_request_is_not_sent_again(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    rig.service.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")
    rig.service.on_submit = lambda request: rig.jobs.cancel(job.id)
    job = rig.jobs.send(job.id)
    assert job.operations[0].state is OperationState.CANCELLED
    assert rig.jobs.pending() == []


def test_ledger_file_survives_as_it_was(rig: Rig, tmp_path: Path) -> None:
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.files(3), REQUEST).id)
    assert rig.restarted().get(job.id) == job
