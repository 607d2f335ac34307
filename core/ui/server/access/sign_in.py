"""What people see of sign-in: the door, who they are, and the way out."""

from __future__ import annotations

import streamlit as st

from core.errors import ContactSheetError
from core.jobs.ledger.access import READ_ONLY, Visitor
from core.ui.components.widgets import escape_markdown, show_error
from core.ui.server.access.identity import DEFAULT, providers


def show_door() -> None:
    """Instead of the dashboard, until somebody has signed in."""
    try:
        names = providers()
    except ContactSheetError as error:
        show_error(error)
        return
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, width=480, horizontal_alignment="center", key="sign_in"),
    ):
        st.header("Contact Sheet", anchor=False, width="content")
        st.markdown("Sign in to see your jobs and those that others share.", width="content")
        for name in names:
            label = "Sign in" if name == DEFAULT else f"Sign in with {name.title()}"
            st.button(
                label,
                type="primary",
                icon=":material/login:",
                key=f"sign_in_{name}",
                on_click=st.login,
                args=(name,),
            )


def show_refused(error: ContactSheetError) -> None:
    """Signed in, and not let in."""
    show_error(error)
    st.button("Sign out", icon=":material/logout:", on_click=st.logout, key="sign_out")


def show_visitor(visitor: Visitor) -> None:
    """In the menu's line: whose the page is, or that it is the demo; nothing if there is one."""
    if visitor.unrestricted:
        return
    with st.container(key="visitor", horizontal=True, vertical_alignment="center", width="content"):
        if visitor.read_only:
            st.markdown(f":material/visibility: {READ_ONLY}", width="content")
        if visitor.subject:
            name, icon = escape_markdown(visitor.name), ":material/account_circle:"
            with st.popover(name, icon=icon, type="tertiary", width="content"):
                st.text(f"Signed in as {visitor.email or visitor.name}")
                st.button("Sign out", icon=":material/logout:", on_click=st.logout, key="sign_out")
