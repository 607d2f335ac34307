"""Perceptual hashes and measures of pictures, taken from their thumbnails once, kept on disk.

Kept by ``Thumbnails.identity``, which changes with the object's generation, so that a replaced
picture is hashed again and no name from outside is stored.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import ContactSheetError
from core.pictures.orientation import upright_size
from core.results.analysis.picture_measures import PictureMeasures, sharpness_of
from core.results.pictures.thumbnails import Thumbnails

PLAIN = 4.0  # grey levels of deviation: below it there is no pattern that could be compared
AT_ONCE = 200  # pictures hashed between two writes: what a kill can cost
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS looks (picture TEXT PRIMARY KEY, hash INTEGER NOT NULL, "
    "a INTEGER NOT NULL, b INTEGER NOT NULL, plain INTEGER NOT NULL, width INTEGER NOT NULL, "
    "height INTEGER NOT NULL, sharpness REAL NOT NULL) WITHOUT ROWID"
)


class PictureHash(NamedTuple):
    """What one picture looks like.

    Attributes:
        bits: 64 bits of its coarse light and dark (pHash: the signs of low DCT frequencies).
        a, b: the mean colour without its lightness, CIELAB, -128..127.
        plain: it shows no pattern; its bits mean nothing.
        width, height: of the picture itself as it is seen, in pixels; 0 if that is not known.
        sharpness: see ``picture_measures.sharpness_of``.
    """

    bits: int
    a: int
    b: int
    plain: bool
    width: int = 0
    height: int = 0
    sharpness: float = 0.0


class PictureHashes(NamedTuple):
    """Hashes of the pictures that have one; arrays of equal length.

    Attributes:
        pictures: ids.
        bits: uint64.
        tints: (n, 2) a and b.
        plain: how many pictures were left out, since they show no pattern.
        unread: how many could not be read.
        measures: of all pictures that could be read.
    """

    pictures: NDArray[np.int64]
    bits: NDArray[np.uint64]
    tints: NDArray[np.float32]
    plain: int
    unread: int
    measures: PictureMeasures = PictureMeasures.of(())


def look_of(jpeg: bytes, size: tuple[int, int] = (0, 0)) -> PictureHash:
    """What a thumbnail shows. It must be one of ours: nothing is checked again.

    Args:
        size: width and height of the picture that it is of, as it is seen.
    """
    import imagehash
    from PIL import Image, ImageCms

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        whole = image.convert("RGB")
    small = whole.resize((64, 64), Image.Resampling.BOX)
    sharpness = sharpness_of(np.asarray(whole.convert("L"), np.float32))
    phash = imagehash.phash(small)
    bits = int("".join("1" if bit else "0" for bit in phash.hash.flatten()), 2)
    lab = ImageCms.applyTransform(small, _to_lab())
    mean = np.asarray(lab, np.uint8).astype(np.int8)[..., 1:].reshape(-1, 2).mean(axis=0)
    plain = float(np.asarray(small.convert("L"), np.float32).std()) < PLAIN
    tint = round(float(mean[0])), round(float(mean[1]))
    return PictureHash(bits, *tint, plain, *size, sharpness)


@cache
def _to_lab() -> Any:
    from PIL import ImageCms

    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(*profiles, "RGB", "LAB")


class HashCache:
    """Hashes of any pictures. Safe to share between threads and processes.

    Args:
        path: the SQLite file; made when needed.
    """

    def __init__(self, path: Path, thumbnails: Thumbnails) -> None:
        self._path, self._thumbnails = path, thumbnails

    def of(
        self,
        pictures: Sequence[tuple[int, str, int]],
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> PictureHashes:
        """The hashes of some pictures, in order; what cannot be read is counted.

        Args:
            pictures: id, address and page of each.
            report: called with how many are done, of how many.
        """
        hashed: list[tuple[int, PictureHash]] = []
        unread = 0
        workers = 2 * (os.cpu_count() or 1)  # half of them wait for the bucket
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(pictures), AT_ONCE):
                block = pictures[start : start + AT_ONCE]
                names = list(pool.map(self._identity, block))
                known = self._read([name for name in names if name])
                fresh = [n for n, name in enumerate(names) if name and name not in known]
                made = pool.map(self._look, [block[n] for n in fresh])
                new = {names[n]: hash_ for n, hash_ in zip(fresh, made, strict=True) if hash_}
                self._write(new)
                for (picture, _, _), name in zip(block, names, strict=True):
                    one = known.get(name) or new.get(name)
                    unread += one is None
                    if one is not None:
                        hashed.append((picture, one))
                report(min(start + AT_ONCE, len(pictures)), len(pictures))
        patterned = [(picture, one) for picture, one in hashed if not one.plain]
        return PictureHashes(
            np.array([picture for picture, _ in patterned], np.int64),
            np.array([one.bits for _, one in patterned], np.uint64),
            np.array([one[1:3] for _, one in patterned], np.float32).reshape(-1, 2),
            len(hashed) - len(patterned),
            unread,
            PictureMeasures.of([(id, *one[4:]) for id, one in hashed]),
        )

    def _identity(self, picture: tuple[int, str, int]) -> str:
        try:
            return self._thumbnails.identity(*picture[1:]) if picture[1] else ""
        except ContactSheetError:
            return ""

    def _look(self, picture: tuple[int, str, int]) -> PictureHash | None:
        try:
            jpeg = self._thumbnails.jpeg(*picture[1:])
            placing = self._thumbnails.placing(*picture[1:])
            return look_of(jpeg, upright_size(*placing.stored, placing.orientation))
        except ContactSheetError:
            return None

    def forget(self, places: AbstractSet[str]) -> None:
        """Remove the hashes of some pictures, see ``core.results.pictures.thumbnails.place``."""
        if not self._path.exists():
            return
        sql = "DELETE FROM looks WHERE substr(picture, 1, 20) = ?"
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
                db.executemany(sql, [(place,) for place in places])
        except sqlite3.DatabaseError:  # damaged, or of another program: it is made again
            self._path.unlink(missing_ok=True)

    def _read(self, names: Sequence[str]) -> dict[str, PictureHash]:
        if not self._path.exists():
            return {}
        marks = ",".join("?" * len(names))
        sql = f"SELECT * FROM looks WHERE picture IN ({marks})"  # noqa: S608 - marks alone
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as db:
                rows = db.execute(sql, names).fetchall()
        except sqlite3.DatabaseError:  # damaged, or of another program: it is made again
            self._path.unlink(missing_ok=True)
            return {}
        return {
            name: PictureHash(bits & (2**64 - 1), a, b, bool(plain), *measures)
            for name, bits, a, b, plain, *measures in rows
        }

    def _write(self, new: dict[str, PictureHash]) -> None:
        """Keep new hashes; a full disk costs the cache, not the answer."""
        rows = [
            # SQLite's numbers have a sign.
            (name, one.bits - 2**64 if one.bits >= 2**63 else one.bits, *one[1:])
            for name, one in new.items()
        ]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
                db.execute(_SCHEMA)
                db.executemany("INSERT OR REPLACE INTO looks VALUES (?,?,?,?,?,?,?,?)", rows)
        except (OSError, sqlite3.Error):
            return
