"""Pages of words at known places, as the service answers for them, and shards of such pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple

import msgspec

from core.buckets import Buckets, ObjectInfo
from core.errors import ObjectNotFound
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.tables import build

SHARD = "gs://b/out/output-1-to-99.json"
Corners = tuple[tuple[float, float], ...]


class Put(NamedTuple):
    """A word, its corners from where reading begins, and the break behind it."""

    text: str
    corners: Corners
    after: str = "SPACE"


def box(left: float, top: float, width: float, height: float) -> Corners:
    """Upright corners."""
    right, bottom = left + width, top + height
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def row(
    texts: Sequence[str], left: float, top: float, height: float = 12, advance: float = 6.5
) -> list[Put]:
    """A line of words from left to right. What begins with "^" stands close to the one before."""
    line: list[Put] = []
    for text in texts:
        close = text.startswith("^")
        word = text[1:] if close else text
        if close:
            left -= 0.35 * height
            line[-1] = line[-1]._replace(after="")
        line.append(Put(word, box(left, top, advance * len(word), height)))
        left += advance * len(word) + 0.35 * height
    line[-1] = line[-1]._replace(after="LINE_BREAK")
    return line


def rtl_row(texts: Sequence[str], right: float, top: float, height: float = 12) -> list[Put]:
    """A line of words from right to left, in the order in which they are read."""
    line = []
    for text in texts:
        width = 6.5 * len(text)
        line.append(Put(text, box(right - width, top, width, height)))
        right -= width + 0.35 * height
    line[-1] = line[-1]._replace(after="LINE_BREAK")
    return line


def response(
    uri: str, blocks: Sequence[Sequence[Put]], size: tuple[int, int], page: int = 0
) -> dict[str, Any]:
    """An AnnotateImageResponse: normalized places for a page of a file, pixels for a picture."""
    text = "\n".join(
        "".join(
            word.text + {"SPACE": " ", "LINE_BREAK": "\n"}.get(word.after, "") for word in block
        ).strip()
        for block in blocks
    )
    grid = size if page else None
    full = {
        "width": size[0],
        "height": size[1],
        "confidence": 0.97,
        "property": {"detectedLanguages": [{"languageCode": "en", "confidence": 0.9}]},
        "blocks": [_block(block, grid) for block in blocks],
    }
    context = {"uri": uri, **({"pageNumber": page} if page else {})}
    return {"context": context, "fullTextAnnotation": {"pages": [full], "text": text}}


def _block(words: Sequence[Put], grid: tuple[int, int] | None) -> dict[str, Any]:
    return {
        "blockType": "TEXT",
        "confidence": 0.96,
        "paragraphs": [{"confidence": 0.95, "words": [_word(word, grid) for word in words]}],
    }


def _word(word: Put, grid: tuple[int, int] | None) -> dict[str, Any]:
    symbols: list[dict[str, Any]] = [{"text": letter, "confidence": 0.9} for letter in word.text]
    if word.after:
        symbols[-1]["property"] = {"detectedBreak": {"type": word.after}}
    if grid:
        places = [{"x": x / grid[0], "y": y / grid[1]} for x, y in word.corners]
        return {
            "symbols": symbols,
            "confidence": 0.9,
            "boundingBox": {"normalizedVertices": places},
        }
    places = [{"x": round(x), "y": round(y)} for x, y in word.corners]
    return {"symbols": symbols, "confidence": 0.9, "boundingBox": {"vertices": places}}


class Stored(Buckets):
    """Objects in memory that can be read and copied."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__(None)
        self.objects = objects

    def info(self, uri: str) -> ObjectInfo:
        """Of an object that is there."""
        return ObjectInfo(uri, len(self.read(uri)), datetime(2026, 11, 28, tzinfo=UTC), 1, "", "")

    def read(self, uri: str, limit: int | None = None) -> bytes:
        """Its bytes."""
        if uri not in self.objects:
            raise ObjectNotFound("There is no such object", where=uri)
        return self.objects[uri][:limit]

    def copy(self, uri: str, file: IO[bytes], limit: int | None = None) -> None:
        """Its bytes to a file."""
        file.write(self.read(uri, limit))


def results(
    responses: Sequence[dict[str, Any]], originals: dict[str, bytes]
) -> tuple[Store, Stored]:
    """A store of one shard, and buckets that hold it and the originals."""
    data = msgspec.json.encode({"responses": responses})
    shard = ShardFile(SHARD, 1, len(responses), len(data), 1)
    return Store(build([(shard, data)])), Stored({SHARD: data, **originals})
