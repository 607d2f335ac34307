"""The tab of the map: pictures that look alike lie together, where an engine gives vectors."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report, Task
from core.errors import BucketUnavailable
from core.results.analysis.similarity_map import (
    LEAST,
    MOST,
    VERSION,
    MapCache,
    PictureMap,
    candidates,
    described,
    layout,
    seconds_of,
)
from core.results.columns.map_area import ROOM, area_of, spread
from core.results.columns.map_parts import MapGroup, groups_of, parts_of
from core.results.figures.similarity_map import HEIGHT, dots, embedding, places_of
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.vectors import has_vectors, read_vectors
from core.ui.components import url_state
from core.ui.components.chart_card import show_figure, show_heading
from core.ui.components.header.facet_widgets import bound
from core.ui.components.style import theme
from core.ui.components.times import estimate
from core.ui.components.widgets import escape_markdown, result_of
from core.ui.explore.panels.map_hover import show_on_hover
from core.ui.explore.panels.map_image import address, thumbnails_of
from core.ui.explore.tabs.panes import Drawn, beside_sheet, drawn

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Map of pictures"
_KEY = "chart_embedding"
_SHOWN = {"thumbnails": "Thumbnails", "label": "Dots by label", "hex": "Dots by colour"}
_LIKE = (
    "Near means alike; how far apart groups lie means nothing. Draw around pictures, or choose a "
    "part."
)
WIDTHS = [832, 536]


def offered(hub: Hub, store: Store) -> bool:
    """Whether there are vectors; asked of the bucket once for the same shards and visitor."""
    return _offered(_signature(hub, store), hub, store)


@st.cache_data(ttl=600, max_entries=200, show_spinner=False)
def _offered(signature: str, _hub: Hub, _store: Store) -> bool:
    try:
        return has_vectors(_hub.buckets, _store.tables.shards)
    except BucketUnavailable:
        return False


def _signature(hub: Hub, store: Store) -> str:
    # A visitor may see fewer vectors than another: nothing is shared between them.
    whole = f"{hub.visitor.scope} {VERSION} {store.fingerprint()}"
    return hashlib.sha256(whole.encode()).hexdigest()


def begin(hub: Hub, store: Store) -> Task[PictureMap]:
    """Place the pictures in the background, once for the same shards and visitor."""
    signature = _signature(hub, store)
    return hub.tasks.start(f"embedding {signature}", partial(_make, hub, store, signature))


def prepare(hub: Hub, what: url_state.Subject, store: Store) -> None:
    """Begin with the map of an own finished job before somebody asks for it."""
    if what.job_id and not what.live and offered(hub, store):
        begin(hub, store)


def ready_for(hub: Hub, store: Store, now: Filters) -> bool:
    """Whether filters can be asked: one drawn on the map needs the map; else progress is shown."""
    if not now.area or store.map_places is not None:
        return True
    if not offered(hub, store):
        st.warning(
            "The address narrows to a part of the map, and these results have no map: it is left "
            "out.",
            icon=":material/scatter_plot:",
        )
        return True
    return _placed(hub, store) is not None


def _placed(hub: Hub, store: Store) -> PictureMap | None:
    made = result_of(begin(hub, store), "Files of vectors that are read", uncounted=_placing)
    if made is not None and store.map_places is None:
        store.map_places = (made.pictures, spread(made.places))
    return made


def _placing(task: Task[PictureMap]) -> str:
    """What it does after the vectors are read, and how long that takes."""
    usual, so_far = seconds_of(task.count), time.monotonic() - task.moved
    left = f"{estimate(usual - so_far)} left" if so_far < usual else "soon, the machine is busy"
    return f"Placing {task.count:,} pictures: {left}"


def _make(hub: Hub, store: Store, signature: str, report: Report) -> PictureMap:
    def drawn() -> PictureMap:
        wanted = candidates(store)
        vectors = read_vectors(hub.buckets, wanted, report, store.tables.sources)
        report(len(vectors.pictures), 0)  # ``_placing`` says how long the rest takes
        return PictureMap(
            vectors.pictures, layout(vectors.vectors), len(wanted) - len(vectors.pictures)
        )

    return MapCache(hub.settings.home / "maps").of(signature, drawn)


def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    if what.live:  # more pictures would move all the others
        st.info("The map is drawn once the job has ended.", icon=":material/scatter_plot:")
        return
    made = _placed(hub, store)
    if made is None:
        return
    if len(made.pictures) < LEAST:
        st.info(f"Fewer than {LEAST} pictures have a vector.", icon=":material/scatter_plot:")
        return

    def charts() -> None:
        _show_map(hub, store, now, made)

    beside_sheet(hub, what, store, now, charts, widths=WIDTHS)


def _show_map(hub: Hub, store: Store, now: Filters, made: PictureMap) -> None:
    assert store.map_places is not None
    placed = made._replace(places=store.map_places[1])
    others = now.without("area")
    signature = f"{_signature(hub, store)} {others}"
    frame = store.answer(("map rows", signature), lambda: described(store, placed, others))
    show_heading(TITLE, frame.drop(columns="picture"), "embedding")
    with st.container(key="map_bar", horizontal=True, vertical_alignment="center"):
        shown, names = _choose_look()
        groups = _groups(store, frame, signature)
        _choose_part(store, frame, signature, groups, now)
        st.space("stretch")
        st.caption(f"{_LIKE} {_left_out(store, made, shown)}".strip(), width="content")
    marks = len(frame) <= ROOM
    image = thumbnails_of(hub, store, frame, signature) if shown == "thumbnails" else ""
    thumbnails = bool(image)
    colored = "hex" if shown == "hex" else "label"
    if not marks and not image:
        image = _dots(hub, store, frame, colored, signature)

    def draw(look: str) -> Drawn:
        figure = embedding(
            frame,
            look,
            colored,
            image=image,
            thumbnails=thumbnails,
            marks=marks,
            groups=groups if names else (),
            area=now.area,
        )
        return Drawn(figure, frame)

    question = ("map", signature, now.area, shown, image, names)
    figure = drawn(store, question, draw).figure
    assert figure is not None
    with st.container(key="map_figure", height=HEIGHT, border=False):
        show_figure(figure, TITLE, _KEY, chosen=_chosen, around=True)
    places = "" if marks else address(hub, _places(store, frame, signature), "places")
    show_on_hover(hub, store, _KEY, places)


def _choose_look() -> tuple[str, bool]:
    """How pictures are shown, a key of ``_SHOWN``, and whether groups are named."""
    shown: str = st.segmented_control(
        "Shown as",
        [*_SHOWN],
        default="thumbnails",
        required=True,
        format_func=_SHOWN.__getitem__,
        key="embedding_shown",
        label_visibility="collapsed",
    )
    return shown, st.toggle("Names", value=True, key="embedding_names")


def _groups(store: Store, frame: pd.DataFrame, signature: str) -> list[MapGroup]:
    """What the map's names and its parts both need."""
    return store.answer(("map groups", signature), lambda: groups_of(frame[frame["passes"]]))


