"""The contact sheet: all pictures that pass, in an order, under headings; one opens large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from core.app.hub import Hub
from core.results.documents.documents import has_files
from core.results.query.filters import Filters
from core.results.query.picture.annotations import picture_title
from core.results.query.picture_order import GROUPS, NO_DOCUMENT, SORTS, Section, natural
from core.results.query.store import Store
from core.results.tables.picture_names import split_path
from core.results.theme import FEATURE_COLORS
from core.ui.components import url_state
from core.ui.components.widgets import browser_component, escape_markdown
from core.ui.explore.sheet import picture_dialog

MOST = 100_000  # pictures on one sheet: a browser can scroll some 30 million pixels
MOST_WAITING = 20_000  # of a running job, answered or not: all are named whenever shards come
FOLDER = Path(__file__).parent
FILES = ("marking.css", "sheet.css", "marking.js", "lighting.js", "sheet.js")
SORT_NAMES = {"name": "Name", "score": "Label score", "color": "Colour", "safe": "Safe search"}
GROUP_NAMES = {"none": "Ungrouped", "label": "Label", "folder": "Folder", "document": "Document"}
KEY = "sheet"


@st.fragment
def show_sheet(
    hub: Hub,
    what: url_state.Subject,
    store: Store,
    now: Filters,
    *,
    caption: str = "",
    title: str = "",
    usual: str = "name",
) -> None:
    """The pictures that pass ``now``; the browser fetches them from ``gallery_routes``.

    Args:
        caption: what stands below names: "safe" for the likelihood; else by how they are grouped.
        title: what the sheet shows, where it is not simply what passes.
        usual: how it is sorted if the URL says nothing.
    """
    count = store.count(now)
    if not count and not what.live:
        return _show_empty(now)
    sort, group = url_state.arranged(usual)
    pictures, sections, waiting = _ordered(hub, what, store, now, sort, group)
    name = picture_dialog.registered(hub, what, store, now, pictures, waiting)
    data = {
        "base": f"gallery/{hub.gallery.token(hub.visitor.scope)}",
        "view": name,
        "place": f"{what.prefix} {sort} {group} {sorted(url_state.params().items())}",
        "count": len(pictures),
        "sections": [_described(section, group) for section in sections],
        "query": urlencode(url_state.params()),
        "colors": FEATURE_COLORS,
        "caption": caption or ("folder" if group == "label" and not what.live else "label"),
        "label": title or "Pictures that pass the filters",
        "note": title,
        "least": now.score,
    }
    asked = browser_component("contact_sheet", FOLDER, *FILES)(
        key=f"{KEY}_{caption}",
        data=data | _choices(hub, store, sort, group, live=what.live) | _place_left(name),
        on_opened_change=_nothing,
        on_arranged_change=_nothing,
        on_gone_change=_nothing,
        on_anchor_change=_nothing,
    )
    _say_left_out(hub, what, now, count)
    place = _wanted(asked.opened, store, pictures)
    picture_dialog.open_at(hub, store, now, pictures, place, name)
    _follow(asked.arranged, asked.anchor)


def _say_left_out(hub: Hub, what: url_state.Subject, now: Filters, count: int) -> None:
    """What of the pictures that pass, or are to come, has no place on the sheet."""
    if what.live and now.is_empty and _is_too_large(hub, what):
        st.caption(
            f"Pictures appear once they are answered: of more than {MOST_WAITING:,} those to come "
            "have no places here."
        )
    if count > MOST:
        st.caption(f"The first {MOST:,} of {count:,} in this order.")


def _wanted(opened: Any, store: Store, pictures: Sequence[int]) -> int:
    """Place of the picture that was pressed, or that the URL names; -1 for none.

    It is then taken out of the URL, or each run would open it.
    """
    if isinstance(opened, int) or "picture" not in st.query_params:
        return opened if isinstance(opened, int) else -1
    wanted = url_state.picture(store)
    url_state.write(dict.fromkeys(("picture", "page")))
    if wanted is not None and len(places := np.flatnonzero(np.asarray(pictures) == wanted)):
        return int(places[0])
    st.toast("The picture of the link is not on this sheet.", icon=":material/hide_image:")
    return -1


def _choices(hub: Hub, store: Store, sort: str, group: str, *, live: bool) -> dict[str, Any]:
    """What the toolbar offers; pictures of a running job keep their places."""
    return {
        "marks": hub.marks.writable,
        "sort": sort,
        "group": group,
        "sorts": {} if live else _sorts(store),
        "groups": {} if live else _groups(store),
    }


def _place_left(name: str) -> dict[str, int]:
    """Where the sheet goes on after a picture was looked at, if it is still the same sheet."""
    view_name, place, times = st.session_state.get(picture_dialog.LEFT, ("", 0, 0))
    return {"at": place, "left": times} if view_name == name else {}


def _ordered(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, sort: str, group: str
) -> tuple[Sequence[int], list[Section], tuple[str, ...]]:
    """Ids in order, their sections, and while a job runs the names of those that are to come."""
    order = store.order()
    if what.live:
        sort, group = "name", "none"  # pictures enter at their places
    ids, sections = order.arrange(store.passing(now), sort, group)
    if what.live and now.is_empty and not _is_too_large(hub, what):
        return _with_waiting(hub, what, store, ids.tolist())
    ids = ids[:MOST]
    left, ordered = len(ids), []
    for section in sections:
        if left > 0:
            ordered.append(replace(section, count=min(section.count, left)))
            left -= section.count
    return ids, ordered, ()


def _is_too_large(hub: Hub, what: url_state.Subject) -> bool:
    """Whether a running job has more pictures than can be named again with each shard."""
    return hub.jobs.get(what.job_id).pictures > MOST_WAITING


def _with_waiting(
    hub: Hub, what: url_state.Subject, store: Store, ids: list[int]
) -> tuple[Sequence[int], list[Section], tuple[str, ...]]:
    """The pictures and pages of a running job by name, those without answer too."""
    table = store.tables["pictures"]
    keys = list(zip(table["uri"].to_pylist(), table["page"].to_pylist(), strict=True))
    own = hub.jobs.names(what.job_id)
    answered = {keys[n]: n for n in ids}
    sent: dict[tuple[str, int], None] = {}
    for operation in hub.jobs.get(what.job_id).operations:
        sent.update(dict.fromkeys(hub.jobs.places(operation.id)))
    missing = [key for key in sent if key not in answered]
    places = {key: -1 - n for n, key in enumerate(missing)}
    called = {
        (uri, page): picture_title(split_path(own.get(uri, uri))[1], page, 0)
        for uri, page in [*answered, *missing]
    }
    merged = sorted(called, key=lambda key: natural(called[key]))[:MOST]
    alone = [n for n in ids if not keys[n][0]]
    pictures = [*(answered.get(key, places.get(key, 0)) for key in merged if key[0]), *alone]
    names = tuple(called[key] for key in missing)
    return pictures, [Section("", len(pictures))], names


def _described(section: Section, group: str) -> dict[str, Any]:
    noun = "page" if group == "document" and section.name != NO_DOCUMENT else "picture"
    note = f"{section.count:,} {noun}{'s' * (section.count != 1)}"
    if section.least is not None and section.most is not None and section.most > 0:
        low, high = f"{section.least:.2f}", f"{section.most:.2f}"
        note += f", score {low}" if low == high else f", score {low} to {high}"
    return {"name": section.name, "note": note, "count": section.count}


def _sorts(store: Store) -> dict[str, str]:
    there = store.features(Filters.empty())
    needed = {"score": "labels", "color": "colors", "safe": "safe_search"}
    return {key: name for key, name in SORT_NAMES.items() if there.get(needed.get(key, ""), 1)}


def _groups(store: Store) -> dict[str, str]:
    there = store.features(Filters.empty())
    offered = {"label": bool(there["labels"]), "document": has_files(store)}
    return {key: name for key, name in GROUP_NAMES.items() if offered.get(key, True)}


def _follow(arranged_again: Any, anchor: Any) -> None:
    """Do what the component asks for besides a picture."""
    if arranged_again:
        _arrange(arranged_again)
    if anchor:
        _follow_anchor(anchor)


def _arrange(asked: Any) -> None:
    """Write another order into the URL, and draw the sheet again."""
    for name, known in (("sort", SORTS), ("group", GROUPS)):
        if isinstance(asked, dict) and asked.get(name) in known:
            st.query_params[name] = asked[name]
            st.rerun(scope="fragment")


def _show_empty(now: Filters) -> None:
    with st.container(key="sheet_empty", horizontal_alignment="center"):
        why = "There is no picture in these results." if now.is_empty else "No picture passes."
        st.markdown(f"**{why}**", width="content")
        for n, chip in enumerate(now.values()):
            st.button(
                f"Remove {escape_markdown(chip.text[:60])}",
                key=f"sheet_remove_{n}",
                icon=":material/close:",
                on_click=url_state.set_filters,
                args=(chip.rest,),
            )


def _follow_anchor(anchor: Any) -> None:
    """A link to a section of the long page that Explore was: its tab is opened."""
    tab = OLD_SECTIONS.get(str(anchor))
    if tab:
        st.session_state["explore_open"] = tab
        st.rerun()


# Sections of the page as it was before it had tabs, by their anchors.
OLD_SECTIONS = {
    "relations": "Labels",
    "hierarchy": "Labels",
    "places": "Places and web",
    "what_if": "Safe search",
    "found": "Text",
    "embedding": "Map",
    "duplicates": "Quality",
}


def _nothing() -> None:
    """A trigger's callback: what it brings is in the component's result."""
