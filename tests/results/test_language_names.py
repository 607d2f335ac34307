"""Names of languages: the usual ones, what is added to a code, and no two alike."""

from __future__ import annotations

from itertools import product
from string import ascii_lowercase

import pytest

from core.results.language_names import language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("de", "German"), ("ru", "Russian"), ("nb", "Norwegian Bokmål"), ("fil", "Filipino"),
        ("und", "Undetermined"), ("zh-Hans", "Chinese (Simplified)"), ("zh", "Chinese"),
        ("sr-Latn", "Serbian (Latin)"), ("ru-PETR1708", "Russian (PETR1708)"),
        ("", ""), ("Qwx", "Qwx"), ("qwx-DE", "qwx-DE"), ("de-<b>", "de-<b>"), ("de-", "de-"),
    ],
)  # fmt: skip
def test_a_code_is_said_in_words_where_it_is_known(code: str, name: str) -> None:
    assert language_name(code) == name


def test_no_two_codes_have_one_name() -> None:
    letters = [map("".join, product(ascii_lowercase, repeat=n)) for n in (2, 3)]
    codes = [code for some in letters for code in some]
    names = list(map(language_name, codes))
    assert len(set(names)) == len(names)
    known = [name for code, name in zip(codes, names, strict=True) if name != code]
    assert len(known) > 200
    assert all(name == " ".join(name.split()) and name[0].isupper() for name in known)
