"""A small drawing board over Pillow for the sample pictures.

Everything is drawn at twice the size and halved at the end, since Pillow's shapes are not smooth.
The font is the one inside Pillow, so that a fresh machine needs no fonts; it knows ASCII only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = str | tuple[int, int, int]
_FACTOR = 2
_SOFT = 4  # shadows and glows are made so many times smaller


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


class Canvas:
    """A picture being drawn; all measures are pixels of the finished picture."""

    def __init__(self, width: int, height: int, fill: Colour = "white") -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * _FACTOR, height * _FACTOR), fill)
        self._draw = ImageDraw.Draw(self._image)

    def box(
        self, x: float, y: float, w: float, h: float, fill: Colour | None, **more: float | str
    ) -> None:
        """A rectangle; ``radius``, ``outline`` and ``line`` as wanted."""
        self._draw.rounded_rectangle(
            _scaled((x, y, x + w, y + h)),
            radius=float(more.get("radius", 0)) * _FACTOR,
            fill=fill,
            outline=str(more["outline"]) if "outline" in more else None,
            width=round(float(more.get("line", 0)) * _FACTOR),
        )

    def circle(
        self, x: float, y: float, r: float, fill: Colour | None, **more: float | str
    ) -> None:
        """A disc around (x, y); ``outline`` and ``line`` as wanted."""
        self._draw.ellipse(
            _scaled((x - r, y - r, x + r, y + r)),
            fill=fill,
            outline=str(more["outline"]) if "outline" in more else None,
            width=round(float(more.get("line", 0)) * _FACTOR),
        )

    def pie(self, x: float, y: float, r: float, start: float, end: float, fill: Colour) -> None:
        """A slice; degrees clockwise from three o'clock."""
        self._draw.pieslice(_scaled((x - r, y - r, x + r, y + r)), start, end, fill=fill)

    def shape(self, points: Sequence[tuple[float, float]], fill: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * _FACTOR, y * _FACTOR) for x, y in points], fill=fill)

    def line(self, points: Sequence[tuple[float, float]], fill: Colour, width: float = 1) -> None:
        """A line through points."""
        self._draw.line(
            [(x * _FACTOR, y * _FACTOR) for x, y in points],
            fill=fill,
            width=round(width * _FACTOR),
            joint="curve",
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        fill: Colour = "#1d1d1f",
        *,
        anchor: str = "la",
        bold: float = 0,
    ) -> None:
        """One line; ``anchor`` as Pillow has it, ``bold`` thickens the strokes."""
        self._draw.text(
            (x * _FACTOR, y * _FACTOR),
            text,
            font=_font(round(size * _FACTOR)),
            fill=fill,
            anchor=anchor,
            stroke_width=bold * _FACTOR,
            stroke_fill=fill,
        )

    def paragraph(
        self, x: float, y: float, width: float, text: str, size: float, **more: str
    ) -> float:
        """Text broken into lines; returns the y below it. ``fill`` as wanted."""
        font = _font(round(size * _FACTOR))
        fill = more.get("fill", "#2a2a2e")
        line = ""
        for word in [*text.split(), ""]:
            longer = f"{line} {word}".strip()
            if word and font.getlength(longer) <= width * _FACTOR:
                line = longer
                continue
            self.text(x, y, line, size, fill)
            y += size * 1.45
            line = word
        return y

    def gradient(self, colours: Sequence[str], top: float = 0, bottom: float | None = None) -> None:
        """Colours running down the picture between two heights."""
        bottom = self.height if bottom is None else bottom
        width, height = self.width * _FACTOR, round((bottom - top) * _FACTOR)
        column = Image.new("RGB", (1, len(colours)))
        for row, colour in enumerate(colours):
            column.paste(colour, (0, row, 1, row + 1))
        # Halving the outer rows away makes the first and last colour reach the edges.
        smooth = column.resize(
            (1, height), Image.Resampling.BILINEAR, box=(0, 0.5, 1, len(colours) - 0.5)
        )
        self._image.paste(smooth.resize((width, height)), (0, round(top * _FACTOR)))

    def glow(self, x: float, y: float, r: float, fill: Colour, blur: float) -> None:
        """A soft disc."""
        mask = Image.new("L", self._size(_SOFT), 0)
        around = [value / _SOFT for value in _scaled((x - r, y - r, x + r, y + r))]
        ImageDraw.Draw(mask).ellipse(around, fill=255)
        self._spread(mask, fill, blur * _FACTOR)

    def _size(self, part: int) -> tuple[int, int]:
        return max(1, self._image.width // part), max(1, self._image.height // part)

    def _spread(self, mask: Image.Image, fill: Colour, blur: float) -> None:
        """Paint through a small mask, blurred: small, since a blur of the whole takes seconds."""
        soft = mask.filter(ImageFilter.GaussianBlur(blur / _SOFT))
        soft = soft.resize(self._image.size, Image.Resampling.BICUBIC)
        self._image.paste(Image.new("RGB", self._image.size, fill), mask=soft)

    def on_desk(self, width: int, height: int, desk: Sequence[str], angle: float) -> Canvas:
        """This picture as a sheet of paper, a little askew and with a shadow, on a desk."""
        table = Canvas(width, height)
        table.gradient(desk)
        sheet = self._image.convert("RGBA").rotate(
            angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(0, 0, 0, 0)
        )
        x = (table._image.width - sheet.width) // 2
        y = (table._image.height - sheet.height) // 2
        shadow = Image.new("L", table._size(_SOFT), 0)
        dark = sheet.getchannel("A").point([value * 45 // 100 for value in range(256)])
        dark = dark.resize((sheet.width // _SOFT, sheet.height // _SOFT))
        shadow.paste(dark, ((x + 10) // _SOFT, (y + 16) // _SOFT))
        table._spread(shadow, "black", 14)
        table._image.paste(sheet, (x, y), sheet)
        return table

    def done(self) -> Image.Image:
        """The finished picture."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)


def _scaled(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (value * _FACTOR for value in box)
    return left, top, right, bottom
