"""Makes core/engine/models/drawing_words.npz: words for drawings, from clip art.

    apt-get download openclipart-png && dpkg-deb -x openclipart-png_*.deb FOLDER
    python -m scripts.build_data.drawing_words FOLDER

The pictures are in the public domain, and their folders say what they show. A folder that says too
little (unsorted, office, holidays) trains no word, neither for it nor against it. Prints for each
word how often it was right on files that it was not fitted with; files whose names begin alike are
kept together, since many are drawn after each other.
"""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.engine.models.drawing_words import WORDS
from core.engine.models.label_model import label_model
from core.engine.models.model_store import ModelStore
from core.pictures.picture import BadPicture, decode
from core.settings import Settings

ROOT = "usr/share/openclipart/png"
LEAST_BYTES = 3_000  # smaller files are dots and lines
REGULARISATION = 180.0  # scikit-learn's C, for embeddings of length 1
FOLDS = 4
# The first that matches the path below ``ROOT`` says what is shown; "" is something else.
SHOWN = (
    ("animals/bugs", ("Insect", "Animal")),
    ("animals", ("Animal",)),
    ("plants/flowers", ("Flower",)),
    ("food/fruit", ("Fruit",)),
    ("buildings/furniture", ()),
    ("buildings", ("Building",)),
    ("transportation/roadsigns", ()),
    ("transportation", ("Vehicle",)),
    ("people/smilies", ()),
    ("people/clothing", ()),
    ("people", ("Person",)),
    ("signs_and_symbols/flags", ("Flag",)),
    ("recreation/games/cards", ("Playing card",)),
    ("geography/astronomy", ()),
    ("geography", ("Map",)),
)
UNSURE = re.compile(
    "unsorted|special|decorations|recreation/(party|holiday|toys|religion|art)|education|office|"
    "computer/[^/]*$|people/bodypart"
)
NAMES = sorted({word for _, words in SHOWN for word in words})


def shown(path: str) -> tuple[str, ...] | None:
    """What a file below ``ROOT`` shows by its folder; None if the folder says too little."""
    if UNSURE.match(path):
        return None
    return next((words for folder, words in SHOWN if path.startswith(f"{folder}/")), ())


def fit(seen: NDArray[np.float32], is_one: NDArray[np.bool_]) -> tuple[NDArray[np.float32], float]:
    """Weights (1280,) and bias of one word, from embeddings (files, 1280)."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=REGULARISATION, max_iter=200).fit(seen, is_one)
    return fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0])


def make(vectors: dict[str, NDArray[np.float32]]) -> None:
    """Fit all words to the embeddings of files by their paths below ``ROOT``, and write them."""
    said = {path: words for path in sorted(vectors) if (words := shown(path)) is not None}
    seen = np.array([vectors[path] for path in said], np.float32)
    folds = np.array([zlib.crc32(Path(path).name[:6].encode()) % FOLDS for path in said])
    weights, bias = [], []
    for name in NAMES:
        is_one = np.array([name in words for words in said.values()])
        sure = np.zeros(len(seen))
        for fold in range(FOLDS):
            w, b = fit(seen[folds != fold], is_one[folds != fold])
            sure[folds == fold] = 1 / (1 + np.exp(-(seen[folds == fold] @ w + b)))
        lines = ", ".join(
            f"from {least}: {(is_one & (sure >= least)).sum()} of {(sure >= least).sum()}"
            for least in (0.7, 0.85, 0.95)
        )
        print(f"{name}, {is_one.sum()} files; right {lines}", flush=True)
        w, b = fit(seen, is_one)
        weights.append(w)
        bias.append(b)
    np.savez_compressed(
        WORDS, names=NAMES, weights=np.array(weights, np.float16), bias=np.array(bias, np.float32)
    )


def main(folder: Path) -> None:
    """Look at all pictures of the unpacked package, and fit."""
    model = label_model(ModelStore(Settings.from_env().home / "engine" / "models"))
    vectors = {}
    for path in sorted((folder / ROOT).rglob("*.png")):
        if path.stat().st_size > LEAST_BYTES:
            try:
                picture = decode(path.read_bytes())
            except BadPicture as error:
                print(f"{path} is left out: {error}")
                continue
            vectors[path.relative_to(folder / ROOT).as_posix()] = model.look(picture).embedding
    make(vectors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
