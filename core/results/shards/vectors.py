"""Vectors of pictures, read from the files that an engine may write beside its shards.

``PREFIXvectors-A-to-B.npy`` belongs to ``PREFIXoutput-A-to-B.json`` and has a row for each of its
responses (docs/protocol.md). The name and the form are spelt here a second time on purpose: the
engine has its own, and a round-trip test ties the two. Google's service writes none.
"""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.buckets import BucketReader
from core.errors import BadVectors, BucketError, BucketUnavailable
from core.results.shards.shard_files import ShardFile

MAX_BYTES = 64 * 1024 * 1024  # of one file: 2,000 pictures by 1,280 numbers have 5 MB
MAX_LENGTH = 8_192  # numbers of one vector
LOOKED_AT = 3  # shards beside which vectors are looked for
READERS = 8
_KIND = np.dtype("<f2")
_SHARD = re.compile(r"output-(\d{1,9})-to-(\d{1,9})\.json\Z")

Rows = NDArray[np.float16]


class PictureVectors(NamedTuple):
    """Vectors of those pictures that have one.

    Attributes:
        pictures: (n,) ids.
        vectors: (n, length) of length 1: two rows' dot product is how alike their pictures are.
        unread: files that are there and could not be used.
    """

    pictures: NDArray[np.int64]
    vectors: NDArray[np.float32]
    unread: int


def vectors_uri(shard: str) -> str:
    """Where a shard's vectors would be; "" if it is not named as a shard."""
    match = _SHARD.search(shard)
    return f"{shard[: match.start()]}vectors-{match[1]}-to-{match[2]}.npy" if match else ""


def has_vectors(buckets: BucketReader, shards: Sequence[ShardFile]) -> bool:
    """Whether some of these shards have vectors beside them; a few of them are looked at.

    Raises:
        BucketUnavailable: the bucket does not answer.
    """
    step = max(1, len(shards) // LOOKED_AT)
    beside = (vectors_uri(shard.uri) for shard in shards[::step][:LOOKED_AT])
    return any(uri and _exists(buckets, uri) for uri in beside)


def read_vectors(
    buckets: BucketReader,
    pictures: pa.Table,
    report: Callable[[int, int], None] = lambda done, total: None,
    sources: pa.Table | None = None,
) -> PictureVectors:
    """Vectors of some pictures; those without one are left out.

    Args:
        pictures: rows of the table ``pictures``.
        report: called with how many files are read, of how many.
        sources: further responses of pictures, as ``Tables.sources``; their own come first.

    Raises:
        BucketUnavailable: the bucket does not answer.
    """
    wanted: dict[str, list[tuple[int, int]]] = defaultdict(list)  # file -> (entry, picture)
    responses = _places(pictures)
    if sources is not None and sources.num_rows:
        asked = set(pictures["picture"].to_pylist())
        responses = [*(one for one in _places(sources) if one[2] in asked), *responses]
    for shard, entry, picture in dict.fromkeys(responses):
        if uri := vectors_uri(shard):
            wanted[uri].append((entry, picture))
    vectors: dict[int, Rows] = {}
    unread = 0
    with ThreadPoolExecutor(READERS) as pool:
        read = pool.map(lambda uri: _read(buckets, uri), wanted)
        for done, ((_, places), rows) in enumerate(zip(wanted.items(), read, strict=True), 1):
            unread += rows is None
            if rows is not None:
                vectors.update(
                    (picture, rows[entry]) for entry, picture in places if entry < len(rows)
                )
            report(done, len(wanted))
    return _unit_vectors(vectors, unread)


def _places(table: pa.Table) -> list[tuple[str, int, int]]:
    columns = (table[name].to_pylist() for name in ("shard", "entry", "picture"))
    return list(zip(*columns, strict=True))


def decode_vectors(data: bytes, where: str) -> Rows:
    """A file's rows; nothing that it says of itself is believed before its size bears it out.

    Raises:
        BadVectors: it is not a NumPy array of 16-bit numbers, a row for each response.
    """
    file = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("not of format 1.0")
        shape, by_column, kind = np.lib.format.read_array_header_1_0(file)
    except Exception as error:  # a header is a Python literal, which can be wrong in every way
        raise BadVectors("This is not a file of vectors", where=where) from error
    rest = data[file.tell() :]
    fits = len(shape) == 2 and all(type(n) is int and n > 0 for n in shape)
    if not fits or by_column or kind != _KIND or shape[1] > MAX_LENGTH:
        raise BadVectors("This file holds something else than vectors", where=where)
    if shape[0] * shape[1] * _KIND.itemsize != len(rest):
        raise BadVectors("The file of vectors is cut short", where=where)
    return np.frombuffer(rest, _KIND).reshape(shape)


def _read(buckets: BucketReader, uri: str) -> Rows | None:
    """None for a file that is there and cannot be used; no rows where there is none."""
    try:
        if not (data := buckets.read(uri, MAX_BYTES + 1)):
            return None
        return decode_vectors(data, uri) if len(data) <= MAX_BYTES else None
    except BadVectors:
        return None
    except BucketUnavailable:
        raise
    except BucketError:
        return np.empty((0, 1), _KIND)


def _exists(buckets: BucketReader, uri: str) -> bool:
    try:
        return buckets.exists(uri)
    except BucketUnavailable:
        raise
    except BucketError:  # who may not list cannot know what is missing
        return False


def _unit_vectors(rows_read: dict[int, Rows], unread: int) -> PictureVectors:
    """Those of the usual length, without those that are no direction at all."""
    usual = Counter(len(row) for row in rows_read.values()).most_common(1)
    length = usual[0][0] if usual else 0
    usable = {picture: row for picture, row in sorted(rows_read.items()) if len(row) == length}
    rows: NDArray[Any] = np.array(list(usable.values()), np.float32).reshape(len(usable), length)
    sizes = np.linalg.norm(rows, axis=1)
    good = np.isfinite(sizes) & (sizes > 0)
    ids = np.array(list(usable), np.int64)
    if not good.all():
        ids, rows, sizes = ids[good], rows[good], sizes[good]
    rows /= sizes[:, None]  # in place: they have 5 KB a picture
    return PictureVectors(ids, rows, unread)
