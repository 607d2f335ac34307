"""Reading: character error rate on pages drawn in sixteen languages, plain and distorted.

The text is the first article of the Universal Declaration of Human Rights (un.org, in the public
domain) and a line of figures; lines of two scripts, tables and screens are in ``text_layouts``.
Whitespace counts as one space, or not at all where a language writes none. Fonts are those of
Debian's packages (``scripts/evaluation_packages.sh``), drawn with libraqm.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.evaluation.figures import Figure, ask, jpeg, noisy
from scripts.evaluation.fonts import DEJAVU, Font, font_file

LETTERS = 26  # pixels
LINE = 40
MARGIN = 40
WIDTH = 900  # of the page, in pixels
FIGURES = "No. 4071 - 18:45 - 29.90 EUR"
PLAIN = "plain"
CJK = ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc")
FIGURES_FONT = "DejaVuSans.ttf"  # not every font has Latin letters


class Language(NamedTuple):
    """What is drawn in a language, and with which of Debian's fonts.

    Attributes:
        face: which font of a collection.
    """

    code: str
    text: str
    fonts: tuple[str, ...] = DEJAVU
    spaced: bool = True
    face: int = 0
    from_right: bool = False


LANGUAGES = (
    Language(
        "en",
        "All human beings are born free and equal in dignity and rights. They are endowed with "
        "reason and conscience and should act towards one another in a spirit of brotherhood.",
    ),
    Language(
        "de",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
        "und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    ),
    Language(
        "fr",
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués "
        "de raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
        "fraternité.",
    ),
    Language(
        "pl",
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
        "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    ),
    Language(
        "zh",
        "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
        CJK,
        spaced=False,
        face=2,
    ),
    Language(
        "ja",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
        "人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
        CJK,
        spaced=False,
    ),
    Language(
        "ru",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
        "разумом и совестью и должны поступать в отношении друг друга в духе братства.",
    ),
    Language(
        "el",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. "
        "Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους "
        "με πνεύμα αδελφοσύνης.",
    ),
    Language(
        "tr",
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve "
        "vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket "
        "etmelidirler.",
    ),
    Language(
        "uk",
        "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони "
        "наділені розумом і совістю і повинні діяти у відношенні один до одного в дусі "
        "братерства.",
    ),
    Language(
        "ko",
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "
        "인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 "
        "행동하여야 한다.",
        CJK,
        face=1,
    ),
    Language(
        "ar",
        "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا "
        "وعليهم أن يعامل بعضهم بعضًا بروح الإخاء.",
        ("NotoNaskhArabic-Regular.ttf", "DejaVuSans.ttf"),
        from_right=True,
    ),
    Language(
        "he",
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה "
        "ובמצפון, לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה.",
        ("DejaVuSans.ttf", "FreeSerif.ttf"),
        from_right=True,
    ),
    Language(
        "hi",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता "
        "प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें "
        "भाईचारे के भाव से बर्ताव करना चाहिए।",
        ("NotoSansDevanagari-Regular.ttf", "NotoSerifDevanagari-Regular.ttf"),
    ),
    Language(
        "th",
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ "
        "ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
        ("Loma.ttf", "Norasi.ttf"),
        spaced=False,
    ),
)


def _photographed(page: Image.Image) -> Image.Image:
    """From the side: the right edge is 12 % shorter."""
    width, height = page.size
    short = 0.12 * height
    corners = (0, 0, 0, height, width, height + short, width, -short)
    return page.transform(
        page.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor="white"
    )


DISTORTIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    PLAIN: lambda page: page,
    "turned by 4°": lambda page: page.rotate(
        4, Image.Resampling.BICUBIC, expand=True, fillcolor="white"
    ),
    "from the side": _photographed,
    "half the size": lambda page: page.resize(
        (page.width // 2, page.height // 2), Image.Resampling.BICUBIC
    ),
    "on its side": lambda page: page.transpose(Image.Transpose.ROTATE_90),
    "on its head": lambda page: page.transpose(Image.Transpose.ROTATE_180),
    "blurred by 2.5 pixels": lambda page: page.filter(ImageFilter.GaussianBlur(2.5)),
    "noise 40, JPEG 15": lambda page: jpeg(noisy(page, 40, seed=1), 15),
}


def lines_of(language: Language, font: Font) -> list[str]:
    """The text broken to the page's width."""
    words = language.spaced or " " in language.text  # Thai has spaces, between sentences
    pieces = language.text.split(" ") if words else list(language.text)
    between = " " if words else ""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        longer = lines[-1] + between + piece
        if font.getlength(longer) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [*lines, FIGURES]


def draw(lines: list[str], font: Font, *, from_right: bool = False) -> Image.Image:
    """A page, dark grey on white; the last line, figures, in Latin letters."""
    page = Image.new("RGB", (WIDTH, 2 * MARGIN + LINE * len(lines)), "white")
    pen = ImageDraw.Draw(page)
    latin = font_file(FIGURES_FONT)
    figures = font if latin is None else ImageFont.truetype(str(latin), LETTERS)
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        pen.text(
            (WIDTH - MARGIN if from_right else MARGIN, MARGIN + LINE * number),
            line,
            fill=(30, 30, 30),
            font=figures if last else font,
            anchor="ra" if from_right else "la",
            direction="rtl" if from_right and not last else None,
        )
    return page


def normed(text: str, *, spaced: bool) -> str:
    """What is compared: composed letters, full-width signs as plain ones, whitespace alike."""
    return (" " if spaced else "").join(unicodedata.normalize("NFKC", text).split())


def errors(read: str, truth: str, *, spaced: bool) -> tuple[int, int]:
    """Characters to insert, delete or change, and how many there should be."""
    from rapidfuzz.distance import Levenshtein

    expected = normed(truth, spaced=spaced)
    return Levenshtein.distance(normed(read, spaced=spaced), expected), len(expected)


def evaluate() -> Iterator[Figure]:
    """One figure for each language and distortion."""
    for language in LANGUAGES:
        files = [path for name in language.fonts if (path := font_file(name)) is not None]
        for case in DISTORTIONS:
            yield _figure(language, case, files)


def _figure(language: Language, case: str, fonts: list[Path]) -> Figure:
    part, measure = f"text, {language.code}", "character error rate"
    if not fonts:
        wanted = ", ".join(language.fonts)
        return Figure(part, case, measure, None, note=f"skipped: no font ({wanted})")
    wrong = total = 0
    for path in fonts:
        font = ImageFont.truetype(str(path), LETTERS, index=language.face)
        lines = lines_of(language, font)
        page = draw(lines, font, from_right=language.from_right)
        response = ask("DOCUMENT_TEXT_DETECTION", DISTORTIONS[case](page))
        edits = errors(response.full_text_annotation.text, "\n".join(lines), spaced=language.spaced)
        wrong, total = wrong + edits[0], total + edits[1]
    return Figure(part, case, measure, wrong / total, total)
