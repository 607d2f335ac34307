"""The local Cloud Storage's objects, read from its disk without its help."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def stored_objects(home: Path, prefix: str) -> dict[str, Path]:
    """Name below a ``gs://bucket/folder/`` and file of every object there, by name.

    Args:
        home: of the dashboard whose engine keeps them.
    """
    folder = home / "engine" / "storage"
    index = folder / "index.sqlite3"
    if not index.exists():
        return {}
    bucket, _, start = prefix.removeprefix("gs://").partition("/")
    with closing(sqlite3.connect(f"{index.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT name, blob FROM objects WHERE bucket = ? ORDER BY name", (bucket,)
        )
        named = [(name.decode(), blob) for name, blob in rows]
    return {
        name.removeprefix(start): folder / "objects" / blob[:2] / blob
        for name, blob in named
        if name.startswith(start)
    }
