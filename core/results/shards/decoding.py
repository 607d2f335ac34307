"""Result shards: decoded, counted.

A shard is the JSON file that an offline batch writes for every ``batch_size`` pictures, named
``PREFIXoutput-FIRST-to-LAST.json`` with 1-based numbers
(cloud.google.com/vision/docs/batch), see ``shard_files``.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from core.errors import BadShard
from core.results.features import FEATURES, Response
from core.results.features.faces import FacesDetail
from core.results.features.feature import MAX_ANNOTATIONS
from core.results.messages import Context, Message, Status
from core.results.shards.limits import MAX_JSON_DEPTH, check_shard, depth_of
from core.results.shards.shard_files import ShardFile
from core.results.shards.wire import BriefResponse, BriefShard, InputConfig, Shard
from core.results.vocabulary import DATA_LOSS

_CURE = "Run the batch again, or take this file out of the folder; the other shards are used."
_EMPTY = Response()
_EMPTY_BRIEF = BriefResponse()
_decode_full = msgspec.json.Decoder(Shard).decode
_decode_brief = msgspec.json.Decoder(BriefShard).decode
_Kind = TypeVar("_Kind", bound=Message)
_Answer = TypeVar("_Answer", Response, BriefResponse)


@dataclass(frozen=True, slots=True)
class PictureFault:
    """A picture that could not be annotated; ``position`` is its 1-based number in the request."""

    uri: str
    position: int
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pictures a shard answers for, and which of them failed.

    Attributes:
        uris: the pictures' addresses in order; "" where the shard does not say.
        pages: of files, from 1; for what has no address its number in the request.
    """

    pictures: int
    errors: tuple[PictureFault, ...]
    uris: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()


def decode_shard(data: bytes, where: str) -> Shard:
    """Decode a shard; unknown fields are ignored, enums may be names or numbers.

    A response that does not fit is tried again more patiently (nulls, numbers in quotes, snake_case
    names). If it cannot be read at all its picture is kept, with error DATA_LOSS.

    A picture with more annotations than any could have is kept without them, in the same way.

    Raises:
        BadShard: not JSON, not an object with responses, or larger than ``limits`` allow.
    """
    check_shard(data, where)
    shard = _decoded(data, where)
    if len(data) > MAX_ANNOTATIONS * len("{},"):
        shard.responses = [_bounded(response) for response in shard.responses]
    return shard


