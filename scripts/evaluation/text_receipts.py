"""Receipts: short lines with figures, Latin words and addresses in other scripts than Latin.

By such a line alone nobody sees its script: "Тел.: +7 (495) 123-45-67" has three letters of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from scripts.evaluation.figures import Figure, ask
from scripts.evaluation.fonts import Font, font_file
from scripts.evaluation.text import CJK, errors

SIZES = (22, 40)  # pixels
LATIN = "DejaVuSans.ttf"
FROM_RIGHT = ("he", "ar")
EUROPEAN = ("FreeSerif.ttf", "LiberationSans-Regular.ttf", "DejaVuSansMono.ttf")
FONTS: dict[str, tuple[str, ...]] = {
    "ru": EUROPEAN,
    "uk": EUROPEAN,
    "el": EUROPEAN,
    "ko": CJK,
    "he": ("DejaVuSans.ttf", "FreeSans.ttf", "FreeSerif.ttf"),
    "ar": ("DejaVuSans.ttf", "DejaVuSansMono.ttf"),
    "th": ("Loma.ttf", "Norasi.ttf"),
    "hi": ("FreeSans.ttf",),
}
LINES: dict[str, str] = {
    "ru": "Кафе «Встреча»|Кассир: Иванова|Чек № 4071 от 18.03.2025|Хлеб 45,50|Молоко 89,90"
    "|Итого: 180,90 руб.|НДС 20%: 30,15|Тел.: +7 (495) 123-45-67|ИНН 7701234567|www.example.ru"
    "|Спасибо за покупку!",
    "uk": "Кав'ярня «Зустріч»|Касир: Коваленко|Чек № 4071 від 18.03.2025|Хліб 45,50|Молоко 89,90"
    "|Разом: 180,90 грн|ПДВ 20%: 30,15|Тел.: +38 (044) 123-45-67|www.example.ua"
    "|Дякуємо за покупку!",
    "el": "Καφέ «Συνάντηση»|Ταμίας: Μαρία|Απόδειξη 4071 18.03.2025|Ψωμί 1,50|Γάλα 1,90"
    "|Σύνολο: 4,90 €|ΦΠΑ 24%: 0,95|Τηλ.: 210 123 4567|ΑΦΜ 123456789|www.example.gr"
    "|Ευχαριστούμε πολύ!",
    "ko": "만남 카페|담당: 김민수|영수증 4071 2025-03-18|빵 1,500|우유 2,900|합계: 5,900원"
    "|전화: 02-1234-5678|www.example.kr|감사합니다!",
    "he": 'קפה המפגש|קופאית: מרים|חשבונית 4071 18.03.2025|לחם 12.50|חלב 7.90|סה"כ: 20.40 ש"ח'
    "|טל: 03-1234567, חיפה|תודה רבה!",
    "ar": "مقهى اللقاء|الموظف: محمد|فاتورة 4071 18.03.2025|خبز 12.50|حليب 7.90"
    "|المجموع: 20.40 ريال|هاتف: 0555123456|البريد info@example.com اليوم|شكرا لكم!",
    "th": "ร้านกาแฟนัดพบ|พนักงาน: สมชาย|ใบเสร็จ 4071 18.03.2025|ขนมปัง 45.50|นม 29.00"
    "|รวม: 74.50 บาท|โทร: 02-123-4567|www.example.co.th|ขอบคุณมาก!",
    "hi": "मिलन कैफे|कैशियर: सीता|रसीद 4071 18.03.2025|रोटी 45.50|दूध 29.00|कुल: 74.50 रुपये"
    "|फोन: 011-2345678|धन्यवाद!",
}


def drawn(lines: list[str], font: Font, latin: Font, *, from_right: bool) -> Image.Image:
    """A receipt; lines without a letter of the script are drawn with the other font."""
    size = round(font.size)
    page = Image.new("RGB", (24 * size, 80 + 2 * size * len(lines)), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text(
            (page.width - 40 if from_right else 40, 40 + 2 * size * number),
            line,
            fill=(20, 20, 20),
            font=latin if line.isascii() else font,
            anchor="ra" if from_right else "la",
            direction="rtl" if from_right else None,
        )
    return page


def evaluate() -> Iterator[Figure]:
    """One figure for each language and size of letters."""
    for code, fonts in FONTS.items():
        files = [path for name in fonts if (path := font_file(name)) is not None]
        for size in SIZES:
            yield _figure(code, size, files)


def _figure(code: str, size: int, fonts: list[Path]) -> Figure:
    part, case, measure = f"receipts, {code}", f"{size} pixels", "character error rate"
    latin = font_file(LATIN)
    if not fonts or latin is None:
        wanted = ", ".join((*FONTS[code], LATIN))
        return Figure(part, case, measure, None, note=f"skipped: no font ({wanted})")
    lines = LINES[code].split("|")
    wrong = total = 0
    for path in fonts:
        font = ImageFont.truetype(str(path), size, index=1 if code == "ko" else 0)
        page = drawn(
            lines, font, ImageFont.truetype(str(latin), size), from_right=code in FROM_RIGHT
        )
        response = ask("DOCUMENT_TEXT_DETECTION", page)
        text, truth = response.full_text_annotation.text, "\n".join(lines)
        edits = errors(text, truth, spaced=code != "th")
        wrong, total = wrong + edits[0], total + edits[1]
    return Figure(part, case, measure, wrong / total, total)
