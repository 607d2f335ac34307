"""Answers of earlier jobs, and of pictures that come twice, become rows like all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.errors import BadShard, NoShards
from core.results.tables import tables
from core.results.tables.cache import ResultsCache
from core.results.tables.references import Reference
from core.results.tables.run_choice import Choice
from core.results.tables.tables import Tables
from tests.kit.results.shards import buckets_with, failed, labelled, shard_bytes

OLD = "gs://b/old/try-1/part-0001/output-1-to-3.json"
OWN = "gs://b/new/try-1/part-0001/output-1-to-2.json"
PREFIX = "gs://b/new/try-"
Objects = dict[str, bytes]
Load = Callable[[Objects, Sequence[Reference]], Tables]


@pytest.fixture(params=["cached", "plain"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Load:
    """Both ways to the same tables."""

    def cached(objects: Objects, references: Sequence[Reference]) -> Tables:
        cache = ResultsCache(tmp_path / "cache")
        cache.load(buckets_with(objects), PREFIX, Choice(attempts=True, references=references))
        return cache.load(
            buckets_with(objects), PREFIX, Choice(attempts=True, references=references)
        )  # now from the disk

    def plain(objects: Objects, references: Sequence[Reference]) -> Tables:
        return tables.load(
            buckets_with(objects), PREFIX, choice=Choice(attempts=True, references=references)
        )

    return cached if request.param == "cached" else plain


@pytest.fixture
def objects() -> Objects:
    old = [labelled("gs://b/a", "dog"), labelled("gs://b/b", "cat"), labelled("gs://b/c", "cow")]
    own = [labelled("gs://b/b", "new cat"), labelled("gs://b/d", "hen", "bird")]
    return {OLD: shard_bytes(old), OWN: shard_bytes(own)}


def labels(results: Tables) -> dict[str, list[str]]:
    """Address of every picture -> its labels."""
    shown: dict[str, list[str]] = {uri: [] for uri in results["pictures"]["uri"].to_pylist()}
    uris = list(shown)
    assert len(uris) == results.pictures  # no address twice
    assert results["pictures"]["picture"].to_pylist() == list(range(results.pictures))
    for row in results["labels"].to_pylist():
        shown[uris[row["picture"]]].append(row["label"])
    return shown


def test_only_what_is_referred_to_is_taken(load: Load, objects: Objects) -> None:
    # gs://b/b was changed and annotated again: the old answer of the same address must not win.
    results = load(objects, [Reference(OLD, 7, 1, "gs://b/a"), Reference(OLD, 7, 3, "gs://b/c")])
    assert labels(results) == {
        "gs://b/a": ["dog"],
        "gs://b/c": ["cow"],
        "gs://b/b": ["new cat"],
        "gs://b/d": ["hen", "bird"],
    }
    assert results.faults == ()


def test_all_may_stand_elsewhere(load: Load, objects: Objects) -> None:
    del objects[OWN]
    assert labels(load(objects, [Reference(OLD, 7, 2, "gs://b/b")])) == {"gs://b/b": ["cat"]}


def test_a_picture_has_its_own_address(load: Load, objects: Objects) -> None:
    # Content moved: what was c is called a now, and the other way round.
    results = load(objects, [Reference(OLD, 7, 3, "gs://b/a"), Reference(OLD, 7, 1, "gs://b/c")])
    assert labels(results)["gs://b/a"] == ["cow"]
    assert labels(results)["gs://b/c"] == ["dog"]


def test_one_answer_for_several_pictures(load: Load, objects: Objects) -> None:
    references = [
        Reference(OLD, 7, 1, "gs://b/a"),
        Reference(OLD, 7, 1, "gs://b/copy of a"),
        Reference(OWN, 7, 2, "gs://b/copy of d"),
        Reference(OWN, 7, 2, "gs://b/second copy of d"),
    ]
    by_uri = labels(load(objects, references))
    assert by_uri["gs://b/a"] == by_uri["gs://b/copy of a"] == ["dog"]
    assert by_uri["gs://b/d"] == by_uri["gs://b/copy of d"] == ["hen", "bird"]
    assert by_uri["gs://b/second copy of d"] == ["hen", "bird"]
    assert len(by_uri) == 6


def test_errors_stand_for_copies_as_well(load: Load, objects: Objects) -> None:
    objects[OWN] = shard_bytes([failed("gs://b/b"), labelled("gs://b/d")])
    results = load(objects, [Reference(OWN, 7, 1, "gs://b/copy of b")])
    codes = dict(
        zip(
            results["pictures"]["uri"].to_pylist(),
            results["pictures"]["error_code"].to_pylist(),
            strict=True,
        )
    )
    assert codes == {"gs://b/b": 5, "gs://b/d": 0, "gs://b/copy of b": 5}


@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_answers_that_are_gone_are_reported(load: Load, objects: Objects, how: str) -> None:
    generation = 7
    if how == "deleted":
        del objects[OLD]
    else:
        generation = 6  # the bucket in memory says 7 of all
    references = [Reference(OLD, generation, n, f"gs://b/{n}") for n in (1, 3)]
    results = load(objects, references)
    assert labels(results) == {"gs://b/b": ["new cat"], "gs://b/d": ["hen", "bird"]}
    (fault,) = results.faults
    assert "Answers to 2 pictures of an earlier job are gone" in str(fault) and fault.then
    del objects[OWN]
    with pytest.raises(BadShard, match="are gone"):
        load(objects, references)


def test_nothing_at_all(load: Load) -> None:
    with pytest.raises(NoShards):
        load({}, [])
