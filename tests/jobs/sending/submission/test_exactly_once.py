"""Nothing is sent twice and nothing is forgotten, wherever the dashboard dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from core.errors import NotOffered, RequestError
from core.jobs.batch.sources import Picture
from core.jobs.ledger.records import Job, JobState, OperationState
from core.jobs.sending.submission.claims import GIVEN_UP
from core.jobs.sending.submission.submit_once import CLOCK_SKEW, SETTLE
from core.jobs.service.connection import Connection
from tests.kit.services.crashes import Crash, Fuse, dead_process, die, dying
from tests.kit.services.fake_vision import Accepted
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers

ROOT = Path(__file__).parents[4]


def drive(rig: Rig, draft: str, limit: int = 10) -> Job:
    """What the dashboard does after a restart, until there is nothing left to do."""
    pictures: list[Picture] = [*rig.files(3)] if rig.service.lists else [*rig.refs(2)]
    job = rig.jobs.create(draft, pictures, REQUEST)  # the page was reloaded, too
    for _ in range(limit):
        assert rig.jobs.poll() == []
        pending = rig.jobs.pending()
        if not pending and rig.jobs.get(job.id).state in (JobState.RUNNING, JobState.UNCONFIRMED):
            break
        for job_id in pending:
            rig.jobs.send(job_id)
        rig.clock.forward(20)
    return rig.jobs.get(job.id)


@pytest.mark.slow
def test_crash_at_every_moment(
    rig: Rig, small_operations: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_operations(2)
    monkeypatch.setattr("core.jobs.sending.uploads.uploads.NOTE_EVERY", 2)
    rig.become(f"{dead_process()}:first")
    moments = 0
    while True:
        rig.service.accepted.clear()
        draft = rig.draft()
        fuse = Fuse(moments)
        try:
            with dying(fuse, monkeypatch):
                rig.jobs.send(rig.jobs.create(draft, rig.files(3), REQUEST).id)
        except Crash:
            die(rig)
        else:
            break
        job = drive(rig, draft)
        expected = [f"{job.prefix}pictures/{n:06d}-picture-{n}.png" for n in range(1, 4)]
        assert sorted(rig.service.sent) == expected, f"died {fuse.passed[-1]} ({moments})"
        assert job.state is JobState.RUNNING
        assert {o.name for o in job.operations} == {a.name for a in rig.service.accepted}
        assert all(
            rig.jobs.uris(o.id) == a.uris and o.prefix == a.prefix
            for o in job.operations
            for a in rig.service.accepted
            if a.name == o.name
        )
        moments += 1
    # Every kind of step was died around, several times: the test has looked at them all.
    assert moments > 20
    assert {f"{when} submit" for when in ("before", "after")} <= set(fuse.passed)
    assert fuse.passed.count("after claim") == 2


@pytest.mark.slow
def test_crash_where_operations_cannot_be_listed(
    rig: Rig, small_operations: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Google: in doubt it asks the user, and never sends anything twice by itself."""
    small_operations(1)
    rig.service.lists = False
    rig.become(f"{dead_process()}:first")
    asked = moments = 0
    while True:
        rig.service.accepted.clear()
        draft = rig.draft()
        fuse = Fuse(moments)
        try:
            with dying(fuse, monkeypatch):
                rig.jobs.send(rig.jobs.create(draft, rig.refs(2), REQUEST).id)
        except Crash:
            die(rig)
        else:
            break
        job = drive(rig, draft)
        pictures = [picture.uri for picture in rig.refs(2)]
        doubtful = [o for o in job.operations if o.state is OperationState.UNCONFIRMED]
        known = [uri for o in job.operations if o.name for uri in rig.jobs.uris(o.id)]
        in_doubt = [uri for o in doubtful for uri in rig.jobs.uris(o.id)]
        assert len(set(rig.service.sent)) == len(rig.service.sent), fuse.passed[-1]
        assert sorted(known + in_doubt) == pictures, fuse.passed[-1]
        assert set(known) <= set(rig.service.sent) <= set(pictures)
        asked += bool(doubtful)
        moments += 1
    assert moments > 15
    assert 4 <= asked < moments / 2  # only where the request was, or might have been, on the wire


