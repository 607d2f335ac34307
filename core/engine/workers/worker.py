"""One picture's request -> its response, inside a worker process.

``annotate`` is all that an executor runs. It carries its configuration along and keeps what it
loaded for the next picture, so any ``concurrent.futures.Executor`` over processes will do.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import logs
from core.engine.annotators.capabilities import not_answered
from core.engine.api_versions import asks_for_celebrities
from core.engine.home import EngineHome
from core.engine.models.own.manifest import OWN_MODEL
from core.engine.storage import Storage, open_storage
from core.engine.workers.exif_orientation import to_file_grid
from core.engine.workers.object_reader import CloudReader, PictureReader
from core.engine.workers.vectors import joined
from core.errors import (
    BackendError,
    BadObject,
    BadObjectName,
    BucketDenied,
    BucketError,
    BucketNotFound,
    BucketRefused,
    ModelMissing,
    ObjectNotFound,
)
from core.pictures.limits import MAX_BYTES
from core.pictures.picture import BadPicture, Picture, decode

if TYPE_CHECKING:
    from google.cloud import vision

    from core.engine.annotators import Annotator

log = logging.getLogger("engine.worker")

INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED = 3, 5, 7
UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 12, 13, 14

PARENT_CHECK_S = 1.0
NICE = 5  # a quarter of a core that somebody else wants too
AUTOGROUP = Path("/proc/self/autogroup")
# The service does not tell a missing bucket from one that it may not read.
_CODES: dict[type[BucketError], int] = {
    ObjectNotFound: NOT_FOUND,
    BucketNotFound: PERMISSION_DENIED,
    BucketDenied: PERMISSION_DENIED,
    BucketRefused: PERMISSION_DENIED,
    BadObject: INVALID_ARGUMENT,
}
CELEBRITIES = {"face_recognition_params": {"limits": "No celebrity is recognised."}}
_TEXT, _DOCUMENT_TEXT = 5, 11  # vision.Feature.Type


@dataclass(frozen=True, slots=True)
class Kit:
    """The annotators an engine works with; module-level functions, so that it can be sent.

    Attributes:
        prepare: fetch every model into a folder, telling each step; raises ``ModelMissing``.
        load: the annotator for a ``vision.Feature.Type`` number, or None, with labels that take
            little time or all; raises ``ModelMissing``.
        capabilities: feature name -> supported, does, limits, model, licence.
    """

    prepare: Callable[[Path, Callable[[str], None]], None]
    load: Callable[[int, Path, bool], Annotator | None]
    capabilities: Callable[[], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """What a worker needs to know; equal in all tasks of one engine.

    Attributes:
        storage: where pictures are read.
        vectors: whether answers for shards carry the pictures' vectors, see ``vectors``.
        quick_labels: whether labels come from the quick witnesses alone, see ``label_evidence``.
        own_models: feature -> model of one's own that has to answer it; None is not looked at.
    """

    kit: Kit
    models: Path
    storage: Storage
    vectors: bool = False
    quick_labels: bool = False
    own_models: tuple[tuple[str, str], ...] | None = None


def start(parent: int) -> None:
    """Initialise a worker process: give way to the dashboard, and end when the engine does.

    A killed engine cannot end its workers; each looks for itself whether its parent is still
    process ``parent``.
    """
    import signal

    logs.set_up()
    # Ctrl-C reaches the whole group; only the engine decides when workers stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way(parent)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def give_way(parent: int) -> None:
    """Let the dashboard and the machine's people go first, while they want the cores.

    Linux shares cores out among sessions before it looks at the processes within one (sched(7),
    "The autogroup feature"), so that of a worker alone the niceness says nothing to the dashboard,
    which is in another session. Where process ``parent``, the engine, has a session of its own,
    that gives way too.
    """
    os.nice(NICE)
    if os.getsid(0) == parent:
        with suppress(OSError):  # there are no such groups, or another worker has asked just now
            AUTOGROUP.write_text(str(NICE))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)


def annotate(config: WorkerConfig, request: bytes, as_json: bool, label: str = "") -> bytes:
    """Annotate one picture.

    Args:
        request: a serialised ``AnnotateImageRequest``.
        as_json: protobuf JSON with ``context.uri``, for a shard; else serialised protobuf.
        label: names the picture in the log.

    Returns:
        An ``AnnotateImageResponse``; whatever is wrong with the picture is in its ``error``. For a
        shard its vector may follow.
    """
    from google.cloud import vision

    asked = vision.AnnotateImageRequest.deserialize(request)
    response = vision.AnnotateImageResponse()
    uri = source_uri(asked)
    picture: Picture | None = None
    try:
        picture = decode(_fetch(config.storage, asked, uri))
    except BadPicture as fault:
        response.error.code, response.error.message = fault.code, fault.message
    else:
        picture.uri = "" if asked.image.content else uri
        annotate_picture(config, picture, asked, response, label)
    if as_json:
        response.context.uri = uri
        return for_shard(config, response, picture)
    serialised: bytes = vision.AnnotateImageResponse.serialize(response)
    return serialised


def for_shard(
    config: WorkerConfig, response: vision.AnnotateImageResponse, picture: Picture | None
) -> bytes:
    """A response's JSON, with its picture's vector if there is one and it is wanted."""
    from google.protobuf import json_format

    text = json_format.MessageToJson(type(response).pb(response), indent=None)
    return joined(text.encode(), picture.vector if picture and config.vectors else None)


def source_uri(request: vision.AnnotateImageRequest) -> str:
    """Where the picture is; ``image_uri`` goes before ``gcs_image_uri`` as ImageSource says."""
    source = request.image.source
    return str(source.image_uri or source.gcs_image_uri)


def _fetch(storage: Storage, request: vision.AnnotateImageRequest, uri: str) -> bytes:
    if request.image.content:
        return bytes(request.image.content)
    if uri.startswith(("http://", "https://")):
        raise BadPicture(
            "We can not access the URL currently. Please download the content and pass it in.",
            code=UNAVAILABLE,
            where=uri,
        )
    with bucket_faults(uri):
        return reader(storage).read(uri, limit=MAX_BYTES + 1)


@contextmanager
def bucket_faults(uri: str) -> Iterator[None]:
    """What keeps an object from being read becomes ``BadPicture``, in the service's words."""
    try:
        yield
    except BadObjectName as error:
        raise BadPicture(f"Invalid GCS path specified: {uri}", where=uri) from error
    except BucketError as error:
        raise BadPicture(
            f"Error opening file: {uri}.", code=_CODES.get(type(error), UNAVAILABLE), where=uri
        ) from error
    except BackendError as error:  # this machine has no credentials for Cloud Storage
        log.error("%s cannot be read: %s", uri, error)
        raise BadPicture(f"Error opening file: {uri}.", code=UNAVAILABLE, where=uri) from error


