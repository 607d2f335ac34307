"""What-if thresholds, found texts and the map on the Explore page."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from tests.kit.web.pages import Open, count_of

PREFIX = "gs://contact-sheet/what-if/"
HOSTILE = "<img src=x onerror=alert(1)> :red[z]"


@pytest.fixture(scope="module")
def judged(hub: Hub) -> str:
    """Three judged pictures, one with text, one at a landmark, and one without judgement."""
    place = {"lat_lng": {"latitude": 48.858, "longitude": 2.294}}
    answers: dict[str, dict[str, Any]] = {
        "a.jpg": {
            "safe_search_annotation": {"adult": 5, "racy": 5},
            "full_text_annotation": {"text": f"Total {HOSTILE}\n12"},
        },
        "b.jpg": {
            "safe_search_annotation": {"medical": 3, "racy": 4},
            "landmark_annotations": [{"description": HOSTILE, "score": 0.9, "locations": [place]}],
        },
        "c.jpg": {
            "safe_search_annotation": {"adult": 1, "racy": 1},
            "text_annotations": [{"description": "STOP", "locale": "und"}, {"description": "STOP"}],
        },
        "d.jpg": {"full_text_annotation": {"text": "another total"}},
    }
    responses = [
        vision.AnnotateImageResponse(context={"uri": f"{PREFIX}{name}"}, **fields)
        for name, fields in answers.items()
    ]
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-4.json", shard.encode(), "application/json"
    )
    return PREFIX


def flagged(app: AppTest) -> str:
    """The panel's own sentence."""
    texts = [str(text.value) for text in app.markdown]
    return next(text.split("  ")[0] for text in texts if "usual thresholds" in text)


def test_thresholds_stand_in_the_url_and_are_counted(open_page: Open, judged: str) -> None:
    app = open_page("explore", prefix=judged, tab="Safe search", until="tab")
    assert flagged(app) == "**2** of 3 flagged, 66.7%"
    assert app.selectbox(key="policy_medical").value == "never"
    app.selectbox(key="policy_racy").set_value("VERY_LIKELY").run()
    assert flagged(app) == "**1** of 3 flagged, 33.3%"
    assert any("usual thresholds: 2" in str(text.value) for text in app.markdown)
    app.selectbox(key="policy_medical").set_value("POSSIBLE").run()
    assert flagged(app) == "**2** of 3 flagged, 66.7%"
    assert app.query_params["policy"] == (
        "adult:LIKELY,medical:POSSIBLE,violence:LIKELY,racy:VERY_LIKELY"
    )
    assert count_of(app) == (4, 4)  # a policy narrows nothing
    next(b for b in app.button if b.label == "Keep as filter").click().run()
    assert count_of(app) == (2, 4)
    # Nobody judged violence: a chip of it would narrow nothing.
    assert app.query_params["safe"] == "adult:LIKELY,medical:POSSIBLE,racy:VERY_LIKELY"
    assert flagged(app) == "**2** of 3 flagged, 66.7%"  # its own filter is left out
    next(b for b in app.button if b.label == "Reset").click().run()
    assert "policy" not in app.query_params and count_of(app) == (2, 4)


def test_a_shared_policy_is_read_and_junk_in_it_named(open_page: Open, judged: str) -> None:
    app = open_page("explore", prefix=judged, policy="none", tab="Safe search", until="tab")
    assert flagged(app) == "**0** of 3 flagged, 0.0%"
    assert next(b for b in app.button if b.label == "Keep as filter").disabled
    app = open_page("explore", prefix=judged, policy="adult:SURE", tab="Safe search", until="tab")
    assert flagged(app) == "**2** of 3 flagged, 66.7%"
    assert any("no usable policy" in warning.value for warning in app.warning)


def test_found_texts_are_marked_and_harmless(open_page: Open, judged: str) -> None:
    app = open_page("explore", prefix=judged, text="total", tab="Text", until="tab")
    assert any(text.value == "Text found in 2 pictures" for text in app.subheader)
    snippets = [text.value for text in app.markdown if ":yellow-background[" in text.value]
    assert snippets[0].startswith(":yellow-background[Total] \\<img src\\=x")
    assert snippets[1] == "another :yellow-background[total]"
    assert not any("<img" in text.value.replace("\\<", "") for text in app.markdown)


def test_pictures_with_most_words_name_no_folder_where_all_lie_in_one(
    open_page: Open, judged: str
) -> None:
    app = open_page("explore", prefix=judged, tab="Text", until="tab")
    (most,) = [frame.value for frame in app.dataframe if "words" in frame.value.columns]
    assert most.to_dict("records") == [{"picture": "c.jpg", "words": 1, "uri": f"{PREFIX}c.jpg"}]


def test_the_map_and_no_panel_without_need(open_page: Open, judged: str) -> None:
    app = open_page("explore", prefix=judged, tab="Places and web", until="tab")
    headings = [text.value for text in app.subheader]
    assert "Landmarks on the map" in headings
    assert not any("Text found" in text for text in headings)
    app = open_page("explore", prefix=judged, text="another", tab="Places and web", until="tab")
    assert "Landmarks on the map" not in [text.value for text in app.subheader]
