"""What other thresholds would flag, against plain Python over the same messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from core.results.analysis.what_if import what_if
from core.results.figures.what_if import flagged, thresholds
from core.results.query.filters import Filters
from core.results.query.safe_policy import NOTHING, PARAM, THRESHOLDS, USUAL, SafePolicy
from core.results.query.store import Store
from core.results.tables import tables
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES
from tests.kit.results.shards import failed, labelled, response, store_of

POLICY = SafePolicy((("racy", "POSSIBLE"), ("adult", "LIKELY"), ("spoof", "VERY_LIKELY")))


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    return iter(frame.itertuples())


def _levels(message: Any) -> dict[str, int]:
    return {name: getattr(message.safe_search_annotation, name) for name in SAFE_CATEGORIES}


def _flagging(levels: dict[str, int], policy: SafePolicy) -> set[str]:
    return {n for n, least in policy.thresholds if levels[n] >= LIKELIHOODS.index(least)}


@pytest.mark.parametrize("filters", [Filters(), Filters(labels=("Cat",))])
def test_counts_are_those_of_the_pictures(
    store: Store, messages: list[Any], filters: Filters
) -> None:
    judged = [
        _levels(m)
        for m in messages
        if m.HasField("safe_search_annotation")
        and (not filters.labels or "Cat" in {x.description for x in m.label_annotations})
    ]
    counts = what_if(store, filters, POLICY)
    flags = [_flagging(levels, POLICY) for levels in judged]
    assert counts.judged == len(judged)
    assert 0 < counts.flagged == sum(map(bool, flags)) < len(judged)
    for row in rows(counts.chosen):
        assert row.threshold == (POLICY.least(row.category) or "")
        assert row.pictures == sum(row.category in by for by in flags)
        assert row.alone == sum(by == {row.category} for by in flags)
    for row in rows(counts.steps):
        least = LIKELIHOODS.index(row.likelihood)
        assert row.pictures == sum(levels[row.category] >= least for levels in judged)
    assert list(zip(counts.steps["category"], counts.steps["likelihood"], strict=True)) == [
        (category, least) for category in SAFE_CATEGORIES for least in THRESHOLDS
    ]


def test_the_flagged_pictures_are_those_of_the_filter_made_of_the_policy(store: Store) -> None:
    chosen = Filters(safe=POLICY.thresholds)
    counts = what_if(store, chosen, POLICY)
    assert store.count(chosen) == counts.flagged
    # Its own filter is left out.
    assert what_if(store, Filters(), POLICY).steps.equals(counts.steps)
    assert what_if(store, chosen, POLICY, without=None).judged == counts.flagged
    for picture in store.ids(chosen)[:20]:
        annotations = store.annotations(picture)
        assert annotations is not None and POLICY.flags(annotations.safe)


def test_what_was_not_judged_is_not_flagged() -> None:
    everything = SafePolicy(tuple((name, "VERY_UNLIKELY") for name in SAFE_CATEGORIES))
    counts = what_if(
        store_of(
            failed("gs://b/1.jpg"),
            labelled("gs://b/2.jpg", "Cat"),
            response("gs://b/3.jpg", safe_search_annotation={"adult": 0}),
            response("gs://b/4.jpg", safe_search_annotation={"adult": 1}),
        ),
        Filters(),
        everything,
    )
    assert (counts.judged, counts.flagged) == (2, 1)
    assert not everything.flags({}) and not everything.flags({"adult": "UNKNOWN"})


@pytest.mark.parametrize("policy", [USUAL, POLICY, SafePolicy(())])
def test_no_pictures_at_all(policy: SafePolicy) -> None:
    counts = what_if(Store(tables.empty()), Filters(), policy)
    assert (counts.judged, counts.flagged) == (0, 0)
    assert len(counts.steps) == 25 and len(counts.chosen) == 5
    for draw in (thresholds, flagged):
        assert "Nothing judged" in str(draw(counts, "dark").layout.annotations)


@pytest.mark.parametrize("policy", [USUAL, POLICY, SafePolicy(())])
def test_a_policy_comes_back_from_a_url(policy: SafePolicy) -> None:
    assert SafePolicy.from_params(policy.to_params()) == (policy, [])


def test_the_usual_policy_needs_no_parameter_and_none_has_one() -> None:
    assert USUAL.to_params() == {}
    assert SafePolicy(()).to_params() == {PARAM: NOTHING}
    assert POLICY.to_params() == {PARAM: "adult:LIKELY,spoof:VERY_LIKELY,racy:POSSIBLE"}


@pytest.mark.parametrize(
    "junk", ["adult", "adult:SURE", "adult:UNKNOWN", "x:LIKELY", "adult:LIKELY,adult:POSSIBLE", ","]
)
def test_junk_leaves_the_usual_policy_and_a_note(junk: str) -> None:
    policy, (note,) = SafePolicy.from_params({PARAM: junk})
    assert policy == USUAL and PARAM in note


def test_one_threshold_changes_and_goes() -> None:
    assert USUAL.changed("medical", "POSSIBLE").least("medical") == "POSSIBLE"
    assert USUAL.changed("adult", "POSSIBLE").least("adult") == "POSSIBLE"
    assert USUAL.changed("adult", None).least("adult") is None
    assert USUAL.flags({"racy": "LIKELY"}) and not USUAL.flags({"spoof": "VERY_LIKELY"})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_show_the_counts(store: Store, theme: str) -> None:
    counts = what_if(store, Filters(), POLICY)
    tiles = thresholds(counts, theme)
    shown = {
        (*pair,): text
        for trace in tiles.data
        for pair, text in zip(trace.customdata, trace.text, strict=True)
    }
    for row in rows(counts.steps):
        assert shown[row.category, row.likelihood] == (f"{row.pictures:,}" if row.pictures else "·")
    assert len(tiles.layout.shapes) == len(POLICY.thresholds)  # each of them ringed
    bars = flagged(counts, theme)
    alone, shared = bars.data
    assert alone.customdata == ("adult", "spoof", "racy")
    frame = counts.chosen.set_index("category").loc[list(alone.customdata)]
    assert list(alone.x) == frame["alone"].tolist()
    assert [a + b for a, b in zip(alone.x, shared.x, strict=True)] == frame["pictures"].tolist()


def test_a_policy_without_thresholds_says_so(store: Store) -> None:
    counts = what_if(store, Filters(), SafePolicy(()))
    assert counts.flagged == 0 < counts.judged
    assert "Nothing flagged" in str(flagged(counts).layout.annotations)
