"""The map's thumbnails as one picture: hundreds of single ones would make a page slow."""

from __future__ import annotations

import io
from functools import partial

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report, Task
from core.errors import ContactSheetError
from core.results.analysis.similarity_map import PictureMap
from core.results.columns.map_area import HEIGHT, ROOM, WIDTH, cell
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.ui.components import url_state

SCALE = 780  # pixels a unit: twice what a wide window shows
_GAP = 0.1  # of a cell


def image_of(hub: Hub, store: Store, placed: PictureMap, signature: str) -> str:
    """Address of the picture; "" while it is made, and where there are too many thumbnails."""
    if len(placed.pictures) > ROOM:
        st.caption(f"Thumbnails are drawn of up to {ROOM:,} pictures; hover a dot for its.")
        return ""
    policy = url_state.policy()
    task = hub.tasks.start(
        f"map image {signature} {policy}", partial(_draw, hub, store, placed, policy)
    )
    if not task.done:
        st.fragment(_rerun_when_done, run_every=0.5)(task)
        return ""
    data = task.future.result()
    name = hub.gallery.keep_image(data, hub.visitor.scope)
    return f"gallery/{hub.gallery.token(hub.visitor.scope)}/map/{name}"


def _rerun_when_done(task: Task[bytes]) -> None:
    if task.done:
        st.rerun()
    st.caption("Thumbnails in a few seconds")


def _draw(hub: Hub, store: Store, placed: PictureMap, policy: SafePolicy, report: Report) -> bytes:
    """All thumbnails at their places on nothing, as WebP; flagged ones blurred."""
    from PIL import Image, ImageOps

    canvas = Image.new("RGBA", (round(WIDTH * SCALE), round(HEIGHT * SCALE)))
    side = max(4, round(cell(len(placed.pictures)) * (1 - _GAP) * SCALE))
    for done, of in enumerate(store.annotations_of(placed.pictures.tolist()), 1):
        report(done, len(placed.pictures))
        if not of.uri or not hub.may_see(of.uri):
            continue
        try:
            data = hub.gallery.thumbnails.jpeg(of.uri, of.page, veiled=policy.flags(of.safe))
        except ContactSheetError:
            continue  # its dot stays
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            image.draft("RGB", (side, side))
            small = ImageOps.fit(image.convert("RGB"), (side, side))
        x, y = placed.places[done - 1].tolist()
        left = round((x + WIDTH / 2) * SCALE - side / 2)
        canvas.paste(small, (left, round((HEIGHT / 2 - y) * SCALE - side / 2)))
    out = io.BytesIO()
    canvas.save(out, "WEBP", quality=80)
    return out.getvalue()
