"""Gallery page: adding a logo or landmark, by files or from a picture of a batch."""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import streamlit as st
from PIL import Image

from core.app.hub import Hub
from core.app.own_galleries import OwnGalleries, cut_out, picture_of_file
from core.errors import ContactSheetError, GalleryError
from core.jobs.sending.uploads.spool import Spool
from core.pictures.limits import MAX_SAID
from core.results.query.picture.annotations import Annotations
from core.ui.components import stores, url_state
from core.ui.components.pictures.strip import show_strip
from core.ui.components.upload.upload import forget_shown, show_upload
from core.ui.components.widgets import empty_state, escape_markdown, show_error
from core.ui.galleries.box import choose_box

WAYS = {"files": "Files", "picture": "A picture of a batch"}
MOST_FILES = 20  # at once
LARGE = 1_600  # pixels of what a box is drawn on
SHOWN = 900
_BEST = {
    "logos": "Close cut-outs, PNG with transparency at best.",
    "landmarks": "Photographs of one place from several sides.",
}
_DRAFT, _TIMES = "gallery_draft", "gallery_times"
_SAID, _FAULT = "gallery_said", "gallery_fault"
_Images = Callable[[], Sequence[Image.Image]]


def show_adding(hub: Hub, galleries: OwnGalleries, kind: str) -> None:
    """The card that adds; nothing but a note where the visitor may not."""
    if not galleries.writable:
        st.info("The demo shows the gallery and changes nothing.", icon=":material/lock:")
        return
    noun = kind.rstrip("s")
    st.markdown(f"**Add a {noun}**")
    way = st.segmented_control(
        "Where is it?",
        WAYS,
        format_func=WAYS.__getitem__,
        default="picture" if "picture" in st.query_params else "files",
        required=True,
        key="gallery_way",
        label_visibility="collapsed",
    )
    if said := st.session_state.pop(_SAID, ""):
        st.success(said, icon=":material/check_circle:")
    try:
        images = _from_files(hub, kind) if way == "files" else _from_picture(hub)
    except ContactSheetError as error:
        show_error(error)
        images = None
    _show_form(galleries, kind, images)


def _from_files(hub: Hub, kind: str) -> _Images | None:
    scope = hub.visitor.scope
    draft = st.session_state.setdefault(_DRAFT, secrets.token_hex(8))
    spool = Spool(hub.settings.home, f"{scope}-{draft}" if scope else draft)
    busy = show_upload(
        hub,
        f"{scope}-{draft}" if scope else draft,
        label=f"Pictures of one {kind.rstrip('s')}",
        note=f"PNG, JPEG, WebP, HEIC and others, {MAX_SAID} each. {_BEST[kind]}",
    )
    pictures = spool.pictures()
    if busy or not pictures:
        return None
    if len(pictures) > MOST_FILES:
        raise GalleryError(
            f"{len(pictures)} files are too many at once",
            then=f"Remove all, and choose up to {MOST_FILES} pictures of one logo or landmark.",
        )
    st.button(
        "Remove all",
        icon=":material/delete:",
        key="gallery_clear",
        on_click=_discard,
        args=(spool,),
    )
    if len(pictures) > 1:
        base = f"gallery/{hub.gallery.token(scope)}/local"
        rows = [
            {
                "name": picture.name,
                "thumbnail": f"{base}/{hub.gallery.local_address(picture.path, scope)}",
            }
            for picture in pictures
        ]
        show_strip(rows, "gallery_files", label="Uploaded pictures", lines=3, height=88, whole=True)
        return partial(_opened, [(picture.path, picture.name) for picture in pictures])
    (picture,) = pictures
    (image,) = _opened([(picture.path, picture.name)])
    box = choose_box(f"gallery_box_{draft}", _address(image), picture.name)
    return lambda: [image if box is None else cut_out(image, box)]


