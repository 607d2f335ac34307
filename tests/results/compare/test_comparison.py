"""Comparisons whose answers are worked out by hand."""

from __future__ import annotations

import itertools
import math
import random
import unicodedata
from typing import Any, Literal

import numpy as np
import pytest
from google.cloud import vision

from core.results.compare.boxes import greedy
from core.results.compare.comparison import FEATURES, Comparison, compare
from core.results.compare.matching import Matching, match, plain_name
from core.results.compare.pair_text import NameChange, describe
from core.results.tables import tables
from core.results.tables.tables import Tables
from core.results.vocabulary import LIKELIHOODS
from tests.kit.results.shards import (
    failed,
    labelled,
    response,
    shard_bytes,
    shard_file,
    store_of,
    tables_of,
)

A, B = "gs://b/a.jpg", "gs://b/b.jpg"


def row(comparison: Comparison, feature: str) -> Any:
    rows = comparison.summary[comparison.summary["feature"] == feature]
    assert len(rows) == 1
    return rows.iloc[0]


def named(uri: str, **scores: float) -> Any:
    """A picture whose labels have these scores."""
    labels = [{"description": name, "score": score} for name, score in scores.items()]
    return response(uri, label_annotations=labels)


def boxed(uri: str, *boxes: tuple[str, float, float, float, float]) -> Any:
    """A picture with objects: name, left, top, right, bottom in 0..1."""
    objects = [
        {
            "name": name,
            "score": 0.9,
            "bounding_poly": {
                "normalized_vertices": [{"x": x, "y": y} for x, y in ((a, b), (c, b), (c, d))]
            },
        }
        for name, a, b, c, d in boxes
    ]
    return response(uri, localized_object_annotations=objects)


def faced(uri: str, *boxes: tuple[int, int, int, int]) -> Any:
    """A picture with faces: left, top, right, bottom in pixels."""
    faces = [
        {"bounding_poly": {"vertices": [{"x": x, "y": y} for x, y in ((a, b), (c, d))]}}
        for a, b, c, d in boxes
    ]
    return response(uri, face_annotations=faces)


def judged(uri: str, **levels: int) -> Any:
    return response(uri, safe_search_annotation=levels)


def written(uri: str, text: str) -> Any:
    return response(uri, full_text_annotation={"text": text})


def colored(uri: str, *shares: tuple[int, int, int, float]) -> Any:
    """A picture with dominant colours: red, green, blue, part of the pixels."""
    colors = [
        {"color": {"red": r, "green": g, "blue": b}, "score": part, "pixel_fraction": part}
        for r, g, b, part in shares
    ]
    return response(uri, image_properties_annotation={"dominant_colors": {"colors": colors}})


# Matching


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000012-My-cat.JPG", "my-cat.jpg"),
        ("My cat.jpg", "my-cat.jpg"),
        ("12-cat.jpg", "12-cat.jpg"),  # a name may begin with a number
        ("Straße.png", "strasse.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),
        ("", ""),
    ],
)
def test_plain_name_is_what_survives_an_upload(name: str, expected: str) -> None:
    assert plain_name(name) == expected


def counts_of(matching: Matching) -> dict[str, int]:
    return {how: count for how, count in matching.counts.items() if count}


def test_the_surest_rule_wins_and_each_pair_says_which() -> None:
    left = tables_of(
        labelled("gs://b/x/a.jpg", "Cat"),  # same address
        labelled("gs://b/job1/pictures/000002-dog.jpg", "Cat"),  # same content name
        labelled("", "Cat"),  # third in its request
        labelled("gs://b/x/twice.jpg", "Cat"),  # the right has two of that name, none in x
        labelled("gs://b/y/only-left.jpg", "Cat"),
    )
    right = tables_of(
        labelled("gs://c/z/twice.jpg", "Cat"),
        labelled("gs://c/Dog.jpg", "Cat"),
        labelled("gs://c/third.jpg", "Cat"),
        labelled("gs://b/x/a.jpg", "Cat"),
        labelled("gs://c/w/twice.jpg", "Cat"),
    )
    matching = match(left["pictures"], right["pictures"])
    assert matching.left.tolist() == [0, 1, 2]
    assert matching.right.tolist() == [3, 1, 2]
    assert counts_of(matching) == {"address": 1, "name": 1, "position": 1}
    assert matching.names == ["a.jpg", "000002-dog.jpg", "third.jpg"]
    assert matching.only_left == ["gs://b/x/twice.jpg", "gs://b/y/only-left.jpg"]
    assert matching.only_right == ["gs://c/z/twice.jpg", "gs://c/w/twice.jpg"]


