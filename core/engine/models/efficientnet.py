"""EfficientNet-Lite weights from a torch checkpoint to ONNX, without torch.

The checkpoint is a pickle, so it is read by an unpickler that knows three names and refuses all
others. The graph follows M. Tan's EfficientNet-Lite: no squeeze-and-excitation, ReLU6, TensorFlow's
"same" padding, batch norm with epsilon 1e-3 (folded into the convolutions here).
"""

from __future__ import annotations

import io
import pickle  # nosec B403 - read by an unpickler that knows a handful of classes
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-3
SIZES = {"lite0": 224, "lite2": 260}  # the square input each variant was trained for, in pixels
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
OPSET = 17
IR_VERSION = 8
TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}

Weights = dict[str, NDArray[np.generic]]


class _Unpickler(pickle.Unpickler):
    """Builds arrays only: any other name in the file is an error, so it cannot run code."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[str, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a file of weights")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, _, size, *_ = pid
        self.storages[key] = (_STORAGES[kind], int(size))
        return str(key)


class _Tensor:
    """Where one tensor lies in its storage."""

    def __init__(self, key: str, offset: int, size: Any, stride: Any, *_: Any) -> None:
        self.key, self.offset, self.size, self.stride = key, offset, tuple(size), tuple(stride)

    def array(self, storage: NDArray[np.generic]) -> NDArray[np.generic]:
        if not self.size:
            return storage[self.offset : self.offset + 1].reshape(())
        last = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride, strict=True))
        if self.offset < 0 or min(self.stride) < 0 or last >= len(storage):
            raise ValueError("A tensor reaches out of its storage")
        step = storage.itemsize
        # Honours the strides: some convolutions are stored channels-last.
        view = np.lib.stride_tricks.as_strided(
            storage[self.offset :], self.size, tuple(s * step for s in self.stride), writeable=False
        )
        array: NDArray[np.generic] = np.array(view, order="C")
        return array


def read_checkpoint(data: bytes) -> Weights:
    """Tensors by name from a checkpoint in torch's format before 1.6 (a row of pickles).

    Raises:
        pickle.UnpicklingError: the file names anything but plain tensors.
        ValueError: it is not such a checkpoint, or is cut short.
    """
    file = io.BytesIO(data)
    if _Unpickler(file).load() != TORCH_MAGIC:
        raise ValueError("Not a torch checkpoint of the old format")
    _Unpickler(file).load()  # protocol version
    _Unpickler(file).load()  # byte order and sizes of the machine that wrote it
    reader = _Unpickler(file)
    tensors: dict[str, _Tensor] = reader.load()
    stored: dict[str, NDArray[np.generic]] = {}
    for key in _Unpickler(file).load():
        kind, size = reader.storages[key]
        count = int.from_bytes(file.read(8), "little")
        raw = file.read(count * np.dtype(kind).itemsize)
        if count != size or len(raw) != count * np.dtype(kind).itemsize:
            raise ValueError("The checkpoint is cut short")
        stored[key] = np.frombuffer(raw, kind)
    return {name: tensor.array(stored[tensor.key]) for name, tensor in tensors.items()}


class _EfficientNetGraph:
    """Nodes and weights in the making; ``tip`` names the latest tensor."""

    def __init__(self, weights: Weights, size: int) -> None:
        self.weights, self.size, self.tip = weights, size, "image"
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[np.generic]] = {
            "zero": np.array(0, np.float32),
            "six": np.array(6, np.float32),
        }

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.tip = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.tip], **attributes))
        return self.tip

    def conv(self, conv: str, norm: str, *, stride: int = 1, relu: bool = True) -> None:
        """Convolution, its batch norm folded in, then ReLU6."""
        kernel = self.weights[f"{conv}.weight"].astype(np.float64)
        scale = self.weights[f"{norm}.weight"] / np.sqrt(
            self.weights[f"{norm}.running_var"].astype(np.float64) + EPSILON
        )
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        self.constants[f"{conv}.kernel"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        self.constants[f"{conv}.bias"] = bias.astype(np.float32)
        side = kernel.shape[2]
        out = -(-self.size // stride)
        pad = max((out - 1) * stride + side - self.size, 0)
        self.size = out
        before, after = pad // 2, pad - pad // 2
        self.node(
            "Conv",
            [self.tip, f"{conv}.kernel", f"{conv}.bias"],
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
        )
        if relu:
            self.node("Clip", [self.tip, "zero", "six"])

    def block(self, number: int, *, stride: int) -> None:
        """One inverted bottleneck, with its short cut where shapes allow."""
        name, entry = f"_blocks.{number}", self.tip
        expands = f"{name}._expand_conv.weight" in self.weights
        first = f"{name}.{'_expand' if expands else '_depthwise'}_conv.weight"
        width_in = self.weights[first].shape[1 if expands else 0]
        if expands:
            self.conv(f"{name}._expand_conv", f"{name}._bn0")
        self.conv(f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
        self.conv(f"{name}._project_conv", f"{name}._bn2", relu=False)
        if stride == 1 and width_in == self.width_out(number):
            self.node("Add", [self.tip, entry])

    def width_out(self, number: int) -> int:
        return int(self.weights[f"_blocks.{number}._project_conv.weight"].shape[0])

    def has_block(self, number: int) -> bool:
        return f"_blocks.{number}._project_conv.weight" in self.weights


def to_onnx(data: bytes, *, variant: str) -> bytes:
    """An ONNX model from a checkpoint.

    Its input ``image`` is (n, 3, side, side) float32, RGB, (pixel - 127) / 128; its outputs are
    ``probability`` (n, 1000), the softmax over ImageNet-1k in the usual order, and ``embedding``
    (n, 1280), the pooled features before the classifier.

    Args:
        variant: a key of ``SIZES``.
    """
    from onnx import TensorProto, helper, numpy_helper

    side = SIZES[variant]
    graph = _EfficientNetGraph(read_checkpoint(data), side)
    graph.conv("_conv_stem", "_bn0", stride=2)
    number, stage = 0, -1
    while graph.has_block(number):
        # The seven stages differ in width, so a new width begins a new stage.
        begins = number == 0 or graph.width_out(number) != graph.width_out(number - 1)
        stage += begins
        graph.block(number, stride=STAGE_STRIDES[stage] if begins else 1)
        number += 1
    graph.conv("_conv_head", "_bn1")
    graph.node("GlobalAveragePool", [graph.tip])
    embedding = graph.node("Flatten", [graph.tip], "embedding")
    graph.constants["fc.kernel"] = graph.weights["_fc.weight"]
    graph.constants["fc.bias"] = graph.weights["_fc.bias"]
    graph.node("Gemm", [embedding, "fc.kernel", "fc.bias"], transB=1)
    graph.node("Softmax", [graph.tip], "probability", axis=1)

    def described(name: str, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            f"efficientnet-{variant}",
            [described("image", "n", 3, side, side)],
            [described("probability", "n", 1000), described("embedding", "n", 1280)],
            [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString())
