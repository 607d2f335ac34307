"""Signatures of pictures on disk, shared by all workers: one SQLite file.

It is a memory of what can be worked out again, so a damaged file is deleted and built again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.engine.galleries.keypoints import Keypoints
from core.engine.galleries.signatures import Signature
from core.engine.models.label_model import Vector

log = logging.getLogger("engine.index")

SCHEMA = 1  # raise it when a signature changes: what is kept then is worked out again
PATIENCE_S = 10.0
EMBEDDING_STEPS = 320  # of 1; no value of the 43 pictures' embeddings is over 0.39
ROWS_AT_ONCE = 1024

_TABLE = """
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gallery TEXT NOT NULL,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL,
    phash TEXT NOT NULL,
    embedding BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    lightness REAL NOT NULL,
    points BLOB NOT NULL,
    descriptors BLOB NOT NULL,
    UNIQUE (gallery, name)
)
"""
_PUT = """
INSERT OR REPLACE INTO pictures
    (gallery, name, stamp, phash, embedding, width, height, lightness, points, descriptors)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class PictureIndex:
    """Signatures by gallery and name.

    Args:
        path: the file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            self._database = self._opened()
        except sqlite3.OperationalError:
            raise  # locked, or no room: not damaged
        except sqlite3.DatabaseError as error:
            log.warning("%s is damaged and built again: %s", path, error)
            for tail in ("", "-wal", "-shm"):
                path.with_name(path.name + tail).unlink(missing_ok=True)
            self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=PATIENCE_S, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute("BEGIN IMMEDIATE")
            if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                database.execute("DROP TABLE IF EXISTS pictures")
            database.execute(_TABLE)
            database.execute(f"PRAGMA user_version = {SCHEMA}")
            database.execute("COMMIT")
        except sqlite3.Error:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def put(self, gallery: str, name: str, stamp: str, signature: Signature, most: int = 0) -> None:
        """Remember a picture, in place of what was known under its name.

        Args:
            stamp: says which state of the picture this is.
            most: how many pictures the gallery keeps, the latest; 0 for all.
        """
        embedding = (
            np.clip(signature.embedding * EMBEDDING_STEPS, -127, 127).round().astype(np.int8)
        )
        row = (
            gallery,
            name,
            stamp,
            f"{signature.phash:016x}",
            embedding.tobytes(),
            *signature.size,
            signature.lightness,
            signature.keypoints.points.astype("<f4").tobytes(),
            signature.keypoints.descriptors.tobytes(),
        )
        self._database.execute(_PUT, row)
        if most:
            self._database.execute(
                "DELETE FROM pictures WHERE gallery = :gallery AND id <= (SELECT id FROM pictures"
                " WHERE gallery = :gallery ORDER BY id DESC LIMIT 1 OFFSET :most)",
                {"gallery": gallery, "most": most},
            )

    def stamps(self, gallery: str) -> dict[str, str]:
        """The stamp of each picture that is known."""
        rows = self._database.execute(
            "SELECT name, stamp FROM pictures WHERE gallery = ?", (gallery,)
        )
        return dict(rows.fetchall())

    def remove(self, gallery: str, names: Iterable[str]) -> None:
        """Forget pictures."""
        self._database.executemany(
            "DELETE FROM pictures WHERE gallery = ? AND name = ?",
            [(gallery, name) for name in names],
        )

    def get(self, gallery: str, name: str) -> Signature | None:
        """One picture's signature; None if it was forgotten meanwhile."""
        with closing(
            self._database.execute(
                "SELECT phash, embedding, width, height, lightness, points, descriptors"
                " FROM pictures WHERE gallery = ? AND name = ?",
                (gallery, name),
            )
        ) as rows:
            row = rows.fetchone()
        if row is None:
            return None
        points = np.frombuffer(row[5], "<f4").reshape(-1, 2)
        descriptors = np.frombuffer(row[6], np.uint8).reshape(-1, 128)
        embedding = _floats(np.frombuffer(row[1], np.int8))
        return Signature(
            int(row[0], 16), embedding, Keypoints(points, descriptors), row[2:4], row[4]
        )

    def rows_after(self, gallery: str, after: int) -> list[tuple[int, str, int, bytes]]:
        """(id, name, phash, embedding) of what was added since, the oldest first."""
        rows = self._database.execute(
            "SELECT id, name, phash, embedding FROM pictures WHERE gallery = ? AND id > ?"
            " ORDER BY id",
            (gallery, after),
        )
        return [(number, name, int(phash, 16), data) for number, name, phash, data in rows]

    def count(self, gallery: str) -> int:
        """How many pictures a gallery has."""
        counted = self._database.execute(
            "SELECT COUNT(*) FROM pictures WHERE gallery = ?", (gallery,)
        )
        return int(counted.fetchone()[0])


def _floats(values: NDArray[np.int8]) -> Vector:
    scaled = values.astype(np.float32) / EMBEDDING_STEPS
    length = max(float(np.linalg.norm(scaled)), 1e-9)
    return (scaled / length).astype(np.float32)


class Likeness:
    """Who in a gallery looks like a picture. Keeps the embeddings in memory, and keeps up.

    Memory: 1.3 KB a picture; a question costs about a millisecond a thousand pictures.
    """

    def __init__(self, index: PictureIndex, gallery: str) -> None:
        self._index, self._gallery = index, gallery
        self._latest = 0
        self._known: dict[str, bytes] = {}

    def nearest(self, embedding: Vector, most: int, least: float) -> list[tuple[str, float]]:
        """Names and likeness (the cosine), the most alike first.

        Args:
            most: how many at most.
            least: cosine from which a picture counts.
        """
        self._keep_up()
        names = list(self._known)
        if not names:
            return []
        scores = np.concatenate(
            [
                self._cosines(names[at : at + ROWS_AT_ONCE], embedding)
                for at in range(0, len(names), ROWS_AT_ONCE)
            ]
        )
        order = np.argsort(-scores, kind="stable")
        scored = [(names[at], float(scores[at])) for at in order[:most]]
        return [(name, min(score, 1.0)) for name, score in scored if score >= least]

    def _cosines(self, names: list[str], embedding: Vector) -> NDArray[np.float32]:
        data = b"".join(self._known[name] for name in names)
        rows = np.frombuffer(data, np.int8).reshape(len(names), -1).astype(np.float32)
        lengths = np.maximum(np.linalg.norm(rows, axis=1), 1e-9)
        cosines: NDArray[np.float32] = (rows @ embedding) / lengths
        return cosines

    def _keep_up(self) -> None:
        for number, name, _, data in self._index.rows_after(self._gallery, self._latest):
            self._latest = number
            self._known[name] = data
        # Rows that were removed: only then is the list of names worth reading.
        if len(self._known) != self._index.count(self._gallery):
            there = self._index.stamps(self._gallery)
            self._known = {name: row for name, row in self._known.items() if name in there}
