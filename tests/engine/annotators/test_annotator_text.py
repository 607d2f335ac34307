"""TEXT_DETECTION and DOCUMENT_TEXT_DETECTION on real and drawn pages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image, ImageDraw, ImageFont

from core.engine.annotators.text import TextAnnotator
from core.engine.ocr.lines import Line, Symbol
from core.engine.ocr.text_language import LanguageGuesser
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import Annotate, picture_from, sample

pytestmark = pytest.mark.slow

SPACE, EOL_SURE_SPACE, LINE_BREAK = 1, 3, 5
PAGE_LINES = [
    "Region-based segmentation",
    "Let us first determine markers of the coins and the",
    "background. These markers are pixels that we can label",
    "unambiguously as either object or background. Here,",
    "the markers are found at the two extreme parts of the",
    "histogram of grey values:",
    ">> markers = np.zeros_like(coins)",
]


def drawn(*lines: str, size: int = 30) -> Image.Image:
    """Black lines on a light page."""
    image = Image.new("RGB", (640, 90 + 60 * len(lines)), (244, 242, 235))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for at, text in enumerate(lines):
        pen.text((50, 40 + 60 * at), text, fill=(20, 20, 30), font=font)
    return image


def rebuilt(annotation: vision.TextAnnotation) -> str:
    """The text as a client builds it from symbols and breaks."""
    marks = {SPACE: " ", EOL_SURE_SPACE: "\n", LINE_BREAK: "\n"}
    text = ""
    for page in annotation.pages:
        for block in page.blocks:
            for paragraph in block.paragraphs:
                for word in paragraph.words:
                    for symbol in word.symbols:
                        text += symbol.text
                        text += marks.get(int(symbol.property.detected_break.type_), "")
    return text.removesuffix("\n")


def corners(polygon: Any) -> list[tuple[int, int]]:
    return [(vertex.x, vertex.y) for vertex in polygon.vertices]


def test_a_photographed_page_is_read_to_the_letter(annotate: Annotate) -> None:
    response = annotate("DOCUMENT_TEXT_DETECTION", sample("page.png"))
    whole, *words = response.text_annotations
    assert whole.description.split("\n") == PAGE_LINES
    assert whole.locale == "en"
    assert [word.description for word in words] == whole.description.split()
    assert not any(word.locale for word in words)
    full = response.full_text_annotation
    assert full.text == whole.description == rebuilt(full)
    (page,) = full.pages
    assert (page.width, page.height) == (384, 191)
    assert page.property.detected_languages[0].language_code == "en"


def test_every_level_has_box_confidence_and_language(annotate: Annotate) -> None:
    picture = sample("page.png")
    (page,) = annotate("DOCUMENT_TEXT_DETECTION", picture).full_text_annotation.pages
    paragraphs = [paragraph for block in page.blocks for paragraph in block.paragraphs]
    words = [word for paragraph in paragraphs for word in paragraph.words]
    parts: list[Any] = [*page.blocks, *paragraphs, *words]
    for part in parts:
        assert 0.5 < part.confidence <= 1
        assert part.property.detected_languages[0].language_code == "en"
    for part in [*parts, *(symbol for word in words for symbol in word.symbols)]:
        assert len(corners(part.bounding_box)) == 4
        assert all(
            0 <= x <= picture.width and 0 <= y <= picture.height
            for x, y in corners(part.bounding_box)
        )
    assert all(block.block_type == vision.Block.BlockType.TEXT for block in page.blocks)


def test_confidences_of_plain_text_detection_are_reported_if_asked(annotate: Annotate) -> None:
    """As ``TextDetectionParams`` says it."""
    picture = picture_from(drawn("the weather of that year"))
    plain = annotate("TEXT_DETECTION", picture)
    asked = vision.ImageContext(
        text_detection_params={"enable_text_detection_confidence_score": True}
    )
    with_confidences = annotate("TEXT_DETECTION", picture, asked)
    document = annotate("DOCUMENT_TEXT_DETECTION", picture)
    assert with_confidences == document != plain
    (page,) = plain.full_text_annotation.pages
    word = page.blocks[0].paragraphs[0].words[0]
    parts: list[Any] = [page, page.blocks[0], page.blocks[0].paragraphs[0], word, *word.symbols]
    assert [part.confidence for part in parts] == [0.0] * len(parts)
    assert plain.text_annotations == document.text_annotations


def test_word_boxes_lie_on_their_words(annotate: Annotate) -> None:
    image = Image.new("RGB", (700, 120), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(40)
    expected, left = {}, 30.0
    for word in ("Early", "ships", "leave", "harbour"):
        pen.text((left, 30), word, fill="black", font=font)
        right = left + pen.textlength(word, font=font)
        expected[word] = (left, right)
        left = right + 22
    response = annotate("TEXT_DETECTION", picture_from(image))
    boxes = {
        entity.description: corners(entity.bounding_poly)
        for entity in response.text_annotations[1:]
    }
    assert set(boxes) == set(expected)
    for word, (begin, end) in expected.items():
        assert boxes[word][0][0] == pytest.approx(begin, abs=14)
        assert boxes[word][2][0] == pytest.approx(end, abs=14)
        assert boxes[word][0][1] < 45 and boxes[word][2][1] > 62


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_pages(degrees: int, annotate: Annotate) -> None:
    lines = [f"Turned line of text number {n}" for n in range(4)]
    turned = drawn(*lines).rotate(degrees, expand=True)
    response = annotate("TEXT_DETECTION", picture_from(turned))
    assert response.text_annotations[0].description.split("\n") == lines
    (x, y), *_ = corners(response.text_annotations[0].bounding_poly)
    # The first corner is where reading begins, whichever way the page lies.
    width, height = turned.size
    assert (x < width / 2, y < height / 2) == {
        0: (True, True), 90: (True, False), 180: (False, False), 270: (False, True)
    }[degrees]  # fmt: skip


def test_boxes_are_in_pixels_of_the_full_picture(annotate: Annotate) -> None:
    small = drawn("Enlarged four times")
    large = small.resize((small.width * 4, small.height * 4), Image.Resampling.BICUBIC)
    entities = [
        annotate("TEXT_DETECTION", picture_from(image)).text_annotations[0]
        for image in (small, large)
    ]
    boxes = [np.array(corners(entity.bounding_poly)) for entity in entities]
    np.testing.assert_allclose(boxes[1] / 4, boxes[0], atol=5)


def test_small_print_of_a_large_scan_gets_a_second_look(annotate: Annotate) -> None:
    page = Image.new("RGB", (2480, 3508), "white")  # A4 at 300 dots an inch; 32 pixels are 8 points
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(32)
    lines = ["the weather of that year was a problem", "for a company with little to sell"]
    for at, text in enumerate(lines):
        pen.text((300, 1500 + 60 * at), text, fill="black", font=font)
    response = annotate("DOCUMENT_TEXT_DETECTION", picture_from(page))
    assert response.full_text_annotation.text.split("\n") == lines


def test_a_small_caption_on_a_photograph_gets_a_second_look(annotate: Annotate) -> None:
    image = Image.fromarray(sample("coffee.png").pixels).resize((1200, 900))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(16)
    pen.text((420, 450), "Copyright 2026 by the weather office", fill="white", font=font)
    words = annotate("TEXT_DETECTION", picture_from(image)).text_annotations
    assert words and "weather office" in words[0].description


def test_languages_by_paragraph(annotate: Annotate) -> None:
    image = Image.new("RGB", (900, 560), "white")
    for at, lines in enumerate(
        (
            ("The ships left the harbour early", "and the market opened at eight."),
            ("Die Kinder spielten am Nachmittag", "auf der Wiese vor dem Haus."),
        )
    ):
        image.paste(drawn(*lines), (0, 280 * at))
    (page,) = annotate("TEXT_DETECTION", picture_from(image)).full_text_annotation.pages
    codes = [block.property.detected_languages[0].language_code for block in page.blocks]
    assert codes == ["en", "de"]
    assert {code.language_code for code in page.property.detected_languages} == {"en", "de"}


def test_hints_and_max_results(annotate: Annotate) -> None:
    picture = picture_from(drawn("Total", "Extra"))
    assert annotate("TEXT_DETECTION", picture).text_annotations[0].locale == "und"
    context = vision.ImageContext(language_hints=["es"])
    hinted = annotate("TEXT_DETECTION", picture, context, most=1)
    assert hinted.text_annotations[0].locale == "es"
    assert len(hinted.text_annotations) == 3  # max_results does not apply to text


@pytest.mark.parametrize("name", ["coffee.png", "brick.png", "gravel.png", "horse.png"])
def test_pictures_without_text_stay_empty(name: str, annotate: Annotate) -> None:
    assert annotate("TEXT_DETECTION", sample(name)) == vision.AnnotateImageResponse()


class Counting:
    """A reader that counts."""

    def __init__(self, *lines: Line) -> None:
        self.lines, self.pictures = list(lines), 0

    def read(self, picture: Picture) -> list[Line]:
        self.pictures += 1
        return self.lines


@pytest.mark.parametrize("lines", [0, 1])
def test_both_features_are_read_once_and_the_next_picture_again(lines: int) -> None:
    quad = np.array([[0.0, 0], [90, 0], [90, 20], [0, 20]])
    symbols = (Symbol("A", 0.9, 0.0, 0.5), Symbol("B", 0.9, 0.5, 1.0))
    reader: Any = Counting(*[Line(quad, symbols)] * lines)
    annotator = TextAnnotator(reader, LanguageGuesser())
    picture, context = Picture(np.zeros((50, 100, 3), np.uint8)), vision.ImageContext()
    response = vision.AnnotateImageResponse()
    for _ in range(2):
        annotator.annotate(picture, vision.Feature(), context, response)
    assert reader.pictures == 1
    assert len(response.text_annotations) == 2 * lines
    other = Picture(np.zeros((50, 100, 3), np.uint8))
    annotator.annotate(other, vision.Feature(), context, vision.AnnotateImageResponse())
    assert reader.pictures == 2
