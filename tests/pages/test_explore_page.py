"""The Explore page: empty, filled, narrowed, in error."""

from __future__ import annotations

import pytest
from google.cloud import vision
from google.protobuf import json_format

from core.app.hub import Hub
from core.results.query.picture.annotations import Annotations
from core.results.query.store import Store
from core.results.shards.shard_files import list_shards
from tests.kit.web.pages import HOSTILE, MARKUP, Open, count_of

PREFIX = "gs://contact-sheet/foreign/"


@pytest.fixture(scope="module")
def foreign(hub: Hub) -> str:
    """Shards that this dashboard did not write: two pictures labelled, one failed."""
    responses = [
        vision.AnnotateImageResponse(
            context={"uri": f"gs://contact-sheet/foreign/{name}.jpg"},
            label_annotations=[{"description": label, "score": 0.9} for label in labels],
        )
        for name, labels in {"a": ["Cat", HOSTILE], "b": ["Cat"]}.items()
    ]
    error = {"code": 5, "message": f"Error opening file: {HOSTILE}"}
    responses.append(vision.AnnotateImageResponse(error=error))
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-3.json", shard.encode(), "application/json"
    )
    hub.connection().buckets.write(
        f"{PREFIX}output-4-to-6.json", b'{"responses": [', "application/json"
    )
    assert len(list_shards(hub.buckets, PREFIX)) == 2
    return PREFIX


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("explore")
    assert any("No results yet" in text.value for text in app.markdown)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("gs://contact-sheet/nothing-here/", "There are no results here"),
        ("nonsense", "Not a Cloud Storage address"),
        ("gs://nobodys-bucket/x/", "There is no such bucket"),
    ],
)
def test_bad_prefix_is_explained(open_page: Open, prefix: str, expected: str) -> None:
    app = open_page("explore", prefix=prefix)
    assert expected in app.error[0].value.replace("\\", "")


def test_foreign_shards_are_shown_and_the_bad_one_named(open_page: Open, foreign: str) -> None:
    app = open_page("explore", prefix=foreign, until="tab", opened=["open_specific"])
    assert count_of(app) == (3, 3)
    assert any("output\\-4\\-to\\-6\\.json" in warning.value for warning in app.warning)
    tables = [frame.value for frame in app.dataframe]
    labels = next(table for table in tables if "label" in table.columns)
    assert dict(zip(labels["label"], labels["pictures"], strict=True)) == {"Cat": 2, HOSTILE: 1}


def test_hostile_text_never_reaches_markdown_unescaped(open_page: Open, foreign: str) -> None:
    app = open_page("explore", prefix=foreign, until="tab")
    for element in [*app.markdown, *app.caption, *app.error, *app.warning]:
        assert not MARKUP.search(element.value), element.value
    assert not any(MARKUP.search(button.label) for button in app.button)


def test_url_filters_narrow_everything(open_page: Open, foreign: str) -> None:
    app = open_page(
        "explore", prefix=foreign, label="Cat", status="ok", until="tab", opened=["filters"]
    )
    assert count_of(app) == (2, 3)
    assert app.multiselect(key="filter_labels").value == ["Cat"]
    next(b for b in app.button if b.label == "Clear all").click().run()
    assert count_of(app) == (3, 3)
    assert "label" not in app.query_params and app.query_params["prefix"] == foreign


def test_widget_writes_the_url(open_page: Open, foreign: str) -> None:
    app = open_page("explore", prefix=foreign, until="tab", opened=["filters"])
    app.multiselect(key="filter_labels").set_value(["Cat"]).run()
    assert app.query_params["label"] == "Cat"
    assert count_of(app) == (2, 3)


def test_filters_are_facets_with_counts_each_of_which_can_be_cleared(
    open_page: Open, foreign: str
) -> None:
    app = open_page("explore", prefix=foreign, status="ok", until="tab", opened=["filters"])
    pills = app.button_group(key="facet_labels")
    assert "Cat · 2" in pills.options
    assert any(
        option.startswith("Failed · 1") for option in app.button_group(key="filter_status").options
    )
    pills.set_value(["Cat"]).run()
    assert app.query_params["label"] == "Cat"
    assert app.multiselect(key="filter_labels").value == ["Cat"]
    assert "Cat · 2" in app.multiselect(key="filter_labels").options
    app.button(key="facet_clear_labels").click().run()
    assert "label" not in app.query_params and app.query_params["status"] == "ok"


def test_an_option_without_pictures_comes_last_and_is_no_pill(
    open_page: Open, foreign: str
) -> None:
    app = open_page("explore", prefix=foreign, status="failed", until="tab", opened=["filters"])
    assert app.multiselect(key="filter_labels").options[-1].endswith("· 0")
    keys = [group.key for group in app.button_group]
    assert "facet_labels" not in keys
    # A chosen one stays, to be taken away.
    app = open_page(
        "explore",
        prefix=foreign,
        label="Cat",
        match="all",
        text="zzz",
        until="tab",
        opened=["filters"],
    )
    assert app.button_group(key="facet_labels").options == ["Cat · 0"]
    assert app.button_group(key="facet_labels").value == ["Cat"]


def test_junk_in_the_url_is_named_and_harmless(open_page: Open, foreign: str) -> None:
    app = open_page("explore", prefix=foreign, score="many", color="zz", until="tab")
    notes = [w.value for w in app.warning if "no usable" in w.value]
    assert len(notes) == 2
    assert count_of(app) == (3, 3)


def test_a_picture_that_is_opened_over_the_sheet_is_read_once(
    open_page: Open, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read = Store.annotations

    def count(store: Store, picture: int) -> Annotations | None:
        asked.append(picture)
        return read(store, picture)

    monkeypatch.setattr(Store, "annotations", count)
    app = open_page("explore", prefix=foreign, picture=f"{PREFIX}b.jpg", until="tab")
    assert asked == [1]
    assert any(text.value == "### b\\.jpg" for text in app.markdown)


def test_picture_page_shows_its_annotations_and_neighbours(open_page: Open, foreign: str) -> None:
    uri = f"{PREFIX}a.jpg"
    app = open_page("picture", prefix=foreign, picture=uri, label="Cat", until="json")
    assert any(code.value == uri for code in app.code)
    assert any(text.value == "1 of 2" for text in app.markdown)
    tables = [frame.value for frame in app.dataframe if "name" in frame.value.columns]
    assert list(tables[0]["name"]) == ["Cat", HOSTILE]
    assert "no such object" in app.error[0].value  # the picture itself is nowhere
    next(b for b in app.button if b.label == "Next").click().run()
    assert app.query_params["picture"] == f"{PREFIX}b.jpg"
    assert app.query_params["label"] == "Cat"
    assert any(text.value == "2 of 2" for text in app.markdown)
    assert next(b for b in app.button if b.label == "Next").disabled


def test_failed_picture_without_address_is_named_by_its_number(
    open_page: Open, foreign: str
) -> None:
    app = open_page("picture", prefix=foreign, picture="2", until="json")
    assert "Error opening file" in app.error[0].value
    assert any("no address" in code.value for code in app.code)


@pytest.mark.parametrize("picture", ["gs://b/none.jpg", "99", "-1", "x" * 400, ""])
def test_picture_that_is_not_there(open_page: Open, foreign: str, picture: str) -> None:
    app = open_page("picture", prefix=foreign, picture=picture, until="info")
    assert "not among the results" in app.info[0].value
    assert any(link.proto.label == "All pictures" for link in app.get("page_link"))
