"""Files of pages: an operation each, sent exactly once, counted by their pages."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from core.errors import BudgetExceeded, RequestError
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture, Picture
from core.jobs.billing.prices import PRICES
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import JobState, OperationState
from core.jobs.reuse.answers import SeenShard
from core.jobs.runner import Runner
from core.jobs.sending.preflight.file_preflight import not_answered
from core.jobs.service.connection import Backend, Connection, with_file_features
from tests.kit.pictures.documents import POINTS_OF_A4, pdf
from tests.kit.results.shards import labelled, shard_bytes
from tests.kit.services.jobs_rig import REQUEST, Rig

PDF = "application/pdf"
TEXTS = BatchRequest(("LABEL_DETECTION", "TEXT_DETECTION"), batch_size=2)
ON_GOOGLE = Backend(project="p").capabilities


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """Against a backend that answers all features for files, as the embedded engine does."""
    every = {name: replace(support, files=True) for name, support in ON_GOOGLE.items()}
    rig.connection.backend = replace(rig.connection.backend, capabilities=every)
    return rig


def file_refs(rig: Rig, *pages: int) -> list[ImageRef]:
    return [
        ImageRef(f"gs://{rig.bucket}/in/{n}.pdf", 10, PDF, f"md5:{n}", file_type=PDF, pages=count)
        for n, count in enumerate(pages, start=1)
    ]


def test_pictures_and_each_file_have_operations_of_their_own(rig: Rig) -> None:
    pictures = [*rig.refs(3), *file_refs(rig, 4, 1)]
    job = rig.jobs.send(rig.jobs.create(rig.draft(), pictures, REQUEST).id)
    assert [(o.part, o.pictures, o.file_type) for o in job.operations] == [
        (1, 3, ""),
        (2, 4, PDF),
        (3, 1, PDF),
    ]
    images, first, second = rig.service.accepted
    assert images.uris == [picture.uri for picture in rig.refs(3)]
    assert (first.uris, second.uris) == ([pictures[3].uri], [pictures[4].uri])
    assert len({batch.prefix for batch in rig.service.accepted}) == 3
    (asked,) = first.request.requests
    assert asked.input_config.mime_type == PDF
    assert asked.output_config.gcs_destination.uri == job.operations[1].prefix
    assert asked.output_config.batch_size == REQUEST.batch_size
    assert [f.type_.name for f in asked.features] == list(REQUEST.features)
    assert rig.jobs.accounts.units([job.id]) == {job.id: 2 * (3 + 4 + 1)}
    assert (rig.jobs.in_processing(), rig.jobs.in_processing(paged=True)) == (3, 5)
    progress = job.progress
    assert (progress.pictures, progress.pages, progress.shards) == (8, 5, 2 + 2 + 1)
    rig.service.finish()
    rig.jobs.poll()
    assert rig.jobs.get(job.id).state is JobState.SUCCEEDED


def test_killed_between_claim_and_answer_a_file_is_found_and_not_sent_again(rig: Rig) -> None:
    rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
    job = rig.jobs.send(rig.jobs.create(rig.draft(), file_refs(rig, 4), REQUEST).id)
    assert job.operations[0].state is OperationState.UNCONFIRMED
    jobs = rig.restarted()
    jobs.poll()
    operation = jobs.get(job.id).operations[0]
    assert (operation.state, operation.name) == (
        OperationState.RUNNING,
        rig.service.accepted[0].name,
    )
    jobs.send(job.id)
    assert len(rig.service.accepted) == 1
    assert jobs.accounts.units([job.id]) == {job.id: 8}


def test_killed_between_claim_and_sending_a_file_is_sent_once(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), file_refs(rig, 4), REQUEST)
    operation = job.operations[0]
    uris = rig.jobs.ledger.claim(operation.id, "elsewhere:1:gone", rig.clock())
    assert uris == [f"gs://{rig.bucket}/in/1.pdf"] * 4
    jobs = rig.restarted()
    for _ in range(4):  # the service's list is complete and without it, for a while
        rig.clock.forward(30)
        jobs.poll()
    assert jobs.get(job.id).operations[0].state is OperationState.PLANNED
    jobs.send(job.id)
    jobs.send(job.id)
    assert [batch.uris for batch in rig.service.accepted] == [[uris[0]]]


def test_pages_and_pictures_wait_for_quotas_of_their_own(rig: Rig) -> None:
    full = rig.jobs.create(rig.draft(), file_refs(rig, 2_000, 2_000, 2_000, 2_000, 2_000), REQUEST)
    rig.jobs.send(full.id)
    assert rig.jobs.in_processing(paged=True) == 10_000
    mixed = rig.jobs.create(rig.draft(), [*file_refs(rig, 1), *rig.refs(2)], REQUEST, resend=True)
    states = [o.state for o in rig.jobs.send(mixed.id).operations]
    assert states == [OperationState.RUNNING, OperationState.PLANNED]  # pictures need not wait
    (waiting,) = rig.jobs.accounts.queue()
    assert (waiting.paged, waiting.fits) == (True, False)
    assert "10,000 of 10,000 pages" in waiting.why
    rig.service.finish()
    rig.jobs.poll()
    states = [o.state for o in rig.jobs.send(mixed.id).operations]
    assert states[1] is OperationState.RUNNING


def test_on_google_pages_are_asked_for_text_alone_and_paid_so(rig: Rig) -> None:
    google = Connection(replace(rig.connection.backend, capabilities=ON_GOOGLE))
    jobs = rig.make_jobs(rig.jobs.ledger, google)
    pictures = [*rig.refs(2), *file_refs(rig, 3)]
    plan = jobs.reuse.plan(pictures, TEXTS)
    assert {line.feature: line.units for line in plan.cost.lines} == {
        "LABEL_DETECTION": 2,
        "TEXT_DETECTION": 5,
    }
    job = jobs.send(jobs.create(rig.draft(), pictures, TEXTS).id)
    images, file = rig.service.accepted
    asked = [f.type_.name for f in images.request.requests[0].features]
    assert asked == ["LABEL_DETECTION", "TEXT_DETECTION"]
    assert [f.type_.name for f in file.request.requests[0].features] == ["TEXT_DETECTION"]
    assert jobs.accounts.units([job.id]) == {job.id: 2 * 2 + 3}
    request = with_file_features(TEXTS, ON_GOOGLE)
    (remark,) = not_answered(request, pictures)
    assert not remark.fatal and "Labels" in remark.what and remark.where == pictures[2].uri
    google.close()


def test_files_of_which_nothing_can_be_asked_are_named_and_not_sent(rig: Rig) -> None:
    labels = BatchRequest(("LABEL_DETECTION",))
    pictures = [*rig.refs(2), *file_refs(rig, 3)]
    (fault,) = not_answered(with_file_features(labels, ON_GOOGLE), pictures)
    assert fault.fatal and fault.where == pictures[2].uri
    google = Connection(replace(rig.connection.backend, capabilities=ON_GOOGLE))
    jobs = rig.make_jobs(rig.jobs.ledger, google)
    with pytest.raises(RequestError, match="none of the chosen features"):
        jobs.create(rig.draft(), pictures, labels)
    assert rig.service.accepted == []
    google.close()


def test_the_budget_counts_pages(rig: Rig) -> None:
    prices = replace(PRICES, free_units=0, charged=True)
    jobs = Runner(
        rig.jobs.ledger,
        lambda: rig.connection,
        base=f"gs://{rig.bucket}/contact-sheet/",
        clock=rig.clock,
        prices=lambda: prices,
        budget_usd=0.02,  # ten units of labels cost 0.015
    )
    labels = BatchRequest(("LABEL_DETECTION",))
    jobs.create(rig.draft(), file_refs(rig, 10), labels)
    with pytest.raises(BudgetExceeded, match="10 pages"):
        jobs.create(rig.draft(), file_refs(rig, 10), labels)


def test_a_file_is_uploaded_once_and_one_that_changed_is_left_out(rig: Rig) -> None:
    paths = [rig.folder / name for name in ("one.pdf", "two.pdf")]
    pictures: list[Picture] = []
    for number, path in enumerate(paths, start=1):
        path.write_bytes(pdf([POINTS_OF_A4] * (number + 1)))
        local = LocalPicture(path, path.name, path.stat().st_size, file_type=PDF, pages=number + 1)
        pictures.append(local.identified())
    job = rig.jobs.create(rig.draft(), pictures, REQUEST)
    assert (job.pictures, job.pages, job.uploads) == (5, 5, 2)
    paths[1].write_bytes(pdf([POINTS_OF_A4] * 9))
    job = rig.jobs.send(job.id)
    assert (job.uploaded, job.lost) == (1, 1)
    assert rig.jobs.lost(job.id) == [
        ("two.pdf", "The file has changed since it was submitted. Submit it again.")
    ]
    (batch,) = rig.service.accepted
    assert rig.buckets.read(batch.uris[0]) == paths[0].read_bytes()
    assert rig.buckets.info(batch.uris[0]).content_type == PDF
    states = [o.state for o in job.operations]
    assert states == [OperationState.RUNNING, OperationState.FAILED]


def test_a_spooled_file_goes_when_it_is_in_the_bucket(rig: Rig) -> None:
    path = rig.folder / "upload.pdf"
    path.write_bytes(pdf([POINTS_OF_A4] * 3))
    size = path.stat().st_size
    local = LocalPicture(path, path.name, size, spooled=True, file_type=PDF, pages=3)
    job = rig.jobs.send(rig.jobs.create(rig.draft(), [local.identified()], REQUEST).id)
    assert (job.uploads, job.uploaded) == (1, 1) and not os.path.lexists(path)


def test_answered_pages_of_a_file_are_used_again_and_the_others_sent(rig: Rig) -> None:
    job = rig.jobs.send(rig.jobs.create(rig.draft(), file_refs(rig, 3), REQUEST).id)
    operation = job.operations[0]

    def seen(first: int, count: int) -> SeenShard:
        uri = f"{operation.prefix}output-{first}-to-{first + count - 1}.json"
        pages = [labelled(f"gs://{rig.bucket}/in/1.pdf", "Dog")] * count
        rig.buckets.write(uri, shard_bytes(pages), "application/json")
        return SeenShard(uri, rig.buckets.info(uri).generation, first, count)

    rig.jobs.record_answers(operation.id, [seen(1, 2)])
    plan = rig.jobs.reuse.plan(file_refs(rig, 3), REQUEST)
    assert (plan.reused, plan.files_to_send, plan.gone) == (2, [1], 0)
    gif = [replace(one, file_type="image/gif") for one in file_refs(rig, 3)]  # goes whole
    assert rig.jobs.reuse.plan(gif, REQUEST).files_to_send == [3]
    rig.jobs.record_answers(operation.id, [seen(3, 1)])
    plan = rig.jobs.reuse.plan(file_refs(rig, 3), REQUEST)
    assert (plan.reused, plan.to_send) == (3, [])


def test_pages_outlive_a_restart(rig: Rig, tmp_path: Path) -> None:
    job = rig.jobs.create(rig.draft(), [*rig.refs(1), *file_refs(rig, 3)], REQUEST)
    again = rig.restarted().get(job.id)
    assert again == job
    assert isinstance(rig.jobs.ledger, Ledger)
    placed = rig.jobs.ledger.placed(job.id)
    file = placed[f"gs://{rig.bucket}/in/1.pdf", 3]
    assert (file.page, file.pages, file.file_positions) == (3, 3, range(2, 5))
