"""TEXT_DETECTION and DOCUMENT_TEXT_DETECTION: one reading, both parts of the response.

The service fills ``text_annotations`` and ``full_text_annotation`` for either feature; for
TEXT_DETECTION it leaves the confidences out unless ``text_detection_params`` ask for them. A
request for both is read once.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.annotators.capabilities import CAPABILITIES
from core.engine.models.model_store import ModelStore
from core.engine.ocr.language_data import LanguageData, how_to_get, installed, missing
from core.engine.ocr.lines import Line, Quad, Symbol
from core.engine.ocr.long_pictures import read_in_strips
from core.engine.ocr.tesseract_reader import TesseractReader
from core.engine.ocr.text_language import UNDETERMINED, LanguageGuesser
from core.engine.ocr.text_layout import TextBlock, around, blocks_of
from core.engine.ocr.text_reader import TextReader

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

Word = tuple[Symbol, ...]
TEXT_DETECTION = 5  # vision.Feature.Type


class TextAnnotator:
    """Fills ``text_annotations`` and ``full_text_annotation``."""

    def __init__(
        self, reader: TextReader, languages: LanguageGuesser, absent: Sequence[LanguageData] = ()
    ) -> None:
        self._reader, self._languages, self._absent = reader, languages, list(absent)
        self._latest: tuple[weakref.ref[Picture], list[TextBlock]] | None = None

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``text_annotations`` and ``full_text_annotation``, for whichever of the two features
        comes first.
        """
        if response.text_annotations:
            return  # the other of the two features was there first
        blocks = self._blocks(picture)
        if not blocks:
            return
        hints = list(context.language_hints)
        writer = _Writer(picture.width, picture.height, self._languages, hints)
        writer.write(blocks, response)
        wanted = context.text_detection_params.enable_text_detection_confidence_score
        if feature.type_ == TEXT_DETECTION and not wanted:
            _without_confidence(type(response).pb(response).full_text_annotation)

    def differs(self) -> Mapping[str, str]:
        """See ``Differing``: scripts whose data is not there are not read."""
        if not self._absent:
            return {}
        usual = CAPABILITIES["DOCUMENT_TEXT_DETECTION"]
        without = f"without {', '.join(data.name for data in self._absent)}"
        return {
            "model": f"{usual.model}, {without}",
            "limits": f"Not read here: {', '.join(data.name for data in self._absent)}. "
            f"{how_to_get(self._absent)} {usual.limits}",
        }

    def _blocks(self, picture: Picture) -> list[TextBlock]:
        if self._latest is None or self._latest[0]() is not picture:
            lines = read_in_strips(self._reader.read, picture)
            self._latest = (weakref.ref(picture), blocks_of(lines))
        return self._latest[1]


