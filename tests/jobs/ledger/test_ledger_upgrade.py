"""A ledger of an earlier version opens, keeps its jobs, and can do all that a new one can."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import JobState
from core.jobs.ledger.schema import VERSION, tables

# As the first version made them; only what a job of two pictures needs is in them.
FIRST = """
CREATE TABLE contact_sheet (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE jobs (id VARCHAR(40) NOT NULL, draft_id VARCHAR(400) NOT NULL, title TEXT NOT NULL,
  created_at DOUBLE NOT NULL, prefix VARCHAR(1200) NOT NULL, backend VARCHAR(200) NOT NULL,
  request TEXT NOT NULL, source TEXT NOT NULL, attempt INTEGER NOT NULL, pictures INTEGER NOT NULL,
  uploads INTEGER NOT NULL, uploaded INTEGER NOT NULL, lost INTEGER NOT NULL,
  cancelled BOOLEAN NOT NULL, fault TEXT NOT NULL, retry_at DOUBLE,
  PRIMARY KEY (id), UNIQUE (draft_id));
CREATE INDEX ix_jobs_created_at ON jobs (created_at);
CREATE TABLE pictures (job_id VARCHAR(40) NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
  uri VARCHAR(1200) NOT NULL, path TEXT NOT NULL, spooled BOOLEAN NOT NULL, fault TEXT NOT NULL,
  PRIMARY KEY (job_id, position));
CREATE TABLE operations (id INTEGER NOT NULL, job_id VARCHAR(40) NOT NULL, attempt INTEGER NOT NULL,
  part INTEGER NOT NULL, prefix VARCHAR(1200) NOT NULL, pictures INTEGER NOT NULL,
  batch_size INTEGER NOT NULL, state VARCHAR(20) NOT NULL, name VARCHAR(300) NOT NULL,
  sender VARCHAR(200) NOT NULL, service_state VARCHAR(20) NOT NULL, error TEXT NOT NULL,
  cancel VARCHAR(20) NOT NULL, sending_at DOUBLE, sent_at DOUBLE, ended_at DOUBLE,
  shards_done INTEGER NOT NULL, pictures_done INTEGER NOT NULL, errors INTEGER NOT NULL,
  progress_at DOUBLE, PRIMARY KEY (id), UNIQUE (job_id, attempt, part));
CREATE TABLE entries (operation_id INTEGER NOT NULL, number INTEGER NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (operation_id, number));
INSERT INTO contact_sheet VALUES (1);
INSERT INTO jobs VALUES ('old', 'd', 'An old job', 1763985600.0, 'gs://b/old/', 'local',
  '{"features": ["LABEL_DETECTION"], "batch_size": 20}', 'a folder', 1, 2, 0, 0, 0, 0, '', NULL);
INSERT INTO pictures VALUES ('old', 1, '1.jpg', 'gs://b/1.jpg', '', 0, ''),
  ('old', 2, '2.jpg', 'gs://b/2.jpg', '', 0, '');
INSERT INTO operations VALUES (1, 'old', 1, 1, 'gs://b/old/try-1/part-0001/', 2, 20, 'SUCCEEDED',
  'projects/p/operations/1', '', 'DONE', '', '', 1763985601.0, 1763985601.0, 1763985660.0,
  1, 2, 0, 1763985660.0);
INSERT INTO entries VALUES (1, 1, 1), (1, 2, 2);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path)
    db.executescript(FIRST)
    db.close()
    return path


def columns(path: Path) -> dict[str, list[str]]:
    with sqlite3.connect(path) as db:
        return {
            name: sorted(row[1] for row in db.execute(f"PRAGMA table_info({name})"))
            for name in tables.tables
        }


def test_old_ledger_keeps_its_jobs(old: Path) -> None:
    for _ in range(2):  # the second time there is nothing left to do
        ledger = Ledger(f"sqlite:///{old}")
        (job,) = ledger.jobs()
        assert (job.id, job.title, job.state) == ("old", "An old job", JobState.SUCCEEDED)
        assert job.created_at == datetime(2025, 11, 24, 12, tzinfo=UTC)
        assert ledger.uris(job.operations[0].id) == ["gs://b/1.jpg", "gs://b/2.jpg"]
        ledger.close()
    with sqlite3.connect(old) as db:
        assert db.execute("SELECT version FROM contact_sheet").fetchall() == [(VERSION,)]


def test_upgraded_ledger_has_what_a_new_one_has(old: Path, tmp_path: Path) -> None:
    Ledger(f"sqlite:///{old}").close()
    new = tmp_path / "new.sqlite3"
    Ledger(f"sqlite:///{new}").close()
    assert columns(old) == columns(new)
    assert columns(new) == {t.name: sorted(c.name for c in t.columns) for t in tables.sorted_tables}
    with sqlite3.connect(old) as db:
        indexes = {
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='index'")
        }
    assert {index.name for table in tables.sorted_tables for index in table.indexes} <= indexes


def test_two_processes_may_upgrade_at_once(old: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(lambda _: Ledger(f"sqlite:///{old}"), range(8)))
    for ledger in ledgers:
        assert [job.id for job in ledger.jobs()] == ["old"]
        ledger.close()


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    with ThreadPoolExecutor(8) as pool:
        ledgers = list(pool.map(lambda _: Ledger(url), range(8)))
    for ledger in ledgers:
        assert ledger.jobs() == []
        ledger.close()


def test_own_files_of_a_home_that_has_moved_are_found(old: Path, tmp_path: Path) -> None:
    files = {
        3: ("/srv/was/uploads/draft/1-a.png", True, "uploads/draft/1-a.png"),
        4: ("/srv/was/samples/b.png", False, "samples/b.png"),
        5: ("/srv/was/own folder/c.png", False, "/srv/was/own folder/c.png"),
        6: ("/mnt/samples/d.png", False, "/mnt/samples/d.png"),
        7: (f"{tmp_path}/samples/e.png", False, "samples/e.png"),
        8: ("/uploads/f.png", True, "/uploads/f.png"),  # no folder of a draft
    }
    with sqlite3.connect(old) as db:
        db.execute("UPDATE jobs SET uploads = 6")
        for position, (path, spooled, _) in files.items():
            row = ("old", position, "x.png", "", path, spooled, "")
            db.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    for _ in range(2):
        ledger = Ledger(f"sqlite:///{old}", tmp_path)
        paths = {row.position: row.path for row in ledger.to_upload("old")}
        ledger.close()
        assert paths == {at: str(tmp_path / place) for at, (_, _, place) in files.items()}
    with sqlite3.connect(old) as db:
        stored_paths = dict(
            db.execute("SELECT position, path FROM pictures WHERE path != ''").fetchall()
        )
    assert stored_paths == {at: place for at, (_, _, place) in files.items()}