@pytest.mark.slow
def test_kill_9_while_the_request_is_on_the_wire(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(3), REQUEST)
    arrived, dead = threading.Event(), threading.Event()

    def on_submit(request: Any) -> None:
        arrived.set()
        dead.wait(30)

    rig.service.on_submit = on_submit
    child = start_sender(rig, job.id)
    try:
        assert arrived.wait(60)
        assert rig.jobs.get(job.id).operations[0].state is OperationState.SENDING
        assert rig.jobs.send(job.id).operations[0].state is OperationState.SENDING
        rig.jobs.poll()  # the sender lives: hands off
        assert rig.jobs.get(job.id).operations[0].state is OperationState.SENDING
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
        dead.set()
    rig.service.on_submit = lambda request: None
    rig.clock.forward(SETTLE.total_seconds())
    # gRPC may have dropped the request with its caller, or not: both must end well.
    rig.jobs.poll()
    for job_id in rig.jobs.pending():
        rig.jobs.send(job_id)
    rig.jobs.poll()
    assert rig.service.sent == [picture.uri for picture in rig.refs(3)]
    assert rig.jobs.get(job.id).state is JobState.RUNNING


def start_sender(rig: Rig, job_id: str) -> subprocess.Popen[bytes]:
    """A second dashboard, in a process of its own, that sends the job."""
    arguments = {
        "ledger": rig.ledger_url,
        "vision": rig.connection.backend.vision_address,
        "storage": rig.connection.backend.storage_address,
        "base": rig.jobs.base,
        "job": job_id,
    }
    code = (
        "import json, sys\n"
        "from core.jobs.service.connection import Backend, Connection\n"
        "from core.jobs.ledger.ledger import Ledger\n"
        "from core.jobs.runner import Runner\n"
        "arguments = json.loads(sys.argv[1])\n"
        "connection = Connection(Backend(arguments['vision'], arguments['storage']))\n"
        "jobs = Runner(Ledger(arguments['ledger']), lambda: connection, base=arguments['base'])\n"
        "jobs.send(arguments['job'])\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, json.dumps(arguments)], cwd=ROOT)


def test_interrupted_upload_goes_on_where_it_was(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = rig.draft()
    files = rig.files(40, spooled=True)
    bytes_before = [picture.path.read_bytes() for picture in files]

    def die_in_the_middle(progress: Any) -> None:
        if progress.done == 15:
            raise Crash

    monkeypatch.setattr("core.jobs.sending.uploads.uploads.NOTE_EVERY", 4)
    monkeypatch.setattr("core.jobs.sending.uploads.uploads.Notes.write", crashing_notes(3))
    job = rig.jobs.create(draft, files, REQUEST)
    with pytest.raises(Crash):
        rig.jobs.send(job.id, die_in_the_middle)
    monkeypatch.undo()
    die(rig)
    interrupted = rig.jobs.get(job.id)
    assert 0 < interrupted.uploaded < 40
    assert interrupted.state is JobState.UPLOADING
    assert rig.jobs.pending() == [job.id]

    job = rig.jobs.send(job.id)
    assert (job.uploaded, job.lost) == (40, 0)
    assert [rig.buckets.read(uri) for uri in rig.service.sent] == bytes_before


def crashing_notes(times: int) -> Callable[[Any], None]:
    """Writes to the ledger so often, and never again: as after a kill."""
    from core.jobs.sending.uploads.uploads import Notes

    write = Notes.write
    left = [times]

    def limited(self: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            write(self)

    return limited


@pytest.mark.parametrize("filters", [True, False])
@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED],
)
def test_lost_answer_is_found_again(rig: Rig, code: grpc.StatusCode, filters: bool) -> None:
    rig.service.break_after_accepting = code
    rig.service.filters = filters
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
    assert job.state is JobState.UNCONFIRMED
    assert rig.jobs.pending() == []
    assert rig.jobs.poll() == []
    job = rig.jobs.get(job.id)
    assert job.state is JobState.RUNNING
    assert job.operations[0].name == rig.service.accepted[0].name
    assert rig.service.submissions == 1


def test_request_that_never_arrived_is_sent_again_only_after_a_while(rig: Rig) -> None:
    rig.service.refuse = (grpc.StatusCode.UNAVAILABLE, "lost on the way")
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
    rig.service.refuse = None
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED  # it may still be on the wire
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert rig.jobs.pending() == [job.id]
    assert rig.jobs.send(job.id).state is JobState.RUNNING
    assert len(rig.service.accepted) == 1


def test_accepted_but_answered_like_a_used_up_quota(rig: Rig) -> None:
    rig.service.break_after_accepting = grpc.StatusCode.RESOURCE_EXHAUSTED
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)
    assert job.state is JobState.WAITING
    rig.service.break_after_accepting = None
    rig.clock.forward(61)
    assert rig.jobs.pending() == [job.id]
    assert rig.jobs.send(job.id).state is JobState.RUNNING
    assert rig.service.submissions == 1


