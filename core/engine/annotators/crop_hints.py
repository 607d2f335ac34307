"""CROP_HINTS: where to cut, by how much each spot draws the eye.

U²-Net-p marks the subject. Where it sees none (a texture, a page, a wide landscape) the spectral
residual (Hou & Zhang 2007) marks what breaks the pattern, and the hint is less confident.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import ModelStore, open_session
from core.engine.models.tensors import planes

if TYPE_CHECKING:
    from google.cloud import vision

    from core.pictures.picture import Picture

MODEL = "u2netp-128"  # the file's input was 128 pixels once; see ``_early_mask``
# Pixels. The third of the model's seven masks at 160 takes half the time of the last one at 128,
# and is nearer to what the model shows at its own 320 (docs/models.md).
LOOKED_AT, MASK = 160, 3
SIDE = 128  # of the saliency map
MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # ImageNet's, of the model's training
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
SEEN = 0.35  # the mask's highest value from which there is a subject
SMALLEST_SUBJECT = 0.002  # of the picture
MAX_RATIOS = 16  # as the service; it ignores more
PLAIN = 2.0  # grey levels between the darkest and the lightest spot
KEEP = 0.95  # share of the saliency within the hint when no ratio is asked
MARGIN = 0.06  # of the longer side, around it
NO_WORSE = 0.99  # of windows this near to the best, the one best centred wins

Map = NDArray[np.float64]


class Window(NamedTuple):
    """A crop in shares of the picture (0 to 1), and the share of the saliency that is in it."""

    left: float
    top: float
    right: float
    bottom: float
    saliency: float


def spectral_residual(grey: Map) -> Map:
    """What breaks the pattern of a square grey picture (0 to 255), 0 to 1; 0 where it is plain."""
    if float(np.ptp(grey)) < PLAIN:
        return np.zeros_like(grey)
    spectrum = np.fft.fft2(grey)
    log_size = np.log(np.abs(spectrum) + 1e-8)
    residual = log_size - _blurred(log_size, 1)
    back = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = _blurred(_blurred(back, 2), 2)
    spread: Map = smooth - smooth.min()
    return spread / spread.max() if spread.max() > 1e-12 else np.zeros_like(spread)


def _blurred(values: Map, reach: int) -> Map:
    steps = range(-reach, reach + 1)
    shifted = [np.roll(values, (dy, dx), (0, 1)) for dy in steps for dx in steps]
    mean: Map = np.mean(shifted, axis=0)
    return mean


def best_window(saliency: Map, wide: float, high: float) -> Window:
    """Where a window of that size (shares of the picture) keeps the most.

    Windows that keep nearly as much as the best are ranked by how well the middle of the
    saliency sits in their own middle.
    """
    if min(wide, high) <= 0 or max(wide, high) > 1:
        raise ValueError("The window does not fit into the picture")
    left, kept_x = _best_stretch(saliency.sum(axis=0), wide)
    columns = slice(round(left * len(saliency)), max(round((left + wide) * len(saliency)), 1))
    top, kept_y = _best_stretch(saliency[:, columns].sum(axis=1), high)
    return Window(left, top, left + wide, top + high, kept_x * kept_y)


def _best_stretch(profile: Map, length: float) -> tuple[float, float]:
    """Begin of the best stretch of that length, 0 to 1, and the share it keeps."""
    count, total = len(profile), float(profile.sum())
    if length >= 1 or total <= 0:
        return (1 - length) / 2, min(length, 1.0) if total <= 0 else 1.0
    sums = np.concatenate([[0.0], np.cumsum(profile)])
    begins = np.linspace(0, count * (1 - length), 8 * count)
    at = np.arange(count + 1)
    covered = np.interp(begins + count * length, at, sums) - np.interp(begins, at, sums)
    middle = float((profile * (np.arange(count) + 0.5)).sum() / total)
    good = np.flatnonzero(covered >= NO_WORSE * covered.max())
    chosen = good[int(np.abs(begins[good] + count * length / 2 - middle).argmin())]
    return float(begins[chosen] / count), float(covered[chosen] / total)


def own_window(saliency: Map) -> Window:
    """The picture's own best crop: nearly all of the saliency and a margin."""
    total = float(saliency.sum())
    if total <= 0:
        return Window(0.0, 0.0, 1.0, 1.0, 1.0)
    edges = []
    for axis in (0, 1):
        share = np.cumsum(saliency.sum(axis=axis)) / total
        low = int(np.searchsorted(share, (1 - KEEP) / 2))
        high = int(np.searchsorted(share, 1 - (1 - KEEP) / 2)) + 1
        margin = MARGIN * len(share)
        edges.append(
            (max(low - margin, 0) / len(share), min(high + margin, len(share)) / len(share))
        )
    (left, right), (top, bottom) = edges
    rows = slice(int(top * len(saliency)), int(np.ceil(bottom * len(saliency))))
    columns = slice(int(left * len(saliency)), int(np.ceil(right * len(saliency))))
    return Window(left, top, right, bottom, float(saliency[rows, columns].sum()) / total)


