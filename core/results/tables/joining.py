"""One picture's answers become one: which response each of its features is taken from.

The rule, for a picture that several responses are about (same address, same page):

- An error is no answer: it counts only where no response is without one.
- Each feature is taken from the newest run that was asked for it and answered the picture. What was
  asked does not stand in shards: a run counts as asked for every feature of which any of its
  pictures has an answer. So a picture without text in a run that found text elsewhere has no text,
  whatever an older run says; and a run of labels alone leaves an older run's text as it is. All
  attempts of one job were asked the same.
- Within a run, the last response that has the feature at all.
- A run that was done again is not mixed with its repetition: a newer run that was asked no less and
  answers all its pictures, or begins to under the same numbers, stands in its place as a whole.

So a feature's answer never depends on what else was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.results.features import FEATURES

TABLES = {feature.name: tuple(feature.tables) for feature in FEATURES}  # of each feature
# Responses that pictures of several responses are put together from, a row for each feature.
SOURCES = pa.schema(
    {"picture": pa.int32(), "feature": pa.string(), "shard": pa.string(), "entry": pa.int32()}
)

Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]
Having = Callable[[str], Bools]


@dataclass(frozen=True, slots=True)
class Responses:
    """Responses in the order in which their pictures are shown; n of them.

    Attributes:
        picture: (n,) number of its picture, from 0 in the order of first appearance.
        run: (n,) age of its run; greater is newer.
        number: (n,) its place in the run's request.
        good: (n,) whether it is no error.
        having: (n,) for each feature, whether it has any of it.
    """

    picture: Rows
    run: Rows
    number: Rows
    good: Bools
    having: Mapping[str, Bools]

    def of(self, rows: Any) -> Responses:
        """Some of them; pictures keep their numbers."""
        having = {name: has[rows] for name, has in self.having.items()}
        return Responses(
            self.picture[rows], self.run[rows], self.number[rows], self.good[rows], having
        )

    def asked(self) -> dict[str, Bools]:
        """For each feature, which runs (by age) count as asked for it."""
        asked_in = {}
        for name, has in self.having.items():
            asked_in[name] = np.zeros(int(self.run.max(initial=-1)) + 1, bool)
            asked_in[name][self.run[has]] = True
        return asked_in


@dataclass(frozen=True, slots=True)
class Joined:
    """Where pictures are taken from; p pictures.

    Attributes:
        best: (p,) the response that stands for each picture: the newest without error, if any is.
        owners: (p,) for each feature the response that it is taken from; -1 for none.
        masked: ages of runs whose error a picture lost to an answer about other features, each
            with the number of such pictures.
    """

    best: Rows
    owners: Mapping[str, Rows]
    masked: Mapping[int, int]


def picture_numbers(pictures: pa.Table) -> Rows | None:
    """For each response the number of its picture, see ``Responses``; None if none comes twice.

    Without an address two responses cannot be known to be about one picture.
    """
    total = pictures.num_rows
    if pc.count_distinct(pictures["uri"]).as_py() == total:
        return None
    uris = pa.concat_arrays(pictures["uri"].chunks).dictionary_encode()
    codes = uris.indices.to_numpy().astype(np.int64)
    keys = codes << 32 | pictures["page"].to_numpy().astype(np.int64) & 0xFFFFFFFF
    nameless = np.flatnonzero(np.array([not uri for uri in uris.dictionary.to_pylist()])[codes])
    keys[nameless] = -1 - nameless
    _, firsts, numbers = np.unique(keys, return_index=True, return_inverse=True)
    if len(firsts) == total:
        return None
    places = np.empty(len(firsts), np.int64)
    places[np.argsort(firsts)] = np.arange(len(firsts))
    return places[numbers]


def join(responses: Responses, *, same_request: bool) -> Joined:
    """Choose by the rule above; ``same_request`` if all runs were asked the same."""
    total = int(responses.picture.max()) + 1
    # Of equal ages the later one wins; assigning by number, the last value stays.
    order = np.lexsort((np.arange(len(responses.run)), responses.run))
    picture, run = responses.picture, responses.run
    good = order[responses.good[order]]
    best = np.full(total, -1, np.int64)
    best[picture[order]] = order
    best[picture[good]] = good
    counts = responses.good | (best[picture] == np.arange(len(picture)))
    order = order[counts[order]]
    asked = responses.asked()
    owners = {}
    for name, has in responses.having.items():
        runs = np.full(len(asked[name]), asked[name].any()) if same_request else asked[name]
        owner = np.full(total, -1, np.int64)
        rows = order[runs[run[order]]]
        owner[picture[rows]] = rows
        rows = rows[has[rows]]
        rows = rows[run[rows] == run[owner[picture[rows]]]]
        owner[picture[rows]] = rows
        owners[name] = owner
    masked = _masked(responses, best, owners, asked) if not same_request else {}
    return Joined(best[best >= 0], {n: o[best >= 0] for n, o in owners.items()}, masked)


def _masked(
    responses: Responses, best: Rows, owners: Mapping[str, Rows], asked: Mapping[str, Bools]
) -> dict[int, int]:
    """Errors that are nowhere to be seen, though no answer is to what their run was asked."""
    picture, run = responses.picture, responses.run
    lost = np.flatnonzero(~responses.good & responses.good[best[picture]])
    nothing = ~np.logical_or.reduce([asked[name] for name in asked])  # of it no feature is known
    unanswered = nothing[run[lost]]
    for name, owner in owners.items():
        unanswered |= asked[name][run[lost]] & (owner[picture[lost]] < 0)
    ages, counts = np.unique(run[lost[unanswered]], return_counts=True)
    return dict(zip(ages.tolist(), counts.tolist(), strict=True))


def repeated_runs(responses: Responses) -> set[int]:
    """Ages of the runs in whose place a newer one stands as a whole."""
    asked = responses.asked()
    several = _shared(responses)
    involved = np.unique(responses.run[several[responses.picture]])
    replaced: set[int] = set()
    for age in involved[::-1].tolist():
        older = np.flatnonzero(responses.run == age)
        near = np.isin(responses.picture, responses.picture[older]) & (responses.run > age)
        for other in np.unique(responses.run[near]).tolist():
            if other in replaced or any(a[age] and not a[other] for a in asked.values()):
                continue
            newer = np.flatnonzero(responses.run == other)
            if _stands_for(responses, newer, older):
                replaced.add(age)
                break
    return replaced


def _shared(responses: Responses) -> Bools:
    """Which pictures have responses of several runs, by the picture's number."""
    total = int(responses.picture.max(initial=-1)) + 1
    last = np.full(total, -1, np.int64)
    last[responses.picture] = responses.run
    several = np.zeros(total, bool)
    several[responses.picture[responses.run != last[responses.picture]]] = True
    return several


