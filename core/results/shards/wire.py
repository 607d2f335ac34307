"""The shape of a result shard; of its responses see ``features``."""

from __future__ import annotations

from core.results.features import Response
from core.results.messages import Context, Message, Status


class GcsSource(Message):
    """Where a file came from."""

    uri: str = ""


class InputConfig(Message):
    """InputConfig of a file's shard."""

    gcs_source: GcsSource | None = None


class Shard(Message):
    """BatchAnnotateImagesResponse, or AnnotateFileResponse (which has ``inputConfig``)."""

    responses: list[Response] = []
    input_config: InputConfig | None = None


class BriefResponse(Message):
    """Which image, and whether it failed: all that counting needs."""

    context: Context | None = None
    error: Status | None = None


class BriefShard(Message):
    """A shard without its annotations."""

    responses: list[BriefResponse] = []
