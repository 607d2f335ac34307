"""Pictures under a ``gs://`` prefix, which may hold wildcards as in gsutil."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from core.buckets import UPLOAD_THREADS, BucketReader, GcsUri, ObjectInfo
from core.errors import BadObject, BadObjectName, BucketDenied, ObjectNotFound
from core.jobs.batch import content_hash
from core.jobs.batch.sources import (
    TAKEN,
    Fault,
    ImageRef,
    Picture,
    SourceContents,
    is_picture_name,
    left_out,
)
from core.pictures.formats import FACTS, HEAD_BYTES

LOOK_INTO = 500  # objects whose first bytes are read, since neither name nor type says picture
CONTENT_TYPES = frozenset(FACTS[kind].mime_type for kind in TAKEN) | {
    "image/jpg",
    "image/pjpeg",
    "image/x-ms-bmp",
    "image/vnd.microsoft.icon",
}
_WILDCARD = re.compile(r"[*?\[]")


def from_prefix(buckets: BucketReader, uri: str, limit: int | None = None) -> SourceContents:
    """All pictures under a prefix: by name or declared type, the rest by their first bytes.

    A type may be wrong on a right name (application/octet-stream), and a name on a right type:
    either is enough here, and the check before sending opens what is taken.

    Args:
        uri: ``gs://bucket/beginning``; with ``*``, ``**``, ``?`` or ``[a-z]`` a pattern of whole
            names (gsutil help wildcards).
        limit: stop after that many objects.

    Raises:
        BucketError: the address is none, or the bucket cannot be listed.
    """
    matching, start = pattern_of(uri)
    objects: list[ObjectInfo] = []
    for info in buckets.list_objects(start):
        if info.uri.endswith("/") or (
            matching and not matching.fullmatch(GcsUri.parse(info.uri).name)
        ):
            continue  # a folder marker is no file
        objects.append(info)
        if limit is not None and len(objects) >= limit:
            break
    doubtful = [info for info in objects if not _says_picture(info)]
    with ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="look") as pool:
        looked = pool.map(lambda info: _look(buckets, info), doubtful[:LOOK_INTO])
        reasons = {fault.where: fault for fault in looked if fault is not None}
    for info in doubtful[LOOK_INTO:]:
        reasons[info.uri] = Fault(
            info.uri, "Not opened, since there are so many that say no picture"
        )
    pictures: list[Picture] = [
        ImageRef(info.uri, info.size, info.content_type, content_hash.of_object(info))
        for info in objects
        if info.uri not in reasons
    ]
    return SourceContents(tuple(pictures), tuple(reasons.values()))


def pattern_of(uri: str) -> tuple[re.Pattern[str] | None, str]:
    """What names must match, None without wildcards, and the prefix to list.

    ``*`` stands for anything within a folder, ``**`` for anything at all, ``?`` for one character,
    ``[...]`` for one of some; a pattern that ends in a folder means what is in it.

    Raises:
        BadObjectName: there is a wildcard in the bucket's name.

    >>> pattern_of("gs://b/2024-*/x?.jpg")[1]
    'gs://b/2024-'
    """
    wildcard = _WILDCARD.search(uri)
    if wildcard is None:
        return None, uri
    bucket, _, name = uri.partition("://")[2].partition("/")
    if _WILDCARD.search(bucket):
        raise BadObjectName(
            "A bucket's name is taken as it is written, without wildcards",
            where=uri[:200],
            then="Name the bucket, as in gs://bucket/2024-*/*.jpg.",
        )
    if name.endswith("/"):
        name += "**"
    return re.compile(_regex(name), re.DOTALL), uri[: wildcard.start()]


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", pattern)
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part) or _set_or_text(part) for part in parts)


def _set_or_text(part: str) -> str:
    if len(part) < 3 or not part.startswith("[") or not part.endswith("]"):
        return re.escape(part)
    inner = part[1:-1].replace("\\", "\\\\").replace("^", "\\^")
    return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"


def _says_picture(info: ObjectInfo) -> bool:
    return is_picture_name(info.uri) or info.content_type.lower() in CONTENT_TYPES


def _look(buckets: BucketReader, info: ObjectInfo) -> Fault | None:
    try:
        head = buckets.read(info.uri, HEAD_BYTES) if info.size else b""
    except (ObjectNotFound, BucketDenied, BadObject, BadObjectName) as error:
        return Fault(info.uri, error.what, error.then)
    return left_out(info.uri, head, convertible=False)