class _Writer:
    """Blocks of lines -> the service's messages.

    Built as plain protobuf, since a page has thousands of symbols and proto-plus wraps each.
    """

    def __init__(
        self, width: int, height: int, languages: LanguageGuesser, hints: Sequence[str]
    ) -> None:
        self._width, self._height = width, height
        self._languages, self._hints = languages, hints

    def write(self, blocks: list[TextBlock], response: vision.AnnotateImageResponse) -> None:
        target = type(response).pb(response)
        text = "\n".join(_text(line.symbols) for block in blocks for line in block.lines)
        usual = self._languages.guess(text, self._hints)
        whole = target.text_annotations.add(locale=usual[0], description=text)
        self._polygon(whole.bounding_poly, around([line for b in blocks for line in b.lines]))
        target.full_text_annotation.text = text
        page = target.full_text_annotation.pages.add(width=self._width, height=self._height)
        # A short paragraph is most likely in the page's language, if the page has but one.
        guessed = {self._guess(lines)[0] for block in blocks for lines in block.paragraphs}
        fallback = usual if guessed <= {usual[0], UNDETERMINED} else (UNDETERMINED, 0.0)
        for block in blocks:
            self._block(page.blocks.add(), block, target, fallback)
        self._shares(page, [p for b in page.blocks for p in b.paragraphs])
        page.confidence = _mean(block.confidence for block in page.blocks)

    def _block(self, out: Any, block: TextBlock, target: Any, fallback: tuple[str, float]) -> None:
        out.block_type = 1  # TEXT
        self._polygon(out.bounding_box, around(block.lines))
        for lines in block.paragraphs:
            paragraph = out.paragraphs.add()
            self._polygon(paragraph.bounding_box, around(lines))
            guess = self._guess(lines)
            language = fallback if guess[0] == UNDETERMINED else guess
            for line in lines:
                self._line(paragraph, line, target, language, last=line is lines[-1])
            self._language(paragraph, language)
            paragraph.confidence = _mean(word.confidence for word in paragraph.words)
        self._shares(out, out.paragraphs)
        out.confidence = _mean(paragraph.confidence for paragraph in out.paragraphs)

    def _line(
        self, paragraph: Any, line: Line, target: Any, language: tuple[str, float], *, last: bool
    ) -> None:
        words = _words(line.symbols)
        for word in words:
            quad = line.part(min(s.begin for s in word), max(s.end for s in word))
            entity = target.text_annotations.add(description=_text(word))
            self._polygon(entity.bounding_poly, quad)
            out = paragraph.words.add(confidence=_mean(s.confidence for s in word))
            self._polygon(out.bounding_box, quad)
            self._language(out, language)
            for symbol in word:
                small = out.symbols.add(text=symbol.text, confidence=symbol.confidence)
                self._polygon(small.bounding_box, line.part(symbol.begin, symbol.end))
            kind = 1 if word is not words[-1] else 5 if last else 3  # SPACE, LINE_BREAK, EOL
            small.property.detected_break.type_ = kind

    def _polygon(self, out: Any, quad: Quad) -> None:
        for x, y in quad:
            out.vertices.add(
                x=int(np.clip(round(float(x)), 0, self._width)),
                y=int(np.clip(round(float(y)), 0, self._height)),
            )

    def _guess(self, lines: Sequence[Line]) -> tuple[str, float]:
        text = "\n".join(_text(line.symbols) for line in lines)
        return self._languages.guess(text, self._hints)

    def _shares(self, out: Any, paragraphs: Sequence[Any]) -> None:
        """Each language with its share of the words, the most used first."""
        words: Counter[str] = Counter()
        for paragraph in paragraphs:
            for language in paragraph.property.detected_languages:
                words[language.language_code] += len(paragraph.words)
        for code, count in words.most_common():
            self._language(out, (code, count / words.total()))

    @staticmethod
    def _language(out: Any, language: tuple[str, float]) -> None:
        if language[0] != UNDETERMINED:
            out.property.detected_languages.add(language_code=language[0], confidence=language[1])


def _without_confidence(text: Any) -> None:
    """Of the page down to the symbols; languages keep theirs."""
    for page in text.pages:
        page.ClearField("confidence")
        for block in page.blocks:
            block.ClearField("confidence")
            for paragraph in block.paragraphs:
                paragraph.ClearField("confidence")
                for word in paragraph.words:
                    word.ClearField("confidence")
                    for symbol in word.symbols:
                        symbol.ClearField("confidence")


def _words(symbols: Sequence[Symbol]) -> list[Word]:
    """Runs between spaces; never an empty one."""
    words: list[list[Symbol]] = [[]]
    for symbol in symbols:
        if symbol.text.isspace():
            words.append([])
        else:
            words[-1].append(symbol)
    return [tuple(word) for word in words if word]


def _text(symbols: Sequence[Symbol]) -> str:
    return " ".join("".join(s.text for s in word) for word in _words(symbols))


def _mean(values: Any) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def make(models: ModelStore) -> TextAnnotator:
    """Open the models, which come with rapidocr and py3langid themselves; and Tesseract, as far as
    there is data for it."""
    second = TesseractReader(installed(models.folder))
    return TextAnnotator(TextReader(second), LanguageGuesser(), missing(models.folder))
