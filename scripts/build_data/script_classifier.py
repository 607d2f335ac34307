"""Makes core/engine/ocr/script_classifier.npz: a line's script, and whether it is upside down.

    pip install babel
    apt-get install fonts-noto-core fonts-noto-cjk fonts-dejavu-core fonts-freefont-ttf \
        fonts-tlwg-loma-ttf fonts-tlwg-norasi-ttf
    python -m scripts.build_data.script_classifier [FOLDER OF FONTS]

Softmax regressions over what PP-OCR's reading model sees in a line (``LineReader``): the model has
no letters for most of these scripts, but sees them. Lines are drawn with names of countries,
languages and months from CLDR (the package babel: BSD-3-Clause; its data Unicode-3.0), as they are,
small, blurred, noisy, of bright letters on dark ground. Prints the accuracy on lines drawn with
fonts that it was not trained with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from core.engine.ocr.line_reader import LINE_HEIGHT, line_reader, strip_width
from core.engine.ocr.lines import straightened
from core.engine.ocr.scripts import CLASSIFIER, pooled
from scripts.evaluation.figures import jpeg, noisy

FONTS = Path("/usr/share/fonts")
LINES = 500  # of each script for training
TESTS = 80  # of each script with the fonts that were left out
SIZES = (20, 44)  # pixels of the letters, least and most
REGULARISATION = 1.0  # scikit-learn's C


class WrittenScript(NamedTuple):
    """A script's languages in CLDR, and fonts; lines of the last font are for testing alone."""

    script: str
    languages: tuple[str, ...]
    fonts: tuple[str, ...]


_LATIN = ("NotoSans-Regular", "NotoSerif-Bold", "DejaVuSans", "FreeSerif", "FreeSans")
_CJK = ("NotoSansCJK-Regular", "NotoSansCJK-Bold", "NotoSerifCJK-Regular")
WRITTEN = (
    WrittenScript("Latn", ("en", "de", "fr", "pl", "tr", "es", "cs", "vi", "hu", "fi"), _LATIN),
    WrittenScript("Hani", ("zh", "ja", "zh_Hant"), _CJK),
    WrittenScript("Cyrl", ("ru", "uk", "bg", "sr", "be", "mk"), _LATIN),
    WrittenScript("Grek", ("el",), _LATIN),
    WrittenScript("Hang", ("ko",), _CJK),
    WrittenScript(
        "Arab",
        ("ar", "fa", "ur"),
        (
            "NotoNaskhArabic-Regular",
            "NotoSansArabic-Regular",
            "NotoKufiArabic-Regular",
            "NotoNaskhArabic-Bold",
            "DejaVuSans",
        ),
    ),
    WrittenScript(
        "Hebr",
        ("he",),
        (
            "NotoSansHebrew-Regular",
            "NotoSerifHebrew-Regular",
            "NotoSansHebrew-Bold",
            "DejaVuSans",
            "FreeSerif",
        ),
    ),
    WrittenScript(
        "Thai",
        ("th",),
        (
            "NotoSansThai-Regular",
            "NotoSerifThai-Regular",
            "NotoLoopedThai-Regular",
            "Loma",
            "NotoSansThai-Bold",
            "Norasi",
        ),
    ),
    WrittenScript(
        "Deva",
        ("hi", "mr", "ne"),
        (
            "NotoSansDevanagari-Regular",
            "NotoSerifDevanagari-Regular",
            "FreeSans",
            "NotoSansDevanagari-Bold",
            "NotoSerifDevanagari-Bold",
        ),
    ),
    # Scripts that nothing here reads: told apart so that they are not read as one of the above.
    *(
        WrittenScript("none", (language,), (f"NotoSerif{name}-Regular", f"NotoSans{name}-Regular"))
        for language, name in (
            ("bn", "Bengali"),
            ("ta", "Tamil"),
            ("te", "Telugu"),
            ("gu", "Gujarati"),
            ("kn", "Kannada"),
            ("ml", "Malayalam"),
            ("ka", "Georgian"),
            ("hy", "Armenian"),
            ("am", "Ethiopic"),
            ("km", "Khmer"),
            ("lo", "Lao"),
        )
    ),
)


def names(language: str) -> list[str]:
    """Names of countries, languages, months and days."""
    locale: Any = import_module("babel").Locale.parse(language)
    words = [*locale.territories.values(), *locale.languages.values()]
    for calendar in (locale.months, locale.days):
        words += calendar["format"]["wide"].values()
    return [str(name) for name in words if str(name).isascii() == (language == "en")]


def line(written: WrittenScript, words: list[str], latin: list[str], random: Any) -> str:
    """Some names; in every fourth line a number or a Latin word among them."""
    chosen = [str(random.choice(words)) for _ in range(random.integers(1, 3))]
    if random.random() < 0.25:
        other = str(random.choice(latin)) if random.random() < 0.4 else str(random.integers(9999))
        chosen.insert(int(random.integers(len(chosen) + 1)), other)
    if random.random() < 0.1 and written.script != "Hani":
        chosen = [word.upper() for word in chosen]
    return " ".join(chosen)[:24]


