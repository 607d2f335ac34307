"""Annotations drawn on their picture, upright, as a PNG."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from core.errors import PictureError
from core.results.annotations import SHAPE_KINDS, Annotations, Shape
from core.results.look import FEATURE_COLORS

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF")  # what the service accepts
MAX_PIXELS = 75_000_000  # the service's own limit
MAX_SHAPES = 5_000  # a page has fewer words; hostile results have no limit
LABELLED = frozenset({"object", "landmark", "product", "logo", "face"})
_ORIENTATION = 0x0112
_Point = tuple[float, float]
_Box = tuple[float, float, float, float]

# Upright place of a stored point, by EXIF orientation (exif.org, tag 0x0112); w, h as stored.
# Results count pixels in the file's own grid, and people want to see the picture upright.
UPRIGHT: dict[int, Callable[[float, float, float, float], _Point]] = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - y, x),
    7: lambda x, y, w, h: (h - y, w - x),
    8: lambda x, y, w, h: (y, w - x),
}


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Size of a stored width x height picture once it is turned upright."""
    return (height, width) if orientation >= 5 else (width, height)


def draw(
    picture: bytes,
    annotations: Annotations,
    size: int,
    blur: bool = False,
    kinds: Collection[str] | None = None,
    quality: int = 0,
) -> bytes:
    """The picture with its annotations, as PNG bytes.

    Args:
        picture: an image file's bytes; of an animation the first frame is drawn.
        size: longest side of the result in pixels; a smaller picture is not enlarged.
        blur: make the picture itself unrecognisable, as for flagged ones; boxes stay sharp.
        kinds: which of ``SHAPE_KINDS`` to draw; None for all.
        quality: 1 to 95 gives a JPEG of that quality instead: a third of the time and of the bytes.

    Raises:
        PictureError: the bytes are not a picture that can be opened.
    """
    from PIL import Image

    canvas, stored, orientation = upright_copy(picture, size, annotations.uri, annotations.page)
    if blur:
        canvas = blurred(canvas)
    wanted = set(SHAPE_KINDS if kinds is None else kinds)
    shapes = [shape for shape in annotations.shapes if shape.kind in wanted and shape.points]
    layer = Image.new("RGBA", canvas.size, (0, 0, 0, 0))
    _Pen(layer, stored, orientation).draw_all(shapes[:MAX_SHAPES])
    out = io.BytesIO()
    drawn = Image.alpha_composite(canvas.convert("RGBA"), layer).convert("RGB")
    if quality:
        drawn.save(out, "JPEG", quality=quality)
    else:
        drawn.save(out, "PNG")
    return out.getvalue()


def upright_copy(
    picture: bytes, size: int, where: str, page: int = 0
) -> tuple[Image.Image, tuple[int, int], int]:
    """An upright RGB copy of at most ``size``, the stored size, and the EXIF orientation.

    Args:
        page: which of several pages or frames, from 1; 0 for the first.

    Raises:
        PictureError: the bytes are not a picture that can be opened.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no concern of the user's here
            return _opened(picture, size, where, page)
    except PictureError:
        raise
    except Exception as error:  # Pillow's plugins raise whatever the bytes lead them to
        raise PictureError(
            "The picture cannot be opened", where=where, then=f"Pillow said: {str(error)[:120]}"
        ) from error


def _opened(
    data: bytes, size: int, where: str, page: int
) -> tuple[Image.Image, tuple[int, int], int]:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if page > 1:
            image.seek(page - 1)
        stored = image.size
        if stored[0] * stored[1] > MAX_PIXELS:
            raise PictureError("The picture has over 75 million pixels", where=where)
        orientation = _orientation(image)
        image.draft("RGB", (size, size))  # a JPEG is decoded at a half, a quarter, ... at once
        flat = _flattened(image)
        flat.thumbnail((size, size), Image.Resampling.LANCZOS)
        if orientation > 1:
            flat.getexif()[_ORIENTATION] = orientation
            flat = ImageOps.exif_transpose(flat)
        return flat, stored, orientation


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF says nothing about the picture itself
        return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def _flattened(image: Image.Image) -> Image.Image:
    """RGB pixels; transparency on white, 16-bit grey brought to 8 bits."""
    from PIL import Image

    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


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

    def draw_all(self, shapes: list[Shape]) -> None:
        """Small things over large ones, and names over everything."""
        placed = [(shape, self._points(shape)) for shape in shapes]
        placed.sort(key=lambda pair: SHAPE_KINDS.index(pair[0].kind))
        for shape, points in placed:
            self._outline(shape.kind, points)
        for shape, points in placed:
            if shape.kind in LABELLED and shape.name:
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
        x, y = self._free(points, width, height)
        self.taken.append((x, y, x + width, y + height))
        self.pen.rounded_rectangle(
            (x, y, x + width, y + height), radius=pad, fill=FEATURE_COLORS[shape.kind] + "f0"
        )
        self.pen.text((x + pad - left, y + pad - top), text, fill="#0b0f16", font=self.font)

    def _free(self, points: list[_Point], width: float, height: float) -> _Point:
        """Where a name fits: above the shape, inside it, below it, or a little lower."""
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
        return x, places[0]


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
