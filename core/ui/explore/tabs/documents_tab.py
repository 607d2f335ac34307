"""The tab of documents: files page by page, and pictures with text, with the text beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.results.columns.text_query import TextQuery
from core.results.documents.documents import Document, documents_of, has_files, key_figures
from core.results.documents.page_reader import PageReader
from core.results.documents.text_page import Block, TextPage, mean
from core.results.language_names import language_name
from core.results.query.filters import Filters
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.picture.text_hits import with_hits
from core.results.query.store import Store
from core.results.theme import LOOKS
from core.ui.components import text_downloads, url_state
from core.ui.components.chart_card import show_table
from core.ui.components.pictures.picture_facts import facts_of
from core.ui.components.style import theme
from core.ui.components.widgets import escape_markdown, show_error, show_step
from core.ui.explore.sheet import picture_dialog

DOCUMENT, PAGE = "document", "docpage"  # the URL's parameters
MOST_LISTED = 2_000
MOST_BLOCKS = 200
TEXT_ALONE = "The service answers files with their text alone: no labels, faces or objects."
WIDTHS = [336, 572, 460]


def offered(store: Store) -> bool:
    """Whether there are files, or pictures with text."""
    return bool(store.tables["texts"].num_rows) or has_files(store)


@st.fragment
def show(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The whole tab."""
    chosen = documents_of(store, store.passing(now))
    if not chosen:
        st.info("No document passes the filters.", icon=":material/filter_alt:")
        return
    one = _current(chosen, files=has_files(store))
    with st.container(key="panes_documents"):
        listed, page, text = st.columns(WIDTHS, gap="medium")
        with listed, st.container(key="document_list"):
            _show_list(hub, what, store, now, chosen, one)
        _show_document(hub, what, store, now, one, page_side=page, text_side=text)


def _current(chosen: list[Document], *, files: bool) -> Document:
    """The document that the URL names; the first file, or document, if it names none."""
    wanted = st.query_params.get(DOCUMENT, "")
    current = next((one for one in chosen if wanted and one.uri == wanted), None)
    return current or next((one for one in chosen if files and one.is_file), chosen[0])


def _show_list(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters,
    chosen: list[Document], one: Document,
) -> None:  # fmt: skip
    listed = chosen[:MOST_LISTED]
    if one not in listed:  # a link names it
        listed = [*listed[: MOST_LISTED - 1], one]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(chosen):,} document{'s' * (len(chosen) != 1)}**", width="content")
        st.space("stretch")
        popover = st.popover(
            "Download", icon=":material/download:", key="documents_download", on_change="rerun"
        )
        if popover.open:
            with popover:
                text_downloads.show_for_filters(hub, what, store, now)
    labels = _labels(listed)
    st.session_state["document_choice"] = labels[listed.index(one)]
    st.selectbox(
        "Document",
        labels,
        key="document_choice",
        label_visibility="collapsed",
        on_change=lambda: _choose(listed[labels.index(st.session_state["document_choice"])]),
    )
    if len(chosen) > MOST_LISTED:
        st.caption("Filters and the search bring others into the list.")
    order = ["document", "pages", "words", "languages", "with_text", "failed"]
    show_table(
        "Documents",
        key_figures(store, listed).assign(document=labels)[order],
        "documents",
        total=len(chosen),
        whole=lambda: key_figures(store, chosen).assign(document=_labels(chosen))[order],
        about=what.title,
        column_config={
            "document": st.column_config.TextColumn("Document", width=116),
            "pages": st.column_config.NumberColumn("Pages", width=56),
            "words": st.column_config.NumberColumn("Words", width=60),
            "languages": st.column_config.TextColumn("Languages", width=92),
            "with_text": st.column_config.NumberColumn("With text", width=76),
            "failed": st.column_config.NumberColumn("Failed", width=60),
        },
    )


def _choose(one: Document) -> None:
    url_state.write({DOCUMENT: one.uri, PAGE: None})


def _labels(chosen: Sequence[Document]) -> list[str]:
    """Names to choose by, no two alike: the browser sends a name back and not its place."""
    names = [one.short_name for one in chosen]
    for better in ([one.name for one in chosen], [f"{one.name} ({one.uri})" for one in chosen]):
        met = Counter(names)
        names = [name if met[name] == 1 else other
                 for name, other in zip(names, better, strict=True)]  # fmt: skip
    met = Counter(names)
    return [name if met[name] == 1 else f"{name} {n}" for n, name in enumerate(names, 1)]


def _place(one: Document) -> int:
    """Place of the page that the URL names, from 0."""
    wanted = st.query_params.get(PAGE, "")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 7 else 0
    return one.numbers.index(number) if number in one.numbers else 0