def drawn(text: str, path: Path, language: str, random: Any) -> NDArray[np.uint8]:
    """A line cut out a little too large or too small, as the finder of lines does."""
    index = {"ja": 0, "ko": 1, "zh": 2, "zh_Hant": 3}.get(language, 0)
    size = int(random.integers(*SIZES))
    font = ImageFont.truetype(str(path), size, index=index if path.suffix == ".ttc" else 0)
    left, top, right, bottom = font.getbbox(text)
    margin = random.uniform(0.02, 0.25, 4) * size
    width = max(int(right - left + margin[0] + margin[1]), 8)
    height = max(int(bottom - top + margin[2] + margin[3]), 8)
    ink, paper = sorted(random.integers(0, 255, 2))
    if paper - ink < 60:
        ink, paper = 20, 240
    if random.random() < 0.2:
        ink, paper = paper, ink
    image = Image.new("RGB", (width, height), (int(paper),) * 3)
    at = (float(margin[0] - left), float(margin[2] - top))
    ImageDraw.Draw(image).text(at, text, (int(ink),) * 3, font)
    if random.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(random.uniform(0, 0.1) * size)))
    if random.random() < 0.2:
        image = image.resize((max(width // 2, 8), max(height // 2, 8)), Image.Resampling.BILINEAR)
    if random.random() < 0.3:
        image = noisy(image, float(random.uniform(5, 40)), int(random.integers(1 << 30)))
        image = jpeg(image, int(random.integers(15, 80)))
    return np.asarray(image)


class Example(NamedTuple):
    """A drawn line as the model sees it, upright and upside down; ``pooled`` features."""

    script: str
    upright: NDArray[np.float32]
    turned: NDArray[np.float32]


def examples(folder: Path, *, held_out: bool, seed: int) -> Iterator[Example]:
    """Drawn lines of all scripts."""
    random = np.random.default_rng(seed)
    paths = {path.stem: path for path in folder.rglob("*.[to]t[fc]")}
    latin = names("de")
    several = sum(written.script == "none" for written in WRITTEN)
    for written in WRITTEN:
        share = several if written.script == "none" else 1
        words = {language: names(language) for language in written.languages}
        fonts = written.fonts[-1:] if held_out else written.fonts[:-1]
        for _ in range((TESTS if held_out else LINES) // share):
            language = str(random.choice(written.languages))
            text = line(written, words[language], latin, random)
            pixels = drawn(text, paths[str(random.choice(fonts))], language, random)
            yield Example(written.script, _seen(pixels), _seen(pixels[::-1, ::-1]))


def _seen(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    strip = straightened(pixels, corners, LINE_HEIGHT, strip_width(width, height))
    return pooled(line_reader().see(strip))


def fitted(features: NDArray[np.float32], truth: Sequence[object]) -> tuple[Any, Any, Any]:
    """Classes, weights and bias of a softmax regression on features as they are."""
    linear: Any = import_module("sklearn.linear_model")
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = linear.LogisticRegression(C=REGULARISATION, max_iter=2000)
    model.fit((features - middle) / spread, truth)
    # (x - middle) / spread @ coefficients + intercept, as one product
    weights = (model.coef_ / spread).T
    return model.classes_, weights, model.intercept_ - middle @ weights


def main() -> int:
    """Draw, fit, tell how good it is, write."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FONTS
    training = list(examples(folder, held_out=False, seed=1))
    tests = list(examples(folder, held_out=True, seed=2))
    upright = np.array([one.upright for one in training])
    scripts, weights, bias = fitted(upright, [one.script for one in training])
    guessed = scripts[(np.array([one.upright for one in tests]) @ weights + bias).argmax(axis=1)]
    truth = np.array([one.script for one in tests])
    for script in scripts:
        own = guessed[truth == script]
        print(f"{script}: {np.mean(own == script):.3f} of {len(own)}; else {set(own) - {script}}")
    both = np.concatenate([upright, [one.turned for one in training]])
    _, turned_weights, turned_bias = fitted(both, [False] * len(upright) + [True] * len(upright))
    for kind in ("upright", "turned"):
        scores = np.array([getattr(one, kind) for one in tests]) @ turned_weights + turned_bias
        right = (scores[:, 0] > 0) == (kind == "turned")
        each = {script: f"{np.mean(right[truth == script]):.3f}" for script in scripts}
        print(f"{kind}: {np.mean(right):.3f}; {each}")
    np.savez(
        CLASSIFIER,
        scripts=np.array(scripts),
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        turned_weights=turned_weights[:, 0].astype(np.float32),
        turned_bias=turned_bias.astype(np.float32)[0],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
