"""A hash of a picture's bytes: the name under which its annotation is paid for once.

Cloud Storage keeps an MD5 of nearly every object, so that pictures in a bucket need no download;
files are hashed the same way, so that a file and its uploaded copy are known to be equal. An object
without an MD5 (a composite one) is named by address and generation. Its CRC32C is not used: among
a million pictures some would be equal by chance.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import IO

from core.buckets import ObjectInfo
from core.jobs.batch.regular_file import open_regular
from core.pictures.limits import MAX_BYTES

REMEMBERED = 200_000  # files whose hash is kept while they do not change


def of_bytes(data: bytes) -> str:
    """The content of a picture at hand."""
    return _named(md5_of(data), len(data))


def md5_of(data: bytes) -> str:
    """As Cloud Storage shows it; no safeguard, only a comparison."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def of_open(file: IO[bytes]) -> str:
    """The content of an open file, read from its beginning to its end."""
    file.seek(0)
    md5 = hashlib.md5(usedforsecurity=False)
    while piece := file.read(1 << 20):
        md5.update(piece)
    return _named(base64.b64encode(md5.digest()).decode(), file.tell())


def of_object(info: ObjectInfo) -> str:
    """The content of a picture in a bucket, from its metadata alone."""
    return _named(info.md5, info.size) if info.md5 else f"object:{info.uri}#{info.generation}"


def page_content(content: str, page: int) -> str:
    """The content of one page of a file; "" if the file's is not known."""
    return f"{content}:page {page}" if content else ""


def of_file(path: Path, most: int = MAX_BYTES) -> str:
    """The content of a file; read once as long as its time, size and place stay the same.

    "" for a file of more bytes than ``most``, which nobody sends.

    Raises:
        OSError: it cannot be read, is no regular file, or grows while it is read.
    """
    status = path.stat()
    if status.st_size > most:
        return ""
    return _hashed(str(path), status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=REMEMBERED)
def _hashed(path: str, size: int, changed: int, inode: int) -> str:
    with os.fdopen(open_regular(Path(path)), "rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        if file.tell() != size:
            raise OSError(0, "It changes while it is read")
    return _named(base64.b64encode(md5.digest()).decode(), size)


def _named(md5: str, size: int) -> str:
    return f"md5:{md5}:{size}"
