"""A TensorFlow.js graph model to ONNX, as far as NanoDet and the face mesh need it.

Shapes that the graph works out from constants are worked out here, once. Layout changes stay as
Transpose nodes: onnxruntime moves and cancels them itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
IR_VERSION = 8
Array = NDArray[np.generic]
_TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "uint8": np.uint8}


class UnknownGraph(ValueError):
    """The graph has an operation or an attribute that this converter does not know."""


def to_onnx(topology: bytes, weights: bytes) -> bytes:
    """An ONNX model from ``model.json`` and its only weight file.

    The input keeps its name and shape without the batch; outputs keep theirs.

    Raises:
        UnknownGraph: at the first operation that is not known.
    """
    from onnx import TensorProto, helper, numpy_helper

    described = json.loads(topology)
    nodes = described["modelTopology"]["node"]
    signature = described.get("signature") or described["userDefinedMetadata"]["signature"]
    graph = _OnnxGraph(_read_weights(described["weightsManifest"], weights))
    for node in nodes:
        graph.convert(node)

    def value(entry: dict[str, Any]) -> Any:
        sizes = [int(side["size"]) for side in entry["tensorShape"]["dim"]]
        shape = [size if size >= 0 else "n" for size in sizes]
        name = entry["name"].removesuffix(":0")
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    used = {name for node in graph.nodes for name in node.input}
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tfjs",
            [value(entry) for entry in signature["inputs"].values()],
            [value(entry) for entry in signature["outputs"].values()],
            [numpy_helper.from_array(a, n) for n, a in graph.constants.items() if n in used],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString())


def _read_weights(manifest: list[dict[str, Any]], data: bytes) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    at = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantised = entry.get("quantization", {})
        if quantised.get("dtype", "float16") != "float16":
            raise UnknownGraph(f"Weights of type {quantised['dtype']}")
        kind = np.dtype(np.float16 if quantised else _TYPES[entry["dtype"]])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        raw = data[at : at + count * kind.itemsize]
        if len(raw) != count * kind.itemsize:
            raise UnknownGraph("The weight file is cut short")
        at += len(raw)
        array = np.frombuffer(raw, kind).reshape(entry["shape"])
        weights[entry["name"]] = array.astype(_TYPES[entry["dtype"]])
    return weights


class _OnnxGraph:
    """ONNX nodes in the making; ``constants`` are known arrays by their TensorFlow name."""

    def __init__(self, constants: dict[str, Array]) -> None:
        self.constants = constants
        self.nodes: list[Any] = []

    def convert(self, node: dict[str, Any]) -> None:
        kind, inputs = node["op"], [name.removesuffix(":0") for name in node.get("input", [])]
        if kind in ("Const", "Placeholder"):
            return
        known = all(name in self.constants for name in inputs)
        if kind in _FOLDED and known:
            self.constants[node["name"]] = _FOLDED[kind](*(self.constants[n] for n in inputs))
            return
        if kind not in _CONVERTED:
            raise UnknownGraph(f"The operation {kind}")
        _CONVERTED[kind](self, node["name"], inputs, node.get("attr", {}))

    def add(self, kind: str, inputs: list[str], output: str | list[str], **attributes: Any) -> None:
        from onnx import helper

        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))

    def known(self, name: str, array: Any, near: str) -> str:
        """Name of a new constant, named after the node that needs it."""
        self.constants[f"{near}/{name}"] = np.asarray(array)
        return f"{near}/{name}"

    def numbers(self, name: str) -> list[int]:
        return [int(number) for number in self.constants[name].ravel()]


def _sparse_to_dense(where: Array, shape: Array, values: Array, default: Array) -> Array:
    dense = np.full([int(n) for n in shape], default)
    for place, number in zip(where, np.broadcast_to(values, len(where)), strict=True):
        dense[tuple(int(n) for n in place)] = number
    return dense


_FOLDED: dict[str, Callable[..., Array]] = {
    "SparseToDense": _sparse_to_dense,
    "Add": np.add,
    "AddV2": np.add,
}


def _simple(kind: str) -> Callable[..., None]:
    def convert(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
        graph.add(kind, inputs, name)

    return convert


def _transpose(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    graph.add("Transpose", inputs[:1], name, perm=graph.numbers(inputs[1]))


def _leaky(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    graph.add("LeakyRelu", inputs, name, alpha=float(attr["alpha"]["f"]))


def _concat(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    graph.add("Concat", inputs[:-1], name, axis=graph.numbers(inputs[-1])[0])


def _reshape(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    shape = graph.known("shape", graph.constants[inputs[1]].astype(np.int64), name)
    graph.add("Reshape", [inputs[0], shape], name)


def _split(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    sizes = graph.known("sizes", graph.constants[inputs[1]].astype(np.int64), name)
    outputs = [name, *(f"{name}:{at}" for at in range(1, int(attr["num_split"]["i"])))]
    graph.add("Split", [inputs[0], sizes], outputs, axis=graph.numbers(inputs[2])[0])


def _pad(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    pads = graph.constants[inputs[1]].reshape(-1, 2).T.ravel()
    extra = [graph.known("value", np.float32(0), name)] if len(inputs) < 3 else inputs[2:]
    graph.add("Pad", [inputs[0], graph.known("pads", pads.astype(np.int64), name), *extra], name)


def _resize(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    if not attr["half_pixel_centers"]["b"] or attr["align_corners"]["b"]:
        raise UnknownGraph("A way of resizing")
    # ONNX resizes any axes but is fastest on channels first.
    graph.add("Transpose", inputs[:1], f"{name}/first", perm=[0, 3, 1, 2])
    rows, columns = graph.numbers(inputs[1])
    graph.add("Shape", [f"{name}/first"], f"{name}/shape", start=0, end=2)
    target = graph.known("target", np.array([rows, columns], np.int64), name)
    graph.add("Concat", [f"{name}/shape", target], f"{name}/sizes", axis=0)
    resized = f"{name}/resized"
    graph.add("Resize", [f"{name}/first", "", "", f"{name}/sizes"], resized, mode="linear")
    graph.add("Transpose", [resized], name, perm=[0, 2, 3, 1])


def _window(attr: dict[str, Any], name: str) -> list[int]:
    return [int(number) for number in attr[name]["list"]["i"]][1:3]


def _padding(attr: dict[str, Any]) -> str:
    """TensorFlow's word for it in ONNX's."""
    words = [base64.b64decode(attr[name]["s"]) for name in ("padding", "data_format")]
    if words[1] != b"NHWC" or words[0] not in _PADDINGS:
        raise UnknownGraph(f"Padding and layout {words}")
    return _PADDINGS[words[0]]


_PADDINGS = {b"VALID": "VALID", b"SAME": "SAME_UPPER"}


def _conv(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    _convolve(graph, name, inputs[0], graph.constants[inputs[1]].transpose(3, 2, 0, 1), attr)


def _depthwise(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    kernel = graph.constants[inputs[1]]
    rows, columns, channels, each = kernel.shape
    own = kernel.reshape(rows, columns, channels * each, 1).transpose(2, 3, 0, 1)
    _convolve(graph, name, inputs[0], own, attr, group=channels)


def _convolve(
    graph: _OnnxGraph, name: str, source: str, kernel: Array, attr: dict[str, Any], group: int = 1
) -> None:
    """A convolution by an (out, in, rows, columns) kernel."""
    weights = graph.known("kernel", np.ascontiguousarray(kernel), name)
    graph.add("Transpose", [source], f"{name}/first", perm=[0, 3, 1, 2])
    graph.add(
        "Conv",
        [f"{name}/first", weights],
        f"{name}/conv",
        strides=_window(attr, "strides"),
        dilations=_window(attr, "dilations"),
        auto_pad=_padding(attr),
        group=group,
    )
    graph.add("Transpose", [f"{name}/conv"], name, perm=[0, 2, 3, 1])


def _fused_conv(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    """A convolution with what TensorFlow.js has joined to it: a bias, maybe a ReLU or PReLU."""
    steps = [base64.b64decode(step) for step in attr["fused_ops"]["list"]["s"]]
    if steps[0] != b"BiasAdd" or len(steps) > 2 or not set(steps[1:]) <= set(_ACTIVATIONS):
        raise UnknownGraph(f"A convolution joined with {steps}")
    _conv(graph, f"{name}/plain", inputs, attr)
    last = len(steps) == 1
    graph.add("Add", [f"{name}/plain", inputs[2]], name if last else f"{name}/biased")
    if not last:
        graph.add(_ACTIVATIONS[steps[1]], [f"{name}/biased", *inputs[3:]], name)


_ACTIVATIONS = {b"Prelu": "PRelu", b"Relu": "Relu"}


def _max_pool(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    graph.add("Transpose", inputs[:1], f"{name}/first", perm=[0, 3, 1, 2])
    sizes = {"kernel_shape": _window(attr, "ksize"), "strides": _window(attr, "strides")}
    padding = _padding(attr)
    more = {} if padding == "VALID" else {"auto_pad": padding}  # "VALID" is what it does anyway
    graph.add("MaxPool", [f"{name}/first"], f"{name}/pool", **sizes, **more)
    graph.add("Transpose", [f"{name}/pool"], name, perm=[0, 2, 3, 1])


def _mean(graph: _OnnxGraph, name: str, inputs: list[str], attr: dict[str, Any]) -> None:
    keepdims = int(attr.get("keep_dims", {}).get("b", False))
    graph.add("ReduceMean", inputs[:1], name, axes=graph.numbers(inputs[1]), keepdims=keepdims)


_CONVERTED: dict[str, Callable[..., None]] = {
    "Add": _simple("Add"),
    "AddV2": _simple("Add"),
    "Sigmoid": _simple("Sigmoid"),
    "Softmax": _simple("Softmax"),  # of the last axis, for both
    "Relu": _simple("Relu"),
    "Mean": _mean,
    "Identity": _simple("Identity"),
    "Transpose": _transpose,
    "LeakyRelu": _leaky,
    "Prelu": _simple("PRelu"),
    "ConcatV2": _concat,
    "Reshape": _reshape,
    "SplitV": _split,
    "Pad": _pad,
    "PadV2": _pad,
    "ResizeBilinear": _resize,
    "Conv2D": _conv,
    "_FusedConv2D": _fused_conv,
    "DepthwiseConv2dNative": _depthwise,
    "MaxPool": _max_pool,
}
