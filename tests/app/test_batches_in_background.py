"""What a row of Operations shows of a batch while it runs, and the data of a deleted one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from core.app.batches.cleaning import Cleaning, disk_use
from core.app.batches.live_rows import LiveRows
from core.app.tasks import Tasks
from core.errors import BucketDenied
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job, OperationState
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.ledger.schema import ERROR, GOOD, pictures
from core.jobs.sending.planning import job_values
from core.results.pictures.thumbnails import Thumbnails, place
from core.results.tables.cache import ResultsCache
from tests.kit.pictures.fake_buckets import FakeBuckets, jpeg
from tests.kit.waiting import wait_until

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PREFIX = "gs://b/contact-sheet/j1/"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", tmp_path)


def put(ledger: Ledger, count: int, **values: Any) -> Job:
    """A job of so many pictures of files, of which nothing is known yet."""
    rows = [PictureRow(n, f"in/{n}.jpg", "", f"/in/{n}.jpg", False) for n in range(1, count + 1)]
    job = {**job_values("j1", "draft", NOW, PREFIX, "local"), "title": "T", "source": ""}
    job |= {"request": BatchRequest(("LABEL_DETECTION",)).to_json(), "pictures": count}
    planned = NewOperation(1, 1, f"{PREFIX}try-1/part-0001/", 20, range(1, count + 1))
    assert ledger.add_job({**job, **values}, rows, [planned])
    return cast(Job, ledger.job("j1"))


def answer(ledger: Ledger, positions: list[int], value: int) -> None:
    with ledger.writing() as db:
        mine = pictures.c.position.in_(positions)
        uri = PREFIX + "pictures/" + pictures.c.name
        db.execute(sa.update(pictures).where(mine).values(answer=value, uri=uri))


def test_cells_stand_for_equal_shares_and_fill_as_answers_come(ledger: Ledger) -> None:
    job = put(ledger, 100)
    rows = LiveRows(ledger)
    cells = rows.cells(job, 20)
    assert [cell.name for cell in cells] == [f"in/{n}.jpg" for n in range(1, 101, 5)]
    assert {cell.state for cell in cells} == {"waiting"}
    assert cells[0].path == Path("/in/1.jpg")
    answer(ledger, list(range(1, 51)), GOOD)
    operation = replace(job.operations[0], pictures_done=50)
    cells = rows.cells(replace(job, operations=(operation,)), 20)
    assert [cell.state for cell in cells] == ["done"] * 10 + ["waiting"] * 10
    assert cells[0].uri and cells[0].path is None


def running(job: Job, done: int) -> Job:
    """Its operation was sent, and so many of its pictures are answered."""
    operation = replace(job.operations[0], state=OperationState.RUNNING, pictures_done=done)
    return replace(job, operations=(operation,))


def test_what_the_next_shard_answers_is_in_work(ledger: Ledger) -> None:
    job = put(ledger, 100)
    assert {cell.state for cell in LiveRows(ledger).cells(job, 20)} == {"waiting"}  # not sent
    # Shards are of 20: the first is there, and the third, which came before the second.
    answer(ledger, [*range(1, 21), *range(41, 61)], GOOD)
    states = [cell.state for cell in LiveRows(ledger).cells(running(job, 40), 20)]
    assert states == ["done"] * 4 + ["working"] * 4 + ["done"] * 4 + ["waiting"] * 8
    assert [cell.state for cell in LiveRows(ledger).cells(running(job, 40), 5)] == [
        "done", "working", "done", "waiting", "waiting",
    ]  # fmt: skip
    answer(ledger, [21, 22, 23], GOOD)  # the rest of that cell's share is in work
    assert LiveRows(ledger).cells(running(job, 43), 20)[4].state == "working"
    answer(ledger, list(range(1, 101)), GOOD)
    assert {cell.state for cell in LiveRows(ledger).cells(running(job, 100), 20)} == {"done"}


def test_failed_pictures_are_among_the_cells(ledger: Ledger) -> None:
    job = put(ledger, 100)
    answer(ledger, list(range(1, 101)), GOOD)
    answer(ledger, [8, 93], ERROR)
    operation = replace(job.operations[0], pictures_done=100, errors=2)
    cells = LiveRows(ledger).cells(replace(job, operations=(operation,)), 20)
    assert [cell.name for cell in cells if cell.state == "failed"] == ["in/8.jpg", "in/93.jpg"]
    assert len(cells) == 20


def test_a_small_batch_shows_all_of_it(ledger: Ledger) -> None:
    assert len(LiveRows(ledger).cells(put(ledger, 3), 20)) == 3


def test_the_rate_is_that_of_the_last_minute(ledger: Ledger) -> None:
    now = [1_000.0]
    rows = LiveRows(ledger, lambda: now[0])
    assert rows.rates("j1") == []
    for step in range(60):  # two a second, then nothing
        rows.note("j1", min(4 * step, 160))
        now[0] += 2.0
    rates = rows.rates("j1")
    assert len(rates) == 21 and rates[-1] == 0.0
    assert rates[0] == pytest.approx(2.0, abs=0.5)
    assert min(rates) >= 0


def test_the_rate_does_not_climb_for_having_been_watched_a_short_time(ledger: Ledger) -> None:
    now = [1_000.0]
    rows = LiveRows(ledger, lambda: now[0])
    for second in range(13):  # two a second from the start
        rows.note("j1", 2 * second)
        now[0] += 1.0
    assert rows.rates("j1") == pytest.approx([2.0] * 4, abs=0.4)


class _Jobs:
    """Deleted jobs, as the runner tells of them."""

    def __init__(self, job: Job, fault: BucketDenied | None = None) -> None:
        self.job, self.fault, self.removed = job, fault, list[str]()

    def to_remove(self) -> list[str]:
        return [] if self.removed else [self.job.id]

    def remove(self, job_id: str, home: Path, clear: Any) -> None:
        clear(self.job, [("gs://b/1.jpg", 0)])
        if self.fault is not None:
            raise self.fault
        self.removed.append(job_id)


def test_what_was_made_of_a_deleted_batch_goes(ledger: Ledger, tmp_path: Path) -> None:
    buckets = FakeBuckets(**{f"gs://b/{n}.jpg": jpeg(40, 30) for n in (1, 2)})
    thumbnails = Thumbnails(tmp_path / "thumbnails", lambda: cast(Any, buckets))
    for n in (1, 2):
        thumbnails.jpeg(f"gs://b/{n}.jpg")
    cache = ResultsCache(tmp_path / "results-cache")
    (cache.home(PREFIX) / "part").mkdir(parents=True)
    (cache.home("gs://b/other/") / "part").mkdir(parents=True)
    stores = Tasks()
    task = stores.start(f"{PREFIX} batch", lambda _: 1)
    jobs = _Jobs(put(ledger, 2))
    Cleaning(cast(Any, jobs), tmp_path, thumbnails, stores).remove("j1")
    assert jobs.removed == ["j1"]
    left = [path.name[:20] for path in (tmp_path / "thumbnails").iterdir()]
    assert left == [place("gs://b/2.jpg", 0)]
    assert not cache.home(PREFIX).exists() and cache.home("gs://b/other/").exists()
    assert stores.start(f"{PREFIX} batch", lambda _: 2) is not task


def test_what_cannot_be_removed_is_said_and_tried_again(ledger: Ledger, tmp_path: Path) -> None:
    jobs = _Jobs(put(ledger, 1), BucketDenied("The account may not delete", where="gs://b"))
    now = [0.0]
    thumbnails = Thumbnails(tmp_path / "thumbnails", lambda: cast(Any, FakeBuckets()))
    cleaning = Cleaning(cast(Any, jobs), tmp_path, thumbnails, Tasks(), lambda: now[0])
    cleaning.round()
    wait_until(lambda: cleaning.trouble("j1") is not None, "the fault is noted")
    assert "may not delete" in str(cleaning.trouble("j1"))
    jobs.fault = None
    now[0] += timedelta(minutes=5).total_seconds()

    def tried_again() -> bool:
        cleaning.round()
        return jobs.removed == ["j1"]

    wait_until(tried_again, "it is tried again")
    wait_until(lambda: cleaning.trouble("j1") is None, "nothing is wrong any more")


def test_disk_use(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 100_000)
    used, free = disk_use(tmp_path)
    assert 100_000 <= used < 1_000_000 and free > 0
