"""Jobs of other backends say so, and those of earlier versions keep their reuse and their month."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.errors import RequestError
from core.jobs.ledger.schema import jobs, spending
from core.jobs.sending.backend_identity import adopt, elsewhere, same_service
from core.jobs.service.answer_key import work_of
from core.jobs.service.connection import Backend, Connection
from tests.kit.services.jobs_rig import REQUEST, Rig

HERE = "google:its-own"
SUPPORT = Backend(project="its-own").capabilities


def made_by_earlier(rig: Rig, backend: str, name: str = "") -> str:
    """A job as an earlier version wrote it, with its units."""
    job = rig.jobs.create(rig.draft(), rig.refs(2), REQUEST)
    work = work_of(REQUEST, backend, SUPPORT, by_project=True)
    with rig.jobs.ledger.writing() as db:
        mine = jobs.c.id == job.id
        db.execute(sa.update(jobs).where(mine).values(backend=backend, work=work))
        key = {"job_id": job.id, "attempt": 1, "part": 1, "feature": "LABEL_DETECTION"}
        units = {"backend": backend, "month": "2026-11", "charged": True, "units": 2, "billable": 2}
        db.execute(sa.insert(spending).values(**key, **units))
    if name:
        operation = job.operations[0]
        assert rig.jobs.ledger.move(operation.id, [operation.state], name=name)
    return job.id


def of(rig: Rig, job_id: str) -> tuple[str, str, list[str]]:
    job = rig.jobs.get(job_id)
    with rig.jobs.ledger.reading() as db:
        query = sa.select(spending.c.backend).where(spending.c.job_id == job_id)
        return job.backend, job.work, list(db.execute(query).scalars())


@pytest.mark.both_ledgers
def test_jobs_without_a_project_go_to_the_one_that_paid(rig: Rig) -> None:
    unnamed = made_by_earlier(rig, "google:")
    numbered = made_by_earlier(rig, "google:", "projects/123456/operations/1")
    elsewhere_ = made_by_earlier(rig, "google:", "projects/other/operations/2")
    named = made_by_earlier(rig, "google:another")
    forgotten = made_by_earlier(rig, "google:")
    with rig.jobs.ledger.writing() as db:
        db.execute(sa.delete(jobs).where(jobs.c.id == forgotten))
    local = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
    now = work_of(REQUEST, HERE, SUPPORT)
    assert adopt(rig.jobs.ledger, HERE, SUPPORT) == 4
    assert of(rig, unnamed) == of(rig, numbered) == (HERE, now, [HERE])
    assert of(rig, elsewhere_) == ("google:other", now, ["google:other"])
    assert of(rig, named) == ("google:another", now, ["google:another"])  # answers serve all
    assert rig.jobs.get(local.id).backend == "local"
    assert rig.jobs.get(local.id).work == local.work
    with rig.jobs.ledger.reading() as db:
        query = sa.select(spending.c.backend).where(spending.c.job_id == forgotten)
        assert db.execute(query).scalar_one() == HERE
    assert adopt(rig.jobs.ledger, HERE, SUPPORT) == 0  # nothing is left to do


@pytest.mark.parametrize("here", ["local", "google:"])
def test_nothing_is_moved_where_nobody_pays(rig: Rig, here: str) -> None:
    job_id = made_by_earlier(rig, "google:")
    assert adopt(rig.jobs.ledger, here, SUPPORT) == 0
    assert rig.jobs.get(job_id).backend == "google:"


def test_answers_serve_whichever_project_pays_but_not_the_engine() -> None:
    works = {work_of(REQUEST, f"google:{name}", SUPPORT) for name in ("", "one", "two")}
    assert len(works) == 1 and work_of(REQUEST, "local", SUPPORT) not in works


@pytest.mark.parametrize(
    ("backend", "here", "words", "same"),
    [
        ("google:p", "google:p", "", True),
        ("google:p", "google:q", "GOOGLE_CLOUD_PROJECT=p", True),
        ("google:", "google:q", "the credentials that it was sent with", True),
        ("local", "google:q", "CONTACT_SHEET_BACKEND=local", False),
        ("google:p", "local", "CONTACT_SHEET_BACKEND=cloud and GOOGLE_CLOUD_PROJECT=p", False),
        ("local", "local", "", True),
        ("engine-on-cloud", "google:p", "CONTACT_SHEET_BACKEND=engine-on-cloud", True),
        ("google:p", "engine-on-cloud", "GOOGLE_CLOUD_PROJECT=p", True),
        ("local", "engine-on-cloud", "CONTACT_SHEET_BACKEND=local", False),
        ("engine-on-cloud:https://h", "engine-on-cloud", "_STORAGE_ENDPOINT=https://h", False),
    ],
)
def test_another_backend_s_job_says_what_to_do(
    backend: str, here: str, words: str, same: bool
) -> None:
    said = elsewhere(backend, here)
    assert words in said and bool(said) is bool(words)
    assert same_service(backend, here) is same


def test_another_backend_s_job_is_not_retried(rig: Rig) -> None:
    job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
    google = rig.make_jobs(rig.jobs.ledger, Connection(Backend(project="p")))
    with pytest.raises(RequestError, match="belongs to the embedded engine"):
        google.retry_failed(job, [rig.refs(1)[0].uri])
    assert rig.jobs.get(job.id).attempt == 1
