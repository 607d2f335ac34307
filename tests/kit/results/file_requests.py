"""Requests for files, and their results, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud import vision

from tests.kit.services.engine_process import BUCKET, LABELS, EngineProcess

PDF, TIFF, GIF = "application/pdf", "image/tiff", "image/gif"


def source(uri: str, mime_type: str = PDF) -> vision.InputConfig:
    """A file of a bucket."""
    return vision.InputConfig(gcs_source=vision.GcsSource(uri=uri), mime_type=mime_type)


def inline(data: bytes, mime_type: str = PDF) -> vision.InputConfig:
    """A file that comes with the request."""
    return vision.InputConfig(content=data, mime_type=mime_type)


def asked(
    config: vision.InputConfig,
    pages: Sequence[int] = (),
    features: Sequence[vision.Feature] = (LABELS,),
) -> vision.AnnotateFileRequest:
    """Pages of one file, at once."""
    return vision.AnnotateFileRequest(input_config=config, features=features, pages=pages)


def annotate(
    engine: EngineProcess, *requests: vision.AnnotateFileRequest
) -> vision.AnnotateFileResponse:
    """The one response."""
    request = vision.BatchAnnotateFilesRequest(requests=requests)
    answer = engine.client().batch_annotate_files(request=request, retry=None, timeout=60)
    (response,) = answer.responses
    return response


def offline(
    config: vision.InputConfig,
    prefix: str,
    batch_size: int = 0,
    features: Sequence[vision.Feature] = (LABELS,),
) -> vision.AsyncAnnotateFileRequest:
    """All pages of one file, into the bucket."""
    destination = vision.GcsDestination(uri=prefix)
    return vision.AsyncAnnotateFileRequest(
        input_config=config,
        features=features,
        output_config=vision.OutputConfig(gcs_destination=destination, batch_size=batch_size),
    )


def submit_files(engine: EngineProcess, *requests: vision.AsyncAnnotateFileRequest) -> str:
    """Send them as one operation; its name."""
    request = vision.AsyncBatchAnnotateFilesRequest(requests=requests)
    sent = engine.client().async_batch_annotate_files(request=request, retry=None, timeout=30)
    return str(sent.operation.name)


def stored(engine: EngineProcess, name: str, data: bytes) -> str:
    """Put a file into the bucket; its address."""
    uri = f"gs://{BUCKET}/{name}"
    engine.buckets().write(uri, data)
    return uri


def file_shards(engine: EngineProcess, prefix: str) -> dict[str, vision.AnnotateFileResponse]:
    """All shards under a prefix by the end of their name."""
    buckets = engine.buckets()
    return {
        shard.uri.removeprefix(prefix): vision.AnnotateFileResponse.from_json(
            buckets.read(shard.uri)
        )
        for shard in buckets.list_objects(prefix)
    }


def sizes(responses: Sequence[vision.AnnotateImageResponse]) -> list[str]:
    """What the fake annotator saw of each page."""
    return [response.label_annotations[0].description for response in responses]
