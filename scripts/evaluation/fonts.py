"""Fonts of Debian's packages, by file name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path("/usr/share/fonts")
DEJAVU = ("DejaVuSans.ttf", "DejaVuSerif.ttf")

Font = ImageFont.FreeTypeFont


@cache
def font_file(name: str) -> Path | None:
    """Where an installed font is; None if it is not there."""
    return next(iter(sorted(FOLDER.rglob(name))), None)
