"""The sample batch: files of this repository, each with its licence beside it.

``python -m scripts.samples`` has made them; ``pictures.json`` says what each is and whose.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from core.errors import PictureError

FOLDER = Path(__file__).with_name("pictures")
_LIST = Path(__file__).with_name("pictures.json")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of the sample batch, with what its licence asks to be said."""

    path: Path
    title: str
    licence: str
    credit: str

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture that can be read: one file has pages, and one is broken."""
        return self.path.suffix != ".pdf" and self.path.stem != "broken"


def write_samples(folder: Path) -> list[Sample]:
    """Copy the sample batch into a folder, photographs first; files that are there are kept.

    A job outlives an update of this program, so that it does not read from here.

    Raises:
        PictureError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            Sample(_copied(folder, one["file"]), one["title"], one["licence"], one["credit"])
            for one in json.loads(_LIST.read_text(encoding="utf-8"))
        ]
    except OSError as error:
        raise PictureError(
            "The sample pictures cannot be written", where=str(folder), then=error.strerror or ""
        ) from error


def _copied(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        part = folder / f".part-{os.getpid()}-{threading.get_ident()}-{name}"
        shutil.copyfile(FOLDER / name, part)
        part.rename(path)
    return path
