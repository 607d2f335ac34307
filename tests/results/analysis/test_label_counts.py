"""Pictures by their number of labels."""

from __future__ import annotations

from core.results.analysis.label_counts import label_counts
from core.results.query.filters import Filters
from tests.kit.results.gallery_store import store_of
from tests.kit.results.labelled import labelled


def test_labels_that_reach_the_cut_off_are_counted() -> None:
    store = labelled([["Cat", "Animal", "Pet"], ["Dog"], ["Car"], []])
    frame = label_counts(store, Filters())
    assert frame.to_dict("list") == {
        "name": ["no labels", "1 label", "3 labels"],
        "value": [0, 1, 3],
        "pictures": [1, 2, 1],
    }
    sure = label_counts(store, Filters(score=0.8))  # Cat 0.9, Animal 0.8, Pet 0.7
    assert dict(zip(sure["value"], sure["pictures"], strict=True)) == {0: 1, 1: 2, 2: 1}
    cats = label_counts(store, Filters(labels=("Cat",)))
    assert cats[["name", "pictures"]].to_numpy().tolist() == [["3 labels", 1]]


def test_failed_pictures_have_no_number_of_labels() -> None:
    cat = {"description": "Cat", "score": 0.9}
    store = store_of({"labelAnnotations": [cat]}, {"error": {"code": 3, "message": "bad"}})
    assert label_counts(store, Filters())["pictures"].tolist() == [1]


def test_nothing_is_said_where_no_labels_were_asked_for() -> None:
    assert label_counts(labelled([[], []]), Filters()).empty