def _opened(files: Sequence[tuple[Path, str]]) -> list[Image.Image]:
    images = []
    for path, name in files:
        try:
            images.append(picture_of_file(path))
        except ContactSheetError as error:
            then = error.then or "Remove all, and choose the files without this one."
            raise GalleryError(error.what, where=name, then=then) from error
    return images


def _address(image: Image.Image) -> str:
    """What is on no bucket's shelf goes to the browser along with the page."""
    shown = image.copy()
    shown.thumbnail((SHOWN, SHOWN))
    out = io.BytesIO()
    shown.save(out, "WEBP", quality=82)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"


def _discard(spool: Spool) -> None:
    spool.discard()
    forget_shown()


def _from_picture(hub: Hub) -> _Images | None:
    of = _chosen(hub) if "picture" in st.query_params else None
    if of is None:
        empty_state(
            ":material/photo_library:",
            "Choose a picture",
            "Open a picture in Explore and press *Add to the gallery*: then draw a box here around "
            "the logo or the place.",
            page="pages/explore.py",
            action="Explore a batch",
        )
        return None
    if not of.uri or not hub.may_see(of.uri):
        raise GalleryError("This picture is not there for you to see", where=of.title)
    scope = hub.visitor.scope
    base = f"gallery/{hub.gallery.token(scope)}/large"
    address = hub.gallery.address(of.uri, of.page, scope)
    st.caption(escape_markdown(of.title))
    key = f"gallery_box_{of.uri}_{of.page}_{st.session_state.get(_TIMES, 0)}"
    box = choose_box(key, f"{base}/{address}", of.title)

    def images() -> list[Image.Image]:
        image = hub.upright(of.uri, of.page, LARGE).image
        return [image if box is None else cut_out(image, box)]

    return images


def _chosen(hub: Hub) -> Annotations | None:
    what = url_state.subject(hub)
    store = stores.current(hub, what) if what is not None else None
    picture = url_state.picture(store) if store is not None else None
    if store is None or picture is None:
        return None
    return store.annotations(picture)


def _show_form(galleries: OwnGalleries, kind: str, images: _Images | None) -> None:
    if fault := st.session_state.pop(_FAULT, None):
        show_error(fault)
    times = st.session_state.get(_TIMES, 0)  # what was added leaves an empty form
    with st.form(f"gallery_form_{kind}", border=False):
        name = st.text_input(
            "Name",
            key=f"gallery_name_{kind}_{times}",
            max_chars=80,
            help="What batches answer. A name that is there already gets one more picture.",
        )
        where = ""
        if kind == "landmarks":
            where = st.text_input(
                "Latitude, longitude",
                key=f"gallery_position_{times}",
                placeholder="52.51628, 13.37771",
                help="In degrees, as maps show them; may be left out.",
            )
        pressed = st.form_submit_button(
            "Add to the gallery", type="primary", icon=":material/add:", disabled=images is None
        )
    if not pressed or images is None:
        return
    try:
        entry = galleries.add(kind, name, images(), position(where))
    except ContactSheetError as error:
        st.session_state[_FAULT] = error
    else:
        st.session_state[_SAID] = (
            f"**{escape_markdown(entry.name)}** has {len(entry.pictures)} "
            f"picture{'s' * (len(entry.pictures) > 1)} now. The next batches look for it."
        )
        st.session_state.pop(_DRAFT, None)
        st.session_state[_TIMES] = times + 1
    st.rerun()


def position(typed: str) -> tuple[float, float] | None:
    """Latitude and longitude as somebody typed them; None for nothing.

    Raises:
        GalleryError: it is no place on Earth.

    >>> position("52.5, 13.4")
    (52.5, 13.4)
    """
    if not typed.strip():
        return None
    try:
        lat, lng = (float(part) for part in typed.replace(";", ",").split(","))
    except ValueError:
        lat = lng = 1e9
    if not (abs(lat) <= 90 and abs(lng) <= 180):
        raise GalleryError(
            "That is no place on Earth",
            where=typed[:60],
            then="Write latitude and longitude in degrees, such as 52.51628, 13.37771.",
        )
    return lat, lng
