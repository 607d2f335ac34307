"""Buckets and objects as the JSON API writes them, and what a request may set of them.

Source: cloud.google.com/storage/docs/json_api/v1/objects, .../buckets
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from core.engine.emulator.errors import invalid, unsupported
from core.engine.emulator.objects.records import StoredBucket, StoredObject

MAX_METADATA = 8 * 1024  # bytes of an object's own keys and values together
_TEXTS = (
    *("contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl"),
    *("customTime", "storageClass"),
)
# What would change how the server behaves, and does not here: refused rather than silently kept.
_OBJECT_REFUSED = {
    "temporaryHold": "holds",
    "eventBasedHold": "holds",
    "retention": "retention",
    "kmsKeyName": "encryption with keys of your own",
    "contexts": "contexts",
}
_BUCKET_KEPT = ("labels", "location", "locationType", "storageClass", "iamConfiguration", "rpo")
_BUCKET_REFUSED = {
    "versioning": "object versions",
    "retentionPolicy": "retention",
    "lifecycle": "lifecycle rules",
    "encryption": "encryption with keys of your own",
    "billing": "requester pays",
    "cors": "CORS: no web page may use it",
    "website": "web sites",
    "logging": "access logs",
    "hierarchicalNamespace": "hierarchical namespace",
    "autoclass": "autoclass",
    "defaultEventBasedHold": "holds",
    "objectRetention": "retention",
}


def time_text(microseconds: int) -> str:
    """RFC 3339 in UTC."""
    moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def object_resource(stored: StoredObject, address: str) -> dict[str, Any]:
    """An object; ``address`` is ``http://host:port`` as the client wrote it."""
    place = f"/storage/v1/b/{stored.bucket}/o/{quote(stored.name, safe='')}"
    content, created = stored.content, time_text(stored.created)
    resource = {
        "kind": "storage#object",
        "id": f"{stored.bucket}/{stored.name}/{stored.generation}",
        "selfLink": address + place,
        "mediaLink": f"{address}/download{place}?generation={stored.generation}&alt=media",
        "name": stored.name,
        "bucket": stored.bucket,
        "generation": str(stored.generation),
        "metageneration": str(stored.metageneration),
        "storageClass": "STANDARD",
        "size": str(content.size),
        "md5Hash": content.md5,
        "crc32c": content.crc32c,
        "etag": stored.etag,
        "timeCreated": created,
        "updated": time_text(stored.updated),
        "timeStorageClassUpdated": created,
        "timeFinalized": created,
        **stored.fields,
    }
    if not content.md5:
        del resource["md5Hash"]
    return resource


def bucket_resource(bucket: StoredBucket, address: str) -> dict[str, Any]:
    """A bucket; ``address`` as for ``object_resource``."""
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": f"{address}/storage/v1/b/{bucket.name}",
        "projectNumber": "0",
        "name": bucket.name,
        "timeCreated": time_text(bucket.created),
        "updated": time_text(bucket.updated),
        "metageneration": str(bucket.metageneration),
        "etag": f"CA{bucket.metageneration}=",
        "location": "US",
        "locationType": "multi-region",
        "storageClass": "STANDARD",
        **bucket.fields,
    }


def object_fields(
    body: dict[str, Any], before: dict[str, Any] | None = None, *, patch: bool = False
) -> dict[str, Any]:
    """The fields of an object that users set.

    Args:
        body: of the request; what only the server sets is passed over, as the service does.
        before: the fields so far, of which those that nobody can set are kept.
        patch: what the body does not name stays; null removes.

    Raises:
        ApiError: 400, a value of the wrong type or too long; 501, what this server has not.
    """
    _refuse(body, _OBJECT_REFUSED)
    before = before or {}
    fields = dict(before) if patch else {k: v for k, v in before.items() if k == "componentCount"}
    for key in _TEXTS:
        if key not in body:
            continue
        fields.pop(key, None)
        if body[key] is not None:
            fields[key] = _text(key, body[key])
    if "metadata" in body:
        given = body["metadata"]
        old = fields.pop("metadata", {}) if patch else {}
        if given is not None:
            metadata = _metadata(given, old)
            if metadata:
                fields["metadata"] = metadata
    return fields


def bucket_fields(
    body: dict[str, Any], before: dict[str, Any] | None = None, *, patch: bool = False
) -> dict[str, Any]:
    """The fields of a bucket that users set; arguments and errors as ``object_fields``."""
    _refuse(body, _BUCKET_REFUSED)
    fields = dict(before or {}) if patch else {}
    for key in _BUCKET_KEPT:
        if key not in body:
            continue
        value = body[key]
        if isinstance(value, dict) and patch:
            value = {k: v for k, v in {**fields.get(key, {}), **value}.items() if v is not None}
        fields.pop(key, None)
        if value is not None:
            fields[key] = value
    return fields


def _refuse(body: dict[str, Any], refused: dict[str, str]) -> None:
    for key, what in refused.items():
        if _asks(body.get(key)):
            raise unsupported(f"{what} ({key})")


def _asks(value: Any) -> bool:
    """Whether something is really wanted: {"enabled": false} is not."""
    if isinstance(value, dict):
        return any(_asks(inner) for inner in value.values())
    return bool(value)


def _text(key: str, value: Any) -> str:
    # These become headers of an answer.
    if not isinstance(value, str) or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise invalid(f"Invalid value for {key}: a text without control characters is expected.")
    return value


def _metadata(given: Any, old: dict[str, str]) -> dict[str, str]:
    if not isinstance(given, dict):
        raise invalid("Invalid value for metadata: an object of texts is expected.")
    merged = {**old, **given}
    metadata = {key: value for key, value in merged.items() if value is not None}
    if not all(isinstance(value, str) for value in metadata.values()):
        raise invalid("Invalid value for metadata: its values have to be texts.")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items())
    if size > MAX_METADATA:
        raise invalid(f"The metadata has {size} bytes; {MAX_METADATA} are allowed.")
    return metadata
