"""Files of pages through the dashboard's own code and the real engine, from a folder to tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.app.failed_pictures import failed_uris
from core.app.shard_counter import ShardCounter
from core.jobs.batch.bucket_prefix import from_prefix
from core.jobs.batch.folder import from_folder
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Picture
from core.jobs.ledger.cuts import Cuts
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, JobState
from core.jobs.runner import Runner
from core.jobs.sending.preflight.preflight import Looked, estimate, look
from core.jobs.service.connection import Backend, Connection, with_file_features
from core.results.tables.cache import ResultsCache
from core.results.tables.references import Reference
from core.results.tables.run_choice import Choice
from tests.kit.pictures.documents import coloured, frames, locked_pdf, pdf
from tests.kit.services.engine_process import EngineProcess, picture, until

REQUEST = BatchRequest(("LABEL_DETECTION", "CROP_HINTS"), batch_size=5)


@pytest.fixture
def connection(engine: EngineProcess) -> Iterator[Connection]:
    connection = Connection(Backend.from_engine(engine.facts()))
    yield connection
    connection.close()


@pytest.fixture
def jobs(connection: Connection, tmp_path: Path) -> Iterator[Runner]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    bucket = "files-" + tmp_path.name.replace("_", "-")[:40].lower()
    connection.buckets.make_bucket(bucket)
    yield Runner(ledger, lambda: connection, base=f"gs://{bucket}/sheet/")
    ledger.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a PDF of 12 pages, a TIFF of 3, a broken PDF and one behind a password."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(60, 40))
    (folder / "b.jpg").write_bytes(picture(61, 41, kind="JPEG"))
    (folder / "scan.pdf").write_bytes(pdf([(200 + n, 300) for n in range(12)]))
    (folder / "fax.tif").write_bytes(frames("TIFF", coloured(3)))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (folder / "locked.pdf").write_bytes(locked_pdf("secret"))
    return folder


def looked_at(folder: Path, connection: Connection) -> Looked:
    contents = from_folder(folder)
    assert contents.faults == ()
    return look(contents.pictures, buckets=connection.buckets)


def to_the_end(jobs: Runner, job: Job) -> Job:
    """Send a job and follow it as the watcher does, until all its shards were counted."""
    counter = ShardCounter(jobs, lambda: 0.0)
    buckets = jobs._connect().buckets
    jobs.send(job.id)

    def done() -> bool:
        assert not jobs.poll()
        now = jobs.get(job.id)
        assert not now.fault
        running = [o for o in now.operations if o.name]
        if running:
            counter.count(buckets, running, frozenset())
        return jobs.get(job.id).settled

    until(done, timeout=60)
    return jobs.get(job.id)


def pages_of(jobs: Runner, job: Job, tmp_path: Path) -> set[tuple[str, int]]:
    """(last part of the address, page) of all rows that the results have, without errors."""
    references = [
        Reference(b.shard, b.generation, b.number, b.uri) for b in jobs.reuse.borrowed(job.id)
    ]
    operations = {o.prefix: o.id for o in job.operations}
    choice = Choice(
        attempts=True,
        references=references,
        names=lambda folder: jobs.uris(operations[folder]) if folder in operations else (),
        cuts=lambda uris: {
            u: (c.document, c.pages) for u, c in Cuts(jobs.ledger).find(uris).items()
        },
    )
    cache = ResultsCache(tmp_path / "cache")
    tables = cache.load(jobs._connect().buckets, job.prefix, choice)
    assert tables.faults == ()
    rows = tables["pictures"].to_pylist()
    pages = [(row["uri"].rsplit("-", 1)[-1], row["page"]) for row in rows]
    assert len(pages) == len(set(pages))
    return set(pages)


EXPECTED = {
    ("a.png", 0),
    ("b.jpg", 0),
    *(("scan.pdf", n) for n in range(1, 13)),
    *(("fax.tif", n) for n in range(1, 4)),
}


def test_pictures_and_pages_from_a_folder_to_tables(
    jobs: Runner, connection: Connection, folder: Path, tmp_path: Path
) -> None:
    looked = looked_at(folder, connection)
    assert {(fault.where, fault.what) for fault in looked.faults} == {
        ("broken.pdf", "The file is damaged and cannot be opened"),
        ("locked.pdf", "The file is locked by a password"),
    }
    assert all(fault.fatal and fault.then for fault in looked.faults)
    assert {p.name: p.pages for p in looked.good} == {
        "a.png": 0,
        "b.jpg": 0,
        "fax.tif": 3,
        "scan.pdf": 12,
    }
    request = with_file_features(REQUEST, connection.capabilities)
    plan = jobs.reuse.plan(looked.good, request)
    preflight = estimate(
        looked, request, count=len(plan.pictures_to_send), files=plan.files_to_send
    )
    assert (preflight.count, preflight.pages, preflight.operations, preflight.shards) == (
        2,
        15,
        3,
        1 + 1 + 3,
    )
    assert dict(preflight.units) == {"LABEL_DETECTION": 17, "CROP_HINTS": 17}

    job = to_the_end(jobs, jobs.create("draft-one", looked.good, REQUEST))
    assert job.state is JobState.SUCCEEDED
    assert job.title == "2 pictures and 15 pages"
    assert (job.pictures, job.pages, job.uploads, job.uploaded) == (17, 15, 4, 4)
    progress = job.progress
    assert (progress.pictures_done, progress.pages_done, progress.failed) == (17, 15, 0)
    assert (progress.shards, progress.shards_done) == (5, 5)
    assert jobs.accounts.units([job.id]) == {job.id: 34}
    assert failed_uris(jobs, connection.buckets, job.id, lambda *_: None) == []
    assert pages_of(jobs, job, tmp_path) == EXPECTED


def test_sent_once_only(jobs: Runner, connection: Connection, folder: Path, tmp_path: Path) -> None:
    first = to_the_end(jobs, jobs.create("draft-one", looked_at(folder, connection).good, REQUEST))
    looked = looked_at(folder, connection)
    plan = jobs.reuse.plan(looked.good, REQUEST)
    assert (plan.to_send, plan.reused, plan.saved_units) == ([], 17, 34)
    assert jobs.create("draft-one", looked.good, REQUEST).id == first.id
    again = to_the_end(jobs, jobs.create("draft-two", looked.good, REQUEST))
    assert again.operations == () and again.reused == 17
    assert jobs.accounts.units([again.id]) == {}
    assert pages_of(jobs, again, tmp_path) == EXPECTED


def test_a_file_twice_in_a_batch_is_sent_once_and_shown_twice(
    jobs: Runner, connection: Connection, folder: Path, tmp_path: Path
) -> None:
    (folder / "copy.pdf").write_bytes((folder / "scan.pdf").read_bytes())
    job = to_the_end(jobs, jobs.create("draft-one", looked_at(folder, connection).good, REQUEST))
    assert (job.twins, job.pages) == (12, 27)
    assert sum(o.pictures for o in job.operations) == 17
    # The first by name is sent, and the other shows its answers.
    assert pages_of(jobs, job, tmp_path) == EXPECTED | {("copy.pdf", n) for n in range(1, 13)}


def test_of_a_file_only_the_page_that_failed_is_retried(
    jobs: Runner, connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    # The second page is larger than any picture may be: the service answers it with an error.
    (folder / "plan.pdf").write_bytes(pdf([(200, 300), (14_000, 14_000), (201, 300)]))
    (folder / "good.pdf").write_bytes(pdf([(100, 100), (100, 101)]))
    looked = looked_at(folder, connection)
    (remark,) = looked.faults
    assert not remark.fatal and remark.where == "plan.pdf" and "page 2" in remark.what
    job = to_the_end(jobs, jobs.create("draft-one", looked.good, REQUEST))
    assert (job.progress.pages_done, job.progress.failed) == (5, 1)
    failed = failed_uris(jobs, connection.buckets, job.id, lambda *_: None)
    assert [(one[0].rsplit("-", 1)[-1], one[1]) for one in failed] == [("plan.pdf", 2)]
    retried = to_the_end(jobs, jobs.retry_failed(job, failed))
    new = [o for o in retried.operations if o.attempt == 2]
    assert [(o.pictures, o.file_type, o.state.value) for o in new] == [
        (1, "application/pdf", "SUCCEEDED")
    ]
    # It fails again, under its own number, and the file is one document of three pages.
    assert failed_uris(jobs, connection.buckets, job.id, lambda *_: None) == failed
    assert jobs.accounts.units([job.id]) == {job.id: 2 * (5 + 1)}
    assert pages_of(jobs, retried, tmp_path) == {
        *(("plan.pdf", n) for n in (1, 2, 3)),
        ("good.pdf", 1),
        ("good.pdf", 2),
    }


def test_ranges_keep_the_originals_numbers_and_are_paid_for_once(
    jobs: Runner, connection: Connection, folder: Path, tmp_path: Path
) -> None:
    def chosen(*numbers: int) -> list[Picture]:
        good = looked_at(folder, connection).good
        return [replace(p, numbers=numbers) for p in good if p.name in ("scan.pdf", "fax.tif")]

    job = to_the_end(jobs, jobs.create("draft-one", chosen(2, 3), REQUEST))
    assert (job.pages, job.progress.failed) == (4, 0)
    two = {("scan.pdf", 2), ("scan.pdf", 3), ("fax.tif", 2), ("fax.tif", 3)}
    assert pages_of(jobs, job, tmp_path) == two
    job = to_the_end(jobs, jobs.create("draft-two", chosen(1, 2, 3), REQUEST))
    assert (job.reused, sum(o.pictures for o in job.operations)) == (4, 2)
    assert pages_of(jobs, job, tmp_path) == two | {("scan.pdf", 1), ("fax.tif", 1)}
    assert jobs.accounts.units([job.id]) == {job.id: 2 * 2}


def test_files_of_a_bucket_are_opened_to_be_counted(
    jobs: Runner, connection: Connection, folder: Path, tmp_path: Path
) -> None:
    base = jobs.base.removesuffix("sheet/") + "in/"
    for path in folder.iterdir():
        connection.buckets.write(f"{base}{path.name}", path.read_bytes())
    contents = from_prefix(connection.buckets, base)
    looked = look(contents.pictures, buckets=connection.buckets)
    assert {p.name: p.pages for p in looked.good} == {
        "a.png": 0,
        "b.jpg": 0,
        "fax.tif": 3,
        "scan.pdf": 12,
    }
    assert {fault.where.rsplit("/", 1)[1] for fault in looked.faults} == {
        "broken.pdf",
        "locked.pdf",
    }
    job = to_the_end(jobs, jobs.create("draft-one", looked.good, REQUEST))
    assert (job.uploads, job.progress.pages_done, job.progress.failed) == (0, 15, 0)
