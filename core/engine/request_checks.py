"""What the service refuses before it does anything, with its codes and words.

Sources: the limits of cloud.google.com/vision/quotas and of the protobuf's own comments
(``OutputConfig.batch_size``); "Request must specify image and features." and "Too many images per
request" as users report them. Where no text is on record the message says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.buckets import GcsUri, check_object_name
from core.engine.paged_files import MIME_TYPES
from core.errors import BadObjectName, ContactSheetError

MAX_SYNC_IMAGES = 16
MAX_ASYNC_IMAGES = 2000
MAX_SYNC_PAGES = 5
MAX_ASYNC_FILES = 100  # ours: 200,000 pages are enough for one operation
MAX_REQUEST_BYTES = 10 * 1024 * 1024  # of a synchronous request, cloud.google.com/vision/quotas
DEFAULT_BATCH_SIZE = 20
MAX_BATCH_SIZE = 100
DEFAULT_PARENT = "projects/local"
INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, UNIMPLEMENTED = 3, 4, 5, 12

Capabilities = Mapping[str, Mapping[str, Any]]

# Without a place here at all, its product sets are on Google Cloud: among other features it costs
# only its own part, and every picture that asks for it says so.
NEVER_ANSWERED = frozenset({"PRODUCT_SEARCH"})

_PARENT = re.compile(r"projects/[^/\s]+(/locations/(us|asia|eu))?")


class Refused(ContactSheetError):
    """A whole request is refused.

    Attributes:
        code: number of the ``google.rpc.Code``.
        message: what the client reads.
    """

    def __init__(self, message: str, code: int = INVALID_ARGUMENT) -> None:
        super().__init__(message.rstrip("."))
        self.message = message
        self.code = code


def check_sync(request: Any, capabilities: Capabilities) -> None:
    """Check an ``images:annotate`` request, as raw protobuf.

    Raises:
        Refused: with the first fault.
    """
    _check_size(request)
    _check_parent(request.parent)
    _check_images(request.requests, MAX_SYNC_IMAGES, capabilities)


def check_async(request: Any, capabilities: Capabilities) -> None:
    """Check an ``images:asyncBatchAnnotate`` request, as raw protobuf.

    Raises:
        Refused: with the first fault.
    """
    _check_parent(request.parent)
    _check_images(request.requests, MAX_ASYNC_IMAGES, capabilities)
    if any(one.image.content for one in request.requests):
        raise Refused("Only images in Google Cloud Storage can be annotated asynchronously.")
    _check_output(request.output_config)


def check_files_sync(request: Any, capabilities: Capabilities) -> None:
    """Check a ``files:annotate`` request, as raw protobuf.

    Raises:
        Refused: with the first fault.
    """
    _check_size(request)
    _check_parent(request.parent)
    _check_files(request.requests, 1, capabilities)
    (asked,) = request.requests
    if len(asked.pages) > MAX_SYNC_PAGES:
        raise Refused(f"At most {MAX_SYNC_PAGES} pages can be annotated in one request.")
    if 0 in asked.pages:
        raise Refused("Invalid page number: 0. Pages are counted from 1, or from -1 at the end.")


def check_files_async(request: Any, capabilities: Capabilities) -> None:
    """Check a ``files:asyncBatchAnnotate`` request, as raw protobuf.

    Raises:
        Refused: with the first fault.
    """
    _check_parent(request.parent)
    _check_files(request.requests, MAX_ASYNC_FILES, capabilities)
    for asked in request.requests:
        if asked.input_config.content:
            raise Refused("Only files in Google Cloud Storage can be annotated asynchronously.")
        _check_output(asked.output_config)
    prefixes = [asked.output_config.gcs_destination.uri for asked in request.requests]
    if len(set(prefixes)) < len(prefixes):
        # The protobuf's comment asks for it: "the uri should be unique".
        raise Refused("Each file needs a gcs_destination.uri of its own; results would be lost.")


def _check_size(request: Any) -> None:
    if request.ByteSize() > MAX_REQUEST_BYTES:
        raise too_large()


def too_large() -> Refused:
    """The refusal of a synchronous request over 10 MB."""
    return Refused(f"Request payload size exceeds the limit: {MAX_REQUEST_BYTES} bytes.")


def _check_output(config: Any) -> None:
    uri = config.gcs_destination.uri
    if not uri:
        raise Refused("Request must specify output_config.gcs_destination.uri.")
    try:
        check_object_name(GcsUri.parse(uri).name + "output-1-to-1.json")
    except BadObjectName as error:
        raise Refused(f"Invalid GCS path specified: {uri}") from error
    # proto3 does not tell 0 from unset: 0 is the default of 20, on Google as here.
    if not 0 <= config.batch_size <= MAX_BATCH_SIZE:
        raise Refused(f"output_config.batch_size must be in the range [1, {MAX_BATCH_SIZE}].")


def _check_images(images: Sequence[Any], limit: int, capabilities: Capabilities) -> None:
    if len(images) > limit:
        raise Refused("Too many images per request")
    if not images or not all(_has_image(one) and one.features for one in images):
        raise Refused("Request must specify image and features.")
    _check_features(images, capabilities)


def _check_files(files: Sequence[Any], limit: int, capabilities: Capabilities) -> None:
    if len(files) > limit:
        raise Refused("Too many files per request")
    if not files or not all(_has_file(one.input_config) and one.features for one in files):
        raise Refused("Request must specify input_config and features.")
    for one in files:
        config = one.input_config
        if config.mime_type not in MIME_TYPES:
            raise Refused(
                f"Unsupported input file format: {config.mime_type[:100] or 'no mime_type'}. "
                f"Supported are {', '.join(MIME_TYPES)}."
            )
        if config.content:
            continue  # goes before gcs_source, as an image's content before its source
        try:
            if not GcsUri.parse(config.gcs_source.uri).name:
                raise BadObjectName("The address names a bucket, not an object")
        except BadObjectName as error:
            raise Refused(f"Invalid GCS path specified: {config.gcs_source.uri}") from error
    _check_features(files, capabilities)


def _check_features(requests: Sequence[Any], capabilities: Capabilities) -> None:
    from google.cloud import vision

    # Raw numbers: proto-plus would raise on one that it does not know.
    asked = {feature.type_ for one in requests for feature in one.features}
    names = []
    for number in sorted(asked):
        try:
            name = vision.Feature.Type(number).name
        except ValueError:
            name = ""
        if not number or not name:
            raise Refused(f"Invalid feature type: {name or number}")
        names.append(name)
    for name in names:
        alone = NEVER_ANSWERED.issuperset(names)
        if not capabilities.get(name, {}).get("supported") and (
            alone or name not in NEVER_ANSWERED
        ):
            raise Refused(not_answered(name, capabilities), UNIMPLEMENTED)


def not_answered(feature: str, capabilities: Capabilities) -> str:
    """What a client reads of a feature that the engine lacks: which, and why."""
    why = capabilities.get(feature, {}).get("limits", "")
    return f"{feature} is not answered by the local engine. {why}".rstrip()


def _has_file(config: Any) -> bool:
    return bool(config.content or config.gcs_source.uri)


def _has_image(request: Any) -> bool:
    image = request.image
    return bool(image.content or image.source.image_uri or image.source.gcs_image_uri)


def _check_parent(parent: str) -> None:
    if parent and not _PARENT.fullmatch(parent):
        raise Refused(f"Invalid parent: {parent[:200]}")
