"""Shards for tests, written with the service's own messages, and a bucket in memory for them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from google.cloud import vision
from google.protobuf import json_format

from core.buckets import Buckets, ObjectInfo
from core.errors import ObjectNotFound
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from core.results.tables.tables import Tables
from tests.kit.results.generated_shards import fill_response

Json = dict[str, Any]


def shard_bytes(responses: Iterable[vision.AnnotateImageResponse]) -> bytes:
    """A shard as the service writes it."""
    batch = vision.BatchAnnotateImagesResponse(responses=list(responses))
    return json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch)).encode()


def shard_file(first: int, last: int, folder: str = "gs://b/job/") -> ShardFile:
    """A shard of the service's name."""
    return ShardFile(f"{folder}output-{first}-to-{last}.json", first, last)


def response(uri: str = "gs://b/a.jpg", **fields: Any) -> vision.AnnotateImageResponse:
    """One picture's answer."""
    context = vision.ImageAnnotationContext(uri=uri) if uri else None
    return vision.AnnotateImageResponse(context=context, **fields)


def failed(uri: str, code: int = 5, message: str = "gone") -> vision.AnnotateImageResponse:
    """One picture's error."""
    return response(uri, error={"code": code, "message": message})


def labelled(uri: str, *names: str, score: float = 0.75) -> vision.AnnotateImageResponse:
    """A picture with labels."""
    labels = [vision.EntityAnnotation(description=name, score=score) for name in names]
    return response(uri, label_annotations=labels)


def tables_of(*responses: vision.AnnotateImageResponse) -> Tables:
    """Tables of one shard."""
    return tables.build([(shard_file(1, len(responses)), shard_bytes(responses))])


def store_of(*responses: vision.AnnotateImageResponse) -> Store:
    """A store of one shard."""
    return Store(tables_of(*responses))


def generated(pictures: int, *, documents: bool = False) -> list[Any]:
    """Generated responses with every feature, as plain protobuf messages."""
    batch = vision.BatchAnnotateImagesResponse.pb(vision.BatchAnnotateImagesResponse())
    for number in range(1, pictures + 1):
        fill_response(batch.responses.add(), number, random.Random(number), documents)
    return list(batch.responses)


class MemoryBuckets:
    """The two verbs that results need, over a dict."""

    def __init__(self, objects: dict[str, bytes], gone: Sequence[str] = ()) -> None:
        self.objects = objects
        self.gone = set(gone)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """By name, as Cloud Storage lists."""
        for uri in sorted(self.objects):
            if uri.startswith(prefix):
                yield ObjectInfo(uri, len(self.objects[uri]), datetime.now(UTC), 7, "", "")

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """In order; ends with an error at the first that has gone."""
        for uri in uris:
            if uri in self.gone:
                raise ObjectNotFound("There is no such object", where=uri)
            yield self.objects[uri]

    def __call__(self) -> Buckets:
        """As ``load`` takes it, here or in another process."""
        return cast(Buckets, self)


def buckets_with(objects: dict[str, bytes], gone: Sequence[str] = ()) -> Buckets:
    """Such buckets, typed."""
    return MemoryBuckets(objects, gone)()
