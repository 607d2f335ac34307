"""The few verbs on Cloud Storage that the project needs; the same on Google and on the emulator.

Object names are untrusted input: they are checked here before any of them reaches a server or a
tool that might take one for a path. A name is taken as it is, white space at its ends included.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple, Protocol

from core.bucket_errors import translated
from core.cloud_settings import CloudSettings
from core.errors import BadObjectName, BucketDenied
from core.google_account import GoogleAccount
from core.gzip_content import ENCODING, PIECE, Enough, Kept, Stored, content, stored_limit

MAX_NAME_BYTES = 1024  # cloud.google.com/storage/docs/objects#naming
UPLOAD_THREADS = 8
EMULATOR_TIMEOUT_S = 5.0  # loopback: a server that is there answers at once

# What ``ObjectInfo`` needs, and no more: a listing has up to 50,000 objects of a batch.
LISTED = "items(name,size,generation,timeCreated,updated,contentType,md5Hash),nextPageToken"


class GcsUri(NamedTuple):
    """A bucket and an object name or prefix (may be empty)."""

    bucket: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> GcsUri:
        """Split ``gs://bucket/name``; white space before it is passed over, all other is kept.

        Raises:
            BadObjectName: not such an address, or a name that must not be opened.
        """
        scheme, mark, rest = uri.lstrip().partition("gs://")
        bucket, _, name = rest.partition("/")
        odd = any(c in bucket for c in " \\?#%") or not bucket.isprintable()
        if scheme or not mark or not bucket or odd:
            raise BadObjectName(
                "Not a Cloud Storage address",
                where=uri[:200],
                then="Write it as gs://bucket/folder/picture.jpg.",
            )
        if not (bucket[0].isalnum() and bucket[-1].isalnum()):  # Google's client refuses it
            raise BadObjectName(
                "Not a bucket's name",
                where=uri[:200],
                then="It begins and ends with a letter or a digit.",
            )
        check_object_name(name)
        return cls(bucket, name)

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}"


def check_object_name(name: str) -> None:
    """Refuse names that Cloud Storage refuses, or that a tool could take for a path.

    Raises:
        BadObjectName: saying what is wrong with the name.
    """
    parts = name.split("/")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise BadObjectName("The name is not valid Unicode", where=repr(name)[:200]) from None
    fault = ""
    if length > MAX_NAME_BYTES:
        fault = f"The name has {length} bytes; Cloud Storage allows {MAX_NAME_BYTES}"
    elif any(c in name for c in "\r\n\0"):
        fault = "The name has a line break or a zero byte"
    elif "." in parts or ".." in parts:
        fault = "The name has a part '.' or '..', which some tools take for a path"
    if fault:
        raise BadObjectName(fault, where=repr(name)[:200], then="Rename or copy the object.")


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object; ``generation`` changes when its bytes do, which were written at ``updated``."""

    uri: str
    size: int
    updated: datetime
    generation: int
    content_type: str
    md5: str


class BucketReader(Protocol):
    """What reading the storage needs: all that pages and results get. See ``Buckets``."""

    def hurried(self, seconds: float) -> BucketReader: ...
    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]: ...
    def info(self, uri: str) -> ObjectInfo: ...
    def exists(self, uri: str) -> bool: ...
    def read(self, uri: str, limit: int | None = None) -> bytes: ...
    def copy(self, uri: str, file: IO[bytes], limit: int | None = None) -> None: ...
    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]: ...
    def check_bucket(self, name: str) -> None: ...
    def location(self, name: str) -> str: ...


