"""Copies of files of pages, so that one of 1,000 pages is not read from its bucket 1,000 times."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Hashable
from pathlib import Path
from typing import IO

from core.buckets import BucketReader
from core.errors import PictureError
from core.results.pictures.lru import Recent
from core.results.shards import limits


class FileCopy:
    """One file's bytes, in a file without a name that is gone with this object.

    Attributes:
        descriptor: of the file, to be read.
        size: bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = os.fstat(file.fileno()).st_size
        self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)


class FileCopies:
    """The files whose pages were looked at last. Safe to share between threads.

    Args:
        folder: where copies are, without a name; None for the system's.
        most_bytes, most: what is kept; beyond it the one unused for longest goes.
    """

    def __init__(
        self,
        folder: Path | None = None,
        most_bytes: int = limits.MAX_COPIES_BYTES,
        most: int = limits.MAX_COPIES,
    ) -> None:
        self._folder = folder
        self._copies: Recent[FileCopy] = Recent(most_bytes, most)
        self._lock = threading.Lock()

    def get(self, buckets: BucketReader, uri: str, version: Hashable) -> FileCopy:
        """A file as it was at a version; it stays whole for as long as the caller holds it.

        Raises:
            PictureError: it is too large, or there is no room for it.
            BucketError: it cannot be read.
        """
        with self._lock:
            copy = self._copies.get((uri, version))
        if copy is None:
            copy = self._copied(buckets, uri)
            with self._lock:
                self._copies.keep((uri, version), copy, copy.size)
        return copy

    def _copied(self, buckets: BucketReader, uri: str) -> FileCopy:
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                buckets.copy(uri, file, limits.MAX_FILE_BYTES + 1)
                file.flush()
                copy = FileCopy(file)
        except OSError as error:
            raise PictureError(
                "The file cannot be copied to this machine's disk",
                where=uri,
                then=f"Make room on it. The system said: {error.strerror}",
            ) from error
        limits.check_file_size(copy.size, uri)
        return copy
