"""The frame of a result shard, and the parts of it that are decoded alone; see ``wire``."""

from __future__ import annotations

import msgspec

from core.results.shards.wire import Context, Message, Response, Status


class GcsSource(Message):
    """Where a file came from."""

    uri: str = ""


class InputConfig(Message):
    """InputConfig of a file's shard."""

    gcs_source: GcsSource | None = None


class Shard(Message):
    """BatchAnnotateImagesResponse, or AnnotateFileResponse (which has ``inputConfig``)."""

    responses: list[Response] = msgspec.field(default_factory=list)
    input_config: InputConfig | None = None


class BriefResponse(Message):
    """Which image, and whether it failed: all that counting needs."""

    context: Context | None = None
    error: Status | None = None


class BriefShard(Message):
    """A shard without its annotations."""

    responses: list[BriefResponse] = msgspec.field(default_factory=list)


class Point3(Message):
    """Position."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class FaceLandmark(Message):
    """FaceAnnotation.Landmark."""

    type: int | str = 0
    position: Point3 | None = None


class FaceDetail(Message):
    """The part of a FaceAnnotation that tables leave out."""

    landmarks: list[FaceLandmark] = msgspec.field(default_factory=list)


class FacesDetail(Message):
    """The part of a response that tables leave out."""

    face_annotations: list[FaceDetail] = msgspec.field(default_factory=list)
