"""The operator's own pictures, which some features compare with.

::

    HOME/engine/galleries/
    ├── README.txt              says all this
    ├── logos/NAME/*.png        LOGO_DETECTION
    ├── landmarks/NAME/*.jpg    LANDMARK_DETECTION, with a landmark.json
    ├── web/SUBJECT/*.jpg       WEB_DETECTION
    └── index.sqlite3           what was worked out of them; may be deleted

Pictures may be added and taken away while the engine runs.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine.galleries.picture_index import Likeness, PictureIndex
from core.engine.galleries.signatures import Detail, sign
from core.pictures.limits import MAX_BYTES
from core.pictures.picture import BadPicture, Picture, decode

if TYPE_CHECKING:
    from core.engine.models.label_model import LabelModel
    from core.engine.models.model_store import ModelStore

log = logging.getLogger("engine.galleries")

SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"])
LOOK_AGAIN_S = 5.0  # a folder is looked through at most so often
GUIDE = """\
Pictures of your own that the local engine compares with. Put them in while it runs.

The dashboard's page Gallery does the same.

logos/NAME/         pictures of one logo, cut out close; NAME is what LOGO_DETECTION answers,
                    unless a file logo.json beside them has another: {"name": "Acme"}.
                    PNG with transparency is best. No SVG.
landmarks/NAME/     photographs of one place, and a file landmark.json beside them:
                    {"name": "Brandenburg Gate", "lat": 52.51628, "lng": 13.37771}
web/SUBJECT/        what WEB_DETECTION compares with, beside all pictures that were
                    annotated with it before; SUBJECT becomes a web entity.

JPEG, PNG, WebP, GIF, BMP and TIFF up to 20 MB. index.sqlite3 may be deleted: what it
holds is worked out again, but for the pictures that were annotated before.
"""


def galleries_folder(models: ModelStore) -> Path:
    """The galleries beside the models; made, with a guide, when they are not there."""
    folder = models.folder.parent / "galleries"
    for name in ("logos", "landmarks", "web"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    guide = folder / "README.txt"
    if not guide.exists():
        guide.write_text(GUIDE, encoding="utf-8")
    return folder


@cache
def open_index(folder: Path) -> PictureIndex:
    """This process's connection to the index of a folder of galleries."""
    return PictureIndex(folder / "index.sqlite3")


def pictures_in(folder: Path) -> dict[str, str]:
    """Each picture file below a folder, by its path from there, with a stamp of its state.

    Files that vanish meanwhile, hidden ones and links out of the folder are left out.
    """
    versions: dict[str, str] = {}
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or path.suffix.lower() not in SUFFIXES:
            continue
        try:
            state = path.stat()
            if path.is_file() and path.resolve().is_relative_to(root):
                versions[name] = f"{state.st_mtime_ns}-{state.st_size}"
        except OSError:
            continue
    return versions


def read_picture(path: Path) -> tuple[Picture, bytes] | None:
    """A gallery's picture and its file's bytes; None, and a line in the log, if it is not one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return decode(data), data
    except (OSError, BadPicture) as error:
        log.warning("%s is left out: %s", path, error)
        return None


class Watched:
    """A folder that is looked through now and then.

    Args:
        folder: whose pictures matter.
        clock: seconds, for tests.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._clock = clock
        self._looked: float | None = None
        self._touched = 0
        self._seen: dict[str, str] = {}

    def changed(self) -> tuple[Mapping[str, str], bool]:
        """The pictures as they are, and whether that is new since the last call.

        What the dashboard changes is seen at once: it touches the folder.
        """
        now, touched = self._clock(), self._touch()
        waiting = self._looked is not None and now - self._looked < LOOK_AGAIN_S
        if waiting and touched == self._touched:
            return self._seen, False
        self._looked, self._touched = now, touched
        there = pictures_in(self.folder)
        new = there != self._seen
        self._seen = there
        return there, new

    def _touch(self) -> int:
        try:
            return self.folder.stat().st_mtime_ns
        except OSError:
            return 0


class SignedGallery:
    """A folder whose pictures' signatures are kept in the index.

    Args:
        name: of the gallery in the index.
        detail: how closely its pictures are looked at.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        index: PictureIndex,
        model: LabelModel,
        detail: Detail,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.likeness = Likeness(index, name)
        self._watched = Watched(folder, clock)
        self._index, self._model, self._detail = index, model, detail
        self._clock = clock
        self._bad: dict[str, str] = {}
        self._unfinished = True

    @property
    def folder(self) -> Path:
        """Where its pictures lie."""
        return self._watched.folder

    def refresh(self, budget_s: float = float("inf"), wait_s: float = 0.0) -> None:
        """Take in what was added and changed, forget what is gone.

        Args:
            budget_s: after so long the rest waits for the next call: a client is waiting.
            wait_s: how long another worker that is at it is waited for.
        """
        there, new = self._watched.changed()
        if not (new or self._unfinished):
            return
        with _alone(self.folder.parent / f".{self.name}.lock", wait_s) as mine:
            self._unfinished = not (mine and self._take_in(there, budget_s))

    def _take_in(self, there: Mapping[str, str], budget_s: float) -> bool:
        known = self._index.stamps(self.name)
        self._index.remove(self.name, known.keys() - there.keys())
        end = self._clock() + budget_s
        for name, stamp in there.items():
            if stamp in (known.get(name), self._bad.get(name)):
                continue
            if self._clock() >= end:
                return False
            read = read_picture(self.folder / name)
            if read is None:
                self._bad[name] = stamp
                self._index.remove(self.name, [name])
            else:
                signature = sign(read[0], self._model, self._detail)
                self._index.put(self.name, name, stamp, signature)
        return True


@contextmanager
def _alone(lock: Path, wait_s: float) -> Iterator[bool]:
    """Whether this process holds the lock, for which it waits so long at most."""
    end = time.monotonic() + wait_s
    with lock.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= end:
                    yield False
                    return
                time.sleep(0.05)
            else:
                yield True
                return
