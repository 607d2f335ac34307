"""Vectors beside shards: found, read, and not believed when they are not ours."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.buckets import Buckets
from core.errors import BadVectors, BucketUnavailable, ObjectNotFound
from core.results.query.store import Store
from core.results.shards.vectors import decode_vectors, has_vectors, read_vectors, vectors_uri
from core.results.tables import tables
from tests.kit.results.shards import failed, labelled, shard_bytes, shard_file


def npy(array: Any, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=version, allow_pickle=True)
    return file.getvalue()


class DictReader:
    """Reads out of a dict; an exception in it is raised."""

    def __init__(self, objects: dict[str, bytes | Exception]) -> None:
        self.objects = objects

    def read(self, uri: str, limit: int | None = None) -> bytes:
        content = self.objects.get(uri, ObjectNotFound("There is no such object", where=uri))
        if isinstance(content, Exception):
            raise content
        return content[:limit]

    def exists(self, uri: str) -> bool:
        if isinstance(self.objects.get(uri), Exception):
            raise cast(Exception, self.objects[uri])
        return uri in self.objects


def buckets(objects: dict[str, Any]) -> Buckets:
    return cast(Buckets, DictReader(objects))


@pytest.fixture
def store() -> Store:
    """Two shards: a, b (failed), c; and d."""
    pictures = [labelled("gs://b/a", "Cat"), failed("gs://b/b"), labelled("gs://b/c", "Dog")]
    shards = [
        (shard_file(1, 3), shard_bytes(pictures)),
        (shard_file(4, 4), shard_bytes([labelled("gs://b/d", "Cat")])),
    ]
    return Store(tables.build(shards))


FIRST, SECOND = "gs://b/job/vectors-1-to-3.npy", "gs://b/job/vectors-4-to-4.npy"


def f2(*rows: list[float]) -> Any:
    return np.array(rows, np.float16)


def test_a_picture_finds_its_row_by_its_place_in_the_shard(store: Store) -> None:
    files = {FIRST: npy(f2([3, 4], [0, 0], [0, 2])), SECOND: npy(f2([5, 0]))}
    progress: list[tuple[int, int]] = []
    vectors = read_vectors(
        buckets(files), store.tables["pictures"], lambda *done: progress.append(done)
    )
    assert vectors.pictures.tolist() == [0, 2, 3], "a row of zeros is no vector"
    assert vectors.vectors.tolist() == pytest.approx(np.array([[0.6, 0.8], [0, 1], [1, 0]]))
    assert vectors.unread == 0
    assert progress[-1] == (2, 2)


def test_a_missing_file_costs_its_own_pictures_and_a_damaged_one_is_counted(store: Store) -> None:
    vectors = read_vectors(buckets({SECOND: npy(f2([5, 0]))}), store.tables["pictures"])
    assert (vectors.pictures.tolist(), vectors.unread) == ([3], 0)
    vectors = read_vectors(
        buckets({FIRST: b"PK\x03\x04", SECOND: npy(f2([5, 0]))}), store.tables["pictures"]
    )
    assert (vectors.pictures.tolist(), vectors.unread) == ([3], 1)


def test_only_vectors_of_the_usual_length_can_be_compared(store: Store) -> None:
    files = {FIRST: npy(f2([3, 4], [1, 1], [0, 2])), SECOND: npy(f2([5, 0, 0]))}
    vectors = read_vectors(buckets(files), store.tables["pictures"])
    assert vectors.pictures.tolist() == [0, 1, 2]


def test_numbers_that_are_none_are_left_out(store: Store) -> None:
    files = {FIRST: npy(f2([np.nan, 1], [np.inf, 1], [0, 2]))}
    assert read_vectors(buckets(files), store.tables["pictures"]).pictures.tolist() == [2]


def test_a_bucket_that_does_not_answer_is_no_missing_file(store: Store) -> None:
    down = buckets({FIRST: BucketUnavailable("It does not answer")})
    with pytest.raises(BucketUnavailable):
        read_vectors(down, store.tables["pictures"])
    with pytest.raises(BucketUnavailable):
        has_vectors(down, store.tables.shards)


def test_vectors_are_looked_for_beside_some_shards(store: Store) -> None:
    assert not has_vectors(buckets({}), store.tables.shards)
    assert has_vectors(buckets({SECOND: b""}), store.tables.shards)
    assert not has_vectors(buckets({}), ())
    assert vectors_uri("gs://b/other.json") == ""


def _claiming(header: str) -> bytes:
    text = f"{header}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        npy(f2([1, 2]))[:-1],
        npy(f2([1, 2])) + b"\0",
        npy(np.zeros(4, np.float16)),
        npy(np.zeros((2, 2, 2), np.float16)),
        npy(np.zeros((2, 2), np.float32)),
        npy(np.zeros((2, 0), np.float16)),
        npy(np.asfortranarray(np.ones((2, 2), np.float16))),
        npy(np.array([[print]], object)),
        npy(f2([1, 2]), (2, 0)),
        npy(np.ones((1, 9_000), np.float16)),
        _claiming("{'descr': '<f2', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"),
        _claiming("{'descr': '<f2', 'fortran_order': False, 'shape': (-1, -2), }"),
        _claiming("{'descr': '<f2', 'fortran_order': False, 'shape': (True, 2), }"),
        _claiming("{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }"),
        _claiming("__import__('os').system('false')"),
        _claiming("(" * 500),
    ],
    ids=range(18),
)
def test_what_is_no_file_of_vectors_is_refused(data: bytes) -> None:
    with pytest.raises(BadVectors) as caught:
        decode_vectors(data, "gs://b/v.npy")
    assert caught.value.where == "gs://b/v.npy"


@given(st.data())
def test_a_damaged_file_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(npy(f2([1, 2], [3, 4])))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        rows = decode_vectors(bytes(whole), "gs://b/v.npy")
    except BadVectors:
        return
    assert rows.size * 2 <= len(whole)
