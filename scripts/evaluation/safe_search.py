"""Safe search: false alarms on neutral pictures, drawn ones and the sample batch's.

Skin colours and soft round shapes are among the drawn ones on purpose: they are what such a model
is most easily wrong about. How much it detects is not measured here: no pictures for that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.jobs.samples.samples import write_samples
from core.pictures.picture import decode
from scripts.evaluation.figures import Figure, ask

DRAWN = 60
SIZE = (640, 480)
SKIN = ((255, 219, 172), (241, 194, 125), (224, 172, 105), (198, 134, 66), (141, 85, 36))
POSSIBLE = 3  # vision.Likelihood


def boxes(random: np.random.Generator) -> Image.Image:
    """Stripes and boxes of any colour."""
    picture = Image.new("RGB", SIZE, tuple(random.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = random.integers(0, 600, 2).tolist()
        fill = tuple(random.integers(0, 256, 3).tolist())
        pen.rectangle((x, y, x + 120, y + 60), fill=fill)
    return picture


def soft(random: np.random.Generator) -> Image.Image:
    """Blurred round shapes in skin colours."""
    picture = Image.new("RGB", SIZE, SKIN[int(random.integers(len(SKIN)))])
    pen = ImageDraw.Draw(picture)
    for _ in range(8):
        x, y, size = (
            int(random.integers(low, high)) for low, high in ((0, 480), (0, 480), (60, 240))
        )
        pen.ellipse((x, y, x + size, y + size), fill=SKIN[int(random.integers(len(SKIN)))])
    return picture.filter(ImageFilter.GaussianBlur(12))


def landscape(random: np.random.Generator) -> Image.Image:
    """Sky over hills."""
    picture = Image.new("RGB", SIZE, (135, 190, int(random.integers(200, 256))))
    pen = ImageDraw.Draw(picture)
    for depth in range(4):
        ridge = 180 + 70 * depth + 25 * np.sin(np.linspace(0, 9, 33) + random.uniform(0, 6))
        points = list(zip(np.linspace(0, SIZE[0], 33).tolist(), ridge.tolist(), strict=True))
        green = (40, 150 - 25 * depth, 60)
        pen.polygon([(0, SIZE[1]), *points, (SIZE[0], SIZE[1])], fill=green)
    return picture


KINDS = {"drawn, boxes": boxes, "drawn, skin colours": soft, "drawn, landscapes": landscape}


def evaluate() -> Iterator[Figure]:
    """Per kind, the share of pictures called POSSIBLE or more."""
    for case, draw in KINDS.items():
        random = np.random.default_rng(5)
        adult = [
            ask("SAFE_SEARCH_DETECTION", draw(random)).safe_search_annotation.adult
            for _ in range(DRAWN // len(KINDS))
        ]
        yield _figure(case, adult)
    with tempfile.TemporaryDirectory() as folder:
        samples = write_samples(Path(folder))
        adult = [
            ask(
                "SAFE_SEARCH_DETECTION", decode(sample.path.read_bytes())
            ).safe_search_annotation.adult
            for sample in samples
            if sample.is_picture
        ]
    yield _figure("the sample batch", adult)


def _figure(case: str, adult: list[int]) -> Figure:
    alarms = sum(likelihood >= POSSIBLE for likelihood in adult)
    return Figure("safe search", case, "false alarms", alarms / len(adult), len(adult))
