"""Every feature has its table, with declared columns, and holds what the messages say."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from google.cloud import vision

from core.errors import BadShard, NoShards
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from core.results.tables.schemas import SCHEMAS
from core.results.tables.tables import Tables
from core.results.vocabulary import DATA_LOSS
from tests.kit.results.shards import (
    MemoryBuckets,
    buckets_with,
    failed,
    generated,
    labelled,
    response,
    shard_bytes,
    shard_file,
    tables_of,
)

BOX = [{"x": 10, "y": 20}, {"x": 30, "y": 20}, {"x": 30, "y": 60}, {"x": 10, "y": 60}]
FLAT_BOX = [10.0, 20.0, 30.0, 20.0, 30.0, 60.0, 10.0, 60.0]


def rows(results: Tables, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in results[name].to_pylist()]


@pytest.mark.parametrize(
    "results",
    [
        tables.empty(),
        tables_of(),
        tables_of(response("gs://b/1.jpg")),
        tables_of(response("gs://b/1.jpg"), labelled("gs://b/2.jpg", "Dog")),
        tables_of(response("gs://b/1.jpg"), labelled("gs://b/1.jpg", "Dog")),
    ],
)
def test_columns_are_declared_whatever_there_is(results: Tables) -> None:
    for name, schema in SCHEMAS.items():
        assert results[name].schema.equals(schema), name


ANSWERS: dict[str, tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]] = {
    "labels": (
        {"label_annotations": [{"description": "Dog", "score": 0.5, "topicality": 0.25}]},
        {"labels": [{"picture": 0, "label": "Dog", "score": 0.5}]},
    ),
    "objects": (
        {
            "localized_object_annotations": [
                {
                    "name": "Cat",
                    "score": 0.75,
                    "bounding_poly": {"normalized_vertices": [{"x": 0.5}, {"y": 0.25}]},
                }
            ]
        },
        {
            "objects": [
                {
                    "object": "Cat",
                    "score": 0.75,
                    "normalized": True,
                    "polygon": [0.5, 0.0, 0.0, 0.25],
                }
            ]
        },
    ),
    "faces": (
        {
            "face_annotations": [
                {
                    "bounding_poly": {"vertices": BOX},
                    "detection_confidence": 0.5,
                    "roll_angle": -2,
                    "joy_likelihood": "VERY_LIKELY",
                }
            ]
        },
        {
            "faces": [
                {"score": 0.5, "roll": -2, "joy": 5, "anger": 0}
                | {"polygon": FLAT_BOX, "normalized": False}
            ]
        },
    ),
    "landmarks": (
        {
            "landmark_annotations": [
                {
                    "description": "Tower",
                    "score": 0.5,
                    "locations": [{"lat_lng": {"latitude": 48.5, "longitude": 2.25}}],
                },
                {"description": "Nowhere"},
            ]
        },
        {
            "landmarks": [
                {"landmark": "Tower", "latitude": 48.5, "longitude": 2.25},
                {"landmark": "Nowhere", "latitude": None, "polygon": []},
            ]
        },
    ),
    "logos": (
        {"logo_annotations": [{"description": "Acme", "score": 0.25}]},
        {"logos": [{"logo": "Acme", "score": 0.25}]},
    ),
    "safe search": (
        {"safe_search_annotation": {"adult": "LIKELY", "racy": "POSSIBLE"}},
        {
            "safe_search": [
                {"picture": 0, "adult": 4, "spoof": 0, "medical": 0, "violence": 0, "racy": 3}
            ]
        },
    ),
    "colours": (
        {
            "image_properties_annotation": {
                "dominant_colors": {
                    "colors": [
                        {"color": {"red": 255, "blue": 16}, "score": 0.5, "pixel_fraction": 0.25}
                    ]
                }
            }
        },
        {"colors": [{"picture": 0, "color": 0xFF0010, "score": 0.5, "fraction": 0.25}]},
    ),
    "crop hints": (
        {
            "crop_hints_annotation": {
                "crop_hints": [
                    {"bounding_poly": {"vertices": BOX}, "confidence": 0.5},
                    {"importance_fraction": 0.25},
                ]
            }
        },
        {"crop_hints": [{"aspect": 0.5}, {"aspect": 0.0}]},
    ),
    "web": (
        {
            "web_detection": {
                "web_entities": [{"description": "Pet", "score": 1.5}],
                "best_guess_labels": [{"label": "dog", "language_code": "en"}],
                "full_matching_images": [{"url": "https://a"}],
                "visually_similar_images": [{"url": "https://b"}],
                "pages_with_matching_images": [{"url": "https://c", "page_title": "C"}],
            }
        },
        {
            "web_entities": [{"picture": 0, "entity": "Pet", "score": 1.5}],
            "web_guesses": [{"picture": 0, "guess": "dog", "language": "en"}],
            "web_matches": [
                {"kind": "page", "url": "https://c", "title": "C"},
                {"kind": "full", "url": "https://a", "title": ""},
                {"kind": "similar", "url": "https://b", "title": ""},
            ],
        },
    ),
    "products": (
        {
            "product_search_results": {
                "results": [{"product": {"display_name": "Shoe"}, "score": 0.5}],
                "product_grouped_results": [
                    {
                        "bounding_poly": {"vertices": BOX},
                        "results": [{"product": {"name": "p/1"}, "score": 0.25}],
                    }
                ],
            }
        },
        {
            "products": [
                {"product": "Shoe", "region": 0, "polygon": []},
                {"product": "p/1", "region": 1, "polygon": FLAT_BOX},
            ]
        },
    ),
}


@pytest.mark.parametrize("feature", ANSWERS)
def test_an_answer_lands_in_its_tables(feature: str) -> None:
    answer, expected = ANSWERS[feature]
    results = tables_of(response("gs://b/1.jpg", **answer))
    for name, wanted in expected.items():
        assert shown(results, name, wanted) == wanted, name


def test_an_answer_of_all_features_fills_the_same_tables() -> None:
    together = {part: value for answer, _ in ANSWERS.values() for part, value in answer.items()}
    results = tables_of(response("gs://b/1.jpg", **together))
    for _, expected in ANSWERS.values():
        for name, wanted in expected.items():
            assert shown(results, name, wanted) == wanted, name


def shown(results: Tables, table: str, wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A table's rows; of each the columns that are wanted."""
    pairs = zip(rows(results, table), wanted, strict=True)
    return [{name: row[name] for name in columns} for row, columns in pairs]


