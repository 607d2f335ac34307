"""Explore's tab of SQL: asked, shared by its address, wrong, narrowed by the filters."""

from __future__ import annotations

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from tests.kit.web.pages import HOSTILE, MARKUP, Open, until_shown

PREFIX = "gs://contact-sheet/asked/"
COUNTED = "SELECT label, count(*) AS pictures FROM labels GROUP BY label ORDER BY pictures DESC"


@pytest.fixture(scope="module")
def asked(hub: Hub) -> str:
    """Three pictures with labels, one of them hostile."""
    responses = [
        vision.AnnotateImageResponse(
            context={"uri": f"{PREFIX}{name}.jpg"},
            label_annotations=[{"description": label, "score": 0.9} for label in labels],
        )
        for name, labels in {"a": ["Cat", HOSTILE], "b": ["Cat", "Dog"], "c": ["Cat"]}.items()
    ]
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-3.json", shard.encode(), "application/json"
    )
    return PREFIX


def answer(app: AppTest) -> list[list[object]]:
    """Rows of the answer's table, once they are there."""
    for _ in range(100):
        if app.dataframe:
            return [list(row) for row in app.dataframe[0].value.to_numpy().tolist()]
        app.run()
        assert not app.exception
    raise AssertionError("no answer")


def test_a_link_with_a_statement_is_answered(open_page: Open, asked: str) -> None:
    app = open_page("explore", prefix=asked, tab="SQL", sql=COUNTED, until="tab")
    assert answer(app)[0] == ["Cat", 3]
    assert app.text_area[0].value == COUNTED
    assert not any(MARKUP.search(text.value) for text in app.markdown)


def test_filters_narrow_the_tables(open_page: Open, asked: str) -> None:
    app = open_page("explore", prefix=asked, tab="SQL", sql=COUNTED, label="Dog", until="tab")
    assert sorted(map(str, answer(app))) == ["['Cat', 1]", "['Dog', 1]"]
    titles = [expander.label for expander in app.expander]
    assert titles[:2] == ["pictures · 1 of 3 rows", "labels · 2 of 5 rows"]


def test_what_is_typed_is_asked_and_stands_in_the_address(open_page: Open, asked: str) -> None:
    app = open_page("explore", prefix=asked, tab="SQL", until="tab")
    assert "sql" not in app.query_params
    app.text_area[0].set_value("SELECT count(*) AS n FROM pictures")
    next(button for button in app.button if button.label == "Ask").click().run()
    assert answer(app) == [[3]]
    assert app.query_params["sql"] == "SELECT count(*) AS n FROM pictures"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", "cannot be answered"),
        ("FROM read_csv('/etc/passwd')", "reaches for files"),
        ("DROP VIEW labels", "Only questions"),
    ],
)
def test_a_wrong_one_is_explained(open_page: Open, asked: str, sql: str, said: str) -> None:
    app = until_shown(open_page("explore", prefix=asked, tab="SQL", sql=sql, until="tab"), "error")
    assert said in app.error[0].value
