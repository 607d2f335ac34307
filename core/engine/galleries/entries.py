"""What a gallery holds: logos or landmarks by name, their pictures, and who added each.

::

    galleries/logos/entry-9f2c1a.../logo.json        {"name": "Acme", "pictures": {"3fa9....png":
                                                       {"by": "Ada", "at": "2026-11-28T12:00:00"}}}
    galleries/landmarks/entry-.../landmark.json      with "lat" and "lng" too

A name is untrusted text and no part of a path: what is added here lies in folders and files that
are named at random. Folders that people put there by hand are called by their own name, unless
their JSON file has one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import math
import os
import secrets
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from core.engine.galleries.galleries import pictures_in
from core.errors import GalleryError
from core.foreign_text import visible

log = logging.getLogger("engine.galleries")

ABOUT = {"logos": "logo.json", "landmarks": "landmark.json"}  # by gallery
MOST_PICTURES = 300  # of a gallery, from which on no more are taken: each costs time a picture
MOST_NAME = 80  # characters
UNSETTLED_S = 10.0  # workers look for what was put there by hand every 5 s


class About(NamedTuple):
    """What an entry's JSON file says of it; names and people are untrusted text.

    Attributes:
        position: latitude and longitude in degrees; None if there is none.
        added: file name of a picture -> who added it ("" where nobody signs in), and when.
    """

    name: str
    position: tuple[float, float] | None = None
    added: Mapping[str, tuple[str, datetime | None]] = {}


class EntryPicture(NamedTuple):
    """One picture of an entry.

    Attributes:
        file: its name in the entry's folder.
        stamp: changes with its bytes.
        by, at: who added it and when; "" and None where that is not known.
    """

    file: str
    stamp: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One logo or landmark.

    Attributes:
        id: the name of its folder.
        name: what LOGO_DETECTION or LANDMARK_DETECTION answers; untrusted text.
        position: of a landmark, latitude and longitude in degrees; None if none is given.
    """

    id: str
    name: str
    position: tuple[float, float] | None
    pictures: tuple[EntryPicture, ...]


def read_about(folder: Path, file: str) -> About:
    """What an entry's JSON file says; what is wrong in it is left out and logged."""
    path = folder / file
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError("it must be an object")
    except FileNotFoundError:
        return About(folder.name)
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s is not used: %s", path, error)
        return About(folder.name)
    name = str(said.get("name") or folder.name)
    try:
        return About(name, _position(said), _added(said))
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s gives no position: %s", path, error)
        return About(name, None, _added(said))


def _position(said: Mapping[str, Any]) -> tuple[float, float] | None:
    if "lat" not in said and "lng" not in said:
        return None
    lat, lng = float(said["lat"]), float(said["lng"])
    if not (math.isfinite(lat + lng) and abs(lat) <= 90 and abs(lng) <= 180):
        raise ValueError(f"{lat}, {lng} is nowhere on Earth")
    return lat, lng


def _added(said: Mapping[str, Any]) -> dict[str, tuple[str, datetime | None]]:
    noted = said.get("pictures")
    added: dict[str, tuple[str, datetime | None]] = {}
    for file, facts in noted.items() if isinstance(noted, dict) else ():
        if isinstance(facts, dict):
            try:
                at = datetime.fromisoformat(str(facts.get("at")))
            except ValueError:
                at = None
            added[file] = (str(facts.get("by") or ""), at if at and at.tzinfo else None)
    return added


def usable_name(name: str) -> str:
    """A name as it is kept: one line, without control characters.

    Raises:
        GalleryError: nothing is left of it, or it is too long.
    """
    usable = unicodedata.normalize("NFC", " ".join(visible(name).split()))
    if not 1 <= len(usable) <= MOST_NAME:
        raise GalleryError(
            "A logo or landmark needs a name",
            where=usable[:40],
            then=f"Use 1 to {MOST_NAME} characters; it is what batches answer.",
        )
    return usable


