"""The map's thumbnails as one picture: hundreds of single ones would make a page slow."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report, Task
from core.errors import ContactSheetError
from core.results.columns.map_area import HEIGHT, ROOM, WIDTH, cell, one_a_cell
from core.results.figures.similarity_map import SCALE, at_pixels
from core.results.query.picture.annotations import Annotations
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.ui.components import url_state

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

_GAP = 0.1  # of a cell
_FAINT = 72  # of 255: how much is seen of a picture that does not pass
_AHEAD = 64  # thumbnails that are read before those before them are drawn


class _MapPlaces(NamedTuple):
    """Ids of pictures, where each stands (n, 2), and which pass the filters."""

    pictures: list[int]
    places: list[list[float]]
    passing: list[bool]
    side: float


def thumbnails_of(hub: Hub, store: Store, frame: pd.DataFrame, signature: str) -> str:
    """Address of the picture; "" while it is made.

    Of more than ``ROOM`` pictures it shows one a cell, of those that pass.

    Args:
        frame: of ``similarity_map.described``.
        signature: of the store, visitor and filters.
    """
    policy = url_state.policy()
    task = hub.tasks.start(
        f"map image {signature} {policy}", partial(_draw, hub, store, _placed(frame), policy)
    )
    if not task.done:
        st.fragment(_rerun_when_done, run_every=0.5)(task)
        return ""
    return address(hub, task.future.result())


def address(hub: Hub, data: bytes, kind: str = "map") -> str:
    """Where the browser fetches what was made for it: a picture ("map"), or "places"."""
    scope = hub.visitor.scope
    return f"gallery/{hub.gallery.token(scope)}/{kind}/{hub.gallery.keep(data, scope)}"


def _placed(frame: pd.DataFrame) -> _MapPlaces:
    ids, places = frame["picture"].to_numpy(), frame[["x", "y"]].to_numpy(np.float32)
    passing = frame["passes"].to_numpy(bool)
    if len(ids) <= ROOM:
        return _MapPlaces(ids.tolist(), places.tolist(), passing.tolist(), cell(len(ids)))
    ids, places = ids[passing], places[passing]
    rows, middles = one_a_cell(places)
    return _MapPlaces(ids[rows].tolist(), middles.tolist(), [True] * len(rows), cell(ROOM))


def _rerun_when_done(task: Task[bytes]) -> None:
    if task.done:
        st.rerun()
    far = f": {task.count:,} of {task.total:,}" if task.total else " in a few seconds"
    st.caption(f"Thumbnails{far}")


def _draw(hub: Hub, store: Store, placed: _MapPlaces, policy: SafePolicy, report: Report) -> bytes:
    """All thumbnails at their places on nothing, as WebP; flagged ones blurred, those that do not
    pass faint."""
    from PIL import Image

    canvas = Image.new("RGBA", (round(WIDTH * SCALE), round(HEIGHT * SCALE)))
    side = max(4, round(placed.side * (1 - _GAP) * SCALE))
    read = _read(store.annotations_of(placed.pictures), partial(_small, hub, policy, side))
    rows = zip(placed.places, placed.passing, read, strict=True)
    for done, ((x, y), passes, small) in enumerate(rows, 1):
        report(done, len(placed.pictures))
        if small is not None:
            small.putalpha(255 if passes else _FAINT)
            canvas.paste(small, at_pixels(x, y, side))
    out = io.BytesIO()
    canvas.save(out, "WEBP", quality=80)
    return out.getvalue()


def _read(
    pictures: list[Annotations], read: partial[Image.Image | None]
) -> Iterator[Image.Image | None]:
    """Small pictures in their order, several read at once and few ahead."""
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        for start in range(0, len(pictures), _AHEAD):
            yield from pool.map(read, pictures[start : start + _AHEAD])


def _small(hub: Hub, policy: SafePolicy, side: int, of: Annotations) -> Image.Image | None:
    """One thumbnail; None where it cannot be had, and its dot stays."""
    from PIL import Image, ImageOps

    if not of.uri or not hub.may_see(of.uri):
        return None
    try:
        data = hub.gallery.thumbnails.jpeg(of.uri, of.page, veiled=policy.flags(of.safe))
    except ContactSheetError:
        return None
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.draft("RGB", (side, side))
        return ImageOps.fit(image.convert("RGB"), (side, side))
