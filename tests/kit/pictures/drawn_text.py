"""Text drawn with Debian's fonts, for tests of scripts that no font in a wheel has."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont, features

FONTS = Path("/usr/share/fonts")
INSTALL = "sh scripts/test_packages.sh brings it where packages may be installed"


@cache
def font_file(name: str) -> Path:
    """A font by its file name; skips the test where it is not installed."""
    file = next(iter(sorted(FONTS.rglob(name))), None)
    if file is None:
        pytest.skip(f"The font {name} is not installed: {INSTALL}")
    if not features.check("raqm"):
        pytest.skip("This Pillow draws no complex scripts (libraqm)")
    return file


def drawn_lines(
    *lines: str, font: str = "DejaVuSans.ttf", size: int = 30, from_right: bool = False
) -> Image.Image:
    """Dark lines on a light page, of 760 pixels."""
    image = Image.new("RGB", (760, 80 + 56 * len(lines)), (244, 242, 235))
    pen, letters = ImageDraw.Draw(image), ImageFont.truetype(str(font_file(font)), size)
    for at, text in enumerate(lines):
        place, anchor = ((720, 40 + 56 * at), "ra") if from_right else ((40, 40 + 56 * at), "la")
        pen.text(
            place,
            text,
            (20, 20, 30),
            letters,
            anchor=anchor,
            direction="rtl" if from_right else "ltr",
        )
    return image
