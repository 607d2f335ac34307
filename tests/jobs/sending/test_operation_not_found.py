"""An operation that the service does not know, or will not tell about: believed slowly."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from core.buckets import Buckets, ObjectInfo
from core.errors import BackendDenied, OperationNotFound
from core.jobs.ledger.records import Job, JobState, OperationState
from core.jobs.sending.polling import NOT_FOUND_ANSWERS, NOT_FOUND_FOR
from tests.kit.services.jobs_rig import REQUEST, Rig

NAME = "projects/fake/operations/0001"


@pytest.fixture
def job(rig: Rig) -> Job:
    return rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), REQUEST).id)


def poll_for(rig: Rig, seconds: float) -> int:
    """Poll every two seconds as the watcher does while somebody looks; how often it asked."""
    before = len(rig.service.asked)
    for _ in range(int(seconds / 2)):
        assert rig.jobs.poll() == []
        rig.clock.forward(2)
    return len(rig.service.asked) - before


@pytest.mark.both_ledgers
def test_one_answer_is_not_believed(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    rig.jobs.poll()
    looked_for = rig.jobs.get(job.id)
    assert (looked_for.state, looked_for.not_found) == (JobState.RUNNING, True)
    assert "once" in looked_for.operations[0].error
    assert "still looked for" in looked_for.operations[0].error
    assert rig.jobs.in_processing() == 5  # the service may be at it
    rig.service.forgotten = set()
    poll_for(rig, 6)
    polled = rig.jobs.get(job.id)
    assert (polled.not_found, polled.operations[0].error) == (False, "")
    rig.service.finish()
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED
    assert rig.service.submissions == 1


def test_several_answers_over_minutes_are(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    calls = poll_for(rig, NOT_FOUND_FOR.total_seconds())
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    assert NOT_FOUND_ANSWERS <= calls <= 10  # with growing pauses
    poll_for(rig, 120)
    failed = rig.jobs.get(job.id)
    assert (failed.state, failed.progress.failed) == (JobState.FAILED, 5)
    assert "does not know it" in failed.operations[0].error
    assert rig.service.submissions == 1


def test_a_complete_list_without_it_needs_no_minutes(rig: Rig, job: Job) -> None:
    rig.service.accepted.clear()  # as an engine's journal that was set aside
    calls = poll_for(rig, NOT_FOUND_FOR.total_seconds() / 5)
    assert calls == NOT_FOUND_ANSWERS
    failed = rig.jobs.get(job.id)
    assert (failed.state, failed.progress.failed) == (JobState.FAILED, 5)


@pytest.mark.parametrize("offered", [{"lists": False}, {"filters": False}])
def test_a_list_that_proves_nothing_hurries_nothing(
    rig: Rig, job: Job, offered: dict[str, bool]
) -> None:
    rig.service.accepted.clear()
    for name, value in offered.items():
        setattr(rig.service, name, value)
    poll_for(rig, NOT_FOUND_FOR.total_seconds())
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    poll_for(rig, 120)
    assert rig.jobs.get(job.id).state is JobState.FAILED


def test_few_answers_long_apart_are_not(rig: Rig, job: Job) -> None:
    """A dashboard that is started now and then, just when the service restarts too."""
    rig.service.forgotten = {NAME}
    for _ in range(NOT_FOUND_ANSWERS - 1):
        rig.jobs.poll()
        rig.restarted()
        rig.clock.forward(3_600)
    assert rig.jobs.get(job.id).operations[0].not_found == NOT_FOUND_ANSWERS - 1
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.FAILED


def test_many_answers_at_once_are_not(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    for _ in range(20):
        assert rig.jobs.refresh(job.operations[0].id).state is OperationState.RUNNING


def test_a_clock_that_is_set_back_does_not_hurry_it(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    rig.jobs.poll()
    rig.clock.forward(-7_200)
    for _ in range(20):
        rig.jobs.refresh(job.operations[0].id)
        rig.clock.forward(1)
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    rig.clock.forward(NOT_FOUND_FOR.total_seconds())
    assert rig.jobs.refresh(job.operations[0].id).state is OperationState.FAILED


@pytest.mark.parametrize("believed", [False, True])
def test_with_all_shards_there_it_is_done(rig: Rig, job: Job, believed: bool) -> None:
    rig.service.forgotten = {NAME}
    poll_for(rig, 600 if believed else 2)
    rig.jobs.record_progress(job.operations[0].id, 2, 4, 0)
    assert rig.jobs.get(job.id).state is (JobState.FAILED if believed else JobState.RUNNING)
    rig.jobs.record_progress(job.operations[0].id, 3, 5, 0)
    done = rig.jobs.get(job.id)
    assert (done.state, done.progress.failed, done.operations[0].error) == (
        JobState.SUCCEEDED,
        0,
        "",
    )


def test_cancelling_what_is_not_found(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    assert rig.jobs.cancel(job.id).state is JobState.CANCELLING
    assert rig.jobs.get(job.id).operations[0].cancel == "asked"  # tried again when it is found
    rig.jobs.poll()
    rig.service.forgotten = set()
    poll_for(rig, 6)
    assert rig.jobs.get(job.id).state is JobState.CANCELLED
    assert rig.service.accepted[0].state == "CANCELLED"


def test_cancelling_that_is_denied_hides_no_state(rig: Rig, job: Job) -> None:
    rig.service.cancel_code = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(BackendDenied):
        rig.jobs.cancel(job.id)
    poll_for(rig, 60)
    assert rig.jobs.trouble(job.id) is not None
    assert rig.jobs.get(job.id).operations[0].cancel == "asked"  # it may be allowed later
    rig.service.finish()
    poll_for(rig, 130)
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED
    assert rig.jobs.trouble(job.id) is None


def test_cancelling_that_is_refused_is_not_asked_for_again(rig: Rig, job: Job) -> None:
    rig.service.cancel_code = grpc.StatusCode.FAILED_PRECONDITION
    assert rig.jobs.cancel(job.id).operations[0].cancel == "refused"
    rig.service.finish()
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED


def test_cancelled_and_never_found_again(rig: Rig, job: Job) -> None:
    rig.service.forgotten = {NAME}
    rig.jobs.cancel(job.id)
    poll_for(rig, 600)
    assert rig.jobs.get(job.id).state is JobState.CANCELLED


def test_taking_up_what_is_not_found_changes_nothing(rig: Rig, job: Job) -> None:
    rig.jobs.ledger.forget(job.id)
    rig.service.forgotten = {NAME}
    with pytest.raises(OperationNotFound):
        rig.jobs.attach(NAME, "gs://b/x/")
    assert rig.jobs.list() == []
    rig.service.forgotten = set()
    assert rig.jobs.attach(NAME, "gs://b/x/").state is JobState.RUNNING


def test_confirming_what_is_not_found_changes_nothing(rig: Rig) -> None:
    rig.service.lists = False
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), REQUEST).id)
    (operation,) = job.operations
    assert operation.state is OperationState.UNCONFIRMED
    rig.service.forgotten = {NAME}
    with pytest.raises(OperationNotFound):
        rig.jobs.unconfirmed.confirm(operation.id, NAME)
    assert rig.jobs.get(job.id).operations[0].state is OperationState.UNCONFIRMED
    rig.service.forgotten = set()
    assert rig.jobs.unconfirmed.confirm(operation.id, NAME).state is OperationState.RUNNING


def test_the_service_lost_everything(rig: Rig, job: Job) -> None:
    """As an engine does whose journal was lost, while the dashboard is restarted."""
    rig.service.accepted.clear()
    rig.jobs.poll()
    rig.restarted()
    rig.jobs.poll()
    assert rig.jobs.get(job.id).not_found
    poll_for(rig, 60)
    assert rig.jobs.get(job.id).state is JobState.FAILED


@pytest.mark.parametrize("code", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED])
def test_one_that_cannot_be_asked_about(rig: Rig, job: Job, code: grpc.StatusCode) -> None:
    rig.service.known_code = code
    assert poll_for(rig, 600) <= 10
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    assert rig.jobs.trouble(job.id) is not None
    rig.service.known_code = None
    poll_for(rig, 120)
    assert rig.jobs.trouble(job.id) is None
    rig.service.known_code = code
    rig.jobs.poll()
    rig.jobs.record_progress(job.operations[0].id, 3, 5, 1)  # its shards are proof enough
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED


@pytest.mark.slow
def test_one_in_doubt_is_looked_for_with_growing_pauses(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.service.lists = False
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), REQUEST).id)
    looked: list[str] = []

    def nothing_there(_buckets: Buckets, prefix: str) -> Iterator[ObjectInfo]:
        looked.append(prefix)
        return iter(())

    monkeypatch.setattr(Buckets, "list_objects", nothing_there)
    poll_for(rig, 3_600)
    assert 20 < len(looked) < 70
    assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
    looked.clear()
    poll_for(rig, 3_600)
    assert 20 < len(looked) <= 31
