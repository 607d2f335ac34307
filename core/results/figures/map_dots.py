"""The map of many pictures as one picture of dots: a browser needs seconds for a mark each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.results.columns.map_area import HEIGHT, WIDTH
from core.results.figures.similarity_map import UNLABELLED, colored_groups
from core.results.theme import LOOKS

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

SCALE = 780  # pixels a unit of the map: twice what a wide window shows
_MARK, _FAINT = 11, 7  # pixels of the picture, half as many on the page
_FINER = 4  # times that a dot is drawn larger, for smooth edges


def dots(frame: pd.DataFrame, theme: str, colored: str) -> bytes:
    """A dot for each picture at its place, as WebP; those that do not pass are small and faint.

    Args:
        frame: of ``similarity_map.described``.
        colored: see ``similarity_map.colored_groups``.
    """
    from PIL import Image

    look = LOOKS[theme]
    canvas = Image.new("RGB", (round(WIDTH * SCALE), round(HEIGHT * SCALE)), look.paper)
    aside, shown = frame[~frame["passes"]], frame[frame["passes"]]
    _stamp(canvas, aside, look.line, _dot(_FAINT))
    for name, color, part in colored_groups(shown, look, colored):
        _stamp(canvas, part, color, _dot(_MARK, hollow=name == UNLABELLED))
    out = io.BytesIO()
    canvas.save(out, "WEBP", quality=90, method=2)
    return out.getvalue()


def at_pixels(x: float, y: float, side: int) -> tuple[int, int]:
    """Left and upper edge of something of ``side`` pixels whose middle lies at a place."""
    left, top = (x + WIDTH / 2) * SCALE - side / 2, (HEIGHT / 2 - y) * SCALE - side / 2
    return round(left), round(top)


def _stamp(
    canvas: Image.Image, part: pd.DataFrame, color: str | Sequence[str], dot: Image.Image
) -> None:
    colors = [color] * len(part) if isinstance(color, str) else color
    for x, y, one in zip(part["x"].tolist(), part["y"].tolist(), colors, strict=True):
        canvas.paste(one, at_pixels(x, y, dot.width), dot)


@lru_cache
def _dot(side: int, *, hollow: bool = False) -> Image.Image:
    """Coverage of a dot, 0..255."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (side * _FINER, side * _FINER))
    box = (0, 0, large.width - 1, large.height - 1)
    fill = None if hollow else 230
    ImageDraw.Draw(large).ellipse(box, fill=fill, outline=230, width=side)
    return large.resize((side, side), Image.Resampling.BOX)


def places_of(frame: pd.DataFrame) -> bytes:
    """Where the pictures that pass lie, for the browser.

    Their number n, n ids, and n times x and y in ten-thousandths: little-endian, 4, 4 and 2 bytes.
    """
    shown = frame[frame["passes"]]
    units = (shown[["x", "y"]].to_numpy(np.float64) * 10_000).round()
    ids = shown["picture"].to_numpy().astype("<i4")
    return np.array([len(ids)], "<i4").tobytes() + ids.tobytes() + units.astype("<i2").tobytes()
