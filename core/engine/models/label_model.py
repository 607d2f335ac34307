"""EfficientNet-Lite0, opened once a process for all who need it: labels, likeness, animals.

Each picture is looked at once, however many features ask.
"""

from __future__ import annotations

import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import ModelStore, open_session
from core.engine.models.tensors import planes

if TYPE_CHECKING:
    from core.pictures.picture import Picture

MODEL = "efficientnet-lite0"
SIDE = 224  # pixels, what the model was trained on

Vector = NDArray[np.float32]


class Recognition(NamedTuple):
    """What the model says of one picture, the mean over its views.

    Attributes:
        probability: (1000,) softmax over ImageNet-1k.
        embedding: (1280,) features before the classifier, of length 1: the dot product of two
            pictures' embeddings is how alike they are, about 0 to 1.
    """

    probability: Vector
    embedding: Vector


def model_input(views: list[NDArray[np.uint8]]) -> Vector:
    """(n, 3, side, side) in the scale that EfficientNet-Lite was trained with."""
    return planes(views, mean=(127.0,) * 3, deviation=(128.0,) * 3)


def views_of(picture: Picture, side: int = SIDE) -> list[NDArray[np.uint8]]:
    """The whole picture squeezed to a square, and its middle (7/8 of the short side) unsqueezed.

    The two together were right more often than either: the middle alone misses what stands at the
    sides of a wide picture, the squeezed whole distorts.
    """
    from PIL import Image

    small = picture.reduced(512)
    width, height = small.size
    cut = min(width, height) * side / (side + 32)
    middle = ((width - cut) / 2, (height - cut) / 2, (width + cut) / 2, (height + cut) / 2)
    return [
        np.asarray(small.resize((side, side), Image.Resampling.BICUBIC, box=box))
        for box in ((0.0, 0.0, float(width), float(height)), middle)
    ]


class LabelModel:
    """One process's model. Keeps what it said of the latest picture."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._latest: tuple[weakref.ref[Picture], Recognition] | None = None

    def look(self, picture: Picture) -> Recognition:
        """What the model says of a picture; asked again for the same one, it does not look."""
        if self._latest is None or self._latest[0]() is not picture:
            self._latest = (weakref.ref(picture), self.look_at(picture))
            picture.vector = self._latest[1].embedding
        return self._latest[1]

    def look_at(self, picture: Picture) -> Recognition:
        """What the model says of a part of a picture, which nobody else will ask for."""
        probability, embedding = self._session.run(
            ["probability", "embedding"], {"image": model_input(views_of(picture))}
        )
        mean = embedding.mean(axis=0)
        return Recognition(probability.mean(axis=0), mean / max(float(np.linalg.norm(mean)), 1e-9))


@cache
def label_model(models: ModelStore) -> LabelModel:
    """The model of this process.

    Raises:
        ModelMissing: it is not there and cannot be fetched.
    """
    return LabelModel(open_session(models.path(MODEL)))