def _show_document(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, one: Document,
    *, page_side: Any, text_side: Any,
) -> None:  # fmt: skip
    at = _place(one)
    annotations = store.annotations(one.pages[at])
    if annotations is None:
        return
    read: TextPage | None = None
    fault: ContactSheetError | None = None
    try:
        read = PageReader(hub.buckets, store).read(one.pages[at])
    except ContactSheetError as error:
        fault = error
    shown = with_hits(annotations, TextQuery.parse(now.text))
    with page_side, st.container(key="document_page"):
        _show_pages(one, at)
        flagged = url_state.policy().flags(annotations.safe)
        veiled = flagged and not st.toggle("Show it all the same", key=f"document_flagged_{at}")
        marked = any(shape.kind == "hit" for shape in shown.shapes)
        kinds = ["hit"] if marked else [k for k in SHAPE_KINDS if k != "word"]
        picture_dialog.show_stage(
            hub, shown, kinds, veiled=veiled, key="document_stage", palette=False
        )
    with text_side:
        _show_ways_out(hub, what, store, now, one, at)
        with st.container(key="document_text"):
            _show_text(hub, one, shown, read, fault)


def _show_pages(one: Document, at: int) -> None:
    """The document's name, and its pages by arrow keys."""
    with st.container(key="document_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape_markdown(one.short_name)}**", width="content")
        st.space("stretch")
        if len(one.pages) > 1:
            for step in (-1, 1):
                there = 0 <= at + step < len(one.pages)
                show_step("document", step, there, _turn_to, one, at + step)
            gap = one.numbers[-1] != len(one.pages)  # pages that are not among the results
            place = f", {at + 1:,} of {len(one.pages):,}" if gap else f" of {len(one.pages):,}"
            st.markdown(f"Page **{one.numbers[at]:,}**{place}", width="content")


def _show_ways_out(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, one: Document, at: int
) -> None:
    with st.container(key="document_ways", horizontal=True, vertical_alignment="center"):
        if st.button("Open large", icon=":material/open_in_full:", key="document_large"):
            picture_dialog.open_alone(hub, what, store, now, one.pages, at)
        with st.popover("Download", icon=":material/download:", key="document_download"):
            text_downloads.show_for_document(hub, what, store, one)


def _turn_to(one: Document, place: int) -> None:
    url_state.write({DOCUMENT: one.uri, PAGE: str(one.numbers[place])})


def _show_text(
    hub: Hub,
    one: Document,
    annotations: Annotations,
    read: TextPage | None,
    fault: ContactSheetError | None,
) -> None:
    facts: list[dict[str, Any]] = []
    if fault is not None:
        show_error(fault)
    if read is not None:
        st.caption(_described(read))
        facts += [_block(n, block) for n, block in enumerate(read.blocks[:MOST_BLOCKS], 1)]
        if len(read.blocks) > MOST_BLOCKS:
            note = f"{len(read.blocks) - MOST_BLOCKS:,} more blocks are in the downloads"
            facts.append({"title": "More", "note": note, "color": "", "rows": []})
    others = [group for group in facts_of(annotations) if group["title"] not in ("Text", "Words")]
    google = hub.settings.backend != "local"  # the local engine answers all that is asked
    if google and one.is_file and not others and not annotations.error_code:
        st.caption(TEXT_ALONE)
    picture_dialog.component()(
        key="document_facts",
        data={"facts": [*facts, *others], "muted": LOOKS[theme()].dimmed, "whole": True},
    )


def _described(page: TextPage) -> str:
    count = len(page.words)
    if not count:
        return "No text in the answer for this page: there is none, or it was not asked for."
    sure = page.confidence
    blocks = len(page.blocks)
    parts = [f"{count:,} word{'s' * (count != 1)}", f"{blocks:,} block{'s' * (blocks != 1)}"]
    parts.append(f"confidence {sure:.1%}" if sure is not None else "no confidence given")
    if page.languages:
        parts.append(f"languages {', '.join(map(language_name, page.languages[:5]))}")
    return " · ".join(escape_markdown(part) for part in parts)


def _block(number: int, block: Block) -> dict[str, Any]:
    sure = block.confidence or mean(w.confidence for line in block.lines for w in line)
    notes = [block.kind.replace("_", " ").lower()]
    notes += [f"{sure:.1%}"] if sure is not None else []
    notes += [", ".join(map(language_name, block.languages[:3]))] if block.languages else []
    return {
        "title": f"Block {number}",
        "note": " · ".join(notes),
        "color": "",
        "rows": [],
        "text": block.text,
    }
