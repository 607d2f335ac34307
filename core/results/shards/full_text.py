"""``fullTextAnnotation`` with all that tables leave out: blocks, confidences, breaks, symbols.

Decoded for one response at a time: a page of text has some 345 KB, and a shard up to 100 of them.
"""

from __future__ import annotations

import msgspec

from core.errors import BadShard
from core.results.features.text import TextPart, TextProperty
from core.results.messages import Message, Poly
from core.results.shards.decoding import patiently, raw_response
from core.results.shards.limits import check_shard


class Break(Message):
    """TextAnnotation.DetectedBreak."""

    type: int | str = 0
    is_prefix: bool = False


class SymbolProperty(Message):
    """The part of a symbol's TextProperty that says what stands between it and the next one."""

    detected_break: Break | None = None


class FullSymbol(Message):
    """One character."""

    text: str = ""
    property: SymbolProperty | None = None


class FullWord(Message):
    """A word, spelt by its symbols; a confidence of 0 was not given."""

    symbols: list[FullSymbol] = []
    bounding_box: Poly | None = None
    confidence: float = 0.0
    property: TextProperty | None = None


class FullParagraph(Message):
    """Words in reading order."""

    words: list[FullWord] = []
    bounding_box: Poly | None = None
    confidence: float = 0.0


class FullBlock(Message):
    """Paragraphs in reading order; ``block_type`` is TEXT (1), TABLE, PICTURE, RULER or BARCODE."""

    paragraphs: list[FullParagraph] = []
    bounding_box: Poly | None = None
    block_type: int | str = 0
    confidence: float = 0.0
    property: TextProperty | None = None


class FullPage(Message):
    """A page's size: points of a PDF, else pixels; 0 where it is not given."""

    width: int = 0
    height: int = 0
    blocks: list[FullBlock] = []
    confidence: float = 0.0
    property: TextProperty | None = None


class TextAnnotation(Message):
    """All text of a response: as one string, and by pages."""

    text: str = ""
    pages: list[FullPage] = []


class TextResponse(Message):
    """The texts of an AnnotateImageResponse."""

    text_annotations: list[TextPart] = []
    full_text_annotation: TextAnnotation | None = None


class _Rows(Message):
    responses: list[msgspec.Raw] = []


class ShardTexts:
    """The texts of one shard's responses, decoded when they are asked for.

    Args:
        data: the shard's bytes.
        where: its address, for errors.

    Raises:
        BadShard: larger than ``limits`` allow.
    """

    def __init__(self, data: bytes, where: str) -> None:
        check_shard(data, where)
        self._data, self._where = data, where
        try:
            self._rows = msgspec.json.decode(data, type=_Rows).responses
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._rows = []

    def response(self, entry: int) -> TextResponse:
        """One response, ``entry`` counted from 0.

        Raises:
            BadShard: the shard has none at that place, or it cannot be read.
        """
        try:
            read = msgspec.json.decode(self._rows[entry], type=TextResponse)
            if read != TextResponse():  # else perhaps names in snake_case
                return read
        except (IndexError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        answer = raw_response(self._data, entry, self._where)
        try:
            return patiently(answer, TextResponse)
        except (msgspec.DecodeError, RecursionError, OverflowError) as error:
            raise BadShard(f"The text cannot be read: {error}", where=self._where) from None
