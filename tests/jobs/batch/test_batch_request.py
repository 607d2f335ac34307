"""A batch's settings and the requests made of them."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision

from core.errors import RequestError
from core.jobs.batch.request import BatchRequest, attempt_prefix, faults

ALL = BatchRequest(
    features=("LABEL_DETECTION", "TEXT_DETECTION", "CROP_HINTS", "WEB_DETECTION"),
    max_results=7,
    language_hints=("en", "zh-Hant"),
    aspect_ratios=(1.5, 0.75),
    batch_size=100,
    web_geo=True,
)


def test_request_says_what_was_chosen() -> None:
    request = ALL.to_proto(["gs://b/1.jpg", "gs://b/2.jpg"], "gs://b/out/")
    assert request.output_config.gcs_destination.uri == "gs://b/out/"
    assert request.output_config.batch_size == 100
    assert [item.image.source.image_uri for item in request.requests] == [
        "gs://b/1.jpg",
        "gs://b/2.jpg",
    ]
    for item in request.requests:
        assert [(f.type_.name, f.max_results) for f in item.features] == [
            ("LABEL_DETECTION", 7),
            ("TEXT_DETECTION", 0),  # has no effect there
            ("CROP_HINTS", 0),
            ("WEB_DETECTION", 7),
        ]
        assert list(item.image_context.language_hints) == ["en", "zh-Hant"]
        assert list(item.image_context.crop_hints_params.aspect_ratios) == [1.5, 0.75]
        assert item.image_context.web_detection_params.include_geo_results


def test_plain_request_has_no_context() -> None:
    request = BatchRequest(("LABEL_DETECTION",)).to_proto(["gs://b/1.jpg"], "gs://b/out/")
    assert not vision.AnnotateImageRequest.pb(request.requests[0]).HasField("image_context")
    assert request.output_config.batch_size == 20


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (2_000, [2_000]), (2_001, [2_000, 1]), (4_500, [2_000, 2_000, 500])],
)
def test_split_at_2000(count: int, sizes: list[int]) -> None:
    uris = [f"gs://b/{n}" for n in range(count)]
    requests = ALL.to_protos(uris, "gs://b/job/try-1")
    assert [len(request.requests) for request in requests] == sizes
    sent = [item.image.source.image_uri for request in requests for item in request.requests]
    assert sent == uris
    prefixes = [request.output_config.gcs_destination.uri for request in requests]
    assert prefixes == [f"gs://b/job/try-1/part-{n:04d}/" for n in range(1, len(sizes) + 1)]


@pytest.mark.parametrize("count", [0, 2_001])
def test_one_request_has_its_limit(count: int) -> None:
    with pytest.raises(RequestError, match="1 to 2,000"):
        ALL.to_proto(["gs://b/x"] * count, "gs://b/out/")


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"features": ()}, ["features"]),
        ({"features": ("LABELS",)}, ["features"]),
        ({"features": ("LABEL_DETECTION", "LABEL_DETECTION")}, ["features"]),
        ({"max_results": 0}, ["max_results"]),
        ({"max_results": 101}, ["max_results"]),
        ({"max_results": True}, ["max_results"]),
        ({"language_hints": ("english!",)}, ["language_hints"]),
        ({"language_hints": ("",)}, ["language_hints"]),
        ({"language_hints": ("en\n",)}, ["language_hints"]),
        ({"aspect_ratios": (0.0,)}, ["aspect_ratios"]),
        ({"aspect_ratios": (float("nan"),)}, ["aspect_ratios"]),
        ({"aspect_ratios": (float("inf"),)}, ["aspect_ratios"]),
        ({"aspect_ratios": (1.0,) * 17}, ["aspect_ratios"]),
        ({"batch_size": 0}, ["batch_size"]),
        ({"batch_size": 101}, ["batch_size"]),
        (
            {"features": (), "max_results": -1, "batch_size": 0, "aspect_ratios": (-1.0,)},
            ["features", "max_results", "aspect_ratios", "batch_size"],
        ),
    ],
)
def test_every_bad_field_is_named_at_once(fields: dict[str, Any], bad: list[str]) -> None:
    values = {"features": ("LABEL_DETECTION",), **fields}
    assert list(faults(**values)) == bad
    with pytest.raises(RequestError) as caught:
        BatchRequest(**values)
    assert caught.value.where == ", ".join(bad)


def test_json_round_trip() -> None:
    assert BatchRequest.from_json(ALL.to_json()) == ALL
    later = ALL.to_json()[:-1] + ', "something_new": 1}'
    assert BatchRequest.from_json(later) == ALL


@pytest.mark.parametrize(("pictures", "shards"), [(0, 0), (1, 1), (100, 1), (101, 2), (2_000, 20)])
def test_shards(pictures: int, shards: int) -> None:
    assert ALL.shards(pictures) == shards


def test_attempts_never_share_a_prefix() -> None:
    prefixes = {attempt_prefix("gs://b/j", a, p) for a in range(1, 30) for p in range(1, 30)}
    assert len(prefixes) == 29 * 29
    assert not [one for one in prefixes for other in prefixes if one != other and one in other]
