"""The Operations page: empty, filled, in error."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.app.hub import Hub
from core.errors import BucketUnavailable
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.records import Job, OperationState
from core.jobs.ledger.schema import operations
from core.jobs.samples.samples import write_samples
from tests.kit.pages import Open, finished


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("operations")
    assert any("No jobs yet" in text.value for text in app.markdown)


def test_done_job_is_shown_with_its_errors(open_page: Open, done_job: Job) -> None:
    app = open_page("operations", job=done_job.id)
    assert any(r"Three \*pictures\*" in text.value for text in app.markdown)
    assert any(done_job.operations[0].name == code.value for code in app.code)
    assert any(button.label == "Retry 1 failed picture" for button in app.button)


def test_operations_are_sent_when_they_are_opened(open_page: Open, done_job: Job) -> None:
    app = open_page("operations")
    names = {operation.name for operation in done_job.operations}
    assert not names & {code.value for code in app.code}
    app.session_state[f"operations_{done_job.id}"] = True
    app.run()
    assert names <= {code.value for code in app.code}


def test_unknown_operation_is_refused_with_a_cure(open_page: Open) -> None:
    app = open_page("operations")
    name = "projects/local/operations/0000000000000000"
    next(t for t in app.text_input if t.label == "Operation name").set_value(name)
    next(b for b in app.button if b.label == "Take it up").click().run()
    assert not app.exception
    assert "does not know it" in app.error[0].value


def test_operation_is_taken_up_by_name(open_page: Open, hub: Hub, tmp_path: Path) -> None:
    path = write_samples(tmp_path)[0].path
    picture = LocalPicture(path, path.name, path.stat().st_size)
    request = BatchRequest(("IMAGE_PROPERTIES",))
    job = finished(hub, hub.jobs.create("lostjob000000000", [picture], request))
    operation = job.operations[0]
    assert hub.jobs.attach(operation.name).id == job.id  # known: its own job
    hub.jobs.forget(job.id)
    app = open_page("operations")
    next(t for t in app.text_input if t.label == "Operation name").set_value(operation.name)
    next(b for b in app.button if b.label == "Take it up").click().run()
    assert not app.error
    taken = hub.jobs.ledger.job_by_name(operation.name)
    assert taken is not None and taken.prefix == operation.prefix


@pytest.fixture
def shown(hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the page list that job alone, with other values in its first operation."""

    def show(**values: Any) -> None:
        first, *others = done_job.operations
        job = replace(done_job, operations=(replace(first, **values), *others))
        monkeypatch.setattr(hub.jobs.ledger, "jobs", lambda *_: [job])
        monkeypatch.setattr(hub.jobs.ledger, "count", lambda *_: 1)

    return show


def test_results_that_are_still_arriving(open_page: Open, shown: Callable[..., None]) -> None:
    shown(pictures_done=0, errors=0, owed_until=datetime(2126, 11, 28, 12, 5, tzinfo=UTC))
    app = open_page("operations")
    (badge,) = [b for b in app.markdown if "results still arriving" in b.value]
    assert "Done" in badge.value
    (said,) = [i.value for i in app.info if "3 pictures" in i.value]
    assert "not sent again" in said
    assert not any("Retry" in button.label for button in app.button)


def test_results_that_never_arrived(open_page: Open, shown: Callable[..., None]) -> None:
    shown(pictures_done=0, errors=0)
    app = open_page("operations")
    assert not app.info
    assert any(button.label == "Retry 3 failed pictures" for button in app.button)


def test_operation_that_is_not_found(open_page: Open, shown: Callable[..., None]) -> None:
    since = datetime(2026, 11, 28, 12, tzinfo=UTC)
    shown(state=OperationState.RUNNING, pictures_done=0, not_found=2, not_found_at=since)
    app = open_page("operations")
    assert any("Running, not found at the service" in b.value for b in app.markdown)
    assert any("still looked for" in warning.value for warning in app.warning)
    assert not any("Retry" in button.label for button in app.button)


