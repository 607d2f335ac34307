"""The sentence over a batch: every number in it is the tables' own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from google.cloud import vision

from core.results.analysis.sentence import amount, color_name, describe
from core.results.query.filters import Filters
from core.results.query.safe_policy import USUAL, SafePolicy
from core.results.query.store import Store
from core.results.tables.tables import empty
from tests.kit.results.labelled import labelled
from tests.kit.results.shards import failed, response, store_of
from tests.kit.results.shards import labelled as shard_labelled


def test_each_number_is_recounted_from_the_tables() -> None:
    store = labelled(
        [["Dog", "Poodle"], ["Poodle"], ["Cat"], ["Cat", "Sofa"], []],
        safe=[{"adult": "LIKELY"}, {}, {"adult": "UNLIKELY"}, {}, {"racy": "VERY_LIKELY"}],
        colors=[(120, 120, 120)] * 3 + [(20, 40, 200)] * 2,
    )
    start, rest = describe(store, Filters(), USUAL)
    assert start == "5 pictures:"
    named = dict(re.findall(r"(\w+) \((\d+)\)", rest))
    assert named == {"Cat": "2", "Poodle": "2", "Sofa": "1"}
    for label, count in named.items():
        assert store.count(Filters(labels=(label,))) == int(count)
    assert "2 flagged by safe search." in rest
    assert "Mostly greys and blues." in rest


def test_a_choice_is_said_with_what_else_there_is() -> None:
    store = labelled([["Cat", "Sofa"], ["Cat"], ["Dog"]])
    start, rest = describe(store, Filters(labels=("Cat",)), USUAL)
    assert (start, rest) == ("2 of 3 pictures with Cat:", "also Sofa (1).")
    start, rest = describe(store, Filters(labels=("Qwx",)), USUAL)
    assert (start, rest) == ("0 of 3 pictures with Qwx:", "no picture passes the filters.")
    assert describe(store, Filters(), USUAL, live=True)[0] == "3 pictures so far:"


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ({"uri": "0"}, "with Cat, and 1 other filter:"),
        ({"not_labels": ("Sofa",), "score": 0.5}, "with Cat, and 2 other filters:"),
        ({"labels": ("Cat", "Qwx"), "status": "ok"}, "with Cat or Qwx, and 1 other filter:"),
    ],
)
def test_a_count_that_other_filters_narrow_is_not_said_of_the_labels_alone(
    more: dict[str, Any], start: str
) -> None:
    store = labelled([["Cat", "Sofa"], ["Cat"], ["Dog"]])
    chosen = replace(Filters(labels=("Cat",)), **more)
    said = f"{store.count(chosen)} of 3 pictures {start}"
    assert describe(store, chosen, USUAL)[0] == said


def test_a_policy_of_nothing_flags_nothing() -> None:
    store = labelled([["Cat"]], safe=[{"adult": "VERY_LIKELY"}])
    assert "flagged" not in describe(store, Filters(), SafePolicy(()))[1]


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ("#000000", "blacks"), ("#ffffff", "whites"), ("#808080", "greys"), ("#d02020", "reds"),
        ("#7a5230", "browns"), ("#20a040", "greens"), ("#2040d0", "blues"), ("#f0e020", "yellows"),
        ("#803090", "purples"), ("#f080b0", "pinks"), ("#f08020", "oranges"),
    ],
)  # fmt: skip
def test_colours_have_their_usual_names(color: str, name: str) -> None:
    assert color_name(color) == name


def test_without_labels_it_says_what_else_was_found() -> None:
    text = {"text_annotations": [vision.EntityAnnotation(description="Winter cargo")]}
    words = [vision.EntityAnnotation(description=word) for word in ("Winter", "cargo")]
    text["text_annotations"] += words
    face = {"face_annotations": [vision.FaceAnnotation(detection_confidence=0.9)]}
    store = store_of(
        response("gs://b/1.png", **text), response("gs://b/2.png", **text, **face), response()
    )
    assert describe(store, Filters(), USUAL) == (
        "3 pictures:",
        "Found: text (2, 4 words) and faces (1).",
    )
    assert describe(store_of(response()), Filters(), USUAL)[1] == "nothing was found."


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"crop_hints_annotation": {"crop_hints": [{"confidence": 0.8}]}}, "crop hints (1)"),
        (
            {"web_detection": {"web_entities": [{"entity_id": "/m/1", "description": "Cat"}]}},
            "web entities (1)",
        ),
    ],
)
def test_what_only_one_feature_found_is_something(answer: dict[str, Any], said: str) -> None:
    store = store_of(response(**answer), response("gs://b/2.jpg"))
    assert describe(store, Filters(), USUAL)[1] == f"Found: {said}."


def test_failures_are_said_and_nothing_that_nobody_judged() -> None:
    one, two = failed("gs://b/1.jpg"), failed("gs://b/2.jpg")
    dog = shard_labelled("gs://b/3.jpg", "Dog")
    assert describe(store_of(one, two, dog), Filters(), USUAL)[1] == "Dog (1) leads. 2 failed."
    for store, said in ((store_of(one, two), "all failed"), (store_of(one), "failed")):
        assert describe(store, Filters(), USUAL)[1] == f"{said}; the tab Quality says why."
    unknown = response(safe_search_annotation=vision.SafeSearchAnnotation())
    assert describe(store_of(unknown), Filters(), USUAL)[1] == "nothing was found."


def test_before_the_first_result_it_says_that_there_is_none_yet() -> None:
    said = describe(Store(empty()), Filters(), USUAL, live=True)
    assert said == ("No results yet:", "pictures appear here as they are done.")


@pytest.mark.parametrize(
    ("pages", "start"), [((0, 1), "1 picture and 1 page:"), ((1, 2), "2 pages:"), ((1,), "1 page:")]
)
def test_pages_of_files_are_no_pictures(pages: tuple[int, ...], start: str) -> None:
    uris = [f"gs://b/{n}.pdf" if n else "gs://b/a.jpg" for n in pages]
    contexts = [
        vision.ImageAnnotationContext(uri=uri, page_number=n)
        for uri, n in zip(uris, pages, strict=True)
    ]
    store = store_of(*(vision.AnnotateImageResponse(context=one) for one in contexts))
    assert describe(store, Filters(), USUAL)[0] == start


def test_amounts_are_called_what_they_are() -> None:
    pictures = labelled([["Dog"], ["Cat"]])
    assert [amount(pictures, n) for n in (0, 1, 1_200)] == [
        "0 pictures", "1 picture", "1,200 pictures"
    ]  # fmt: skip
    page = response("gs://b/scan.pdf", full_text_annotation={"text": "Hello"})
    page.context.page_number = 1
    assert [amount(store_of(page), n) for n in (1, 3)] == ["1 page", "3 pages"]
    both = store_of(page, response("gs://b/1.jpg"))
    assert amount(both, 2) == "2 pictures and pages"
