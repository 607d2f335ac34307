"""Marks and notes: only ever added to, the last one counts, everybody takes back their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.errors import NotAllowed, RequestError
from core.jobs.ledger import marks as module
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.marks import MARK, MOST_NOTE, NOTE, Marks, Taken
from core.results import vocabulary
from tests.kit.services.ledger import add

pytestmark = pytest.mark.both_ledgers

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ADA, BOB = Visitor("https://id.example ada", "Ada"), Visitor("https://id.example bob", "Bob")
HOSTILE = "<img src=x onerror=alert(1)> '); DROP TABLE marks; \x00\ud800"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def marks(ledger: Ledger) -> Marks:
    return Marks(ledger, ADA, lambda: NOW)


def now(marks: Marks, batch: str = "j") -> dict[str, str]:
    """Mark or note by picture, as they are after all that was said."""
    last: dict[tuple[str, str], str] = {}
    for said in marks.since(batch)[1]:
        last[said.picture, said.kind] = said.value
    return {f"{kind} {picture}": value for (picture, kind), value in last.items() if value}


def test_the_same_marks_for_jobs_and_results() -> None:
    assert module.MARKS == vocabulary.MARKS


def test_nothing_was_said(marks: Marks) -> None:
    assert marks.since("j") == (0, []) and marks.take_back("j") == Taken((), 0)


def test_marks_are_of_one_batch_and_say_who_and_when(marks: Marks) -> None:
    marks.mark("j", ["a", "b"], "keep")
    marks.mark("other", ["a"], "reject")
    version, said = marks.since("j")
    assert [(s.picture, s.kind, s.value, s.name, s.at) for s in said] == [
        ("a", MARK, "keep", "Ada", NOW),
        ("b", MARK, "keep", "Ada", NOW),
    ]
    assert marks.since("j", version) == (version, [])


def test_the_last_counts_and_all_stays_written(marks: Marks) -> None:
    for mark in ("keep", "flag", ""):
        marks.mark("j", ["a"], mark)
    assert now(marks) == {} and [s.value for s in marks.since("j")[1]] == ["keep", "flag", ""]


def test_kept_over_a_restart(marks: Marks, ledger_url: str) -> None:
    marks.mark("j", ["a"], "flag")
    again = Ledger(ledger_url)
    assert now(Marks(again)) == {"mark a": "flag"}
    again.close()


def test_a_note_is_one_line_and_may_say_anything(marks: Marks) -> None:
    marks.note("j", "a", f"  two\n lines {HOSTILE}")
    (note,) = [s for s in marks.since("j")[1] if s.kind == NOTE]
    assert note.value.startswith("two lines <img") and "\n" not in note.value
    with pytest.raises(RequestError, match="characters"):
        marks.note("j", "a", "x" * (MOST_NOTE + 1))


def test_taking_back_goes_step_by_step(marks: Marks) -> None:
    marks.mark("j", ["a", "b"], "keep")
    marks.mark("j", ["b"], "reject")
    marks.note("j", "a", "sharp")
    assert marks.take_back("j").restored == ("a",)
    assert now(marks) == {"mark a": "keep", "mark b": "reject"}
    assert marks.take_back("j").restored == ("b",)
    assert now(marks) == {"mark a": "keep", "mark b": "keep"}
    assert set(marks.take_back("j").restored) == {"a", "b"}
    assert now(marks) == {} and marks.take_back("j") == Taken((), 0)


def test_what_another_changed_since_stays(marks: Marks) -> None:
    bob = marks.seen_by(BOB)
    marks.mark("j", ["a"], "flag")
    marks.mark("j", ["b", "c"], "keep")
    bob.mark("j", ["b"], "reject")
    taken = marks.take_back("j")
    assert (taken.restored, taken.changed_since) == (("c",), 1)
    assert now(marks) == {"mark a": "flag", "mark b": "reject"}
    bob.mark("j", ["a"], "keep")
    assert marks.take_back("j").restored == ()  # all of it was changed by Bob
    assert marks.take_back("j") == Taken((), 0) and bob.take_back("j").restored == ("a",)


def test_the_demo_changes_nothing(ledger: Ledger) -> None:
    guest = Marks(ledger, Visitor(read_only=True))
    assert not guest.writable
    for change in (
        lambda: guest.mark("j", ["a"], "keep"),
        lambda: guest.note("j", "a", "x"),
        lambda: guest.take_back("j"),
    ):
        with pytest.raises(NotAllowed):
            change()


@pytest.mark.parametrize("mark", ["Keep", "none", "x" * 1000, HOSTILE])
def test_no_such_mark(marks: Marks, mark: str) -> None:
    with pytest.raises(RequestError, match="no such mark"):
        marks.mark("j", ["a"], mark)


def test_many_at_once(marks: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    marks.mark("j", [str(n) for n in range(12_000)], "keep")
    assert len(now(marks)) == 12_000
    monkeypatch.setattr(module, "MOST_AT_ONCE", 10)
    with pytest.raises(RequestError, match="too many"):
        marks.mark("j", [str(n) for n in range(11)], "keep")


def test_a_forgotten_job_takes_its_marks_along(marks: Marks, ledger: Ledger) -> None:
    add(ledger, "j")
    add(ledger, "k", "d2")
    marks.mark("j", ["a"], "keep")
    marks.mark("k", ["a"], "keep")
    ledger.forget("j")
    assert (now(marks, "j"), now(marks, "k")) == ({}, {"mark a": "keep"})
