"""A model of one's own, opened: its graph checked, tried once, and asked about pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.model_store import open_session
from core.engine.models.own.manifest import SIMILARITY, Manifest, inside
from core.engine.models.tensors import BGR, RGB, planes
from core.errors import ModelRefused

if TYPE_CHECKING:
    from core.pictures.picture import Picture

MOST_BYTES = 1024**3
MOST_NODES = 20_000
STRIDES = (8, 16, 32)  # of YOLOX's three grids
MOST_BOXES = 300  # looked at, the surest
_DOMAINS = ("", "ai.onnx", "com.microsoft")
_LOOPS = ("Loop", "Scan", "If")


class Named(NamedTuple):
    """Something found; ``box`` is left, top, right, bottom as shares of the picture, or None."""

    name: str
    score: float
    box: tuple[float, float, float, float] | None = None


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, manifest: Manifest) -> None:
    """Raise ``ModelRefused`` if a file is not the one that was added."""
    if checksum(path) != manifest.sha256:
        raise _refused("The file is not the one that was added", manifest)


def check_graph(path: Path, manifest: Manifest) -> None:
    """Refuse what the engine does not run.

    Raises:
        ModelRefused: it is no ONNX model, too large, has data in other files, operators of others,
            loops, or another input or output than the manifest says.
    """
    import onnx

    if path.stat().st_size > MOST_BYTES:
        raise _refused("The model is larger than 1 GB", manifest)
    try:
        # Parsed alone: data in other files is never opened.
        model = onnx.load_from_string(path.read_bytes())
    except Exception as error:  # whatever protobuf raises for an untrusted file
        raise _refused("The file is no ONNX model", manifest) from error
    graph = model.graph
    attributes = [a for node in graph.node for a in node.attribute]
    tensors = [
        *graph.initializer,
        *(a.t for a in attributes),
        *(t for a in attributes for t in a.tensors),
    ]
    if any(t.data_location or t.external_data for t in tensors):
        raise _refused("The model keeps data in other files", manifest)
    if len(graph.node) > MOST_NODES or graph.sparse_initializer or model.functions:
        raise _refused(
            f"The graph has over {MOST_NODES:,} nodes, functions or sparse data", manifest
        )
    strange = {f"{n.domain}.{n.op_type}" for n in graph.node if n.domain not in _DOMAINS}
    strange |= {node.op_type for node in graph.node if node.op_type in _LOOPS}
    strange |= {f"a graph in {a.name}" for a in attributes if a.HasField("g") or a.graphs}
    if strange:
        raise _refused(
            f"The graph has {', '.join(sorted(strange))[:120]}, which is not run", manifest
        )
    _check_ends(graph, manifest)


def _check_ends(graph: Any, manifest: Manifest) -> None:
    """Refuse a graph that has another input or output than the manifest says."""
    import onnx

    weights = {tensor.name for tensor in graph.initializer}
    inputs = [given for given in graph.input if given.name not in weights]
    shape = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim] if len(inputs) == 1 else []
    wanted = (1, 3, manifest.input.height, manifest.input.width)
    fits = len(shape) == 4 and all(has in (0, is_) for has, is_ in zip(shape, wanted, strict=True))
    if not fits or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        has = ", ".join(map(_input_text, inputs)) or "none"
        raise _refused(
            f"The model must take one input, float {wanted}; it has {has}"[:300], manifest
        )
    if manifest.output not in {given.name for given in graph.output}:
        names = ", ".join(given.name for given in graph.output)
        raise _refused(
            f"It has no output {manifest.output!r}, but {names or 'none'}"[:300], manifest
        )


def _input_text(given: Any) -> str:
    import onnx

    of = given.type.tensor_type
    sides = ", ".join(str(d.dim_value or d.dim_param or "any") for d in of.shape.dim)
    return f"{onnx.TensorProto.DataType.Name(of.elem_type).lower()} ({sides})"


class OwnModel:
    """One opened model; not shared between threads. ``probe`` tries it in another process first.

    Raises:
        ModelRefused: its file is not the one that was added, or onnxruntime does not open it.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        path = inside(folder, manifest.file)
        check_file(path, manifest)
        self.manifest = manifest
        try:
            self._session: Any = open_session(path)
        except Exception as error:  # of onnxruntime, which has no common kind
            raise _refused(f"onnxruntime does not open it: {str(error)[:150]}", manifest) from error
        self._input = self._session.get_inputs()[0].name

    def find(self, picture: Picture) -> list[Named]:
        """What is found in a picture, the surest first."""
        if self.manifest.task == SIMILARITY:
            return self._named(self._run(self._whole(picture)))
        pixels, scale = self._fitted(picture)
        return self._boxed(self._run(pixels), scale, picture)

    def try_out(self) -> None:
        """Run it on one grey picture.

        Raises:
            ModelRefused: it does not run, or its output has not the shape that its task needs.
        """
        side = self.manifest.input
        self._run(np.full((side.height, side.width, 3), 128, np.uint8))

    def _shape(self) -> tuple[int, ...]:
        of = self.manifest
        if of.vectors is not None:
            return (1, of.vectors.shape[1])
        cells = sum((of.input.height // s) * (of.input.width // s) for s in STRIDES)
        return (1, cells, 5 + len(of.labels))

    def _run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        of = self.manifest.input
        batch = planes(
            [pixels],
            mean=[m / of.rescale for m in of.mean],
            deviation=[d / of.rescale for d in of.deviation],
            order=BGR if of.bgr else RGB,
        )
        try:
            (out,) = self._session.run([self.manifest.output], {self._input: batch})
        except Exception as error:
            raise _refused(f"It does not run: {str(error)[:150]}", self.manifest) from error
        shape, wanted = np.shape(out), self._shape()
        if shape != wanted:
            raise _refused(f"Its output is {shape}; {wanted} is needed", self.manifest)
        if not np.isfinite(out).all():
            raise _refused("Its output has numbers that are none, or infinite", self.manifest)
        return np.asarray(out, np.float32)

    def _whole(self, picture: Picture) -> NDArray[np.uint8]:
        """Stretched to the input's size, as SigLIP's own preparation does; or fitted."""
        of = self.manifest.input
        if of.pad is not None:
            return self._fitted(picture)[0]
        small = picture.reduced(max(of.height, of.width))
        return np.asarray(small.resize((of.width, of.height)), np.uint8)

    def _fitted(self, picture: Picture) -> tuple[NDArray[np.uint8], tuple[float, float]]:
        """The input's pixels, and how many of them make one pixel of the picture."""
        of = self.manifest.input
        scale = min(of.width / picture.width, of.height / picture.height)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        if of.pad is None:
            size = (of.width, of.height)
        small = picture.reduced(max(size)).resize(size)
        pixels = np.full((of.height, of.width, 3), of.pad or 0, np.uint8)
        pixels[: size[1], : size[0]] = np.asarray(small)
        return pixels, (size[0] / picture.width, size[1] / picture.height)

    def _named(self, out: NDArray[np.float32]) -> list[Named]:
        of = self.manifest
        assert of.vectors is not None  # its task has them
        seen = out[0] / max(float(np.linalg.norm(out[0])), 1e-9)
        logits = np.clip(of.scale * (of.vectors @ seen) + of.bias, -60, 60)
        scores = 1 / (1 + np.exp(-logits))
        order = np.argsort(-scores, kind="stable")
        return [Named(of.labels[n], float(scores[n])) for n in order if scores[n] >= of.threshold]

    def _boxed(
        self, out: NDArray[np.float32], scale: tuple[float, float], picture: Picture
    ) -> list[Named]:
        """YOLOX: of each cell the middle and size of a box, how surely it is one, and of what."""
        of = self.manifest
        cells, strides = _grid(of.input.height, of.input.width)
        middle = (out[0, :, :2] + cells) * strides
        half = np.exp(np.clip(out[0, :, 2:4], -20, 20)) * strides / 2
        scores = out[0, :, 4:5] * out[0, :, 5:]
        kinds = scores.argmax(axis=1)
        best = scores[np.arange(len(scores)), kinds]
        order = [
            n for n in np.argsort(-best, kind="stable")[:MOST_BOXES] if best[n] >= of.threshold
        ]
        whole = np.array([picture.width * scale[0], picture.height * scale[1]])
        corners = np.clip(
            np.concatenate([(middle - half) / whole, (middle + half) / whole], 1), 0, 1
        )
        selected: list[int] = []
        for n in order:
            rivals = [k for k in selected if kinds[k] == kinds[n]]
            if all(_overlap(corners[n], corners[k]) <= of.overlap for k in rivals):
                selected.append(n)
        return [
            Named(of.labels[kinds[n]], min(1.0, float(best[n])), _box(corners[n])) for n in selected
        ]


def _box(corners: NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(float, corners)
    return left, top, right, bottom


def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], 1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / max(both, 1e-9)


def _refused(what: str, manifest: Manifest) -> ModelRefused:
    return ModelRefused(what, where=manifest.name, then="docs/own-models.md says what is run.")
