"""Each tab and Report for only failures, one picture, pages alone, no address, nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from google.cloud import vision
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.app.listings import EVERY_S, Listings
from core.jobs.ledger.records import Job
from core.results.shards.shard_files import find_shards
from core.ui.explore.tabs import tabs
from tests.kit.results.shards import failed, labelled, response, shard_bytes
from tests.kit.waiting import wait_until
from tests.kit.web.pages import Open, count_of


def _page(number: int) -> vision.AnnotateImageResponse:
    answer = response("gs://b/scan.pdf", full_text_annotation={"text": "Hello"})
    answer.context.page_number = number
    return answer


BATCHES = {
    "failures": [failed("gs://b/1.jpg"), failed("gs://b/2.jpg", 3, "Bad image data.")],
    "one": [labelled("gs://b/1.jpg", "Dog")],
    "pages": [_page(1), _page(2)],
    "nameless": [response(""), response("")],
    "none": [],
}
SAID = {
    "failures": "all failed; the tab Quality says why.",
    "one": "Dog (1) leads.",
    "pages": "Found: text (2).",
    "nameless": "nothing was found.",
    "none": "there is no picture in these results.",
}


@pytest.mark.parametrize("batch", BATCHES)
def test_each_tab_and_the_report_say_what_there_is(open_page: Open, hub: Hub, batch: str) -> None:
    prefix = f"gs://contact-sheet/edge-{batch}/"
    answers = BATCHES[batch]
    name = f"{prefix}output-1-to-{max(1, len(answers))}.json"
    hub.connection().buckets.write(name, shard_bytes(answers), "application/json")
    app = open_page("explore", prefix=prefix, until="tab")
    assert SAID[batch] in _texts(app)
    said = {"Sheet": _texts(app)}
    for tab in [tab.label for tab in app.tabs][1:]:
        said[tab] = _texts(open_page("explore", prefix=prefix, tab=tab, until="tab"))
    if batch == "failures":
        assert "Failed" in said["Sheet"]  # in place of charts of what nobody found
        assert "There is no annotated picture to compare." in said["Quality"]
    if batch == "none":
        assert "There is no picture in these results." in said["Sheet"]
        assert "promises 1 picture, and it holds 0" in said["Sheet"]
    report = open_page("report", prefix=prefix, until="markdown")
    assert ("Nothing to report" in _texts(report)) == (batch == "none")


_WORDS = {"full_text_annotation": {"text": "Hello"}, "text_annotations": [
    {"description": "Hello", "locale": "en"}, {"description": "Hello"}
]}  # fmt: skip
_DOG = {"label_annotations": [{"description": "Dog", "score": 0.9}]}


@pytest.mark.parametrize(
    ("answers", "titles"),
    [
        ([_WORDS], ["Languages of the text"]),
        ([_WORDS, {"localized_object_annotations": [{"name": "Hat", "score": 0.9}]}],
         ["Objects", "Languages of the text"]),
        ([_WORDS, _DOG], ["Labels", "Languages of the text"]),
    ],
)  # fmt: skip
def test_the_sheet_counts_what_there_is_instead_of_what_is_missing(
    open_page: Open, hub: Hub, answers: list[dict[str, Any]], titles: list[str]
) -> None:
    prefix = f"gs://contact-sheet/instead-{len(titles)}-{titles[0][:6]}/"
    responses = [response(f"gs://b/{n}.jpg", **one) for n, one in enumerate(answers)]
    name = f"{prefix}output-1-to-{len(answers)}.json"
    hub.connection().buckets.write(name, shard_bytes(responses), "application/json")
    app = open_page("explore", prefix=prefix, until="tab")
    assert [one.value for one in app.subheader] == titles


@pytest.mark.parametrize("runs", [True, False])
def test_tabs_of_a_running_job_have_their_places_before_their_results(
    open_page: Open, done_job: Job, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    asked = {"LABEL_DETECTION", "DOCUMENT_TEXT_DETECTION", "LOGO_DETECTION"}
    monkeypatch.setattr(tabs, "_features", lambda *_: asked)
    monkeypatch.setattr(Job, "settled", not runs)
    app = open_page("explore", job=done_job.id, tab="Text", until="tab")
    names = [tab.label for tab in app.tabs]
    assert [name in names for name in ("Text", "Documents", "Places and web")] == [runs] * 3
    assert "Labels" in names and "Objects and faces" not in names
    assert ("Nothing here yet" in _texts(app)) == runs


def test_no_page_waits_for_a_slow_listing_and_what_it_saw_is_shown_then(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, now, listed = "gs://contact-sheet/slow-listing/", [0.0], threading.Event()
    monkeypatch.setattr(hub, "listings", Listings(lambda: now[0], patience=0.0))
    write = hub.connection().buckets.write
    write(f"{prefix}output-1-to-1.json", shard_bytes([labelled("gs://b/1.jpg", "Dog")]))
    app = open_page("explore", prefix=prefix, until="tab")
    assert count_of(app) == (1, 1)

    write(f"{prefix}output-2-to-2.json", shard_bytes([labelled("gs://b/2.jpg", "Cat")]))

    def slowly(*args: object) -> object:
        assert listed.wait(60)
        return find_shards(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("core.ui.components.stores.find_shards", slowly)
    now[0] = EVERY_S
    app.run()
    assert not app.exception and not listed.is_set() and count_of(app) == (1, 1)
    listed.set()
    wait_until(lambda: count_of(app.run()) == (2, 2), "the new picture is shown")


def _texts(app: AppTest) -> str:
    kinds = ("markdown", "caption", "subheader", "info", "warning")
    said = " ".join(one.value for kind in kinds for one in getattr(app, kind))
    return said.replace("\\", "")
