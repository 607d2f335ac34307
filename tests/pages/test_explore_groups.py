"""Explore's panels of broader terms and near-duplicates, on pictures that are there."""

from __future__ import annotations

import io

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.results.pictures.thumbnails import make
from tests.kit.pictures.scenes import scene
from tests.kit.waiting import wait_until
from tests.kit.web.pages import Open

PREFIX = "gs://contact-sheet/groups/"
LABELS = {"a": ["Poodle", "Dog"], "a again": ["Cat"], "b": ["<b>Qwx</b>"], "gone": ["Dog"]}


@pytest.fixture(scope="module")
def alike(hub: Hub) -> str:
    """Two files of one picture, one of another, one that is gone."""
    for name, seed, quality in (("a", 1, 92), ("a again", 1, 40), ("b", 2, 92)):
        file = io.BytesIO()
        scene(seed).save(file, "JPEG", quality=quality)
        hub.connection().buckets.write(f"{PREFIX}{name}.jpg", file.getvalue(), "image/jpeg")
        assert make(file.getvalue(), name)
    responses = [
        vision.AnnotateImageResponse(
            context={"uri": f"{PREFIX}{name}.jpg"},
            label_annotations=[{"description": label, "score": 0.9} for label in labels],
        )
        for name, labels in LABELS.items()
    ]
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-4.json", shard.encode(), "application/json"
    )
    return PREFIX


def test_labels_by_broader_term_stand_in_their_table(open_page: Open, alike: str) -> None:
    app = open_page("explore", prefix=alike, tab="Labels", until="tab", opened=["open_hierarchy"])
    tables = [frame.value for frame in app.dataframe]
    terms = next(table for table in tables if "node" in table.columns)
    assert dict(zip(terms["node"], terms["pictures"], strict=True)) == {
        "Carnivore": 3,
        "Dog": 2,
        "Poodle": 1,
        "Cat": 1,
        "Other": 1,
        "<b>Qwx</b>": 1,
    }


def _asked(app: AppTest) -> bool:
    """Run the page once more; whether it has come to the groups (in a browser a fragment runs)."""
    app.run()
    assert not app.exception
    return any(slider.label == "How different they may be" for slider in app.slider)


def test_pictures_are_measured_and_near_duplicates_grouped_and_led_from(
    open_page: Open, alike: str
) -> None:
    app = open_page("explore", prefix=alike, tab="Quality", until="tab", opened=["open_duplicates"])
    wait_until(lambda: _asked(app), "the pictures are compared", 60)
    assert any("1 groups" in t.value or "1 group;" in t.value for t in app.text)
    assert any("could not be read" in caption.value for caption in app.caption)
    assert any(heading.value == "Sizes in pixels" for heading in app.subheader)
    labels = [str(getattr(one, "label", "")) for one in app.get("download_button")]
    offered = [label for label in labels if "picture" in label]
    assert offered == ["Keep one of each: 2 pictures", "The others: 1 picture"]
    tables = [frame.value for frame in app.dataframe if "kept" in frame.value.columns]
    assert list(tables[0]["uri"]) == [f"{PREFIX}a.jpg", f"{PREFIX}a again.jpg"]
