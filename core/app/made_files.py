"""Files made for download: on disk without a name, and gone when nobody holds them any more.

A task's result holds one; as long as the task is kept, the web server can send it. They are never
in memory whole, and nothing has to be swept away after a crash.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

from core.errors import ResultsError

PIECE = 1 << 18


class MadeFile:
    """One file, whole.

    Attributes:
        code: by which it may be asked for; nobody can guess it.
        name, mime: for the browser.
        left_out, notes: what is to be said of it.
    """

    def __init__(
        self, file: IO[bytes], name: str, mime: str, left_out: Sequence[str], notes: Sequence[str]
    ) -> None:
        self.code = secrets.token_urlsafe(24)
        self.name, self.mime = name, mime
        self.left_out, self.notes = tuple(left_out), tuple(notes)
        self.size = os.fstat(file.fileno()).st_size
        self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def pieces(self) -> Iterator[bytes]:
        """Its bytes; several may read at once."""
        at = 0
        while piece := os.pread(self._descriptor, PIECE, at):
            at += len(piece)
            yield piece


class MadeFiles:
    """The files that tasks hold, by code. Safe to share between threads.

    Args:
        folder: where they and what is needed to make them lie; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: weakref.WeakValueDictionary[tuple[str, str], MadeFile] = (
            weakref.WeakValueDictionary()
        )
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """For temporary files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def make(self, scope: str, write: Callable[[IO[bytes]], MadeFile]) -> MadeFile:
        """Have a file written, and offer it to a visitor.

        Args:
            scope: the visitor's.
            write: gets an empty file, and makes the ``MadeFile`` of it.

        Raises:
            ResultsError: the disk is full, or cannot be written to.
        """
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                made = write(file)
        except OSError as error:
            raise ResultsError(
                "The file cannot be written on this machine's disk",
                where=str(self._folder),
                then=f"Make room on it, and make the file again. It said: {error.strerror}.",
            ) from error
        with self._lock:
            self._files[scope, made.code] = made
        return made

    def get(self, code: str, scope: str) -> MadeFile:
        """A file that was made for a visitor.

        Raises:
            PermissionError: it is gone, or was made for another.
        """
        with self._lock:
            made = self._files.get((scope, code))
        if made is None:
            raise PermissionError("not a file that was made for this visitor")
        return made


def content_disposition(name: str) -> str:
    """The header that has a browser save a file under a name (RFC 6266, RFC 5987)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
