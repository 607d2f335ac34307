"""Text, words and languages of a block of responses, as columns.

The service gives every word twice: in ``textAnnotations`` with its own text, and under
``fullTextAnnotation`` spelt symbol by symbol at thirty times the bytes. Words are therefore read
from ``textAnnotations``; the blocks are decoded only where these are missing, as in
results for PDFs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from core.results.shards import wire
from core.results.shards.limits import MAX_ANNOTATIONS
from core.results.shards.wire import Response
from core.results.tables.builders import Columns, Ids, flat, polygons

_decode_blocks = msgspec.json.Decoder(list[wire.Block]).decode
_WordItem = tuple[str, wire.Poly | None]


class PictureText(NamedTuple):
    """All text of one picture."""

    text: str
    words: list[_WordItem]
    languages: list[tuple[str, float]]
    pages: int


def read_text(response: Response) -> PictureText:
    """Whole text, words with their polygons, and languages with their confidence (0 if unsaid)."""
    full, parts = response.full_text_annotation, response.text_annotations
    pages = full.pages if full else []
    words: list[_WordItem] = [(part.description, part.bounding_poly) for part in parts[1:]]
    if not words and pages:
        words = [word for page in pages for word in _page_words(page)]
    text = full.text if full and full.text else parts[0].description if parts else ""
    languages: dict[str, float] = {}
    for page in pages:
        for language in page.property.detected_languages if page.property else ():
            best = languages.get(language.language_code, 0.0)
            languages[language.language_code] = max(best, language.confidence)
    if not languages and parts and parts[0].locale:
        languages[parts[0].locale] = 0.0
    languages_read = list(languages.items())[:MAX_ANNOTATIONS]
    return PictureText(text, words[:MAX_ANNOTATIONS], languages_read, len(pages))


def _page_words(page: wire.Page) -> list[_WordItem]:
    try:
        blocks = _decode_blocks(page.blocks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []  # the text itself is there; only its places are lost
    return [
        ("".join([symbol.text for symbol in word.symbols]), word.bounding_box)
        for block in blocks
        for paragraph in block.paragraphs
        for word in paragraph.words
    ]


def text_columns(ids: Ids, responses: Sequence[Response]) -> dict[str, Columns]:
    """Columns of the tables texts, words and languages."""
    having = [
        place
        for place, response in enumerate(responses)
        if response.text_annotations or response.full_text_annotation
    ]
    owners = ids[having]
    texts = [read_text(responses[place]) for place in having]
    word_owners, words = flat(owners, [item.words for item in texts])
    language_owners, languages = flat(owners, [item.languages for item in texts])
    return {
        "texts": {
            "picture": owners,
            "text": [item.text for item in texts],
            "words": [len(item.words) for item in texts],
            "pages": [min(item.pages, 32767) for item in texts],
        },
        "words": {
            "picture": word_owners,
            "word": [word for word, _ in words],
            **polygons([poly for _, poly in words]),
        },
        "languages": {
            "picture": language_owners,
            "language": [code for code, _ in languages],
            "confidence": [confidence for _, confidence in languages],
        },
    }
