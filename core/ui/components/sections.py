"""A long page's sections: headings with an anchor, and links to them at the page's top.

The links are the browser's own, to a place on the page: no script runs, the address can be shared,
and the keyboard and screen readers go on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# Of this page: names by anchor, in the order of the page; what is drawn in this run, and the links.
_SEEN, _LINKED = "sections_seen", "sections_linked"


def begin() -> DeltaGenerator:
    """Where the links stand; to be given to ``show_links`` when the page is drawn.

    Until then they are those of the last run: without, all that follows would move up and down
    again at every click.
    """
    place = st.empty()
    _draw(place, st.session_state.get(_LINKED, {}))
    st.session_state[_SEEN] = {}
    return place


def show_section(title: str, anchor: str, name: str = "") -> None:
    """A heading that the links lead to.

    Args:
        title: ours, not from results, as all of this.
        name: what the link says; the title if empty.
    """
    st.subheader(title, anchor=anchor)
    st.session_state.setdefault(_SEEN, {})[anchor] = name or title


def show_links(place: DeltaGenerator) -> None:
    """Links to all sections that were shown, in their order."""
    seen = dict(st.session_state[_SEEN])
    if seen != st.session_state.get(_LINKED):
        _draw(place, seen)
    st.session_state[_LINKED] = seen


def _draw(place: DeltaGenerator, sections: dict[str, str]) -> None:
    links = " · ".join(f"[{name}](#{anchor})" for anchor, name in sections.items())
    if links:
        place.markdown(f"On this page: {links}")
    else:
        place.empty()
