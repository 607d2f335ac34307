"""Filters on names: case, accents and normal forms do not count; folders are chosen exactly."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from core.results.analysis.group_palettes import group_palettes
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.tables import build
from tests.kit.results.labelled import labelled

WRITTEN = ["café", "Café", "CAFE", unicodedata.normalize("NFD", "café")]


def store_of(responses: list[dict[str, Any]]) -> Store:
    data = json.dumps({"responses": responses}).encode()
    file = ShardFile(f"gs://b/output-1-to-{len(responses)}.json", 1, len(responses))
    return Store(build([(file, data)]))


@pytest.mark.parametrize("asked", WRITTEN)
@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("labels", lambda name: {"labelAnnotations": [{"description": name, "score": 0.9}]}),
        ("objects", lambda name: {"localizedObjectAnnotations": [{"name": name, "score": 0.9}]}),
        ("logos", lambda name: {"logoAnnotations": [{"description": name, "score": 0.9}]}),
        ("landmarks", lambda name: {"landmarkAnnotations": [{"description": name, "score": 1}]}),
        ("web", lambda name: {"webDetection": {"webEntities": [{"description": name}]}}),
        ("uri", lambda name: {"context": {"uri": f"gs://b/x/{name}_1.jpg"}}),
        ("folders", lambda name: {"context": {"uri": f"gs://b/{name}/1.jpg"}}),
    ],
)
def test_names_are_found_however_they_are_written(field: str, answer: Any, asked: str) -> None:
    store = store_of([*map(answer, WRITTEN), answer("tea")])
    value: Any = {"uri": asked, "folders": (f"gs://b/{asked}",)}.get(field, (asked,))
    filters = Filters(**{field: value})
    assert store.count(filters) == len(WRITTEN)
    again, notes = Filters.from_params(filters.to_params())
    assert again == filters and not notes
    if field == "labels":
        assert store.count(Filters(labels=(asked, "tea"), match="all")) == 0
        assert store.count(Filters(not_labels=(asked,))) == 1


def test_signs_count_in_names() -> None:
    store = store_of([{"labelAnnotations": [{"description": x}]} for x in ("C", "C++", "C#")])
    assert [store.count(Filters(labels=(name,))) for name in ("c", "c++", "C#", "C+")] == [
        1,
        1,
        1,
        0,
    ]


def test_the_users_own_path_is_searched_and_the_address_too() -> None:
    uris = ["gs://b/job/pictures/000001-photo.jpg", "gs://b/job/pictures/000002-photo.jpg"]
    own = {uris[0]: "Ferien/Straße 1.jpg", uris[1]: "Büro/photo.jpg"}
    store = labelled([["Sea"], ["Desk"]], uris=uris, called=own)
    wanted = ["ferien/strasse", "büro", "photo.jpg", "000002", "n/s", "x\n"]
    assert [store.count(Filters(uri=part)) for part in wanted] == [1, 1, 2, 1, 1, 0]


def test_folders_are_counted_filtered_and_grouped() -> None:
    uris = [f"gs://b/p{n}.jpg" for n in range(5)]
    own = dict(zip(uris, ["a/x.jpg", "a/y.jpg", "a/b/x.jpg", "b/x.jpg", "x.jpg"], strict=True))
    colors = [(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0), (9, 9, 9)]
    store = labelled([["Sea"]] * 4 + [["Desk"]], uris=uris, called=own, colors=colors)
    counted = store.folders(Filters(folders=("b",)))
    assert dict(zip(counted["folder"], counted["pictures"], strict=True)) == {
        "a": 2, "": 1, "a/b": 1, "b": 1
    }  # fmt: skip
    assert [store.count(Filters(folders=(f,))) for f in ("a", "a/b", "b", "", "c")] == [
        2, 1, 1, 1, 0
    ]  # fmt: skip
    assert store.count(Filters(folders=("a", ""), labels=("Sea",))) == 2
    palettes = group_palettes(store, Filters(labels=("sea",)), "folder")
    assert dict(zip(palettes["group"], palettes["hex"], strict=True)) == {
        "a": "#ff0000", "a/b": "#0000ff", "b": "#00ff00"
    }  # fmt: skip
    assert "No folder" in set(group_palettes(store, Filters.empty(), "folder")["group"])
    assert [chip.text for chip in Filters(folders=("a", "")).chips()] == ["Folder a, none"]
