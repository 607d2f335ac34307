"""The pictures that show a batch best: the clearest of each label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.results.query.filters import Filters
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.results.tables.arrow import numbers
from core.results.vocabulary import LIKELIHOODS

BY = {"score": "label score", "name": "name", "color": "colour"}


def best_pictures(
    store: Store, filters: Filters, count: int, by: str = "score", policy: SafePolicy | None = None
) -> list[int]:
    """Ids of at most ``count`` pictures that pass, the best first.

    By score: of each most specific label the picture with the best score, labels with most pictures
    first; then the second of each, and so on; what has no label last. Otherwise evenly over all
    that pass, in that order. Failed pictures come after all others, flagged ones after those.

    Args:
        by: of ``BY``.
        policy: which pictures are flagged; None for none.
    """
    ids = store.passing(filters)
    if not len(ids) or count < 1:
        return []
    late = _late(store, policy)[ids]
    if by != "score":
        ordered, _ = store.order().arrange(ids, by)
        late = _late(store, policy)[ordered]
        places = np.arange(min(count, len(ordered))) * len(ordered) // min(count, len(ordered))
        return [int(n) for n in ordered[places][np.argsort(late[places], kind="stable")]]
    codes, scores = store.specific().best
    codes, scores = codes[ids], scores[ids]
    sizes = np.bincount(codes + 1)
    rank = np.empty(len(ids), np.int64)
    order = np.lexsort((ids, -scores, late, codes))
    starts = np.r_[True, np.diff(codes[order]) != 0]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    rank[order] = np.arange(len(order)) - first
    unlabelled = codes < 0
    best = np.lexsort((ids, codes, -sizes[codes + 1], rank, unlabelled, late))
    return [int(n) for n in ids[best[:count]]]


def _late(store: Store, policy: SafePolicy | None) -> np.ndarray:
    """0 for a picture that may stand first, 1 for a flagged one, 2 for a failed one (total,)."""
    late = np.zeros(store.tables.pictures, np.int8)
    for picture in flagged_ids(store, policy):
        late[picture] = 1
    late[numbers(store.tables["pictures"], "error_code") != 0] = 2
    return late


def flagged_ids(store: Store, policy: SafePolicy | None) -> Sequence[int]:
    """Ids of all pictures that a policy flags."""
    table = store.tables["safe_search"]
    if policy is None or not table.num_rows or not policy.thresholds:
        return []
    flagged = np.zeros(table.num_rows, bool)
    for category, least in policy.thresholds:
        flagged |= numbers(table, category) >= LIKELIHOODS.index(least)
    ids: list[int] = numbers(table, "picture")[flagged].tolist()
    return ids
