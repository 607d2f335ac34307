"""Untrusted URLs: the filters' codec loses nothing, takes no junk, and no value becomes SQL."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results.query.filters import GROUPS, PARAM_NAMES, Filters
from core.results.query.store import Store
from core.results.tables import tables
from tests.kit.hostile import BOUNDED, response_of, surrogates, texts
from tests.kit.results.shards import shard_file

MANY = settings(BOUNDED, max_examples=80)
JUNK = (
    *("1e400", "nan", "-inf", "-0", "9" * 5_000, "1_0", "٣", "²", "1-", "-1", "5-2", "0-99999"),
    *("a:b:c", ":,:", ",,,", "%ED%A0%80", "%00", "%2", "a" * 501, "x," * 200, "#12345g", "12ab34"),
    *("yes", "no", "ok", "failed", "all", "adult:LIKELY", "joy:POSSIBLE", "NOT_FOUND"),
)
_values = st.one_of(
    texts,
    surrogates,
    st.sampled_from(JUNK),
)
params = st.dictionaries(st.sampled_from(sorted(PARAM_NAMES)), _values, max_size=8)
names = st.lists(texts.filter(lambda t: 0 < len(t) <= 500), max_size=4, unique=True).map(tuple)


@pytest.fixture(scope="module")
def store() -> Store:
    answers = [response_of(name, f"gs://b/{name}.jpg") for name in ("cat", "'; DROP TABLE labels")]
    data = json.dumps({"responses": answers}).encode()
    return Store(tables.build([(shard_file(1, 2), data)]))


@MANY
@given(params)
def test_junk_is_left_out_and_what_is_left_can_be_asked(
    store: Store, params: dict[str, str]
) -> None:
    filters, notes = Filters.from_params(params)
    assert len(notes) <= len(params)
    assert Filters.from_params(filters.to_params()) == (filters, [])
    assert 0 <= store.count(filters) <= 2
    for group in GROUPS:
        store.count(filters, without=group)
    [chip.text.encode() for chip in filters.chips()]  # can be sent to a browser
    [note.encode() for note in notes]
    assert store.count(Filters()) == 2


@MANY
@given(
    st.fixed_dictionaries(
        dict.fromkeys(("labels", "not_labels", "objects", "logos", "web", "products"), names),
        optional={"uri": texts.filter(lambda t: len(t) <= 500)},
    )
)
def test_any_name_survives_the_address_bar(store: Store, fields: dict[str, Any]) -> None:
    filters = Filters(**fields)
    query = urlencode(filters.to_params())
    back = {name: one[0] for name, one in parse_qs(query, keep_blank_values=True).items()}
    assert Filters.from_params(back) == (filters, [])
    store.count(filters)
