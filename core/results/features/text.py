"""TEXT_DETECTION and DOCUMENT_TEXT_DETECTION: text, words and languages.

The service gives every word twice: in ``textAnnotations`` with its own text, and under
``fullTextAnnotation`` spelt symbol by symbol at thirty times the bytes. Words are therefore read
from ``textAnnotations``; the blocks are decoded only where these are missing, as in
results for PDFs.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec
import pyarrow as pa

from core.results.features.feature import (
    CODE,
    ID,
    MAX_ANNOTATIONS,
    POLYGON,
    REAL,
    Counted,
    Feature,
    Table,
)
from core.results.language_names import language_name
from core.results.messages import Message, Poly


class TextPart(Message):
    """EntityAnnotation of TEXT_DETECTION: the whole text first, then each word."""

    description: str = ""
    locale: str = ""
    bounding_poly: Poly | None = None


class DetectedLanguage(Message):
    """TextAnnotation.DetectedLanguage, a BCP-47 code."""

    language_code: str = ""
    confidence: float = 0.0


class TextProperty(Message):
    """TextAnnotation.TextProperty."""

    detected_languages: list[DetectedLanguage] = []


class _TextPage(Message):
    """One page of text; its blocks stay undecoded until someone needs words from them."""

    property: TextProperty | None = None
    blocks: msgspec.Raw = msgspec.Raw(b"[]")


class FullText(Message):
    """TextAnnotation."""

    text: str = ""
    pages: list[_TextPage] = []


class _Symbol(Message):
    """One character."""

    text: str = ""


class _Word(Message):
    """A word, spelt by its symbols."""

    symbols: list[_Symbol] = []
    bounding_box: Poly | None = None


class _Paragraph(Message):
    """Words in reading order."""

    words: list[_Word] = []


class _Block(Message):
    """Paragraphs in reading order."""

    paragraphs: list[_Paragraph] = []


_decode_blocks = msgspec.json.Decoder(list[_Block]).decode


class PictureText(NamedTuple):
    """All text of one picture; a language's confidence is 0 if it was not said."""

    text: str
    words: list[TextPart]
    languages: list[DetectedLanguage]
    pages: int


def _read(parts: Sequence[TextPart], full: FullText | None) -> PictureText | None:
    """None where there is neither."""
    if not parts and not full:
        return None
    pages = full.pages if full else []
    words = list(parts[1 : MAX_ANNOTATIONS + 1])
    if not words and pages:
        words = [word for page in pages for word in _page_words(page)][:MAX_ANNOTATIONS]
    text = full.text if full and full.text else parts[0].description if parts else ""
    languages: dict[str, float] = {}
    for page in pages:
        for language in page.property.detected_languages if page.property else ():
            best = languages.get(language.language_code, 0.0)
            languages[language.language_code] = max(best, language.confidence)
    if not languages and parts and parts[0].locale:
        languages[parts[0].locale] = 0.0
    read = [DetectedLanguage(*item) for item in list(languages.items())[:MAX_ANNOTATIONS]]
    return PictureText(text, words, read, min(len(pages), 32_767))


def _page_words(page: _TextPage) -> list[TextPart]:
    try:
        blocks = _decode_blocks(page.blocks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []  # the text itself is there; only its places are lost
    return [
        TextPart("".join([symbol.text for symbol in word.symbols]), "", word.bounding_box)
        for block in blocks
        for paragraph in block.paragraphs
        for word in paragraph.words
    ]


FEATURE = Feature(
    "text",
    fields=("text_annotations", "full_text_annotation"),
    read=_read,
    tables={
        "texts": Table(
            {
                "text": (pa.string(), "text"),
                "words": (ID, lambda texts: [len(one.words) for one in texts]),
                "pages": (pa.int16(), "pages"),
            },
            rows=lambda one: (one,),
        ),
        "words": Table({"word": (pa.string(), "description"), **POLYGON}, attrgetter("words")),
        "languages": Table(
            {"language": (CODE, "language_code"), "confidence": (REAL, "confidence")},
            attrgetter("languages"),
        ),
    },
    count=lambda parts, full: len(parts) + len(full.pages if full else ()),
    counted={"languages": Counted("languages", "language", "confidence", said=language_name)},
)
