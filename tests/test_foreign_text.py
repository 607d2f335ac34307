"""Names from outside: nothing hides in them, and signs of several characters stay whole."""

from __future__ import annotations

import unicodedata

import pytest

from core.foreign_text import shortened, visible

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
WHOLE = {
    "a family": FAMILY,
    "a profession with a tone": "\U0001f469\U0001f3fd\u200d\U0001f4bb",
    "a heart between two": "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468",
    "a pirate's flag": "\U0001f3f4\u200d\u2620\ufe0f",
    "the rainbow's": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "a country's": "\U0001f1f3\U0001f1f4",
    "England's": "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a head that is shaken": "\U0001f642\u200d\u2194\ufe0f",
    "a keycap": "1\ufe0f\u20e3",
    "Hindi": "\u0915\u094d\u200d\u0937 \u0930\u093e\u091c\u094d\u200c\u092f",
    "Bengali": "\u09b0\u200d\u09cd\u09af\u09be\u09ac",
    "Sinhala": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "accents": "Zu\u0308rich",
    "two words": "東京 Tower",
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_signs_and_words_of_several_characters_stay_whole(text: str) -> None:
    assert visible(text) == text
    assert shortened(text, len(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u2066c\u200ed", "a b c d"),
        ("a\x00b\x1b[31m\x9f", "a b [31m "),
        ("pay\u200dpal\u200c", "pay pal "),  # between Latin letters a joiner only hides
        ("\u200dCat\u200d", " Cat "),
        ("\U0001f468\u200d\u200d\U0001f469", "\U0001f468  \U0001f469"),
        ("\U0001f468\u200c\U0001f469", "\U0001f468 \U0001f469"),
        ("\U0001f468\u200dx", "\U0001f468 x"),
        ("\u0645\u200cx", "\u0645 x"),
        ("Cat\U000e0067\U000e007f", "Cat  "),  # tags behind no flag: a hidden text
        ("\U0001f3f4\U000e0067", "\U0001f3f4 "),  # and behind a flag without an end
        ("a\u00adb\ufeffc\u2060d\u200be", "a b c d e"),
        ("\ud83d", " "),
    ],
)
def test_nothing_hides_or_turns_what_follows(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("code", [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2066, 0x2069])
def test_no_control_is_left_between_letters_or_emoji(code: int) -> None:
    for left, right in (("a", "b"), ("\U0001f468", "b"), ("a", "\U0001f469"), ("", "")):
        shown = visible(f"{left}{chr(code)}{right}")
        assert not any(unicodedata.category(c)[0] == "C" for c in shown)


def test_lines_stay_where_they_are_asked_for() -> None:
    assert visible("a\nb\tc") == "a b c"
    assert visible("a\nb\tc", keep="\n") == "a\nb c"


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abcdef", 4, "abc…"),
        ("abc def", 5, "abc…"),
        (f"ab{FAMILY}", 6, "ab…"),  # never a part of the family
        (f"ab{FAMILY}{FAMILY}", 10, f"ab{FAMILY}…"),
        ("abZu\u0308rich", 5, "abZ…"),
        ("ab\U0001f44b\U0001f3fdcd", 4, "ab…"),
        ("ab\U0001f1f3\U0001f1f4cd", 4, "ab…"),
        ("a\U0001f1f3\U0001f1f4\U0001f1f8\U0001f1ea", 4, "a\U0001f1f3\U0001f1f4…"),
        ("ab" + WHOLE["England's"], 6, "ab…"),
        ("e" + "\u0301" * 300, 40, "…"),
        ("abc", 3, "abc"),
    ],
)
def test_a_text_is_cut_between_what_people_see_as_letters(text: str, most: int, shown: str) -> None:
    assert shortened(text, most) == shown