def test_aspects_of_mixed_hints_do_not_run_into_each_other() -> None:
    def hint(*corners: tuple[float, float], kind: str = "vertices") -> dict[str, Any]:
        return {"bounding_poly": {kind: [{"x": x, "y": y} for x, y in corners]}}

    hints = [
        {},
        hint((0, 0), (40, 20)),
        hint((0, 0), (1, 1), kind="normalized_vertices"),
        hint((5, 5), (5, 5)),
        hint((0, 0), (10, 20)),
        {},
    ]
    results = tables_of(response(crop_hints_annotation={"crop_hints": hints}))
    assert [row["aspect"] for row in rows(results, "crop_hints")] == [0, 2, 0, 0, 0.5, 0]


def test_words_come_from_text_annotations() -> None:
    parts = [
        {"description": "Hi you", "locale": "en"},
        {"description": "Hi", "bounding_poly": {"vertices": BOX}},
        {"description": "you"},
    ]
    results = tables_of(labelled("gs://b/0.jpg", "Dog"), response(text_annotations=parts))
    assert rows(results, "texts") == [{"picture": 1, "text": "Hi you", "words": 2, "pages": 0}]
    assert [(w["picture"], w["word"], w["polygon"]) for w in rows(results, "words")] == [
        (1, "Hi", FLAT_BOX),
        (1, "you", []),
    ]
    assert rows(results, "languages") == [{"picture": 1, "language": "en", "confidence": 0.0}]


def test_words_come_from_symbols_where_nothing_else_gives_them() -> None:
    word = {
        "symbols": [{"text": "H"}, {"text": "i"}],
        "bounding_box": {"normalized_vertices": [{"x": 0.5, "y": 0.5}]},
    }
    page = {
        "property": {"detected_languages": [{"language_code": "fr", "confidence": 0.5}]},
        "blocks": [{"paragraphs": [{"words": [word, word]}]}],
    }
    results = tables_of(response(full_text_annotation={"text": "Hi Hi\n", "pages": [page, page]}))
    assert rows(results, "texts") == [{"picture": 0, "text": "Hi Hi\n", "words": 4, "pages": 2}]
    assert [w["word"] for w in rows(results, "words")] == ["Hi"] * 4
    assert rows(results, "words")[0]["normalized"] is True
    assert rows(results, "languages") == [{"picture": 0, "language": "fr", "confidence": 0.5}]


