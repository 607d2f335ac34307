"""TensorFlow.js graphs to ONNX, on a small made-up one."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from core.engine.models.model_store import open_session
from core.engine.models.tfjs_graph import UnknownGraph, to_onnx

VALID, NHWC = (base64.b64encode(word).decode() for word in (b"VALID", b"NHWC"))
RANDOM = np.random.default_rng(3)
KERNEL = RANDOM.normal(size=(3, 3, 2, 4)).astype(np.float16).astype(np.float32)
BIAS = RANDOM.normal(size=4).astype(np.float16).astype(np.float32)
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "pads": np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32),
    "kernel": KERNEL,
    "bias": BIAS,
    "first": np.array([0, 3, 1, 2], np.int32),
    "where": np.array([[0], [1]], np.int64).astype(np.int32),
    "length": np.array([2], np.int32),
    "sizes": np.array([3, 1], np.int32),
    "zero": np.array(0, np.int32),
    "parts": np.array([1, 3], np.int32),
    "axis": np.array(1, np.int32),
}
CONV = {
    "padding": {"s": VALID},
    "data_format": {"s": NHWC},
    "strides": {"list": {"i": ["1", "2", "2", "1"]}},
    "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
}
NODES: list[dict[str, Any]] = [
    {"name": "image", "op": "Placeholder"},
    *({"name": name, "op": "Const"} for name in ARRAYS),
    # Shapes that are worked out from constants are folded: here (3, 1) from a sparse list.
    {"name": "folded", "op": "SparseToDense", "input": ["where", "length", "sizes", "zero"]},
    {"name": "padded", "op": "Pad", "input": ["image", "pads"]},
    {"name": "conv", "op": "Conv2D", "input": ["padded", "kernel"], "attr": CONV},
    {"name": "sum", "op": "AddV2", "input": ["conv", "bias"]},
    {"name": "leaky", "op": "LeakyRelu", "input": ["sum"], "attr": {"alpha": {"f": 0.1}}},
    {"name": "turned", "op": "Transpose", "input": ["leaky", "first"]},
    {
        "name": "split",
        "op": "SplitV",
        "input": ["turned", "parts", "axis"],
        "attr": {"num_split": {"i": "2"}},
    },
    {"name": "joined", "op": "ConcatV2", "input": ["split:1", "split", "axis"]},
    {"name": "out", "op": "Sigmoid", "input": ["joined"]},
]


def model(
    nodes: list[dict[str, Any]],
    arrays: dict[str, np.ndarray[Any, Any]] = ARRAYS,
    out: tuple[int, ...] = (4, 3, 3),
) -> tuple[bytes, bytes]:
    """model.json and its weights; floats are stored as halves."""
    entries, data = [], b""
    for name, array in arrays.items():
        half = array.dtype == np.float32
        entry = {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        entries.append(entry | ({"quantization": {"dtype": "float16"}} if half else {}))
        data += (array.astype(np.float16) if half else array).tobytes()

    def described(name: str, *shape: int) -> dict[str, Any]:
        return {"name": f"{name}:0", "tensorShape": {"dim": [{"size": str(n)} for n in shape]}}

    signature = {
        "inputs": {"image": described("image", -1, 6, 6, 2)},
        "outputs": {"out": described("out", -1, *out)},
    }
    topology = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"weights": entries}],
        "signature": signature,
    }
    return json.dumps(topology).encode(), data


def test_a_small_graph_computes_what_numpy_does() -> None:
    session = open_session(to_onnx(*model(NODES)))
    image = RANDOM.normal(size=(1, 6, 6, 2)).astype(np.float32)
    (out,) = session.run(["out"], {"image": image})
    padded = np.pad(image[0], ((1, 1), (1, 1), (0, 0)))
    expected = np.empty((4, 3, 3))
    for row in range(3):
        for column in range(3):
            window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            expected[:, row, column] = np.tensordot(window, KERNEL, 3) + BIAS
    expected = np.where(expected > 0, expected, 0.1 * expected)
    expected = expected[[1, 2, 3, 0]]  # split after one channel, joined the other way round
    np.testing.assert_allclose(out[0], 1 / (1 + np.exp(-expected)), atol=1e-5)


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(UnknownGraph, match="Einsum"):
        to_onnx(*model([*NODES, {"name": "odd", "op": "Einsum", "input": ["image"]}]))


def word(text: str) -> dict[str, str]:
    return {"s": base64.b64encode(text.encode()).decode()}


def test_another_padding_is_refused() -> None:
    odd = CONV | {"padding": word("EXPLICIT")}
    node = {"name": "odd", "op": "Conv2D", "input": ["padded", "kernel"], "attr": odd}
    with pytest.raises(UnknownGraph, match="EXPLICIT"):
        to_onnx(*model([*NODES, node]))


def test_joined_and_depthwise_convolutions_compute_what_numpy_does() -> None:
    joined = {"list": {"s": [word(step)["s"] for step in ("BiasAdd", "Prelu")]}}
    same = CONV | {"padding": word("SAME")}
    nodes: list[dict[str, Any]] = [
        {"name": "image", "op": "Placeholder"},
        {
            "name": "conv",
            "op": "_FusedConv2D",
            "input": ["image", "kernel", "bias", "slope"],
            "attr": same | {"fused_ops": joined},
        },
        {"name": "out", "op": "DepthwiseConv2dNative", "input": ["conv", "own"], "attr": same},
    ]
    own = RANDOM.normal(size=(2, 2, 4, 1)).astype(np.float16).astype(np.float32)
    slope = np.array([0.5, 0.25, 2.0, -1.0], np.float32)
    session = open_session(to_onnx(*model(nodes, ARRAYS | {"own": own, "slope": slope}, (2, 2, 4))))
    image = RANDOM.normal(size=(1, 6, 6, 2)).astype(np.float32)
    (out,) = session.run(["out"], {"image": image})
    # SAME at stride 2 adds one row and one column, behind: 6 -> 3 -> 2.
    padded = np.pad(image[0], ((0, 1), (0, 1), (0, 0)))
    middle = np.zeros((4, 4, 4))
    for row, column in np.ndindex(3, 3):
        window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        value = np.tensordot(window, KERNEL, 3) + BIAS
        middle[row, column] = np.where(value > 0, value, slope * value)
    for row, column in np.ndindex(2, 2):
        window = middle[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        expected = (window * own[..., 0]).sum(axis=(0, 1))
        np.testing.assert_allclose(out[0, row, column], expected, atol=1e-4)


def test_an_unknown_joined_step_is_refused() -> None:
    attr = CONV | {"fused_ops": {"list": {"s": [word("Elu")["s"]]}}}
    node = {"name": "odd", "op": "_FusedConv2D", "input": ["image", "kernel"], "attr": attr}
    with pytest.raises(UnknownGraph, match="Elu"):
        to_onnx(*model([*NODES, node]))


def test_weights_cut_short_are_refused() -> None:
    topology, weights = model(NODES)
    with pytest.raises(UnknownGraph, match="cut short"):
        to_onnx(topology, weights[:-2])


def test_relu_pool_mean_and_softmax_compute_what_numpy_does() -> None:
    """The pool pads at the end, as TensorFlow's "SAME" does."""
    same = base64.b64encode(b"SAME").decode()
    steps = [base64.b64encode(step).decode() for step in (b"BiasAdd", b"Relu")]
    window = {"list": {"i": ["1", "3", "3", "1"]}}
    twos = {"list": {"i": ["1", "2", "2", "1"]}}
    pool = {"padding": {"s": same}, "data_format": CONV["data_format"]}
    nodes: list[dict[str, Any]] = [
        {"name": "image", "op": "Placeholder"},
        *({"name": name, "op": "Const"} for name in ("kernel", "bias", "axes")),
        {
            "name": "conv",
            "op": "_FusedConv2D",
            "input": ["image", "kernel", "bias"],
            "attr": CONV | {"fused_ops": {"list": {"s": steps}}, "padding": {"s": same}},
        },
        {"name": "pool", "op": "MaxPool", "input": ["conv"],
         "attr": pool | {"ksize": window, "strides": twos}},
        {"name": "mean", "op": "Mean", "input": ["pool", "axes"], "attr": {"keep_dims": {}}},
        {"name": "out", "op": "Softmax", "input": ["mean"]},
    ]  # fmt: skip
    arrays = {"kernel": KERNEL, "bias": BIAS, "axes": np.array([1, 2], np.int32)}
    session = open_session(to_onnx(*model(nodes, arrays, (4,))))
    image = RANDOM.normal(size=(1, 6, 6, 2)).astype(np.float32)
    (output,) = session.run(None, {"image": image})
    padded = np.pad(image[0], ((0, 1), (0, 1), (0, 0)))  # 6 by windows of 3, steps of 2
    conv = np.array([
        [
            np.tensordot(padded[y : y + 3, x : x + 3], KERNEL, 3) + BIAS
            for x in range(0, 6, 2)
        ]
        for y in range(0, 6, 2)
    ])  # fmt: skip
    relu = np.pad(np.maximum(conv, 0), ((1, 1), (1, 1), (0, 0)))  # 3 by the same: one on each side
    pooled = [relu[y : y + 3, x : x + 3].max(axis=(0, 1)) for y in (0, 2) for x in (0, 2)]
    expected = np.exp(np.mean(pooled, axis=0))
    np.testing.assert_allclose(output[0], expected / expected.sum(), rtol=1e-4)
