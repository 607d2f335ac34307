"""Greek words that PP-OCR reads in part with the Latin letters that look alike.

Its model has Greek letters without accents, and takes a Latin one where both look the same.
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.engine.ocr.lines import Line
from core.engine.ocr.scripts import letters_of

_LATIN = "ABEZHIKMNOPTYXaáÁéÉeiíıÍkKnoóÓptuúÚvwxyç\u00b5\u220f\u2211"
_GREEK = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαάΆέΈειίιΊκΚηοόΌρτυύΎνωχγςμΠΣ"
_LOOK_ALIKE = dict(zip(_LATIN, _GREEK, strict=True))
_WORD = re.compile(r"\S+")


def with_greek_words(line: Line) -> Line:
    """A line of a Greek page: words that have a Greek letter are Greek throughout."""
    symbols = list(line.symbols)
    for word in _WORD.finditer("".join(symbol.text[:1] or " " for symbol in symbols)):
        if letters_of("Grek", word.group()):
            for n in range(*word.span()):
                text = symbols[n].text
                symbols[n] = symbols[n]._replace(text=_LOOK_ALIKE.get(text, text))
    return replace(line, symbols=tuple(symbols))
