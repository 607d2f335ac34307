"""The methods on buckets."""

from __future__ import annotations

from starlette.responses import Response

from core.engine.emulator.handlers.call import Call
from core.engine.emulator.names import check_new_bucket
from core.engine.emulator.objects.conditions import integer
from core.engine.emulator.objects.listing import MAX_RESULTS, page_token, token_position
from core.engine.emulator.objects.store import check_bucket
from core.engine.emulator.resources import bucket_fields, bucket_resource


async def list_buckets(call: Call) -> Response:
    """GET /b: by name, those that begin with ``prefix``. Projects are not distinguished."""
    limit = min(integer(call.params, "maxResults") or MAX_RESULTS, MAX_RESULTS)
    after = token_position(call.params.get("pageToken", "")).decode(errors="replace")
    buckets = call.store.index.buckets(call.params.get("prefix", ""), after, limit + 1)
    items = [bucket_resource(bucket, call.address) for bucket in buckets[:limit]]
    page: dict[str, object] = {"kind": "storage#buckets"}
    if items:
        page["items"] = items
    if len(buckets) > limit:
        page["nextPageToken"] = page_token(buckets[limit - 1].name.encode())
    return call.answer(page)


async def insert_bucket(call: Call) -> Response:
    """POST /b."""
    body = await call.json()
    name = check_new_bucket(body.get("name"))
    created = call.store.create_bucket(name, bucket_fields(body))
    return call.answer(bucket_resource(created, call.address))


async def get_bucket(call: Call) -> Response:
    """GET /b/BUCKET."""
    bucket = call.store.bucket(call.bucket)
    check_bucket(call.conditions, bucket)
    return call.answer(bucket_resource(bucket, call.address))


async def patch_bucket(call: Call) -> Response:
    """PATCH (what is not named stays) or PUT /b/BUCKET."""
    body, patch = await call.json(), call.request.method == "PATCH"
    changed = call.store.change_bucket(
        call.bucket, call.conditions, lambda before: bucket_fields(body, before, patch=patch)
    )
    return call.answer(bucket_resource(changed, call.address))


async def delete_bucket(call: Call) -> Response:
    """DELETE /b/BUCKET, if it is empty."""
    call.store.delete_bucket(call.bucket, call.conditions)
    return Response(status_code=204)