def test_generated_shards_hold_what_the_messages_say(
    messages: list[Any], generated_shards: list[Any]
) -> None:
    results = tables.build(generated_shards)
    assert results.faults == ()
    assert results["pictures"]["uri"].to_pylist() == [m.context.uri for m in messages]
    assert results["pictures"]["number"].to_pylist() == list(range(1, len(messages) + 1))
    assert results["pictures"]["entry"].to_pylist() == [n % 20 for n in range(len(messages))]
    assert results["pictures"]["error_code"].to_pylist() == [m.error.code for m in messages]
    cases: list[tuple[str, str, Callable[[Any], list[Any]]]] = [
        ("labels", "label", lambda m: [x.description for x in m.label_annotations]),
        ("objects", "object", lambda m: [x.name for x in m.localized_object_annotations]),
        ("faces", "joy", lambda m: [x.joy_likelihood for x in m.face_annotations]),
        ("logos", "logo", lambda m: [x.description for x in m.logo_annotations]),
        ("words", "word", lambda m: [x.description for x in m.text_annotations[1:]]),
        ("web_entities", "entity", lambda m: [x.description for x in m.web_detection.web_entities]),
    ]
    for name, column, said in cases:
        expected = [(n, value) for n, m in enumerate(messages) for value in said(m)]
        got = list(
            zip(
                results[name]["picture"].to_pylist(), results[name][column].to_pylist(), strict=True
            )
        )
        assert expected
        assert got == expected, name


def test_documents_hold_every_word() -> None:
    messages = generated(3, documents=True)
    batch = vision.BatchAnnotateImagesResponse.pb(vision.BatchAnnotateImagesResponse())
    batch.responses.extend(messages)
    data = shard_bytes(vision.BatchAnnotateImagesResponse.wrap(batch).responses)
    results = tables.build([(shard_file(1, 3), data)])
    for n, message in enumerate(messages):
        spelt = [
            "".join(symbol.text for symbol in word.symbols)
            for page in message.full_text_annotation.pages
            for block in page.blocks
            for paragraph in block.paragraphs
            for word in paragraph.words
        ]
        assert spelt == [w["word"] for w in rows(results, "words") if w["picture"] == n]


OK, BAD = labelled("gs://b/1.jpg", "first"), failed("gs://b/1.jpg")
LATER = labelled("gs://b/1.jpg", "later")
LATER_BAD = failed("gs://b/1.jpg", 7, "later")


@pytest.mark.parametrize(
    ("attempts", "label", "code"),
    [
        ([OK, LATER], "later", 0),
        ([BAD, LATER], "later", 0),
        ([OK, LATER_BAD], "first", 0),
        ([BAD, LATER_BAD], None, 7),
        ([BAD, OK, LATER_BAD], "first", 0),
    ],
)
def test_one_answer_a_picture_and_the_best_wins(
    attempts: list[vision.AnnotateImageResponse], label: str | None, code: int
) -> None:
    other = labelled("gs://b/2.jpg", "other")
    shards = [
        (shard_file(1, 1, f"gs://b/try-{n}/"), shard_bytes([answer]))
        for n, answer in enumerate(attempts, 1)
    ]
    shards.insert(1, (shard_file(2, 2, "gs://b/try-1/"), shard_bytes([other])))
    results = tables.build(shards)
    assert results["pictures"]["uri"].to_pylist() == ["gs://b/1.jpg", "gs://b/2.jpg"]
    assert results["pictures"]["picture"].to_pylist() == [0, 1]
    assert results["pictures"]["error_code"].to_pylist() == [code, 0]
    expected = [{"picture": 0, "label": label, "score": 0.75}] if label else []
    expected.append({"picture": 1, "label": "other", "score": 0.75})
    assert rows(results, "labels") == expected


def test_pages_of_one_file_are_different_pictures() -> None:
    pages = [{"context": {"uri": "gs://b/a.pdf", "pageNumber": n}} for n in (1, 2, 2)]
    data = json.dumps({"responses": pages}).encode()
    results = tables.build([(shard_file(1, 3), data)])
    assert results["pictures"]["page"].to_pylist() == [1, 2]


