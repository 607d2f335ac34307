"""Pictures of a folder on this machine, recognized by their first bytes, not by their names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import PictureError
from core.jobs.batch.regular_file import kind_of, open_regular
from core.jobs.batch.sources import Fault, LocalPicture, SourceContents, left_out
from core.jobs.batch.time_limits import within
from core.pictures.formats import HEAD_BYTES

LOOK_S = 10.0  # for the first bytes of one file


def from_folder(folder: Path, *, recursive: bool = True) -> SourceContents:
    """All pictures of a local folder in order of name, and why each other entry is left out.

    Only regular files are opened. Hidden ones are left out, and links to folders are not followed,
    so that a link cannot lead round in circles or out of the folder.

    Raises:
        PictureError: there is no such folder, or it may not be read.
    """
    folder = _checked(folder)
    pictures: list[LocalPicture] = []
    faults: list[Fault] = []
    files: list[tuple[Path, str]] = []
    for path, why in sorted(_entries(folder, recursive)):
        name = path.relative_to(folder).as_posix()
        if why:
            faults.append(Fault(_shown(name), why))
        elif _shown(name) != name:
            faults.append(Fault(_shown(name), "The file's name is not valid Unicode", "Rename it."))
        else:
            files.append((path, name))
    for entry in within(LOOK_S, _look, files, _late):
        if isinstance(entry, Fault):
            faults.append(entry)
        else:
            pictures.append(entry)
    return SourceContents(tuple(pictures), tuple(faults))


def typed_folder(text: str) -> Path:
    """A folder as it was typed; white space around it counts only if the folder is called so."""
    exact = Path(text)
    try:
        return exact if exact.expanduser().is_dir() else Path(text.strip())
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # no path, or nobody's home: ``from_folder`` says it
        return Path(text.strip())


def _look(entry: tuple[Path, str]) -> LocalPicture | Fault:
    path, name = entry
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return Fault(name, f"Not a file but {kind_of(mode)}")
        with os.fdopen(open_regular(path), "rb") as file:
            head = file.read(HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        return Fault(name, f"The file cannot be read: {error.strerror}")
    fault = left_out(name, head, convertible=True)
    return fault or LocalPicture(path.absolute(), name, size)


def _late(entry: tuple[Path, str]) -> Fault:
    return Fault(
        entry[1], f"No answer within {LOOK_S:.0f} seconds", "Is its disk there? Look again."
    )


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _checked(folder: Path) -> Path:
    try:
        folder = folder.expanduser()
        is_folder = folder.is_dir()
        next(iter(folder.iterdir()), None) if is_folder else None
    except OSError as error:
        raise PictureError(
            "The folder cannot be read", where=str(folder), then=error.strerror or ""
        ) from error
    except (RuntimeError, ValueError):  # ~somebody who is not there; what no file can be called
        is_folder = False
    if not is_folder:
        raise PictureError(
            "There is no such folder",
            where=str(folder),
            then=f"Give a folder on the machine that runs this dashboard.{_nearest(folder)}",
        )
    return folder


def _nearest(folder: Path) -> str:
    """The deepest part of a path that is a folder, as a sentence; "" for none but the root."""
    for parent in folder.parents if folder.is_absolute() else ():
        with suppress(OSError, ValueError):
            if parent.is_dir():
                return f" The nearest that exists is {parent}." if parent.name else ""
    return ""


def _entries(folder: Path, recursive: bool) -> Iterator[tuple[Path, str]]:
    """Each file, and each folder that is not looked into, with the reason."""
    unread: list[tuple[Path, str]] = []

    def note(error: OSError) -> None:
        unread.append((Path(error.filename), f"A folder that cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        here = Path(parent)
        for name in folders:
            if why := _not_entered(here / name, recursive):
                yield here / name, why
        folders[:] = [name for name in folders if not _not_entered(here / name, recursive)]
        for name in names:
            yield here / name, "A hidden file" if name.startswith(".") else ""
    yield from unread


def _not_entered(path: Path, recursive: bool) -> str:
    if path.name.startswith("."):
        return "A hidden folder, not looked into"
    if path.is_symlink():
        return "A link to a folder, not followed"
    return "" if recursive else "A subfolder, not looked into"
