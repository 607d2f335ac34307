"""On Submit: which pages of files are sent, and whether animations go whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.batch.amounts import count, in_bytes
from core.jobs.batch.page_range import PageRange
from core.jobs.batch.sources import Fault, Picture, SourceContents, where_of
from core.jobs.reuse.reuse import Plan
from core.jobs.sending.preflight.page_selection import TIFF, PageSelection, copies
from core.jobs.sending.preflight.preflight import Looked
from core.ui.components.widgets import escape_markdown, show_error
from core.ui.submit import left_out, previews, trying
from core.ui.submit.source_choice import Source

MOST_SINGLE = 40  # files with a field of their own
PLACEHOLDER = "all, or 1-5, 7, -1"


def choose_what_goes(
    hub: Hub, source: Source, contents: SourceContents, looked: Looked
) -> tuple[Picture, ...] | None:
    """What of a source is sent: without bad pictures, of which folders, which pages of files.

    None while a range of pages cannot be read.
    """
    pages, strips = st.container(), st.container()
    leaves_out = left_out.show_left_out(source, contents, looked)
    with strips:
        good = looked.good if leaves_out else looked.pictures
        pictures = previews.choose_folders(hub, good, trying.ask_for)
    with pages:
        selected = choose_pages(pictures)
    if selected is None:
        return None
    chosen, remarks = selected
    left_out.show_all_remarks(contents, looked, chosen, remarks)
    return chosen


def choose_pages(
    pictures: Sequence[Picture],
) -> tuple[tuple[Picture, ...], tuple[Fault, ...]] | None:
    """The pictures with the pages that are sent of them, and what is to be said of that by name.

    None, with the reason shown where it was typed, while a range cannot be read.
    """
    animations = sum(1 for picture in pictures if picture.frames > 1)
    tiffs = sum(1 for picture in pictures if picture.file_type == TIFF)
    files = [picture for picture in pictures if picture.pages > 1]
    if not (animations or files):
        return tuple(pictures), ()
    with st.container(key="submit_pages", horizontal=True, vertical_alignment="center"):
        typed = ""
        if files:
            typed = st.text_input(
                "Pages of each file",
                key="page_range",
                placeholder=f"Pages: {PLACEHOLDER}",
                label_visibility="collapsed",
                width=240,
                persist_state="page",
            )
        every = animations > 0 and _either(
            count(animations, "animated GIF"), ["GIF: first frame", "all frames"], "gif_frames"
        )
        first = tiffs > 0 and _either(
            f"{count(tiffs, 'TIFF')} of several pages",
            ["TIFF: all pages", "first page"],
            "tiff_pages",
        )
        of_single = _ask_of_single_files(files) if len(files) > 1 else {}
    try:
        wanted = PageRange.parse(typed)
        single = _read(of_single)
    except RequestError as error:
        show_error(error)
        return None
    return PageSelection(every, first, wanted, single).applied(pictures)


def _either(label: str, options: Sequence[str], key: str) -> bool:
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        label_visibility="collapsed",
        persist_state="page",
    )
    return chosen == options[1]


def _ask_of_single_files(files: Sequence[Picture]) -> dict[str, str]:
    """What is typed for single files, by name; "" for what holds for all."""
    typed: dict[str, str] = {}
    with st.popover("Other pages of single files", type="tertiary", key="single_files"):
        st.caption("Pages keep their numbers, and only what is sent is paid for.")
        for picture in files[:MOST_SINGLE]:
            name = where_of(picture)
            key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
            typed[name] = st.text_input(
                f"{escape_markdown(name)} :gray[{count(picture.pages, 'page')}]",
                key=f"pages_of_{key}",
                placeholder=f"as above, {PLACEHOLDER}",
                persist_state="page",
            )
        if len(files) > MOST_SINGLE:
            st.caption(f"The first {MOST_SINGLE:,} files; the range above holds for the others.")
    return typed


def _read(typed: Mapping[str, str]) -> dict[str, PageRange | None]:
    """Ranges of single files, by name.

    Raises:
        RequestError: one cannot be read; naming its file.
    """
    ranges: dict[str, PageRange | None] = {}
    for name, text in typed.items():
        if not text.strip():
            continue
        try:
            everything = text.strip().lower() == "all"
            ranges[name] = None if everything else PageRange.parse(text)
        except RequestError as error:
            raise RequestError(error.what, where=name, then=error.then) from error
    return ranges


def show_copies(planned: Plan, pictures: Sequence[Picture], base: str) -> None:
    """What is read and written so that only some pages are sent, with its bytes.

    Args:
        pictures: at least those that are sent.
        base: folder below which the job gets its own.
    """
    made = copies(planned.sent_rows, pictures)
    said = []
    if made.fetched:
        size = in_bytes(made.fetched_bytes)
        said.append(
            f"{count(made.fetched, 'file')} in a bucket ({size}) "
            f"{'is' if made.fetched == 1 else 'are'} fetched, and the pages to send are written "
            f"below {base}"
        )
    if made.uploaded:
        size = in_bytes(made.uploaded_bytes)
        said.append(
            f"of {count(made.uploaded, 'file')} of {size} only the pages to send are uploaded"
        )
    if made.parts:
        said.append(f"{count(made.parts, 'upload')} written a second time, in the parts to send")
    if said:
        text = "; ".join(said)
        st.caption(f":material/content_cut: {escape_markdown(text[0].upper() + text[1:])}.")
