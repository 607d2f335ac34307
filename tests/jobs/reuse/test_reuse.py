"""What was answered is not sent again; what was not, or is gone, is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, Picture
from core.jobs.ledger.records import Job, JobState, OperationState
from core.jobs.service.answer_key import work_of
from core.jobs.service.connection import FeatureSupport
from tests.kit.services.crashes import Crash, Fuse, die, dying
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers


def submit(rig: Rig, pictures: list[Picture], resend: bool = False) -> Job:
    return rig.jobs.create(rig.draft(), pictures, REQUEST, resend=resend)


def sent(rig: Rig, job: Job) -> list[str]:
    """Names of the pictures that a job's operations send."""
    return [u.rsplit("/", 1)[1] for o in job.operations for u in rig.jobs.uris(o.id)]


def test_only_what_changed_is_sent(rig: Rig) -> None:
    first = rig.answered(submit(rig, rig.of_contents("abcd")))
    job = submit(rig, rig.of_contents("abXd"))
    assert sent(rig, job) == ["3.jpg"]
    assert (job.pictures, job.reused, job.twins) == (4, 3, 0)
    assert (job.progress.pictures, job.progress.pictures_done, job.progress.waiting) == (4, 3, 1)
    borrowed = rig.jobs.reuse.borrowed(job.id)
    shard = f"{first.operations[0].prefix}output-1-to-4.json"
    assert [(b.shard, b.number, b.uri.rsplit("/", 1)[1]) for b in borrowed] == [
        (shard, 1, "1.jpg"),
        (shard, 2, "2.jpg"),
        (shard, 4, "4.jpg"),
    ]
    assert rig.jobs.reuse.sources(job.id) == {first.id: 3}
    # Answers are passed on: the third job uses the first's and the second's.
    rig.answered(job)
    assert submit(rig, rig.of_contents("abXd")).operations == ()


def test_all_answered_is_a_finished_job(rig: Rig) -> None:
    rig.answered(submit(rig, rig.of_contents("ab")))
    job = submit(rig, rig.of_contents("ba"))  # other names, same contents
    assert job.state is JobState.SUCCEEDED and job.final and job.has_results
    assert rig.jobs.pending() == []
    assert [(b.number, b.uri[-5:]) for b in rig.jobs.reuse.borrowed(job.id)] == [
        (2, "1.jpg"),
        (1, "2.jpg"),
    ]


def test_failed_pictures_are_sent_again(rig: Rig) -> None:
    rig.answered(submit(rig, rig.of_contents("abc")), failing=[2])
    assert sent(rig, submit(rig, rig.of_contents("abc"))) == ["2.jpg"]


def test_not_yet_answered_is_not_done(rig: Rig) -> None:
    rig.jobs.send(submit(rig, rig.of_contents("ab")).id)
    plan = rig.jobs.reuse.plan(rig.of_contents("abc"), REQUEST)
    assert (plan.reused, plan.in_flight, len(plan.to_send)) == (0, 2, 3)


def test_resend_sends_everything(rig: Rig) -> None:
    rig.answered(submit(rig, rig.of_contents("ab")))
    assert len(sent(rig, submit(rig, rig.of_contents("ab"), resend=True))) == 2


def test_unknown_content_is_always_sent(rig: Rig) -> None:
    plain: list[Picture] = [*rig.refs(2)]
    rig.answered(submit(rig, plain))
    assert len(sent(rig, submit(rig, plain))) == 2


@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_answers_that_are_gone_are_sent_again(rig: Rig, how: str) -> None:
    first = rig.answered(submit(rig, rig.of_contents("abc")))
    later = submit(rig, rig.of_contents("ab"))
    shard = f"{first.operations[0].prefix}output-1-to-3.json"
    if how == "deleted":
        rig.buckets.delete(shard)
    else:
        rig.buckets.write(shard, b'{"responses": []}')
    plan = rig.jobs.reuse.plan(rig.of_contents("abc"), REQUEST)
    assert (plan.reused, plan.gone, len(plan.to_send)) == (0, 3, 3)
    # The job that used them finds out, and sends them under its own prefix.
    gone = rig.jobs.reuse.gone(later.id)
    assert [uri[-5:] for uri, _ in gone] == ["1.jpg", "2.jpg"]
    retried = rig.answered(rig.jobs.retry_failed(later, gone))
    assert sent(rig, retried) == ["1.jpg", "2.jpg"]
    assert (retried.reused, rig.jobs.reuse.borrowed(later.id)) == (0, [])


def test_the_same_picture_twice_is_sent_once(rig: Rig) -> None:
    job = submit(rig, rig.of_contents("abaab"))
    assert sent(rig, job) == ["1.jpg", "2.jpg"]
    assert (job.pictures, job.twins) == (5, 3)
    assert rig.jobs.reuse.borrowed(job.id) == []  # nothing is known before it is answered
    rig.answered(job)
    borrowed = [(b.number, b.uri[-5:]) for b in rig.jobs.reuse.borrowed(job.id)]
    assert borrowed == [(1, "3.jpg"), (1, "4.jpg"), (2, "5.jpg")]


