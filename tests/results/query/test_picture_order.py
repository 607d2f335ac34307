"""In which order pictures stand on the sheet, and under which headings."""

from __future__ import annotations

import pytest

from core.results.query import picture_order
from core.results.query.picture_order import PictureOrder, Section, natural
from core.results.query.store import Store
from tests.kit.results.gallery_store import store_of
from tests.kit.results.labelled import labelled


def order(store: Store) -> PictureOrder:
    return PictureOrder(store.tables, store.specific())


def test_names_are_sorted_as_people_count() -> None:
    uris = ["gs://b/z/img10.jpg", "gs://b/a/IMG9.jpg", "gs://b/a/img2.jpg"]
    store = labelled([[], [], []], uris=uris)
    assert order(store).arrange([0, 1, 2])[0].tolist() == [2, 1, 0]
    named = order(labelled([[], [], []], uris=uris, called={uris[0]: "holiday/aa.jpg"}))
    assert named.arrange([0, 1, 2])[0].tolist() == [0, 2, 1]
    assert natural("Img9") < natural("img10")


def test_scores_colours_and_likelihoods() -> None:
    store = labelled(
        [["Dog", "Poodle"], ["Cat"], [], ["Sofa"]],
        safe=[{"adult": "UNLIKELY"}, {"racy": "VERY_LIKELY"}, {}, {"adult": "POSSIBLE"}],
        colors=[(0, 0, 255), (255, 0, 0), (128, 128, 128), (0, 200, 0)],
    )
    orders = order(store)
    everything = [0, 1, 2, 3]
    # The picture with a poodle counts by that, not by the better score of "Dog".
    assert orders.arrange(everything, "score")[0].tolist() == [1, 3, 0, 2]
    assert orders.arrange(everything, "color")[0].tolist() == [1, 3, 0, 2]  # red, green, blue, grey
    assert orders.arrange(everything, "safe")[0].tolist() == [1, 3, 0, 2]
    assert orders.arrange([3, 2], "color")[0].tolist() == [3, 2]


def test_some_of_very_many_have_the_order_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [["Dog"], ["Cat"], [], ["Dog"], ["Sofa"], ["Cat"]]
    few = [order(labelled(labels)).arrange(ids, "score") for ids in ([0, 2, 3, 5], range(6))]
    monkeypatch.setattr(picture_order, "MOST_SORTED", 0)
    orders = order(labelled(labels))
    many = [orders.arrange(ids, "score") for ids in ([0, 2, 3, 5], range(6))]
    assert [ids.tolist() for ids, _ in many] == [ids.tolist() for ids, _ in few]
    assert [sections for _, sections in many] == [sections for _, sections in few]
    monkeypatch.setattr(PictureOrder, "_keys", lambda *_: pytest.fail("sorted again"))
    assert orders.arrange([2, 3], "score")[0].tolist() == [3, 2]


def test_groups_by_label_have_their_scores() -> None:
    store = labelled([["Cat"], ["Dog"], [], ["Cat"]])
    ids, sections = order(store).arrange([0, 1, 2, 3], "score", "label")
    assert ids.tolist() == [0, 3, 1, 2]
    assert [(s.name, s.count) for s in sections] == [("Cat", 2), ("Dog", 1), ("No label", 1)]
    assert sections[0].least == pytest.approx(0.87) and sections[0].most == pytest.approx(0.9)
    assert sections[2].least is None


def test_groups_by_folder_use_the_users_own_folders() -> None:
    uris = ["gs://b/jobs/1/pictures/000001-a.jpg", "gs://b/jobs/1/pictures/000002-b.jpg", ""]
    store = labelled([[], [], []], uris=uris, called={uris[0]: "beach/a.jpg"})
    _, sections = order(store).arrange([0, 1, 2], "name", "folder")
    assert [(s.name, s.count) for s in sections] == [
        ("beach", 1), ("gs://b/jobs/1/pictures", 1), ("No folder", 1)
    ]  # fmt: skip


def test_folders_of_one_name_in_different_places_stay_apart() -> None:
    store = labelled([[], []], uris=["gs://b/2023/day1/a.jpg", "gs://b/2024/day1/a.jpg"])
    _, sections = order(store).arrange([0, 1], "name", "folder")
    assert [s.name for s in sections] == ["gs://b/2023/day1", "gs://b/2024/day1"]


def test_rare_groups_stand_under_one_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_order, "MOST_GROUPS", 2)
    store = labelled([["Cat"], ["Cat"], ["Dog"], ["Sofa"], []])
    ids, sections = order(store).arrange([0, 1, 2, 3, 4], "name", "label")
    assert sections[0].name == "Cat" and sections[1] == Section("Rarer ones", 3)
    assert sorted(ids.tolist()) == [0, 1, 2, 3, 4]


def test_groups_by_document_hold_pages_in_order_and_pictures_last() -> None:
    uris = ["gs://b/x/a.pdf", "gs://b/y/a.pdf", "gs://b/p.jpg", "gs://b/x/a.pdf", "gs://b/c.tif"]
    responses: list[dict[str, object]] = [
        {"context": {"uri": uri, **({"pageNumber": page} if page else {})}}
        for uri, page in zip(uris, (2, 1, 0, 1, 1), strict=True)
    ]
    ids, sections = order(store_of(*responses)).arrange([0, 1, 2, 3, 4], "name", "document")
    assert ids.tolist() == [3, 0, 4, 1, 2]
    assert [(s.name, s.count) for s in sections] == [
        ("gs://b/x/a.pdf", 2), ("c.tif", 1), ("gs://b/y/a.pdf", 1), ("Pictures", 1)
    ]  # fmt: skip