class Buckets:
    """Read, write and list objects by ``gs://`` address. Safe to share between threads.

    Every method raises ``BucketError`` or one of its kinds, never a library's own error.
    """

    def __init__(
        self,
        client: Any,
        *,
        timeout: float = 60.0,
        retry: Any = None,
        requester_project: str | None = None,
    ) -> None:
        self._client = client
        self._requester = requester_project  # pays for requester-pays buckets
        self._options: dict[str, Any] = {"timeout": timeout, "retry": retry}

    def hurried(self, seconds: float) -> Buckets:
        """The same storage, with faults raised after about so many seconds instead of minutes.

        For who asks again by himself: no answer may take longer, and none is asked for later.
        """
        retry = self._options["retry"]
        shorter = None if retry is None else retry.with_timeout(seconds)
        return Buckets(
            self._client, timeout=seconds, retry=shorter, requester_project=self._requester
        )

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose name begins with the prefix's, in the server's order (by name)."""
        uri = GcsUri.parse(prefix)
        with translated(prefix):
            bucket = self._bucket(uri.bucket)
            for blob in self._client.list_blobs(
                bucket, prefix=uri.name, fields=LISTED, **self._options
            ):
                yield _info(blob)

    def info(self, uri: str) -> ObjectInfo:
        """Size and generation of one object."""
        with translated(uri, object_name=GcsUri.parse(uri).name):
            blob = self._blob(uri)
            blob.reload(**self._options)
            return _info(blob)

    def exists(self, uri: str) -> bool:
        """Whether there is such an object."""
        with translated(uri, object_name=GcsUri.parse(uri).name):
            return bool(self._blob(uri).exists(**self._options))

    def read(self, uri: str, limit: int | None = None) -> bytes:
        """An object's bytes; with a limit, at most that many from its beginning.

        One that was stored packed is unpacked, in no more memory than twice the limit.

        Raises:
            BadObject: as ``core.gzip_content.content``.
        """
        return self._stored(uri, limit).content(limit)

    def copy(self, uri: str, file: IO[bytes], limit: int | None = None) -> None:
        """Write to an empty file what ``read`` returns, without holding it in memory.

        Raises:
            BadObject: as ``read``.
        """
        if not self._download(uri, file, limit):
            return
        with tempfile.TemporaryFile() as stored:
            file.seek(0)
            shutil.copyfileobj(file, stored)
            file.seek(0)
            file.truncate()
            stored.seek(0)
            for piece in content(iter(lambda: stored.read(PIECE), b""), limit, uri):
                file.write(piece)

    def write(self, uri: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        """Create or replace an object."""
        if not GcsUri.parse(uri).name:
            raise BadObjectName("The address names a bucket, not an object", where=uri[:200])
        with translated(uri, object_name=GcsUri.parse(uri).name):
            self._blob(uri).upload_from_string(data, content_type=content_type, **self._options)

    def write_file(self, uri: str, file: IO[bytes], size: int, content_type: str) -> None:
        """Create or replace an object with a file's bytes, without holding them in memory.

        Args:
            file: read from its beginning.
            size: how many bytes.
        """
        if not GcsUri.parse(uri).name:
            raise BadObjectName("The address names a bucket, not an object", where=uri[:200])
        with translated(uri, object_name=GcsUri.parse(uri).name):
            self._blob(uri).upload_from_file(
                file, rewind=True, size=size, content_type=content_type, **self._options
            )

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Bytes of many objects in the order asked, several at a time."""
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            # Unpacked one after another: what is read ahead is as large as the listing says.
            for stored in pool.map(self._stored, uris):
                yield stored.content()

    def delete(self, uri: str) -> None:
        """Remove one object."""
        with translated(uri, object_name=GcsUri.parse(uri).name):
            self._blob(uri).delete(**self._options)

    def check_bucket(self, name: str) -> None:
        """Raise ``BucketNotFound``, ``BucketDenied`` or ``BucketUnavailable`` unless it answers."""
        with translated(f"gs://{name}"):
            # Listing one object needs no more than what reading results needs (objectViewer).
            first = self._client.list_blobs(self._bucket(name), max_results=1, **self._options)
            next(iter(first), None)

    def location(self, name: str) -> str:
        """Where a bucket lies, such as ``EU``; "" if the account may not see it.

        That needs ``storage.buckets.get``, which no role that a batch needs has in it.

        Raises:
            BucketError: of any other kind than ``BucketDenied``.
        """
        try:
            with translated(f"gs://{name}"):
                bucket = self._client.get_bucket(self._bucket(name), **self._options)
                return str(bucket.location or "").upper()
        except BucketDenied:
            return ""

    def rights(self, name: str, wanted: Sequence[str]) -> frozenset[str]:
        """Which of some permissions the account has on a bucket."""
        with translated(f"gs://{name}"):
            bucket = self._client.bucket(name, user_project=self._requester)
            return frozenset(bucket.test_iam_permissions(list(wanted), **self._options))

    def make_bucket(self, name: str) -> None:
        """Create a bucket unless it is there already."""
        from google.api_core.exceptions import Conflict

        with translated(f"gs://{name}"):
            try:
                self._client.create_bucket(name, **self._options)
            except Conflict:
                return

    def _stored(self, uri: str, limit: int | None = None) -> Stored:
        file = io.BytesIO()
        packed = self._download(uri, file, limit)
        return Stored(uri, file.getvalue(), packed)

    def _download(self, uri: str, file: IO[bytes], limit: int | None) -> bool:
        """Write the stored bytes, or as many as ``limit`` unpacked ones need; are they packed?"""
        from google.api_core.exceptions import RequestRangeNotSatisfiable

        most = None if limit is None else stored_limit(limit)
        with translated(uri, object_name=GcsUri.parse(uri).name):
            blob = self._blob(uri)
            # An empty object has no first byte.
            with suppress(RequestRangeNotSatisfiable, Enough):
                blob.download_to_file(
                    Kept(file, most),
                    end=None if most is None else most - 1,
                    raw_download=True,
                    checksum=None if limit else "auto",
                    **self._options,
                )
            packed = bool(blob.content_encoding == ENCODING)
        if not packed and limit is not None and file.tell() > limit:
            file.truncate(limit)
        return packed

    def _blob(self, uri: str) -> Any:
        bucket, name = GcsUri.parse(uri)
        if not name:
            raise BadObjectName("The address names a bucket, not an object", where=uri)
        return self._client.bucket(bucket, user_project=self._requester).blob(name)

    def _bucket(self, name: str) -> Any:
        """What a listing is asked of: a name, or a bucket that says who pays."""
        if self._requester is None:
            return name
        return self._client.bucket(name, user_project=self._requester)


