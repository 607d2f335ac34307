"""One picture tried at once: asked once, counted, kept for the batch, never repeated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from google.cloud import vision

from core.errors import BackendError, BudgetExceeded, RequestError, SubmissionUncertain
from core.jobs.batch.billing_labels import JOB
from core.jobs.batch.features import Tier
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.jobs.ledger.ledger import TRY
from core.jobs.ledger.records import Job, OperationState
from core.jobs.sending import try_once
from tests.kit.services.jobs_rig import REQUEST, Rig

TEXT = BatchRequest(("TEXT_DETECTION",))
CAT = vision.AnnotateImageResponse(
    label_annotations=[vision.EntityAnnotation(description="Cat", score=0.9)],
    safe_search_annotation=vision.SafeSearchAnnotation(adult="VERY_UNLIKELY"),
)


@pytest.fixture(autouse=True)
def answering(rig: Rig) -> None:
    rig.service.answer = CAT


def ref(rig: Rig, content: str = "md5:a:10") -> ImageRef:
    return ImageRef(f"gs://{rig.bucket}/in/cat.jpg", 10, content=content)


def pdf(rig: Rig) -> LocalPicture:
    path = rig.folder / "a.pdf"
    path.write_bytes(b"%PDF-1.7 and so on")
    return LocalPicture(path, "a.pdf", 18, content="md5:p:18", file_type="application/pdf", pages=9)


def tries(rig: Rig) -> list[Job]:
    """What the ledger keeps of tries, which no list shows."""
    assert not rig.jobs.list() and not rig.jobs.count()
    return [job for job in rig.jobs.ledger.jobs() if job.draft_id.startswith(TRY)]


def units(rig: Rig) -> int:
    return rig.jobs.accounts.month().total


def test_a_picture_of_a_bucket_is_asked_once_and_kept_for_the_batch(rig: Rig) -> None:
    tried = rig.jobs.tries.ask(ref(rig), REQUEST)
    (asked,) = rig.service.tried
    assert asked.requests[0].image.source.image_uri == tried.uri == ref(rig).uri
    assert [f.type_.name for f in asked.requests[0].features] == list(REQUEST.features)
    (job,) = tries(rig)
    assert asked.labels[JOB] == job.id
    assert (tried.units, tried.reusable, units(rig)) == (2, True, 2)
    shard = json.loads(rig.buckets.read(tried.shard))["responses"][tried.entry]
    assert shard["labelAnnotations"][0]["description"] == "Cat"
    assert shard["safeSearchAnnotation"]["adult"] == "VERY_UNLIKELY"
    assert "faceAnnotations" not in shard and shard["context"] == {"uri": tried.uri}
    assert job.operations[0].state is OperationState.SUCCEEDED
    # Again, and in a batch that asks the same: nothing is sent.
    again = rig.jobs.tries.ask(ref(rig), REQUEST)
    assert (again.shard, again.units, again.seconds) == (tried.shard, 0, 0.0)
    plan = rig.jobs.reuse.plan([ref(rig)], REQUEST)
    assert (plan.reused, plan.to_send) == (1, [])
    assert len(rig.service.tried) == 1
    # Another question is another call.
    assert rig.jobs.reuse.plan([ref(rig)], replace(REQUEST, max_results=3)).to_send == [1]


def test_a_file_of_this_machine_is_uploaded_and_stays(rig: Rig) -> None:
    (picture,) = rig.files(1, spooled=True)
    tried = rig.jobs.tries.ask(picture.identified(), REQUEST)
    assert rig.buckets.read(tried.uri) == picture.path.read_bytes()  # of an upload, too
    job = rig.jobs.create(rig.draft(), [picture.identified()], REQUEST)
    assert (job.reused, job.uploads, len(job.operations)) == (1, 0, 0)


def test_a_page_goes_with_its_number_and_the_batch_uses_its_answer(rig: Rig) -> None:
    tried = rig.jobs.tries.ask(pdf(rig), TEXT, page=3)
    (asked,) = rig.service.tried
    assert isinstance(asked, vision.BatchAnnotateFilesRequest)
    assert list(asked.requests[0].pages) == [3]
    assert asked.requests[0].input_config.content == pdf(rig).path.read_bytes()
    assert (tried.page, tried.reusable, units(rig)) == (3, True, 1)
    context = json.loads(rig.buckets.read(tried.shard))["responses"][0]["context"]
    assert context == {"uri": "", "pageNumber": 3}
    again = rig.jobs.tries.ask(pdf(rig), TEXT, page=3)
    assert (again.shard, again.page, again.units) == (tried.shard, 3, 0)
    assert rig.jobs.reuse.plan([pdf(rig)], TEXT).to_send == [1, 2, *range(4, 10)]


def test_an_unclear_answer_is_counted_and_not_repeated(rig: Rig) -> None:
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(SubmissionUncertain):
        rig.jobs.tries.ask(ref(rig), REQUEST)
    assert len(rig.service.tried) == 1 and units(rig) == 2
    (job,) = tries(rig)
    assert job.final and "may be charged" in job.operations[0].error
    assert rig.jobs.pending() == [] and not rig.jobs.poll()
    assert len(rig.service.tried) == 1 and not rig.service.accepted
    assert rig.jobs.reuse.plan([ref(rig)], REQUEST).to_send == [1]


def test_a_clear_refusal_costs_nothing(rig: Rig) -> None:
    rig.service.refuse = (grpc.StatusCode.INVALID_ARGUMENT, "no such feature")
    with pytest.raises(BackendError):
        rig.jobs.tries.ask(ref(rig), REQUEST)
    assert units(rig) == 0


def test_a_death_in_mid_call_leaves_what_nobody_sends_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Death(BaseException):
        pass

    def die(*_: object) -> None:
        raise Death

    monkeypatch.setattr(try_once.TryOnce, "_keep", die)
    with pytest.raises(Death):
        rig.jobs.tries.ask(ref(rig), REQUEST)
    jobs = rig.restarted()
    assert jobs.pending() == [] and not jobs.poll() and not rig.service.accepted
    (job,) = tries(rig)
    assert job.final and "may be charged" in job.operations[0].error
    assert units(rig) == 2


def test_an_error_is_an_answer_that_is_not_used_again(rig: Rig) -> None:
    rig.service.answer = vision.AnnotateImageResponse()
    rig.service.answer.error.code, rig.service.answer.error.message = 3, "Bad image data."
    tried = rig.jobs.tries.ask(ref(rig), REQUEST)
    assert not tried.reusable
    assert json.loads(rig.buckets.read(tried.shard))["responses"][0]["error"]["code"] == 3
    assert rig.jobs.reuse.plan([ref(rig)], REQUEST).to_send == [1]


def test_the_budget_holds_for_tries(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = {name: (Tier(0, 1_000.0),) for name in REQUEST.features}
    admission = rig.jobs._services.admission
    charged = replace(admission.prices(), charged=True, free_units=0, tiers=dear)
    monkeypatch.setattr(admission, "prices", lambda: charged)
    rig.jobs.accounts.set_budget(0.0)
    with pytest.raises(BudgetExceeded):
        rig.jobs.tries.ask(ref(rig), REQUEST)
    assert not rig.service.tried and not tries(rig)


def test_what_cannot_be_tried_is_said_before_it_is_asked(rig: Rig) -> None:
    gone = LocalPicture(Path("/no/such.jpg"), "such.jpg", 5)
    with pytest.raises(RequestError, match="cannot be sent"):
        rig.jobs.tries.ask(gone, REQUEST)
    large = pdf(rig)
    with large.path.open("r+b") as file:
        file.truncate(try_once.MAX_INLINE + 1)
    with pytest.raises(RequestError, match="too large"):
        rig.jobs.tries.ask(large, TEXT, page=1)
    with pytest.raises(RequestError, match="files of pages"):
        rig.jobs.tries.ask(pdf(rig), BatchRequest(("WEB_DETECTION",)), page=1)
    assert not rig.service.tried and units(rig) == 0
