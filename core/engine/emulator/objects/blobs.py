"""Objects' bytes: a file each, named by a random id, never by the object.

A file is written under ``incoming/`` and moved to ``objects/`` after the index knows it. Nothing is
flushed to the disk object by object (``fsync`` would cost more than all the rest): the system has
what a killed process wrote. After a power failure a file may be shorter than the index says; that
is noticed at reading, and said.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

import google_crc32c

from core.engine.emulator.objects.records import Content

PIECE = 256 * 1024


class Checksums:
    """Size, MD5 and CRC32C of bytes that come in pieces."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc = google_crc32c.Checksum()

    def update(self, data: bytes) -> None:
        """Count in a piece."""
        self._md5.update(data)
        self._crc.update(data)
        self.size += len(data)

    def read(self, path: Path) -> None:
        """Count in a file."""
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                self.update(piece)

    def content(self, blob: str) -> Content:
        """What was counted, kept under this name."""
        return Content(blob, self.size, _base64(self._md5.digest()), _base64(self._crc.digest()))


class BlobWriter:
    """Bytes coming in. ``write``, then ``content``; ``abort`` leaves nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sums = Checksums()
        # Unbuffered: what was written has to outlive a kill of this process.
        self._file = path.open("ab", buffering=0)
        if self._file.tell():
            self._sums.read(path)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._sums.size

    def write(self, data: bytes) -> None:
        """Append; raises ``OSError`` and then has taken in as much as ``size`` says."""
        while data:
            written = self._file.write(data)
            self._sums.update(data[:written])
            data = data[written:]

    def content(self) -> Content:
        """Close the file; what is in it."""
        self._file.close()
        return self._sums.content(self._path.name)

    def close(self) -> None:
        """Close the file; it can be taken up again."""
        self._file.close()

    def abort(self) -> None:
        """Remove it."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._incoming = folder / "incoming"
        self._objects = folder / "objects"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for number in range(256):
            (self._objects / f"{number:02x}").mkdir(parents=True, exist_ok=True)

    def writer(self, blob: str = "") -> BlobWriter:
        """A new file, or one that was begun (``blob``), to write on."""
        return BlobWriter(self.arriving(blob or new_blob()))

    def arriving(self, blob: str) -> Path:
        """Where bytes are until the index knows them."""
        return self._incoming / blob

    def settle(self, blob: str) -> None:
        """Move a file that the index knows now to its place; it may be there already."""
        arrived = self._incoming / blob
        if arrived.exists():
            arrived.rename(self.path(blob))

    def path(self, blob: str) -> Path:
        """Where an object's bytes are."""
        return self._objects / blob[:2] / blob

    def open(self, content: Content) -> IO[bytes]:
        """Open an object's bytes.

        Raises:
            OSError: they are not there, or shorter than they should be.
        """
        file = self.path(content.blob).open("rb")
        size = os.fstat(file.fileno()).st_size
        if size != content.size:
            file.close()
            raise OSError(f"the stored file has {size} bytes in place of {content.size}")
        return file

    def remove(self, blob: str) -> None:
        """Remove bytes, whether they are there or not."""
        self.path(blob).unlink(missing_ok=True)
        (self._incoming / blob).unlink(missing_ok=True)

    def sweep(self, known: Callable[[str], bool], unfinished: set[str]) -> None:
        """Put right what a killed process left under ``incoming/``."""
        for path in self._incoming.iterdir():
            if known(path.name):
                self.settle(path.name)
            elif path.name not in unfinished:
                path.unlink()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def new_blob() -> str:
    """A name that no file has."""
    return secrets.token_hex(16)