def _stands_for(responses: Responses, newer: Rows, older: Rows) -> bool:
    ours, theirs = responses.picture[newer], responses.picture[older]
    if np.isin(theirs, ours).all():
        return True
    total = int(responses.picture.max()) + 1
    numbered = responses.number * total + responses.picture
    begins = bool(np.isin(numbered[newer], numbered[older]).all())
    answered = ours[responses.good[newer]]
    # A request for what had failed answers nothing again.
    return begins and bool(np.isin(theirs[responses.good[older]], answered).any())


def shared_pictures(responses: Responses) -> int:
    """How many pictures have answers of several runs."""
    return int(np.count_nonzero(_shared(responses.of(np.flatnonzero(responses.good)))))


def sources_of(joined: Joined, responses: Responses, pictures: pa.Table) -> pa.Table:
    """``SOURCES`` of the pictures that more than one response has a part in."""
    mixed = np.zeros(len(joined.best), bool)
    parts = {}
    for name, owner in joined.owners.items():
        at = np.flatnonzero(owner >= 0)
        parts[name] = at = at[responses.having[name][owner[at]]]
        mixed[at] |= owner[at] != joined.best[at]
    sources: list[tuple[int, str, int]] = []
    for name, every in parts.items():
        at = every[mixed[every]]
        sources += zip(at.tolist(), [name] * len(at), joined.owners[name][at].tolist(), strict=True)
    sources.sort(key=lambda one: one[0])  # stable: features in their order
    rows = pa.array([row for _, _, row in sources], pa.int64())
    return pa.table(
        {
            "picture": [picture for picture, _, _ in sources],
            "feature": [name for _, name, _ in sources],
            "shard": pictures["shard"].take(rows).cast(pa.string()),
            "entry": pictures["entry"].take(rows),
        },
        schema=SOURCES,
    )


def new_ids(owner: Rows, total: int) -> Any:
    """For each of some responses the id of the picture that is taken from it, or -1 (total,)."""
    ids = np.full(total, -1, np.int32)
    taken = np.flatnonzero(owner >= 0)
    ids[owner[taken]] = taken
    return ids


def feature_of(table: str) -> str:
    """The feature whose rows a table of ``SCHEMAS`` holds."""
    return next(name for name, tables in TABLES.items() if table in tables)
