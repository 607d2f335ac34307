"""Reads pictures from the engine's own storage, or from Cloud Storage.

``Buckets.read`` does this for the rest of the project; its client costs 1.5 ms of processor time a
picture and this one request 0.3 (150 KB, measured), which a batch of labels alone feels. Names are
checked by the same rules.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import urllib3

from core.buckets import Buckets, GcsUri
from core.errors import BadObjectName, BucketNotFound, BucketUnavailable, ObjectNotFound
from core.gzip_content import ENCODING, PIECE, first, unpacked

T = TypeVar("T")
_AS_STORED = {"Accept-Encoding": ENCODING}


class PictureReader:
    """Reads objects of a local Cloud Storage, one connection a process.

    Args:
        address: ``http://127.0.0.1:PORT``; never through a proxy of the environment.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").rpartition(":")
        # Long enough for the engine to notice a dead emulator and to start it again.
        patience = urllib3.Retry(
            total=10,
            backoff_factor=0.1,
            backoff_max=1.0,
            status_forcelist=(500, 502, 503, 504),
            redirect=0,
        )
        self._pool = urllib3.HTTPConnectionPool(
            host, int(port), maxsize=1, timeout=30.0, retries=patience
        )

    def read(self, uri: str, limit: int) -> bytes:
        """An object's bytes, at most ``limit`` of them; unpacked if they were stored packed.

        Raises:
            BadObject: it is packed, and damaged.
            BadObjectName: not a ``gs://`` address of an object, or a name that is not opened.
            ObjectNotFound: there is no such object.
            BucketNotFound: there is no such bucket.
            BucketUnavailable: the storage does not answer.
        """
        return self._read(uri, lambda response: b"".join(_pieces(response, limit, uri)))

    def save(self, uri: str, path: Path, limit: int) -> bool:
        """Copy an object of at most ``limit`` bytes into a file, without holding it in memory.

        Returns:
            False if it has more; the file then has only its beginning.

        Raises:
            BucketError: as ``read``.
        """

        def copy(response: urllib3.BaseHTTPResponse) -> bool:
            size = 0
            with path.open("wb") as file:
                for piece in _pieces(response, limit + 1, uri):
                    file.write(piece[: limit - size])
                    size += len(piece)
            return size <= limit

        return self._read(uri, copy)

    def _read(self, uri: str, use: Callable[[urllib3.BaseHTTPResponse], T]) -> T:
        bucket, name = GcsUri.parse(uri)
        if not name:
            raise BadObjectName("The address names a bucket, not an object", where=uri)
        base = f"/storage/v1/b/{quote(bucket, safe='')}"
        path = f"/download{base}/o/{quote(name, safe='')}?alt=media"
        status, used = self._get(path, use, uri)
        if used is not None:
            return used
        if status != 404:
            raise BucketUnavailable(f"The storage answered with status {status}", where=uri)
        if self._get(base, lambda _: None, uri)[0] == 404:
            raise BucketNotFound("There is no such bucket", where=uri)
        raise ObjectNotFound("There is no such object", where=uri)

    def _get(
        self, path: str, use: Callable[[urllib3.BaseHTTPResponse], T], uri: str
    ) -> tuple[int, T | None]:
        """The status, and with 200 what ``use`` makes of the body."""
        try:
            response = self._pool.urlopen(
                "GET", path, headers=_AS_STORED, preload_content=False, decode_content=False
            )
            whole = False
            try:
                used = use(response) if response.status == 200 else None
                whole = not response.read(1)
            finally:
                if not whole:
                    response.close()  # the rest of a huge object is not worth reading
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise BucketUnavailable(
                "The storage does not answer", where=uri, then=str(error)[:200]
            ) from error
        return response.status, used


class CloudReader:
    """The same of Cloud Storage, through Google's client."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def read(self, uri: str, limit: int) -> bytes:
        """As ``PictureReader.read``; ``BucketDenied`` too."""
        return self._buckets.read(uri, limit)

    def save(self, uri: str, path: Path, limit: int) -> bool:
        """As ``PictureReader.save``; ``BucketDenied`` too."""
        with path.open("w+b") as file:
            self._buckets.copy(uri, file, limit + 1)
            size = file.seek(0, os.SEEK_END)
            file.truncate(min(size, limit))
        return size <= limit


def _pieces(response: urllib3.BaseHTTPResponse, limit: int, uri: str) -> Iterator[bytes]:
    """An object's first ``limit`` bytes."""
    if response.headers.get("Content-Encoding") == ENCODING:
        return unpacked(iter(partial(response.read, PIECE), b""), limit, uri)
    return first(iter(partial(response.read, min(PIECE, limit)), b""), limit)
