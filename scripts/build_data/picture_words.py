"""Makes core/engine/models/picture_words.npz: words for pictures, from pictures with known ones.

    apt-get download $(cut -f1 scripts/build_data/picture_words.tsv | sed 1d | grep -v + | sort -u)
    for each: dpkg-deb -x PACKAGE_*.deb FOLDER/PACKAGE, and unzip its pk3 files or its jar there
    python -m scripts.build_data.picture_repositories FOLDER
    python -m scripts.build_data.picture_words FOLDER

``picture_words.tsv`` says of the paths in each package (OWNER+NAME: a public repository, see
``picture_repositories.py``) what the pictures show, what they may show besides, which is not
learnt from them, and how many are taken at most. The first line that matches counts; "-" leaves
pictures out. "*" stands for every other word; "scene" and the like for those of ``GROUPS``. Prints
for each word how often it was right on packages that it was not fitted with, and by which packages
it was wrong. Embeddings are kept in FOLDER/embeddings.npz for the next time.
"""

from __future__ import annotations

import csv
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.label_model import label_model
from core.engine.models.model_store import ModelStore
from core.engine.models.picture_words import WORDS
from core.pictures.picture import BadPicture, decode
from core.settings import Settings

TABLE = Path(__file__).with_suffix(".tsv")
LEAST_BYTES = 2_500  # smaller files are dots and lines
LEAST_PICTURES = 8  # of a word
COMPONENTS = 256  # principal components of the embeddings in which words are fitted
REGULARISATION = 30.0  # as scikit-learn's C, for components of mean square 1
EVEN = 200  # pictures from which a package weighs by the root of how many it has
FOLDS = 5
ROUNDS = 80
BROADER = {
    **{"Flower": "Plant", "Tree": "Plant", "Fruit": "Food", "Vegetable": "Food"},
    **dict.fromkeys(("Bird", "Insect", "Fish"), "Animal"),
}
NATURE = ("Flower", "Grass", "Landscape", "Mountain", "Plant", "Tree")  # each is Nature too
PARTS_OF_NATURE = (
    *("Animal", "Bird", "Fish", "Fruit", "Insect", "Rock", "Sand", "Sky", "Snow", "Water"),
)
OFTEN_WITH = {  # what pictures of a word may show, though no label says so
    "Building": "City, Road, Street",
    "Food": "Fruit, Plant, Product, Vegetable",
    "Furniture": "Room",
    "Landscape": "Road, Sky",
    "Person": "Crowd, Painting, Sculpture",
    "Plant": "Vegetable",
    "Vehicle": "Road, Street",
}
GROUPS = {
    "scene": "Building Flower Grass Landscape Mountain Plant Rock Sand Sky Snow Texture Tree Water",
    "surface": "Brick Building Grass Pattern Rock Sand Snow Texture Water Wood",
    "background": "Building City Clothing Furniture Grass Plant Product Room Sky Street Tree Water",
    "drawn": "Animal Astronomical_object Bird Building Flower Landscape Map Painting Person Plant"
    " Tree Vehicle",
}
Matrix = NDArray[np.float32]


class Shown(NamedTuple):
    """A picture's file, and the words that it shows and may show ("*": all others)."""

    package: str
    path: Path
    words: frozenset[str]
    unsure: frozenset[str]


def _words(text: str) -> set[str]:
    """Names of a cell, groups spelt out."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    spelt = {word for name in names for word in GROUPS.get(name, "").split() or [name]}
    return {word.replace("_", " ") for word in spelt}


def _known(row: dict[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Words that the pictures of a line show, and those that are not known of them."""
    shown, unsure = _words(row["shows"]), _words(row["may show"])
    unsure |= {one for word in shown for one in _words(OFTEN_WITH.get(word, ""))}
    shown |= {BROADER[word] for word in shown & BROADER.keys()}
    if shown & {*NATURE}:
        shown.add("Nature")
    elif shown & {*PARTS_OF_NATURE} or unsure & {*NATURE, "*"}:
        unsure.add("Nature")
    unsure -= shown
    unsure |= {BROADER[word] for word in unsure & BROADER.keys()} - shown
    unsure |= {word for word, over in BROADER.items() if over in unsure} - shown
    return frozenset(shown), frozenset(unsure)


def pictures(folder: Path) -> Iterator[Shown]:
    """All that the table takes, package by package, in an order that names do not decide."""
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for package, below in dict.fromkeys((row["package"], row["folder"]) for row in rows):
        rules = [row for row in rows if row["package"] == package]
        root, taken = folder / package / below, Counter[str]()
        files = {path.relative_to(root).as_posix(): path for path in root.rglob("*.*")}
        for name in sorted(files, key=lambda name: zlib.crc32(name.encode())):
            rule = next((row for row in rules if re.fullmatch(row["path"], name)), None)
            if rule is None or rule["shows"] == "-" or not _is_picture(files[name]):
                continue
            taken[rule["path"]] += 1
            if taken[rule["path"]] <= int(rule["most"] or 1_000_000):
                yield Shown(package, files[name], *_known(rule))


