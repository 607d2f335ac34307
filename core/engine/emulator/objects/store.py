"""Index and bytes together: every change is whole and visible, or did not happen."""

from __future__ import annotations

import dataclasses
import fcntl
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from core.engine.emulator.errors import ApiError, no_bucket, no_object
from core.engine.emulator.objects.blobs import Blobs, BlobWriter
from core.engine.emulator.objects.conditions import Conditions
from core.engine.emulator.objects.index import Index, now
from core.engine.emulator.objects.records import Content, StoredBucket, StoredObject, Upload

log = logging.getLogger("engine.storage")


class ObjectStore:
    """One storage over one folder; used by one thread.

    Raises:
        OSError: another process has this folder (``BlockingIOError``), or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.index = Index(folder / "index.sqlite3")
        self.blobs = Blobs(folder)
        with self.index.change():
            self.index.forget_old_uploads()
        self.blobs.sweep(self.index.has_blob, self.index.unfinished_blobs())
        self._collect()

    def close(self) -> None:
        """Let go of the folder."""
        self.index.close()
        self._lock.close()

    def _collect(self) -> None:
        """Remove bytes that nothing has any more; what fails is done after the next change."""
        try:
            garbage = self.index.garbage()
            for blob in garbage:
                self.blobs.remove(blob)
            if garbage:
                with self.index.change():
                    self.index.forget_garbage(garbage)
        except (OSError, sqlite3.OperationalError) as error:
            log.warning("bytes of replaced objects are not removed yet: %s", error)

    # -- buckets ---------------------------------------------------------------------------------

    def bucket(self, name: str) -> StoredBucket:
        """A bucket; raises ``ApiError`` (404) without it."""
        bucket = self.index.bucket(name)
        if bucket is None:
            raise no_bucket()
        return bucket

    def create_bucket(self, name: str, fields: dict[str, Any]) -> StoredBucket:
        """A new bucket; raises ``ApiError`` (409) if there is one of that name."""
        with self.index.change():
            if self.index.bucket(name):
                raise ApiError(
                    409, "conflict", "Your previous request to create the named bucket succeeded "
                    "and you already own it.",
                )  # fmt: skip
            created = StoredBucket(name, 1, now(), now(), fields)
            self.index.put_bucket(created)
        return created

    def change_bucket(
        self, name: str, conditions: Conditions, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> StoredBucket:
        """Replace a bucket's fields by what ``change`` makes of them."""
        with self.index.change():
            bucket = self.bucket(name)
            check_bucket(conditions, bucket)
            changed = dataclasses.replace(
                bucket,
                metageneration=bucket.metageneration + 1,
                updated=now(),
                fields=change(bucket.fields),
            )
            self.index.put_bucket(changed)
        return changed

    def delete_bucket(self, name: str, conditions: Conditions) -> None:
        """Remove an empty bucket; raises ``ApiError`` (404, 409, 412)."""
        with self.index.change():
            check_bucket(conditions, self.bucket(name))
            if self.index.objects(name, b"", None, 1):
                raise ApiError(409, "conflict", "The bucket you tried to delete is not empty.")
            self.index.delete_bucket(name)

    # -- objects ---------------------------------------------------------------------------------

    def object(
        self, bucket: str, name: str, conditions: Conditions, *, source: bool = False
    ) -> StoredObject:
        """An object that fits the conditions; raises ``ApiError`` (404, 412).

        Args:
            source: of a copy; else an object that has not changed is a 304.
        """
        stored = self._live(bucket, name, conditions)
        conditions.check(stored, reading=not source)
        return stored

    def open(self, stored: StoredObject) -> IO[bytes]:
        """An object's bytes; raises ``ApiError`` (500) if the disk does not have them."""
        try:
            return self.blobs.open(stored.content)
        except OSError as error:
            raise ApiError(
                500,
                "internalError",
                f"The bytes of {stored.bucket}/{stored.name} were lost on this disk ({error}). "
                "Upload the object again.",
            ) from error

    def check_destination(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Raise before bytes are taken in that could not be stored (404, 412)."""
        self.bucket(bucket)
        conditions.check(self.index.object(bucket, name))

    def commit(
        self,
        writer: BlobWriter,
        bucket: str,
        name: str,
        fields: dict[str, Any],
        conditions: Conditions,
        *,
        composed: int = 0,
        upload: Upload | None = None,
    ) -> StoredObject:
        """Make what was written an object.

        Args:
            composed: of how many parts it consists; 0 for one that was uploaded.
            upload: the resumable upload that is finished by this.
        """
        content = writer.content()
        if composed:
            content = dataclasses.replace(content, md5="")
            fields = fields | {"componentCount": composed}
        return self._put(bucket, name, content, fields, conditions, upload)

    def copy(
        self,
        source: StoredObject,
        bucket: str,
        name: str,
        fields: dict[str, Any],
        conditions: Conditions,
    ) -> StoredObject:
        """A second object of the same bytes, which are not written again."""
        return self._put(bucket, name, source.content, fields, conditions)

    def _put(
        self,
        bucket: str,
        name: str,
        content: Content,
        fields: dict[str, Any],
        conditions: Conditions,
        upload: Upload | None = None,
    ) -> StoredObject:
        with self.index.change():
            self.check_destination(bucket, name, conditions)
            moment = now()
            stored = StoredObject(
                bucket, name, self.index.new_generation(), 1, moment, moment, content, fields
            )
            self.index.put_object(stored)
            if upload:
                self.index.put_upload(dataclasses.replace(upload, result=stored.generation))
        self.blobs.settle(content.blob)
        self._collect()
        return stored

    def change_object(
        self,
        bucket: str,
        name: str,
        conditions: Conditions,
        change: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> StoredObject:
        """Replace an object's fields by what ``change`` makes of them."""
        with self.index.change():
            stored = self._live(bucket, name, conditions)
            conditions.check(stored)
            changed = dataclasses.replace(
                stored,
                metageneration=stored.metageneration + 1,
                updated=now(),
                fields=change(stored.fields),
            )
            self.index.put_object(changed)
        return changed

    def delete_object(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Remove an object; raises ``ApiError`` (404, 412)."""
        with self.index.change():
            conditions.check(self._live(bucket, name, conditions))
            self.index.delete_object(bucket, name)
        self._collect()

    def _live(self, bucket: str, name: str, conditions: Conditions) -> StoredObject:
        self.bucket(bucket)
        stored = self.index.object(bucket, name)
        if stored is None or conditions.generation not in (None, stored.generation):
            raise no_object(bucket, name)
        return stored


def check_bucket(conditions: Conditions, bucket: StoredBucket) -> None:
    """Hold the conditions that buckets know, those on metageneration, against one."""
    match, other = conditions.metageneration_match, conditions.metageneration_not_match
    if match not in (None, bucket.metageneration) or other == bucket.metageneration:
        raise ApiError(
            412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
        )
