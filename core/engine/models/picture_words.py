"""What a picture shows or is: words that ImageNet's classes lack, or know from photographs alone.

Logistic regressions over EfficientNet-Lite0's embedding, fitted on labelled pictures of Debian
packages and on freely licensed photographs of public repositories by
``scripts/build_data/picture_words.py``, which says how.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = Path(__file__).with_name("picture_words.npz")


class PictureWords:
    """The fitted words.

    Args:
        path: an archive of ``names`` (words,), ``weights`` (words, 1280) and ``bias`` (words,).
    """

    def __init__(self, path: Path = WORDS) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self.names: list[str] = arrays["names"].tolist()
            self._weights = arrays["weights"].astype(np.float32)
            self._bias = arrays["bias"].astype(np.float32)

    def look(self, embedding: NDArray[np.float32]) -> dict[str, float]:
        """How surely a picture shows each word, 0 to 1; several may be.

        Args:
            embedding: (1280,), see ``Recognition``.
        """
        logits = np.clip(self._weights @ embedding + self._bias, -60, 60)
        return dict(zip(self.names, (1 / (1 + np.exp(-logits))).tolist(), strict=True))


@cache
def picture_words() -> PictureWords:
    """The words of this process."""
    return PictureWords()
