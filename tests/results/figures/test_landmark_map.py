"""Landmarks stand where they are, on land of our own."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from core.results.figures.landmark_map import OUTLINE, landmarks
from core.results.query.filters import Filters
from core.results.query.store import Store
from tests.kit.results.shards import labelled, response, store_of

HOSTILE = "<img src=x onerror=alert(1)> $x$"


def at(name: str, latitude: float, longitude: float, uri: str = "gs://b/a.jpg") -> Any:
    place = {"lat_lng": {"latitude": latitude, "longitude": longitude}}
    return response(
        uri, landmark_annotations=[{"description": name, "score": 0.9, "locations": [place]}]
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_landmark_is_a_mark(store: Store, theme: str) -> None:
    frame = store.places(Filters())
    land, marks = landmarks(frame, theme, ["Taj Mahal"]).data
    assert list(marks.customdata) == frame["landmark"].tolist()
    assert list(marks.x) == frame["longitude"].tolist()
    assert list(marks.y) == frame["latitude"].tolist()
    assert len(set(marks.marker.color)) == 2  # the chosen one stands out
    assert marks.marker.size[0] == max(marks.marker.size)
    assert land.hoverinfo == "skip" and land.type == "scatter"  # a click goes to marks alone


def test_nothing_asks_a_network(store: Store) -> None:
    figure = json.loads(landmarks(store.places(Filters())).to_json())
    assert {trace["type"] for trace in figure["data"]} == {"scatter"}
    assert "geo" not in figure["layout"] and "map" not in figure["layout"]
    assert "http" not in json.dumps(figure)


def test_the_view_holds_all_places_and_no_single_street() -> None:
    frame = store_of(at("A", 48.8, 2.3), at("B", 48.9, 2.4, "gs://b/b.jpg")).places(Filters())
    layout = landmarks(frame).layout
    assert layout.xaxis.range[1] - layout.xaxis.range[0] >= 30
    far = store_of(at("A", -33.9, 151.2), at("B", 64.1, -21.9, "gs://b/b.jpg")).places(Filters())
    layout = landmarks(far).layout
    assert layout.xaxis.range[0] < -21.9 and layout.xaxis.range[1] > 151.2
    assert layout.yaxis.range[0] < -33.9 and layout.yaxis.range[1] > 64.1


def test_namesakes_far_apart_do_not_meet_in_the_ocean() -> None:
    frame = store_of(
        at("Statue of Liberty", 40.69, -74.04, "gs://b/1.jpg"),
        at("Statue of Liberty", 48.85, 2.28, "gs://b/2.jpg"),
        at("Statue of Liberty", 40.70, -74.05, "gs://b/3.jpg"),
    ).places(Filters())
    assert frame["pictures"].tolist() == [2, 1]
    assert frame["longitude"].tolist() == pytest.approx([-74.045, 2.28])


@pytest.mark.parametrize(
    "answer", [at("X", 91, 0), at("X", 0, 999), at("X", 0, -181), labelled("gs://b/a.jpg", "Cat")]
)
def test_no_such_place(answer: Any) -> None:
    frame = store_of(answer).places(Filters())
    assert frame.empty
    assert "No landmarks" in str(landmarks(frame).layout.annotations)


def test_hostile_names_stay_text() -> None:
    _, marks = landmarks(store_of(at(HOSTILE, 1, 2)).places(Filters())).data
    assert marks.customdata == (HOSTILE,)
    for text in (*marks.text, *marks.hovertext):
        assert "<img" not in text and "$" not in text


def test_the_outline_is_land_and_says_whose() -> None:
    body = json.loads(OUTLINE.read_text(encoding="utf-8"))
    assert "public domain" in body["source"] and len(body["rings"]) > 100
    assert all(len(ring) % 2 == 0 and len(ring) > 6 for ring in body["rings"])
    frame = pd.DataFrame({"n": [n for ring in body["rings"] for n in ring[0::2]]})
    assert frame["n"].between(-1800, 1800).all()


def test_no_line_of_the_outline_leads_across_the_map() -> None:
    for ring in json.loads(OUTLINE.read_text(encoding="utf-8"))["rings"]:
        places = list(zip(ring[0::2], ring[1::2], strict=True))
        for (x0, y0), (x1, y1) in pairwise(places):
            assert abs(x1 - x0) < 900 or y0 == y1 == -900  # the pole is the map's own lower edge
