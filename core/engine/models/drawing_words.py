"""What a drawing shows: a few words that ImageNet's classes say of photographs alone.

Logistic regressions over EfficientNet-Lite0's embedding, fitted on the clip art of Debian's
openclipart-png by ``scripts/build_data/drawing_words.py``, which says how.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = Path(__file__).with_name("drawing_words.npz")


class DrawingWords:
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
        """How surely a drawing shows each word, 0 to 1; several may be.

        Args:
            embedding: (1280,), see ``Recognition``.
        """
        logits = np.clip(self._weights @ embedding + self._bias, -60, 60)
        return dict(zip(self.names, (1 / (1 + np.exp(-logits))).tolist(), strict=True))


@cache
def drawing_words() -> DrawingWords:
    """The words of this process."""
    return DrawingWords()
