"""Where pictures come from: a ``gs://`` prefix, a pasted list, a folder, an upload.

Every source gives a ``Found``: the pictures, and a ``Fault`` for every entry that is none. Names
are hostile input; they are shown to people, but never used as a path.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from core.buckets import Buckets, GcsUri, ObjectInfo
from core.errors import ContactSheetError, PictureError
from core.jobs import contents

# What images:asyncBatchAnnotate reads: cloud.google.com/vision/docs/supported-files
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".ico"})
CONTENT_TYPES = frozenset(
    {
        "image/jpeg",
        "image/jpg",
        "image/png",
        "image/gif",
        "image/bmp",
        "image/x-ms-bmp",
        "image/webp",
        "image/x-icon",
        "image/vnd.microsoft.icon",
    }
)
NAME_LENGTH = 60  # characters of a picture's own name kept in its object's name


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about one entry or picture that the user should know before sending.

    Attributes:
        fatal: the service would answer with an error for it; False for a mere remark.
    """

    where: str
    what: str
    then: str = ""
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture that is in a bucket already.

    Attributes:
        size: in bytes; None if nobody has looked yet.
        content: what it shows, see ``contents``; "" if that is not known.
    """

    uri: str
    size: int | None = None
    content_type: str = ""
    content: str = field(default="", compare=False)  # learned later, and no part of which one it is

    @property
    def name(self) -> str:
        """The last part of the address, for people."""
        return self.uri.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class LocalPicture:
    """A picture on this machine that must be uploaded first.

    Attributes:
        name: how the user knows it (a path relative to the folder, or the upload's file name).
        spooled: the file is our own copy of an upload, to be removed when it is in the bucket.
        content: what it shows, see ``contents``; "" if that is not known.
    """

    path: Path
    name: str
    size: int
    spooled: bool = False
    content: str = field(default="", compare=False)  # learned later, and no part of which one it is

    def identified(self) -> LocalPicture:
        """With what the file shows now; read anew only if it has changed since it was last asked.

        A file that cannot be read stays without: sending it will say why.
        """
        try:
            return replace(self, content=contents.of_file(self.path))
        except OSError:
            return replace(self, content="")


Picture = ImageRef | LocalPicture


def still(picture: Picture) -> Picture:
    """A picture as it is now: a file may have changed since it was looked at."""
    if isinstance(picture, LocalPicture) and picture.content:
        return picture.identified()
    return picture


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds.

    Attributes:
        skipped: entries that do not even pretend to be pictures, such as text files in a folder.
    """

    pictures: tuple[Picture, ...] = ()
    faults: tuple[Fault, ...] = ()
    skipped: int = 0


def from_prefix(buckets: Buckets, uri: str, limit: int | None = None) -> Found:
    """All pictures under a ``gs://`` prefix, told by content type or by the name's ending.

    Args:
        limit: stop after that many pictures.

    Raises:
        BucketError: the address is none, or the bucket cannot be listed.
    """
    pictures: list[Picture] = []
    skipped = 0
    for info in buckets.list_objects(uri):
        if not _looks_like_picture(info):
            skipped += not info.uri.endswith("/")  # folder markers are nobody's mistake
            continue
        shows = contents.of_object(info)
        pictures.append(ImageRef(info.uri, info.size, info.content_type, shows))
        if limit is not None and len(pictures) >= limit:
            break
    return Found(tuple(pictures), skipped=skipped)


def _looks_like_picture(info: ObjectInfo) -> bool:
    if info.uri.endswith("/"):
        return False
    suffix = PurePosixPath(info.uri).suffix.lower()
    # A wrong type on a right name is common (application/octet-stream): either is enough.
    return suffix in SUFFIXES or info.content_type.lower() in CONTENT_TYPES


def from_list(text: str) -> Found:
    """Pictures from lines of ``gs://bucket/name``; blank lines and ``#`` lines are ignored.

    A picture listed twice is taken once: paying twice for it would only repeat its result.
    """
    pictures: dict[str, Picture] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip().strip("\"',;").strip()
        if not entry or entry.startswith("#"):
            continue
        where = f"line {number}: {entry[:200]}"
        fault = _list_fault(entry)
        if fault:
            faults.append(Fault(where, *fault))
        elif entry in pictures:
            faults.append(Fault(where, "Listed twice", "It is taken once.", fatal=False))
        else:
            pictures[entry] = ImageRef(entry)
    return Found(tuple(pictures.values()), tuple(faults))


def _list_fault(entry: str) -> tuple[str, str] | None:
    if entry.lower().startswith(("http://", "https://")):
        return (
            "A web address; batches only read Cloud Storage",
            "Copy the picture to a bucket, or upload it here.",
        )
    try:
        uri = GcsUri.parse(entry)
    except ContactSheetError as error:
        return (error.what, error.then)
    if not uri.name or uri.name.endswith("/"):
        return ("A folder, not a picture", "Use it as a gs:// prefix instead.")
    return None


def from_folder(folder: Path, *, recursive: bool = True) -> Found:
    """All pictures of a local folder by the name's ending, in order of name.

    Hidden files are left out and symbolic links to folders are not followed, so that a link
    cannot lead round in circles or out of the folder.

    Raises:
        PictureError: there is no such folder, or it may not be read.
    """
    try:
        folder = folder.expanduser()
        found = folder.is_dir()
        next(iter(folder.iterdir()), None) if found else None
    except OSError as error:
        raise PictureError(
            "The folder cannot be read", where=str(folder), then=error.strerror or ""
        ) from error
    except (RuntimeError, ValueError):  # ~somebody who is not there; what no file can be called
        found = False
    if not found:
        raise PictureError(
            "There is no such folder",
            where=str(folder),
            then="Give a folder on the machine that runs this dashboard.",
        )
    pictures: list[Picture] = []
    faults: list[Fault] = []
    skipped = 0
    for path in sorted(_files(folder, recursive)):
        if path.suffix.lower() not in SUFFIXES:
            skipped += 1
            continue
        name = path.relative_to(folder).as_posix()
        try:
            name.encode()
            pictures.append(LocalPicture(path.absolute(), name, path.stat().st_size))
        except UnicodeEncodeError:
            shown = name.encode("utf-8", "replace").decode()
            faults.append(Fault(shown, "The file's name is not valid Unicode", "Rename it."))
        except OSError as error:
            faults.append(Fault(name, f"The file cannot be read: {error.strerror}"))
    return Found(tuple(pictures), tuple(faults), skipped)


def _files(folder: Path, recursive: bool) -> Iterator[Path]:
    if not recursive:
        yield from (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
        return
    for parent, folders, names in folder.walk() if hasattr(folder, "walk") else _walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (parent / name for name in names if not name.startswith("."))


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    import os  # Path.walk came with Python 3.12

    for parent, folders, names in os.walk(folder):
        yield Path(parent), folders, names


def safe_name(name: str, length: int = NAME_LENGTH) -> str:
    """A readable file name made of letters, digits, ``.``, ``_`` and ``-`` only.

    Letters of every script stay. The last part of a path is used; the ending is kept in lower case.

    >>> safe_name("../My Holiday (1).JPG")
    'My-Holiday-1.jpg'
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    if not dot:
        stem, ending = last, ""
    stem = _letters(stem)[:length].strip("-.") or "picture"
    while len(stem.encode()) > 2 * length:  # file systems count bytes, up to 4 a character
        stem = stem[:-1]
    ending = _letters(ending).lower()[:8]
    return f"{stem}.{ending}" if ending else stem


def _letters(text: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._" else "-" for c in text)
    return re.sub(r"-+", "-", kept).strip("-.")


def object_name(position: int, name: str) -> str:
    """The object's name, under a job's folder, for its picture of that 1-based position."""
    return f"pictures/{position:06d}-{safe_name(name)}"
