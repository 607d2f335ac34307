"""Some pages of a file: ranges, files over the service's limit, pages sent again."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest
from PIL import Image
from pypdf import PdfReader

from core.app.failed_pictures import failed_uris
from core.jobs.batch.content_hash import of_object
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.jobs.ledger.cuts import Cut, Cuts
from core.jobs.ledger.records import Job, OperationState
from core.jobs.reuse.answers import SeenShard
from core.jobs.sending.uploads import cut_files
from core.jobs.service.connection import Backend
from tests.kit.pictures.documents import coloured, frames, pdf
from tests.kit.services.jobs_rig import REQUEST, Rig

PDF = "application/pdf"


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """Against a backend that answers all features for files, as the embedded engine does."""
    every = {n: replace(s, files=True) for n, s in Backend(project="p").capabilities.items()}
    rig.connection.backend = replace(rig.connection.backend, capabilities=every)
    return rig


@cache
def numbered(pages: int) -> bytes:
    """A file whose pages tell their number by their width; PDFium gives each file another id."""
    return pdf([(200 + n, 300) for n in range(1, pages + 1)])


def in_bucket(rig: Rig, pages: int, *numbers: int, name: str = "scan.pdf") -> ImageRef:
    uri = f"gs://{rig.bucket}/in/{name}"
    rig.buckets.write(uri, numbered(pages), PDF)
    info = rig.buckets.info(uri)
    ref = ImageRef(uri, info.size, PDF, of_object(info), file_type=PDF, pages=pages)
    return replace(ref, numbers=numbers)


def local(rig: Rig, pages: int, *numbers: int) -> LocalPicture:
    path = rig.folder / "scan.pdf"
    path.write_bytes(numbered(pages))
    size = path.stat().st_size
    own = LocalPicture(path, path.name, size, file_type=PDF, pages=pages, numbers=numbers)
    return own.identified()


def pages_in(rig: Rig, uri: str) -> list[int]:
    """Numbers, in the file as it was made, of the pages of an object."""
    reader = PdfReader(io.BytesIO(rig.buckets.read(uri)))
    return [round(float(page.mediabox.width)) - 200 for page in reader.pages]


def sent(rig: Rig, job: Job) -> list[str]:
    """What each operation of the last attempt sent."""
    job = rig.jobs.send(job.id)
    assert not job.fault
    last = [o for o in job.operations if o.attempt == job.attempt]
    named = {batch.prefix: batch.uris[0] for batch in rig.service.accepted}
    return [named[operation.prefix] for operation in last]


def answer(rig: Rig, job: Job, failed: frozenset[int] = frozenset()) -> None:
    """Write and record a shard for each operation of the last attempt, in the copy's numbers."""
    for operation in job.operations:
        if operation.attempt < job.attempt:
            continue
        count = operation.pictures
        uri = f"{operation.prefix}output-1-to-{count}.json"
        asked = rig.jobs.uris(operation.id)[0]
        responses = [
            {
                "context": {"uri": asked, "pageNumber": n},
                **({"error": {"code": 3, "message": "Bad"}} if n in failed else {}),
            }
            for n in range(1, count + 1)
        ]
        data = json.dumps({"responses": responses}).encode()
        rig.buckets.write(uri, data, "application/json")
        seen = SeenShard(uri, rig.buckets.info(uri).generation, 1, count, failed)
        rig.jobs.record_answers(operation.id, [seen])
        rig.jobs.record_progress(operation.id, 1, count, len(failed))
    rig.service.finish()
    rig.jobs.poll()


def test_a_range_of_a_file_in_a_bucket_is_sent_as_a_copy_and_counts_its_pages(rig: Rig) -> None:
    picture = in_bucket(rig, 12, 3, 4, 7)
    job = rig.jobs.create(rig.draft(), [picture], REQUEST)
    assert (job.pictures, job.pages, job.uploads) == (3, 3, 0)
    (copy,) = sent(rig, job)
    assert copy.startswith(f"{job.prefix}cuts/") and pages_in(rig, copy) == [3, 4, 7]
    assert Cuts(rig.jobs.ledger).find([copy, picture.uri]) == {copy: Cut(picture.uri, (3, 4, 7))}
    assert rig.jobs.accounts.units([job.id]) == {job.id: 2 * 3}
    assert rig.jobs.in_processing(paged=True) == 3
    (operation,) = rig.jobs.get(job.id).operations
    assert rig.jobs.places(operation.id) == [(picture.uri, n) for n in (3, 4, 7)]
    assert Cuts(rig.jobs.ledger).numbers(picture.uri) == ()
    # Of the whole file the other nine are sent, and of the same range nothing.
    answer(rig, rig.jobs.get(job.id))
    whole = rig.jobs.reuse.plan([in_bucket(rig, 12)], REQUEST)
    assert whole.to_send == [1, 2, 5, 6, *range(8, 13)] and whole.files_to_send == [9]
    assert rig.jobs.reuse.plan([picture], REQUEST).to_send == []


