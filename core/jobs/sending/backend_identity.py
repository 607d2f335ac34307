"""Whose jobs the ledger holds: those of this backend, of another one, and of earlier versions.

A backend's identity (``Backend.id``) is the embedded engine, or the Google Cloud project that pays.
Earlier versions took the project from the environment alone and wrote ``google:`` where none was
set there; such jobs are moved to the project that they were charged to.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.errors import ContactSheetError
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import chunks
from core.jobs.ledger.schema import jobs, operations, spending
from core.jobs.service.answer_key import asked_values, work_of
from core.jobs.service.connection import ENGINE_ON_CLOUD, FeatureSupport
from core.logs import fields

log = logging.getLogger(__name__)

GOOGLE = "google:"


def elsewhere(backend: str, here: str) -> str:
    """Why a job of one backend does not go on while another one is connected; "" if it does.

    Args:
        backend, here: identities, of the job and of the connection.
    """
    if backend == here:
        return ""
    theirs, ours = _called(backend), _called(here)
    if backend.startswith(ENGINE_ON_CLOUD):
        start = f"CONTACT_SHEET_BACKEND={ENGINE_ON_CLOUD}"
        if endpoint := backend.partition(":")[2]:
            start += f" and CONTACT_SHEET_STORAGE_ENDPOINT={endpoint}"
    elif not backend.startswith(GOOGLE):
        start = "CONTACT_SHEET_BACKEND=local"
    elif project := backend.removeprefix(GOOGLE):
        start = f"GOOGLE_CLOUD_PROJECT={project}"
    else:
        start = "the credentials that it was sent with"
    if backend.startswith(GOOGLE) and not here.startswith(GOOGLE):
        start = f"CONTACT_SHEET_BACKEND=cloud and {start}"
    return (
        f"This job belongs to {theirs}; this dashboard works with {ours}, so nothing of it is "
        f"sent, watched or retried. Start the dashboard with {start} to go on with it."
    )


def same_service(backend: str, here: str) -> bool:
    """Whether results of one are in the storage of the other."""
    return _storage(backend) == _storage(here)


def _storage(backend: str) -> str:
    """Which storage a backend's results are in: the engine's own, Google's, or an endpoint's."""
    if backend.startswith(GOOGLE) or backend == ENGINE_ON_CLOUD:
        return GOOGLE
    return backend


def _called(backend: str) -> str:
    if backend.startswith(ENGINE_ON_CLOUD):
        return "the embedded engine on Cloud Storage"
    if not backend.startswith(GOOGLE):
        return "the embedded engine"
    project = backend.removeprefix(GOOGLE)
    return f"the Google Cloud project {project}" if project else "a Google Cloud project not known"


def adopt(ledger: Ledger, here: str, capabilities: Mapping[str, FeatureSupport]) -> int:
    """Move what earlier versions wrote to the identities of today; returns how many jobs.

    Jobs without a project go to the one that their operations are named after, and otherwise to
    the one that is connected. What was asked of Google is the same for every project that pays, so
    that answers are used again after a change of projects.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    if not here.removeprefix(GOOGLE) or not here.startswith(GOOGLE):
        return 0
    with ledger.reading() as db:
        query = sa.select(jobs.c.id, jobs.c.backend, jobs.c.request, jobs.c.work)
        rows = db.execute(query.where(jobs.c.backend.startswith(GOOGLE))).all()
        nameless = [row.id for row in rows if row.backend == GOOGLE]
        owners = _projects(db, nameless)
        left = sa.select(sa.func.count()).where(spending.c.backend == GOOGLE)
        moving = bool(nameless or db.execute(left).scalar_one())
    changes = {}
    for row in rows:
        backend = row.backend
        if backend == GOOGLE:
            backend = GOOGLE + owners[row.id] if row.id in owners else here
        change = {"backend": backend, "work": _work(row, capabilities)}
        if change != {"backend": row.backend, "work": row.work}:
            changes[row.id] = change
    if not changes and not moving:
        return 0
    with ledger.writing() as db:
        ledger.lock(db)
        for job_id, change in changes.items():
            db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**change))
            mine = sa.and_(spending.c.job_id == job_id, spending.c.backend == GOOGLE)
            db.execute(sa.update(spending).where(mine).values(backend=change["backend"]))
        # Of jobs that were forgotten nothing but their units is known.
        rest = sa.update(spending).where(spending.c.backend == GOOGLE)
        db.execute(rest.values(backend=here))
    log.info("brought to the identities of today", extra=fields(jobs=len(changes), backend=here))
    return len(changes)


def note_questions(ledger: Ledger, here: str, capabilities: Mapping[str, FeatureSupport]) -> int:
    """Note of jobs of earlier versions what they asked whatever the model; returns of how many.

    Which models answered is known where they are those of today. A gallery's state of that time is
    not, so that nothing is noted of what depends on one.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    lacks = sa.and_(jobs.c.question == "", jobs.c.work != "", jobs.c.request != "")
    ours = jobs.c.backend.startswith(GOOGLE) if here.startswith(GOOGLE) else jobs.c.backend == here
    query = sa.select(jobs.c.id, jobs.c.request, jobs.c.work).where(lacks, ours)
    with ledger.reading() as db:
        rows = db.execute(query).all()
    noted = {}
    for row in rows:
        try:
            request = BatchRequest.from_json(row.request)
        except (ContactSheetError, ValueError, TypeError, LookupError, AttributeError):
            continue  # told where the job is shown
        values = asked_values(request, here, capabilities)
        same = values.pop("work") == row.work
        if same or not any(capabilities[n].gallery for n in request.features if n in capabilities):
            noted[row.id] = values if same else {**values, "models": ""}
    noted = {job_id: values for job_id, values in noted.items() if values["question"]}
    if noted:
        with ledger.writing() as db:
            for job_id, values in noted.items():
                db.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**values))
        log.info("noted what earlier jobs asked", extra=fields(jobs=len(noted), backend=here))
    return len(noted)


def _projects(db: sa.Connection, job_ids: list[str]) -> dict[str, str]:
    """Job -> project, as its operations are named: ``projects/PROJECT/operations/...``."""
    projects: dict[str, str] = {}
    query = sa.select(operations.c.job_id, operations.c.name).where(operations.c.name != "")
    for ids in chunks(job_ids):
        for job_id, name in db.execute(query.where(operations.c.job_id.in_(ids))):
            parts = name.split("/")
            # A number is the same project as some id, and which one is not known.
            if parts[0] == "projects" and len(parts) > 2 and not parts[1].isdecimal():
                projects[job_id] = parts[1]
    return projects


def _work(row: sa.Row[Any, Any, Any, Any], capabilities: Mapping[str, FeatureSupport]) -> str:
    """What was asked, under its name of today if it has one of an earlier version."""
    if not row.work or not row.request:
        return str(row.work)
    request = BatchRequest.from_json(row.request)
    if row.work != work_of(request, row.backend, capabilities, by_project=True):
        return str(row.work)
    return work_of(request, row.backend, capabilities)
