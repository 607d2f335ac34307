"""Whose response is whose: by address within the operation, by place without one."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from core.app.shard_counts import count_shard, lost_shard, together
from core.buckets import Buckets
from core.results.shards.shard_files import ShardFile

FOLDER = "gs://b/x/"


class Memory:
    """A bucket with one object."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, uri: str, limit: int) -> bytes:
        return self._data[:limit]


def uris(names: str) -> list[str]:
    """An address for each letter; none for a dot."""
    return ["" if name == "." else f"gs://b/{name}.jpg" for name in names]


def shard(first: int, names: str, failing: str = "") -> tuple[Buckets, ShardFile]:
    responses: list[dict[str, Any]] = []
    for name, uri in zip(names, uris(names), strict=True):
        response: dict[str, Any] = {"context": {"uri": uri}} if uri else {"labelAnnotations": []}
        responses.append(response | ({"error": {"code": 3}} if name in failing else {}))
    data = json.dumps({"responses": responses}).encode()
    last = first + len(names) - 1
    return cast(Buckets, Memory(data)), ShardFile(
        f"{FOLDER}output-{first}-to-{last}.json", first, last
    )


@pytest.mark.parametrize(
    ("first", "names", "failing", "numbers", "failed"),
    [
        (1, "abc", "", (1, 2, 3), set()),
        (1, "cab", "", (3, 1, 2), set()),
        (1, "cab", "c", (3, 1, 2), {3}),
        (4, "fed", "d", (6, 5, 4), {4}),
        (1, "a.c", "", (1, 2, 3), set()),  # by place without an address
        (1, "c.a", ".", (3, 2, 1), {2}),
        (1, ".a", "", (0, 1), {2}),  # its place is another one's: nobody's
        (1, "dbc", "", (4, 2, 3), set()),  # of another shard's range
        (1, "aXc", "", (1, 0, 3), {2}),  # not ours
        (1, "aXc", "X", (1, 0, 3), {2}),
        (1, "aab", "", (1, 0, 2), {3}),  # twice, although it was asked for once
        (5, "efg", "", (5, 6, 0), set()),  # more than were asked for
    ],
)
def test_matched(
    first: int, names: str, failing: str, numbers: tuple[int, ...], failed: set[int]
) -> None:
    counted = count_shard(*shard(first, names, failing), uris("abcdef"))
    assert (counted.numbers, set(counted.failed)) == (numbers, failed)


def test_an_address_that_was_asked_for_twice() -> None:
    counted = count_shard(*shard(1, "baa", "b"), uris("aba"))
    assert (counted.numbers, counted.failed) == ((2, 1, 3), frozenset({2}))
    counted = count_shard(*shard(3, "ab"), uris("abab"))
    assert counted.numbers == (3, 4)  # those of the shard's own range first


def test_unknown_pictures_are_counted_by_place() -> None:
    counted = count_shard(*shard(3, "cab", "a"), [])
    assert (counted.numbers, counted.failed) == ((3, 4, 5), frozenset({4}))


def test_together_a_good_answer_is_enough() -> None:
    parts = [shard(1, "aX"), shard(3, "bc")]
    counts = [(file, count_shard(buckets, file, uris("abc"))) for buckets, file in parts]
    assert counts[0][1].failed == {2}
    whole = together(counts)
    assert (whole.pictures, len(whole.good), whole.failed) == (3, 3, frozenset())


def test_together_a_damaged_shard_is_all_failed() -> None:
    buckets, file = shard(1, "ab")
    damaged = ShardFile(f"{FOLDER}output-3-to-5.json", 3, 5)
    parts = [(file, count_shard(buckets, file, [])), (damaged, lost_shard(damaged))]
    assert (together(parts).pictures, len(together(parts).failed)) == (5, 3)


def test_folders_are_distinguished() -> None:
    buckets, file = shard(1, "ab")
    other = ShardFile("gs://b/y/output-1-to-2.json", 1, 2)
    counts = [(one, count_shard(buckets, one, [])) for one in (file, other)]
    assert together(counts).pictures == 4
