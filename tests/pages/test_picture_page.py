"""The Picture page: what is drawn on the picture stands in the URL."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.errors import PictureError
from core.ui import picture
from tests.kit.pictures.documents import coloured, drawn_pdf
from tests.kit.web.pages import Open

PREFIX = "gs://contact-sheet/overlays/"
CORNERS = [{"x": 0.1, "y": 0.1}, {"x": 0.5, "y": 0.1}, {"x": 0.5, "y": 0.5}, {"x": 0.1, "y": 0.5}]


@pytest.fixture(scope="module")
def boxed(hub: Hub) -> str:
    """Two pictures, each with an object and a face to draw."""
    pixels = [{"x": 1, "y": 1}, {"x": 5, "y": 1}, {"x": 5, "y": 5}, {"x": 1, "y": 5}]
    responses = [
        vision.AnnotateImageResponse(
            context={"uri": f"{PREFIX}{name}.jpg"},
            localized_object_annotations=[
                {"name": "Cat", "score": 0.9, "bounding_poly": {"normalized_vertices": CORNERS}}
            ],
            face_annotations=[{"bounding_poly": {"vertices": pixels}, "detection_confidence": 0.9}],
        )
        for name in ("a", "b")
    ]
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-2.json", shard.encode(), "application/json"
    )
    return PREFIX


def _kinds(app: AppTest) -> Any:
    """The pills that choose overlays; Streamlit's types take them for a block."""
    return app.get("button_group")[0]


def test_overlays_stand_in_the_url_and_are_carried_on(open_page: Open, boxed: str) -> None:
    uri = f"{PREFIX}a.jpg"
    app = open_page("picture", prefix=boxed, picture=uri, hide="face,<b>", until="json")
    kinds = _kinds(app)
    assert kinds.value == ["object", "names"]
    kinds.set_value([]).run()
    assert app.query_params["hide"] in ("face,names,object", ["face,names,object"])
    next(b for b in app.button if b.label == "Next").click().run()
    assert _kinds(app).value == []
    _kinds(app).set_value(["object", "face", "names"]).run()
    assert "hide" not in app.query_params


def test_a_page_is_shown_and_one_that_is_not_there_reported(open_page: Open, hub: Hub) -> None:
    folder = "gs://contact-sheet/file-of-pages/"
    uri = f"{folder}file.pdf"
    hub.connection().buckets.write(uri, drawn_pdf(coloured(2)))
    responses = [
        vision.AnnotateImageResponse(context={"uri": uri, "page_number": page}) for page in (2, 3)
    ]
    batch = vision.BatchAnnotateImagesResponse(responses=responses)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{folder}output-2-to-3.json", shard.encode(), "application/json"
    )
    app = open_page("picture", prefix=folder, picture=uri, page="2", until="json")
    assert app.get("image") and not app.error
    assert any(text.value == r"### file\.pdf, page 2" for text in app.markdown)
    app = open_page("picture", prefix=folder, picture=uri, page="3", until="json")
    assert not app.get("image")
    assert [error.value.split("**")[1] for error in app.error] == ["The file has no such page"]


def test_names_beside_boxes_can_be_left_out(
    open_page: Open, boxed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bool] = []

    def draw(*_: Any, names: bool, **__: Any) -> bytes:
        drawn.append(names)
        raise PictureError("not drawn in this test")

    monkeypatch.setattr(picture, "draw", draw)
    monkeypatch.setattr(Hub, "upright", lambda *_: None)
    app = open_page("picture", prefix=boxed, picture=f"{PREFIX}a.jpg", until="json")
    _kinds(app).set_value(["object", "face"]).run()
    assert drawn == [True, False]
    assert app.query_params["hide"] in ("names", ["names"])
