"""A ledger may be older than what was sent, and a sender slower than the world: no second send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
import sqlalchemy as sa

from core.buckets import Buckets
from core.errors import BucketUnavailable, RequestError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, JobState, Operation, OperationState
from core.jobs.ledger.schema import tables
from core.jobs.runner import Runner
from core.jobs.sending.submission import claims, send_marks
from core.jobs.sending.submission.submit_once import SETTLE
from core.jobs.service.connection import Connection
from tests.kit.services.fake_vision import Accepted
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers

Backup = dict[str, list[dict[str, Any]]]


def backup(rig: Rig) -> Backup:
    """All rows of the ledger, as they are now."""
    with rig.jobs.ledger.reading() as db:
        return {
            table.name: [dict(row) for row in db.execute(sa.select(table)).mappings()]
            for table in tables.sorted_tables
        }


def restore(rig: Rig, snapshot: Backup) -> None:
    """The ledger is as it was, and the dashboard another process."""
    with rig.jobs.ledger.writing() as db:
        for table in tables.sorted_tables:
            db.execute(sa.delete(table))
            if snapshot[table.name]:
                db.execute(sa.insert(table), snapshot[table.name])
    rig.restarted()


def on_google(rig: Rig) -> None:
    """Operations cannot be listed there."""
    rig.service.lists = False


def first(job: Job) -> Operation:
    return job.operations[0]


class TestRestoredLedger:
    """It knows the job as planned; what was sent since is found at the prefix."""

    def sent_since_backup(self, rig: Rig, *, base: str = "") -> Job:
        job = rig.jobs.create(rig.draft(), rig.files(3), REQUEST, base=base)
        snapshot = backup(rig)
        self.sent = rig.jobs.send(job.id)
        assert self.sent.state is JobState.RUNNING
        restore(rig, snapshot)
        assert first(rig.jobs.get(job.id)).state is OperationState.PLANNED
        return job

    def test_operation_that_is_listed_is_taken_up(self, rig: Rig) -> None:
        job = self.sent_since_backup(rig)
        job = rig.jobs.send(job.id)
        assert (job.state, first(job).name) == (JobState.RUNNING, rig.service.accepted[0].name)
        assert rig.service.submissions == 1
        assert rig.jobs.accounts.units([job.id]) == {job.id: 6}  # 3 pictures, 2 features

    def test_where_nothing_is_listed_the_mark_tells(self, rig: Rig) -> None:
        on_google(rig)
        job = self.sent_since_backup(rig)
        job = rig.jobs.send(job.id)
        assert job.state is JobState.UNCONFIRMED
        assert "restored" in first(job).error and "charged twice" in first(job).error
        for _ in range(3):
            rig.clock.forward(3600)
            assert rig.jobs.poll() == [] and rig.jobs.pending() == []
        assert rig.service.submissions == 1

    def test_where_nothing_is_listed_results_tell(self, rig: Rig) -> None:
        on_google(rig)
        job = self.sent_since_backup(rig)
        rig.buckets.write(f"{first(job).prefix}output-1-to-2.json", b"{}")
        job = rig.jobs.send(job.id)
        assert (first(job).state, first(job).name) == (OperationState.RUNNING, "")
        assert "sent before" in first(job).error
        rig.jobs.record_progress(first(job).id, 2, 3, 0)
        assert rig.jobs.get(job.id).state is JobState.SUCCEEDED
        assert rig.service.submissions == 1

    def test_results_of_before_there_were_marks_tell(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(send_marks, "leave", lambda *_: None)
        on_google(rig)
        job = self.sent_since_backup(rig)
        rig.buckets.write(f"{first(job).prefix}output-1-to-2.json", b"{}")
        assert first(rig.jobs.send(job.id)).state is OperationState.RUNNING
        assert rig.service.submissions == 1

    def test_results_that_stay_incomplete_can_be_given_up_and_retried(self, rig: Rig) -> None:
        on_google(rig)
        job = self.sent_since_backup(rig)
        rig.buckets.write(f"{first(job).prefix}output-1-to-2.json", b"{}")
        job = rig.jobs.send(job.id)
        rig.jobs.record_progress(first(job).id, 1, 2, 0)
        given_up = rig.jobs.unconfirmed.give_up(first(job).id)
        assert given_up.state is OperationState.CANCELLED
        job = rig.jobs.retry_failed(rig.jobs.get(job.id), rig.jobs.uris(first(job).id)[2:])
        assert rig.jobs.send(job.id).operations[1].state is OperationState.RUNNING
        assert len(rig.service.accepted[1].uris) == 1

    @pytest.mark.parametrize("lists", [True, False])
    def test_in_another_bucket_too(self, rig: Rig, lists: bool) -> None:
        elsewhere = f"b-{uuid4().hex[:12]}"
        rig.buckets.make_bucket(elsewhere)
        rig.service.lists = lists
        job = self.sent_since_backup(rig, base=f"gs://{elsewhere}/mine")
        expected = JobState.RUNNING if lists else JobState.UNCONFIRMED
        assert rig.jobs.send(job.id).state is expected
        assert rig.service.submissions == 1

    def test_uploaded_files_that_are_gone_since_are_in_the_bucket(self, rig: Rig) -> None:
        files = [file.identified() for file in rig.files(3, spooled=True)]
        job = rig.jobs.create(rig.draft(), files, REQUEST)
        snapshot = backup(rig)
        rig.jobs.send(job.id)
        assert not any(file.path.exists() for file in files)
        restore(rig, snapshot)
        job = rig.jobs.send(job.id)
        assert (job.uploaded, job.lost, job.state) == (3, 0, JobState.RUNNING)
        assert rig.service.submissions == 1

    def test_another_object_in_place_of_a_file_that_is_gone_is_not_taken(self, rig: Rig) -> None:
        files = [file.identified() for file in rig.files(2)]
        job = rig.jobs.create(rig.draft(), files, REQUEST)
        rig.buckets.write(f"{job.prefix}pictures/000001-picture-1.png", b"something else")
        files[0].path.unlink()
        job = rig.jobs.send(job.id)
        assert (job.uploaded, job.lost) == (1, 1)

    def test_forgotten_retry_of_the_same_pictures_is_taken_up(self, rig: Rig) -> None:
        job = self.after_a_retry(rig, [0])
        job = rig.jobs.send(rig.jobs.retry_failed(job, [self.uris[0]]).id)
        assert job.operations[1].name == rig.service.accepted[1].name
        assert rig.service.submissions == 2

    @pytest.mark.parametrize("lists", [True, False])
    def test_forgotten_retry_of_others_is_nobodys_answer(self, rig: Rig, lists: bool) -> None:
        job = self.after_a_retry(rig, [0])
        rig.service.lists = lists
        job = rig.jobs.send(rig.jobs.retry_failed(job, [self.uris[1]]).id)
        for _ in range(3):
            rig.clock.forward(60)
            assert rig.jobs.poll() == [] and rig.jobs.pending() == []
        doubtful = rig.jobs.get(job.id).operations[1]
        assert doubtful.state is OperationState.UNCONFIRMED
        assert "Other pictures were sent to its prefix" in doubtful.error
        assert rig.service.submissions == 2
        rig.jobs.unconfirmed.give_up(doubtful.id)
        job = rig.jobs.retry_failed(rig.jobs.get(job.id), [self.uris[1]])
        assert rig.jobs.send(job.id).operations[2].state is OperationState.RUNNING

    def after_a_retry(self, rig: Rig, which: list[int]) -> Job:
        job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
        rig.service.finish()
        rig.jobs.poll()
        job = rig.jobs.get(job.id)
        assert job.final
        snapshot = backup(rig)
        self.uris = list(rig.jobs.uris(first(job).id))
        rig.jobs.send(rig.jobs.retry_failed(job, [self.uris[n] for n in which]).id)
        restore(rig, snapshot)
        return rig.jobs.get(job.id)

    def test_job_that_the_ledger_has_lost_gives_its_place_to_none(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on_google(rig)
        monkeypatch.setattr("core.jobs.jobs.new_job_id", lambda _: "20261128-120000-abcdef")
        empty = backup(rig)
        draft = rig.draft()
        rig.jobs.send(rig.jobs.create(draft, rig.refs(3), REQUEST).id)
        restore(rig, empty)
        assert rig.jobs.count() == 0
        job = rig.jobs.send(rig.jobs.create(draft, rig.refs(3), REQUEST).id)
        assert job.state is JobState.UNCONFIRMED
        assert rig.service.submissions == 1

    def test_two_that_write_there_are_reported_by_name(self, rig: Rig) -> None:
        job = self.sent_since_backup(rig)
        again = Accepted("projects/fake/operations/again", [], first(job).prefix, None)
        rig.service.accepted.append(again)
        job = rig.jobs.send(job.id)
        assert job.state is JobState.UNCONFIRMED
        assert all(batch.name in first(job).error for batch in rig.service.accepted)
        assert rig.service.submissions == 1

    def test_one_that_another_job_has_taken_up_is_not_sent_over(self, rig: Rig) -> None:
        job = self.sent_since_backup(rig)
        rig.jobs.attach(rig.service.accepted[0].name, first(job).prefix)
        job = rig.jobs.send(job.id)
        for _ in range(3):
            rig.clock.forward(60)
            assert rig.jobs.poll() == [] and rig.jobs.pending() == []
        assert first(rig.jobs.get(job.id)).state is OperationState.UNCONFIRMED
        assert rig.service.submissions == 1


class TestLookingCosts:
    """One listing and one small object for each operation."""

    def test_calls(
        self,
        rig: Rig,
        monkeypatch: pytest.MonkeyPatch,
        small_operations: Callable[[int], None],
    ) -> None:
        small_operations(2)
        calls: list[str] = []
        for verb in ("list_objects", "write"):
            monkeypatch.setattr(Buckets, verb, _noted(verb, calls))
        job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(5), REQUEST).id)
        assert len(job.operations) == 3
        assert sorted(calls) == ["list_objects"] * 3 + ["write"] * 3

    def test_marks_are_no_results(self, rig: Rig) -> None:
        job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
        assert list(rig.buckets.list_objects(first(job).prefix)) == []

    def test_neighbours_with_longer_names_are_not_looked_at(self, rig: Rig) -> None:
        on_google(rig)
        job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
        stem = first(job).prefix.rstrip("/")
        rig.buckets.write(f"{stem}0/output-1-to-2.json", b"{}")
        rig.buckets.write(f"{stem}.sent-notes.txt", b"of somebody")
        assert rig.jobs.send(job.id).state is JobState.RUNNING

    @pytest.mark.parametrize("verb", ["list_objects", "write"])
    def test_nothing_is_sent_while_it_cannot_be_looked(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch, verb: str
    ) -> None:
        job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)

        def away(*_: object) -> None:
            raise BucketUnavailable("The storage server did not do it")

        with monkeypatch.context() as patch:
            patch.setattr(Buckets, verb, away)
            stopped = rig.jobs.send(job.id)
        assert "storage server" in stopped.fault and stopped.retry_at is not None
        assert first(stopped).state is OperationState.PLANNED
        assert rig.jobs.accounts.units([job.id]) == {} and rig.service.submissions == 0
        rig.clock.forward(16)
        assert rig.jobs.pending() == [job.id]
        assert rig.jobs.send(job.id).state is JobState.RUNNING
        assert rig.service.submissions == 1


def _noted(verb: str, calls: list[str]) -> Callable[..., Any]:
    real = getattr(Buckets, verb)

    def noted(*args: Any, **kwargs: Any) -> Any:
        calls.append(verb)
        return real(*args, **kwargs)

    return noted


class TestSendAgain:
    """The user's button looks first."""

    @pytest.fixture
    def doubtful(self, rig: Rig) -> Operation:
        on_google(rig)
        rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
        job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
        rig.service.break_after_accepting = None
        assert job.state is JobState.UNCONFIRMED
        return first(job)

    def test_what_is_listed_is_not_sent_again(self, rig: Rig, doubtful: Operation) -> None:
        rig.service.lists = True
        operation = rig.jobs.unconfirmed.send_again(doubtful.id)
        assert (operation.state, operation.name) == (
            OperationState.RUNNING,
            rig.service.accepted[0].name,
        )
        rig.jobs.send(doubtful.job_id)
        assert rig.service.submissions == 1

    def test_what_has_results_is_not_sent_again(self, rig: Rig, doubtful: Operation) -> None:
        rig.buckets.write(f"{doubtful.prefix}output-1-to-2.json", b"{}")
        assert rig.jobs.unconfirmed.send_again(doubtful.id).nameless
        rig.jobs.send(doubtful.job_id)
        assert rig.service.submissions == 1

    def test_what_appears_after_the_click_is_not_sent_again(
        self, rig: Rig, doubtful: Operation
    ) -> None:
        assert rig.jobs.unconfirmed.send_again(doubtful.id).state is OperationState.PLANNED
        rig.buckets.write(f"{doubtful.prefix}output-1-to-2.json", b"{}")
        assert first(rig.jobs.send(doubtful.job_id)).nameless
        assert rig.service.submissions == 1

    def test_nothing_changes_while_it_cannot_be_looked(
        self, rig: Rig, doubtful: Operation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object) -> None:
            raise BucketUnavailable("The storage server did not do it")

        monkeypatch.setattr(Buckets, "list_objects", away)
        with pytest.raises(Exception, match="storage server"):
            rig.jobs.unconfirmed.send_again(doubtful.id)
        assert first(rig.jobs.get(doubtful.job_id)).state is OperationState.UNCONFIRMED

    def test_what_is_not_found_is_sent_when_the_user_accepts_it(self, rig: Rig) -> None:
        """Also where the only trace is a mark that the ledger does not know."""
        on_google(rig)
        job = TestRestoredLedger().sent_since_backup(rig)
        doubtful = first(rig.jobs.send(job.id))
        rig.jobs.unconfirmed.send_again(doubtful.id)
        assert rig.jobs.send(job.id).state is JobState.RUNNING
        assert rig.service.submissions == 2
        with pytest.raises(RequestError, match="no longer in doubt"):
            rig.jobs.unconfirmed.send_again(doubtful.id)


