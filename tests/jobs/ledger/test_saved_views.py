"""Saved views: kept over a restart, named once, everybody's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import NotAllowed, RequestError
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.saved_views import MOST_QUERY, Views

pytestmark = pytest.mark.both_ledgers

HOSTILE = "<img src=x onerror=alert(1)> *x* =1+1 'quoted'; DROP TABLE views"
PARAMS = {"job": "j", "label": "A & B", "text": "=äö?\x00"}


@pytest.fixture
def views(ledger_url: str) -> Iterator[Views]:
    ledger = Ledger(ledger_url)
    yield Views(ledger)
    ledger.close()


def names(views: Views) -> list[str]:
    return [view.name for view in views.list()]


def test_none_at_first(views: Views) -> None:
    assert views.list() == []


def test_kept_over_a_restart_as_it_was(views: Views, ledger_url: str) -> None:
    views.save(HOSTILE, "explore", PARAMS)
    again = Ledger(ledger_url)
    (view,) = Views(again).list()
    again.close()
    assert (view.name, view.page, view.params) == (HOSTILE, "explore", PARAMS)


def test_names_are_unique_and_sorted_as_people_do(views: Views) -> None:
    for name in ("beta", "Alpha", "gamma"):
        views.save(name, "report", {})
    assert names(views) == ["Alpha", "beta", "gamma"]
    with pytest.raises(RequestError, match="There is a view of this name"):
        views.save(" beta\n", "explore", {})
    alpha, beta, _ = views.list()
    with pytest.raises(RequestError, match="There is a view of this name"):
        views.rename(alpha.id, "beta")
    views.rename(alpha.id, "Alpha")  # its own name is no other's
    views.rename(beta.id, "Delta")
    assert names(views) == ["Alpha", "Delta", "gamma"]


@pytest.mark.parametrize("name", ["\U0001f468\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648"])
def test_what_joins_signs_of_a_name_is_a_part_of_it(views: Views, name: str) -> None:
    views.save(f"{name}\u202e", "explore", {})
    assert names(views) == [name]


@pytest.mark.parametrize("name", ["", "  \t", "\u202e\x00", "x" * 81])
def test_names_that_cannot_be_used(views: Views, name: str) -> None:
    with pytest.raises(RequestError, match="needs a name"):
        views.save(name, "explore", {})
    assert views.list() == []


def test_what_is_too_much_or_of_no_page_is_refused(views: Views) -> None:
    with pytest.raises(RequestError):
        views.save("long", "explore", {"text": "x" * MOST_QUERY})
    with pytest.raises(RequestError):
        views.save("odd", "../app", {})
    assert views.list() == []


def test_delete_and_undo(views: Views) -> None:
    views.save("a", "compare", {"left": "1"})
    (view,) = views.list()
    views.delete(view.id)
    views.delete(view.id)  # again, in another window
    assert views.list() == []
    views.save(view.name, view.page, view.params)
    assert [(v.name, v.params) for v in views.list()] == [("a", {"left": "1"})]


def test_everybody_has_their_own(views: Views) -> None:
    ann, bob = views.seen_by(Visitor("idp ann")), views.seen_by(Visitor("idp bob"))
    ann.save("same", "explore", {"job": "1"})
    bob.save("same", "explore", {"job": "2"})
    (anns,) = ann.list()
    bob.delete(anns.id)
    bob.rename(anns.id, "stolen")
    assert [(v.name, v.params["job"]) for v in ann.list()] == [("same", "1")]
    assert views.list() == []


def test_demo_changes_nothing(views: Views) -> None:
    views.save("shown", "explore", {})
    demo = views.seen_by(Visitor(read_only=True))
    (view,) = demo.list()
    with pytest.raises(NotAllowed):
        demo.save("x", "explore", {})
    with pytest.raises(NotAllowed):
        demo.rename(view.id, "x")
    with pytest.raises(NotAllowed):
        demo.delete(view.id)
    assert names(views) == ["shown"]
