"""The Operations page: empty, filled, in error."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from core.app.failed_pictures import Failure
from core.app.hub import Hub
from core.errors import BucketUnavailable, RequestError
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.deletion import Archived
from core.jobs.jobs import MOST_TITLE
from core.jobs.ledger.records import Job, OperationState
from core.jobs.ledger.schema import operations
from core.jobs.ledger.search import ALL, Search, Show
from core.jobs.samples.samples import write_samples
from core.ui.operations import job_list
from core.ui.operations.failures import FEW
from tests.kit.web.pages import Open, failed_of, finished, rows_of, until_shown


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("operations")
    assert any("Nothing sent yet" in text.value for text in app.markdown)
    (strip,) = [e for e in app.get("bidi_component") if "Pictures of the sample" in str(e.proto)]
    assert "astronaut.png" in str(strip.proto) and "broken.jpg" not in str(strip.proto)
    links = [link.proto.label for link in app.get("page_link")]
    assert "Submit the sample batch" in links


def test_done_job_is_shown_with_its_errors(open_page: Open, done_job: Job) -> None:
    app = open_page("operations", job=done_job.id)
    assert any(row["title"] == "Three *pictures*" for row in rows_of(app))
    assert any(done_job.operations[0].name == code.value for code in app.code)
    # The list of failures is open, and says that this one is no picture.
    until(app, lambda: "Retry 1 failed anyway …" in labels_of(app))
    assert any("It would fail again as it is: " in text.value for text in app.caption)


def test_operations_are_sent_when_they_are_opened(open_page: Open, hub: Hub, done_job: Job) -> None:
    app = open_page("operations")
    names = {operation.name for operation in done_job.operations}
    assert not names & {code.value for code in app.code}
    app.session_state[f"operations_{done_job.id}"] = True
    app.run()
    assert names <= {code.value for code in app.code}
    assert any(text.value.endswith(" · 1 error") for text in app.markdown)
    with_operation(hub, done_job, errors=2)
    app.run()
    with_operation(hub, done_job, errors=1)
    assert any(text.value.endswith(" · 2 errors") for text in app.markdown)


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
    taken = hub._runner.ledger.job_by_name(operation.name)
    assert taken is not None and taken.prefix == operation.prefix


@pytest.fixture
def shown(hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the page list that job alone, with other values in its first operation."""

    def show(**values: Any) -> None:
        first, *others = done_job.operations
        job = replace(done_job, operations=(replace(first, **values), *others))
        monkeypatch.setattr(hub._runner.ledger, "jobs", lambda *_: [job])
        monkeypatch.setattr(hub._runner.ledger, "count", lambda *_: 1)

    return show


def test_results_that_are_still_arriving(open_page: Open, shown: Callable[..., None]) -> None:
    shown(pictures_done=0, errors=0, owed_until=datetime(2126, 11, 28, 12, 5, tzinfo=UTC))
    app = open_page("operations")
    (row,) = rows_of(app)
    assert row["badge"]["word"] == "Done, results still arriving"
    (said,) = [i.value for i in app.info if "3 pictures" in i.value]
    assert "not sent again" in said
    assert not any("Retry" in button.label for button in app.button)


def test_what_failed_is_listed_while_others_may_still_arrive(
    open_page: Open, shown: Callable[..., None]
) -> None:
    """As of an operation taken up by name: nobody knows how many answers there will be."""
    shown(owed_until=datetime(2126, 11, 28, 12, 5, tzinfo=UTC))
    app = open_page("operations")
    for _ in range(200):
        if failed_of(app):
            break
        time.sleep(0.05)
        app.run()
    assert [row["name"] for row in failed_of(app)] == ["broken & <b>bold.jpg"]


def test_results_that_never_arrived(open_page: Open, shown: Callable[..., None]) -> None:
    shown(pictures_done=0, errors=0)
    app = open_page("operations")
    assert not any("not sent again" in info.value for info in app.info)
    assert any(button.label.startswith("Retry") for button in app.button)