def test_pictures_without_an_address_are_kept_by_position() -> None:
    results = tables.build(
        [
            (shard_file(1, 2), shard_bytes([labelled("", "a"), failed("")])),
            (shard_file(3, 3), shard_bytes([labelled("", "c")])),
        ]
    )
    assert results["pictures"]["uri"].to_pylist() == ["", "", ""]
    assert results["pictures"]["number"].to_pylist() == [1, 2, 3]
    assert results["pictures"]["shard"].to_pylist()[-1].endswith("output-3-to-3.json")
    assert [(r["picture"], r["label"]) for r in rows(results, "labels")] == [(0, "a"), (2, "c")]


def test_bad_shards_are_named_and_do_not_stop_the_rest() -> None:
    results = tables.build(
        [
            (shard_file(1, 1), b"{"),
            (shard_file(2, 2), shard_bytes([labelled("gs://b/2.jpg", "Dog")])),
            (shard_file(3, 4), shard_bytes([labelled("gs://b/3.jpg", "Cat")])),
        ]
    )
    assert results["pictures"]["uri"].to_pylist() == ["gs://b/2.jpg", "gs://b/3.jpg"]
    assert [fault.where[-18:] for fault in results.faults] == [
        "output-1-to-1.json",
        "output-3-to-4.json",
    ]
    assert "promises 2 pictures, and it holds 1" in str(results.faults[1])
    assert len(results.shards) == 2


@pytest.mark.parametrize("gone", [[0], [1], [2], [0, 1], [0, 1, 2]])
def test_a_shard_that_has_gone_is_named(gone: list[int]) -> None:
    files = [shard_file(n, n).uri for n in (1, 2, 3)]
    objects = {
        uri: shard_bytes([labelled(f"gs://b/{n}.jpg", "Dog")]) for n, uri in enumerate(files)
    }
    results = tables.load(buckets_with(objects, [files[n] for n in gone]), "gs://b/job/")
    uris = [f"gs://b/{n}.jpg" for n in range(3) if n not in gone]
    assert results["pictures"]["uri"].to_pylist() == uris
    assert [fault.where for fault in results.faults] == [files[n] for n in gone]
    assert all(isinstance(fault, BadShard) for fault in results.faults)


def test_nothing_under_a_prefix_says_so() -> None:
    with pytest.raises(NoShards) as caught:
        tables.load(buckets_with({"gs://b/job/x.json": b"{}"}), "gs://b/job/")
    assert caught.value.where == "gs://b/job/"


def test_hostile_numbers_do_not_break_a_table() -> None:
    answers = [
        {"labelAnnotations": [{"description": "Dog", "score": 1e300}]},
        {"imagePropertiesAnnotation": {"dominantColors": {"colors": [{"color": {"red": -5e30}}]}}},
        {"localizedObjectAnnotations": [{"boundingPoly": {"vertices": [{"x": 1e300, "y": 2}]}}]},
        {"error": {"code": 2**40}},
        {"context": {"pageNumber": -(2**40)}},
        {"safeSearchAnnotation": {"adult": "SURELY", "racy": 99}},
    ]
    results = tables.build([(shard_file(1, 6), json.dumps({"responses": answers}).encode())])
    assert results["labels"]["score"].to_pylist() == [0.0]
    assert results["colors"]["color"].to_pylist() == [0]
    assert results["objects"]["polygon"].to_pylist() == [[0.0, 2.0]]
    assert Counter(results["pictures"]["error_code"].to_pylist()) == {0: 4, DATA_LOSS: 2}
    assert rows(results, "safe_search")[0]["adult"] == 0
    assert rows(results, "safe_search")[0]["racy"] == 0


def test_processes_give_the_same_tables(generated_shards: list[Any]) -> None:
    objects = {file.uri: data for file, data in generated_shards}
    gone = generated_shards[3][0].uri
    buckets = MemoryBuckets(objects, [gone])
    alone = tables.load(buckets(), "gs://b/job/")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        shared = tables.load(buckets(), "gs://b/job/", pool, 2, buckets)
    assert [fault.where for fault in shared.faults] == [gone]
    assert shared.shards == alone.shards
    for name in SCHEMAS:
        assert shared[name].to_pylist() == alone[name].to_pylist(), name


def test_shares_cover_all_shards_once_in_order() -> None:
    files = [ShardFile(f"gs://b/{n}", n, n, size) for n, size in enumerate([9, 0, 0, 1, 1, 50, 3])]
    for workers in (1, 2, 3, 9):
        shares = tables._shares(files, workers)
        assert [file for share in shares for file in share] == files
        assert all(shares)
