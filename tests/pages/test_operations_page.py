"""The Operations page: empty, filled, in error."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.batch_request import BatchRequest
from core.jobs.images import LocalPicture
from core.jobs.records import Job
from core.jobs.samples import write_samples
from core.ui.hub import Hub
from tests.pages.conftest import Open, finished


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
