"""``python -m scripts.samples``: write core/jobs/samples/pictures anew.

Photographs are copied byte for byte from the wheels of scikit-image and scikit-learn, where each
one's licence is stated (``skimage/data/_fetchers.py``, ``sklearn/datasets/images/README.txt``), and
made smaller from Debian's ``WALLPAPERS``, whose ``copyright`` file states theirs; the rest is
drawn. What a picture is called, its licence and its credit stand in
``core/jobs/samples/pictures.json``, which is written by hand.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from core.jobs.samples.samples import FOLDER
from scripts.samples import papers, scenes

PHOTOS: Mapping[str, tuple[str, ...]] = {
    "skimage/data": (
        "astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "horse.png",
        "hubble_deep_field.jpg",
    ),
    "sklearn/datasets/images": ("china.jpg", "flower.jpg"),
}  # fmt: skip
WALLPAPERS = "lomiri-wallpapers-16.04"  # 20.04.0-2
WALLPAPER_SIDES = (1_200, 900)
FROM_WALLPAPERS: Mapping[str, str] = {
    "mountains.jpg": "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "meadow.jpg": "aitzgorri_by_Aitzol_Berasategi.jpg",
    "stream.jpg": "life_by_Aitzol_Berasategi.jpg",
    "sunset.jpg": "sunset_by_Aitzol_Berasategi.jpg",
    "dogs.jpg": "friends_by_Aitzol_Berasategi.jpg",
    "dandelions.jpg": "seeding_by_Clements_Engelhardt.jpg",
    "fig.jpg": "Picture_0B_by_freespace.jpg",
    "paintbrushes.jpg": "Picture_1A_by_freespace.jpg",
}
DRAWINGS: Mapping[str, Callable[[], Image.Image]] = {
    "receipt.jpg": papers.receipt,
    "letter.jpg": papers.letter,
    "verses.png": papers.verses,
    "bar-chart.png": papers.bar_chart,
    "pie-chart.png": papers.pie_chart,
    "menu.jpg": papers.menu,
    "business-card.jpg": papers.business_card,
    "boarding-pass.webp": papers.boarding_pass,
    "web-page.png": papers.web_page,
    "crossword.gif": papers.crossword,
    "skyline.jpg": scenes.skyline,
    "stop-sign.jpg": scenes.stop_sign,
    "traffic-light.png": scenes.traffic_light,
    "wall-clock.webp": scenes.wall_clock,
    "poster.jpg": scenes.concert_poster,
    "composition.png": scenes.composition,
    "swatches.png": scenes.swatches,
    "balloons.jpg": scenes.balloons,
}
SAVE: Mapping[str, Mapping[str, Any]] = {
    ".jpg": {"quality": 90},
    ".png": {"compress_level": 9},
    ".webp": {"quality": 90},
    ".gif": {},
}


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for place, names in PHOTOS.items():
        package, _, folder = place.partition("/")
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{package} is not installed")
        for name in names:
            shutil.copyfile(Path(spec.origin).parent / folder / name, FOLDER / name)
    _wallpapers()
    for name, draw in DRAWINGS.items():
        draw().save(FOLDER / name, **SAVE[Path(name).suffix])
    _near_duplicates()
    _document()
    # Cut off within its header: what a download leaves that was broken off.
    (FOLDER / "broken.jpg").write_bytes((FOLDER / "flower.jpg").read_bytes()[:300])


def _wallpapers() -> None:
    """Photographs of a Debian package: a screen's 3 MB each are more than a sample needs."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", WALLPAPERS], cwd=folder, check=True)
        (package,) = Path(folder).glob("*.deb")
        subprocess.run(["dpkg", "-x", package, folder], check=True)
        for name, original in FROM_WALLPAPERS.items():
            (path,) = Path(folder).rglob(original)
            with Image.open(path) as image:
                image.thumbnail(WALLPAPER_SIDES, Image.Resampling.LANCZOS)
                image.save(FOLDER / name, quality=80, exif=b"")


def _near_duplicates() -> None:
    """The cat once more, smaller and a little brighter; and the coffee, cropped."""
    with Image.open(FOLDER / "chelsea.png") as cat:
        smaller = cat.convert("RGB").resize((360, 240), Image.Resampling.LANCZOS)
        brighter = smaller.point([min(255, value + 6) for value in range(256)] * 3)
        brighter.save(FOLDER / "chelsea-again.jpg", quality=88)
    with Image.open(FOLDER / "coffee.png") as cup:
        cup.convert("RGB").crop((6, 4, 594, 396)).save(FOLDER / "coffee-again.jpg", quality=88)


def _document() -> None:
    """Three papers as a PDF's pages, scanned."""
    pages = [draw().convert("RGB") for draw in (papers.letter, papers.receipt, papers.bar_chart)]
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=110, quality=80)
    (FOLDER / "papers.pdf").write_bytes(out.getvalue())


if __name__ == "__main__":
    main()
