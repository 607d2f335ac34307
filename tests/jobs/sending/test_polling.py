"""A batch that runs: its state, progress, cancelling, re-attaching and retrying."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from core.errors import BackendUnavailable, BadObjectName, OperationNotFound, RequestError
from core.jobs.ledger.records import Job, JobState, OperationState
from core.jobs.service.connection import Backend, Connection
from tests.kit.services.jobs_rig import REQUEST, Rig


@pytest.fixture
def job(rig: Rig) -> Job:
    return rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), REQUEST).id)


def test_follows_the_service(rig: Rig, job: Job) -> None:
    batch = rig.service.accepted[0]
    batch.state = "CREATED"
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].service_state == "CREATED"
    batch.state = "RUNNING"
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].service_state == "RUNNING"
    batch.state = "DONE"
    rig.clock.forward(60)
    rig.jobs.poll()
    done = rig.jobs.get(job.id)
    assert (done.state, done.final) == (JobState.SUCCEEDED, True)
    assert done.operations[0].ended_at == rig.clock()
    assert rig.jobs.in_processing() == 0


def test_failed_operation_says_why(rig: Rig, job: Job) -> None:
    batch = rig.service.accepted[0]
    batch.state, batch.error = "DONE", (7, "Error writing final output to: gs://b/x")
    rig.jobs.poll()
    failed = rig.jobs.get(job.id)
    assert failed.state is JobState.FAILED
    assert failed.operations[0].error == "Error writing final output to: gs://b/x"
    assert failed.progress.failed == 5


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_silence_changes_nothing(rig: Rig, job: Job, code: grpc.StatusCode) -> None:
    rig.service.known_code = code
    assert [type(error) for error in rig.jobs.poll()] == [BackendUnavailable]
    assert rig.jobs.get(job.id) == job
    with pytest.raises(BackendUnavailable):
        rig.jobs.refresh(job.operations[0].id)
    rig.service.known_code = None
    rig.service.finish()
    assert rig.jobs.refresh(job.operations[0].id).state is OperationState.SUCCEEDED


def test_one_bad_answer_does_not_hide_the_other_jobs(rig: Rig, job: Job) -> None:
    other = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    rig.service.denied = {rig.jobs.get(job.id).operations[0].name}
    rig.service.finish()
    assert rig.jobs.poll() == []
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    assert rig.jobs.get(other.id).state is JobState.SUCCEEDED
    trouble = rig.jobs.trouble(job.id)
    assert trouble is not None and "refused access" in trouble.what
    assert rig.jobs.trouble(other.id) is None


def test_progress(rig: Rig, job: Job) -> None:
    operation = job.operations[0]
    assert job.progress.seconds_left is None
    rig.clock.forward(10)
    rig.jobs.record_progress(operation.id, 1, 2, 1)
    progress = rig.jobs.get(job.id).progress
    assert (progress.pictures, progress.pictures_done, progress.failed) == (5, 2, 1)
    assert (progress.shards, progress.shards_done, progress.fraction) == (3, 1, 0.4)
    assert progress.rate == pytest.approx(0.2)
    assert progress.seconds_left == pytest.approx(15)
    # A listing that lags behind must not take anything back.
    rig.jobs.record_progress(operation.id, 0, 0, 0)
    assert rig.jobs.get(job.id).progress == progress
    rig.clock.forward(10)
    rig.service.finish()
    rig.jobs.poll()
    rig.jobs.record_progress(operation.id, 3, 5, 1)  # the last shards are counted afterwards
    progress = rig.jobs.get(job.id).progress
    assert (progress.pictures_done, progress.seconds_left, progress.fraction) == (5, 0.0, 1.0)
    assert progress.rate == pytest.approx(5 / 20)


def test_cancel(rig: Rig, small_operations: Callable[[int], None]) -> None:
    small_operations(2)
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(6), REQUEST).id)
    rig.service.accepted[0].state = "DONE"
    rig.jobs.poll()
    job = rig.jobs.cancel(job.id)
    assert job.state is JobState.CANCELLING
    assert [o.cancel for o in job.operations] == ["", "sent", "sent"]
    rig.jobs.poll()
    job = rig.jobs.get(job.id)
    assert job.state is JobState.CANCELLED
    assert [str(o.state) for o in job.operations] == ["SUCCEEDED", "CANCELLED", "CANCELLED"]
    assert rig.jobs.cancel(job.id).state is JobState.CANCELLED  # once more is no harm


def test_service_that_cannot_cancel(rig: Rig, job: Job) -> None:
    rig.service.cancels = False
    cancelled = rig.jobs.cancel(job.id)
    assert cancelled.operations[0].cancel == "refused"
    assert cancelled.state is JobState.CANCELLING
    rig.service.finish()
    assert rig.jobs.poll() == []
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED


def test_cancel_while_the_service_is_down(
    rig: Rig, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.service.connection.POLL_TIMEOUT_S", 0.3)
    rig.service.stop()
    assert rig.jobs.cancel(job.id).operations[0].cancel == "asked"
    rig.service.start()
    rig.connection.check_ready()  # the channel needs a moment to reconnect
    assert rig.jobs.poll() == []
    assert rig.service.accepted[0].state == "CANCELLED"
    assert rig.jobs.get(job.id).state is JobState.CANCELLED


def test_restart_of_the_dashboard_loses_nothing(rig: Rig, job: Job) -> None:
    rig.jobs.record_progress(job.operations[0].id, 1, 2, 1)
    before = rig.jobs.get(job.id)
    jobs = rig.restarted()
    assert jobs.get(job.id) == before
    assert jobs.pending() == []
    rig.service.finish()
    jobs.poll()
    assert jobs.get(job.id).state is JobState.SUCCEEDED
    assert rig.service.submissions == 1


class TestAttach:
    NAME = "projects/fake/operations/0001"

    def test_known_name_gives_its_job(self, rig: Rig, job: Job) -> None:
        assert rig.jobs.attach(f"  {self.NAME}\n") == rig.jobs.get(job.id)

    @pytest.fixture
    def forgotten(self, rig: Rig, job: Job) -> Job:
        """The service knows it, but this ledger does not."""
        rig.jobs.ledger.forget(job.id)
        return job

    def test_running(self, rig: Rig, forgotten: Job) -> None:
        prefix = forgotten.operations[0].prefix
        with ThreadPoolExecutor(4) as pool:
            attached = list(pool.map(lambda _: rig.jobs.attach(self.NAME, prefix), range(4)))
        assert len({job.id for job in attached}) == 1
        job = attached[0]
        assert (job.state, job.prefix, job.pictures) == (JobState.RUNNING, prefix, 0)
        rig.jobs.record_progress(job.operations[0].id, 2, 4, 1)
        progress = rig.jobs.get(job.id).progress
        assert (progress.pictures_done, progress.shards, progress.fraction) == (4, 0, 0.0)
        rig.service.finish()
        rig.jobs.poll()
        assert rig.jobs.get(job.id).state is JobState.SUCCEEDED
        assert rig.jobs.pending() == []

    def test_done_tells_its_prefix(self, rig: Rig, forgotten: Job) -> None:
        rig.service.finish()
        job = rig.jobs.attach(self.NAME)
        assert (job.state, job.prefix) == (JobState.SUCCEEDED, forgotten.operations[0].prefix)

    def test_running_needs_a_prefix(self, rig: Rig, forgotten: Job) -> None:
        with pytest.raises(RequestError, match="where it writes"):
            rig.jobs.attach(self.NAME)
        assert rig.jobs.list() == []

    def test_bad_prefix(self, rig: Rig, forgotten: Job) -> None:
        with pytest.raises(BadObjectName):
            rig.jobs.attach(self.NAME, "gs://b/../../etc")

    @pytest.mark.parametrize(
        "name",
        [
            "projects/fake/operations/9999",
            "",
            "no",
            "projects/x/operations/a b",
            "operations/\n" * 9,
        ],
    )
    def test_unknown(self, rig: Rig, name: str) -> None:
        with pytest.raises(OperationNotFound):
            rig.jobs.attach(name, "gs://b/x/")
        assert rig.jobs.list() == []

    def test_cannot_be_retried(self, rig: Rig, forgotten: Job) -> None:
        job = rig.jobs.attach(self.NAME, "gs://b/x/")
        with pytest.raises(RequestError, match="cannot be retried"):
            rig.jobs.retry_failed(job, ["gs://b/y"])


class TestRetry:
    def failed(self, rig: Rig, *numbers: int) -> list[str]:
        return [f"gs://{rig.bucket}/in/{n:05d}.jpg" for n in numbers]

    @pytest.fixture
    def done(self, rig: Rig, job: Job) -> Job:
        rig.service.finish()
        rig.jobs.poll()
        rig.jobs.record_progress(job.operations[0].id, 3, 5, 2)
        return rig.jobs.get(job.id)

    def test_only_failed_pictures_go_again(self, rig: Rig, done: Job) -> None:
        assert done.progress.failed == 2
        job = rig.jobs.retry_failed(done, self.failed(rig, 4, 2))
        assert (job.attempt, job.state) == (2, JobState.WAITING)
        assert rig.jobs.pending() == [job.id]
        job = rig.jobs.send(job.id)
        batch = rig.service.accepted[1]
        assert batch.uris == self.failed(rig, 2, 4)
        assert batch.prefix == f"{job.prefix}try-2/part-0001/"
        assert rig.jobs.uris(job.operations[1].id) == batch.uris
        assert job.state is JobState.RUNNING
        rig.jobs.record_progress(job.operations[1].id, 1, 2, 1)
        rig.service.finish()
        rig.jobs.poll()
        job = rig.jobs.get(job.id)
        assert (job.state, job.progress.failed, job.pictures) == (JobState.SUCCEEDED, 1, 5)

    def test_numbers_count_what_was_sent_and_never_attempts(self, rig: Rig, done: Job) -> None:
        def shown() -> tuple[int, int, int, int]:
            progress = rig.jobs.get(done.id).progress
            return progress.pictures, progress.pictures_done, progress.waiting, progress.failed

        assert shown() == (5, 5, 0, 2)
        job = rig.jobs.send(rig.jobs.retry_failed(done, self.failed(rig, 4, 2)).id)
        assert shown() == (5, 3, 2, 2)
        rig.jobs.record_progress(job.operations[1].id, 1, 2, 1)
        rig.service.finish()
        rig.jobs.poll()
        assert shown() == (5, 5, 0, 1)
        again = rig.jobs.retry_failed(rig.jobs.get(job.id), self.failed(rig, 4))
        job = rig.jobs.send(again.id)
        assert shown() == (5, 4, 1, 1)
        rig.jobs.record_progress(job.operations[2].id, 1, 1, 0)
        rig.service.finish()
        rig.jobs.poll()
        assert shown() == (5, 5, 0, 0)

    def test_double_click(self, rig: Rig, done: Job) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda _: rig.jobs.send(rig.jobs.retry_failed(done, self.failed(rig, 2)).id),
                    range(8),
                )
            )
        assert [batch.uris for batch in rig.service.accepted[1:]] == [self.failed(rig, 2)]
        assert rig.jobs.get(done.id).attempt == 2

    def test_crash_after_planning(self, rig: Rig, done: Job) -> None:
        rig.jobs.retry_failed(done, self.failed(rig, 2))
        jobs = rig.restarted()
        assert jobs.pending() == [done.id]
        jobs.send(done.id)
        assert rig.service.accepted[1].uris == self.failed(rig, 2)

    def test_running_retry_holds_its_pictures(self, rig: Rig, done: Job) -> None:
        job = rig.jobs.send(rig.jobs.retry_failed(done, self.failed(rig, 2)).id)
        with pytest.raises(RequestError, match="nothing left"):
            rig.jobs.retry_failed(job, self.failed(rig, 2))
        job = rig.jobs.send(rig.jobs.retry_failed(job, self.failed(rig, 2, 4)).id)
        assert rig.service.accepted[2].uris == self.failed(rig, 4)

    def test_whole_operation_that_failed(self, rig: Rig, job: Job) -> None:
        batch = rig.service.accepted[0]
        batch.state, batch.error = "DONE", (13, "internal")
        rig.jobs.poll()
        job = rig.jobs.get(job.id)
        assert job.progress.failed == 5
        job = rig.jobs.send(rig.jobs.retry_failed(job, rig.jobs.uris(job.operations[0].id)).id)
        rig.jobs.record_progress(job.operations[1].id, 3, 5, 0)
        rig.service.finish()
        rig.jobs.poll()
        job = rig.jobs.get(job.id)
        assert (job.state, job.progress.failed) == (JobState.SUCCEEDED, 0)

    def test_failed_once_more_is_one_failure(self, rig: Rig, done: Job) -> None:
        job = rig.jobs.send(rig.jobs.retry_failed(done, self.failed(rig, 2, 4)).id)
        rig.service.finish()
        rig.jobs.poll()
        arriving = rig.jobs.get(job.id)
        assert (arriving.arriving, arriving.progress.failed) == (2, 0)
        rig.jobs.ledger.move(
            job.operations[1].id, (OperationState.SUCCEEDED,), state=OperationState.FAILED
        )
        assert rig.jobs.get(job.id).progress.failed == 2  # the same two, not two more

    def test_after_cancelling(self, rig: Rig, job: Job) -> None:
        rig.jobs.cancel(job.id)
        rig.jobs.poll()
        job = rig.jobs.retry_failed(rig.jobs.get(job.id), self.failed(rig, 1))
        assert rig.jobs.send(job.id).state is JobState.RUNNING
        assert rig.service.accepted[1].uris == self.failed(rig, 1)

    def test_more_than_one_operation(
        self, rig: Rig, done: Job, small_operations: Callable[[int], None]
    ) -> None:
        small_operations(2)
        rig.jobs.send(rig.jobs.retry_failed(done, self.failed(rig, 1, 2, 3)).id)
        assert [batch.uris for batch in rig.service.accepted[1:]] == [
            self.failed(rig, 1, 2),
            self.failed(rig, 3),
        ]

    @pytest.mark.parametrize("uris", [[], ["gs://b/unknown.jpg"]])
    def test_nothing_to_retry(self, rig: Rig, done: Job, uris: list[str]) -> None:
        with pytest.raises(RequestError):
            rig.jobs.retry_failed(done, uris)
        assert rig.jobs.get(done.id).attempt == 1


def test_newest_first_and_pages(rig: Rig) -> None:
    ids = []
    for _ in range(5):
        rig.clock.forward(1)
        ids.append(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    assert [job.id for job in rig.jobs.list()] == ids[::-1]
    assert [job.id for job in rig.jobs.list(limit=2, offset=1)] == ids[::-1][1:3]
    assert rig.jobs.ledger.count() == 5


def test_forget(rig: Rig, job: Job) -> None:
    with pytest.raises(RequestError, match="not over"):
        rig.jobs.forget(job.id)
    rig.service.finish()
    rig.jobs.poll()
    rig.jobs.forget(job.id)
    assert rig.jobs.list() == []
    with pytest.raises(RequestError, match="no such job"):
        rig.jobs.get(job.id)


def test_poll_keeps_to_its_backend(rig: Rig, job: Job) -> None:
    other = rig.make_jobs(rig.jobs.ledger, Connection(Backend(project="p")))
    assert other.poll() == []  # nobody at Google was asked
    assert other.list() == [job]


def test_what_was_missing_and_is_asked_again_counts_once(rig: Rig) -> None:
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(4), REQUEST).id)
    operation = job.operations[0]
    rig.jobs.record_progress(operation.id, 1, 2, 0)
    rig.jobs.cancel(job.id)
    rig.jobs.poll()
    job = rig.jobs.get(job.id)
    assert (job.progress.pictures_done, job.progress.pictures, job.progress.failed) == (2, 4, 2)
    job = rig.jobs.send(rig.jobs.retry_failed(job, rig.jobs.uris(operation.id)[2:3]).id)
    rig.jobs.record_progress(job.operations[1].id, 1, 1, 0)
    progress = rig.jobs.get(job.id).progress
    assert (progress.pictures_done, progress.pictures, progress.failed) == (3, 4, 1)