def test_names_that_repeat_are_distinguished_by_their_folder() -> None:
    left = tables_of(labelled("gs://b/v1/one/x.jpg"), labelled("gs://b/v1/two/x.jpg"))
    right = tables_of(labelled("gs://c/two/x.jpg"), labelled("gs://c/one/x.jpg"))
    matching = match(left["pictures"], right["pictures"])
    assert matching.right.tolist() == [1, 0]
    assert counts_of(matching) == {"folder and name": 2}


def test_content_goes_before_names_and_says_so() -> None:
    left = tables_of(labelled("gs://b/1/a.jpg"), labelled("gs://b/1/b.jpg"), labelled("gs://b/1/c"))
    right = tables_of(
        labelled("gs://c/2/b.jpg"), labelled("gs://c/2/a.jpg"), labelled("gs://c/2/c")
    )
    contents = (
        {("gs://b/1/a.jpg", 0): "md5:A:9", ("gs://b/1/b.jpg", 0): "md5:B:9"},
        {("gs://c/2/b.jpg", 0): "md5:A:9", ("gs://c/2/a.jpg", 0): "md5:C:9"},
    )
    matching = match(left["pictures"], right["pictures"], "auto", contents)
    # a.jpg is b.jpg there; the b.jpg that is left over has no partner of its name.
    assert list(zip(matching.left.tolist(), matching.right.tolist(), strict=True)) == [
        (0, 0),
        (2, 2),
    ]
    assert counts_of(matching) == {"content": 1, "name": 1}
    assert (matching.only_left, matching.only_right) == (["gs://b/1/b.jpg"], ["gs://c/2/a.jpg"])


def test_a_name_with_another_content_is_matched_and_counted() -> None:
    left, right = tables_of(labelled(A)), tables_of(labelled(A))
    contents = ({(A, 0): "md5:A:9"}, {(A, 0): "md5:B:9"})
    matching = match(left["pictures"], right["pictures"], "auto", contents)
    assert counts_of(matching) == {"address": 1} and matching.differing == 1
    unknown = match(left["pictures"], right["pictures"], "auto", (contents[0], {}))
    assert unknown.differing == 0
    object_only = ({(A, 0): "object:gs://b/a.jpg#1"}, contents[1])
    assert match(left["pictures"], right["pictures"], "auto", object_only).differing == 0


def test_copies_of_one_picture_are_paired_by_their_names_then_in_turn() -> None:
    left = tables_of(*(labelled(f"gs://b/{name}.jpg") for name in "xyz"))
    right = tables_of(*(labelled(f"gs://c/{name}.jpg") for name in "zqw"))
    same = tuple(
        {(uri, 0): "md5:A:9" for uri in side["pictures"]["uri"].to_pylist()}
        for side in (left, right)
    )
    matching = match(left["pictures"], right["pictures"], "auto", (same[0], same[1]))
    assert list(zip(matching.left.tolist(), matching.right.tolist(), strict=True)) == [
        (0, 1), (1, 2), (2, 0)
    ]  # fmt: skip
    assert counts_of(matching) == {"content": 3}


def test_pages_of_equal_files_keep_their_numbers() -> None:
    def pages(uri: str) -> Tables:
        return tables_of(*(page_of(uri, number) for number in (1, 2)))

    left, right = pages("gs://b/one.pdf"), pages("gs://c/other.pdf")
    contents = tuple(
        {(uri, page): f"md5:A:9:page {page}" for page in (1, 2)}
        for uri in ("gs://b/one.pdf", "gs://c/other.pdf")
    )
    matching = match(left["pictures"], right["pictures"], "auto", (contents[0], contents[1]))
    assert matching.right.tolist() == [0, 1] and counts_of(matching) == {"content": 2}


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_match_in_either_normal_form(forms: tuple[Literal["NFC", "NFD"], ...]) -> None:
    sides = [
        tables_of(
            *(labelled(unicodedata.normalize(form, f"gs://{form.lower()}/{folder}/é.jpg"))
              for folder in ("ä", "ö"))
        )
        for form in forms
    ]  # fmt: skip
    matching = match(sides[0]["pictures"], sides[1]["pictures"])
    assert matching.right.tolist() == [0, 1] and counts_of(matching) == {"folder and name": 2}


