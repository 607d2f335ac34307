"""What pictures are called: the user's own names and folders, every character kept."""

from __future__ import annotations

import json

import pytest

from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.picture_names import split_path
from core.results.tables.tables import build
from tests.kit.results.labelled import labelled

NAMES = [
    "holiday/photo.jpg",
    "work/photo.jpg",
    "50% + 1#2?.jpg",
    "Müller, Anna (front).jpg",
    "a/b/\U0001f600 1.jpg",
    "two\nlines/a\nb.jpg",
    " space /x .jpg ",
    "http-notes/a?b#c.jpg",
]


def test_tables_have_the_users_names_and_folders() -> None:
    uris = [f"gs://b/job/pictures/{n:06}-photo.jpg" for n in range(1, 1 + len(NAMES))]
    store = labelled([[] for _ in uris], uris=uris, called=dict(zip(uris, NAMES, strict=True)))
    pictures = store.tables["pictures"]
    pairs = zip(pictures["folder"].to_pylist(), pictures["name"].to_pylist(), strict=True)
    assert ["/".join(filter(None, pair)) for pair in pairs] == NAMES
    assert pictures["uri"].to_pylist() == uris
    frame = store.pictures(Filters.empty())
    assert frame["name"].tolist() == [name.rpartition("/")[2] for name in NAMES]
    assert frame["folder"].tolist()[:3] == ["holiday", "work", ""]
    of = store.annotations(0)
    assert of is not None and (of.folder, of.name, of.title) == (
        "holiday",
        "photo.jpg",
        "photo.jpg",
    )


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("gs://b/photo.jpg", "gs://b", "photo.jpg"),
        ("gs://b/a//photo?#.jpg", "gs://b/a/", "photo?#.jpg"),
        ("https://example.org/a/photo.jpg?size=1/2#x/y", "https://example.org/a", "photo.jpg"),
        ("gs://b/folder/", "gs://b/folder", ""),
        ("", "", ""),
    ],
)
def test_an_address_is_split_at_its_last_slash(path: str, folder: str, name: str) -> None:
    assert split_path(path) == (folder, name)
    pictures = labelled([[]], uris=[path]).tables["pictures"]
    assert (pictures["folder"].to_pylist(), pictures["name"].to_pylist()) == ([folder], [name])


def test_pages_and_pictures_without_an_address_have_titles() -> None:
    responses = [
        {"context": {"uri": "gs://b/scans/paper.pdf", "pageNumber": 2}},
        {"labelAnnotations": [{"description": "Cat"}]},
    ]
    data = json.dumps({"responses": responses}).encode()
    store = Store(build([(ShardFile("gs://b/output-1-to-2.json", 1, 2), data)]))
    assert [of.title for of in store.annotations_of([0, 1])] == ["paper.pdf, page 2", "Picture 2"]