def annotate_picture(
    config: WorkerConfig,
    picture: Picture,
    request: vision.AnnotateImageRequest,
    response: vision.AnnotateImageResponse,
    label: str,
) -> None:
    """Fill a response with every feature asked; places in the file's own pixel grid."""
    types = {int(feature.type_) for feature in request.features}
    for feature in request.features:
        if int(feature.type_) == _TEXT and _DOCUMENT_TEXT in types:
            continue  # "DOCUMENT_TEXT_DETECTION takes precedence when both are present"
        try:
            annotator = _annotator(config, int(feature.type_))
            if annotator is not None:
                annotator.annotate(picture, feature, request.image_context, response)
            else:
                _leave_out(response, not_answered(feature.type_.name, config.kit.capabilities()))
        except ModelMissing as error:
            log.error("picture=%s feature=%s: %s", label, feature.type_, error)
            response.error.code, response.error.message = INTERNAL, f"{error.what}."
        except Exception:  # one annotator's fault must not cost the other features
            log.exception("picture=%s feature=%s failed", label, feature.type_)
            response.error.code, response.error.message = INTERNAL, "Internal error."
    if asks_for_celebrities(type(request.image_context).pb(request.image_context)):
        _leave_out(response, not_answered("face_recognition_params", CELEBRITIES))
    raw = type(response).pb(response)
    to_file_grid(raw, picture.width, picture.height, picture.orientation)


def _leave_out(response: vision.AnnotateImageResponse, message: str) -> None:
    # "Filled-in image annotations are guaranteed to be correct, even when `error` is set"
    # (AnnotateImageResponse); what went wrong by itself goes before what is never answered.
    if not response.error.code:
        response.error.code, response.error.message = UNIMPLEMENTED, message


@cache
def _annotator(config: WorkerConfig, feature: int) -> Annotator | None:
    """Raises ``ModelMissing`` on a machine whose own models are not the engine's, too."""
    from google.cloud import vision

    from core.engine.annotators import Differing

    annotator = config.kit.load(feature, config.models, config.quick_labels)
    if config.own_models is None:
        return annotator
    name = vision.Feature.Type(feature).name
    said = annotator.differs().get("model", "") if isinstance(annotator, Differing) else ""
    here, wanted = said if OWN_MODEL in said else "", dict(config.own_models).get(name, "")
    if here != wanted:
        raise ModelMissing(
            f"{name} is answered by {wanted or 'the engine itself'}, and here by "
            f"{here or 'the engine itself'}",
            where=platform.node(),
            then="Add the same model on every machine: python -m core models add FOLDER.",
        )
    return annotator


def own_models_of(
    capabilities: Mapping[str, Mapping[str, Any]],
) -> tuple[tuple[str, str], ...]:
    """Which features are answered by models of one's own, for ``WorkerConfig``."""
    models = ((name, str(said.get("model", ""))) for name, said in capabilities.items())
    return tuple((name, model) for name, model in models if OWN_MODEL in model)


@cache
def reader(storage: Storage) -> PictureReader | CloudReader:
    """This process's connection to the storage; raises as ``open_storage``."""
    if isinstance(storage, str):
        return PictureReader(storage)
    return CloudReader(open_storage(storage))


def prepare(config: WorkerConfig, home: Path) -> dict[str, dict[str, Any]]:
    """Fetch the models, try to load each, and tell what this engine can really do.

    Args:
        home: the dashboard's home, in which ``status.txt`` says each step.

    Returns:
        The kit's capabilities; a feature whose model is missing is not supported, and its
        ``limits`` say why and what to do.
    """
    from google.cloud import vision

    from core.engine.annotators import Differing, Stocked

    try:
        status = EngineHome(home).status
        config.kit.prepare(config.models, status)
        status("Loading the models")
    except ModelMissing as error:
        log.error("models: %s", error)  # the features that need it say so below
    capabilities: dict[str, dict[str, Any]] = {}
    for name, capability in config.kit.capabilities().items():
        capabilities[name] = dict(capability)
        if not capability["supported"]:
            continue
        try:
            annotator = _annotator(config, int(getattr(vision.Feature.Type, name)))
            if annotator is None:
                capabilities[name].update(supported=False)
                continue
            if isinstance(annotator, Differing):
                capabilities[name].update(annotator.differs())
            if isinstance(annotator, Stocked):
                capabilities[name]["limits"] += f" {annotator.stock()}"
        except ModelMissing as error:
            capabilities[name].update(supported=False, limits=str(error))
    return capabilities
