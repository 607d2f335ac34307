"""Saved views on the pages they are of: save this one, open, rename, delete, and a link to share.

All of a view stands in the page's URL, so to open one is to follow a link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.ledger.saved_views import MOST_NAME, View
from core.ui.components.links import address_of
from core.ui.components.widgets import escape_markdown, show_error

DELETED, RENAMED, FAULT = "view_deleted", "view_renamed", "view_fault"


def show_views(hub: Hub, page: str, *, missing: str = "") -> None:
    """A menu: a link to what is shown, and all saved views.

    Args:
        page: of ``saved_views.PAGES``: the one that is shown, without ``pages/`` and ``.py``.
        missing: what has to be done before there is a view to save; "" where there is one.
    """
    with st.popover("Share", icon=":material/share:", key="share"):
        try:
            _show_menu(hub, page, missing)
        except ContactSheetError as error:
            show_error(error)


def _show_menu(hub: Hub, page: str, missing: str) -> None:
    shown = st.query_params.to_dict()
    if missing and hub.views.writable:
        st.caption(missing)
    elif shown and hub.views.writable:
        with st.form("save_view", border=False, clear_on_submit=True, enter_to_submit=True):
            st.text_input("Save this view as", key="view_name", max_chars=MOST_NAME)
            st.form_submit_button(
                "Save this view",
                icon=":material/bookmark_add:",
                on_click=_saving,
                args=(hub, page, shown),
            )
    fault = st.session_state.pop(FAULT, None)
    if fault is not None:
        show_error(fault)
    deleted: View | None = st.session_state.get(DELETED)
    if deleted is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Deleted: {escape_markdown(deleted.name)}", width="content")
            st.button("Undo", icon=":material/undo:", on_click=_undo, args=(hub, deleted))
    saved = hub.views.list()
    for view in saved:
        _show_row(hub, view)
    if not saved:
        st.caption("No saved views yet. Choose results and filters, then give the view a name.")
    if shown:
        st.caption("Link to what is shown now:")
        st.code(address_of(page, shown, shown=page), language=None, wrap_lines=True)


def _show_row(hub: Hub, view: View) -> None:
    if st.session_state.get(RENAMED) == view.id:
        key = f"view_new_name_{view.id}"
        st.text_input(
            "New name",
            value=view.name,
            key=key,
            max_chars=MOST_NAME,
            on_change=_rename,
            args=(hub, view, key),
        )
        return
    key = f"view_row_{view.id}"
    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            f"pages/{view.page}.py",
            label=f"{escape_markdown(view.name)} · {view.page.capitalize()}",
            icon=":material/bookmark:",
            query_params=dict(view.params),
            width="stretch",
        )
        if hub.views.writable:
            _button("Rename", view, _ask_name, (view,))
            _button("Delete", view, _delete, (hub, view))


def _button(label: str, view: View, on_click: Callable[..., None], args: tuple[Any, ...]) -> None:
    # In words: Streamlit names a button of an icon alone by the icon, and not by its help.
    key = f"view_{label.lower()}_{view.id}"
    st.button(label, type="tertiary", key=key, on_click=on_click, args=args)


def _ask_name(view: View) -> None:
    st.session_state[RENAMED] = view.id


def _saving(hub: Hub, page: str, params: dict[str, str]) -> None:
    _try(lambda: hub.views.save(st.session_state["view_name"], page, params))


def _rename(hub: Hub, view: View, key: str) -> None:
    st.session_state.pop(RENAMED, None)
    _try(lambda: hub.views.rename(view.id, st.session_state[key]))


def _delete(hub: Hub, view: View) -> None:
    if _try(lambda: hub.views.delete(view.id)):
        st.session_state[DELETED] = view


def _undo(hub: Hub, view: View) -> None:
    if _try(lambda: hub.views.save(view.name, view.page, view.params)):
        st.session_state.pop(DELETED, None)


def _try(change: Callable[[], None]) -> bool:
    """Do it; a fault is shown in the menu when the page is drawn again."""
    try:
        change()
    except ContactSheetError as error:
        st.session_state[FAULT] = error
        return False
    return True
