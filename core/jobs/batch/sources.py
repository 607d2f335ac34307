"""Pictures of a batch, in a bucket or on this machine, and what a source of them holds.

Every source (``folder``, ``bucket_prefix``, ``pasted_list``, an upload's spool) gives its
``SourceContents``: the pictures, and a ``Fault`` for every entry that is none, so that no file
vanishes. Names are untrusted input; they are shown to people, but never used as a path.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from core.jobs.batch import content_hash
from core.pictures.conversion import CONVERTED
from core.pictures.formats import FACTS, PICTURES, Format, format_of
from core.pictures.limits import MAX_BYTES, MAX_FILE_BYTES

# A GIF counts as a picture alone: of an animation the first frame is read.
TAKEN = PICTURES | {Format.PDF}
SUFFIXES = frozenset(suffix for kind in TAKEN for suffix in FACTS[kind].suffixes)
HEIC_CURE = "Convert it to JPEG, or choose it from a folder or upload it: then it is converted."
MAX_NAME = 1_000  # characters of what an upload is called
NAME_LENGTH = 60  # characters of a picture's own name kept in its object's name


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about one entry or picture that the user should know before sending.

    Attributes:
        fatal: the service would answer with an error for it; False for a mere remark.
        pages: that it is about, of a file; () for all of it.
    """

    where: str
    what: str
    then: str = ""
    fatal: bool = True
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture that is in a bucket already.

    Attributes:
        size: in bytes; None if nobody has looked yet.
        content: what it shows, see ``content_hash``; "" if that is not known.
        file_type: media type of a file of pages, which is sent as a file; "" of a picture.
        pages: how many such a file has; 0 of a picture.
        numbers: of the pages that are asked about, ascending; () for all.
        frames: how many an animation has that goes as a picture, by its first; 0 of others.
        format: what its first bytes say, such as "JPEG"; "" if nobody has looked.
        width, height: as stored, pixels; 0 where that is not known.
    """

    uri: str
    size: int | None = None
    content_type: str = ""
    content: str = field(default="", compare=False)  # learned later, and no part of which one it is
    file_type: str = field(default="", compare=False)
    pages: int = field(default=0, compare=False)
    numbers: tuple[int, ...] = field(default=(), compare=False)
    frames: int = field(default=0, compare=False)
    format: str = field(default="", compare=False)
    width: int = field(default=0, compare=False)
    height: int = field(default=0, compare=False)

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
        content: what it shows, see ``content_hash``; "" if that is not known.
        file_type, pages, numbers, frames, format, width, height: as of ``ImageRef``.
    """

    path: Path
    name: str
    size: int
    spooled: bool = False
    content: str = field(default="", compare=False)  # learned later, and no part of which one it is
    file_type: str = field(default="", compare=False)
    pages: int = field(default=0, compare=False)
    numbers: tuple[int, ...] = field(default=(), compare=False)
    frames: int = field(default=0, compare=False)
    format: str = field(default="", compare=False)
    width: int = field(default=0, compare=False)
    height: int = field(default=0, compare=False)

    def identified(self) -> LocalPicture:
        """With what the file shows now; read again only if it has changed since it was last asked.

        A file that cannot be read stays without: sending it will say why.
        """
        try:
            most = MAX_FILE_BYTES if self.pages else MAX_BYTES
            return replace(self, content=content_hash.of_file(self.path, most))
        except OSError:
            return replace(self, content="")


Picture = ImageRef | LocalPicture


def where_of(picture: Picture) -> str:
    """What a picture or file is called where something is said of it (``Fault.where``)."""
    return picture.uri if isinstance(picture, ImageRef) else picture.name


def wanted_pages(picture: Picture) -> Sequence[int]:
    """Numbers of the pages of a file that are asked about; none of a picture."""
    return picture.numbers or range(1, picture.pages + 1)


def still(picture: Picture) -> Picture:
    """A picture as it is now: a file may have changed since it was looked at.

    A file of pages stays as it was looked at, since its pages were counted then; one that has
    changed since is not uploaded.
    """
    if isinstance(picture, LocalPicture) and picture.content and not picture.pages:
        return picture.identified()
    return picture


@dataclass(frozen=True, slots=True)
class SourceContents:
    """What a source holds.

    Attributes:
        faults: every entry that is left out, by name and with the reason (``fatal``), and remarks.
    """

    pictures: tuple[Picture, ...] = ()
    faults: tuple[Fault, ...] = ()


def left_out(where: str, head: bytes, *, convertible: bool) -> Fault | None:
    """Why a file is taken neither as a picture nor as a document; None if it is taken.

    One that only pretends to be one by its name is taken: the check before sending says what
    is wrong with it.

    Args:
        where: its name, for people.
        head: at least the first ``HEAD_BYTES``, or all there are.
        convertible: it can be converted on its way into the bucket.
    """
    kind = format_of(head)
    if kind in TAKEN or (kind is None and is_picture_name(where)):
        return None
    if kind in CONVERTED:
        return (
            None
            if convertible
            else Fault(where, f"A {kind} file, which the service does not read", HEIC_CURE)
        )
    if kind is not None:
        return Fault(where, f"A {kind} file, which the service does not read", "Convert it to PNG.")
    if not head:
        return Fault(where, "An empty file, and no picture by its name")
    return Fault(where, "Neither a picture nor a document")


def is_picture_name(name: str) -> bool:
    """Whether a name ends as those of pictures and documents do."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


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


def own_name(name: str) -> str:
    """What a browser calls an upload, as it is shown: a relative path, characters kept.

    >>> own_name("holiday\\\\Müller, Anna (front).jpg")
    'holiday/Müller, Anna (front).jpg'
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    text = "/".join(parts)[-MAX_NAME:].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "\ufffd" for c in text) or "picture"


def _letters(text: str) -> str:
    letters = "".join(c if c.isalnum() or c in "._" else "-" for c in text)
    return re.sub(r"-+", "-", letters).strip("-.")


def object_name(position: int, name: str) -> str:
    """The object's name, under a job's folder, for its picture of that 1-based position."""
    return f"pictures/{position:06d}-{safe_name(name)}"
