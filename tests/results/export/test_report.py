"""The report says what the filters leave, escapes every text, and reads pictures patiently."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest
from google.cloud import vision
from PIL import Image

from core.errors import ObjectNotFound, ResultsError
from core.results.export import report_pdf
from core.results.export.provenance import CostShare, Method, ModelUsed, OperationUsed
from core.results.export.report import ReportOptions, _plotly, build_report, tidy
from core.results.export.report_gallery import HOPELESS, cards, sample
from core.results.pictures.exif_upright import Upright
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from tests.kit.shards import failed, labelled, response, store_of

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'><b>&amp; {{ 7*7 }}"


def picture(*_: object) -> Upright:
    return Upright(Image.new("RGB", (560, 373), "teal"), (900, 600), 1)


def gone(uri: str, *_: object) -> Upright:
    raise ObjectNotFound("There is no such object", where=uri)


def silent(_count: int, _total: int) -> None:
    return None


def made(store: Store, filters: Filters | None = None, method: Method | None = None) -> str:
    chosen = Selection(store, filters or Filters())
    method = method or Method("Job", "gs://b/job/")
    options = ReportOptions("today", pictures=4)
    return build_report(chosen, method, picture, options, silent).decode()


def data_of(html: str) -> dict[str, dict[str, object]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, dict[str, object]] = json.loads(found[1])
    return data


class Tags(HTMLParser):
    """Counts what a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html.replace(_plotly(), ""))  # 5 MB that are not ours

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def test_hostile_text_adds_no_tag_anywhere() -> None:
    calm = made(_everything("calm"), Filters(labels=("calm",)), _told("calm"))
    wild = made(_everything(EVIL), Filters(labels=(EVIL,)), _told(EVIL))
    assert "alert" not in calm
    tags = Tags(wild)
    assert tags.names == Tags(calm).names
    assert tags.names.count("script") == 3
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert "<img src=x" not in wild


def _everything(text: str) -> Store:
    box = {"vertices": [{"x": 1, "y": 1}, {"x": 9, "y": 1}, {"x": 9, "y": 9}]}
    return store_of(
        response(
            f"gs://b/{text.replace('/', '')}.jpg",
            label_annotations=[{"description": text, "score": 0.9}],
            logo_annotations=[{"description": text, "score": 0.9, "bounding_poly": box}],
            text_annotations=[{"description": text, "locale": text}, {"description": "a"}],
            localized_object_annotations=[{"name": text, "score": 0.9}],
            web_detection={"web_entities": [{"description": text, "score": 0.9}]},
        ),
        failed("gs://b/x.jpg", message=text),
        response(
            f"gs://b/2{text.replace('/', '')}.jpg",
            label_annotations=[{"description": text, "score": 0.9}],
            error={"code": 5, "message": text},
        ),
    )


def _told(text: str) -> Method:
    return Method(
        text, text, url=f"javascript:{text}", asked=(("Backend", text),),
        models=(ModelUsed(text, text, text, text, text),),
        cost=(CostShare(text, 1, 1.5, text),), due=0.0, cost_note=text,
        operations=(OperationUsed(text, text, text, 1, 1, 1, 0, text),),
    )  # fmt: skip


def test_only_web_addresses_become_links() -> None:
    store = store_of(labelled("gs://b/a.jpg", "Cat"))
    assert 'href="javascript' not in made(store, method=_told("x"))
    url = "https://sheet.example/explore?job=1&label=Cat"
    html = made(store, method=Method("Job", "gs://b/", url=url))
    assert 'href="https://sheet.example/explore?job=1&amp;label=Cat"' in html


def test_nothing_outside_is_named_in_tags(store: Store) -> None:
    html = made(store)
    for name, value in Tags(html).attributes:
        if name in ("src", "href", "srcset", "action", "poster"):
            assert value is not None and value.startswith("data:")
    assert html.count("plotly.js v") == 1


def test_charts_and_tables_hold_the_store_s_numbers(store: Store) -> None:
    filters = Filters(labels=("Dog",), status="ok")
    html = made(store, filters)
    frame = store.labels(filters, 20, without=None)
    charts = data_of(html)["charts"]
    drawn = charts["labels"]["light"]["data"][0]  # type: ignore[index]
    assert drawn["customdata"] == frame["label"].tolist()
    assert drawn["x"] == frame["pictures"].tolist()
    assert charts["labels"].keys() == {"light", "dark"}  # type: ignore[attr-defined]
    assert f"<td><bdi>{frame['pictures'].tolist()[0]}</bdi></td>" in html
    assert f"{store.count(filters)} of {store.tables.pictures}" in html
    assert "Label Dog" in html


