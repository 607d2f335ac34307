"""Links to a page's sections: in its order, there from the start, and none to what is gone."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from core.ui.components import sections

    place = sections.begin()
    st.session_state["early"] = dict(st.session_state.get("sections_linked", {}))
    for anchor in st.session_state.get("shown", ["one", "two"]):
        sections.show_section(f"{anchor.title()} of them", anchor, anchor.title())
    sections.show_section("Long title", "last")
    sections.show_links(place)


def links(app: AppTest) -> list[str]:
    return [found.value for found in app.markdown]


def test_links_follow_the_page() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert links(app) == ["On this page: [One](#one) · [Two](#two) · [Long title](#last)"]
    assert [heading.anchor for heading in app.subheader] == ["one", "two", "last"]
    app.session_state["shown"] = ["two"]
    app.run()
    assert links(app) == ["On this page: [Two](#two) · [Long title](#last)"]
    assert list(app.session_state["early"]) == ["one", "two", "last"]  # nothing moved meanwhile
