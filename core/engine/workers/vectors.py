"""Vectors of pictures, in files beside their shards: what the label model saw in each.

No part of Cloud Vision: its shards are the same with and without. Pictures whose vectors have a
large dot product look alike, which makes a map of a batch. Nothing is worked out for it: labels and
web detection look at a picture anyway, and one that neither was asked of has no vector.

``PREFIXvectors-A-to-B.npy`` belongs to ``PREFIXoutput-A-to-B.json``: float16, one row of 1,280 for
each of its responses, all zeros where there is no vector. ``docs/protocol.md`` says more.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KIND = np.dtype("<f2")
_PARTING = b"\0"  # JSON has none


def joined(text: bytes, vector: NDArray[np.float32] | None) -> bytes:
    """One answer for a shard on its way from a worker: the response's JSON, then its vector."""
    return text if vector is None else text + _PARTING + vector.astype(KIND).tobytes()


def parted(answer: bytes) -> tuple[str, bytes | None]:
    """What ``joined`` put together: the JSON, and the vector's bytes if there is one."""
    text, separator, vector = answer.partition(_PARTING)
    return text.decode(), vector if separator else None


def vectors_file(vectors: Sequence[bytes | None]) -> bytes | None:
    """A shard's vectors as a NumPy file (format 1.0), in its order; None if it has none at all."""
    length = max((len(vector) for vector in vectors if vector), default=0)
    if not length:
        return None
    rows = b"".join(vector or bytes(length) for vector in vectors)
    array = np.frombuffer(rows, KIND).reshape(len(vectors), -1)
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()
