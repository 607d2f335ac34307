"""Facets: what each filter can be set to, and how many pictures of the current selection it has.

A facet is counted with all filters but its own group, as a chart is, so that its other options can
still be chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from core.results.columns.name_counts import COUNTED
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.arrow import numbers
from core.results.vocabulary import LIKELIHOODS, MARKED, SAFE_CATEGORIES

MOST = 500  # options of a facet; other names can be typed
NAMED = ("labels", "objects", "landmarks", "logos", "languages", "web", "products", "crops")
_EVERYTHING = Filters.empty()


class Option(NamedTuple):
    """One value of a filter.

    Attributes:
        value: as ``Filters.toggled`` takes it.
        name: for people; may be hostile text.
        pictures: that have it, of those that pass the other filters.
    """

    value: Any
    name: str
    pictures: int


class Facets(NamedTuple):
    """The options of all filters that are lists.

    Attributes:
        names: by field of ``Filters``; most pictures first, those without any last.
        safe: by category and likelihood, how many pictures reach it.
        status: by ``Filters.status``.
        marks: by one of ``vocabulary.MARKED``.
    """

    names: Mapping[str, list[Option]]
    safe: Mapping[str, Mapping[str, int]]
    status: Mapping[str, int]
    marks: Mapping[str, int]


def facets(store: Store, now: Filters) -> Facets:
    """All facets, counted once for everybody who asks under the same filters."""
    return store.answer(("facets", now, store.marks.version), lambda: _counted(store, now))


def _counted(store: Store, now: Filters) -> Facets:
    names = {field: _named(store, field, now) for field in NAMED}
    names["faces"] = [
        Option(value, name, pictures)
        for name, value, pictures in store.counts("faces", now)[
            ["name", "value", "pictures"]
        ].itertuples(index=False)
    ]
    folders = store.folders(now)
    names["folders"] = _with_empty(
        dict(zip(folders["folder"].tolist(), folders["pictures"].tolist(), strict=True)),
        store.once("all folders", partial(_folders, store)),
    )
    failures = store.errors(now).groupby("code", sort=False)["pictures"].sum()
    names["errors"] = [Option(str(code), str(code), int(n)) for code, n in failures.items()]
    return Facets(names, _safe(store, now), _status(store, now), _marks(store, now))


def _named(store: Store, field: str, now: Filters) -> list[Option]:
    all_names = store.once(f"all {field}", partial(_names, store, field))
    if not all_names:
        return []
    frame = store.counts(field, now, top=MOST)
    counts = dict(zip(frame["value"].tolist(), frame["pictures"].tolist(), strict=True))
    said = COUNTED[field].said
    return [one._replace(name=said(one.name)) for one in _with_empty(counts, all_names)]


def _names(store: Store, field: str) -> list[str]:
    names: list[str] = store.counts(field, _EVERYTHING, top=MOST)["value"].tolist()
    return names


def _folders(store: Store) -> list[str]:
    folders: list[str] = store.folders(_EVERYTHING)["folder"].tolist()
    return folders


def _with_empty(counts: dict[str, int], all_names: list[str]) -> list[Option]:
    """Options for the names that have pictures, then for the others of the whole batch."""
    named = [*counts, *(name for name in all_names if name not in counts)]
    return [Option(name, name, counts.get(name, 0)) for name in named[:MOST]]


def _safe(store: Store, now: Filters) -> dict[str, dict[str, int]]:
    frame = store.safe_search(now)
    reached: dict[str, dict[str, int]] = {}
    for category in SAFE_CATEGORIES:
        counts = frame.loc[frame["category"] == category, "pictures"].to_numpy()
        sums = np.cumsum(counts[::-1])[::-1].tolist()
        reached[category] = dict(zip(LIKELIHOODS, sums, strict=True))
    return reached


def _status(store: Store, now: Filters) -> dict[str, int]:
    good = numbers(store.tables["pictures"], "error_code") == 0
    mask = store.mask(now, "errors")
    among = len(good) if mask is None else int(np.count_nonzero(mask))
    fine = int(np.count_nonzero(good if mask is None else good & mask))
    return {"": among, "ok": fine, "failed": among - fine}


def _marks(store: Store, now: Filters) -> dict[str, int]:
    others = now.without("marks")
    return {mark: store.count(replace(others, marks=(mark,))) for mark in MARKED}
