"""Pages for others than the one user: the demo's guest, and somebody without a share in a job."""

from __future__ import annotations

import pytest

from core.app.hub import Hub
from core.errors import ObjectNotFound
from core.jobs.billing.quota_queue import Waiting
from core.jobs.ledger.records import Job
from core.jobs.sending.admission import Accounts
from tests.kit.pictures.documents import coloured, drawn_pdf
from tests.kit.web.pages import BOB, GUEST, Be, Open, rows_of, until_shown


@pytest.mark.usefixtures("hub")
def test_nobody_sees_more_than_the_door(open_page: Open, be: Be) -> None:
    be(None)
    for page in ("operations", "explore", "submit"):
        app = open_page(page, prefix="gs://contact-sheet/")
        assert not app.title and not app.text_input and not app.selectbox


def test_guest_looks_and_changes_nothing(open_page: Open, be: Be, done_job: Job) -> None:
    be(GUEST)
    app = open_page("operations", job=done_job.id)
    assert any(row["title"] == "Three *pictures*" for row in rows_of(app))
    labels = [button.label for button in app.button]
    assert not any(word in label for label in labels for word in ("Forget", "Retry", "Take", "Set"))
    assert any(text.value == "Read-only demo" for text in app.caption)
    app = open_page("submit")
    until_shown(app, "metric")
    submit = next(button for button in app.button if button.label.startswith("Annotate"))
    assert submit.disabled


def test_hidden_job_and_its_folder_are_as_missing_ones(
    open_page: Open, be: Be, hub: Hub, done_job: Job
) -> None:
    jobs = [job.id for job in hub.jobs.list(1_000)]  # those of other tests are Ada's, too
    for id in jobs:
        hub._runner.ledger.set_job(id, owner="https://id.example ada", owner_name="Ada")
    try:
        be(BOB)
        app = open_page("operations", job=done_job.id)
        assert not rows_of(app)
        for id in (done_job.id, "20260101-000000-abcdef"):
            app = open_page("explore", job=id)
            assert not app.metric and not app.error
            folder = f"gs://contact-sheet/contact-sheet/{id}/try-"
            app = open_page("explore", prefix=folder)
            assert [error.value.split("**")[1] for error in app.error] == [
                "There are no results here"
            ]
        hub.jobs.share(done_job.id, True)
        app = open_page("operations", job=done_job.id)
        assert any("shared by Ada" in row["about"] for row in rows_of(app))
        assert not any(button.label == "Forget the job" for button in app.button)
    finally:
        for id in jobs:
            hub._runner.ledger.set_job(id, owner="", owner_name="", shared=False)


def test_page_of_a_hidden_job_s_file_is_not_drawn(hub: Hub, done_job: Job) -> None:
    uri = f"gs://contact-sheet/contact-sheet/{done_job.id}/file.pdf"
    hub.connection().buckets.write(uri, drawn_pdf(coloured(2)))
    hub._runner.ledger.set_job(done_job.id, owner="https://id.example ada", owner_name="Ada")
    try:
        assert hub.upright(uri, 1, 100).stored == (200, 100)
        with pytest.raises(ObjectNotFound):
            hub.seen_by(BOB).upright(uri, 1, 100)  # though it is in memory by now
        hub.jobs.share(done_job.id, True)
        assert hub.seen_by(BOB).upright(uri, 1, 100).stored == (200, 100)
    finally:
        hub._runner.ledger.set_job(done_job.id, owner="", owner_name="", shared=False)


def test_queue_is_shown_to_somebody_signed_in(
    open_page: Open, be: Be, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = Waiting(
        1, done_job.id, done_job.title, 2_000, position=1, ahead=0, processing=7_000, allowed=8_000
    )
    monkeypatch.setattr(Accounts, "queue", lambda _: [operation])
    be(BOB)
    app = open_page("operations")
    assert any("Queue: 1 operation, 2,000 pictures" in text.value for text in app.markdown)
    queue = next(frame.value for frame in app.dataframe if "position" in frame.value.columns)
    assert list(queue["job"]) == [done_job.title]
