"""Long and narrow pictures are read in strips, and no line is lost, cut or read twice."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.engine.ocr.lines import Line, Symbol
from core.engine.ocr.long_pictures import read_in_strips
from core.engine.ocr.tesseract_reader import TesseractReader
from core.engine.ocr.text_reader import TextReader
from core.pictures.picture import Picture, decode

WIDTH = 10  # of a drawn letter


def reading(marks: dict[int, str]) -> Callable[[Picture], list[Line]]:
    """A reader of pictures whose pixels say where they come from, as ``coded`` draws them."""

    def read(picture: Picture) -> list[Line]:
        pixels = picture.pixels.astype(int)
        begin = int(pixels[0, 0, 0] * 65536 + pixels[0, 0, 1] * 256 + pixels[0, 0, 2])
        wide = picture.width > picture.height
        end = begin + (picture.width if wide else picture.height)
        lines = []
        for start, text in marks.items():
            if not wide:
                if begin <= start and start + 20 <= end:
                    lines.append(line(text, 5, start - begin))
                continue
            seen = [n for n in range(len(text)) if begin <= start + n * WIDTH <= end - WIDTH]
            if seen:
                part = text[seen[0] : seen[-1] + 1]
                lines.append(line(part, start + seen[0] * WIDTH - begin, 30))
        return lines

    return read


def line(text: str, x: float, y: float) -> Line:
    symbols = tuple(
        Symbol(letter, 0.9, n / len(text), (n + 1) / len(text)) for n, letter in enumerate(text)
    )
    x1 = x + WIDTH * len(text)
    return Line(np.array([[x, y], [x1, y], [x1, y + 20], [x, y + 20]], float), symbols)


def coded(width: int, height: int) -> Picture:
    """Each pixel's place along the longer side is its colour."""
    along = np.arange(max(width, height))
    colors = np.stack([along >> 16 & 255, along >> 8 & 255, along & 255], axis=1).astype(np.uint8)
    shape = (height, width, 3)
    return Picture(np.broadcast_to(colors if width > height else colors[:, None], shape).copy())


@pytest.mark.parametrize("size", [(300, 5_000), (60, 4_000), (300, 961), (1_000, 3_001)])
def test_each_line_of_a_long_picture_is_read_once_at_its_place(size: tuple[int, int]) -> None:
    marks = {y: f"line{y}" for y in range(0, size[1] - 20, 23)}
    lines = read_in_strips(reading(marks), coded(*size))
    assert [(round(one.quad[0][1]), one.text) for one in lines] == list(marks.items())


@pytest.mark.parametrize("length", [2_000, 5_000])
@pytest.mark.parametrize("gap", [" ", ""])
def test_a_line_along_a_banner_is_put_together(length: int, gap: str) -> None:
    text = gap.join(f"word{n}" for n in range(400))[: length // WIDTH - 4].rstrip()
    (joined,) = read_in_strips(reading({20: text}), coded(length, 90))
    assert joined.text == text
    assert joined.quad[:, 0].round().tolist() == [20, 20 + 10 * len(text), 20 + 10 * len(text), 20]
    assert joined.symbols[-1].end == pytest.approx(1)
    middle = [(s.begin + s.end) / 2 for s in joined.symbols]
    assert middle == sorted(middle)


def test_two_lines_that_end_and_begin_on_one_height_stay_two() -> None:
    marks = {20: "first " * 20, 2_600: "second " * 20}
    lines = read_in_strips(reading(marks), coded(5_000, 90))
    assert [one.text.split()[0] for one in lines] == ["first", "second"]


def test_a_line_that_one_strip_holds_is_not_put_together_with_its_rest_in_another() -> None:
    """The rest of "берегу." was read as a Latin "y" by itself."""
    whole = "a line that ends where the second strip has begun"

    def read(picture: Picture) -> list[Line]:
        begin = int(picture.pixels[0, 0].astype(int) @ (65536, 256, 1))
        end = 460 + WIDTH * len(whole)
        return [line(whole, 460, 30)] if not begin else [line("XYZ", 0, 30)] if begin < end else []

    first, *others = read_in_strips(read, coded(1_500, 440))
    assert first.text == whole and not others


def test_other_pictures_are_read_as_they_are() -> None:
    seen: list[Picture] = []
    picture = coded(800, 2_400)
    read_in_strips(lambda one: seen.append(one) or [], picture)  # type: ignore[func-returns-value]
    assert seen == [picture]


@pytest.mark.slow
def test_a_scrolled_screenshot_is_read_to_its_end() -> None:
    image = Image.new("RGB", (400, 5_000), "white")
    draw = ImageDraw.Draw(image)
    for n in range(50):
        draw.text((20, 20 + n * 98), f"ITEM {100 + n} 4.50", fill="black", font_size=20)
    file = io.BytesIO()
    image.save(file, "PNG")
    reader = TextReader(TesseractReader({}))
    texts = {line.text for line in read_in_strips(reader.read, decode(file.getvalue()))}
    assert sum(f"ITEM {100 + n}" in text for n in range(50) for text in texts) >= 48
