"""The report says what the filters leave, escapes every text, and reads pictures patiently."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from google.cloud import vision

from core.errors import ResultsError
from core.results.export.addresses import without_addresses
from core.results.export.provenance import Method
from core.results.export.report import pdf as report_pdf
from core.results.export.report.charts import panels
from core.results.export.report.document import (
    NOTHING_FLAGGED,
    SECTIONS,
    ReportDocument,
    ReportOptions,
)
from core.results.export.report.html import build_paper, build_report, css_text, tidy
from core.results.export.report.pictures import HOPELESS, Card, cards, side_of
from core.results.pictures.exif_upright import Upright
from core.results.query.filters import Filters
from core.results.query.safe_policy import USUAL, SafePolicy
from core.results.query.selection import Selection
from core.results.query.store import Store
from tests.kit.results.reports import PRIVATE, PRIVATE_METHOD, gone, method_of, picture, silent
from tests.kit.results.shards import failed, labelled, response, store_of

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'><b>&amp; {{ 7*7 }}"


def made(
    store: Store, filters: Filters | None = None, method: Method | None = None, **options: Any
) -> str:
    chosen = Selection(store, filters or Filters())
    method = method or Method("Job", "gs://b/job/")
    given = ReportOptions("today", **{"pictures": 4, **options})
    return build_report(chosen, method, picture, given, silent).decode()


def on_paper(store: Store, method: Method | None = None, **options: Any) -> str:
    chosen = Selection(store, Filters())
    method = method or Method("Job", "gs://b/job/")
    return build_paper(chosen, method, picture, ReportOptions("today", **options), silent).decode()


def data_of(html: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert match is not None
    data: dict[str, Any] = json.loads(match[1])
    return data


def cards_of(
    store: Store, ids: Sequence[int], see: Any, policy: SafePolicy = NOTHING_FLAGGED
) -> list[Card]:
    return [card for _, card in cards(store, ids, see, silent, side=100, policy=policy)]


class Tags(HTMLParser):
    """Counts what a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.slow
def test_hostile_text_adds_no_tag_anywhere(paper: bool) -> None:
    def render(text: str) -> str:
        said = {"title": text, "author": text, "audience": text, "note": text}
        options = {**said, "addresses": True, "sections": SECTIONS}
        store = _everything(text)
        if paper:
            return on_paper(store, method_of(text), **options)
        return made(
            store, Filters(labels=(text,)), method_of(text, f"javascript:{text}"), **options
        )

    calm, wild = Tags(render("calm")), Tags(render(EVIL))
    assert "alert" not in render("calm")
    assert wild.names == calm.names
    assert wild.names.count("script") == (0 if paper else 2)
    assert not any(name.startswith("on") for name, _ in wild.attributes)
    assert "<img src=x" not in render(EVIL)


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


def test_a_title_leaves_its_place_in_the_style_sheet_no_more_than_in_the_page() -> None:
    title = 'a"; } </style><script>alert(1)</script> \\ é'
    html = on_paper(store_of(labelled("gs://b/a.jpg", "Cat")), title=title)
    assert Tags(html).names.count("script") == 0 and html.count("</style>") == 1
    assert css_text('a"b') == "a\\000022b"


def test_only_web_addresses_become_links_and_only_if_asked_for() -> None:
    store = store_of(labelled("gs://b/a.jpg", "Cat"))
    assert 'href="javascript' not in made(
        store, method=method_of("x", "javascript:x"), addresses=True
    )
    method = Method("Job", "gs://b/", url="https://sheet.example/explore?job=1&label=Cat")
    wanted = 'href="https://sheet.example/explore?job=1&amp;label=Cat"'
    assert wanted in made(store, method=method, addresses=True)
    assert "sheet.example" not in made(store, method=method)


def test_no_private_path_or_address_unless_asked_for() -> None:
    message = "Error opening file: gs://secret-bucket/in/b.jpg. See /home/ada/private/log.txt"
    store = store_of(
        labelled("gs://secret-bucket/in/holiday/a.jpg", "Cat"),
        failed("gs://secret-bucket/in/holiday/b.jpg", message=message),
    )
    filters = Filters(uri="secret-bucket/in")
    for html in (made(store, method=PRIVATE_METHOD), on_paper(store, PRIVATE_METHOD)):
        assert not [text for text in PRIVATE if text in html]
        assert "holiday/b.jpg" in html and "Error opening file: …" in html
        assert "<bdi>spring</bdi></h1>" in html  # the last folder is the title
    open_one = made(store, filters, PRIVATE_METHOD, addresses=True)
    assert all(text in open_one for text in PRIVATE[:2])
    assert "gs://secret-bucket/in/holiday/a.jpg" in open_one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read from gs://b/a b", "read from … b"),
        ("see http://127.0.0.1:8501/x?y=1", "see …"),
        ("at localhost:9000 now", "at … now"),
        ("C:\\Users\\ada\\x.jpg is gone", "… is gone"),
        ("/srv/data/in/x.jpg: no", "… no"),
        ("~/pictures/x/y.jpg", "…"),
        ("5 of 7, and/or 3/4", "5 of 7, and/or 3/4"),
        ("Text / objects", "Text / objects"),
    ],
)
def test_addresses_and_paths_are_taken_out_and_nothing_else(text: str, expected: str) -> None:
    assert without_addresses(text) == expected