def test_clock_set_back_delays_nothing_for_long(rig: Rig) -> None:
    rig.service.refuse = (grpc.StatusCode.RESOURCE_EXHAUSTED, "a minute, please")
    paused = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    rig.service.refuse = (grpc.StatusCode.UNAVAILABLE, "lost on the way")
    doubtful = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(2), REQUEST).id)
    rig.service.refuse = None
    rig.jobs.poll()
    rig.clock.forward(-86_400)
    assert rig.jobs.pending() == [paused.id]
    rig.jobs.poll()
    assert rig.jobs.get(doubtful.id).state is JobState.UNCONFIRMED
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert set(rig.jobs.pending()) == {paused.id, doubtful.id}


def test_engine_down_leaves_it_in_doubt(rig: Rig) -> None:
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    rig.service.stop()
    rig.clock.forward(3600)
    assert len(rig.jobs.poll()) == 1
    assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
    rig.service.start()
    while rig.jobs.poll():  # the channel needs a moment to reconnect
        pass
    assert rig.jobs.get(job.id).state is JobState.RUNNING
    assert rig.service.submissions == 1


def test_several_candidates_are_not_guessed_at(rig: Rig) -> None:
    rig.service.filters = False
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    other = Accepted("projects/fake/operations/other", ["gs://x/y"], "gs://elsewhere/", None)
    rig.service.accepted.append(other)
    rig.clock.forward(3600)
    rig.jobs.poll()
    operation = rig.jobs.get(job.id).operations[0]
    assert operation.state is OperationState.UNCONFIRMED
    assert "projects/fake/operations/0001" in operation.error
    assert "projects/fake/operations/other" in operation.error
    # Once they are over, they tell where they wrote.
    rig.service.finish()
    rig.clock.forward(5)
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].name == "projects/fake/operations/0001"


def test_wrong_candidate_is_let_go_when_it_tells(rig: Rig) -> None:
    rig.service.filters = False
    rig.service.refuse = (grpc.StatusCode.UNAVAILABLE, "lost on the way")
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    rig.service.refuse = None
    other = Accepted("projects/fake/operations/other", ["gs://x/y"], "gs://elsewhere/", None)
    rig.service.accepted.append(other)
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].name == other.name
    rig.service.finish()
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
    rig.jobs.poll()  # now it is seen to be absent
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert rig.jobs.pending() == [job.id]


def test_old_operations_are_neither_taken_nor_taken_as_proof(rig: Rig) -> None:
    rig.service.filters = False
    rig.service.refuse = (grpc.StatusCode.UNAVAILABLE, "lost on the way")
    old = Accepted("projects/fake/operations/old", ["gs://x/y"], "gs://elsewhere/", None)
    old.created = rig.clock() - CLOCK_SKEW - timedelta(seconds=1)
    rig.service.accepted.append(old)
    job = rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(1), REQUEST).id)
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
    rig.service.finish()  # now it tells that it wrote elsewhere
    rig.jobs.poll()
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].state is OperationState.PLANNED


