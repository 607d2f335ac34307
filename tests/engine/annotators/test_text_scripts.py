"""Text in other scripts than Latin: read by Tesseract, laid out and told as everything else."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision
from PIL import Image, ImageDraw, ImageFont

from core.engine.annotators.capabilities import CAPABILITIES
from core.engine.annotators.text import TextAnnotator
from core.engine.ocr.language_data import LANGUAGE_DATA, missing
from core.engine.ocr.tesseract_reader import TesseractReader
from core.engine.ocr.text_language import LanguageGuesser
from core.engine.ocr.text_reader import TextReader
from core.settings import Settings
from tests.kit.pictures.drawn_text import INSTALL, drawn_lines, font_file
from tests.kit.pictures.real_pictures import Annotate, picture_from

pytestmark = pytest.mark.slow

MODELS = Settings.from_env().home / "engine" / "models"
needs_data = pytest.mark.skipif(
    bool(missing(MODELS)),
    reason=f"no Tesseract data for {[data.name for data in missing(MODELS)]}: {INSTALL}",
)
RUSSIAN = ("Корабли вышли из гавани рано утром.", "Дети играли на лугу перед домом.")
PAGES: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "ru": (RUSSIAN, {}),
    "uk": (("Кораблі вийшли з гавані рано-вранці.", "Діти гралися на луці біля дому."), {}),
    "el": (("Τα πλοία έφυγαν νωρίς το πρωί από το λιμάνι.",), {}),
    "ar": (("غادرت السفن الميناء في الصباح الباكر.",), {"from_right": True}),
    "he": (("האוניות עזבו את הנמל מוקדם בבוקר.",), {"from_right": True}),
    "hi": (("सभी लोग सुबह जल्दी बंदरगाह से निकल गए।",), {"font": "FreeSans.ttf"}),
    "th": (("เรือออกจากท่าเรือแต่เช้าตรู่",), {"font": "Loma.ttf"}),
}


def whole(response: vision.AnnotateImageResponse) -> tuple[str, str]:
    """Text and its language."""
    first = response.text_annotations[0]
    return first.description, first.locale


@needs_data
@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_is_read_and_its_language_told(code: str, annotate: Annotate) -> None:
    lines, how = PAGES[code]
    text, language = whole(annotate("TEXT_DETECTION", picture_from(drawn_lines(*lines, **how))))
    assert language == code
    spaced = code != "th"
    assert (text if spaced else text.replace(" ", "")).split("\n") == list(lines)


@needs_data
@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180])
def test_a_page_that_does_not_stand_upright(turn: Image.Transpose, annotate: Annotate) -> None:
    page = drawn_lines(*RUSSIAN).transpose(turn)
    assert whole(annotate("TEXT_DETECTION", picture_from(page)))[0].split("\n") == list(RUSSIAN)


@needs_data
def test_words_from_right_to_left_have_their_own_boxes(annotate: Annotate) -> None:
    response = annotate(
        "TEXT_DETECTION", picture_from(drawn_lines(*PAGES["he"][0], from_right=True))
    )
    boxes = [
        [vertex.x for vertex in word.bounding_poly.vertices]
        for word in response.text_annotations[1:]
    ]
    assert len(boxes) == 6
    lefts = [box[0] for box in boxes]
    assert lefts == sorted(lefts, reverse=True)
    assert all(box[0] + 10 < box[1] for box in boxes)


@needs_data
def test_latin_words_in_a_russian_line_stay_latin(annotate: Annotate) -> None:
    page = drawn_lines("Телефон Samsung Galaxy подешевел", "Цена на сайте Example: 500 рублей")
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(page)))
    assert "Samsung Galaxy" in text and "Example" in text and "подешевел" in text


RECEIPTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "ru": (
        ("Кассир: Иванова", "Итого: 180,90 руб.", "Тел.: +7 (495) 123-45-67", "ИНН 7701234567"),
        {"font": "LiberationSans-Regular.ttf"},
    ),
    "el": (
        ("Καφέ «Συνάντηση»", "Ταμίας: Μαρία", "Τηλ.: 210 123 4567", "ΑΦΜ 123456789"),
        {"font": "FreeSerif.ttf"},
    ),
    "he": (("קופאית: מרים", "לחם 12.50", 'סה"כ: 20.40 ש"ח'), {"from_right": True}),
}


@needs_data
@pytest.mark.parametrize("code", sorted(RECEIPTS))
def test_short_lines_with_figures_are_in_the_script_of_their_page(
    code: str, annotate: Annotate
) -> None:
    """Telephone numbers and totals were taken for Latin or Thai, and "Тел." became "Te."."""
    lines, how = RECEIPTS[code]
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(drawn_lines(*lines, **how))))
    assert text.split("\n") == list(lines)


@needs_data
def test_a_word_before_figures_is_read_where_the_first_reader_has_the_figures_alone(
    annotate: Annotate,
) -> None:
    lines = ("कैशियर: सीता", "कुल: 74.50 रुपये", "फोन: 011-2345678")
    page = picture_from(drawn_lines(*lines, font="FreeSans.ttf"))
    assert "फोन:" in whole(annotate("TEXT_DETECTION", page))[0]


@needs_data
def test_a_word_alone_on_a_sign_is_read(annotate: Annotate) -> None:
    sign = Image.new("RGB", (640, 300), (0, 110, 60))
    letters = ImageFont.truetype(str(font_file("DejaVuSans-Bold.ttf")), 70)
    ImageDraw.Draw(sign).text((320, 150), "Έξοδος", "white", letters, anchor="mm")
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(sign)))
    assert text == "Έξοδος"


@needs_data
def test_an_address_in_a_line_from_the_right_is_read_beside_its_words(annotate: Annotate) -> None:
    lines = ("راسلنا على info@example.com اليوم", "تم تثبيت نظام Windows بنجاح")
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(drawn_lines(*lines, from_right=True))))
    assert text.split("\n") == list(lines)


@needs_data
def test_a_comma_behind_a_number_stays_behind_it_from_right_to_left(annotate: Annotate) -> None:
    lines = ("משעה 08:30 עד 19:45, סגור בשבת.", "טלפון 03-5551234, רחוב הרצל 17")
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(drawn_lines(*lines, from_right=True))))
    assert text.split("\n") == list(lines)


@needs_data
def test_latin_lines_of_a_russian_page_stay_latin(annotate: Annotate) -> None:
    latin = ("Samsung Galaxy A54", "www.example.ru", "TOTAL 12.50", "18.03.2025 14:25")
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(drawn_lines(*RUSSIAN, *latin))))
    assert text.split("\n") == [*RUSSIAN, *latin]


def test_without_data_nothing_is_made_up_and_the_page_is_told_why() -> None:
    """Russian letters that look Latin were read as words before."""
    annotator = TextAnnotator(
        TextReader(TesseractReader({})), LanguageGuesser(), list(LANGUAGE_DATA.values())
    )
    response = vision.AnnotateImageResponse()
    picture = picture_from(drawn_lines("Дети играли на лугу перед", "Кораблі вийшли з гавані"))
    annotator.annotate(picture, vision.Feature(), vision.ImageContext(), response)
    assert not response.text_annotations
    differs = annotator.differs()
    assert "Cyrillic" in differs["limits"] and "tesseract-ocr-script-cyrl" in differs["limits"]
    assert differs["model"] != CAPABILITIES["TEXT_DETECTION"].model


@needs_data
def test_a_line_out_of_focus_is_sharpened(annotate: Annotate) -> None:
    from PIL import ImageFilter

    page = drawn_lines(*RUSSIAN, size=26).filter(ImageFilter.GaussianBlur(2.5))
    text, _ = whole(annotate("TEXT_DETECTION", picture_from(page)))
    wrong = sum(a != b for a, b in zip(text.split("\n")[0], RUSSIAN[0], strict=False))
    assert wrong <= 2


@needs_data
def test_accents_belong_to_their_letters(annotate: Annotate) -> None:
    lines, how = PAGES["hi"]
    response = annotate("DOCUMENT_TEXT_DETECTION", picture_from(drawn_lines(*lines, **how)))
    (page,) = response.full_text_annotation.pages
    symbols = [
        symbol.text
        for block in page.blocks
        for paragraph in block.paragraphs
        for word in paragraph.words
        for symbol in word.symbols
    ]
    assert "भी" in symbols and "ी" not in symbols
