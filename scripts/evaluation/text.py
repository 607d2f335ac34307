"""Reading: character error rate on pages drawn in eight languages, plain and distorted.

The text is the first article of the Universal Declaration of Human Rights (un.org, in the public
domain) and a line of figures. Whitespace counts as one space, or not at all where a language
writes none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.evaluation.figures import Figure, ask, jpeg, noisy, package_file

LETTERS = 26  # pixels
LINE = 40
MARGIN = 40
WIDTH = 900  # of the page, in pixels
FIGURES = "No. 4071 - 18:45 - 29.90 EUR"
PLAIN = "plain"
SANS = ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf")
SERIF = ("matplotlib", "mpl-data/fonts/ttf/DejaVuSerif.ttf")
CJK = ("noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf")


class Language(NamedTuple):
    """What is drawn in a language, and with what."""

    code: str
    text: str
    fonts: tuple[tuple[str, str], ...]
    spaced: bool = True


LANGUAGES = (
    Language(
        "en",
        "All human beings are born free and equal in dignity and rights. They are endowed with "
        "reason and conscience and should act towards one another in a spirit of brotherhood.",
        (SANS, SERIF),
    ),
    Language(
        "de",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
        "und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
        (SANS, SERIF),
    ),
    Language(
        "fr",
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués "
        "de raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
        "fraternité.",
        (SANS, SERIF),
    ),
    Language(
        "pl",
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
        "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
        (SANS, SERIF),
    ),
    Language(
        "zh",
        "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
        (CJK,),
        spaced=False,
    ),
    Language(
        "ja",
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
        "人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
        (CJK,),
        spaced=False,
    ),
    Language(
        "ru",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены "
        "разумом и совестью и должны поступать в отношении друг друга в духе братства.",
        (SANS, SERIF),
    ),
    Language(
        "el",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. "
        "Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους "
        "με πνεύμα αδελφοσύνης.",
        (SANS, SERIF),
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
    "blurred by 2.5 pixels": lambda page: page.filter(ImageFilter.GaussianBlur(2.5)),
    "noise 40, JPEG 15": lambda page: jpeg(noisy(page, 40, seed=1), 15),
}


def lines_of(language: Language, font: ImageFont.FreeTypeFont) -> list[str]:
    """The text broken to the page's width."""
    pieces = language.text.split(" ") if language.spaced else list(language.text)
    between = " " if language.spaced else ""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        longer = lines[-1] + between + piece
        if font.getlength(longer) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [*lines, FIGURES]


def draw(lines: list[str], font: ImageFont.FreeTypeFont) -> Image.Image:
    """A page, dark grey on white."""
    page = Image.new("RGB", (WIDTH, 2 * MARGIN + LINE * len(lines)), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + LINE * number), line, fill=(30, 30, 30), font=font)
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
        fonts = [package_file(*font) for font in language.fonts]
        found = [font for font in fonts if font is not None]
        for case in DISTORTIONS:
            yield _figure(language, case, found)


def _figure(language: Language, case: str, fonts: list[Path]) -> Figure:
    part, measure = f"text, {language.code}", "character error rate"
    if not fonts:
        wanted = ", ".join(package for package, _ in language.fonts)
        return Figure(part, case, measure, None, note=f"skipped: no font ({wanted})")
    wrong = total = 0
    for path in fonts:
        font = ImageFont.truetype(str(path), LETTERS)
        lines = lines_of(language, font)
        response = ask("DOCUMENT_TEXT_DETECTION", DISTORTIONS[case](draw(lines, font)))
        found = errors(response.full_text_annotation.text, "\n".join(lines), spaced=language.spaced)
        wrong, total = wrong + found[0], total + found[1]
    return Figure(part, case, measure, wrong / total, total)