def test_the_same_bad_picture_thrice_has_failed_thrice(rig: Rig) -> None:
    job = rig.answered(submit(rig, rig.of_contents("abaac")), failing=[1])
    assert (job.twins, job.twins_failed, job.twins_missing) == (2, 2, 0)
    assert (job.progress.pictures_done, job.progress.failed) == (5, 3)
    uris = [picture.uri for picture in rig.of_contents("abaac") if isinstance(picture, ImageRef)]
    assert rig.jobs.twins(job.id) == {(uris[at], 0): (uris[0], 0) for at in (2, 3)}
    job = rig.answered(rig.jobs.retry_failed(job, [uris[0]]))
    assert (job.progress.pictures_done, job.progress.failed) == (5, 0)


def test_a_picture_without_an_answer_leaves_its_twins_without(rig: Rig) -> None:
    job = submit(rig, rig.of_contents("aab"))
    rig.jobs.send(job.id)
    assert rig.jobs.get(job.id).progress.failed == 0  # it may still come
    rig.jobs.cancel(job.id)
    rig.service.finish()
    rig.jobs.poll()
    job = rig.jobs.get(job.id)
    assert job.settled
    assert (job.progress.pictures_done, job.progress.failed) == (0, 3)


def test_files_are_neither_sent_nor_uploaded_twice(rig: Rig) -> None:
    on_disk = rig.files(3)
    files: list[Picture] = [file.identified() for file in on_disk]
    rig.answered(submit(rig, files))
    job = submit(rig, files)
    assert (job.reused, job.uploads, job.operations) == (3, 0, ())
    rig.jobs.send(job.id)
    assert all("/pictures/" in b.uri for b in rig.jobs.reuse.borrowed(job.id))
    # A file that was changed since it was looked at counts as what it is now.
    on_disk[1].path.write_bytes(on_disk[0].path.read_bytes() + b" ")
    assert len(sent(rig, rig.jobs.send(submit(rig, files).id))) == 1


def test_twin_files_have_addresses_of_their_own(rig: Rig) -> None:
    files = rig.files(2)
    files[1].path.write_bytes(files[0].path.read_bytes())
    pictures: list[Picture] = [file.identified() for file in files]
    for earlier in (False, True):  # the second job has nothing to send, but a copy to upload
        job = rig.answered(submit(rig, pictures))
        assert len(job.operations) == (0 if earlier else 1)
        assert (job.twins, job.reused) == (1, int(earlier))
        assert job.uploaded == job.uploads == (1 if earlier else 2)
        assert len({b.uri for b in rig.jobs.reuse.borrowed(job.id)}) == (2 if earlier else 1)
        assert rig.jobs.pending() == []


def test_a_twin_goes_where_the_first_is_lost(rig: Rig) -> None:
    files = rig.files(3)
    for file in files:
        file.path.write_bytes(files[0].path.read_bytes())
    job = submit(rig, [file.identified() for file in files])
    files[0].path.unlink()
    job = rig.answered(job)
    assert sent(rig, job) == ["000002-picture-2.png"]
    assert [b.uri[-20:] for b in rig.jobs.reuse.borrowed(job.id)] == ["000003-picture-3.png"]
    assert job.lost == 1


def test_file_changed_after_submitting_is_left_out_and_reported(rig: Rig) -> None:
    files = rig.files(2)
    job = submit(rig, [file.identified() for file in files])
    files[0].path.write_bytes(b"something else")
    job = rig.jobs.send(job.id)
    assert (job.lost, sent(rig, job)) == (1, ["000002-picture-2.png"])
    assert "has changed" in rig.jobs.lost(job.id)[0][1]


def test_forgotten_job_still_lends(rig: Rig) -> None:
    first = rig.answered(submit(rig, rig.of_contents("ab")))
    second = submit(rig, rig.of_contents("ab"))
    rig.jobs.forget(first.id)
    third = rig.answered(submit(rig, rig.of_contents("XY")))  # may get the first's operation's id
    assert third.operations[0].prefix != first.operations[0].prefix
    assert [b.number for b in rig.jobs.reuse.borrowed(second.id)] == [1, 2]
    assert rig.jobs.reuse.gone(second.id) == []
    assert submit(rig, rig.of_contents("ab")).operations == ()


def test_what_is_saved_is_reported(rig: Rig) -> None:
    rig.answered(submit(rig, rig.of_contents("abc")))
    plan = rig.jobs.reuse.plan(rig.of_contents("abXX"), REQUEST)
    assert (plan.reused, plan.twins, plan.saved, len(plan.to_send)) == (2, 1, 3, 1)
    assert (plan.whole.units, plan.cost.units, plan.saved_units) == (8, 2, 6)