def test_of_a_file_of_this_machine_only_the_range_is_uploaded(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), [local(rig, 12, 2, 11)], REQUEST)
    (copy,) = sent(rig, job)
    assert copy == f"{job.prefix}pictures/000001-scan.pdf" and pages_in(rig, copy) == [2, 11]
    assert [i.uri for i in rig.buckets.list_objects(job.prefix) if i.uri.endswith(".pdf")] == [copy]
    assert Cuts(rig.jobs.ledger).numbers(copy) == (2, 11)
    (operation,) = rig.jobs.get(job.id).operations
    assert operation.cut == "" and rig.jobs.places(operation.id) == [(copy, 2), (copy, 11)]
    # A page that failed is cut out of what was uploaded.
    answer(rig, rig.jobs.get(job.id), frozenset({2}))
    job = rig.jobs.get(job.id)
    failed = failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None)
    assert failed == [(copy, 11)]
    (again,) = sent(rig, rig.jobs.retry_failed(job, failed))
    assert again != copy and pages_in(rig, again) == [11]
    assert Cuts(rig.jobs.ledger).find([again]) == {again: Cut(copy, (11,))}
    job = rig.jobs.get(job.id)
    answer(rig, job)
    assert failed_uris(rig.jobs, rig.buckets, job.id, lambda *_: None) == []
    progress = rig.jobs.get(job.id).progress
    assert (progress.pages_done, progress.failed) == (2, 0)


def test_the_same_range_stands_in_for_an_upload(rig: Rig) -> None:
    first = rig.jobs.create(rig.draft(), [local(rig, 12, 2, 11)], REQUEST)
    (copy,) = sent(rig, first)
    answer(rig, rig.jobs.get(first.id))
    job = rig.jobs.create(rig.draft(), [local(rig, 12, 11)], REQUEST)
    assert (job.reused, job.uploads, job.operations) == (1, 0, ())
    assert list(rig.jobs.ledger.placed(job.id)) == [(copy, 11)]
    # Of a larger range the two are used again; the pages stand in one file of the job's own.
    job = rig.jobs.create(rig.draft(), [local(rig, 12, 1, 2, 11, 12)], REQUEST)
    assert (job.reused, job.uploads) == (2, 1)
    (copy,) = sent(rig, job)
    assert pages_in(rig, copy) == [1, 12]
    own = f"{job.prefix}pictures/000001-scan.pdf"
    assert pages_in(rig, own) == [1, 2, 11, 12]
    assert {(b.uri, b.page) for b in rig.jobs.reuse.borrowed(job.id)} == {(own, 2), (own, 11)}


def test_a_file_over_the_services_limit_is_sent_in_parts(rig: Rig) -> None:
    picture = in_bucket(rig, 2_003)
    plan = rig.jobs.reuse.plan([picture], REQUEST)
    assert plan.files_to_send == [2_000, 3]
    copies = sent(rig, rig.jobs.create(rig.draft(), [picture], REQUEST))
    assert [len(pages_in(rig, copy)) for copy in copies] == [2_000, 3]
    assert pages_in(rig, copies[1]) == [2_001, 2_002, 2_003]


def test_frames_of_a_tiff_are_taken_out_as_they_are(rig: Rig) -> None:
    uri = f"gs://{rig.bucket}/in/fax.tif"
    rig.buckets.write(uri, frames("TIFF", coloured(5)), "image/tiff")
    content = of_object(rig.buckets.info(uri))
    tiff = ImageRef(uri, 10, "image/tiff", content, file_type="image/tiff", pages=5, numbers=(2, 5))
    (copy,) = sent(rig, rig.jobs.create(rig.draft(), [tiff], REQUEST))
    image = Image.open(io.BytesIO(rig.buckets.read(copy)))
    assert image.n_frames == 2  # type: ignore[attr-defined]
    shown = []
    for n in range(2):
        image.seek(n)
        shown.append((image.size, image.convert("RGB").getpixel((0, 0))))
    pictures = coloured(5)
    assert shown == [(p.size, p.getpixel((0, 0))) for p in (pictures[1], pictures[4])]


def test_a_file_that_changed_since_is_not_cut(rig: Rig) -> None:
    picture = in_bucket(rig, 12, 3)
    job = rig.jobs.create(rig.draft(), [picture, *rig.refs(1)], REQUEST)
    in_bucket(rig, 5)
    job = rig.jobs.send(job.id)
    states = {o.paged: (o.state, o.error) for o in job.operations}
    assert states[False][0] is OperationState.RUNNING
    assert states[True][0] is OperationState.FAILED
    assert "has changed since it was submitted" in states[True][1]
    assert rig.jobs.accounts.units([job.id]) == {job.id: 2}
    assert [b.uris[0] for b in rig.service.accepted] == [rig.refs(1)[0].uri]


def test_killed_after_the_copy_was_made_it_is_sent_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rig.jobs.create(rig.draft(), [in_bucket(rig, 12, 3, 4)], REQUEST)
    (operation,) = job.operations
    cut_files.prepare(rig.buckets, rig.jobs.ledger, job, operation)
    jobs = rig.restarted()
    (made,) = (i for i in rig.buckets.list_objects(f"{job.prefix}cuts/"))
    monkeypatch.setattr(cut_files, "cut_pages", lambda *_: pytest.fail("cut again"))
    jobs.send(job.id)
    jobs.send(job.id)
    assert [b.uris for b in rig.service.accepted] == [[made.uri]]
    assert jobs.accounts.units([job.id]) == {job.id: 4}


def test_two_ranges_of_one_file_do_not_share_a_copy(rig: Rig) -> None:
    first = sent(rig, rig.jobs.create(rig.draft(), [in_bucket(rig, 12, 3)], REQUEST))
    other = rig.jobs.create(rig.draft(), [in_bucket(rig, 12, 4)], REQUEST)
    assert pages_in(rig, sent(rig, other)[0]) == [4] and pages_in(rig, first[0]) == [3]
