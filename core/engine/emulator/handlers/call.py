"""One request as the handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.engine.emulator import masks
from core.engine.emulator.errors import ApiError, json_response
from core.engine.emulator.objects.conditions import Conditions
from core.engine.emulator.objects.records import StoredObject
from core.engine.emulator.objects.store import ObjectStore
from core.engine.emulator.resources import object_resource
from core.errors import BadObject
from core.gzip_content import ENCODING, unpacked

MAX_JSON = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A request, the storage, and the names that its path holds, decoded (``bucket``, ``name``)."""

    request: Request
    store: ObjectStore
    bucket: str = ""
    name: str = ""
    to_bucket: str = ""
    to_name: str = ""

    @property
    def params(self) -> Mapping[str, str]:
        """The query."""
        return self.request.query_params

    @property
    def address(self) -> str:
        """``http://host:port`` as the client wrote it."""
        return f"http://{self.request.headers['host']}"

    @property
    def conditions(self) -> Conditions:
        """Preconditions on the object of the path; raises ``ApiError`` (400)."""
        return Conditions.of(self.params, self.request.headers)

    def flag(self, name: str) -> bool:
        """Whether a parameter is true."""
        return self.params.get(name, "").lower() == "true"

    async def body(self) -> bytes:
        """The whole body, unpacked; raises ``ApiError`` (413) if it is too long for JSON."""
        pieces, size = [], 0
        async for piece in self.request.stream():
            size += len(piece)
            if size > MAX_JSON:
                raise ApiError(413, "uploadTooLarge", f"The body has over {MAX_JSON} bytes.")
            pieces.append(piece)
        data = b"".join(pieces)
        if self.request.headers.get("content-encoding", "").lower() != ENCODING:
            return data
        try:
            return b"".join(unpacked([data], MAX_JSON, "the request"))
        except BadObject as error:
            raise ApiError(400, "parseError", f"Parse Error: {error.what}.") from None

    async def json(self) -> dict[str, Any]:
        """The body as a JSON object, {} if it is empty; raises ``ApiError`` (400)."""
        return parse_json(await self.body())

    def answer(self, content: dict[str, Any], status: int = 200) -> Response:
        """JSON, of which only those parts that ``fields`` names."""
        mask = masks.parse(self.params["fields"]) if self.params.get("fields") else {}
        return json_response(masks.apply(mask, content), status)

    def answer_object(self, stored: StoredObject) -> Response:
        """An object's resource."""
        return self.answer(object_resource(stored, self.address))


def parse_json(data: bytes) -> dict[str, Any]:
    """A JSON object; raises ``ApiError`` (400)."""
    try:
        content = msgspec.json.decode(data) if data.strip() else {}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ApiError(400, "parseError", "Parse Error: the body is not JSON.") from None
    if not isinstance(content, dict):
        raise ApiError(400, "parseError", "Parse Error: a JSON object is expected.")
    return content