def open_buckets(endpoint: str) -> Buckets:
    """Connect to an emulator at ``http://127.0.0.1:PORT``."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY

    client = Client(
        project="local",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
    )
    client._http.trust_env = False  # a proxy of the environment is not for loopback
    retry = DEFAULT_RETRY.with_delay(initial=0.1, maximum=1.0)
    return Buckets(client, timeout=30.0, retry=retry.with_timeout(EMULATOR_TIMEOUT_S))


def open_google_buckets(
    account: GoogleAccount, cloud: CloudSettings, patience_s: float = 120.0
) -> Buckets:
    """Connect to Cloud Storage.

    Args:
        account: whose credentials carry the project that pays.
        patience_s: how long a call is tried again after faults that may pass.
    """
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY

    client = Client(
        project=account.project or None,
        credentials=account.credentials,
        client_options=account.client_options(cloud.storage_endpoint),
    )
    retry = DEFAULT_RETRY.with_timeout(patience_s)
    timeout = min(60.0, patience_s)
    return Buckets(client, timeout=timeout, retry=retry, requester_project=cloud.requester_project)


def _info(blob: Any) -> ObjectInfo:
    return ObjectInfo(
        uri=f"gs://{blob.bucket.name}/{blob.name}",
        size=int(blob.size or 0),
        updated=blob.time_created or blob.updated or datetime.fromtimestamp(0, UTC),
        generation=int(blob.generation or 0),
        content_type=blob.content_type or "",
        md5=blob.md5_hash or "",
    )