def test_position_counts_folder_by_folder_and_survives_a_missing_shard() -> None:
    def shard(folder: str, first: int, uris: list[str]) -> Any:
        answers = [labelled(uri) for uri in uris]
        return shard_file(first, first + len(uris) - 1, folder), shard_bytes(answers)

    left = tables.build(
        [
            shard("gs://b/j/part-1/", 3, ["", ""]),  # pictures 1 and 2 have gone
            shard("gs://b/j/part-2/", 1, ["", ""]),
        ]
    )
    right = tables.build(
        [
            shard("gs://c/k/part-1/", 1, ["p1", "p2", "p3", "p4"]),
            shard("gs://c/k/part-2/", 1, ["q1", "q2"]),
        ]
    )
    matching = match(left["pictures"], right["pictures"])
    assert matching.names == ["p3", "p4", "q1", "q2"]
    assert matching.only_right == ["p1", "p2"]


def test_unrelated_pictures_are_paired_by_position_only_when_asked() -> None:
    left, right = tables_of(labelled(A), labelled(B)), tables_of(labelled("gs://c/z.jpg"))
    assert len(match(left["pictures"], right["pictures"])) == 0
    asked = match(left["pictures"], right["pictures"], "position")
    assert (asked.left.tolist(), asked.right.tolist()) == ([0], [0])
    assert asked.only_left == [B]
    with pytest.raises(ValueError, match="by cannot be"):
        match(left["pictures"], right["pictures"], "luck")


def page_of(uri: str, number: int) -> Any:
    return vision.AnnotateImageResponse(context={"uri": uri, "page_number": number})


def test_pages_of_a_file_are_different_pictures() -> None:
    def page(number: int) -> Any:
        return vision.AnnotateImageResponse(
            context={"uri": "gs://b/f.pdf", "page_number": number},
            label_annotations=[{"description": "Cat"}],
        )

    left, right = tables_of(page(1), page(2)), tables_of(page(2), page(3))
    matching = match(left["pictures"], right["pictures"])
    assert (matching.left.tolist(), matching.right.tolist()) == ([1], [0])


# Features


def test_labels_by_jaccard_and_score() -> None:
    left = tables_of(named(A, Cat=0.9, Pet=0.8, Fur=0.7), named(B, Dog=0.6))
    right = tables_of(named(A, cat=0.7, Pet=0.9, Grass=0.5), named(B, Dog=0.6))
    comparison = compare(left, right)
    # a: {cat, pet} of {cat, pet, fur, grass}: 2 / 4. b: 1 / 1. Mean 0.75.
    assert comparison.pairs["labels"].tolist() == [0.5, 1.0]
    assert row(comparison, "labels")["agreement"] == pytest.approx(0.75)
    assert row(comparison, "labels")["same"] == 1
    # |0.7-0.9|, |0.9-0.8|, |0.6-0.6|: mean 0.1
    assert row(comparison, "labels")["detail"] == "mean score difference 0.10"
    changes: Any = comparison.names["labels"].set_index("name")
    assert list(changes.index) == ["Fur", "Grass", "Cat", "Dog", "Pet"]
    assert changes.loc["Fur", ["lost", "gained", "both"]].tolist() == [1, 0, 0]
    assert changes.loc["Grass", ["lost", "gained", "both"]].tolist() == [0, 1, 0]
    assert changes.loc["Cat", "shift"] == pytest.approx(-0.2)
    assert math.isnan(changes.loc["Fur", "shift"])
    assert comparison.where["labels"].pairs_of("Grass").tolist() == [0]
    assert comparison.where["labels"].pairs_of("Pet").tolist() == []


def test_a_label_given_twice_counts_once_with_its_best_score() -> None:
    twice = [{"description": "Cat", "score": 0.4}, {"description": "CAT ", "score": 0.9}]
    left = tables_of(response(A, label_annotations=twice))
    comparison = compare(left, tables_of(named(A, Cat=0.8)))
    assert comparison.pairs["labels"].tolist() == [1.0]
    assert row(comparison, "labels")["detail"] == "mean score difference 0.10"


