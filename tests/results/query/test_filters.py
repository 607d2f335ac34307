"""Filters survive the URL, refuse nonsense, and change by clicks."""

from __future__ import annotations

import string
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results.query.filters import GROUPS, PARAM_NAMES, Filters
from core.results.vocabulary import CROP_SHAPES, FACE_TRAITS, LIKELIHOODS, SAFE_CATEGORIES

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAMES = st.lists(TEXT, unique=True, max_size=4).map(tuple)


def pairs(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    pair = st.tuples(st.sampled_from(names), st.sampled_from(LIKELIHOODS))
    return st.lists(pair, unique=True, max_size=4).map(tuple)


FACES = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 9), st.none()),
    st.tuples(st.integers(0, 9), st.integers(10, 99)),
    st.integers(0, 99).map(lambda n: (n, n)),
)
ANY_FILTERS = st.builds(
    Filters,
    labels=NAMES,
    match=st.sampled_from(["any", "all"]),
    not_labels=NAMES,
    score=st.floats(0, 1),
    objects=NAMES,
    faces=FACES,
    traits=pairs(FACE_TRAITS),
    landmarks=NAMES,
    logos=NAMES,
    text=TEXT | st.just(""),
    languages=NAMES,
    web=NAMES,
    products=NAMES,
    crops=st.lists(st.sampled_from(CROP_SHAPES), unique=True).map(tuple),
    color=st.none() | st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}"),
    tolerance=st.floats(0, 400),
    color_share=st.floats(0, 1),
    no_greys=st.booleans(),
    palette_no_greys=st.booleans(),
    safe=pairs(SAFE_CATEGORIES),
    safe_is=pairs(SAFE_CATEGORIES),
    errors=st.lists(st.sampled_from(["NOT_FOUND", "CODE_99"]), unique=True).map(tuple),
    status=st.sampled_from(["", "ok", "failed"]),
    uri=TEXT | st.just(""),
    folders=st.lists(TEXT | st.sampled_from(["", "/", "gs://b/a, b"]), unique=True, max_size=4).map(
        tuple
    ),
)


@settings(deadline=None)  # other work on the machine is no fault
@given(ANY_FILTERS)
def test_filters_come_back_from_a_url_as_they_were(filters: Filters) -> None:
    url = urlencode(filters.to_params())
    restored, notes = Filters.from_params(dict(parse_qsl(url, keep_blank_values=True)))
    assert restored == filters
    assert notes == []


@settings(deadline=None)  # other work on the machine is no fault
@given(st.dictionaries(st.sampled_from(sorted(PARAM_NAMES)), st.text(max_size=40)))
def test_no_parameters_can_break_a_page(params: dict[str, str]) -> None:
    filters, notes = Filters.from_params(params)
    again, _ = Filters.from_params(filters.to_params())
    assert again == filters
    assert len(notes) <= len(params)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("score", "high"),
        ("score", "1.5"),
        ("score", "nan"),
        ("match", "some"),
        ("color", "red"),
        ("color", "12345"),
        ("nogreys", "maybe"),
        ("faces", "9-2"),
        ("faces", "many"),
        ("safe", "adult"),
        ("safe", "adult:SURE"),
        ("safe", "nudity:LIKELY"),
        ("safe", "adult:LIKELY; DROP TABLE labels"),
        ("safeis", ":"),
        ("trait", "glee:LIKELY"),
        ("error", "<b>"),
        ("status", "maybe"),
        ("crop", "round"),
        ("label", ""),
        ("label", ","),
        ("label", ",".join(map(str, range(101)))),
        ("text", "x" * 501),
        ("tolerance", "-1"),
    ],
)
def test_junk_is_left_out_with_a_note(key: str, value: str) -> None:
    filters, notes = Filters.from_params({key: value, "uri": "kept", "job": "17"})
    assert filters == Filters(uri="kept")
    (note,) = notes
    assert key in note


def test_parameters_are_readable() -> None:
    filters = Filters(
        labels=("Dog", "Salt, pepper"), score=0.5, faces=(1, None), safe=(("adult", "LIKELY"),)
    )
    assert filters.to_params() == {
        "label": "Dog,Salt%2C pepper",
        "score": "0.5",
        "faces": "1-",
        "safe": "adult:LIKELY",
    }
    assert Filters().to_params() == {}


def test_every_field_has_a_group_and_a_parameter() -> None:
    names = [field.name for field in fields(Filters)]
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(names)
    assert len(PARAM_NAMES) == len(names)
    assert all(set(key) <= set(string.ascii_lowercase) for key in PARAM_NAMES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": 2.0},
        {"match": "none"},
        {"safe": (("adult", "SURE"),)},
        {"safe_is": (("x", "LIKELY"),)},
        {"traits": (("adult", "LIKELY"),)},
        {"errors": ("nope",)},
        {"crops": ("round",)},
        {"tolerance": -1.0},
        {"status": "odd"},
    ],
)
def test_filters_refuse_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Filters(**wrong)


def test_a_second_click_takes_the_first_back() -> None:
    filters = Filters(labels=("Dog",))
    assert filters.toggled("labels", "Cat").labels == ("Dog", "Cat")
    assert filters.toggled("labels", "Dog").labels == ()
    assert filters.toggled("safe_is", ["adult", "LIKELY"]).safe_is == (("adult", "LIKELY"),)
    one = filters.toggled("faces", [2, None])
    assert one.faces == (2, None)
    assert one.toggled("faces", [2, None]).faces is None
    assert filters.toggled("color", "#ffffff").color == "#ffffff"


def test_leaving_a_group_out() -> None:
    filters = Filters(labels=("Dog",), match="all", not_labels=("Cat",), score=0.5, uri="x")
    assert filters.without("labels") == Filters(score=0.5, uri="x")
    assert filters.without(None) is filters
    with pytest.raises(KeyError):
        filters.without("nonsense")


def test_chips_say_what_is_set_and_how_to_undo_it() -> None:
    filters = Filters(
        labels=("Dog",), color="#ff0000", no_greys=True, safe=(("adult", "VERY_LIKELY"),)
    )
    chips = {chip.group: chip for chip in filters.chips()}
    assert set(chips) == {"labels", "color", "safe"}
    assert chips["labels"].text == "Label Dog"
    assert chips["safe"].text == "adult at least very likely"
    assert chips["color"].text == "Colour #ff0000, without greys"
    assert chips["color"].rest == Filters(labels=("Dog",), safe=(("adult", "VERY_LIKELY"),))


def test_settings_that_narrow_nothing_are_not_filters() -> None:
    assert Filters(match="all", tolerance=5.0, color_share=0.5).is_empty
    assert Filters(no_greys=True, palette_no_greys=True).is_empty
    assert Filters().is_empty
    assert not Filters(status="ok").is_empty


def test_each_chosen_value_has_its_own_chip() -> None:
    filters = Filters(labels=("Cat", "Dog"), match="all", faces=(1, None), errors=("NOT_FOUND",))
    chips = filters.values()
    assert [chip.text for chip in chips] == ["Cat", "Dog", "Faces 1-", "Error NOT_FOUND"]
    assert chips[0].rest.labels == ("Dog",) and chips[2].rest.faces is None
    assert Filters(color="#102030", no_greys=True).values()[0].rest.is_empty
    assert not Filters(palette_no_greys=True).values()
