"""The few verbs on Cloud Storage that the project needs; the same on Google and on the emulator.

Object names are untrusted input: they are checked here before any of them reaches a server or a
tool that might take one for a path. A name is taken as it is, white space at its ends included.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple

from core.errors import (
    BadObjectName,
    BucketDenied,
    BucketError,
    BucketNotFound,
    BucketUnavailable,
    ObjectNotFound,
)
from core.packed import ENCODING, PIECE, Enough, Kept, Stored, content, stored_limit

MAX_NAME_BYTES = 1024  # cloud.google.com/storage/docs/objects#naming
UPLOAD_THREADS = 8
EMULATOR_TIMEOUT_S = 5.0  # loopback: a server that is there answers at once


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
        scheme, found, rest = uri.lstrip().partition("gs://")
        bucket, _, name = rest.partition("/")
        odd = any(c in bucket for c in " \\?#%") or not bucket.isprintable()
        if scheme or not found or not bucket or odd:
            raise BadObjectName(
                "Not a Cloud Storage address",
                where=uri[:200],
                then="Write it as gs://bucket/folder/picture.jpg.",
            )
        if bucket.strip(".") == "":
            raise BadObjectName("Not a bucket's name", where=uri[:200])
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


class Buckets:
    """Read, write and list objects by ``gs://`` address. Safe to share between threads.

    Every method raises ``BucketError`` or one of its kinds, never a library's own error.
    """

    def __init__(self, client: Any, *, timeout: float = 60.0, retry: Any = None) -> None:
        self._client = client
        self._options: dict[str, Any] = {"timeout": timeout, "retry": retry}

    def hurried(self, seconds: float) -> Buckets:
        """The same storage, with faults told after about so many seconds instead of minutes.

        For who asks again by himself: no answer may take longer, and none is asked for later.
        """
        retry = self._options["retry"]
        shorter = None if retry is None else retry.with_timeout(seconds)
        return Buckets(self._client, timeout=seconds, retry=shorter)

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose name begins with the prefix's, in the server's order (by name)."""
        uri = GcsUri.parse(prefix)
        with _translated(prefix, listing=True):
            for blob in self._client.list_blobs(uri.bucket, prefix=uri.name, **self._options):
                yield _info(blob)

    def info(self, uri: str) -> ObjectInfo:
        """Size and generation of one object."""
        with _translated(uri):
            blob = self._blob(uri)
            blob.reload(**self._options)
            return _info(blob)

    def exists(self, uri: str) -> bool:
        """Whether there is such an object."""
        with _translated(uri):
            return bool(self._blob(uri).exists(**self._options))

    def read(self, uri: str, limit: int | None = None) -> bytes:
        """An object's bytes; with a limit, at most that many from its beginning.

        One that was stored packed is unpacked, in no more memory than twice the limit.

        Raises:
            BadObject: as ``core.packed.content``.
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
        with _translated(uri):
            self._blob(uri).upload_from_string(data, content_type=content_type, **self._options)

    def read_many(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Bytes of many objects in the order asked, several at a time."""
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            # Unpacked one after another: what is read ahead is as large as the listing says.
            for stored in pool.map(self._stored, uris):
                yield stored.content()

    def delete(self, uri: str) -> None:
        """Remove one object."""
        with _translated(uri):
            self._blob(uri).delete(**self._options)

    def check_bucket(self, name: str) -> None:
        """Raise ``BucketNotFound``, ``BucketDenied`` or ``BucketUnavailable`` unless it answers."""
        with _translated(f"gs://{name}"):
            # Listing one object needs no more than what reading results needs (objectViewer).
            next(iter(self._client.list_blobs(name, max_results=1, **self._options)), None)

    def make_bucket(self, name: str) -> None:
        """Create a bucket unless it is there already."""
        from google.api_core.exceptions import Conflict

        with _translated(f"gs://{name}"):
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
        with _translated(uri):
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
        return self._client.bucket(bucket).blob(name)


def open_buckets(endpoint: str | None = None, project: str | None = None) -> Buckets:
    """Connect to Google with Application Default Credentials, or to an emulator's endpoint.

    Args:
        endpoint: ``http://127.0.0.1:PORT`` of an emulator; None for Google.

    Raises:
        BucketDenied: there are no credentials.
    """
    from google.api_core.retry import Retry
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import DefaultCredentialsError
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY

    if endpoint is not None:
        client = Client(
            project=project or "local",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": endpoint},
        )
        client._http.trust_env = False  # a proxy of the environment is not for loopback
        retry: Retry = DEFAULT_RETRY.with_delay(initial=0.1, maximum=1.0)
        return Buckets(client, timeout=30.0, retry=retry.with_timeout(EMULATOR_TIMEOUT_S))
    try:
        return Buckets(Client(project=project), retry=DEFAULT_RETRY)
    except (DefaultCredentialsError, OSError) as error:
        raise BucketDenied(
            "No Google Cloud credentials were found",
            where="Application Default Credentials",
            then="Run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to a service account's key file.",
        ) from error


def _info(blob: Any) -> ObjectInfo:
    return ObjectInfo(
        uri=f"gs://{blob.bucket.name}/{blob.name}",
        size=int(blob.size or 0),
        updated=blob.time_created or blob.updated or datetime.fromtimestamp(0, UTC),
        generation=int(blob.generation or 0),
        content_type=blob.content_type or "",
        md5=blob.md5_hash or "",
    )


@contextmanager
def _translated(where: str, *, listing: bool = False) -> Iterator[None]:
    """Turn the client's errors into ours, each with a cure; a listing can only miss a bucket."""
    import requests
    from google.api_core import exceptions as google
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption

    try:
        yield
    except BucketError:
        raise
    except google.NotFound as error:
        if not listing and GcsUri.parse(where).name and "bucket does not exist" not in str(error):
            raise ObjectNotFound(
                "There is no such object", where=where, then="Check the name, or list the folder."
            ) from error
        raise BucketNotFound(
            "There is no such bucket", where=where, then="Check its name, or create it."
        ) from error
    except (google.Forbidden, google.Unauthorized, GoogleAuthError) as error:
        raise BucketDenied(
            "Access was refused",
            where=where,
            then="The account needs the roles Storage Object Viewer, and Storage Object "
            f"Creator where results go. The server said: {_short(error)}",
        ) from error
    except (google.GoogleAPIError, requests.RequestException, DataCorruption, OSError) as error:
        raise BucketUnavailable(
            "The storage server did not do it",
            where=where,
            then=f"Try again in a moment. It said: {_short(error)}",
        ) from error


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