SUPPORT = {name: FeatureSupport(True, "") for name in ("LABEL_DETECTION", "CROP_HINTS")}
FACES = {"FACE_DETECTION": FeatureSupport(True, "")}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda r: replace(r, features=r.features[::-1]), True),
        (lambda r: replace(r, batch_size=7), True),
        (lambda r: replace(r, language_hints=("en",)), True),  # no text is asked for
        (lambda r: replace(r, features=r.features[:1]), False),
        (lambda r: replace(r, max_results=3), False),
        (lambda r: replace(r, aspect_ratios=(1.5,)), False),
        (lambda r: replace(r, model="builtin/stable"), True),  # what it is without a word
        (lambda r: replace(r, model="builtin/latest"), False),
        (lambda r: replace(r, longest=1_600), False),  # boxes are those of the smaller picture
        (lambda r: replace(r, labels=(("team", "maps"),)), True),
        (lambda r: replace(r, text_confidence=True, legacy_layout=True), True),  # no text again
    ],
)
def test_what_an_answer_depends_on(
    change: Callable[[BatchRequest], BatchRequest], same: bool
) -> None:
    whole = work_of(REQUEST, "google:p", SUPPORT)
    assert (work_of(change(REQUEST), "google:p", SUPPORT) == whole) is same


@pytest.mark.parametrize(
    ("name", "confidence"), [("TEXT_DETECTION", False), ("DOCUMENT_TEXT_DETECTION", True)]
)
def test_options_of_text_matter_where_they_change_it(name: str, confidence: bool) -> None:
    support, request = {name: FeatureSupport(True, "")}, BatchRequest((name,))
    whole = work_of(request, "google:p", support)
    assert work_of(replace(request, legacy_layout=True), "google:p", support) != whole
    # Document text always says how sure it is.
    same = work_of(replace(request, text_confidence=True), "google:p", support) == whole
    assert same is confidence


def test_backend_and_model_matter() -> None:
    whole = work_of(REQUEST, "google:p", SUPPORT)
    assert len(whole) == 64
    assert work_of(REQUEST, "local", SUPPORT) != whole
    newer = SUPPORT | {"CROP_HINTS": FeatureSupport(True, "", model="2.0")}
    assert work_of(REQUEST, "google:p", newer) != whole
    seen_before = SUPPORT | {"CROP_HINTS": FeatureSupport(True, "", repeatable=False)}
    assert work_of(REQUEST, "google:p", seen_before) == ""


@pytest.mark.slow
def test_crash_at_every_moment_of_a_resubmitted_batch(
    rig: Rig, small_operations: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the second submission dies, what was answered is not sent, and the rest is once."""
    small_operations(1)
    rig.answered(submit(rig, rig.of_contents("abc")))
    moments = 0
    while True:
        rig.service.accepted.clear()
        draft, pictures = rig.draft(), rig.of_contents(f"a{moments}c{moments}z{moments}y")
        fuse = Fuse(moments)
        try:
            with dying(fuse, monkeypatch):
                rig.jobs.send(rig.jobs.create(draft, pictures, REQUEST).id)
        except Crash:
            die(rig)
        else:
            break
        job = rig.jobs.create(draft, pictures, REQUEST)
        for _ in range(10):
            assert rig.jobs.poll() == []
            for job_id in rig.jobs.pending():
                rig.jobs.send(job_id)
            rig.clock.forward(20)
        job = rig.jobs.get(job.id)
        unsent = {b.uri for b in rig.jobs.reuse.borrowed(job.id)}
        assert len(rig.service.sent) == len(set(rig.service.sent)), fuse.passed[-1]
        assert not unsent & set(rig.service.sent)
        assert len(rig.service.sent) + job.saved == len(pictures), fuse.passed[-1]
        assert all(o.state is OperationState.RUNNING for o in job.operations)
        # What may be on the bill is counted, exactly once.
        assert rig.jobs.accounts.units([job.id]) == {job.id: 2 * len(rig.service.sent)}
        rig.service.finish()
        rig.jobs.poll()
        moments += 3  # before and after steps in turn
    assert moments > 15


def test_a_gallery_that_is_filled_while_a_job_runs_keeps_its_answers_from_reuse(rig: Rig) -> None:
    usual = rig.connection.backend

    def holding(gallery: str) -> None:
        name = REQUEST.features[0]
        support = replace(usual.capabilities[name], gallery=gallery)
        now = {**usual.capabilities, name: support}
        rig.connection.backend = replace(usual, capabilities=now)

    holding("one logo")
    rig.answered(submit(rig, rig.of_contents("ab")))
    assert submit(rig, rig.of_contents("ab")).operations == ()
    holding("two logos")
    job = submit(rig, rig.of_contents("ab"))
    assert sent(rig, job) == ["1.jpg", "2.jpg"]
    holding("three logos")  # the job's pictures were compared with either
    assert rig.answered(job).work == ""
    assert sent(rig, submit(rig, rig.of_contents("ab"))) == ["1.jpg", "2.jpg"]
    holding("two logos")
    assert sent(rig, submit(rig, rig.of_contents("ab"))) == ["1.jpg", "2.jpg"]
