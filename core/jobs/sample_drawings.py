"""Pictures of the sample batch that are drawn by code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image


@dataclass(frozen=True, slots=True)
class Drawing:
    """A title, and what draws it."""

    title: str
    draw: Callable[[], Image.Image]


DRAWINGS: Mapping[str, Drawing] = {}
SAVE: Mapping[str, dict[str, Any]] = {
    ".jpg": {"quality": 92},
    ".png": {"optimize": True},
    ".webp": {"quality": 90},
    ".gif": {},
}
