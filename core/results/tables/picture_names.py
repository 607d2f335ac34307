"""What a picture is called: the file's name and its folder, in the user's own characters.

A picture in a bucket is called by its address. One that was sent from a folder or uploaded has an
address of ours, and is called as it was there (``holiday/photo.jpg``): the ledger knows that, and
the caller who reads a job's results hands it over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# What follows the path in a web address (RFC 3986, 3); in a gs:// address these are characters.
_QUERY = r"(?s)^(https?://[^?#]*)[?#].*$"
Cuts = Callable[[Sequence[str]], Mapping[str, tuple[str, Sequence[int]]]]


def split_path(path: str) -> tuple[str, str]:
    """A path or address as (folder, name).

    >>> split_path("holiday/day 1/photo.jpg")
    ('holiday/day 1', 'photo.jpg')
    >>> split_path("gs://bucket/photo.jpg")
    ('gs://bucket', 'photo.jpg')
    >>> split_path("photo.jpg")
    ('', 'photo.jpg')
    """
    folder, _, name = re.sub(_QUERY, r"\1", path).rpartition("/")
    return folder, name


def short_folder(folder: str) -> str:
    """A folder without its bucket: of an address the last part; "" for a bucket itself.

    >>> short_folder("gs://bucket/in/holiday"), short_folder("gs://bucket"), short_folder("a/b")
    ('holiday', '', 'a/b')
    """
    if "://" not in folder:
        return folder
    return folder.partition("://")[2].partition("/")[2].rpartition("/")[2]


def with_names(pictures: pa.Table, called: Mapping[str, str]) -> pa.Table:
    """The table ``pictures`` with its columns ``name`` and ``folder`` filled in.

    Args:
        called: the user's own path of pictures whose address is another one, by address.
    """
    paths = pictures["uri"]
    if called:
        paths = pa.array([called.get(uri, uri) for uri in paths.to_pylist()], pa.string())
    folders, names = _split(paths)
    for column, values in (("name", names), ("folder", folders.dictionary_encode())):
        field = pictures.schema.field(column)
        at = pictures.schema.get_field_index(column)
        pictures = pictures.set_column(at, field, values.cast(field.type))
    return pictures


def original_pages(pictures: pa.Table, cuts: Cuts | None) -> pa.Table:
    """The table ``pictures`` with addresses and pages of documents in the place of copies.

    What was asked about some pages of a file was sent as a copy of them: shards name the copy, and
    count its pages from 1. So tables, gallery and exports have the original's numbers, and what
    several copies answer is one document.

    Args:
        cuts: as of ``Choice``.
    """
    pages = pictures["page"].to_numpy()
    rows = np.flatnonzero(pages > 0) if cuts is not None else np.empty(0, np.int64)
    if cuts is None or not len(rows):
        return pictures
    uris = pictures["uri"].take(pa.array(rows)).to_pylist()
    known = cuts(sorted(set(uris) - {""}))
    if not known:
        return pictures
    numbers = pages.copy()
    names = pictures["uri"].to_pylist()
    for row, uri in zip(rows.tolist(), uris, strict=True):
        document, shown = known.get(uri, ("", ()))
        if 0 < pages[row] <= len(shown):  # a page beyond the copy's end is nobody's: left as it is
            names[row], numbers[row] = document, shown[pages[row] - 1]
    for name, column in (("uri", names), ("page", numbers)):
        field = pictures.schema.field(name)
        at = pictures.schema.get_field_index(name)
        pictures = pictures.set_column(at, field, pa.array(column, field.type))
    return pictures


def _split(paths: Any) -> tuple[Any, Any]:
    """Folders and names of many paths, as ``split_path`` splits one."""
    if pc.any(pc.starts_with(paths, "http")).as_py():
        paths = pc.replace_substring_regex(paths, _QUERY, r"\1")
    folders = pc.replace_substring_regex(paths, r"(?s)/?[^/]*$", "", max_replacements=1)
    return folders, pc.replace_substring_regex(paths, r"(?s)^.*/", "")