def test_relations_and_map_are_drawn_where_there_are_any(store: Store) -> None:
    html = made(store)
    charts = data_of(html)["charts"]
    pairs, places = store.co_occurrence(Filters(), 20), store.places(Filters())
    for theme in ("light", "dark"):
        squares = charts["relations"][theme]["data"][0]  # type: ignore[index]
        assert squares["customdata"] == pairs[["label", "other"]].to_numpy().tolist()
        land, marks = charts["places"][theme]["data"]  # type: ignore[index]
        assert land["type"] == marks["type"] == "scatter"  # a map of tiles would need a network
        assert marks["customdata"] == places["landmark"].tolist()
    assert f"<td><bdi>{places['latitude'][0]:.3f}</bdi></td>" in html
    assert f"<td><bdi>{pairs['lift'][0]:.3f}</bdi></td>" in html
    assert 'data-chart="places" data-marks="landmarks"' in html
    lonely = data_of(made(store_of(labelled("gs://b/a.jpg", "Cat"))))["charts"]
    assert set(lonely) == {"labels"}


def test_tables_have_no_columns_that_only_a_click_needs(store: Store) -> None:
    html = made(store)
    heads = set(re.findall(r'<th scope="col">([^<]*)</th>', html))
    assert {"hex", "share", "name", "mean score", "lift", "latitude"} <= heads
    assert not heads & {"value", "tolerance", "r", "g", "b"}


def test_sample_is_spread_evenly() -> None:
    assert sample(range(10), 4) == [0, 2, 5, 7]
    assert sample([3, 5], 4) == [3, 5]
    assert sample([], 4) == sample(range(9), 0) == []
    spread = sample(range(2_000), 48)
    assert len(set(spread)) == 48 and spread[-1] > 1_950


def test_cards_carry_picture_marks_and_why_not() -> None:
    store = store_of(
        response(
            "gs://b/a.jpg",
            label_annotations=[{"description": "Cat", "score": 0.9}],
            safe_search_annotation={"adult": 5},
        ),
        failed("gs://b/b.jpg", message="No such file"),
    )
    good, bad = cards(store, [0, 1], picture, lambda a: "adult" in a.safe, silent)
    assert good.image.startswith("data:image/jpeg;base64,") and good.blurred
    assert ("labels", "Cat") in good.values and ("safe", ("adult", "VERY_LIKELY")) in good.values
    assert bad.fault == "No such file" and not bad.blurred
    (lost,) = cards(store, [0], gone, lambda _: False, silent)
    assert lost.image == "" and "no such object" in lost.fault


def test_pages_of_one_file_are_asked_for_together() -> None:
    pages = [{"uri": "gs://b/f.pdf", "page_number": n} for n in (4, 1, 9)]
    found = [vision.AnnotateImageResponse(context=page) for page in pages]
    store = store_of(*found, labelled("gs://b/a.jpg", "Cat"))
    asked: dict[tuple[str, int], list[int]] = {}

    def see(uri: str, page: int, size: int, ahead: Sequence[int]) -> Upright:
        asked[uri, page] = list(ahead)
        return picture()

    made = cards(store, range(4), see, lambda _: False, silent)
    assert [card.name for card in made] == [
        "f.pdf, page 4", "f.pdf, page 1", "f.pdf, page 9", "a.jpg"
    ]  # fmt: skip
    assert asked[("gs://b/f.pdf", 1)] == [4, 9] and asked[("gs://b/f.pdf", 4)] == [9]
    assert asked[("gs://b/f.pdf", 9)] == [] == asked[("gs://b/a.jpg", 0)]


def test_a_bucket_out_of_reach_is_not_asked_for_ever() -> None:
    store = store_of(*(labelled(f"gs://b/{n}.jpg", "Cat") for n in range(60)))
    asked: list[str] = []

    def refuse(uri: str, *_: object) -> Upright:
        asked.append(uri)
        return gone(uri)

    found = cards(store, range(60), refuse, lambda _: False, silent)
    assert len(found) == 60 and all(card.fault for card in found)
    assert HOPELESS <= len(asked) < HOPELESS + 5  # those under way at the time are let go


def test_no_picture_still_gives_a_report() -> None:
    html = made(store_of(labelled("gs://b/a.jpg", "Cat")), Filters(labels=("Dog",)))
    assert "No picture passes the filter." in html
    assert data_of(html)["charts"] == {}
    assert "Method" in html


def test_progress_counts_the_pictures() -> None:
    store = store_of(*(labelled(f"gs://b/{n}.jpg", "Cat") for n in range(3)))
    told: list[tuple[int, int]] = []
    method = Method("Job", "gs://b/")
    chosen = Selection(store, Filters())
    build_report(chosen, method, picture, ReportOptions("today"), lambda *n: told.append(n))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\u202eb\x00c", "a b c"), ("line\nline", "line\nline"), (3, "3"), ("東京 é", "東京 é")],
)
def test_tidy_takes_invisible_characters_away(text: object, kept: str) -> None:
    assert tidy(text) == kept


def test_pdf_without_chromium_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pdf, "find_browser", lambda: "")
    with pytest.raises(ResultsError, match="Save as PDF"):
        report_pdf.pdf_of(b"<p>x")


def test_pdf_that_cannot_be_printed_is_no_silent_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pdf, "find_browser", lambda: "/bin/false")
    with pytest.raises(ResultsError, match="did not print"):
        report_pdf.pdf_of(b"<p>x")
