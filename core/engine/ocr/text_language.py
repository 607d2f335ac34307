"""Which language a text is in, by py3langid (BSD-3-Clause)."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.engine.ocr.scripts import NAMES

MIN_LETTERS = 12  # less is guessing: "Total" could be a dozen languages
MIN_PROBABILITY = 0.5
# Of the model's 140 the widely written ones in letters that are read here, by their script: rare
# ones (ext, pcm, lij) took their share of every short text.
# fmt: off
LANGUAGES = {
    "Latn": (
        "af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl",
        "hr", "hu", "id", "is", "it", "la", "lt", "lv", "ms", "mt", "nl", "no", "pl",
        "pt", "ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "vi",
    ),
    "Hani": ("ja", "zh"), "Cyrl": ("ru", "uk", "bg", "sr", "mk", "be", "kk"), "Grek": ("el",),
    "Hang": ("ko",), "Arab": ("ar", "fa", "ur"), "Hebr": ("he",), "Thai": ("th",),
    "Deva": ("hi", "mr", "ne"),
}
# fmt: on
# How the name of a letter in Unicode begins, where it is not Latin.
_NAMES = {name: script for script, name in NAMES.items()} | dict.fromkeys(
    ("CJK", "HIRAGANA", "KATAKANA"), "Hani"
)
FIRST_IDEOGRAPH = "\u2e80"  # CJK radicals; kana and ideographs come after
UNDETERMINED = "und"  # BCP 47's word for it, which the service uses too


class LanguageGuesser:
    """One process's language model."""

    def __init__(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._model: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._known = {code for codes in LANGUAGES.values() for code in codes}
        self._model.set_languages(sorted(self._known))

    def guess(self, text: str, hints: Sequence[str] = ()) -> tuple[str, float]:
        """BCP 47 code and probability 0 to 1; ("und", 0.0) if the text is too short to tell.

        Args:
            hints: the request's ``language_hints``: the first known one is taken for what is too
                short, and only known ones are considered for the rest.
        """
        known_hints = {
            base: hint for hint in reversed(hints) if (base := _base(hint)) in self._known
        }
        letters = _letters(text)
        if letters < MIN_LETTERS:
            first = next((hint for hint in hints if hint in known_hints.values()), "")
            return (first, 1.0) if letters and first else (UNDETERMINED, 0.0)
        ranked = [(str(code), float(p)) for code, p in self._model.rank(text)]
        possible = set(LANGUAGES[_script(text)])
        possible = (possible & set(known_hints)) or possible
        share = sum(p for code, p in ranked if code in possible) or 1.0
        ranked = [(code, p / share) for code, p in ranked if code in possible]
        code, probability = ranked[0]
        return (code, probability) if probability >= MIN_PROBABILITY else (UNDETERMINED, 0.0)


def _script(text: str) -> str:
    """ISO 15924 code of the script that most of a text's letters are in."""
    names = (unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    counts = Counter(_NAMES.get(name.split("-")[0], "Latn") for name in names)
    return counts.most_common(1)[0][0] if counts else "Latn"


def _base(tag: str) -> str:
    """A tag's language without script and region: "pt" of "pt-BR"."""
    return tag.lower().split("-")[0]


def _letters(text: str) -> int:
    """How many letters a text has, as ``MIN_LETTERS`` counts: an ideograph says as much as five."""
    letters = [character for character in text if character.isalpha()]
    return len(letters) + 4 * sum(character > FIRST_IDEOGRAPH for character in letters)
