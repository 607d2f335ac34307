"""Decoded shards on disk: one Parquet file a table, and a manifest that vouches for all of them.

A part is a folder, made under another name and renamed when it is whole. It holds the answers as
they were read, repeats and all: which of them count depends on what else there is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadShard, ResultsError
from core.results.shards.shard_files import ShardFile
from core.results.tables.arrow import whole
from core.results.tables.schemas import SCHEMAS

MANIFEST = "manifest.json"
UNFINISHED = ".unfinished-"
# Parts made for other columns are no parts: count this up when the meaning of a column changes.
VERSION = hashlib.sha256(repr((2, sorted(map(repr, SCHEMAS.items())))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CachedPart:
    """Some shards' tables on disk, each file checked when it was opened.

    Attributes:
        shards: those that it was made of, the unusable ones included.
        bad: addresses of the unusable ones.
        faults: what was wrong with shards.
        rows: pictures.
    """

    folder: Path
    shards: tuple[ShardFile, ...]
    bad: frozenset[str]
    faults: tuple[ResultsError, ...]
    rows: int
    files: Mapping[str, tuple[int, str]]

    def table(self, name: str) -> pa.Table:
        """One table in one piece; ids count from 0 within the part.

        Raises:
            OSError, pa.ArrowException: the file has gone or changed since it was checked.
        """
        return self._read(name, SCHEMAS[name].names)

    def owners(self, name: str) -> pa.Table:
        """A table's column of pictures alone; raises as ``table``."""
        return self._read(name, ["picture"])

    def _read(self, name: str, columns: list[str]) -> pa.Table:
        schema = pa.schema([SCHEMAS[name].field(column) for column in columns])
        if name not in self.files:
            return schema.empty_table()
        # Through memory: no half-read file is left open if another process removes it.
        data = pa.py_buffer((self.folder / f"{name}.parquet").read_bytes())
        return whole(pq.read_table(data, schema=schema))


def part_name(shards: Sequence[ShardFile]) -> str:
    """A name that says nothing, and is another one for other shards or other bytes in them."""
    return hashlib.sha256(repr((VERSION, list(shards))).encode()).hexdigest()[:32]


def write_part(
    home: Path,
    tables: Mapping[str, pa.Table],
    shards: Sequence[ShardFile],
    bad: Sequence[str],
    faults: Sequence[ResultsError],
) -> CachedPart:
    """Write a part and open it; if another process was faster, its part is opened instead.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    target = home / part_name(shards)
    made = home / f"{UNFINISHED}{os.getpid()}-{secrets.token_hex(4)}"
    made.mkdir()
    try:
        files = {name: _write(made, name, table) for name, table in tables.items() if len(table)}
        body = {
            "version": VERSION,
            "shards": [astuple(shard)[:5] for shard in shards],  # without times
            "bad": sorted(bad),
            "faults": [(fault.what, fault.where, fault.then) for fault in faults],
            "rows": tables["pictures"].num_rows,
            "files": files,
        }
        text = json.dumps(body)
        (made / MANIFEST).write_text(f"{_digest(text.encode())}\n{text}", encoding="utf-8")
        if open_part(target) is None:
            remove(target)  # damaged, or not there
            made.rename(target)
    except OSError:
        if open_part(target) is None:  # another process may have put it there just now
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    part = open_part(target)
    if part is None:
        raise OSError(f"{target} cannot be read back")
    return part


def open_part(folder: Path) -> CachedPart | None:
    """A part, if everything in it is as it was written; else None."""
    try:
        seal, _, text = (folder / MANIFEST).read_text(encoding="utf-8").partition("\n")
        if seal != _digest(text.encode()):
            return None
        body: dict[str, Any] = json.loads(text)
        if body["version"] != VERSION:
            return None
        files = {name: (int(size), str(digest)) for name, (size, digest) in body["files"].items()}
        if not all(_is_whole(folder / f"{name}.parquet", *files[name]) for name in files):
            return None
    except (OSError, ValueError):
        return None
    return CachedPart(
        folder,
        tuple(ShardFile(*shard) for shard in body["shards"]),
        frozenset(body["bad"]),
        tuple(BadShard(what, where=where, then=then) for what, where, then in body["faults"]),
        body["rows"],
        files,
    )


def remove(folder: Path) -> None:
    """Take a folder away; under another name first, so that nobody opens half of it."""
    hidden = folder.with_name(f"{UNFINISHED}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        folder.rename(hidden)
    except OSError:
        return  # it is gone
    shutil.rmtree(hidden, ignore_errors=True)


def _write(folder: Path, name: str, table: pa.Table) -> tuple[int, str]:
    path = folder / f"{name}.parquet"
    texts = [
        field.name
        for field in table.schema
        if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
    ]
    pq.write_table(table, path, compression="lz4", use_dictionary=texts, write_statistics=False)
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _is_whole(path: Path, size: int, digest: str) -> bool:
    if path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
