"""Explore's tab of documents: which there are, page by page, with the text and what is missing."""

from __future__ import annotations

import msgspec
import pytest

from core.app.hub import Hub
from tests.kit.pictures.documents import drawn_pdf
from tests.kit.pictures.text_pages import response, row
from tests.kit.web.pages import HOSTILE, MARKUP, Open

PREFIX = "gs://contact-sheet/read/"
SCAN, NOTE = f"{PREFIX}in/scan.pdf", f"{PREFIX}in/note.png"
SIZE = (400, 300)


@pytest.fixture(scope="module")
def read(hub: Hub) -> str:
    """A scan of two pages, of which the second failed, a picture with text and one without."""
    from PIL import Image

    hub.connection().buckets.write(
        SCAN, drawn_pdf([Image.new("L", SIZE, 255)] * 2), "application/pdf"
    )
    failed = {"context": {"uri": SCAN, "pageNumber": 2}, "error": {"code": 3, "message": "Bad."}}
    answers = [
        response(SCAN, [row(["First", "page"], 20, 30)], SIZE, 1),
        failed,
        response(NOTE, [row(HOSTILE.split(), 20, 30)], SIZE),
        {"context": {"uri": f"{PREFIX}in/sky.png"}},
    ]
    shard = msgspec.json.encode({"responses": answers})
    hub.connection().buckets.write(f"{PREFIX}out/output-1-to-4.json", shard, "application/json")
    return f"{PREFIX}out/"


def test_the_first_file_is_open_at_its_first_page(open_page: Open, read: str) -> None:
    app = open_page("explore", prefix=read, tab="Documents", until="dataframe")
    choice = app.selectbox(key="document_choice")
    assert (choice.value, choice.options) == ("scan.pdf", ["note.png", "scan.pdf"])
    frame = next(d.value for d in app.dataframe if "languages" in d.value)
    assert frame[["document", "pages", "words"]].to_numpy().tolist() == [
        ["note.png", 1, 6], ["scan.pdf", 2, 2]
    ]  # fmt: skip
    captions = [caption.value for caption in app.caption]
    assert any("2 words" in text and "confidence 90" in text for text in captions)
    # The local engine answers files whatever is asked.
    assert not any("with their text alone" in text for text in captions)
    assert any("Page **1** of 2" in text.value for text in app.markdown)
    assert app.button(key="document_Left").disabled
    app.button(key="document_Right").click().run()
    assert (app.query_params["docpage"], app.query_params["document"]) == ("2", SCAN)
    assert "It was not annotated" in str([error.value for error in app.error])


def test_another_document_is_chosen_by_name_and_hostile_text_stays_text(
    open_page: Open, read: str
) -> None:
    app = open_page("explore", prefix=read, tab="Documents", document=SCAN, until="dataframe")
    app.selectbox(key="document_choice").select("note.png").run()
    assert app.query_params["document"] == NOTE
    assert any("6 words" in caption.value for caption in app.caption)
    assert not any(MARKUP.search(text.value) for text in (*app.markdown, *app.caption))


def test_a_text_is_made_in_the_background_and_offered(open_page: Open, read: str) -> None:
    app = open_page("explore", prefix=read, tab="Documents", document=SCAN, until="dataframe",
                    opened=["document_download"])  # fmt: skip
    app.selectbox(key="document_format").select("txt").run()
    app.button(key="make_text_document").click().run()
    for _ in range(200):
        links = [h for h in app.get("html") if "scan.pdf.txt" in h.proto.body]
        if links:
            break
        app.run()
    assert "/made/" in links[0].proto.body
    assert any("page 2" in text.value and "Left out" in text.value for text in app.markdown)


def test_of_very_many_documents_the_first_are_listed_and_the_one_a_link_names(
    open_page: Open, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.explore.tabs.documents_tab.MOST_LISTED", 1)
    app = open_page("explore", prefix=read, tab="Documents", document=SCAN, until="dataframe")
    choice = app.selectbox(key="document_choice")
    assert (choice.value, choice.options) == ("scan.pdf", ["scan.pdf"])
    assert any("Page **1** of 2" in text.value for text in app.markdown)
    captions = [caption.value for caption in app.caption]
    assert "The first 1 of 2; the file has all of them." in captions
    assert "Filters and the search bring others into the list." in captions