class TestWithoutListing:
    """As on Google, where operations cannot be listed."""

    @pytest.fixture
    def job(self, rig: Rig) -> Job:
        rig.service.lists = False
        rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
        return rig.jobs.send(rig.jobs.create(rig.draft(), rig.refs(3), REQUEST).id)

    def test_stays_in_doubt_and_is_never_sent_again_by_itself(self, rig: Rig, job: Job) -> None:
        for _ in range(3):
            rig.clock.forward(3600)
            assert rig.jobs.poll() == []
            assert rig.jobs.pending() == []
        assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
        assert rig.service.submissions == 1

    def test_shards_are_proof(self, rig: Rig, job: Job) -> None:
        prefix = job.operations[0].prefix
        rig.buckets.write(f"{prefix}output-1-to-2.json", b"{}")
        rig.jobs.poll()
        operation = rig.jobs.get(job.id).operations[0]
        assert (operation.state, operation.name) == (OperationState.RUNNING, "")
        rig.jobs.record_progress(operation.id, 1, 2, 0)
        assert rig.jobs.get(job.id).state is JobState.RUNNING
        rig.jobs.record_progress(operation.id, 2, 3, 1)
        assert rig.jobs.get(job.id).state is JobState.SUCCEEDED

    def test_user_knows_its_name(self, rig: Rig, job: Job) -> None:
        name = rig.service.accepted[0].name
        confirmed = rig.jobs.unconfirmed.confirm(job.operations[0].id, f" {name} ")
        assert confirmed.state is OperationState.RUNNING
        assert rig.jobs.get(job.id).state is JobState.RUNNING
        with pytest.raises(RequestError, match="belongs to a job"):
            rig.jobs.unconfirmed.confirm(job.operations[0].id, name)

    def test_user_sends_it_again(self, rig: Rig, job: Job) -> None:
        rig.service.break_after_accepting = None
        operation = rig.jobs.unconfirmed.send_again(job.operations[0].id)
        assert operation.state is OperationState.PLANNED
        with pytest.raises(RequestError, match="no longer in doubt"):
            rig.jobs.unconfirmed.send_again(operation.id)  # a double click
        assert rig.jobs.send(job.id).state is JobState.RUNNING
        assert rig.service.submissions == 2

    def test_user_gives_it_up(self, rig: Rig, job: Job) -> None:
        rig.jobs.unconfirmed.give_up(job.operations[0].id)
        assert rig.jobs.get(job.id).state is JobState.CANCELLED

    def test_cancelled_in_doubt_is_cancelled_when_found(self, rig: Rig, job: Job) -> None:
        rig.jobs.cancel(job.id)
        assert rig.jobs.get(job.id).state is JobState.UNCONFIRMED
        rig.service.lists = True
        rig.jobs.poll()
        assert rig.jobs.get(job.id).state is JobState.CANCELLED
        assert rig.service.accepted[0].state == "CANCELLED"

    def test_dead_sender(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        rig.service.lists = False
        rig.become(f"{dead_process()}:old")
        job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
        with dying(Fuse(8), monkeypatch), pytest.raises(Crash, match="before submit"):
            rig.jobs.send(job.id)
        die(rig)
        rig.jobs.poll()
        operation = rig.jobs.get(job.id).operations[0]
        assert operation.state is OperationState.UNCONFIRMED
        assert "charged twice" in operation.error


def test_sender_on_another_machine_is_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.become("elsewhere:1:x")
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
    with dying(Fuse(8), monkeypatch), pytest.raises(Crash, match="before submit"):
        rig.jobs.send(job.id)
    rig.become("here:1:x")
    rig.clock.forward(GIVEN_UP.total_seconds() - 1)
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].state is OperationState.SENDING
    rig.clock.forward(1)
    rig.jobs.poll()
    rig.clock.forward(SETTLE.total_seconds())
    rig.jobs.poll()
    assert rig.jobs.get(job.id).operations[0].state is OperationState.PLANNED


def test_google_is_never_believed_to_list(rig: Rig) -> None:
    from core.jobs.service.connection import Backend

    with pytest.raises(NotOffered):
        Connection(Backend(project="p")).operations("gs://b/x/")
