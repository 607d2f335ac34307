"""Models of one's own: what the doctor says of them, and ``python -m core models``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from core.doctor.findings import Finding, Level
from core.engine.home import EngineHome
from core.engine.models.own.manifest import FILE, SIMILARITY
from core.engine.models.own.own_models import OwnModels, feature_of
from core.engine.models.own.runner import MOST_BYTES
from core.errors import ContactSheetError, ModelRefused
from core.settings import Settings

FETCH_S = 60.0  # without a byte
# The image half of SigLIP 2 as ONNX. No checksum is published beside it, and it was never fetched
# where this was written: the first fetch writes the checksum down.
SIGLIP2 = {
    "name": "siglip2",
    "task": SIMILARITY,
    "file": "vision_model.onnx",
    "licence": "Apache-2.0",
    "source": "https://huggingface.co/onnx-community/siglip2-base-patch16-224-ONNX",
    "input": {
        "size": {"height": 224, "width": 224},
        "rescale_factor": 1 / 255,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    },
    "output": "pooler_output",
}
SIGLIP2_FILE = f"{SIGLIP2['source']}/resolve/main/onnx/vision_model.onnx"
NAMED = ("siglip2",)


def own_models(settings: Settings) -> Finding:
    """Which models of one's own answer, and whether they are as they were added."""
    own = models_of(settings)
    names = own.names()
    if not names:
        return Finding("Own models", Level.OK, "none; the engine's answer")
    if faults := own.faults():
        cure = "Remove it and add it again: `python -m core models remove NAME`."
        return Finding("Own models", Level.FAIL, "; ".join(faults), str(own.folder), cure)
    said = [f"{m.model} answers {feature_of(m)}" for m in map(own.read, names)]
    return Finding("Own models", Level.OK, "; ".join(said), str(own.folder))


def models_of(settings: Settings) -> OwnModels:
    """Those of a home."""
    return OwnModels(EngineHome(settings.home).folder / "own-models")


def main(arguments: Sequence[str]) -> int:
    """The command; 1 if it could not be done."""
    options = _options(arguments)
    try:
        own = models_of(Settings.from_env(bucket_needed=False))
        if options.command == "remove":
            own.remove(options.name)
            said = f"{options.name} is removed."
        elif options.command == "add":
            said = _add(own, options)
        else:
            models = [own.read(name) for name in own.names()]
            lines = [f"{m.name}: {feature_of(m)}, {m.licence}, sha256 {m.sha256}" for m in models]
            said = "\n".join(lines) or "No model was added; the engine's answer."
    except ContactSheetError as error:
        sys.stderr.write(f"{_printable(str(error))}\n")
        return 1
    again = "" if options.command == "list" else " Start the engine again to use what is there now."
    sys.stdout.write(f"{_printable(said)}{again}\n")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m core models", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="check a model, try it, and take it")
    add.add_argument("source", help=f"a folder with {FILE}, or one of: {', '.join(NAMED)}")
    add.add_argument("--labels", type=Path, help="of a named model: a text file, a label a line")
    add.add_argument("--label-vectors", type=Path, help="and their vectors, a .npy file")
    add.add_argument("--scale", type=float, help="and the model's logit_scale.exp()")
    add.add_argument("--bias", type=float, help="and its logit_bias")
    add.add_argument("--sha256", default="", help="checksum of the ONNX file, if you know it")
    commands.add_parser("list", help="what was added")
    commands.add_parser("remove", help="delete one").add_argument("name")
    return parser.parse_args(arguments)


def _add(own: OwnModels, options: argparse.Namespace) -> str:
    if options.source not in NAMED or Path(options.source).is_dir():
        manifest, first = own.add(Path(options.source))
    else:
        with tempfile.TemporaryDirectory() as work:
            _fetch_siglip2(Path(work), options)
            manifest, first = own.add(Path(work))
    noted = (
        " No checksum was given: the file's own is written down, and it is compared from now on."
        if first
        else " The file has the checksum that was given."
    )
    return f"{manifest.name} is added and answers {feature_of(manifest)}.{noted} {manifest.sha256}."


def _fetch_siglip2(folder: Path, options: argparse.Namespace) -> None:
    needed = ("labels", "label_vectors", "scale", "bias")
    if any(getattr(options, name) is None for name in needed):
        raise ModelRefused(
            "SigLIP 2 needs labels, their vectors, and the model's scale and bias",
            where="siglip2",
            then="Give --labels, --label-vectors, --scale and --bias; see docs/own-models.md.",
        )
    try:
        labels = options.labels.read_text(encoding="utf-8").splitlines()
        (folder / "vectors.npy").write_bytes(options.label_vectors.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelRefused(f"Labels or vectors cannot be read: {error}"[:200]) from error
    said = {
        **SIGLIP2,
        "sha256": options.sha256,
        "labels": labels,
        "label_vectors": "vectors.npy",
        "score": {"scale": options.scale, "bias": options.bias, "threshold": 0.05},
    }
    (folder / FILE).write_text(json.dumps(said), encoding="utf-8")
    fetch(SIGLIP2_FILE, folder / "vision_model.onnx")


def fetch(address: str, path: Path) -> None:
    """Copy a file of at most 1 GB.

    Raises:
        ModelRefused: it cannot be had.
    """
    if not address.startswith("https://"):
        raise ModelRefused("Models are fetched over https alone", where=address)
    size = 0
    asked = urllib.request.Request(address)  # noqa: S310 - https, as looked at above
    try:
        with (
            urllib.request.urlopen(asked, timeout=FETCH_S) as answer,  # noqa: S310 # nosec B310
            path.open("wb") as file,
        ):
            while block := answer.read(1 << 20):
                size += len(block)
                if size > MOST_BYTES:
                    raise ModelRefused("The file is larger than 1 GB", where=address)
                file.write(block)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise ModelRefused(
            "The model cannot be fetched", where=address, then=f"It said: {str(error)[:200]}."
        ) from error


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
