"""The page Gallery: what is listed, adding from a picture of a batch, removing, who may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont

from core.app.hub import Hub
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.records import Job
from tests.kit.web.pages import GUEST, HOSTILE, MARKUP, Be, Open

ADA = Visitor("https://id.example ada", HOSTILE)


@pytest.fixture
def badge() -> Image.Image:
    made = Image.new("RGB", (260, 200), "white")
    ImageDraw.Draw(made).text((20, 70), "Acme", fill="navy", font=ImageFont.load_default(80))
    return made


@pytest.fixture(autouse=True)
def emptied(hub: Hub) -> Iterator[None]:
    yield
    assert hub.galleries is not None
    for kind in ("logos", "landmarks"):
        for entry in hub.galleries.entries(kind):
            hub.galleries.remove(kind, entry.id)


def test_entries_are_listed_and_removed_after_a_question(
    hub: Hub, open_page: Open, badge: Image.Image
) -> None:
    assert hub.galleries is not None
    app = open_page("gallery")
    assert any("No logos yet" in one.value for one in app.markdown)
    hub.galleries.seen_by(ADA).add("logos", HOSTILE, [badge])
    app = open_page("gallery")
    shown = [*(one.value for one in app.markdown), *(one.value for one in app.caption)]
    assert any("added by" in text for text in shown)
    assert not any(MARKUP.search(text) for text in shown)
    next(b for b in app.button if (b.key or "").startswith("gallery_remove_")).click().run()
    assert len(hub.galleries.entries("logos")) == 1  # asked first
    app.button("gallery_remove_now").click().run()
    assert not app.exception and hub.galleries.entries("logos") == []


def test_a_picture_of_a_batch_becomes_a_landmark(hub: Hub, open_page: Open, done_job: Job) -> None:
    assert hub.galleries is not None
    uri = next(u for u in hub.jobs.names(done_job.id) if u.endswith("coffee.png"))
    app = open_page("gallery", gallery="Landmarks", job=done_job.id, picture=uri)
    for _ in range(100):
        app.run()
        button = next(b for b in app.button if b.label == "Add to the gallery")
        if not button.disabled:
            break
    place = next(one for one in app.text_input if one.label.startswith("Latitude"))
    next(one for one in app.text_input if one.label == "Name").set_value("The cup")
    place.set_value("99, 1")
    button.click().run()
    assert any("no place on Earth" in one.value for one in app.error)
    assert hub.galleries.entries("landmarks") == []
    next(one for one in app.text_input if one.label.startswith("Latitude")).set_value("52.5, 13.4")
    next(b for b in app.button if b.label == "Add to the gallery").click().run()
    (entry,) = hub.galleries.entries("landmarks")
    assert (entry.name, entry.position, len(entry.pictures)) == ("The cup", (52.5, 13.4), 1)
    assert any("next batches look for it" in one.value for one in app.success)


def test_the_demo_looks_and_changes_nothing(
    hub: Hub, open_page: Open, be: Be, badge: Image.Image
) -> None:
    assert hub.galleries is not None
    hub.galleries.add("logos", "Acme", [badge])
    be(GUEST)
    app = open_page("gallery")
    assert not [b for b in app.button if "emove" in b.label or "Add" in b.label]
    assert any("changes nothing" in one.value for one in app.info)


def test_on_google_its_own_galleries_answer(
    hub: Hub, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "galleries", None)
    app = open_page("gallery")
    assert any("Google's own galleries answer" in one.value for one in app.markdown)
    assert not app.text_input