class TestSuspendedSender:
    """Between its claim and the call, or in the call, until another dashboard has taken over."""

    @pytest.fixture
    def other(self, rig: Rig) -> Iterator[Runner]:
        jobs = rig.make_jobs(Ledger(rig.ledger_url))
        yield jobs
        jobs.ledger.close()

    def take_over(self, rig: Rig, other: Runner, job: Job) -> None:
        rig.clock.forward(claims.GIVEN_UP.total_seconds() + 1)
        other.poll()
        if first(other.get(job.id)).state is OperationState.UNCONFIRMED:
            other.unconfirmed.send_again(first(job).id)
        rig.clock.forward(SETTLE.total_seconds() + 1)
        other.poll()
        other.send(job.id)

    @pytest.mark.parametrize("lists", [True, False])
    def test_before_the_call(
        self, rig: Rig, other: Runner, monkeypatch: pytest.MonkeyPatch, lists: bool
    ) -> None:
        rig.service.lists = lists
        job = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST)
        submit, suspended = Connection.submit, [True]

        def slow(self: Connection, request: Any, check: Any) -> str:
            if suspended:
                suspended.clear()
                for_other(rig, other, job)
            return submit(self, request, check)

        for_other = self.take_over
        monkeypatch.setattr(Connection, "submit", slow)
        job = rig.jobs.send(job.id)
        assert rig.service.submissions == 1
        assert (first(job).state, first(job).also) == (OperationState.RUNNING, "")
        assert first(job).name == rig.service.accepted[0].name

    @pytest.mark.parametrize("clock", ["wall", "boot"])
    def test_nobody_took_over_and_it_is_sent_later(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch, clock: str
    ) -> None:
        job = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST)
        submit, late = Connection.submit, claims.FRESH.total_seconds() + 1
        with monkeypatch.context() as patch:

            def slow(self: Connection, request: Any, check: Any) -> str:
                if clock == "wall":
                    rig.clock.forward(late)
                else:
                    now = claims.boottime()
                    patch.setattr(claims, "boottime", lambda: now + late)
                return submit(self, request, check)

            patch.setattr(Connection, "submit", slow)
            job = rig.jobs.send(job.id)
            assert rig.service.submissions == 0
            assert first(job).state is OperationState.PLANNED
            assert rig.jobs.accounts.units([job.id]) == {}
        assert rig.jobs.pending() == [job.id]
        assert rig.jobs.send(job.id).state is JobState.RUNNING
        assert rig.service.submissions == 1

    @pytest.mark.parametrize("lists", [True, False])
    def test_in_the_call_both_are_reported_by_name(
        self, rig: Rig, other: Runner, lists: bool
    ) -> None:
        rig.service.lists = lists
        job = self.sent_twice(rig, other)
        second, late = (batch.name for batch in rig.service.accepted)
        assert (first(job).state, first(job).name) == (OperationState.RUNNING, second)
        assert late in first(job).also and "asked to cancel" in first(job).also
        assert [batch.state for batch in rig.service.accepted] == ["RUNNING", "CANCELLED"]
        # A unit that may be on the bill is counted: 3 pictures, 2 features, twice; on Google a
        # first time more, since the user's second try leaves what may have been accepted counted.
        assert rig.jobs.accounts.units([job.id])[job.id] >= 12

    def sent_twice(self, rig: Rig, other: Runner) -> Job:
        job, suspended = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST), [True]

        def on_submit(_: Any) -> None:
            if suspended:
                suspended.clear()
                self.take_over(rig, other, job)

        rig.service.on_submit = on_submit
        sent = rig.jobs.send(job.id)
        assert rig.service.submissions == 2
        return sent

    def test_in_the_call_without_a_clear_answer(self, rig: Rig, other: Runner) -> None:
        job, suspended = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST), [True]

        def on_submit(_: Any) -> None:
            if suspended:
                suspended.clear()
                self.take_over(rig, other, job)
                rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE

        rig.service.on_submit = on_submit
        job = rig.jobs.send(job.id)
        assert first(job).state is OperationState.RUNNING
        assert "without a known name" in first(job).also

    def test_taken_over_and_not_sent_yet_it_is_the_one(self, rig: Rig, other: Runner) -> None:
        job = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST)

        def on_submit(_: Any) -> None:
            for seconds in (claims.GIVEN_UP.total_seconds() + 1, SETTLE.total_seconds() + 1):
                rig.clock.forward(seconds)
                other.poll()
            assert other.pending() == [job.id]

        rig.service.on_submit = on_submit
        job = rig.jobs.send(job.id)
        assert (first(job).name, first(job).also) == (rig.service.accepted[0].name, "")
        assert other.pending() == []
        assert rig.jobs.accounts.units([job.id]) == {job.id: 6}

    def test_forgotten_meanwhile_it_is_in_the_log(
        self, rig: Rig, other: Runner, caplog: pytest.LogCaptureFixture
    ) -> None:
        on_google(rig)
        job = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST)

        def on_submit(_: Any) -> None:
            rig.clock.forward(claims.GIVEN_UP.total_seconds() + 1)
            other.poll()
            other.unconfirmed.give_up(first(job).id)
            other.forget(job.id)

        rig.service.on_submit = on_submit
        with caplog.at_level(logging.ERROR), pytest.raises(RequestError, match="no such"):
            rig.jobs.send(job.id)
        assert rig.service.accepted[0].name in caplog.text
        assert "belongs to no job" in caplog.text

    def test_refusal_of_a_lost_try_changes_nothing(self, rig: Rig, other: Runner) -> None:
        job, suspended = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST), [True]

        def on_submit(_: Any) -> None:
            if suspended:
                suspended.clear()
                self.take_over(rig, other, job)
                rig.service.refuse = (grpc.StatusCode.INVALID_ARGUMENT, "no")

        rig.service.on_submit = on_submit
        job = rig.jobs.send(job.id)
        assert (first(job).state, first(job).also) == (OperationState.RUNNING, "")


def test_claim_ends_before_others_begin() -> None:
    from core.jobs.service.connection import SUBMIT_TIMEOUT_S

    assert claims.FRESH + timedelta(seconds=SUBMIT_TIMEOUT_S) <= claims.GIVEN_UP
