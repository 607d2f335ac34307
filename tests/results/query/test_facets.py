"""Options of filters and how many pictures have each, under the other filters."""

from __future__ import annotations

import pandas as pd
import pytest

from core.results.query.facets import NAMED, facets
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS
from tests.kit.results.labelled import labelled


@pytest.fixture
def animals() -> Store:
    safe = [{"adult": "LIKELY"}, {"adult": "POSSIBLE"}, {"adult": "UNLIKELY"}, {}]
    return labelled(
        [["Cat", "Tail"], ["Cat"], ["Dog", "Tail"], ["Boat"]],
        safe=safe,
        uris=["gs://b/a/1.jpg", "gs://b/a/2.jpg", "gs://b/c/3.jpg", "gs://b/c/4.jpg"],
    )


def counts(store: Store, field: str, now: Filters) -> list[tuple[str, int]]:
    return [(option.name, option.pictures) for option in facets(store, now).names[field]]


def test_without_filters_every_option_has_its_pictures(animals: Store) -> None:
    now = Filters.empty()
    assert counts(animals, "labels", now) == [("Cat", 2), ("Tail", 2), ("Boat", 1), ("Dog", 1)]
    assert [n for _, n in counts(animals, "folders", now)] == [2, 2]
    assert facets(animals, now).status == {"": 4, "ok": 4, "failed": 0}
    assert facets(animals, now).marks["none"] == 4


def test_a_facet_is_counted_without_its_own_filter_and_with_all_others(animals: Store) -> None:
    cats = Filters(labels=("Cat",))
    assert counts(animals, "labels", cats) == counts(animals, "labels", Filters.empty())
    (first, second) = counts(animals, "folders", cats)
    assert (first[1], second[1]) == (2, 0), "what has no picture now stands last"
    here = Filters(folders=(first[0],))
    assert counts(animals, "labels", here) == [("Cat", 2), ("Tail", 1), ("Boat", 0), ("Dog", 0)]
    assert facets(animals, here).status[""] == 2


def test_levels_of_safe_search_count_what_reaches_them(animals: Store) -> None:
    reached = facets(animals, Filters.empty()).safe["adult"]
    assert [reached[level] for level in LIKELIHOODS[1:]] == [3, 3, 2, 1, 0]
    assert facets(animals, Filters(safe=(("adult", "LIKELY"),))).safe["adult"] == reached
    assert facets(animals, Filters(labels=("Dog",))).safe["adult"]["POSSIBLE"] == 0


@pytest.mark.parametrize("field", NAMED)
def test_each_count_is_that_of_the_pictures_that_the_option_leaves(
    store: Store, field: str
) -> None:
    """Of a generated batch with every feature, under a filter of another kind."""
    now = Filters(status="ok", score=0.3)
    for option in facets(store, now).names[field][:5]:
        alone = now.without(field).toggled(field, option.value)
        assert store.count(alone) == option.pictures, option


def test_failures_and_faces_are_options_too(store: Store) -> None:
    made = facets(store, Filters.empty())
    errors = store.tables["pictures"]["error_code"].to_pandas()
    assert sum(option.pictures for option in made.names["errors"]) == (errors != 0).sum()
    assert made.status["failed"] == (errors != 0).sum()
    for option in made.names["faces"]:
        assert store.count(Filters(faces=option.value)) == option.pictures, option
    frame: pd.DataFrame = store.counts("faces", Filters.empty())
    assert [option.name for option in made.names["faces"]] == frame["name"].tolist()