class CropHintsAnnotator:
    """Fills ``crop_hints_annotation``: one hint a ratio asked, in that order; else one in all."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def saliency(self, picture: Picture) -> tuple[Map, float]:
        """(128, 128) map of the picture squeezed to a square, and confidence 0 to 1."""
        import cv2

        pixels = picture.fitted(LOOKED_AT, (LOOKED_AT, LOOKED_AT))
        lightest = max(float(pixels.max()), 1.0)
        batch = planes([pixels], mean=MEAN * lightest, deviation=DEVIATION * lightest)
        (logits,) = self._session.run(None, {self._input: batch})
        mask = 1 / (1 + np.exp(-logits[0, 0].astype(np.float64)))
        subject: Map = np.asarray(cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR))
        # Faint haze is not the subject, and would pull each crop towards the middle.
        subject[subject < SEEN / 2] = 0.0
        if subject.max() >= SEEN and float((subject > SEEN).mean()) >= SMALLEST_SUBJECT:
            return subject, float(min(subject[subject > SEEN].mean(), 1.0))
        grey = picture.fitted(SIDE, (SIDE, SIDE)).mean(axis=2, dtype=np.float64)
        return spectral_residual(grey) ** 2, SEEN / 2

    def annotate(
        self,
        picture: Picture,
        feature: vision.Feature,
        context: vision.ImageContext,
        response: vision.AnnotateImageResponse,
    ) -> None:
        """Fill ``crop_hints_annotation``: a window for each ratio asked for, or one of its own."""
        target = type(response).pb(response).crop_hints_annotation
        del target.crop_hints[:]
        saliency, confidence = self.saliency(picture)
        ratios = list(context.crop_hints_params.aspect_ratios)[:MAX_RATIOS]
        own = picture.width / picture.height
        windows = [
            best_window(saliency, min(1.0, ratio / own), min(1.0, own / ratio))
            for ratio in ratios
            if np.isfinite(ratio) and ratio > 0
        ]
        for window in windows if ratios else [own_window(saliency)]:
            hint = target.crop_hints.add(confidence=confidence, importance_fraction=window.saliency)
            left, right = round(window.left * picture.width), round(window.right * picture.width)
            top, bottom = round(window.top * picture.height), round(window.bottom * picture.height)
            right, bottom = max(right, left + 1), max(bottom, top + 1)
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                hint.bounding_poly.vertices.add(x=x, y=y)


def _early_mask(path: Path) -> bytes:
    """The model as far as its third mask, (1, 1, 40, 40) logits, for pictures of 160 pixels.

    Training drew each of its masks towards the subject, the finest first; what comes after the
    coarser ones takes most of the time.
    """
    import onnx

    model = onnx.load(path)
    graph = model.graph
    channels = {weight.name: weight.dims[0] for weight in graph.initializer}
    masks = [n.output[0] for n in graph.node if n.op_type == "Conv" and channels[n.input[1]] == 1]
    chosen = masks[MASK - 1]
    for side in graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_value = LOOKED_AT
    del graph.output[:], graph.value_info[:]
    graph.output.append(onnx.helper.make_tensor_value_info(chosen, onnx.TensorProto.FLOAT, None))
    cut = onnx.utils.Extractor(model).extract_model([graph.input[0].name], [chosen])
    return bytes(cut.SerializeToString())


def make(models: ModelStore) -> CropHintsAnnotator:
    """Open the model."""
    return CropHintsAnnotator(open_session(_early_mask(models.path(MODEL))))
