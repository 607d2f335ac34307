"""What a folder with a model of one's own says of it: ``model.json`` beside the ONNX file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelRefused

FILE = "model.json"
SIMILARITY, DETECTION = "image-text-similarity", "object-detection"
OWN_MODEL = "(own model "  # in what is said of one
FEATURES = {SIMILARITY: "LABEL_DETECTION", DETECTION: "OBJECT_LOCALIZATION"}
MOST_SIDE, MOST_LABELS, MOST_TEXT = 1536, 20_000, 200
MOST_MANIFEST, MOST_VECTORS = 4 * 1024**2, 256 * 1024**2  # bytes
LARGEST = 1e30  # number of a vector
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_KNOWN = {"name", "task", "file", "sha256", "licence", "source", "input", "output", "labels",
          "label_vectors", "score"}  # fmt: skip

_INPUT = {"size", "do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std",
          "do_flip_channel_order", "do_pad", "pad_value", "do_resize",
          "do_center_crop"}  # fmt: skip
# Such files have these too: which program reads them, and how pixels are interpolated.
_WITHOUT_EFFECT = {"crop_size", "do_convert_rgb", "feature_extractor_type",
                   "image_processor_type", "processor_class", "resample"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """How a picture becomes the model's input, by the names of ``preprocessor_config.json``.

    Attributes:
        height, width: ``size``, pixels.
        rescale: ``rescale_factor``; 1.0 where ``do_rescale`` is false.
        mean, deviation: ``image_mean`` and ``image_std``, after rescaling.
        bgr: ``do_flip_channel_order``.
        pad: ``do_pad``: its proportions are kept, with grey (``pad_value``) at the right and below.
    """

    height: int
    width: int
    rescale: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    bgr: bool
    pad: float | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked manifest.

    Attributes:
        name: of the model; letters, digits and ``._-``.
        task: ``SIMILARITY`` or ``DETECTION``.
        file: the ONNX file's name in the folder.
        sha256: its checksum; "" where the first ``add`` writes it down.
        output: the output's name.
        labels: in the output's order, or in that of the vectors.
        vectors: (labels, length), of length 1, for similarity.
        scale, bias: score = 1 / (1 + exp(-(scale * cosine + bias))), for similarity.
        threshold: least score that is answered.
        overlap: overlap over union from which the weaker box of a kind goes, for detection.
        digest: of the manifest and all that it names, but the ONNX file.
    """

    name: str
    task: str
    file: str
    sha256: str
    licence: str
    source: str
    input: Input
    output: str
    labels: tuple[str, ...]
    vectors: NDArray[np.float32] | None
    scale: float
    bias: float
    threshold: float
    overlap: float
    digest: str

    @property
    def model(self) -> str:
        """Names it and all that its answers depend on."""
        return f"{self.name} {OWN_MODEL}{self.sha256[:12]}, manifest {self.digest[:12]})"


def inside(folder: Path, name: object) -> Path:
    """A file of a folder by the name that a manifest gives.

    Raises:
        ModelRefused: it is no plain name, leads elsewhere, or is not there.
    """
    if not isinstance(name, str) or not name or Path(name).name != name or name.startswith("."):
        raise _refused(f"{str(name)[:80]!r} is not the name of a file beside {FILE}", folder)
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise _refused(f"{name} is not there, or is a link", folder)
    return path


def read(folder: Path) -> Manifest:
    """Read and check a folder's manifest; the ONNX file itself is not opened.

    Raises:
        ModelRefused: with what is wrong.
    """
    path = inside(folder, FILE)
    if path.stat().st_size > MOST_MANIFEST:
        raise _refused(f"{FILE} is larger than 4 MB", folder)
    data = path.read_bytes()
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _refused(f"{FILE} is not JSON: {str(error)[:100]}", folder) from error
    if not isinstance(said, dict):
        raise _refused(f"{FILE} is no object with fields", folder)
    if unknown := set(said) - _KNOWN:
        extra = ", ".join(sorted(unknown))
        raise _refused(f"{FILE} has fields that are not known: {extra[:100]}", folder)
    try:
        return _checked(folder, said, hashlib.sha256(data))
    except KeyError as error:
        raise _refused(f"{FILE} lacks the field {error}", folder) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise _refused(f"A field of {FILE} is wrong: {str(error)[:150]}", folder) from error


