"""Ranges of pages as they are typed."""

from __future__ import annotations

import pytest

from core.errors import RequestError
from core.jobs.batch.page_range import PageRange, from_text, to_text


@pytest.mark.parametrize(
    ("typed", "pages", "wanted"),
    [
        ("1-5, 7, -1", 12, (1, 2, 3, 4, 5, 7, 12)),
        ("7,1-3;2", 12, (1, 2, 3, 7)),
        ("3-", 5, (3, 4, 5)),
        ("-2", 5, (4,)),
        ("-3--1", 5, (3, 4, 5)),
        ("2--2", 5, (2, 3, 4)),
        ("2\u20134", 5, (2, 3, 4)),
        ("1-100", 3, (1, 2, 3)),
        ("7", 3, ()),
        ("-7", 3, ()),
        ("1-1000000", 0, ()),
    ],
)
def test_what_is_typed_names_pages(typed: str, pages: int, wanted: tuple[int, ...]) -> None:
    chosen = PageRange.parse(typed)
    assert chosen is not None and chosen.of(pages) == wanted


@pytest.mark.parametrize("typed", ["", "  ", ","])
def test_nothing_means_all(typed: str) -> None:
    assert PageRange.parse(typed) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1-a", "'1-a' is no page"),
        ("1.5", "'1.5' is no page"),
        ("all", "'all' is no page"),
        ("0", "no page 0"),
        ("0-3", "no page 0"),
        ("5-2", "runs backwards"),
        ("-1--3", "runs backwards"),
        ("9" * 40, "is no page"),
        (",".join(["1"] * 300), "300 parts"),
    ],
)
def test_a_bad_range_says_which_part_and_what_to_write(typed: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as error:
        PageRange.parse(typed)
    assert error.value.then


def test_numbers_are_kept_as_text() -> None:
    numbers = (1, 2, 3, 7, 9, 10)
    assert to_text(numbers) == "1-3,7,9-10" and from_text(to_text(numbers)) == numbers
    assert (to_text(()), from_text("")) == ("", ())
