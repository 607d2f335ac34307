"""The models of one's own that an engine has: ``HOME/engine/own-models/NAME/``."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from pathlib import Path

from core.engine.models.own.manifest import FEATURES, FILE, Manifest, inside, read
from core.engine.models.own.probe import probe
from core.engine.models.own.runner import OwnModel, checksum
from core.errors import ModelRefused

log = logging.getLogger("engine.own_models")


class OwnModels:
    """A folder of models, at most one for a task.

    Args:
        folder: made by the first ``add``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Of all that were added, good or not."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and p.name[0] != ".")

    def read(self, name: str) -> Manifest:
        """The manifest of one that was added, with the checksum of when it was.

        Raises:
            ModelRefused: something is wrong with it.
        """
        if name not in self.names():
            raise ModelRefused("There is no such model", where=name[:80])
        manifest = read(self.folder / name)
        if not manifest.sha256:
            raise ModelRefused(
                "Its checksum was never written down", where=name, then="Add it again."
            )
        return manifest

    def of_task(self, task: str) -> Manifest | None:
        """The model that answers a task; None if the engine's own do.

        Raises:
            ModelRefused: one that may be it cannot be read.
        """
        return next((m for m in map(self.read, self.names()) if m.task == task), None)

    def open(self, manifest: Manifest) -> OwnModel:
        """Open a model that was added, after it was tried; raises as ``probe`` and ``OwnModel``."""
        folder = self.folder / manifest.name
        probe(folder, manifest)
        return OwnModel(folder, manifest)

    def add(self, source: Path) -> tuple[Manifest, bool]:
        """Copy a model from a folder, after it was checked and tried.

        Returns:
            Its manifest, and whether its checksum was written down now, since none was given.

        Raises:
            ModelRefused: it is not taken; nothing is left behind.
        """
        if not source.is_dir():
            raise ModelRefused("There is no such folder", where=str(source))
        manifest = read(source)
        for other in self.names():
            same = other == manifest.name
            if same or self.read(other).task == manifest.task:
                what = f"{other} is there already" + ("" if same else " for this task")
                raise ModelRefused(what, then=f"python -m core models remove {other}")
        actual = checksum(inside(source, manifest.file))
        if manifest.sha256 not in ("", actual):
            what = f"The file's checksum is {actual}, and the manifest gives another"
            raise ModelRefused(what, where=manifest.file, then="Fetch the file again.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".adding-") as work:
            draft = Path(work) / manifest.name
            draft.mkdir()
            said = json.loads((source / FILE).read_bytes())
            named = [said["file"], said.get("label_vectors"), said["labels"]]
            for name in [name for name in named if isinstance(name, str)]:
                shutil.copyfile(inside(source, name), draft / name)
            (draft / FILE).write_text(json.dumps({**said, "sha256": actual}, indent=1), "utf-8")
            taken = read(draft)
            probe(draft, taken)
            draft.rename(self.folder / manifest.name)
        return taken, not manifest.sha256

    def remove(self, name: str) -> None:
        """Delete one that was added.

        Raises:
            ModelRefused: there is none of that name.
        """
        if name not in self.names():
            raise ModelRefused("There is no such model", where=name[:80])
        shutil.rmtree(self.folder / name)

    def faults(self) -> list[str]:
        """What is wrong with those that were added, a sentence each; files are hashed."""
        said = []
        for name in self.names():
            try:
                manifest = self.read(name)
                if checksum(inside(self.folder / name, manifest.file)) != manifest.sha256:
                    said.append(f"{name}: its file is not the one that was added")
            except ModelRefused as error:
                said.append(f"{name}: {error.what}")
        return said


def feature_of(manifest: Manifest) -> str:
    """The feature that a model answers."""
    return FEATURES[manifest.task]
