"""Tries a model of one's own in a process of its own before the engine opens it.

Its graph is untrusted: what onnxruntime does to open it, and one picture, may take any time and
memory. That process holds the model and nothing else, takes no more than ``LIMITS`` allow, and is
ended when it is over time. What a model does on other pictures is not tried.

Run as ``python -m core.engine.models.own.probe JSON`` with
``{"folder": ..., "memory": bytes, "cpu_s": ...}``; it writes ``{"fault": ..., "where": ...}``.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from core.confined_process import confine, start_confined
from core.engine.models.own.manifest import Manifest, inside, read
from core.engine.models.own.runner import OwnModel, check_file, check_graph
from core.errors import ModelRefused

PROGRAM = "core.engine.models.own.probe"
OPEN_FILES = 64
MEMORY, TIME = "memory", "time"  # faults that are no sentences


class ProbeLimits(NamedTuple):
    """What a probe may take.

    Attributes:
        memory: bytes of address space beside what the model's file asks for.
        times_file: how many times the file's size may be taken: it is read, parsed and opened.
        cpu_s, wall_s: seconds of processor time, and by the clock.
    """

    memory: int = 3 * 1024**3
    times_file: int = 5
    cpu_s: int = 60
    wall_s: int = 300


LIMITS = ProbeLimits()


def probe(folder: Path, manifest: Manifest, limits: ProbeLimits = LIMITS) -> None:
    """Check a model's graph, open it and show it one grey picture.

    Args:
        folder: of the model and the manifest, which is read again there.

    Raises:
        ModelRefused: it does not pass, or takes more than the limits.
    """
    memory = limits.memory + limits.times_file * inside(folder, manifest.file).stat().st_size
    asked = {"folder": str(folder.resolve()), "memory": memory, "cpu_s": limits.cpu_s}
    try:
        process = start_confined(PROGRAM, json.dumps(asked), stdin=subprocess.DEVNULL)
    except OSError as error:
        raise ModelRefused(
            "There is no room to try the model",
            where=manifest.name,
            then=f"Try again when the machine has memory and processes left: {error.strerror}.",
        ) from error
    try:
        said, _ = process.communicate(timeout=limits.wall_s)
        answer = json.loads(said)
    except subprocess.TimeoutExpired:
        answer = {"fault": TIME}
    except ValueError:  # it was ended before it could say anything
        over = process.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        answer = {"fault": TIME if over else MEMORY}
    finally:
        process.kill()
        process.wait()
    fault = answer["fault"]
    if fault == TIME:
        fault = f"Opening it and one picture take more than {limits.cpu_s} s of processor time"
    elif fault == MEMORY:
        fault = f"It needs more than {memory / 1024**3:.1f} GB of memory, or ends the process"
    if fault:
        where = answer.get("where") or manifest.name
        raise ModelRefused(fault, where=where, then="docs/own-models.md says what is run.")


def main(asked: dict[str, Any]) -> dict[str, str]:
    """Try the model of a folder."""
    import onnx  # imported before the limits hold
    import onnxruntime

    del onnx, onnxruntime
    folder = Path(asked["folder"])
    confine(asked["memory"], OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_s"], asked["cpu_s"] + 1))
    try:
        manifest = read(folder)
        path = inside(folder, manifest.file)
        check_file(path, manifest)
        check_graph(path, manifest)
        OwnModel(folder, manifest).try_out()
    except MemoryError:
        return {"fault": MEMORY}
    except ModelRefused as error:
        # onnxruntime has no kind of its own for it: "Failed to allocate ...", "std::bad_alloc".
        starved = "alloc" in str(error.__cause__ or "").lower()
        return {"fault": MEMORY if starved else error.what, "where": error.where}
    return {"fault": ""}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library may print is no answer
    with answers:
        json.dump(main(json.loads(sys.argv[1])), answers)