def _is_picture(path: Path) -> bool:
    kinds = (".png", ".jpg", ".jpeg", ".gif", ".webp")
    is_file = path.suffix.lower() in kinds and path.is_file() and not path.is_symlink()
    return is_file and path.stat().st_size > LEAST_BYTES


def embeddings(folder: Path, shown: list[Shown]) -> dict[str, Matrix]:
    """Embeddings (1280,) by path below the folder; those of the time before are not made again."""
    file = folder / "embeddings.npz"
    seen: dict[str, Matrix] = {}
    if file.exists():
        with np.load(file, allow_pickle=False) as arrays:
            seen = dict(zip(arrays["paths"].tolist(), arrays["embeddings"], strict=True))
    model = label_model(ModelStore(Settings.from_env().home / "engine" / "models"))
    for one in shown:
        name = one.path.relative_to(folder).as_posix()
        if name not in seen:
            try:
                seen[name] = model.look(decode(one.path.read_bytes())).embedding
            except BadPicture as error:
                print(f"{name} is left out: {error}")
    np.savez(file, paths=list(seen), embeddings=np.array(list(seen.values()), np.float32))
    return seen


def fit(seen: Matrix, is_one: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Logistic regressions of all words at once.

    Args:
        seen: (pictures, components).
        is_one: (pictures, words) 1 where a word is shown.
        weights: (pictures, words); 0 where it is not known.

    Returns:
        (components, words) coefficients and (words,) biases.
    """
    from scipy.optimize import minimize

    components, words = seen.shape[1], is_one.shape[1]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        fitted = flat.astype(np.float32).reshape(components + 1, words)
        logits = seen @ fitted[:-1] + fitted[-1]
        miss = (weights * (np.logaddexp(0, logits) - is_one * logits)).sum() * REGULARISATION
        slope = weights * (1 / (1 + np.exp(-logits)) - is_one) * REGULARISATION
        gradient = np.vstack([seen.T @ slope + fitted[:-1], slope.sum(axis=0)])
        return float(miss + (fitted[:-1] ** 2).sum() / 2), gradient.astype(np.float64).ravel()

    start = np.zeros((components + 1) * words)
    optimum = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    fitted = optimum.x.reshape(components + 1, words).astype(np.float32)
    return fitted[:-1], fitted[-1]


def make(shown: list[Shown], seen: Matrix) -> None:
    """Fit all words to embeddings (pictures, 1280), print how well they do, and write them."""
    counts = Counter(word for one in shown for word in one.words)
    names = sorted(word for word, count in counts.items() if count >= LEAST_PICTURES)
    is_one = np.array([[name in one.words for name in names] for one in shown], np.float32)
    known = np.array(
        [[name in one.words or not one.unsure & {name, "*"} for name in names] for one in shown],
        np.float32,
    )
    packages = [one.package for one in shown]
    sizes = Counter(packages)
    even = np.array([min(1.0, (EVEN / sizes[package]) ** 0.5) for package in packages], np.float32)
    weights = known * even[:, None]
    mean = seen.mean(axis=0)
    _, axes = np.linalg.eigh(((seen - mean).T @ (seen - mean)).astype(np.float64))
    axes = axes[:, ::-1][:, :COMPONENTS].astype(np.float32)
    axes /= np.sqrt((((seen - mean) @ axes) ** 2).sum(axis=1).mean())
    parts = (seen - mean) @ axes
    check(names, packages, parts, is_one, weights)
    coefficients, bias = fit(parts, is_one, weights)
    rows = (axes @ coefficients).T
    np.savez_compressed(
        WORDS,
        names=names,
        weights=rows.astype(np.float16),
        bias=(bias - rows @ mean).astype(np.float32),
    )


def check(
    names: list[str], packages: list[str], parts: Matrix, is_one: Matrix, weights: Matrix
) -> None:
    """Print how often each word is right on packages that it was not fitted with."""
    loads, fold_of = [0] * FOLDS, {}
    for package, size in Counter(packages).most_common():
        fold_of[package] = int(np.argmin(loads))
        loads[fold_of[package]] += size
    folds = np.array([fold_of[package] for package in packages])
    sure = np.zeros(is_one.shape, np.float32)
    for fold in range(FOLDS):
        coefficients, bias = fit(*(each[folds != fold] for each in (parts, is_one, weights)))
        sure[folds == fold] = 1 / (1 + np.exp(-(parts[folds == fold] @ coefficients + bias)))
    for column, name in enumerate(names):
        known = weights[:, column] > 0
        right, score = is_one[known, column] > 0, sure[known, column]
        lines = ", ".join(
            f"from {least}: {(right & (score >= least)).sum()} of {(score >= least).sum()}"
            for least in (0.7, 0.85, 0.95)
        )
        wrong = Counter(np.array(packages)[known][~right & (score >= 0.7)].tolist())
        print(f"{name}, {right.sum()} pictures; right {lines}; wrong {wrong.most_common(3)}")


def main(folder: Path) -> None:
    """Look at all pictures of the unpacked packages, and fit."""
    shown = list(pictures(folder))
    seen = embeddings(folder, shown)
    shown = [one for one in shown if one.path.relative_to(folder).as_posix() in seen]
    vectors = [seen[one.path.relative_to(folder).as_posix()] for one in shown]
    make(shown, np.array(vectors, np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
