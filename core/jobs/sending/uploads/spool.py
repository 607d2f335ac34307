"""Files that arrive through the browser, kept below ``HOME/uploads/DRAFT/`` until they are sent.

A file appears under its name only when it is complete, so that neither a broken connection nor a
restart leaves half of one. Its name on disk is made of a hash of its bytes and a hash of what the
user calls it: the same file sent twice is kept once, and two of one name that differ are two.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from core.errors import PictureError, RequestError
from core.jobs.batch.sources import (
    Fault,
    LocalPicture,
    SourceContents,
    left_out,
    own_name,
    safe_name,
)
from core.pictures.formats import HEAD_BYTES
from core.pictures.limits import MAX_FILE_BYTES

MAX_SPOOL_BYTES = MAX_FILE_BYTES  # one upload; of a picture the service takes less
LEAST_FREE = 512 * 1024**2  # bytes of disk that uploads leave to the ledger and the results
CONTENT_BLOCK = 4 * 1024**2  # bytes; see ``ContentHash``
_PART_LIFE_S = 3600.0  # of an upload that nobody goes on with
_DRAFT = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CONTENT = re.compile(r"[0-9a-f]{64}\Z")


class ContentHash:
    """SHA-256 of the SHA-256 of each 4 MiB: what a browser can work out a block at a time.

    Web Crypto hashes nothing but whole buffers, which a file of 1 GB should not become.
    """

    def __init__(self) -> None:
        self._whole, self._block, self._room = hashlib.sha256(), hashlib.sha256(), CONTENT_BLOCK

    def update(self, data: bytes) -> None:
        """The next bytes, as many as there are."""
        view = memoryview(data)
        while len(view):
            taken = view[: self._room]
            self._block.update(taken)
            self._room -= len(taken)
            view = view[len(taken) :]
            if not self._room:
                self._whole.update(self._block.digest())
                self._block, self._room = hashlib.sha256(), CONTENT_BLOCK

    def hexdigest(self) -> str:
        """64 hexadecimal digits; to be asked for once, at the end."""
        if self._room < CONTENT_BLOCK:
            self._whole.update(self._block.digest())
        return self._whole.hexdigest()


def check_draft_id(draft_id: str) -> None:
    """Check a draft's id, which a page has made: up to 64 letters, digits, ``-``, ``_``.

    Raises:
        RequestError: it is something else.
    """
    if not _DRAFT.match(draft_id):
        raise RequestError("This is not a draft's id", where=repr(draft_id)[:80])


class Spool:
    """One draft's uploads on disk. Several threads and processes may add to it.

    Raises:
        RequestError: the draft's id cannot name a folder.
    """

    def __init__(self, home: Path, draft_id: str) -> None:
        check_draft_id(draft_id)
        self.folder = home / "uploads" / draft_id

    def begin(self, name: str) -> Arrival:
        """A file that arrives piece by piece; raises ``OSError`` if there is no room for any."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Arrival(self.folder, own_name(name))

    def add(self, name: str, stream: BinaryIO) -> LocalPicture:
        """Copy a whole file to disk.

        Raises:
            PictureError: it is larger than ``MAX_SPOOL_BYTES``.
        """
        with self.begin(name) as arrival:
            while block := stream.read(1 << 20):
                arrival.write(block)
            return arrival.keep()

    def take_known(self, files: Sequence[tuple[str, str]]) -> list[bool]:
        """For each (name, content), whether it is there without its bytes being sent.

        What is there under another name is kept under this one too: none is merged away.
        """
        there = {path.name.partition("-")[0]: path for path in self.files()}
        return [self._take_known(own_name(name), content, there) for name, content in files]

    def _take_known(self, name: str, content: str, there: dict[str, Path]) -> bool:
        known = there.get(content) if _CONTENT.match(content) else None
        if known is None:
            return False
        path = _place(self.folder, name, content)
        try:
            if not path.exists():
                name_file(path).write_text(name, encoding="utf-8")
                os.link(known, path)
        except FileExistsError:
            return True
        except OSError:  # it has gone meanwhile, or the file system has no links: it is sent
            return False
        return True

    def files(self) -> list[Path]:
        """Paths of what has been uploaded, in no order; empty if nothing."""
        try:
            with os.scandir(self.folder) as entries:
                return [Path(entry.path) for entry in entries if entry.name[0] != "."]
        except FileNotFoundError:
            return []

    def pictures(self) -> list[LocalPicture]:
        """What has been uploaded, picture or not, in order of name as of a folder."""
        return sorted((_spooled(p) for p in self.files()), key=lambda p: (p.name, p.path))

    def contents(self) -> SourceContents:
        """The pictures among what has been uploaded, and why each other file is left out."""
        pictures: list[LocalPicture] = []
        faults: list[Fault] = []
        for picture in self.pictures():
            with picture.path.open("rb") as file:
                fault = left_out(picture.name, file.read(HEAD_BYTES), convertible=True)
            if fault is None:
                pictures.append(picture)
            else:
                faults.append(fault)
        return SourceContents(tuple(pictures), tuple(faults))

    def drop_parts(self) -> None:
        """Delete what uploads that broke off with the process have left."""
        for part in self.folder.glob(".*.part"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _PART_LIFE_S:
                    part.unlink()

    def discard(self) -> None:
        """Delete the draft's uploads."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Arrival:
    """One upload on its way to disk: leaving the block without ``keep`` leaves nothing behind.

    Raises:
        OSError: the disk has less than ``LEAST_FREE`` left.
    """

    def __init__(self, folder: Path, name: str) -> None:
        if shutil.disk_usage(folder).free < LEAST_FREE:
            raise OSError(0, "The disk is nearly full")
        self._folder, self._name = folder, name
        self._part = folder / f".{os.urandom(8).hex()}.part"
        self._out = self._part.open("xb")
        self._hash = ContentHash()

    def __enter__(self) -> Arrival:
        """The upload itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What has not been kept goes."""
        self._out.close()
        self._part.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            PictureError: there are more than ``MAX_SPOOL_BYTES``.
        """
        if self._out.tell() + len(data) > MAX_SPOOL_BYTES:
            raise too_large(self._name)
        self._out.write(data)
        self._hash.update(data)

    def keep(self, content: str = "") -> LocalPicture:
        """It is complete.

        Args:
            content: what its sender says that ``ContentHash`` gives; "" if nothing.

        Raises:
            PictureError: other bytes have arrived than were sent.
        """
        self._out.close()
        digest = self._hash.hexdigest()
        if content and content != digest:
            raise PictureError(
                "The file arrived damaged, or changed while it was sent",
                where=self._name[:200],
                then="Try it again.",
            )
        path = _place(self._folder, self._name, digest)
        name_file(path).write_text(self._name, encoding="utf-8")  # there before the file is
        self._part.replace(path)
        return _spooled(path)


def too_large(name: str) -> PictureError:
    """What is said of an upload that is larger than ``MAX_SPOOL_BYTES``."""
    return PictureError(
        "The file is too large to be uploaded",
        where=name[:200],
        then=f"The limit is {MAX_SPOOL_BYTES / 1024**3:,.0f} GB, as of the service.",
    )


def _place(folder: Path, name: str, content: str) -> Path:
    called = hashlib.sha256(name.encode()).hexdigest()[:16]
    return folder / f"{content}-{called}-{safe_name(name)}"


def name_file(path: Path) -> Path:
    """Beside an upload: what the user calls it, whole."""
    return path.with_name(f".{'-'.join(path.name.split('-', 2)[:2])}.name")


def _spooled(path: Path) -> LocalPicture:
    try:
        name = name_file(path).read_text(encoding="utf-8")
    except OSError:  # of an upload before names were kept
        name = path.name.split("-", 2)[-1]
    return LocalPicture(path.absolute(), name, path.stat().st_size, spooled=True)


def sweep(home: Path, older_than_s: float, keep: Collection[str] = ()) -> int:
    """Delete spools of drafts that nobody has touched for so long; returns how many."""
    swept = 0
    for folder in (home / "uploads").glob("*/"):
        age = time.time() - folder.stat().st_mtime
        if folder.name not in keep and age > older_than_s:
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
