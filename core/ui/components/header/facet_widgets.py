"""One facet of the Filters popover: its options with their counts, and what takes it away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.foreign_text import shortened
from core.results.query.facets import Option
from core.results.query.filters import Filters
from core.ui.components.url_state import filters, set_filters
from core.ui.components.widgets import browser_component, escape_markdown

AT_ONCE = 6  # options that stand as pills; all of them are in the list below
ANY_OF = "any of those chosen"


def said_of(options: Sequence[Option], name_of: Callable[[Any], str] = str) -> Callable[[Any], str]:
    """What a value is called in a widget: its option's name and number.

    Args:
        name_of: what a value without an option is called.
    """
    named = {option.value: option for option in options}

    def said(value: Any) -> str:
        option = named.get(value)
        return f"{option.name} · {option.pictures:,}" if option else name_of(value)

    return said


def bound(
    field: str, value: Any, read: Callable[[Any], Any], key: str | None = None
) -> dict[str, Any]:
    """Key and callback that tie a widget to one field of the URL's filters."""
    key = key or f"filter_{field}"
    st.session_state[key] = value

    def changed() -> None:
        set_filters(replace(filters(), **{field: read(st.session_state[key])}))

    return {"key": key, "on_change": changed}


def show_title(title: str, group: str, now: Filters, note: str = "") -> None:
    """A facet's heading, with a button that takes it away where it is set.

    Args:
        group: of ``filters.GROUPS``.
        note: small beside the title; ours.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"facet_title_{group}"):
        st.markdown(f"**{title}**", width="content")
        if note:
            st.caption(note, width="content")
        st.space("stretch")
        if now.is_set(group):
            st.button(
                "Clear",
                type="tertiary",
                key=f"facet_clear_{group}",
                help=f"Takes the filter away: {title.lower()}.",
                on_click=set_filters,
                args=(now.without(group),),
            )


def show_names(
    field: str,
    title: str,
    options: Sequence[Option],
    chosen: Sequence[Any],
    *,
    typed: bool = True,
    name_of: Callable[[Any], str] = str,
) -> None:
    """Pills of the options with most pictures, and a list of all of them to search in.

    Args:
        field: of ``Filters``, a tuple of values.
        typed: whether other names can be typed into the list, which is then always there.
        name_of: what a value without an option is called.
    """
    named = [option.value for option in options]
    having = [option.value for option in options if option.pictures]
    here = having[:AT_ONCE]
    chosen_more = [value for value in chosen if value in named and value not in here]
    # What has pictures stands first, as in the list below.
    shown = sorted([*chosen_more, *here], key=lambda value: value not in having)

    said = said_of(options, name_of)

    def picked(pills: Sequence[Any]) -> tuple[Any, ...]:
        others = [value for value in getattr(filters(), field) if value not in shown]
        return (*others, *pills)

    if shown:
        st.pills(
            title,
            shown,
            format_func=lambda value: escape_markdown(_short(said(value))),
            selection_mode="multi",
            label_visibility="collapsed",
            **bound(field, [v for v in chosen if v in shown], picked, key=f"facet_{field}"),
        )
    values = [*dict.fromkeys([*named, *chosen])]
    if typed or len(values) > len(shown):
        st.multiselect(
            f"{title}: all of them",
            values,
            format_func=said,
            accept_new_options=typed,
            placeholder=f"Search {len(named):,} {title.lower()}",
            label_visibility="collapsed",
            **bound(field, list(chosen), partial(all_meant, options)),
        )


def all_meant(options: Sequence[Option], values: Sequence[Any]) -> tuple[Any, ...]:
    """``meant`` of each."""
    return tuple(meant(value, options) for value in values)


def meant(value: Any, options: Sequence[Option]) -> Any:
    """The option that a label names whose number is an earlier one: a running job's grow.

    The browser sends labels, and what is none of the current ones counts as typed.
    """
    name, _, number = str(value).rpartition(" · ")
    values = {option.name: option.value for option in options}
    if value in values.values():
        return value
    return values.get(name if number.replace(",", "").isdigit() else value, value)


def mute_empty() -> None:
    """Have the browser show options without pictures in grey, here and in the lists."""
    folder = Path(__file__).parent
    browser_component("contact_sheet_empty_options", folder, "empty_options.js")(
        key="empty_options", data={}, height="content"
    )


def _short(said: str, most: int = 32) -> str:
    """A name cut before its number."""
    name, joint, number = said.rpartition(" · ")
    return f"{shortened(name, most)}{joint}{number}"
