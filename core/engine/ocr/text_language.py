"""Which language a text is in, by py3langid (BSD-3-Clause)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MIN_LETTERS = 12  # less is guessing: "Total" could be a dozen languages
MIN_PROBABILITY = 0.5
# Of the model's 140 the widely written ones in letters that the reader knows: rare ones (ext, pcm,
# lij) took their share of every short text.
# fmt: off
LANGUAGES = [
    "af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl",
    "hr", "hu", "id", "is", "it", "ja", "la", "lt", "lv", "ms", "mt", "nl", "no", "pl",
    "pt", "ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "vi", "zh",
]
# fmt: on
UNDETERMINED = "und"  # BCP 47's word for it, which the service uses too


class LanguageGuesser:
    """One process's language model."""

    def __init__(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._model: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._model.set_languages(LANGUAGES)
        self._known = set(LANGUAGES)

    def guess(self, text: str, hints: Sequence[str] = ()) -> tuple[str, float]:
        """BCP 47 code and probability 0 to 1; ("und", 0.0) if the text is too short to tell.

        Args:
            hints: the request's ``language_hints``: the first known one is taken for what is too
                short, and only known ones are considered for the rest.
        """
        bases = {hint.lower().split("-")[0]: hint for hint in reversed(hints)}
        usable = {base: hint for base, hint in bases.items() if base in self._known}
        letters = sum(character.isalpha() for character in text)
        # Ideographs say more each than letters do.
        dense = sum(character > "\u2e80" for character in text if character.isalpha())
        if letters + 4 * dense < MIN_LETTERS:
            first = next((hint for hint in hints if hint in usable.values()), UNDETERMINED)
            return (first, 1.0) if letters and usable else (UNDETERMINED, 0.0)
        ranked = [(str(code), float(p)) for code, p in self._model.rank(text)]
        if usable:
            share = sum(p for code, p in ranked if code in usable) or 1.0
            ranked = [(code, p / share) for code, p in ranked if code in usable]
        code, probability = ranked[0]
        return (code, probability) if probability >= MIN_PROBABILITY else (UNDETERMINED, 0.0)