def _decoded(data: bytes, where: str) -> Shard:
    try:
        shard = _decode_full(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Shard(*_salvage(data, where, Response))
    if shard.responses and any(response == _EMPTY for response in shard.responses):
        return Shard(*_salvage(data, where, Response))  # perhaps names in snake_case
    if not shard.responses:
        _parse(data, where)  # ``{}`` is an empty batch; without the list it is some other file
    return shard


def _bounded(response: Response) -> Response:
    count = sum(feature.annotations(response) for feature in FEATURES)
    if count <= MAX_ANNOTATIONS:
        return response
    message = f"This entry of the shard holds {count:,} annotations; {MAX_ANNOTATIONS:,} are read"
    return Response(context=response.context, error=Status(DATA_LOSS, message))


def tally(data: bytes, shard: ShardFile) -> Tally:
    """Count a shard's pictures and faults without decoding annotations.

    Raises:
        BadShard: as ``decode_shard``.
    """
    check_shard(data, shard.uri)
    try:
        responses = _decode_brief(data).responses
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        responses = _salvage(data, shard.uri, BriefResponse)[0]
    else:
        if not responses:
            _parse(data, shard.uri)
        elif any(response == _EMPTY_BRIEF for response in responses):
            responses = _salvage(data, shard.uri, BriefResponse)[0]
    faults = [
        PictureFault(
            uri=response.context.uri if response.context else "",
            position=shard.first + index,
            code=response.error.code,
            message=response.error.message,
        )
        for index, response in enumerate(responses)
        if response.error is not None and response.error.code
    ]
    uris = tuple(answer.context.uri if answer.context else "" for answer in responses)
    pages = tuple(
        (answer.context.page_number if answer.context else 0)
        or (number if not uri or uri.lower().endswith(".pdf") else 0)
        for number, (uri, answer) in enumerate(zip(uris, responses, strict=True), shard.first)
    )
    return Tally(len(responses), tuple(faults), uris, pages)


def raw_response(data: bytes, index: int, where: str) -> dict[str, Any]:
    """One picture's whole response as parsed JSON, symbols and all, for the picture page.

    Args:
        index: place within the shard, from 0.

    Raises:
        BadShard: the shard is damaged or has no such response.
    """
    check_shard(data, where)
    try:
        answer = _parse(data, where)["responses"][index]
    except (IndexError, KeyError, TypeError):
        raise BadShard(f"The shard has no response number {index + 1}", where=where) from None
    if depth_of(answer) > MAX_JSON_DEPTH:
        raise BadShard("The response is nested too deeply to be shown", where=where)
    return answer if isinstance(answer, dict) else {}


def face_detail(data: bytes, index: int, where: str) -> FacesDetail:
    """The landmarks of the faces of one response, ``index`` counted from 0 within the shard.

    Raises:
        BadShard: the shard is damaged or has no such response.
    """
    try:
        return patiently(raw_response(data, index, where), FacesDetail)
    except (msgspec.DecodeError, RecursionError, OverflowError) as error:
        raise BadShard(f"The faces cannot be read: {error}", where=where) from None


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause garbage collection: decoding makes many objects and no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse(data: bytes, where: str) -> dict[str, Any]:
    try:
        content = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise BadShard(
            f"The file is not whole JSON: {str(error)[:120]}", where=where, then=_CURE
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("responses", []), list):
        raise BadShard("The file has no list of responses", where=where, then=_CURE)
    if content and "responses" not in content:
        raise BadShard("The file has no list of responses", where=where, then=_CURE)
    return content


def _salvage(
    data: bytes, where: str, kind: type[_Answer]
) -> tuple[list[_Answer], InputConfig | None]:
    """Read a shard response by response, slowly and patiently."""
    content = _parse(data, where)
    answers = [_convert(answer, kind) for answer in content.get("responses", [])]
    source = content.get("inputConfig", content.get("input_config")) or {}
    try:
        config = patiently(source, InputConfig)
    except (msgspec.DecodeError, RecursionError, OverflowError):
        config = None
    return answers, config


def _convert(answer: Any, kind: type[_Answer]) -> _Answer:
    try:
        return patiently(answer, kind)
    except (msgspec.DecodeError, RecursionError, OverflowError) as error:
        context = answer.get("context") if isinstance(answer, dict) else None
        uri = context.get("uri") if isinstance(context, dict) else None
        return kind(
            context=Context(uri if isinstance(uri, str) else ""),
            error=Status(DATA_LOSS, f"This entry of the shard cannot be read: {error}"[:300]),
        )


def patiently(answer: Any, kind: type[_Kind]) -> _Kind:
    """Parsed JSON as a message: nulls, numbers in quotes and snake_case names are let pass.

    Raises:
        msgspec.DecodeError, RecursionError, OverflowError: it cannot be read so either.
    """
    return msgspec.json.decode(msgspec.json.encode(_tidied(answer)), type=kind, strict=False)


def _tidied(value: Any) -> Any:
    """Null means default in protobuf's JSON, and both spellings of a name are allowed."""
    if isinstance(value, dict):
        return {
            _camel(_tidied(key)): _tidied(item)
            for key, item in value.items()
            if item is not None and not _is_odd(item)
        }
    if isinstance(value, list):
        return [_tidied(item) for item in value if item is not None]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    return value


def _is_odd(value: Any) -> bool:
    """NaN and the infinities, which protobuf writes as names, mean nothing in any column."""
    return value in ("NaN", "Infinity", "-Infinity") or (
        isinstance(value, float) and not math.isfinite(value)
    )


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
