"""Small pieces that several pages show the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import uuid4

import streamlit as st

from core.app.tasks import Task
from core.errors import ContactSheetError
from core.foreign_text import visible
from core.service_errors import CONSOLE

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

T = TypeVar("T")
ELEMENTS = Path(__file__).parent / "elements.js"

_CURES = re.compile(rf"(?:{CONSOLE.pattern})|`([A-Za-z][\w .:/=-]*)`")  # a page, or a command
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=\"'/])")
# Some marks are looked for after Markdown has taken the backslashes away: addresses and mail
# addresses (which become links), :material_face:, :streamlit: and emoji, and arrows. An invisible
# character that joins words breaks their patterns, and nothing else.
_JOINER = "\N{WORD JOINER}"
_LATE = re.compile(
    r"(?i)(?<=http)(?=s?:)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+-]+:)|(?<=[-<>~])(?=[->=])"
)


def escape_markdown(text: str) -> str:
    """Text from outside made safe inside Streamlit's Markdown: every mark stands for itself, and
    nothing turns what follows."""
    shown = visible(text.encode(errors="replace").decode())  # no browser takes half a character
    return _MARKDOWN.sub(r"\\\1", _LATE.sub(_JOINER, " ".join(shown.split())))


def address(typed: str) -> str:
    """A typed ``gs://`` prefix: white space before it is passed over, at its end it is the name's.

    >>> address("  gs://b/in/odd ")
    'gs://b/in/odd '
    """
    return typed.lstrip() if typed.strip() else ""


def linked(text: str) -> str:
    """``escape_markdown``, with addresses of Google Cloud's console as links, commands as code."""
    parts, end = [], 0
    for match in _CURES.finditer(text):
        shown = f"<{match[0]}>" if match[1] is None else f"`{match[1]}`"
        parts += [_piece(text[end : match.start()]), shown]
        end = match.end()
    return "".join([*parts, _piece(text[end:])]).strip()


def _piece(text: str) -> str:
    """``escape_markdown``, with the white space kept that parts it from what stands beside it."""
    before, after = (" " if edge.isspace() else "" for edge in (text[:1], text[-1:]))
    return f"{before}{escape_markdown(text)}{after}"


def show_error(error: BaseException) -> None:
    """An error as what happened, where, and what to do next."""
    if not isinstance(error, ContactSheetError):
        error = ContactSheetError(
            f"Something unexpected went wrong: {type(error).__name__}: {str(error)[:300]}",
            then="Try again; if it happens again, the dashboard's log has the details.",
        )
    show_fault(error.what, error.where, error.then)


def show_fault(what: str, where: str, then: str, *, serious: bool = True) -> None:
    """What is wrong, where, and what to do next; a warning where it is not serious."""
    place = f"  \n{escape_markdown(where)}" if where else ""
    cure = f"  \n{linked(then)}" if then else ""
    if "\n" in where.strip():  # a place may be pointed at from the line below
        place = f"\n\n{_as_code(where)}\n"
    text = f"**{escape_markdown(what)}**{place}{cure}"
    if serious:
        st.error(text, icon=":material/error:")
    else:
        st.warning(text, icon=":material/warning:")


def _as_code(text: str) -> str:
    """Lines from outside as they stand, in Markdown: what is indented so is never a mark."""
    return "\n".join(f"    {visible(line)}" for line in text.splitlines() if line.strip())