def test_operation_that_is_not_found(open_page: Open, shown: Callable[..., None]) -> None:
    since = datetime(2026, 11, 28, 12, tzinfo=UTC)
    shown(state=OperationState.RUNNING, pictures_done=0, not_found=2, not_found_at=since)
    app = open_page("operations")
    assert rows_of(app)[0]["badge"]["word"] == "Running, not found at the service"
    assert any("still looked for" in warning.value for warning in app.warning)
    assert not any("Retry" in button.label for button in app.button)


def test_trouble_stands_at_its_job(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = BucketUnavailable("The storage server did not do it", where="gs://b/x/")
    troubles = {done_job.id: trouble}
    monkeypatch.setattr(hub.watcher, "trouble", troubles.get)
    app = open_page("operations")
    warnings = [w.value for w in app.warning if "did not do it" in w.value]
    assert len(warnings) == 1 and "tried again" in warnings[0]


def with_operation(hub: Hub, job: Job, **values: object) -> None:
    """Change the job's operation, whatever it is."""
    with hub._runner.ledger.writing() as db:
        mine = operations.c.job_id == job.id
        db.execute(sa.update(operations).where(mine).values(**values))


@pytest.fixture
def old_job(hub: Hub, tmp_path: Path) -> Iterator[Job]:
    """A job of its own, forgotten afterwards."""
    path = write_samples(tmp_path)[0].path
    picture = LocalPicture(path, path.name, path.stat().st_size)
    draft = secrets.token_hex(8)
    made = hub.jobs.create(draft, [picture], BatchRequest(("IMAGE_PROPERTIES",)), resend=True)
    yield finished(hub, made)
    hub._runner.ledger.forget(made.id)


def test_job_that_was_sent_twice_says_so_by_name(open_page: Open, hub: Hub, old_job: Job) -> None:
    with_operation(hub, old_job, also="projects/p/operations/twin\n")
    app = open_page("operations")
    (warning,) = [w.value for w in app.warning if "charged twice" in w.value]
    assert "operations/twin" in warning.replace("\\", "")


def test_damaged_job_is_shown_and_forgotten(open_page: Open, hub: Hub, old_job: Job) -> None:
    with_operation(hub, old_job, state="RUNNINF")
    app = open_page("operations")
    assert not app.exception
    (warning,) = [w.value for w in app.warning if "damaged" in w.value]
    assert "operations.state" in warning.replace("\\", "")
    app.button(key=f"do_delete_{old_job.id}").click().run()
    assert not app.exception and not [w for w in app.warning if "damaged" in w.value]


def test_sending_again_says_what_it_may_cost(
    open_page: Open, hub: Hub, old_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_operation(hub, old_job, state="UNCONFIRMED", ended_at=None)
    app = open_page("operations")
    assert any("may be charged twice" in text.value for text in app.markdown)
    labels = {button.label for button in app.button}
    assert {"It has this name", "Send it again", "Give it up"} <= labels
    # The watcher would end it as soon as it counts its one shard.
    monkeypatch.setattr(hub._runner, "poll", lambda: [])
    monkeypatch.setattr(hub._runner.ledger, "uncounted_jobs", lambda _: [])
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

    def listed(*_: Any, which: Search = ALL) -> list[Job]:
        return [] if which.show is Show.FINISHED else [other]

    monkeypatch.setattr(hub.jobs, "list", listed)
    monkeypatch.setattr(type(hub.connection().backend), "id", "google:ours")
    app = open_page("operations")
    said = " ".join(info.value.replace("\\", "") for info in app.info)
    assert "belongs to the Google Cloud project theirs" in said
    assert "GOOGLE_CLOUD_PROJECT=theirs" in said
    assert rows_of(app)[0]["badge"]["word"] == "Elsewhere"
    assert not any(button.label.startswith(("Cancel", "Retry")) for button in app.button)
    # In the header, as at the job.
    assert any(text.value.startswith("1 elsewhere") for text in app.markdown)
    links = [link.proto for link in app.get("page_link")]
    explore = next(link for link in links if link.label == "Explore")
    assert not explore.disabled and "prefix=" in explore.query_string


def test_a_link_to_the_console_can_be_clicked(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "https://console.cloud.google.com/billing/linkedaccount?project=p_1"
    stopped = replace(done_job, fault=f"Billing *is* off. Link an account on {page} and try again.")
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [stopped])
    app = open_page("operations")
    (warning,) = (w.value for w in app.warning if "Billing" in w.value)
    assert f"<{page}>" in warning and r"\*is\*" in warning


def test_a_job_with_failures_is_no_whole_success(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [done_job])
    app = open_page("operations", job=done_job.id)
    (row,) = rows_of(app)
    assert (row["badge"]["color"], row["badge"]["word"]) == ("orange", "Done, 1 failed")
    assert [text for text, _ in row["line"]] == ["2 fine", "1 failed"]
    assert [cell["state"] for cell in row["cells"]] == ["done", "done", "failed"]
    assert row["bar"]["good"] == pytest.approx(2 / 3, abs=0.01)
    for _ in range(200):  # few of them: the list is open at first
        if failed_of(app):
            break
        time.sleep(0.05)
        app.run()
    (failed,) = failed_of(app)
    assert failed["name"] == "broken & <b>bold.jpg"
    assert "mage" in failed["why"]  # the service's own words: bad image data
    assert failed["remedy"].startswith("Save it again") and "/thumbnail/" in failed["thumbnail"]


def test_failures_that_are_none_by_now(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted once, and answered in the shards since: one such batch must not stop the page."""
    again = replace(done_job, attempt=9)  # no look of another test is used
    looked = list[str]()
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [again])
    monkeypatch.setattr("core.ui.operations.failures.failures", lambda *_: {})
    monkeypatch.setattr(type(hub), "look_again", lambda _, job_id: looked.append(job_id))
    app = open_page("operations")  # a job that the URL names would be read from the ledger
    said = "an answer to each picture by now"
    for _ in range(200):
        if any(said in text.value for text in app.caption):
            break
        time.sleep(0.05)
        app.run()
        assert not app.exception
    else:
        raise AssertionError([text.value for text in app.caption])
    assert done_job.id in looked


LATE = {("gs://b/late.png", 0): Failure("late", 4), ("gs://b/late.pdf", 3): Failure("late", 14)}
BAD = {
    ("gs://b/bad.gif", 0): Failure("*Bad* data", 3),
    ("gs://b/locked.pdf", 1): Failure("*Bad* data", 3, paged=True),
    ("gs://b/odd.jpg", 0): Failure("odd", 12),
}
RETRIES = [  # failures, the button once they are read, what a click on it sends at once
    (LATE, "Retry 2 failed pictures", LATE),
    (LATE | BAD, "Retry 2 of 5 failed", LATE),
    (BAD, "Retry 3 failed anyway …", None),
]


@pytest.fixture
def with_failures(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[AppTest, list[Any]]]:
    """Operations with one batch of such failures, and what is sent again from there."""

    def show(failed: dict[Any, Failure], *, many: bool = False) -> tuple[AppTest, list[Any]]:
        # No look of another test is used.
        first, *others = done_job.operations
        errors = first.errors + (FEW if many else len(failed) - 1)
        changed = replace(first, errors=errors)
        again = replace(done_job, id=f"retry{secrets.token_hex(4)}", operations=(changed, *others))
        sent = list[Any]()
        monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [again])
        monkeypatch.setattr(hub.jobs, "get", lambda _: again)
        monkeypatch.setattr(hub.jobs, "twins", lambda _: {})
        monkeypatch.setattr(hub.jobs, "names", lambda _: {})
        for module in ("failures", "retry"):
            monkeypatch.setattr(f"core.ui.operations.{module}.failures", lambda *_: failed)
        monkeypatch.setattr(hub.jobs, "retry_failed", lambda _, places: sent.extend(places))
        return open_page("operations"), sent

    return show


@pytest.mark.parametrize(("failed", "label", "sent_at_once"), RETRIES)
def test_only_what_may_pass_is_tried_again(
    with_failures: Callable[..., tuple[AppTest, list[Any]]],
    failed: dict[Any, Failure],
    label: str,
    sent_at_once: dict[Any, Failure] | None,
) -> None:
    app, sent = with_failures(failed)
    until(app, lambda: label in labels_of(app) and bool(failed_of(app)))
    button = next(button for button in app.button if button.label == label)
    if BAD.items() <= failed.items():
        why = "fail again as they are: \\*Bad\\* data (2), odd (1)."
        assert button.help.endswith(why) and any(c.value.endswith(why) for c in app.caption)
    button.click().run()
    until(app, lambda: bool(sent) or "Leave them" in labels_of(app))
    assert sent == list(sent_at_once or ())


def test_what_would_fail_again_is_sent_if_the_user_says_so(
    with_failures: Callable[..., tuple[AppTest, list[Any]]],
) -> None:
    app, sent = with_failures(LATE | BAD, many=True)  # the reasons are read when it is asked for
    count = FEW + 1
    next(b for b in app.button if b.label == f"Retry {count} failed pictures").click().run()
    until(app, lambda: {"Retry 2", "Retry all 5", "Leave them"} <= labels_of(app))
    assert any("3 of 5 would fail again" in text.value for text in app.markdown)
    next(b for b in app.button if b.label == "Leave them").click().run()
    assert not sent and "Leave them" not in labels_of(app)
    next(b for b in app.button if b.label == f"Retry {count} failed pictures").click().run()
    until(app, lambda: "Retry all 5" in labels_of(app))
    next(b for b in app.button if b.label == "Retry all 5").click().run()
    assert not app.exception and sent == list(LATE | BAD)


def test_what_was_left_out_is_not_offered_again(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never was in the bucket, so that there is nothing to ask about."""
    fine = tuple(replace(operation, errors=0) for operation in done_job.operations)
    lost = replace(done_job, id="lostone", operations=fine, lost=2, uploads=5, uploaded=3)
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [lost])
    app = open_page("operations")
    assert rows_of(app)[0]["badge"]["word"] == "Done, 2 failed"
    assert not any("Retry" in label for label in labels_of(app))


def labels_of(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def until(app: AppTest, so: Callable[[], bool]) -> None:
    """Run the page until what background tasks find stands on it."""
    for _ in range(1200):
        if so():
            return
        time.sleep(0.05)
        app.run()
        assert not app.exception
    raise AssertionError((labels_of(app), [text.value for text in app.caption]))


def odd_jobs(job: Job) -> list[Job]:
    """Batches of which something is missing that most have."""
    (operation, *_) = job.operations
    bare = replace(job, pictures=0, operations=(), reused=0, uploads=0, uploaded=0)
    named = replace(operation, pictures=0, batch_size=0, shards_done=0, pictures_done=0, errors=0)
    unnamed: dict[str, Any] = {"request": None, "source": "", "pictures": 0}
    unnamed |= {"uploads": 0, "uploaded": 0}
    odd = {
        "nothing in it": bare,
        "nothing in it, and no request": replace(bare, **unnamed),
        "taken up by name, nothing seen": replace(job, **unnamed, operations=(named,)),
        "taken up by name, all failed": replace(
            job, **unnamed, operations=(replace(named, pictures_done=2, shards_done=1, errors=2),)
        ),
        "taken up by name, running": replace(
            job,
            **unnamed,
            operations=(replace(named, state=OperationState.RUNNING, ended_at=None, sent_at=None),),
        ),
        "left out, and nobody knows what": replace(bare, lost=3),
        "nothing good": replace(
            job, operations=(replace(operation, pictures_done=0, shards_done=0, errors=0),)
        ),
        "planned, of no features": replace(
            job,
            request=BatchRequest(("FACE_DETECTION",)),
            operations=(
                replace(
                    operation, state=OperationState.PLANNED, pictures_done=0, shards_done=0,
                    errors=0, sent_at=None, ended_at=None, progress_at=None, name="",
                ),
            ),
        ),
        "of another backend": replace(job, backend="another"),
        "damaged": replace(bare, **unnamed, unreadable="Column pictures holds 'x'."),
    }  # fmt: skip
    return [replace(one, id=f"2026oddjob{n}", title=t) for n, (t, one) in enumerate(odd.items())]


@pytest.mark.parametrize("rows", ["", "true"])
def test_no_batch_stops_the_page(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    odd = odd_jobs(done_job)
    by_id = {job.id: job for job in odd}
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: odd)
    monkeypatch.setattr(hub.jobs, "get", lambda job_id: by_id.get(job_id, done_job))
    app = open_page("operations", rows=rows)
    assert not app.exception
    assert {row["title"] for row in rows_of(app)} >= {job.title for job in odd}
    for job in odd:
        app = open_page("operations", kiosk="1", job=job.id)
        assert not app.exception and [row["title"] for row in rows_of(app)] == [job.title]


def test_a_batch_gets_another_name(open_page: Open, hub: Hub, old_job: Job) -> None:
    app = open_page("operations")
    app.session_state["operations_dialog"] = ("rename", old_job.id)
    app.run()
    name = next(field for field in app.text_input if field.label == "Name")
    assert name.value == old_job.title
    name.set_value(" Spring   <b>catalogue</b> ")
    next(button for button in app.button if button.label == "Rename").click().run()
    assert not app.error
    assert "Spring <b>catalogue</b>" in {row["title"] for row in rows_of(app)}
    for bad in ("", "  ", "x" * (MOST_TITLE + 1)):
        with pytest.raises(RequestError, match="1 to 100 characters"):
            hub.jobs.rename(old_job.id, bad)
    hub.jobs.rename(old_job.id, old_job.title)


def test_numbers_of_a_running_job_are_so_far(open_page: Open, shown: Callable[..., None]) -> None:
    shown(state=OperationState.RUNNING, ended_at=None, pictures_done=2, errors=1)
    app = open_page("operations")
    texts = [text for text, _ in rows_of(app)[0]["line"]]
    assert texts[0] == "2 of 3 done" and "1 failed so far" in texts


def test_times_are_the_viewer_s_and_name_their_zone(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 11, 28, 3, 18, tzinfo=UTC)
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: [replace(done_job, created_at=at)])
    for zone, offset, shown in (
        ("Asia/Tokyo", -540, "2026-11-28 12:18 JST"),
        ("America/Sao_Paulo", 180, "2026-11-28 00:18 UTC-03"),
        ("../../etc/passwd", -60, "2026-11-28 04:18 UTC+01:00"),
    ):
        monkeypatch.setattr(ContextProxy, "timezone", zone)
        monkeypatch.setattr(ContextProxy, "timezone_offset", offset)
        assert rows_of(open_page("operations"))[0]["exact"] == shown, zone
    monkeypatch.setattr(ContextProxy, "timezone", None)
    monkeypatch.setattr(ContextProxy, "timezone_offset", None)
    row = rows_of(open_page("operations"))[0]
    assert f"{at.astimezone():%H:%M %Z}" in row["exact"]
    assert row["about"].startswith("Submitted ") and row["exact"] not in row["about"]


def test_the_job_of_a_link_comes_first_however_old(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = [
        replace(done_job, id=f"newer{n}", draft_id=f"newer{n}", title=f"Newer {n}")
        for n in range(25)
    ]
    every = [*newer, done_job]
    monkeypatch.setattr(
        hub.jobs, "list", lambda most, first=0, which=None: every[first : first + most]
    )
    monkeypatch.setattr(hub.jobs, "count", lambda which=None: len(every))

    def titles(**params: str) -> list[str]:
        return [row["title"] for row in rows_of(open_page("operations", **params))]

    assert titles(job=done_job.id) == ["Three *pictures*", *(f"Newer {n}" for n in range(10))]
    assert len(titles()) == 10
    third = titles(job=done_job.id, page="3")  # where it stands anyway
    assert third == ["Three *pictures*", *(f"Newer {n}" for n in range(20, 25))]


@pytest.mark.parametrize("page", ["operations", "explore", "report", "picture"])
def test_a_link_to_a_job_that_is_not_there_says_so(
    open_page: Open, done_job: Job, page: str
) -> None:
    app = open_page(page, job="20200101-000000-<b>gone")
    (said,) = [w.value for w in app.warning if "There is no job" in w.value]
    assert r"\<b\>gone" in said and "forgotten" in said
    assert not any("There is no job" in w.value for w in open_page(page, job=done_job.id).warning)


def test_the_same_trouble_at_many_jobs_is_reported_once(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [
        replace(done_job, id=f"troubled{n}", title=f"Job {n}", fault="" if n else "Its *own* one.")
        for n in range(5)
    ]
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: jobs)
    monkeypatch.setattr(
        hub.watcher,
        "trouble",
        lambda id: BucketUnavailable("The storage server did not do it", where=f"gs://b/{id}/"),
    )
    app = open_page("operations")
    (said,) = [w.value.replace("\\", "") for w in app.warning if "did not do it" in w.value]
    assert "5 jobs" in said and "“Job 0”" in said and "and 2 more" in said
    below = [c.value for c in app.caption if "See above" in c.value]
    assert len(below) == 5
    assert len([w for w in app.warning if r"Its \*own\* one" in w.value]) == 1
    monkeypatch.setattr(hub.watcher, "trouble", lambda _: None)
    stopped = [replace(job, fault="Billing is off.") for job in jobs]
    monkeypatch.setattr(hub.jobs, "list", lambda *_, **__: stopped)
    app = open_page("operations")
    assert len([w for w in app.warning if "Billing is off" in w.value]) == 1


def test_the_header_counts_finished_jobs_once_for_all_sessions(
    hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, finished = 0, [done_job]

    def listed(*_: Any, which: Search = ALL) -> list[Job]:
        nonlocal asked
        asked += which.show is Show.FINISHED
        return finished if which.show is Show.FINISHED else []

    def asked_twice() -> int:
        nonlocal asked
        asked = 0
        st.cache_data.clear()
        assert job_list.states(hub) == job_list.states(hub) == "1 done"
        return asked

    monkeypatch.setattr(hub.jobs, "list", listed)
    monkeypatch.setattr(hub.jobs, "count", lambda which=None: len(finished))
    assert any(asked_twice() == 1 for _ in range(5))  # a machine that stood still asks again
    finished.append(replace(done_job, id="another"))
    assert job_list.states(hub) == "2 done"


def test_500_jobs_as_a_table_with_the_opened_one_above(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [replace(done_job, id=f"old{n}", title=f"<b>Old {n}</b>") for n in range(500)]
    monkeypatch.setattr(
        hub.jobs, "list", lambda most, first=0, which=None: every[first : first + most]
    )
    monkeypatch.setattr(hub.jobs, "count", lambda which=None: len(every))
    rows = rows_of(open_page("operations", rows="true"))
    assert [row["title"] for row in rows] == [f"<b>Old {n}</b>" for n in range(50)]
    assert not any(row["cells"] for row in rows)
    opened = rows_of(open_page("operations", rows="true", page="10", job=done_job.id))
    assert (opened[0]["title"], len(opened)) == ("Three *pictures*", 51) and opened[0]["cells"]
    app = open_page("operations", rows="true", page="3")
    above, below = app.get("pagination")
    assert (above.proto.value, below.proto.value) == (3, 3)
    app = open_page("submit")  # any page's header names those that it does not list
    (older,) = (name for name in app.selectbox(key="header_go").options if "older" in name)
    assert older.startswith("300 older")


def test_a_batch_is_found_by_its_name_and_archived(
    open_page: Open, hub: Hub, old_job: Job, done_job: Job
) -> None:
    hub.jobs.deletion.archive(old_job.id, True)
    assert old_job.id not in {row["id"] for row in rows_of(open_page("operations"))}
    (row,) = rows_of(open_page("operations", show="Archived"))
    assert row["id"] == old_job.id
    rows = rows_of(open_page("operations", find="three PICTURES"))
    assert done_job.id in {row["id"] for row in rows}
    assert all("Three" in row["title"] for row in rows)
    app = open_page("operations", find="no such name")
    assert rows_of(app) == [] and any("No batch is like that" in c.value for c in app.caption)


def test_all_that_a_search_found_are_archived_at_once(
    open_page: Open, hub: Hub, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [replace(done_job, id=f"old{n}") for n in range(620)]
    monkeypatch.setattr(hub.jobs, "list", lambda most=100, *_, **__: every[:most])
    monkeypatch.setattr(hub.jobs, "count", lambda which=None: len(every))
    asked = list[Any]()

    def archive_found(*search: Any) -> Archived:
        asked.append(search)
        ids = tuple(job.id for job in every[:615])
        return Archived(ids, search[1], running=("*Going*",), others=("A", "B", "C", "D"))

    monkeypatch.setattr(hub.jobs.deletion, "archive_found", archive_found)
    app = open_page("operations", find="old", rows="true")
    assert any(text.value == "620 batches" for text in app.caption)
    app.button(key="archive_found_now").click().run()
    assert not app.exception and asked == [(Search("old", Show.ALL), True)]
    (said,) = [toast.value for toast in app.toast]
    assert said == (
        "615 archived; left 1 not over yet: “\\*Going\\*”; "
        "left 4 of others: “A”, “B”, “C” and 1 more."
    )
    app = open_page("operations", find="old", show="Archived")
    app.button(key="archive_found_now").click().run()
    assert not app.exception and asked[1:] == [(Search("old", Show.ARCHIVED), False)]


def test_what_was_archived_at_once_is_brought_back_by_one_press(
    open_page: Open, hub: Hub, old_job: Job, done_job: Job
) -> None:
    both = {old_job.id, done_job.id}
    app = open_page("operations", show="Finished")
    assert both <= {row["id"] for row in rows_of(app)}
    assert not any(button.key == "undo_archive" for button in app.button)
    app.button(key="archive_found_now").click().run()
    count = hub.jobs.count(Search(show=Show.ARCHIVED))
    assert rows_of(app) == [] and any(c.value == f"{count} batches archived." for c in app.caption)
    hub.jobs.deletion.archive(done_job.id, False)
    app.button(key="undo_archive").click().run()
    assert not app.exception and both <= {row["id"] for row in rows_of(app)}
    (said,) = [toast.value for toast in app.toast]
    verb = "batch is" if count == 2 else "batches are"
    left = f"1 of the {count} was changed since, and left."
    assert said == f"{count - 1} {verb} back in the list; {left}"
    assert not any(button.key == "undo_archive" for button in app.button)


def test_deleting_says_what_goes_and_can_be_undone(open_page: Open, hub: Hub, old_job: Job) -> None:
    app = open_page("operations")
    app.session_state["operations_dialog"] = ("delete", old_job.id)
    app.run()
    app = until_shown(app, "checkbox")
    text = " ".join(m.value for m in app.markdown)
    assert "- 1 uploaded file, " in text and "- 2 files of results, " in text
    assert "your own pictures" in text
    assert any("of the disk are free" in c.value for c in app.caption)
    app.button(key=f"do_delete_forever_{old_job.id}").click().run()
    assert not app.exception
    assert [job.id for job in hub.jobs.deletion.list()] == [old_job.id]
    app = open_page("operations", show="Deleted")
    assert any("tomorrow " in c.value and "can be undone" in c.value for c in app.caption)
    app.button(key=f"restore_{old_job.id}").click().run()
    assert any(toast.value.endswith("is back, as it was.") for toast in app.toast)
    assert not app.exception and hub.jobs.get(old_job.id).title == old_job.title


def test_kiosk_shows_one_batch_large(open_page: Open, done_job: Job) -> None:
    app = open_page("operations", kiosk="1", job=done_job.id)
    (row,) = rows_of(app)
    assert row["id"] == done_job.id and not row["open"]
    assert not app.text_input  # nothing to type on a wall


def test_a_batch_is_sent_again_like_another(open_page: Open, done_job: Job) -> None:
    app = open_page("submit", like=done_job.id)
    assert app.session_state["job_title"] == done_job.title
    assert set(app.session_state["feature"]) == {"Labels", "Image properties", "Safe search"}
    assert app.session_state["preset"] == "Quick look"
    assert app.session_state["source_list"].count("gs://") == 3
    assert "like" not in app.query_params
    assert any("10 results · 2 pictures a shard" in box.label for box in app.expander)


def test_a_link_to_send_again_a_batch_that_is_gone_says_so(open_page: Open) -> None:
    app = open_page("submit", like="nothing-of-the-kind")
    assert any("no such job" in error.value for error in app.error)
