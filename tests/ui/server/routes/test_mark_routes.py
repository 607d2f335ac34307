"""The address that marks pictures: by place in a view, for those who may, with plain faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from starlette.applications import Starlette

from core.app.batches.batch_marks import BatchMarks
from core.app.gallery_cells import GalleryCells
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.marks import Marks
from core.results.export.sheets import sheet
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.ui.server.routes import gallery_routes
from tests.kit.results.gallery_store import store_of
from tests.kit.web.routes import Send, sending

URIS = [f"gs://b/{name}.jpg" for name in "abcd"]
PREFIX = "gs://b/"


class Rig:
    """A gallery of four pictures, shown backwards, with a ledger of its own."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = store_of(*[dict[str, object](context={"uri": uri}) for uri in URIS])
        self.cells = GalleryCells(folder, SimpleNamespace)
        self.ledger = Ledger(f"sqlite:///{folder}/ledger.db")
        self.view = self.cells.register(self.store, [3, 2, 1, 0], batch=(PREFIX, ""))
        self.hub = SimpleNamespace(
            gallery=self.cells,
            visitor=ALONE,
            may_see=lambda _: True,
        )
        self.marks_of(ALONE)
        self.send: Send = sending(Starlette(routes=gallery_routes.routes()))

    def marks_of(self, visitor: Visitor) -> None:
        """Let somebody else ask."""
        marks = Marks(self.ledger, visitor)
        self.hub.batch_marks = lambda store, prefix, job_id: BatchMarks(
            marks, prefix, job_id, store, lambda _: {}
        )

    def ask(self, body: Any, view: str = "", token: str = "") -> tuple[int, Any]:
        address = f"/gallery/{token or self.cells.token()}/mark/{view or self.view}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.send("POST", address, raw)
        return answer.status, json.loads(answer.body or b"null")

    def marks(self) -> dict[int, str]:
        return {n: said.value for n, said in self.store.marks.marks.items()}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    with mock.patch.object(gallery_routes, "_hub", lambda _: made.hub):
        yield made
    made.ledger.close()


def test_places_of_the_view_are_marked_noted_and_undone(rig: Rig) -> None:
    assert rig.ask({"places": [0, 1], "mark": "flag"}) == (
        200,
        {"said": {"0": {"mark": "flag", "said": ""}, "1": {"mark": "flag", "said": ""}}},
    )
    assert rig.marks() == {3: "flag", 2: "flag"}
    assert rig.ask({"place": 0, "note": "a <b>note</b>"})[1]["said"]["0"] == {
        "mark": "flag",
        "said": "a <b>note</b>",
    }
    cell = rig.cells.cells(rig.view, 0)[0]
    assert (cell["mark"], cell["said"]) == ("flag", "a <b>note</b>")
    assert rig.ask({"undo": True})[1]["said"]["0"]["said"] == ""
    assert rig.ask({"places": None, "mark": ""})[0] == 200
    assert rig.marks() == {}


def test_filters_and_exports_know_them(rig: Rig) -> None:
    rig.ask({"places": [3], "mark": "keep"})
    rig.ask({"places": [2], "mark": "reject"})
    rig.ask({"place": 1, "note": "=1+1"})
    passing = {mark: rig.store.ids(Filters(marks=(mark,))) for mark in ("keep", "none", "note")}
    assert passing == {"keep": [0], "none": [2, 3], "note": [2]}
    assert rig.store.ids(Filters(marks=("keep", "reject"))) == [0, 1]
    rig.ask({"places": [0], "mark": "keep"})
    assert rig.store.ids(Filters(marks=("keep",))) == [0, 3]  # not what was kept from before
    rows = sheet(Selection(rig.store, Filters.empty()), "pictures")
    assert rows["mark"].tolist() == ["keep", "reject", "", "keep"]
    assert rows["note"].tolist() == ["", "", "=1+1", ""]
    assert rows["marked_at"].str.startswith("20").tolist() == [True] * 4


def test_marks_outlive_a_new_annotation(rig: Rig) -> None:
    rig.ask({"places": [0], "mark": "keep"})  # the last picture
    anew = store_of(*[dict[str, object](context={"uri": uri}) for uri in reversed(URIS)])
    rig.hub.batch_marks(anew, PREFIX, "").refresh()
    assert {n: said.value for n, said in anew.marks.marks.items()} == {0: "keep"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"[" * 100_000, {}, {"mark": "keep", "places": "all"},
        {"mark": "keep", "places": ["0"]}, {"mark": "keep", "places": [True]}, {"mark": 3},
        {"note": "x"}, {"note": "x", "place": "0"}, {"undo": "yes"},
    ],
)  # fmt: skip
def test_junk_changes_nothing(rig: Rig, body: Any) -> None:
    assert rig.ask(body)[0] in (400, 404)
    assert rig.marks() == {}


def test_faults_are_said(rig: Rig) -> None:
    status, body = rig.ask({"places": [0], "mark": "maybe"})
    assert status == 422 and "no such mark" in body["fault"]
    assert rig.ask({"undo": True})[0] == 422
    assert rig.ask({"places": [99, -1], "mark": "keep"}) == (200, {"said": {}})
    assert rig.ask(b"x" * 1_100_000)[0] == 413


def test_who_may_not_changes_nothing(rig: Rig) -> None:
    assert rig.ask({"places": [0], "mark": "keep"}, token="x" * 64)[0] == 404
    assert rig.ask({"places": [0], "mark": "keep"}, view="x" * 24)[0] == 410
    other = rig.cells.register(rig.store, [0])  # of no batch
    assert rig.ask({"places": [0], "mark": "keep"}, view=other)[0] == 410
    rig.hub.may_see = lambda _: False
    assert rig.ask({"places": [0], "mark": "keep"})[0] == 410
    rig.hub.may_see = lambda _: True
    rig.marks_of(Visitor(read_only=True))
    status, body = rig.ask({"places": [0], "mark": "keep"})
    assert status == 403 and "read-only demo" in body["fault"]
    assert rig.marks() == {}
