"""Copies of files of pages, so that one of 1,000 pages is not read from its bucket 1,000 times."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Hashable

from core.buckets import Buckets
from core.results.limits import MAX_COPIES, MAX_COPIES_BYTES, read_picture
from core.results.recent import Recent


class FileCopy:
    """One file's bytes, in a file without a name that is gone with this object.

    Attributes:
        descriptor: of the file, to be read.
    """

    def __init__(self, data: bytes) -> None:
        self.descriptor = _stored(data)
        weakref.finalize(self, os.close, self.descriptor)


def _stored(data: bytes) -> int:
    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            _write(file.fileno(), data)
            return os.dup(file.fileno())
    except OSError:  # a full disk: then in memory
        descriptor = os.memfd_create("file-copy")
        _write(descriptor, data)
        return descriptor


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class FileCopies:
    """The files whose pages were looked at last. Safe to share between threads.

    Args:
        most_bytes, most: what is kept; beyond it the one unused for longest goes.
    """

    def __init__(self, most_bytes: int = MAX_COPIES_BYTES, most: int = MAX_COPIES) -> None:
        self._copies: Recent[FileCopy] = Recent(most_bytes, most)
        self._lock = threading.Lock()

    def get(self, buckets: Buckets, uri: str, version: Hashable) -> FileCopy:
        """A file as it was at a version; it stays whole for as long as the caller holds it.

        Raises:
            PictureError: it is too large.
            BucketError: it cannot be read.
        """
        with self._lock:
            found = self._copies.get((uri, version))
        if found is None:
            data = read_picture(buckets, uri)
            found = FileCopy(data)
            with self._lock:
                self._copies.keep((uri, version), found, len(data))
        return found
