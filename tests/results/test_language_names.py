"""Names of languages: the usual ones, what is added to a code, and no two alike."""

from __future__ import annotations

import pytest

from core.results.language_names import _KNOWN, language_name


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
    assert len(set(_KNOWN.values())) == len(_KNOWN) > 200
    assert all(name == name.strip() and name[0].isupper() for name in _KNOWN.values())
