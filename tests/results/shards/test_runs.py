"""Several runs under one prefix: the newest is shown as a whole, the others are named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.buckets import Buckets
from core.errors import NoShards
from core.results.shards.runs import Run, find_runs, newest_runs
from core.results.shards.shard_files import ShardFile, find_shards, list_operation
from core.results.tables.run_choice import ALL, Choice
from core.results.tables.tables import Tables
from tests.kit.results.timed_runs import (
    HOUR,
    OUT,
    START,
    Load,
    Stored,
    TimedBuckets,
    answers,
    labels,
    load,
    run,
)

__all__ = ["load"]  # a fixture


def shown(results: Tables) -> dict[str, int]:
    """How many pictures have each label."""
    assert results["labels"].num_rows <= results.pictures  # none has two
    return dict(Counter(results["labels"]["label"].to_pylist()))


@pytest.mark.parametrize(("old", "new"), [(20, 60), (60, 20), (20, 25), (25, 20), (7, 20)])
def test_runs_of_other_batch_sizes_do_not_mix(load: Load, old: int, new: int) -> None:
    objects = {**run("OLD", 60, old), **run("NEW", 60, new, HOUR)}
    results = load(objects)
    assert shown(results) == {"NEW": 60}
    assert [one.written for one in results.runs] == [
        (START + timedelta(seconds=HOUR + 5.0 * (len(run("", 60, new)) - 1))).timestamp()
    ]
    # What the new run has not written over is still offered.
    (other,) = results.others
    assert other.folder == OUT
    assert shown(load(objects, OUT, Choice(other.key))) == {"OLD": other.pictures}
    assert load(objects, OUT, Choice(results.runs[0].key))["pictures"].equals(results["pictures"])
    assert results.fingerprint() != load(objects, OUT, Choice(other.key)).fingerprint()
    everything = load(objects, OUT, Choice(ALL))
    assert shown(everything) == {"NEW": 60} and everything.others == ()


def test_what_a_shorter_run_leaves_of_a_longer_one_is_not_merged(load: Load) -> None:
    results = load({**run("OLD", 60, 20), **run("NEW", 40, 20, HOUR)})
    assert shown(results) == {"NEW": 40}
    assert [(one.shards[0].first, one.pictures) for one in results.others] == [(41, 20)]


def test_a_run_that_has_just_begun_is_shown_as_far_as_it_is(load: Load) -> None:
    objects = run("OLD", 60, 20)
    new = run("NEW", 60, 20, HOUR)
    for name in (f"{OUT}output-41-to-60.json", f"{OUT}output-1-to-20.json"):
        objects[name] = new[name]
    results = load(objects)
    assert shown(results) == {"NEW": 40}
    (one,) = results.runs
    assert one.missing == [(21, 40)]
    assert one.key != results.others[0].key
    # The run's link still holds when there is more of it.
    objects |= new
    assert shown(load(objects, OUT, Choice(one.key))) == {"NEW": 60}


def test_a_short_last_shard_ends_a_run(load: Load) -> None:
    # 41-60 overlaps nothing of the new run; it was written just before 21-40, which does.
    results = load({**run("OLD", 60, 20, step=1.0), **run("NEW", 30, 20, 300.0)})
    assert shown(results) == {"NEW": 30}
    assert sum(one.pictures for one in results.others) == 40


def test_names_and_their_order_never_tell(load: Load) -> None:
    old = run("OLD", 20, 20, folder=f"{OUT}run-z/")
    new = run("NEW", 20, 20, HOUR, folder=f"{OUT}run-a/")
    results = load({**old, **new})
    assert shown(results) == {"NEW": 20}
    assert [one.folder for one in results.others] == [f"{OUT}run-z/"]
    assert shown(load({**old, **new}, OUT, Choice(results.others[0].key))) == {"OLD": 20}


def test_within_a_second_the_generation_tells(load: Load) -> None:
    old = {uri: replace(one, at=0.9, generation=7) for uri, one in run("OLD", 60, 20).items()}
    new = {uri: replace(one, at=0.1, generation=9) for uri, one in run("NEW", 60, 60).items()}
    assert shown(load({**old, **new})) == {"NEW": 60}


def test_a_slow_run_is_one_run(load: Load) -> None:
    for step in (60.0, HOUR, 3 * HOUR):
        results = load(run("ONE", 100, 20, step=step))
        assert (shown(results), results.others) == ({"ONE": 100}, ())


def test_a_run_that_begins_again_is_partial_in_another_folder_too(load: Load) -> None:
    results = load(
        {
            **run("OLD", 60, 20, folder=f"{OUT}monday/"),
            **run("NEW", 40, 20, HOUR, folder=f"{OUT}tuesday/"),
        }
    )
    assert shown(results) == {"NEW": 40}
    assert [one.folder for one in results.others] == [f"{OUT}monday/"]


def test_folders_of_other_pictures_are_all_shown(load: Load) -> None:
    def put(label: str, names: Sequence[str], at: float) -> dict[str, Stored]:
        uri = f"{OUT}{label}/output-1-to-{len(names)}.json"
        return {uri: Stored(answers(*names, **labels(label)), at)}

    results = load({**put("a", ["1", "2", "3"], HOUR), **put("b", ["4", "5"], 0.0)})
    assert shown(results) == {"a": 3, "b": 2}
    assert (results.others, results.shared, len(results.runs)) == ((), 0, 2)
    # Some in common: each from the newest, and it is said.
    results = load({**put("a", ["1", "2", "3"], HOUR), **put("b", ["3", "4", "5"], 0.0)})
    assert shown(results) == {"a": 3, "b": 2}
    assert (results.others, results.shared) == ((), 1)


def test_what_failed_and_was_sent_again_is_no_repetition(load: Load) -> None:
    failing = {
        "responses": [
            {"context": {"uri": "gs://p/1.jpg"}, "error": {"code": 5, "message": "gone"}},
            {"context": {"uri": "gs://p/2.jpg"}, **labels("first")},
        ]
    }
    first = Stored(json.dumps(failing).encode())
    again = Stored(answers("1", **labels("again")), HOUR)
    objects = {f"{OUT}a/output-1-to-2.json": first, f"{OUT}b/output-1-to-1.json": again}
    results = load(objects)
    assert shown(results) == {"again": 1, "first": 1}
    assert results["pictures"]["error_code"].to_pylist() == [0, 0]
    assert results.others == () and results.faults == ()


def test_attempts_of_a_job_join_whatever_their_times(load: Load) -> None:
    objects = {
        **run("first", 40, 20, folder=f"{OUT}try-1/part-0001/"),
        **run("second", 20, 20, 3 * HOUR, folder=f"{OUT}try-2/part-0001/"),
    }
    objects[f"{OUT}try-1/part-0001/output-21-to-40.json"] = replace(
        objects[f"{OUT}try-1/part-0001/output-21-to-40.json"], at=20 * HOUR
    )
    results = load(objects, f"{OUT}try-", Choice(attempts=True))
    assert shown(results) == {"second": 20, "first": 20}
    assert (results.runs, results.others, results.shared) == ((), (), 0)


def test_a_link_to_a_run_that_is_gone_says_so(load: Load) -> None:
    results = load(run("NEW", 20, 20), OUT, Choice("0123456789ab"))
    assert results.gone and shown(results) == {"NEW": 20}


# The run rule, whatever the numbers and times.

FILES = st.lists(
    st.tuples(
        st.integers(1, 60), st.integers(0, 25), st.integers(0, 200_000), st.integers(0, 3)
    ).map(
        lambda n: ShardFile(
            f"{OUT}output-{n[0]}-to-{n[0] + n[1]}.json", n[0], n[0] + n[1], 9, n[3], float(n[2])
        )
    ),
    unique_by=lambda file: file.uri,
    max_size=25,
)


@given(FILES, st.randoms())
@settings(max_examples=200, deadline=None)
def test_runs_part_the_shards_and_none_numbers_a_picture_twice(
    files: list[ShardFile], random: Any
) -> None:
    shuffled = random.sample(files, len(files))
    by_folder = find_runs(files)
    runs = by_folder[0] if files else []
    assert find_runs(shuffled) == by_folder  # the listing's order never tells
    assert sorted(s.uri for one in runs for s in one.shards) == sorted(s.uri for s in files)
    for one in runs:
        numbers = [n for s in one.shards for n in range(s.first, s.last + 1)]
        assert len(numbers) == len(set(numbers)) == one.pictures
    ages = [one.age for one in runs]
    assert ages == sorted(ages, reverse=True)
    for newer, older in pairwise(runs):
        assert min(int(s.written) for s in newer.shards) >= max(
            int(s.written) for s in older.shards
        )
    assert newest_runs(files) == (list(runs[0].shards) if runs else [])
    assert len({one.key for one in runs}) == len(runs)


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 40)), min_size=1, max_size=4),
    st.floats(1.0, 60.0),
    st.randoms(),
)
@settings(max_examples=200, deadline=None)
def test_runs_one_after_another_are_distinguished(
    requests: list[tuple[int, int]], step: float, random: Any
) -> None:
    written: dict[str, tuple[int, ShardFile]] = {}
    at = 0.0
    for nth, (total, batch) in enumerate(requests):
        firsts = list(range(1, total + 1, batch))
        for first in random.sample(firsts, len(firsts)):  # a service writes in any order
            at += step
            last = min(first + batch - 1, total)
            uri = f"{OUT}output-{first}-to-{last}.json"
            written[uri] = nth, ShardFile(uri, first, last, 9, int(at * 1e6), at)
        at += 24 * HOUR
    (runs,) = find_runs(file for _, file in written.values())
    whose = {uri: nth for uri, (nth, _) in written.items()}
    for one in runs:
        assert len({whose[shard.uri] for shard in one.shards}) == 1  # never a mixture
    newest = [file for nth, file in written.values() if nth == len(requests) - 1]
    assert set(runs[0].shards) == set(newest)
    assert runs[0].missing == []


def test_missing_numbers() -> None:
    files = [ShardFile("", 21, 40), ShardFile("", 51, 60), ShardFile("", 61, 61)]
    assert Run("", tuple(files)).missing == [(1, 20), (41, 50)]


# A prefix and its neighbours.

NAMES = [
    "gs://b/out/run-1/output-1-to-2.json",
    "gs://b/out/run-1/deep/output-1-to-2.json",
    "gs://b/out/run-1output-1-to-2.json",
    "gs://b/out/run-1-output-1-to-2.json",
    "gs://b/out/run-10/output-1-to-2.json",
    "gs://b/out/run-10output-1-to-2.json",
    "gs://b/out/run-1output-old/output-1-to-2.json",
]


@pytest.mark.parametrize(
    ("prefix", "taken", "neighbours"),
    [
        (
            "gs://b/out/run-1",
            [1, 0, 2],
            [
                "gs://b/out/run-1-",
                "gs://b/out/run-1output-old/",
                "gs://b/out/run-10",
                "gs://b/out/run-10/",
            ],
        ),
        ("gs://b/out/run-1/", [1, 0], []),
        ("gs://b/out/run-1-", [3], []),
        ("gs://b/out/run-10", [4, 5], []),
        ("gs://b/out/run-1output-", [2], ["gs://b/out/run-1output-old/"]),
        ("gs://b/out/run-1/output-", [0], []),
        (NAMES[0], [0], []),
        ("gs://b/out", list(range(7)), []),
        ("gs://b", list(range(7)), []),
        (
            "gs://b/out/run",
            [],
            [
                "gs://b/out/run-1",
                "gs://b/out/run-1-",
                "gs://b/out/run-1/",
                "gs://b/out/run-1output-old/",
                "gs://b/out/run-10",
                "gs://b/out/run-10/",
            ],
        ),
    ],
)
def test_a_prefix_never_takes_in_its_neighbour(
    prefix: str, taken: list[int], neighbours: list[str]
) -> None:
    buckets = cast(Buckets, TimedBuckets(dict.fromkeys(NAMES, Stored(b"{}"))))
    listing = find_shards(buckets, prefix)
    assert sorted(shard.uri for shard in listing.shards) == sorted(NAMES[n] for n in taken)
    assert sorted(listing.neighbours) == sorted(neighbours)


def test_neighbours_are_named(load: Load) -> None:
    objects = {
        **run("one", 20, 20, folder="gs://b/out/run-1/"),
        **run("ten", 20, 20, folder="gs://b/out/run-10/"),
    }
    results = load(objects, "gs://b/out/run-1")
    assert (shown(results), results.neighbours) == ({"one": 20}, ("gs://b/out/run-10/",))
    with pytest.raises(NoShards, match="run-10/"):
        load(objects, "gs://b/out/run")


def test_an_operation_has_its_own_shards_alone() -> None:
    buckets = cast(Buckets, TimedBuckets(dict.fromkeys(NAMES, Stored(b"{}"))))
    assert [s.uri for s in list_operation(buckets, "gs://b/out/run-1")] == [NAMES[2]]
    assert [s.uri for s in list_operation(buckets, "gs://b/out/run-1/")] == [NAMES[0]]