def test_objects_are_matched_by_overlap() -> None:
    left = tables_of(
        boxed(A, ("Dog", 0.0, 0.0, 0.4, 0.4), ("Dog", 0.5, 0.5, 1.0, 1.0)),
        boxed(B, ("Cat", 0.0, 0.0, 0.2, 0.2)),
    )
    right = tables_of(
        # The first is the left's second moved by 0.1: 0.4 x 0.5 of 2 x 0.25 - 0.2 = 2 / 3.
        boxed(A, ("Dog", 0.6, 0.5, 1.1, 1.0), ("Wolf", 0.0, 0.0, 0.4, 0.4)),
        boxed(B, ("Cat", 0.2, 0.2, 0.4, 0.4)),  # touches in a corner only
    )
    comparison = compare(left, right)
    # a: one match of 2 + 2 boxes: 2 x 1 / 4. b: none of 1 + 1.
    assert comparison.pairs["objects"].tolist() == [0.5, 0.0]
    assert row(comparison, "objects")["detail"] == (
        "mean overlap of matched boxes 0.67; 1 in the same place under another name"
    )
    changes: Any = comparison.names["objects"].set_index("name")
    assert changes.loc["Dog", ["left", "right", "both", "lost", "gained"]].tolist() == [
        2, 1, 1, 1, 0,
    ]  # fmt: skip
    assert changes.loc["Cat", ["left", "right", "both"]].tolist() == [1, 1, 0]
    assert changes.loc["Dog", "renamed_to"] == "Wolf"
    assert changes.loc["Wolf", "renamed_to"] == ""
    assert comparison.where["objects"].pairs_of("Dog").tolist() == [0]
    assert comparison.where["objects"].pairs_of("Cat").tolist() == [1]


def test_a_box_is_matched_once() -> None:
    one = ("Dog", 0.0, 0.0, 0.5, 0.5)
    comparison = compare(tables_of(boxed(A, one)), tables_of(boxed(A, one, one, one)))
    assert comparison.pairs["objects"].tolist() == [0.5]  # 2 x 1 / (1 + 3)


def test_greedy_is_the_walk_down_from_the_best() -> None:
    """Against the plain loop, on many random cases with ties."""
    rng = random.Random(4)
    for _ in range(300):
        cells = [(a, b) for a, b in itertools.product(range(5), range(5)) if rng.random() < 0.6]
        scores = [rng.randrange(4) / 4 for _ in cells]
        expected: list[int] = []
        seen: set[tuple[str, int]] = set()
        for n in sorted(range(len(cells)), key=lambda n: (-scores[n], n)):
            keys = {("left", cells[n][0]), ("right", cells[n][1])}
            if not keys & seen:
                expected.append(n)
                seen |= keys
        left, right = np.array(cells, np.int64).reshape(-1, 2).T
        got = greedy(left, right, np.array(scores, np.float64))
        assert got.tolist() == sorted(expected)


def test_faces_by_count() -> None:
    left = tables_of(faced(A, (0, 0, 10, 10), (50, 50, 60, 60)), faced(B), faced("gs://b/c.jpg"))
    right = tables_of(faced(A, (0, 0, 10, 20)), faced(B, (1, 1, 2, 2)), faced("gs://b/c.jpg"))
    comparison = compare(left, right)
    # 1 of 2; 0 of 1; no faces on either side say nothing.
    assert comparison.pairs["faces"].tolist()[:2] == [0.5, 0.0]
    assert math.isnan(comparison.pairs["faces"][2])
    assert row(comparison, "faces")["pictures"] == 2
    assert row(comparison, "faces")["detail"] == "2 against 2; mean overlap 0.50"  # 100 of 200 px


def test_safe_search_by_steps() -> None:
    left = tables_of(judged(A, adult=1, racy=2, violence=0), judged(B, adult=5, spoof=5))
    right = tables_of(judged(A, adult=1, racy=5, violence=3), judged(B, adult=1, spoof=5))
    comparison = compare(left, right)
    # a: adult 0 steps, racy 3; violence is UNKNOWN on the left: 1 - (3 / 4) / 2.
    # b: adult 4 steps, spoof 0: 1 - (4 / 4) / 2.
    assert comparison.pairs["safe"].tolist() == pytest.approx([0.625, 0.5])
    assert row(comparison, "safe")["detail"] == "50% exactly the same"
    moves: Any = comparison.safe_moves.set_index(["category", "left", "right"])["pictures"]
    assert len(moves) == 5 * 6 * 6
    assert moves["adult", "VERY_UNLIKELY", "VERY_UNLIKELY"] == 1
    assert moves["adult", "VERY_LIKELY", "VERY_UNLIKELY"] == 1
    assert moves["racy", "UNLIKELY", "VERY_LIKELY"] == 1
    assert moves["violence", "UNKNOWN", "POSSIBLE"] == 1
    assert moves.sum() == 2 * 5


