"""Vectors on their way from a worker into the file beside their shard, and out of it again."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.operations.shard_writer import shard_uri, vectors_uri
from core.engine.workers.vectors import joined, parted, vectors_file
from core.errors import BadVectors
from core.results.shards import vectors as read

VECTOR = np.array([0.0, 0.25, 0.5, 65_504.0], np.float32)


def test_an_answer_is_parted_into_what_it_was_joined_of() -> None:
    assert parted(joined('{"é": "\\u0000"}'.encode(), None)) == ('{"é": "\\u0000"}', None)
    text, vector = parted(joined(b"{}", VECTOR))
    assert text == "{}"
    assert vector == VECTOR.astype("<f2").tobytes()
    assert parted(joined(b"{}", np.zeros(2, np.float32)))[1] == bytes(4), "zeros are parted too"


def test_what_the_engine_writes_the_results_read() -> None:
    """The two sides share no code: this ties them."""
    vector = parted(joined(b"{}", VECTOR))[1]
    file = vectors_file([None, vector, vector])
    assert file is not None
    rows = read.decode_vectors(file, "gs://b/x")
    assert rows.tolist() == [[0] * 4, VECTOR.tolist(), VECTOR.tolist()]
    for output in ("gs://b/run/", "gs://b/run"):
        positions = range(20, 45)
        assert read.vectors_uri(shard_uri(output, positions)) == vectors_uri(output, positions)


def test_no_file_for_a_shard_without_vectors() -> None:
    assert vectors_file([]) is None
    assert vectors_file([None, None]) is None


@pytest.mark.parametrize("version", [(2, 0), (3, 0)])
def test_the_form_is_numpys_first(version: tuple[int, int]) -> None:
    file = vectors_file([bytes(4)])
    assert file is not None
    assert file[6:8] == b"\x01\x00"
    with pytest.raises(BadVectors):
        read.decode_vectors(file[:6] + bytes(version) + file[8:], "gs://b/x")
