"""What the service refuses before it does anything, with its codes and words.

Sources: the limits of cloud.google.com/vision/quotas and of the protobuf's own comments
(``OutputConfig.batch_size``); "Request must specify image and features." and "Too many images per
request" as users report them. Where no text is on record the message says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from core.buckets import GcsUri, check_object_name
from core.engine.annotators.capabilities import Capabilities, not_answered
from core.engine.refusals import UNIMPLEMENTED, Refused, quoted
from core.errors import BadObjectName
from core.pictures.paged_files import MIME_TYPES

MAX_SYNC_IMAGES = 16
MAX_ASYNC_IMAGES = 2000
MAX_SYNC_PAGES = 5
MAX_ASYNC_FILES = 100  # ours: 200,000 pages are enough for one operation
MAX_REQUEST_BYTES = 10 * 1024 * 1024  # of a synchronous request, cloud.google.com/vision/quotas
MAX_BATCH_SIZE = 100
DEFAULT_PARENT = "projects/local"


# Without a place here at all, its product sets are on Google Cloud: among other features it costs
# only its own part, and every picture that asks for it says so.
NEVER_ANSWERED = frozenset({"PRODUCT_SEARCH"})

_PARENT = re.compile(r"projects/[^/\s]+(/locations/(us|asia|eu))?")


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
    for place, one in enumerate(request.requests):
        if one.image.content:
            raise Refused(
                "Only images in Google Cloud Storage can be annotated asynchronously.",
                field=f"requests[{place}].image.content",
            )
    _check_output(request.output_config, "output_config")


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
        raise Refused(
            f"At most {MAX_SYNC_PAGES} pages can be annotated in one request.",
            field="requests[0].pages",
        )
    if 0 in asked.pages:
        raise Refused(
            "Invalid page number: 0. Pages are counted from 1, or from -1 at the end.",
            field=f"requests[0].pages[{list(asked.pages).index(0)}]",
        )


def check_files_async(request: Any, capabilities: Capabilities) -> None:
    """Check a ``files:asyncBatchAnnotate`` request, as raw protobuf.

    Raises:
        Refused: with the first fault.
    """
    _check_parent(request.parent)
    _check_files(request.requests, MAX_ASYNC_FILES, capabilities)
    for place, asked in enumerate(request.requests):
        if asked.input_config.content:
            raise Refused(
                "Only files in Google Cloud Storage can be annotated asynchronously.",
                field=f"requests[{place}].input_config.content",
            )
        _check_output(asked.output_config, f"requests[{place}].output_config")
    prefixes = [asked.output_config.gcs_destination.uri for asked in request.requests]
    if len(set(prefixes)) < len(prefixes):
        # The protobuf's comment asks for it: "the uri should be unique".
        twice = next(k for k, prefix in enumerate(prefixes) if prefix in prefixes[:k])
        raise Refused(
            "Each file needs a gcs_destination.uri of its own; results would be lost.",
            field=f"requests[{twice}].output_config.gcs_destination.uri",
        )


def _check_size(request: Any) -> None:
    if request.ByteSize() > MAX_REQUEST_BYTES:
        raise too_large()


def too_large() -> Refused:
    """The refusal of a synchronous request over 10 MB."""
    return Refused(f"Request payload size exceeds the limit: {MAX_REQUEST_BYTES} bytes.")


def _check_output(config: Any, field: str) -> None:
    uri = config.gcs_destination.uri
    where = f"{field}.gcs_destination.uri"
    if not uri:
        raise Refused("Request must specify output_config.gcs_destination.uri.", field=where)
    try:
        check_object_name(GcsUri.parse(uri).name + "output-1-to-1.json")
    except BadObjectName as error:
        raise Refused(f"Invalid GCS path specified: {uri}", field=where) from error
    # proto3 does not tell 0 from unset: 0 is the default of 20, on Google as here.
    if not 0 <= config.batch_size <= MAX_BATCH_SIZE:
        raise Refused(
            f"output_config.batch_size must be in the range [1, {MAX_BATCH_SIZE}].",
            field=f"{field}.batch_size",
        )


def _check_images(images: Sequence[Any], limit: int, capabilities: Capabilities) -> None:
    if len(images) > limit:
        raise Refused("Too many images per request", field="requests")
    _check_each(images, "Request must specify image and features.", "image", _has_image)
    _check_features(images, capabilities)


def _check_each(
    requests: Sequence[Any], why: str, source: str, is_there: Callable[[Any], bool]
) -> None:
    if not requests:
        raise Refused(why, field="requests")
    for place, one in enumerate(requests):
        if not (is_there(one) and one.features):
            missing = "features" if is_there(one) else source
            raise Refused(why, field=f"requests[{place}].{missing}")


def _check_files(files: Sequence[Any], limit: int, capabilities: Capabilities) -> None:
    if len(files) > limit:
        raise Refused("Too many files per request", field="requests")
    why = "Request must specify input_config and features."
    _check_each(files, why, "input_config", lambda one: _has_file(one.input_config))
    for place, one in enumerate(files):
        _check_file(one.input_config, f"requests[{place}].input_config")
    _check_features(files, capabilities)


def _check_file(config: Any, field: str) -> None:
    if config.mime_type not in MIME_TYPES:
        raise Refused(
            f"Unsupported input file format: {quoted(config.mime_type) or 'no mime_type'}. "
            f"Supported are {', '.join(MIME_TYPES)}.",
            field=f"{field}.mime_type",
        )
    if config.content:
        return  # goes before gcs_source, as an image's content before its source
    try:
        if not GcsUri.parse(config.gcs_source.uri).name:
            raise BadObjectName("The address names a bucket, not an object")
    except BadObjectName as error:
        uri = config.gcs_source.uri
        raise Refused(
            f"Invalid GCS path specified: {uri}", field=f"{field}.gcs_source.uri"
        ) from error


def _check_features(requests: Sequence[Any], capabilities: Capabilities) -> None:
    from google.cloud import vision

    # Raw numbers: proto-plus would raise on one that it does not know.
    asked = {
        feature.type_: f"requests[{place}].features[{k}].type"
        for place, one in reversed(list(enumerate(requests)))
        for k, feature in reversed(list(enumerate(one.features)))
    }
    names = {}
    for number, field in sorted(asked.items()):
        try:
            name = vision.Feature.Type(number).name
        except ValueError:
            name = ""
        if not number or not name:
            raise Refused(f"Invalid feature type: {name or number}", field=field)
        names[name] = field
    for name, field in names.items():
        alone = NEVER_ANSWERED.issuperset(names)
        if not capabilities.get(name, {}).get("supported") and (
            alone or name not in NEVER_ANSWERED
        ):
            raise Refused(
                not_answered(name, capabilities),
                UNIMPLEMENTED,
                field=field,
                reason="FEATURE_NOT_ANSWERED",
            )


def no_product_search() -> Refused:
    """The refusal of the service ProductSearch, in every version."""
    return Refused(
        "ProductSearch is not answered by the local engine: product sets are on Google Cloud.",
        UNIMPLEMENTED,
        reason="PRODUCT_SEARCH_NOT_ANSWERED",
    )


def _has_file(config: Any) -> bool:
    return bool(config.content or config.gcs_source.uri)


def _has_image(request: Any) -> bool:
    image = request.image
    return bool(image.content or image.source.image_uri or image.source.gcs_image_uri)


def _check_parent(parent: str) -> None:
    if parent and not _PARENT.fullmatch(parent):
        raise Refused(f"Invalid parent: {quoted(parent, 200)}", field="parent")