def test_nothing_outside_is_named_in_tags(store: Store) -> None:
    for html in (made(store), on_paper(store)):
        for name, value in Tags(html).attributes:
            if name in ("src", "href", "srcset", "action", "poster"):
                assert value is not None and value.startswith("data:")


def test_charts_and_tables_hold_the_store_s_numbers(store: Store) -> None:
    filters = Filters(labels=("Dog",), status="ok")
    html = made(store, filters)
    frame = store.labels(filters, 20, without=None)
    charts = data_of(html)["charts"]
    assert charts["labels"]["names"] == frame["label"].tolist()
    assert charts["labels"]["numbers"] == frame["pictures"].tolist()
    assert f"<td><bdi>{frame['pictures'].tolist()[0]}</bdi></td>" in html
    assert f"{store.count(filters)} of {store.tables.pictures} pictures, filter: Label Dog" in html


@pytest.mark.parametrize("filters", [Filters(), Filters(labels=("Cat",), score=0.6)])
def test_each_mark_s_pictures_are_those_that_it_counts(store: Store, filters: Filters) -> None:
    """With every picture in the file a click can count anew, and finds the same numbers."""
    data = data_of(made(store, filters, pictures=1_000))
    count = store.count(filters)
    assert len(data["pictures"]) == count
    compared = 0
    for key, chart in data["charts"].items():
        if key in ("palette", "traits"):  # shares, and faces
            continue
        counts = [len(places) for places in chart["having"]]
        assert counts == chart["numbers"], key
        compared += len(counts)
    assert compared > 50
    assert all(0 <= n < count for c in data["charts"].values() for p in c["having"] for n in p)
    assert len(data["weights"]) == count
    assert all(abs(sum(one) - 1_000) <= 8 for one in data["weights"] if any(one))


def test_relations_and_map_are_drawn_where_there_are_any(store: Store) -> None:
    html = made(store)
    pairs, places = store.co_occurrence(Filters()), store.places(Filters())
    drawn = {panel.key: panel for panel in panels(store, Filters())}
    assert [mark.value for mark in drawn["relations"].marks] == [
        tuple(pair) for pair in pairs[["label", "other"]].head(20).to_numpy().tolist()
    ]
    assert html.count('class="spot"') == len(places)  # a map of tiles would need a network
    assert f"<td><bdi>{places['latitude'][0]:.3f}</bdi></td>" in html
    assert f"<td><bdi>{pairs['lift'][0]:.3f}</bdi></td>" in html
    lonely = made(store_of(labelled("gs://b/a.jpg", "Cat")))
    assert set(data_of(lonely)["charts"]) == {
        "specific", "labels", "hierarchy", "scores", "label_counts", "kinds"
    }  # fmt: skip


def test_tables_have_no_columns_that_only_a_click_needs(store: Store) -> None:
    heads = set(re.findall(r'<th scope="col">([^<]*)</th>', made(store)))
    assert {"hex", "share", "name", "mean score", "lift", "latitude"} <= heads
    assert not heads & {"value", "tolerance", "r", "g", "b"}


def test_a_sample_says_that_it_is_one(store: Store) -> None:
    html = made(store, pictures=40)
    assert len(data_of(html)["pictures"]) == 40
    assert "This file holds 40 of the 300 pictures" in html
    assert "This file holds" not in made(store, pictures=300)


def test_more_pictures_are_smaller() -> None:
    sides = [side_of(n) for n in (1, 100, 101, 1_000, 5_000, 9_999)]
    assert sides == sorted(sides, reverse=True) and sides[0] > 500 and sides[-1] < 200


def test_sections_can_be_left_out(store: Store) -> None:
    method = method_of("words")
    assert "By folder" in on_paper(store, method) and "words" in on_paper(store, method)
    bare = on_paper(store, method, sections=())
    for heading in ("By folder", "Method", "Failed</h2>", "Charts</h2>", 'sentences">'):
        assert heading not in bare, heading
    assert "Cost" not in on_paper(store, method)  # unless asked for
    assert "Cost" in on_paper(store, method, sections=SECTIONS)