def test_trouble_stands_at_its_job(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = BucketUnavailable("The storage server did not do it", where="gs://b/x/")
    told = {done_job.id: trouble}
    monkeypatch.setattr(hub.watcher, "trouble", told.get)
    app = open_page("operations")
    found = [w.value for w in app.warning if "did not do it" in w.value]
    assert len(found) == 1 and "tried again" in found[0]


def with_operation(hub: Hub, job: Job, **values: object) -> None:
    """Change the job's operation, whatever it is."""
    with hub.jobs.ledger.writing() as db:
        mine = operations.c.job_id == job.id
        db.execute(sa.update(operations).where(mine).values(**values))


@pytest.fixture
def old_job(hub: Hub, tmp_path: Path) -> Iterator[Job]:
    """A job of its own, forgotten afterwards."""
    path = write_samples(tmp_path)[0].path
    picture = LocalPicture(path, path.name, path.stat().st_size)
    draft = secrets.token_hex(8)
    made = hub.jobs.create(draft, [picture], BatchRequest(("IMAGE_PROPERTIES",)), anew=True)
    yield finished(hub, made)
    hub.jobs.ledger.forget(made.id)


def test_job_that_was_sent_twice_says_so_by_name(open_page: Open, hub: Hub, old_job: Job) -> None:
    with_operation(hub, old_job, also="projects/p/operations/twin\n")
    app = open_page("operations")
    (told,) = [w.value for w in app.warning if "charged twice" in w.value]
    assert "operations/twin" in told.replace("\\", "")


def test_damaged_job_is_shown_and_forgotten(open_page: Open, hub: Hub, old_job: Job) -> None:
    with_operation(hub, old_job, state="RUNNINF")
    app = open_page("operations")
    assert not app.exception
    (told,) = [w.value for w in app.warning if "damaged" in w.value]
    assert "operations.state" in told.replace("\\", "")
    app.button(key=f"do_delete_{old_job.id}").click().run()
    assert not app.exception and not [w for w in app.warning if "damaged" in w.value]


def test_sending_again_says_what_it_may_cost(open_page: Open, hub: Hub, old_job: Job) -> None:
    with_operation(hub, old_job, state="UNCONFIRMED", ended_at=None)
    app = open_page("operations")
    assert any("may be charged twice" in text.value for text in app.markdown)
    labels = {button.label for button in app.button}
    assert {"It has this name", "Send it again", "Give it up"} <= labels
    with_operation(hub, old_job, state="RUNNING", name="")
    app = open_page("operations")
    app.session_state[f"operations_{old_job.id}"] = True
    app.run()
    labels = {button.label for button in app.button}
    assert "Give it up" in labels and "Send it again" not in labels


def test_another_project_s_job_says_so_and_can_be_looked_at(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(
        done_job,
        backend="google:theirs",
        operations=tuple(
            replace(o, state=OperationState.RUNNING, shards_done=0) for o in done_job.operations
        ),
    )
    monkeypatch.setattr(hub.jobs, "list", lambda *_: [other])
    monkeypatch.setattr(type(hub.connection().backend), "id", "google:ours")
    app = open_page("operations")
    said = " ".join(info.value.replace("\\", "") for info in app.info)
    assert "belongs to the Google Cloud project theirs" in said
    assert "GOOGLE_CLOUD_PROJECT=theirs" in said
    assert any("Elsewhere" in text.value for text in app.markdown)
    assert not any(button.label.startswith(("Cancel", "Retry")) for button in app.button)
    links = [link.proto for link in app.get("page_link")]
    explore = next(link for link in links if link.label == "Explore")
    assert not explore.disabled and "prefix=" in explore.query_string


def test_a_link_to_the_console_can_be_clicked(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "https://console.cloud.google.com/billing/linkedaccount?project=p_1"
    stopped = replace(done_job, fault=f"Billing *is* off. Link an account on {page} and try again.")
    monkeypatch.setattr(hub.jobs, "list", lambda *_: [stopped])
    app = open_page("operations")
    (warning,) = (w.value for w in app.warning if "Billing" in w.value)
    assert f"<{page}>" in warning and r"\*is\*" in warning