def _checked(folder: Path, said: Mapping[str, Any], digest: Any) -> Manifest:
    name, task, sha256 = str(said["name"]), said["task"], str(said.get("sha256") or "").lower()
    if not _NAME.match(name):
        raise _refused(f"{name[:80]!r} is no name: use letters, digits, '.', '_' and '-'", folder)
    if task not in FEATURES:
        raise _refused(f"The task is none of {', '.join(FEATURES)}", folder)
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise _refused("sha256 is not a checksum", folder)
    labels = _labels(folder, said["labels"])
    score = said.get("score") or {}
    vectors = None
    if task == SIMILARITY:
        path = inside(folder, said["label_vectors"])
        vectors = _vectors(path, len(labels), folder)
        digest.update(path.read_bytes())
    numbers = {
        "scale": float(score["scale"]) if task == SIMILARITY else 0.0,
        "bias": float(score["bias"]) if task == SIMILARITY else 0.0,
        "threshold": float(score.get("threshold", 0.3)),
        "overlap": float(score.get("overlap", 0.45)),
    }
    if not all(math.isfinite(number) for number in numbers.values()):
        raise _refused("score has a number that is none", folder)
    if not (0 <= numbers["threshold"] <= 1 and 0 <= numbers["overlap"] <= 1):
        raise _refused("threshold and overlap of score go from 0 to 1", folder)
    digest.update("\n".join(labels).encode())
    return Manifest(
        name=name,
        task=task,
        file=inside(folder, said["file"]).name,
        sha256=sha256,
        licence=_text(said["licence"]),
        source=_text(said["source"]),
        input=_input(said["input"], folder),
        output=_text(said["output"]),
        labels=labels,
        vectors=vectors,
        digest=digest.hexdigest(),
        **numbers,
    )


def _text(value: object) -> str:
    text = " ".join(str(value).split())
    if not isinstance(value, str) or not 1 <= len(text) <= MOST_TEXT or not text.isprintable():
        raise ValueError(f"{str(value)[:60]!r} is no short text")
    return text


def _labels(folder: Path, value: object) -> tuple[str, ...]:
    """A list in the manifest, or the name of a text file with a label a line."""
    if isinstance(value, str):
        path = inside(folder, value)
        if path.stat().st_size > MOST_MANIFEST:
            raise _refused(f"{value} is larger than 4 MB", folder)
        try:
            value = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise _refused(f"{path.name} is not UTF-8", folder) from error
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_LABELS:
        raise _refused(f"There must be 1 to {MOST_LABELS:,} labels", folder)
    return tuple(_text(label) for label in value)


def _vectors(path: Path, count: int, folder: Path) -> NDArray[np.float32]:
    if path.stat().st_size > MOST_VECTORS:
        raise _refused(f"{path.name} is larger than 256 MB", folder)
    try:
        vectors = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise _refused(f"{path.name} is no NumPy file of numbers", folder) from error
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise _refused(f"{path.name} is no table of floats, a row for each label", folder)
    if len(vectors) != count:
        raise _refused(f"{path.name} has {len(vectors):,} rows for {count:,} labels", folder)
    wide = vectors.astype(np.float64)
    if not (np.abs(wide) < LARGEST).all():  # nor is one that is none
        raise _refused(f"{path.name} has numbers that are none, or too large", folder)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    if not length.all():
        raise _refused(f"{path.name} has a row of zeros", folder)
    unit: NDArray[np.float32] = (wide / length).astype(np.float32)
    return unit


def _input(said: Mapping[str, Any], folder: Path) -> Input:
    if unknown := set(said) - _INPUT - _WITHOUT_EFFECT:
        raise _refused(f"input has fields that are not known: {sorted(unknown)!s:.100}", folder)
    if said.get("do_center_crop") or not said.get("do_resize", True):
        raise _refused("Pictures are always resized whole: no do_center_crop", folder)
    height, width = int(said["size"]["height"]), int(said["size"]["width"])
    if not (16 <= height <= MOST_SIDE and 16 <= width <= MOST_SIDE):
        raise _refused(f"size is not within 16 and {MOST_SIDE} pixels", folder)
    norms = bool(said.get("do_normalize", True))
    mean = tuple(float(n) for n in said["image_mean"]) if norms else (0.0, 0.0, 0.0)
    deviation = tuple(float(n) for n in said["image_std"]) if norms else (1.0, 1.0, 1.0)
    rescale = float(said.get("rescale_factor", 1 / 255)) if said.get("do_rescale", True) else 1.0
    if len(mean) != 3 or len(deviation) != 3 or not all(deviation) or not rescale:
        raise _refused("image_mean and image_std need three numbers each, none of them 0", folder)
    pad = float(said.get("pad_value", 114)) if said.get("do_pad") else None
    flip = bool(said.get("do_flip_channel_order", False))
    return Input(height, width, rescale, (mean[0], mean[1], mean[2]),
                 (deviation[0], deviation[1], deviation[2]), flip, pad)  # fmt: skip


def _refused(what: str, folder: Path) -> ModelRefused:
    return ModelRefused(
        what, where=folder.name, then="docs/own-models.md says what a manifest holds."
    )