def test_numbers_of_page_one_are_the_tables(store: Store) -> None:
    pages = [{"uri": f"gs://b/in/{name}.pdf", "page_number": n} for name in "ab" for n in (1, 2)]
    paged = [vision.AnnotateImageResponse(context=page) for page in pages]
    mixed = store_of(*paged, labelled("gs://b/in/a.jpg", "Cat"), failed("gs://b/x/b.jpg"))
    document = ReportDocument(
        Selection(mixed, Filters()), Method("Job", ""), ReportOptions("today")
    )
    assert document.numbers == [
        ("2", "pictures in 2 folders"), ("4", "pages of 2 files"), ("1", "with labels"),
        ("1", "failed"),
    ]  # fmt: skip
    rows, all_ = document.folders
    assert [(row.name, row.pictures, row.pages, row.failed) for row in rows] == [
        ("in", 1, 4, 0), ("x", 1, 0, 1)
    ]  # fmt: skip
    assert (all_.pictures, all_.pages, all_.failed) == (2, 4, 1)
    folders = ReportDocument(
        Selection(store, Filters()), Method("Job", ""), ReportOptions("")
    ).folders
    assert sum(row.all for row in folders[0]) == folders[1].all == 300


def test_cards_carry_picture_and_why_not() -> None:
    store = store_of(
        response(
            "gs://b/a.jpg",
            label_annotations=[{"description": "Cat", "score": 0.9}],
            safe_search_annotation={"adult": 5},
            text_annotations=[{"description": "words"}],
        ),
        failed("gs://b/b.jpg", message="No such file"),
    )
    good, bad = cards_of(store, [0, 1], picture, USUAL)
    assert good.image.startswith("data:image/jpeg;base64,") and good.blurred
    assert good.text == "" and good.best[0] == "Cat" and good.best[1] == pytest.approx(0.9)
    assert bad.fault == "No such file" and not bad.blurred
    (lost,) = cards_of(store, [0], gone)
    assert lost.image == "" and "no such object" in lost.fault


def test_pages_of_one_file_are_asked_for_together() -> None:
    pages = [{"uri": "gs://b/f.pdf", "page_number": n} for n in (4, 1, 9)]
    answers = [vision.AnnotateImageResponse(context=page) for page in pages]
    store = store_of(*answers, labelled("gs://b/a.jpg", "Cat"))
    asked: dict[tuple[str, int], list[int]] = {}

    def see(uri: str, page: int, size: int, ahead: Sequence[int]) -> Upright:
        asked[uri, page] = list(ahead)
        return picture(uri, page, size)

    shown = cards_of(store, range(4), see)
    assert [card.file for card in shown] == [
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

    shown = cards_of(store, range(60), refuse)
    assert len(shown) == 60 and all(card.fault for card in shown)
    assert HOPELESS <= len(asked) < HOPELESS + 5  # those under way at the time are let go


def test_no_picture_still_gives_a_report() -> None:
    html = made(store_of(labelled("gs://b/a.jpg", "Cat")), Filters(labels=("Dog",)))
    assert "No picture passes the filter." in html
    assert data_of(html)["charts"] == {}
    assert "Method" in html


def test_progress_counts_the_pictures() -> None:
    store = store_of(*(labelled(f"gs://b/{n}.jpg", "Cat") for n in range(3)))
    progress: list[tuple[int, int]] = []
    chosen = Selection(store, Filters())
    options = ReportOptions("today")
    build_report(chosen, Method("Job", ""), picture, options, lambda *n: progress.append(n))
    assert progress == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb\x00c", "a b c"),
        ("line\nline", "line\nline"),
        (3, "3"),
        ("東京 é", "東京 é"),
        (FAMILY, FAMILY),
    ],
)
def test_tidy_takes_invisible_characters_away(text: object, expected: str) -> None:
    assert tidy(text) == expected


def test_pdf_without_chromium_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pdf, "find_browser", lambda: "")
    with pytest.raises(ResultsError, match="Save as PDF"):
        report_pdf.pdf_of(b"<p>x")


def test_pdf_that_cannot_be_printed_is_no_silent_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pdf, "find_browser", lambda: "/bin/false")
    with pytest.raises(ResultsError, match="did not print"):
        report_pdf.pdf_of(b"<p>x")


def test_the_parts_of_a_report_are_each_there_once(store: Store) -> None:
    ids = [value for name, value in Tags(made(store)).attributes if name == "id"]
    assert not [one for one, count in Counter(ids).items() if count > 1]