def test_text_by_edit_distance() -> None:
    left = tables_of(
        written(A, "kitten\n"), written(B, "same  text"), written("gs://b/c.jpg", "abcd")
    )
    right = tables_of(written(A, "sitting"), written(B, "same\ntext\n"), labelled("gs://b/c.jpg"))
    comparison = compare(left, right)
    # kitten to sitting takes 3 edits; 7 letters in the longer, 6 in the left.
    assert comparison.pairs["text"].tolist() == pytest.approx([1 - 3 / 7, 1.0, 0.0])
    assert comparison.pairs["error_rate"].tolist() == pytest.approx([3 / 6, 0.0, 1.0])
    assert row(comparison, "text")["detail"] == "median character error rate 50.0%"


def test_colours_by_their_nearest() -> None:
    left = tables_of(colored(A, (0, 0, 0, 0.75), (255, 255, 255, 0.25)), colored(B, (9, 9, 9, 1)))
    right = tables_of(colored(A, (0, 0, 0, 0.5)), colored(B, (9, 9, 9, 0.3)))
    comparison = compare(left, right)
    # a, from the left: black at 0 for 3/4, white at 100 (L* of white) for 1/4; from the right: 0.
    # Near: (3/4 + 1) / 2. Distance: (25 + 0) / 2.
    assert comparison.pairs["colors"].tolist() == pytest.approx([0.875, 1.0])
    assert comparison.pairs["color_distance"].tolist() == pytest.approx([12.5, 0.0], abs=1e-3)


def test_crop_hints_by_overlap_of_the_first() -> None:
    def cropped(*edges: int) -> Any:
        hints = [
            {"bounding_poly": {"vertices": [{"x": 0, "y": 0}, {"x": x, "y": 10}]}} for x in edges
        ]
        return response(A, crop_hints_annotation={"crop_hints": hints})

    comparison = compare(tables_of(cropped(10, 99)), tables_of(cropped(20, 10)))
    assert comparison.pairs["crops"].tolist() == pytest.approx([0.5])


