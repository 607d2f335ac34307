"""The sample batch: pictures that come with dependencies, or are drawn by code; licences stated.

The photographs are read from the wheels of scikit-image and scikit-learn, where each one's licence
is stated (``skimage/data/_fetchers.py``, ``sklearn/datasets/images/README.txt``). Neither package
is imported: only its files are read.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL import Image

from core.errors import PictureError
from core.jobs.samples import papers, scenes

_CC0 = "CC0 1.0"
_PUBLIC = "Public domain"
_CC_BY = "CC BY 2.0"
_DRAWN = "CC0 1.0"


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of the sample batch, with what its licence asks to be said."""

    path: Path
    title: str
    licence: str
    credit: str


# (package, file, title, licence, credit)
_PHOTOS = (
    ("skimage", "data/astronaut.png", "Astronaut Eileen Collins", _PUBLIC, "NASA"),
    ("skimage", "data/camera.png", "Photographer at work", _CC0, "Lav Varshney"),
    ("skimage", "data/chelsea.png", "Chelsea the cat", _CC0, "Stefan van der Walt"),
    ("skimage", "data/coffee.png", "Cup of coffee", _CC0, "Rachel Michetti, Pikolo Espresso Bar"),
    (
        "skimage",
        "data/coins.png",
        "Greek coins from Pompeii",
        "No known copyright restrictions",
        "Brooklyn Museum",
    ),
    ("skimage", "data/horse.png", "Silhouette of a horse", _CC0, "Andreas Preuss"),
    ("skimage", "data/hubble_deep_field.jpg", "Hubble eXtreme Deep Field", _PUBLIC, "NASA"),
    ("skimage", "data/rocket.jpg", "Falcon 9 lifts off", _PUBLIC, "SpaceX"),
    ("skimage", "data/retina.jpg", "Human retina", _CC0, "Mikael Häggström"),
    ("skimage", "data/brick.png", "Brick wall", _CC0, "CC0Textures"),
    ("skimage", "data/gravel.png", "Gravel", _CC0, "CC0Textures"),
    ("skimage", "data/grass.png", "Grass", _CC0, "linolafett, DeviantArt"),
    ("skimage", "data/text.png", "Handwritten formulas", _PUBLIC, "Wikipedia, Corner.png"),
    ("sklearn", "datasets/images/china.jpg", "Summer Palace", _CC_BY, "danielbuechele, Flickr"),
    ("sklearn", "datasets/images/flower.jpg", "Flower", _CC_BY, "vultilion, Flickr"),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A title, and what draws it."""

    title: str
    draw: Callable[[], Image.Image]


DRAWINGS: Mapping[str, Drawing] = MappingProxyType(
    {
        "receipt.jpg": Drawing("Till receipt", papers.receipt),
        "letter.jpg": Drawing("Letter to the members", papers.letter),
        "verses.png": Drawing("Verses in four languages", papers.verses),
        "bar-chart.png": Drawing("Bar chart", papers.bar_chart),
        "pie-chart.png": Drawing("Pie chart", papers.pie_chart),
        "menu.jpg": Drawing("Restaurant menu", papers.menu),
        "business-card.jpg": Drawing("Business card", papers.business_card),
        "boarding-pass.webp": Drawing("Boarding pass", papers.boarding_pass),
        "web-page.png": Drawing("Web page", papers.web_page),
        "crossword.gif": Drawing("Crossword", papers.crossword),
        "sunset.jpg": Drawing("Sunset by a lake", scenes.sunset),
        "skyline.jpg": Drawing("City at night", scenes.skyline),
        "stop-sign.jpg": Drawing("Stop sign", scenes.stop_sign),
        "traffic-light.png": Drawing("Traffic light", scenes.traffic_light),
        "wall-clock.webp": Drawing("Wall clock", scenes.wall_clock),
        "poster.jpg": Drawing("Concert poster", scenes.concert_poster),
        "composition.png": Drawing("Composition in red, blue and yellow", scenes.composition),
        "swatches.png": Drawing("Paint swatches", scenes.swatches),
        "balloons.jpg": Drawing("Hot air balloons", scenes.balloons),
    }
)

SAVE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        ".jpg": {"quality": 90},
        ".png": {"compress_level": 4},
        ".webp": {"quality": 90},
        ".gif": {},
    }
)


def write_samples(folder: Path) -> list[Sample]:
    """Write the sample batch into a folder; files that are there already are kept.

    A photograph whose package is not installed is left out.

    Raises:
        PictureError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [*_photos(folder), *_drawings(folder)]
    except OSError as error:
        raise PictureError(
            "The sample pictures cannot be written", where=str(folder), then=error.strerror or ""
        ) from error


def _photos(folder: Path) -> list[Sample]:
    samples = []
    for package, file, title, licence, credit in _PHOTOS:
        source = _package_folder(package) / file
        path = folder / source.name
        if not path.exists():
            if not source.is_file():
                continue
            part = folder / f".part-{os.getpid()}-{threading.get_ident()}-{source.name}"
            shutil.copyfile(source, part)
            part.rename(path)
        samples.append(Sample(path, title, licence, credit))
    return samples


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")


def _drawings(folder: Path) -> list[Sample]:
    with ThreadPoolExecutor(thread_name_prefix="samples") as pool:
        return list(pool.map(partial(_drawing, folder), DRAWINGS))


def _drawing(folder: Path, name: str) -> Sample:
    drawing = DRAWINGS[name]
    path = folder / name
    if not path.exists():
        part = folder / f".part-{os.getpid()}-{threading.get_ident()}-{name}"
        drawing.draw().save(part, **SAVE[path.suffix])
        part.rename(path)
    return Sample(path, drawing.title, _DRAWN, "Drawn by Contact Sheet")
