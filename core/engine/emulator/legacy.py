"""Takes over what earlier versions kept: objects as plain files below ``storage/buckets``.

Their metadata is in the extended attribute ``user.metadata``, or in a file ``NAME.metadata`` where
the file system has no attributes. A file is linked to its new place, put into the index, then
removed from the old one, so that a kill at any moment loses nothing: the next start goes on.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.engine.emulator.errors import ApiError
from core.engine.emulator.names import check_object
from core.engine.emulator.objects.blobs import Checksums, new_blob
from core.engine.emulator.objects.index import now
from core.engine.emulator.objects.records import Content, StoredBucket, StoredObject
from core.engine.emulator.objects.store import ObjectStore
from core.engine.emulator.resources import object_fields

log = logging.getLogger("engine.storage")

_TOGETHER = 500  # files a transaction
_SAY_S = 2.0
_BUCKET_NOTE = ".bucketMetadata"
_FILE_NOTE = ".metadata"
_FIELDS = {
    "ContentType": "contentType",
    "ContentEncoding": "contentEncoding",
    "ContentDisposition": "contentDisposition",
    "ContentLanguage": "contentLanguage",
    "CacheControl": "cacheControl",
    "Metadata": "metadata",
}


def take_over(store: ObjectStore, old: Path, progress: Callable[[str], None]) -> None:
    """Move everything below the old folder into the store, if there is such a folder.

    What cannot be moved stays where it is, and the log names it.

    Args:
        progress: called now and then with how far it is.

    Raises:
        OSError: the disk is full or cannot be written; what is done stays done.
    """
    if not old.is_dir():
        return
    log.info("objects of an earlier version are taken over from %s", old)
    count, left, said = 0, 0, time.monotonic()
    for bucket in sorted(path for path in old.iterdir() if path.is_dir() and not _is_link(path)):
        with store.index.change():
            if store.index.bucket(bucket.name) is None:
                store.index.put_bucket(StoredBucket(bucket.name, 1, now(), now(), {}))
        waiting: list[tuple[Path, StoredObject]] = []
        for path in _files(bucket):
            stored = _describe(path, bucket)
            if stored is None:
                left += 1
                continue
            waiting.append((path, stored))
            if len(waiting) >= _TOGETHER:
                count += _move(store, waiting)
            if time.monotonic() - said > _SAY_S:
                said = time.monotonic()
                progress(f"{count} objects of an earlier version are taken over")
        count += _move(store, waiting)
        _remove_empty(bucket)
        if not bucket.exists():
            (old / (bucket.name + _BUCKET_NOTE)).unlink(missing_ok=True)
    _remove_empty(old)
    log.info("%d objects were taken over, %d files could not be", count, left)


def _is_link(path: Path) -> bool:
    return stat.S_ISLNK(path.lstat().st_mode)


def _files(bucket: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(bucket):
        for name in sorted(names):
            path = Path(folder) / name
            if name.endswith(_FILE_NOTE) and path.with_name(name.removesuffix(_FILE_NOTE)).exists():
                continue  # goes with the file that it describes
            yield path


def _describe(path: Path, bucket: Path) -> StoredObject | None:
    """The object that a file is, or None, which the log explains."""
    name = str(path.relative_to(bucket))
    try:
        check_object(name)
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        note = _note(path)
        changed = int(status.st_mtime * 1_000_000)
        return StoredObject(
            bucket=bucket.name,
            name=name,
            generation=int(note.get("Generation") or changed),
            metageneration=1,
            created=_moment(note.get("Created"), changed),
            updated=_moment(note.get("Updated"), changed),
            content=_content(path, note),
            fields=_fields(note),
        )
    except (ApiError, OSError, ValueError) as error:
        log.error("%r stays where it is: %s", str(path), error)
        return None


def _note(path: Path) -> dict[str, Any]:
    try:
        text = os.getxattr(path, "user.metadata")
    except (OSError, AttributeError):  # macOS has no such call
        try:
            text = path.with_name(path.name + _FILE_NOTE).read_bytes()
        except OSError:
            return {}
    try:
        note = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return note if isinstance(note, dict) else {}


def _content(path: Path, note: dict[str, Any]) -> Content:
    """Its bytes' checksums: those noted, else computed."""
    md5, crc32c = note.get("Md5Hash"), note.get("Crc32c")
    if isinstance(md5, str) and isinstance(crc32c, str) and md5 and crc32c:
        return Content(new_blob(), path.stat().st_size, md5, crc32c)
    sums = Checksums()
    sums.read(path)
    return sums.content(new_blob())


def _fields(note: dict[str, Any]) -> dict[str, Any]:
    given = {ours: note[theirs] for theirs, ours in _FIELDS.items() if note.get(theirs)}
    return object_fields(given)


def _moment(text: Any, otherwise: int) -> int:
    try:
        return int(datetime.fromisoformat(str(text)).timestamp() * 1_000_000)
    except ValueError:
        return otherwise


def _move(store: ObjectStore, waiting: list[tuple[Path, StoredObject]]) -> int:
    """Link, index, remove; empties the list and tells how many were in it."""
    with store.index.change():
        for path, stored in waiting:
            if store.index.object(stored.bucket, stored.name) is None:
                _link(path, store.blobs.arriving(stored.content.blob))
                store.index.put_object(stored)
                store.index.set_mark("generation", stored.generation)
    for path, stored in waiting:
        store.blobs.settle(stored.content.blob)
        path.unlink()
        path.with_name(path.name + _FILE_NOTE).unlink(missing_ok=True)
    count = len(waiting)
    waiting.clear()
    return count


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:  # a file system without links
        shutil.copyfile(path, to)


def _remove_empty(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        try:
            Path(path).rmdir()
        except OSError:
            continue  # something stayed
