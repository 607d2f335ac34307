"""Shards: which pictures, which name, which text."""

from __future__ import annotations

import pytest
from google.cloud import vision
from google.protobuf import json_format

from core.buckets import Buckets
from core.engine.operations.shard_writer import (
    OutputShard,
    shard_ranges,
    shard_text,
    shard_uri,
    write_shard,
)


@pytest.mark.parametrize(
    ("pictures", "batch_size", "ranges"),
    [
        (0, 20, []),
        (1, 20, [range(1)]),
        (20, 20, [range(20)]),
        (45, 20, [range(20), range(20, 40), range(40, 45)]),
        (3, 1, [range(1), range(1, 2), range(2, 3)]),
        (2000, 100, [range(start, start + 100) for start in range(0, 2000, 100)]),
    ],
)
def test_ranges(pictures: int, batch_size: int, ranges: list[range]) -> None:
    assert shard_ranges(pictures, batch_size) == ranges


def test_the_name_is_plain_concatenation() -> None:
    assert shard_uri("gs://b/run/", range(20, 40)) == "gs://b/run/output-21-to-40.json"
    assert shard_uri("gs://b/run", range(1)) == "gs://b/runoutput-1-to-1.json"


def test_the_text_is_what_protobuf_itself_would_write() -> None:
    responses = [
        vision.AnnotateImageResponse(
            label_annotations=[vision.EntityAnnotation(description='"é漢</script>', score=0.5)],
            safe_search_annotation=vision.SafeSearchAnnotation(adult=vision.Likelihood.UNLIKELY),
        ),
        vision.AnnotateImageResponse(),
    ]
    raws = [vision.AnnotateImageResponse.pb(response) for response in responses]
    text = shard_text([json_format.MessageToJson(raw, indent=None) for raw in raws])
    whole = vision.BatchAnnotateImagesResponse(responses=responses)
    assert vision.BatchAnnotateImagesResponse.from_json(text) == whole
    again = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(whole), indent=None)
    assert text.replace(" ", "") == again.replace(" ", "")
    assert '"adult": "UNLIKELY"' in text
    assert '"labelAnnotations"' in text


def test_a_shard_with_a_response_missing_is_never_written() -> None:
    with pytest.raises(ValueError, match="1 responses for the 2"):
        write_shard(Buckets(None), OutputShard("gs://b/", range(2)), ["{}"])