class Gallery:
    """One gallery's entries. Several threads and processes may use it at the same time.

    Args:
        folder: ``HOME/engine/galleries``.
        kind: "logos" or "landmarks".
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.folder = folder / kind
        self._about = ABOUT[kind]

    def entries(self) -> list[Entry]:
        """All that have a picture, by name."""
        files: dict[str, list[tuple[str, str]]] = {}
        for path, stamp in (pictures_in(self.folder) if self.folder.is_dir() else {}).items():
            folder, inside, file = path.partition("/")
            if inside and not (self.folder / folder).is_symlink():
                files.setdefault(folder, []).append((file, stamp))
        entries = [self._entry(folder, names) for folder, names in files.items()]
        return sorted(entries, key=lambda one: (one.name.casefold(), one.id))

    def get(self, entry_id: str) -> Entry:
        """One of ``entries``; a folder is never opened by a name that came from outside.

        Raises:
            GalleryError: there is none of that id.
        """
        for entry in self.entries():
            if entry.id == entry_id:
                return entry
        raise GalleryError("It is not in the gallery any more", where=entry_id[:80])

    def path(self, entry: Entry, picture: EntryPicture) -> Path:
        """Where a picture of a listed entry lies."""
        return self.folder / entry.id / picture.file

    def add(
        self,
        name: str,
        picture: bytes,
        suffix: str,
        *,
        by: str,
        at: datetime,
        position: tuple[float, float] | None = None,
    ) -> Entry:
        """Add a picture to the entry of a name, which is made if there is none.

        Args:
            picture: an image file's bytes, as the engine reads them.
            suffix: of the file, such as ".png".
            by: who adds it, as people call them.
            position: of a landmark; replaces an earlier one.

        Raises:
            GalleryError: the name cannot be used, the gallery is full, or nothing can be written.
        """
        name = usable_name(name)
        with self._changing():
            entries = self.entries()
            if sum(len(entry.pictures) for entry in entries) >= MOST_PICTURES:
                raise GalleryError(
                    f"The gallery has {MOST_PICTURES} pictures, and takes no more",
                    where=self.kind,
                    then="Remove some first: each costs time on every picture of a batch.",
                )
            same = (e.id for e in entries if e.name.casefold() == name.casefold())
            folder = self.folder / next(same, f"entry-{secrets.token_hex(8)}")
            folder.mkdir(parents=True, exist_ok=True)
            known = read_about(folder, self._about)
            file = f"{secrets.token_hex(8)}{suffix}"
            added = {**known.added, file: (by, at)}
            called = known.name if folder.name in (e.id for e in entries) else name
            self._write(folder, About(called, position or known.position, added))
            _replace(folder / file, picture)
        return self.get(folder.name)

    def remove(self, entry: Entry, picture: EntryPicture | None = None) -> None:
        """Remove one picture, or all of an entry; what else lies in its folder stays.

        Raises:
            GalleryError: it cannot be removed.
        """
        folder = self.folder / entry.id
        gone = [picture] if picture is not None else list(entry.pictures)
        with self._changing():
            for one in gone:
                (folder / one.file).unlink(missing_ok=True)
            known = read_about(folder, self._about)
            left = {f: who for f, who in known.added.items() if f not in {one.file for one in gone}}
            if len(gone) < len(entry.pictures):
                self._write(folder, known._replace(added=left))
                return
            (folder / self._about).unlink(missing_ok=True)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def version(self) -> str:
        """Names what the gallery holds; no two states of it ever have the same one.

        "" for some seconds after something was changed by hand, until all workers have seen it.
        """
        states = [""]
        newest = 0
        root = self.folder.stat().st_mtime_ns if self.folder.is_dir() else 0
        for place, folders, files in os.walk(self.folder):
            folders.sort()
            for name in sorted((*files, *folders)):
                try:
                    state = (Path(place) / name).stat()
                except OSError:
                    continue
                newest = max(newest, state.st_mtime_ns)
                relative = os.path.relpath(place, self.folder)
                states.append(f"{relative}/{name} {state.st_mtime_ns} {state.st_size}")
        if newest > root and time.time() - newest / 1e9 < UNSETTLED_S:
            return ""
        states[0] = str(root)
        return hashlib.sha256("\n".join(states).encode(errors="surrogateescape")).hexdigest()[:12]

    def _entry(self, folder: str, files: list[tuple[str, str]]) -> Entry:
        about = read_about(self.folder / folder, self._about)
        pictures = [
            EntryPicture(file, stamp, *about.added.get(file, ("", None))) for file, stamp in files
        ]
        return Entry(folder, about.name, about.position, tuple(pictures))

    def _write(self, folder: Path, about: About) -> None:
        said: dict[str, Any] = {"name": about.name}
        if about.position is not None:
            said["lat"], said["lng"] = about.position
        said["pictures"] = {
            file: {"by": by, "at": at.isoformat() if at else ""}
            for file, (by, at) in about.added.items()
        }
        text = json.dumps(said, ensure_ascii=False, indent=1)
        _replace(folder / self._about, text.encode(errors="replace"))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone; afterwards the workers see at once that something is new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with (self.folder.parent / f".{self.kind}.changing").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
                os.utime(self.folder)
        except OSError as error:
            raise GalleryError(
                "The gallery cannot be changed",
                where=str(self.folder),
                then=f"See that the disk has room and the folder may be written: {error.strerror}.",
            ) from error


def _replace(path: Path, data: bytes) -> None:
    # Hidden until it is whole: a worker may look at any moment.
    half = path.with_name(f".{secrets.token_hex(8)}.tmp")
    half.write_bytes(data)
    half.replace(path)
