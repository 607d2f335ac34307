"""Small models of one's own: a mean colour compared with labels, and YOLOX's three grids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 32
LABELS = ["Red", "Green", "Blue"]


def similarity(folder: Path, **changed: Any) -> Path:
    """A model whose vector is the picture's mean colour; its labels are the three."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["vector"]),
    ]
    _save(folder, nodes, "vector", [1, 3])
    return _similarity_files(folder, **changed)


def _similarity_files(folder: Path, **changed: Any) -> Path:
    np.save(folder / "vectors.npy", np.eye(3, dtype=np.float32))
    said = {
        "name": "mean-colour",
        "task": "image-text-similarity",
        "labels": LABELS,
        "label_vectors": "vectors.npy",
        "output": "vector",
        "score": {"scale": 20.0, "bias": -10.0, "threshold": 0.5},
    }
    return _written(folder, said, changed)


def detection(folder: Path, **changed: Any) -> Path:
    """A model that sees a box of the 2nd kind around one cell, whatever the picture is."""
    cells = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
    answer = np.zeros((1, cells, 5 + len(LABELS)), np.float32)
    answer[0, 5] = [0.5, 0.5, np.log(2.0), np.log(1.0), 0.9, 0, 0.8, 0]  # stride 8, cell (1, 1)
    answer[0, 6] = [-0.4, 0.5, np.log(2.0), np.log(1.0), 0.8, 0, 0.8, 0]  # nearly the same box
    zero = np.zeros((1, 1, 1), np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
        helper.make_node("ReduceMean", ["mean"], ["one"], axes=[1, 2], keepdims=1),
        helper.make_node("Squeeze", ["one"], ["flat"]),
        helper.make_node("Mul", ["flat", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["boxes"]),
    ]
    _save(folder, nodes, "boxes", list(answer.shape), {"answer": answer, "zero": zero})
    said = {
        "name": "one-box",
        "task": "object-detection",
        "labels": LABELS,
        "output": "boxes",
        "score": {"threshold": 0.5, "overlap": 0.45},
    }
    return _written(folder, said, changed)


def hungry(folder: Path, side: int) -> Path:
    """A small file that makes a square of ``side`` x ``side`` floats of each picture."""
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["one"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Expand", ["one", "shape"], ["square"]),
        helper.make_node("ReduceMean", ["square"], ["mean"], axes=[0, 1], keepdims=0),
        helper.make_node("Expand", ["mean", "three"], ["vector"]),
    ]
    weights = {"shape": np.array([side, side]), "three": np.array([1, 3])}
    _save(folder, nodes, "vector", [1, 3], weights)
    return _similarity_files(folder)


def endless(folder: Path, rounds: int, side: int = 1024) -> Path:
    """A small file that multiplies two large matrices ``rounds`` times."""
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["one"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Expand", ["one", "shape"], ["m0"]),
        *(helper.make_node("MatMul", [f"m{n}", "m0"], [f"m{n + 1}"]) for n in range(rounds)),
        helper.make_node("ReduceMean", [f"m{rounds}"], ["mean"], axes=[0, 1], keepdims=0),
        helper.make_node("Expand", ["mean", "three"], ["vector"]),
    ]
    weights = {"shape": np.array([side, side]), "three": np.array([1, 3])}
    _save(folder, nodes, "vector", [1, 3], weights)
    return _similarity_files(folder)


def edit(folder: Path, change: Any) -> None:
    """Change the ONNX file by a function of its model."""
    model = onnx.load_from_string((folder / "model.onnx").read_bytes())
    change(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def _save(
    folder: Path,
    nodes: list[Any],
    output: str,
    shape: list[int],
    weights: dict[str, NDArray[Any]] | None = None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    out = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
    initializers = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "small", [pixels], [out], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def _written(folder: Path, said: dict[str, Any], changed: dict[str, Any]) -> Path:
    usual = {
        "file": "model.onnx",
        "licence": "MIT",
        "source": "https://example.org/model",
        "input": {
            "size": {"height": SIDE, "width": SIDE},
            "image_mean": [0.0, 0.0, 0.0],
            "image_std": [1.0, 1.0, 1.0],
        },
    }
    manifest = {**usual, **said, **changed}
    text = json.dumps({name: value for name, value in manifest.items() if value is not None})
    (folder / "model.json").write_text(text)
    return folder