def _choose_part(
    store: Store, frame: pd.DataFrame, signature: str, groups: list[MapGroup], now: Filters
) -> None:
    """What drawing around pictures does, by buttons: for the keyboard, and for fingers."""
    popover = st.popover(
        "Choose a part", icon=":material/select:", key="map_parts", on_change="rerun"
    )
    if not popover.open:  # parts are counted for who asks
        return
    around, fields = store.answer(
        ("map parts", signature), lambda: parts_of(frame[frame["passes"]], groups)
    )
    with popover:
        for title, parts in (("Around groups of one label", around), ("Fields", fields)):
            said = {
                part.area: f"{escape_markdown(part.name)} · {part.pictures:,}" for part in parts
            }
            if said:
                st.pills(
                    title,
                    list(said),
                    format_func=said.__getitem__,
                    **bound(
                        "area",
                        now.area if now.area in said else None,
                        lambda area: area or "",
                        key=f"map_part_{title.partition(' ')[0].lower()}",
                    ),
                )


def _dots(hub: Hub, store: Store, frame: pd.DataFrame, colored: str, signature: str) -> str:
    """Address of the map as one picture."""
    look = theme()
    made = store.answer(("map dots", signature, colored, look), lambda: dots(frame, look, colored))
    return address(hub, made)


def _places(store: Store, frame: pd.DataFrame, signature: str) -> bytes:
    return store.answer(("map places", signature), lambda: places_of(frame))


def _chosen() -> None:
    """What was drawn around becomes a filter; a click on one picture says nothing."""
    state: Any = st.session_state[url_state.chart_key(_KEY)].selection
    drawn = [*state.get("lasso", []), *state.get("box", [])]
    area = area_of(drawn[-1]["x"], drawn[-1]["y"]) if drawn else ""
    if area:
        url_state.set_filters(replace(url_state.filters(), area=area))
        st.session_state[f"{_KEY}_round"] = st.session_state.get(f"{_KEY}_round", 0) + 1


def _left_out(store: Store, made: PictureMap, shown: str) -> str:
    notes = []
    if shown == "thumbnails" and len(made.pictures) > ROOM:
        notes.append("Each thumbnail stands for those around it.")
    if store.tables.pictures > MOST:
        notes.append(f"It shows a sample of {MOST:,} of {store.tables.pictures:,} pictures.")
    if made.without:
        notes.append(
            f"{made.without:,} have no vector: the embedded engine gives one to a picture whose "
            "labels or web entities it was asked for."
        )
    return " ".join(notes)
