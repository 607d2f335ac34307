"""Shards are found, decoded whatever their spelling, and a damaged one is named."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
from google.cloud import vision
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadShard
from core.results.shards.decoding import (
    Tally,
    decode_shard,
    face_detail,
    gc_paused,
    raw_response,
    tally,
)
from core.results.shards.shard_files import ShardFile, list_shards
from core.results.vocabulary import DATA_LOSS
from tests.kit.results.shards import (
    buckets_with,
    failed,
    labelled,
    response,
    shard_bytes,
    shard_file,
)

WHERE = "gs://b/output-1-to-2.json"


def one(answer: dict[str, Any]) -> bytes:
    return json.dumps({"responses": [answer]}).encode()


def test_shards_are_listed_by_folder_then_number() -> None:
    names = [
        "gs://b/job/try-10/output-1-to-20.json",
        "gs://b/job/try-2/output-21-to-40.json",
        "gs://b/job/try-2/output-3-to-20.json",
        "gs://b/job/try-2/output-101-to-120.json",
        "gs://b/job/output-1-to-2.json",
        "gs://b/job/prefixoutput-1-to-2.json",
    ]
    others = ["gs://b/job/output-1-to-2.json.bak", "gs://b/job/output-a-to-2.json", "gs://b/job/x"]
    shards = list_shards(buckets_with(dict.fromkeys(names + others, b"{}")), "gs://b/job/")
    assert [shard.uri for shard in shards] == [names[n] for n in (4, 5, 2, 1, 3, 0)]
    assert shards[3] == ShardFile(names[1], 21, 40, size=2, generation=7)
    assert shards[0].folder == "gs://b/job/"
    assert shards[1].folder == "gs://b/job/prefix"


@pytest.mark.parametrize(
    ("answer", "safe"),
    [
        ({"safeSearchAnnotation": {"adult": "LIKELY"}}, "LIKELY"),
        ({"safeSearchAnnotation": {"adult": 4}}, 4),
        ({"safe_search_annotation": {"adult": "LIKELY"}}, "LIKELY"),
        ({"safeSearchAnnotation": {"adult": "LIKELY", "later": [1]}, "novel": {}}, "LIKELY"),
        ({"safeSearchAnnotation": {"adult": None}}, 0),
    ],
)
def test_enums_spellings_and_unknown_fields(answer: dict[str, Any], safe: int | str) -> None:
    safe_search = decode_shard(one(answer), WHERE).responses[0].safe_search_annotation
    assert safe_search is not None
    assert safe_search.adult == safe


@pytest.mark.parametrize(
    "label",
    [
        {"description": "Dog", "score": "0.5"},
        {"description": "Dog", "score": 0.5, "mid": None},
        {"description": "Dog", "score": 0.5, "bounding_poly": {"vertices": [{"x": None}]}},
    ],
)
def test_odd_but_readable_values_are_read(label: dict[str, Any]) -> None:
    answer = {"context": {"uri": None}, "labelAnnotations": [label]}
    annotation = decode_shard(one(answer), WHERE).responses[0].label_annotations[0]
    assert (annotation.description, annotation.score) == ("Dog", 0.5)


def test_not_a_number_becomes_the_default() -> None:
    data = b'{"responses": [{"labelAnnotations": [{"description": "NaN dog", "score": NaN}]}]}'
    annotation = decode_shard(data, WHERE).responses[0].label_annotations[0]
    assert (annotation.description, annotation.score) == ("NaN dog", 0.0)


def test_a_lone_surrogate_and_bad_utf8_lose_no_picture() -> None:
    for text in (b"\\ud800 dog", b"\xff dog"):
        data = b'{"responses": [{"labelAnnotations": [{"description": "' + text + b'"}]}]}'
        annotation = decode_shard(data, WHERE).responses[0].label_annotations[0]
        assert annotation.description.endswith(" dog")


def test_an_unreadable_entry_is_kept_as_a_fault_and_the_rest_is_read() -> None:
    good = {"context": {"uri": "gs://b/1.jpg"}, "labelAnnotations": [{"description": "Dog"}]}
    bad = {"context": {"uri": "gs://b/2.jpg"}, "labelAnnotations": "none"}
    data = json.dumps({"responses": [good, bad, 7]}).encode()
    first, second, third = decode_shard(data, WHERE).responses
    assert first.label_annotations[0].description == "Dog"
    for lost, uri in ((second, "gs://b/2.jpg"), (third, "")):
        assert lost.error is not None
        assert lost.error.code == DATA_LOSS
        assert lost.context is not None
        assert lost.context.uri == uri
    assert tally(data, shard_file(1, 3)).pictures == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b"7",
        b"null",
        b'{"responses": {}}',
        b'{"responses": 3}',
        b'{"labels": []}',
        b'{"responses": [{}',
        b'{"responses": ' + b"[" * 100_000,
        b"\x00" * 50,
    ],
)
def test_a_damaged_shard_is_named_with_a_cure(data: bytes) -> None:
    for read in (lambda: decode_shard(data, WHERE), lambda: tally(data, ShardFile(WHERE, 1, 2))):
        with pytest.raises(BadShard) as caught:
            read()
        assert caught.value.where == WHERE
        assert caught.value.then


def test_an_empty_batch_is_no_fault() -> None:
    for data in (b"{}", b'{"responses": []}', b"\xef\xbb\xbf{}"):
        assert decode_shard(data, WHERE).responses == []
        assert tally(data, shard_file(1, 1)) == Tally(0, ())


@settings(deadline=None)  # other work on the machine is no fault
@given(st.data())
def test_any_damage_either_decodes_or_is_a_bad_shard(data: st.DataObject) -> None:
    whole = shard_bytes([labelled("gs://b/1.jpg", "Dog", "Chien \u00e9"), failed("gs://b/2.jpg")])
    cut = data.draw(st.integers(0, len(whole)))
    middle = data.draw(st.binary(max_size=8))
    rest = data.draw(st.integers(0, len(whole)))
    damaged = whole[:cut] + middle + whole[rest:]
    file = shard_file(1, 2)
    try:
        shard = decode_shard(damaged, file.uri)
    except BadShard as error:
        assert error.where == file.uri
        with pytest.raises(BadShard):
            tally(damaged, file)
    else:
        assert tally(damaged, file).pictures == len(shard.responses)


def test_tally_counts_and_names_the_faults() -> None:
    data = shard_bytes([labelled("gs://b/1.jpg", "Dog"), failed("gs://b/2.jpg", 7, "refused")])
    summary = tally(data, shard_file(21, 22))
    assert summary.pictures == 2
    (fault,) = summary.errors
    assert (fault.uri, fault.position, fault.code, fault.message) == (
        "gs://b/2.jpg",
        22,
        7,
        "refused",
    )


def test_tally_places_a_fault_without_an_address() -> None:
    summary = tally(shard_bytes([labelled("", "Dog"), failed("")]), shard_file(41, 42))
    assert [(fault.uri, fault.position) for fault in summary.errors] == [("", 42)]


def test_a_files_shard_names_its_source() -> None:
    page = {"context": {"pageNumber": 2}, "fullTextAnnotation": {"text": "two"}}
    config = {"gcsSource": {"uri": "gs://b/a.pdf"}, "mimeType": "application/pdf"}
    data = json.dumps({"inputConfig": config, "responses": [page]}).encode()
    shard = decode_shard(data, WHERE)
    assert shard.input_config is not None
    assert shard.input_config.gcs_source is not None
    assert shard.input_config.gcs_source.uri == "gs://b/a.pdf"


def test_one_response_in_full() -> None:
    data = shard_bytes([labelled("gs://b/1.jpg", "Dog"), labelled("gs://b/2.jpg", "Cat")])
    assert raw_response(data, 1, WHERE)["labelAnnotations"][0]["description"] == "Cat"
    with pytest.raises(BadShard, match="number 3"):
        raw_response(data, 2, WHERE)


def test_face_landmarks_are_read_when_asked_for() -> None:
    face = vision.FaceAnnotation(
        landmarks=[{"type_": "LEFT_EYE", "position": {"x": 3, "y": 4, "z": -1}}]
    )
    data = shard_bytes([response("gs://b/1.jpg", face_annotations=[face])])
    (landmark,) = face_detail(data, 0, WHERE).face_annotations[0].landmarks
    assert landmark.type == "LEFT_EYE"
    assert landmark.position is not None
    assert (landmark.position.x, landmark.position.y, landmark.position.z) == (3, 4, -1)


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_it_was(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(ZeroDivisionError), gc_paused():
            assert not gc.isenabled()
            _ = 1 / 0
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()
