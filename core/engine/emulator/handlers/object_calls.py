"""The methods on objects that carry no media."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response

from core.engine.emulator.errors import ApiError, invalid, unsupported
from core.engine.emulator.handlers.call import Call
from core.engine.emulator.names import check_object
from core.engine.emulator.objects.blobs import PIECE
from core.engine.emulator.objects.conditions import Conditions, integer
from core.engine.emulator.objects.listing import MAX_RESULTS, ListingQuery, list_page
from core.engine.emulator.objects.records import StoredObject
from core.engine.emulator.resources import object_fields, object_resource

MAX_COMPONENTS = 32  # cloud.google.com/storage/docs/composite-objects


async def list_objects(call: Call) -> Response:
    """GET /b/BUCKET/o. There are no old versions, so ``versions`` lists what is there."""
    call.store.bucket(call.bucket)
    if call.flag("softDeleted"):
        raise unsupported("soft-deleted objects")
    params = call.params
    query = ListingQuery(
        params.get("prefix", ""),
        params.get("delimiter", ""),
        params.get("startOffset", ""),
        params.get("endOffset", ""),
        params.get("matchGlob", ""),
        call.flag("includeTrailingDelimiter"),
        min(integer(params, "maxResults") or MAX_RESULTS, MAX_RESULTS),
        params.get("pageToken", ""),
    )
    page = list_page(call.store.index, call.bucket, query)
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if page.next_token:
        answer["nextPageToken"] = page.next_token
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.items:
        answer["items"] = [object_resource(stored, call.address) for stored in page.items]
    return call.answer(answer)


async def get_object(call: Call) -> Response:
    """GET /b/BUCKET/o/NAME: its metadata."""
    return call.answer_object(call.store.object(call.bucket, call.name, call.conditions))


async def patch_object(call: Call) -> Response:
    """PATCH (what is not named stays) or PUT /b/BUCKET/o/NAME."""
    body, patch = await call.json(), call.request.method == "PATCH"
    return call.answer_object(
        call.store.change_object(
            call.bucket,
            call.name,
            call.conditions,
            lambda before: object_fields(body, before, patch=patch),
        )
    )


async def delete_object(call: Call) -> Response:
    """DELETE /b/BUCKET/o/NAME."""
    call.store.delete_object(call.bucket, call.name, call.conditions)
    return Response(status_code=204)


async def copy_object(call: Call) -> Response:
    """POST .../copyTo/b/BUCKET/o/NAME."""
    return call.answer_object(await _copy(call))


async def rewrite_object(call: Call) -> Response:
    """POST .../rewriteTo/b/BUCKET/o/NAME: always done at once."""
    copied = await _copy(call)
    size = str(copied.content.size)
    return call.answer(
        {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": size,
            "objectSize": size,
            "done": True,
            "resource": object_resource(copied, call.address),
        }
    )


async def _copy(call: Call) -> StoredObject:
    body = await call.json()
    name = check_object(call.to_name)
    wanted = Conditions.of(call.params, source="Source")
    source = call.store.object(call.bucket, call.name, wanted, source=True)
    # A body with metadata replaces the source's, one without keeps it.
    given = object_fields(body)
    counted = {k: v for k, v in source.fields.items() if k == "componentCount"}
    fields = given | counted if given else source.fields
    return call.store.copy(source, call.to_bucket, name, fields, _destination(call))


def _destination(call: Call) -> Conditions:
    params = {key: value for key, value in call.params.items() if key != "generation"}
    return Conditions.of(params)


async def compose_object(call: Call) -> Response:
    """POST /b/BUCKET/o/NAME/compose: up to 32 objects of the bucket, one after another."""
    body = await call.json()
    name = check_object(call.name)
    conditions = _destination(call)
    call.store.check_destination(call.bucket, name, conditions)
    sources = [_component(call, component) for component in _components(body)]
    destination = body.get("destination") or {}
    if not isinstance(destination, dict):
        raise invalid("Invalid value for destination: a JSON object is expected.")
    fields = object_fields(destination)
    if "contentType" not in fields and "contentType" in sources[0].fields:
        fields["contentType"] = sources[0].fields["contentType"]
    count = sum(source.fields.get("componentCount", 1) for source in sources)
    files = [call.store.open(source) for source in sources]
    writer = call.store.blobs.writer()
    try:
        for file in files:
            while piece := file.read(PIECE):
                writer.write(piece)
                await asyncio.sleep(0)  # others' requests are not to wait for a large one
        stored = call.store.commit(writer, call.bucket, name, fields, conditions, composed=count)
    except BaseException:
        writer.abort()
        raise
    finally:
        for file in files:
            file.close()
    return call.answer_object(stored)


def _components(body: dict[str, Any]) -> list[dict[str, Any]]:
    components = body.get("sourceObjects")
    if (
        not isinstance(components, list)
        or not 1 <= len(components) <= MAX_COMPONENTS
        or not all(isinstance(component, dict) for component in components)
    ):
        raise ApiError(
            400, "required", f"Required: sourceObjects, 1 to {MAX_COMPONENTS} JSON objects."
        )
    return components


def _component(call: Call, component: dict[str, Any]) -> StoredObject:
    conditions = component.get("objectPreconditions") or {}
    if not isinstance(conditions, dict):
        raise invalid("Invalid value for objectPreconditions: a JSON object is expected.")
    params = {key: str(value) for key, value in conditions.items()}
    if component.get("generation"):
        params["generation"] = str(component["generation"])
    name = check_object(component.get("name"))
    return call.store.object(call.bucket, name, Conditions.of(params), source=True)