def test_errors_count_and_nothing_else_of_a_failed_picture() -> None:
    left = tables_of(named(A, Cat=0.9), failed(B, 5), failed("gs://b/c.jpg", 7), named("d", X=1))
    right = tables_of(failed(A, 14), failed(B, 5), named("gs://b/c.jpg", Y=1), named("d", X=1))
    comparison = compare(left, right)
    assert comparison.pairs["errors"].tolist()[:3] == [0.0, 1.0, 0.0]
    assert math.isnan(comparison.pairs["errors"][3])
    assert comparison.pairs["change"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert row(comparison, "labels")["pictures"] == 1  # only d was labelled on both sides
    moves = {(r.left, r.right): r.pictures for r in comparison.error_moves.itertuples()}
    assert moves == {
        ("OK", "UNAVAILABLE"): 1,
        ("NOT_FOUND", "NOT_FOUND"): 1,
        ("PERMISSION_DENIED", "OK"): 1,
    }


# The whole


def test_what_changed_most_comes_first() -> None:
    left = tables_of(
        *(named(uri, Cat=0.9, Pet=0.9) for uri in ("a", "b", "c")), judged("d", adult=1)
    )
    right = tables_of(
        named("a", Cat=0.9, Pet=0.9),
        named("b", Dog=0.9),
        named("c", Cat=0.9),
        judged("d", adult=3),
    )
    comparison = compare(left, right)
    # b: 1 - 0/3; c: 1 - 1/2; d: 2 steps of 4; a did not change.
    assert comparison.ranked()["name"].tolist() == ["b", "c", "d"]
    assert comparison.ranked()["by"].tolist() == [1.0, 0.5, 0.5]
    assert comparison.ranked("safe")["name"].tolist() == ["d"]
    assert comparison.ranked("labels")["name"].tolist() == ["b", "c"]
    assert comparison.ranked("labels", "Dog")["name"].tolist() == ["b"]
    assert comparison.ranked("labels", "Pet")["name"].tolist() == ["b", "c"]
    assert comparison.ranked("labels", "Cat")["name"].tolist() == ["b"]
    assert comparison.ranked("labels", "nobody").empty
    assert comparison.ranked("no such")["name"].tolist() == ["b", "c", "d"]


def test_a_feature_of_one_side_is_named_and_not_counted() -> None:
    both = {"label_annotations": [{"description": "Cat", "score": 0.9}]}
    left = tables_of(response(A, **both, safe_search_annotation={"adult": 1}))
    comparison = compare(left, tables_of(response(A, **both)))
    assert row(comparison, "safe")["state"] == "left"
    assert "safe" not in comparison.pairs and comparison.features == ["labels"]
    assert comparison.pairs["change"].tolist() == [0.0]
    assert comparison.ranked().empty


def test_a_set_agrees_wholly_with_itself(store: Any) -> None:
    comparison = compare(store.tables, store.tables)
    assert set(comparison.summary["feature"]) == set(FEATURES) - {"products"}
    assert comparison.summary["agreement"].tolist() == pytest.approx(
        [1.0] * len(comparison.summary)
    )
    assert comparison.ranked().empty
    assert all(not (f["lost"] + f["gained"]).any() for f in comparison.names.values())
    diagonal = comparison.safe_moves[
        comparison.safe_moves["left"] == comparison.safe_moves["right"]
    ]
    assert diagonal["pictures"].sum() == comparison.safe_moves["pictures"].sum()


def test_swapped_sides_agree_as_much(generated_shards: Any) -> None:
    half = tables.build(generated_shards[:8])
    whole = tables.build(generated_shards[4:])
    forth, back = compare(half, whole), compare(whole, half)
    assert len(forth.matching) == len(back.matching) == 80
    for feature in forth.features:
        np.testing.assert_allclose(forth.pairs[feature], back.pairs[feature])


@pytest.mark.parametrize("which", ["left", "right", "both"])
def test_nothing_in_common_is_no_error(which: str) -> None:
    some, none = tables_of(labelled(A, "Cat")), tables.empty()
    left: Tables = none if which in ("left", "both") else some
    right: Tables = none if which in ("right", "both") else some
    for comparison in (compare(left, right), compare(left, right, "position")):
        assert len(comparison.matching) == 0
        assert comparison.pairs.empty and comparison.ranked().empty and comparison.summary.empty


def test_a_flood_of_boxes_in_one_picture_is_cut() -> None:
    many = [("Dog", n / 5000, 0.0, n / 5000 + 0.1, 1.0) for n in range(3000)]
    comparison = compare(tables_of(boxed(A, *many)), tables_of(boxed(A, *many)))
    assert comparison.pairs["objects"].tolist() == [1.0]


def test_pixels_are_not_laid_over_fractions() -> None:
    pixels = {"name": "Dog", "bounding_poly": {"vertices": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]}}
    left = tables_of(boxed(A, ("Dog", 0, 0, 1, 1)))
    right = tables_of(response(A, localized_object_annotations=[pixels]))
    assert compare(left, right).pairs["objects"].tolist() == [0.0]


def test_one_picture_in_words() -> None:
    left = store_of(
        response(
            A,
            label_annotations=[{"description": "Cat"}, {"description": "Fur"}],
            localized_object_annotations=[{"name": "Dog"}, {"name": "Dog"}],
            safe_search_annotation={"adult": 1, "racy": 2},
            full_text_annotation={"text": "old text"},
        )
    ).annotations(0)
    right = store_of(
        response(
            A,
            label_annotations=[{"description": "cat"}, {"description": "Pet"}],
            localized_object_annotations=[{"name": "Dog"}],
            safe_search_annotation={"adult": 4, "racy": 2},
            full_text_annotation={"text": "new text"},
        )
    ).annotations(0)
    assert left is not None and right is not None
    difference = describe(left, right)
    assert difference.names == (
        NameChange("Labels", ("Fur",), ("Pet",)),
        NameChange("Objects", ("Dog",), ()),
    )
    assert difference.safe == (("adult", LIKELIHOODS[1], LIKELIHOODS[4]),)
    assert difference.texts == ("old text", "new text")
    assert difference.errors == ("", "")


def test_a_failed_picture_in_words() -> None:
    left = store_of(labelled(A, "Cat")).annotations(0)
    right = store_of(failed(A, 5, "Error opening file")).annotations(0)
    assert left is not None and right is not None
    difference = describe(left, right)
    assert difference.errors == ("", "Error opening file")
    assert difference.names == () and difference.texts is None
