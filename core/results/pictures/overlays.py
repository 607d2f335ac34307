"""Annotations drawn on their picture, upright, as a PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from core.pictures.orientation import UPRIGHT, upright_size
from core.results.pictures.exif_upright import Upright
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations, Shape
from core.results.theme import FEATURE_COLORS

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

MAX_SHAPES = 5_000  # a page has fewer words; hostile results have no limit
LABELLED = frozenset({"object", "landmark", "product", "logo", "face"})
_Point = tuple[float, float]
_Box = tuple[float, float, float, float]


def is_named(shape: Shape) -> bool:
    """Whether ``draw`` says beside the shape what it is."""
    return shape.kind in LABELLED and bool(shape.name)


def draw(
    picture: Upright,
    annotations: Annotations,
    blur: bool = False,
    kinds: Collection[str] | None = None,
    quality: int = 0,
    names: bool = True,
) -> bytes:
    """A picture or page with its annotations, as PNG bytes.

    Args:
        picture: is not drawn into.
        blur: make the picture itself unrecognisable, as for flagged ones; boxes stay sharp.
        kinds: which of ``SHAPE_KINDS`` to draw; None for all.
        quality: 1 to 95 gives a JPEG of that quality instead: a third of the time and of the bytes.
        names: say beside each of ``LABELLED`` what it is, where there is room.
    """
    from PIL import Image

    canvas, stored, orientation = picture
    if blur:
        canvas = blurred(canvas)
    wanted = set(SHAPE_KINDS if kinds is None else kinds)
    shapes = [shape for shape in annotations.shapes if shape.kind in wanted and shape.points]
    layer = Image.new("RGBA", canvas.size, (0, 0, 0, 0))
    _Pen(layer, stored, orientation).draw_all(shapes[:MAX_SHAPES], names)
    out = io.BytesIO()
    drawn = Image.alpha_composite(canvas.convert("RGBA"), layer).convert("RGB")
    if quality:
        drawn.save(out, "JPEG", quality=quality)
    else:
        drawn.save(out, "PNG")
    return out.getvalue()


def blurred(image: Image.Image) -> Image.Image:
    """Shrunk to a dozen dots and blown up: nothing of the picture can be won back."""
    from PIL import Image

    longest = max(image.size)
    dots = (max(1, round(12 * image.width / longest)), max(1, round(12 * image.height / longest)))
    return image.resize(dots, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)


class _Pen:
    """Draws shapes on a transparent layer: a dark edge under each colour, and names in plates."""

    def __init__(self, layer: Image.Image, stored: tuple[int, int], orientation: int) -> None:
        from PIL import ImageDraw, ImageFont

        self.size = layer.size
        self.stored = stored
        self.orientation = orientation
        self.pen: ImageDraw.ImageDraw = ImageDraw.Draw(layer, "RGBA")
        self.width = max(2, round(max(layer.size) / 400))
        self.font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.load_default(
            size=max(12, min(28, round(max(layer.size) / 55)))
        )
        self.taken: list[_Box] = []

    def draw_all(self, shapes: list[Shape], names: bool) -> None:
        """Small things over large ones, and names over everything."""
        placed = [(shape, self._points(shape)) for shape in shapes]
        placed.sort(key=lambda pair: SHAPE_KINDS.index(pair[0].kind))
        for shape, points in placed:
            self._outline(shape.kind, points)
        for shape, points in placed:
            if names and is_named(shape):
                self._name(shape, points)

    def _points(self, shape: Shape) -> list[_Point]:
        """Corners on the layer. Those far outside are drawn in, since Pillow walks all the way."""
        width, height = (1, 1) if shape.normalized else self.stored
        upright = UPRIGHT[self.orientation]
        across, down = upright_size(width, height, self.orientation)
        placed = []
        for corner in shape.points:
            x, y = upright(*corner, width, height)
            placed.append(
                (
                    self.size[0] * min(max(x / across, -1), 2),
                    self.size[1] * min(max(y / down, -1), 2),
                )
            )
        return placed

    def _outline(self, kind: str, points: list[_Point]) -> None:
        color = FEATURE_COLORS[kind]
        if len(points) == 1:
            (x, y), r = points[0], self.width
            self.pen.ellipse((x - r, y - r, x + r, y + r), fill=color, outline="#00000099")
            return
        ring = [*points, points[0]]
        thin = max(1, self.width // 2) if kind == "word" else self.width
        if kind in ("word", "hit"):
            self.pen.polygon(points, fill=color + ("38" if kind == "word" else "60"))
        if kind == "crop_hint":
            self._dashes(ring, color)
            return
        self.pen.line(ring, fill="#0b0f16a0", width=thin + 2, joint="curve")
        self.pen.line(ring, fill=color, width=thin, joint="curve")

    def _dashes(self, ring: list[_Point], color: str) -> None:
        step = 6 * self.width
        for (x0, y0), (x1, y1) in pairwise(ring):
            length = math.hypot(x1 - x0, y1 - y0)
            for place in range(0, int(length), 2 * step):
                a, b = place / length, min((place + step) / length, 1)
                dash = [
                    (x0 + (x1 - x0) * a, y0 + (y1 - y0) * a),
                    (x0 + (x1 - x0) * b, y0 + (y1 - y0) * b),
                ]
                self.pen.line(dash, fill="#0b0f16a0", width=self.width + 2)
                self.pen.line(dash, fill=color, width=self.width)

    def _name(self, shape: Shape, points: list[_Point]) -> None:
        text = "".join(c if c.isprintable() else " " for c in shape.name)[:40]
        if shape.score is not None:
            text = f"{text} {shape.score:.2f}"
        left, top, right, bottom = self.pen.textbbox((0, 0), text, font=self.font)
        pad = self.width + 2
        width, height = right - left + 2 * pad, bottom - top + 2 * pad
        place = self._free(points, width, height)
        if place is None:
            return
        x, y = place
        self.taken.append((x, y, x + width, y + height))
        self.pen.rounded_rectangle(
            (x, y, x + width, y + height), radius=pad, fill=FEATURE_COLORS[shape.kind] + "f0"
        )
        self.pen.text((x + pad - left, y + pad - top), text, fill="#0b0f16", font=self.font)

    def _free(self, points: list[_Point], width: float, height: float) -> _Point | None:
        """Where a name fits: above the shape, inside it, below it, or a little lower.

        None if it would lie on another name there, or is larger than the picture.
        """
        if width > self.size[0] or height > self.size[1]:
            return None
        x = min(point[0] for point in points)
        top, bottom = min(p[1] for p in points), max(p[1] for p in points)
        x = max(0.0, min(x, self.size[0] - width))
        tries = [top - height, top, bottom, bottom - height]
        tries += [top + height * n for n in range(1, 12)]
        places = [max(0.0, min(y, self.size[1] - height)) for y in tries]
        for y in places:
            box = (x, y, x + width, y + height)
            if not any(_overlap(box, other) for other in self.taken):
                return x, y
        return None


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