def empty_state(icon: str, title: str, text: str, *, page: str = "", action: str = "") -> None:
    """What a panel shows when there is nothing yet, with the next step as a link."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"### {icon} {title}", text_alignment="center", width="stretch")
        st.markdown(text, text_alignment="center", width="stretch")
        if page:
            st.page_link(page, label=action, icon=":material/arrow_forward:")


def page_number(
    count: int, per_page: int, key: str, *, bind: Literal["query-params"] | None = None
) -> int:
    """A choice of pages where there are several; the page to show, from 1.

    One that is gone, since there is less to show by now, gives way to the last.
    """
    pages = max(1, -(-count // per_page))
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    return st.pagination(pages, key=key, bind=bind) if pages > 1 else 1


def page_number_below(count: int, per_page: int, key: str) -> None:
    """The same choice below the list; another page is shown from its beginning.

    Args:
        key: of ``page_number`` above the list, which it follows and sets.
    """
    pages, below = -(-count // per_page), f"{key}_below"
    if pages <= 1:
        return

    def chosen() -> None:
        st.session_state[key] = st.session_state[below]

    st.session_state[below] = st.session_state.get(key, 1)
    page = st.pagination(pages, key=below, on_change=chosen)
    to_top = browser_component("contact_sheet_page_top", Path(__file__).parent, "page_top.js")
    to_top(key=f"{key}_top", data={"page": page, "pages": key}, height="content")


def show_step(key: str, step: int, there: bool, go: Callable[..., None], *args: Any) -> None:
    """A button to the neighbour before (-1) or after (1) what is shown, which an arrow presses too.

    Args:
        there: whether there is one.
        go: called with ``args`` when it is pressed.
    """
    side = "left" if step < 0 else "right"
    st.button(
        "Previous" if step < 0 else "Next",
        key=f"{key}_{side.capitalize()}",
        icon=f":material/chevron_{side}:",
        icon_position="left" if step < 0 else "right",
        shortcut=side.capitalize(),
        disabled=not there,
        on_click=go,
        args=args,
    )


@cache
def browser_component(name: str, folder: Path, *files: str) -> ComponentRenderer:
    """A component of ours, of its style sheets and scripts, which are joined in their order.

    It has no build step, and its addresses are below the page's own. ``elements.js`` stands before
    its scripts.
    """
    paths = [ELEMENTS, *(folder / file for file in files)]
    css, js = (
        "\n".join(path.read_text(encoding="utf-8") for path in paths if path.suffix == kind)
        for kind in (".css", ".js")
    )
    return st.components.v2.component(name, html='<div class="mount"></div>', css=css, js=js)


def result_of(
    task: Task[T],
    doing: str,
    *,
    again: bool = True,
    place: str = "",
    uncounted: Callable[[Task[T]], str] | None = None,
) -> T | None:
    """A task's result; None while it runs (with its progress) or after an error (shown).

    The user may cancel it; others who wait for the same task keep it going.

    Args:
        uncounted: says what is done while no total is known.
        again: whether a cancelled task can be started again from here.
        place: tells places of a page apart that wait for the same task, as two sides may.
    """
    given_up: set[str] = st.session_state.setdefault("given_up", set())
    if task.cancelled or task.id in given_up:
        st.info(f"{doing}: cancelled.", icon=":material/cancel:")
        if again and st.button(
            "Start again", icon=":material/refresh:", key=f"again_{place}_{task.id}"
        ):
            given_up.discard(task.id)
            if task.cancelled:
                task.forget()
            st.rerun()
        return None
    if not task.done:
        _watch(task, doing, place, uncounted)
        return None
    error = task.future.exception()
    if error is not None:
        show_error(error)
        return None
    return task.future.result()


@st.fragment(run_every=0.5)
def _watch(
    task: Task[Any], doing: str, place: str, uncounted: Callable[[Task[Any]], str] | None
) -> None:
    me: str = st.session_state.setdefault("watcher", uuid4().hex)
    if task.done:
        st.rerun()
    task.watched_by(me)
    with st.container(horizontal=True, vertical_alignment="center"):
        if task.total:
            text = f"{doing}: {task.count:,} of {task.total:,}"
            st.progress(min(1.0, task.count / task.total), text=text)
        else:
            text = f"{doing}: {task.count:,}" if task.count else f"{doing} …"
            st.progress(0.0, text=uncounted(task) if uncounted and task.count else text)
        if st.button("Cancel", icon=":material/cancel:", key=f"cancel_{place}_{task.id}"):
            st.session_state["given_up"].add(task.id)
            task.given_up_by(me)
            st.rerun()
