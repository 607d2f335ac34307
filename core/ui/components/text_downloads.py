"""Texts to take along: of one document, or of all that pass the filters; the same on every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import IO

import streamlit as st

from core.app.hub import Hub
from core.app.made_files import MadeFile
from core.app.tasks import Report
from core.results.documents.documents import Document, documents, documents_of, without_text
from core.results.documents.text_files import FORMATS, TextSource, Written, write_archive, write_one
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.ui.components import times, url_state
from core.ui.components.widgets import escape_markdown, result_of

USUAL = ("pdf", "txt")
SHOWN = 6  # notes and what is left out, named on the page; the archive names all
_Work = Callable[[Report], MadeFile]


def show_card(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """The Report page's card."""
    if not store.tables["texts"].num_rows:
        return
    with st.container(border=True, key="file_text"):
        st.markdown("**:material/article: Text**")
        st.caption(
            "Searchable PDFs, hOCR, ALTO XML, plain text and Markdown of every document, zipped."
        )
        show_for_filters(hub, what, store, now)


def show_for_filters(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """A choice of formats, and an archive of every document that passes."""
    if not store.tables["texts"].num_rows:
        st.caption("No text was found in this batch.")
        return
    ids = store.ids(now)
    chosen = documents_of(store, ids)
    kinds = st.pills(
        "Formats",
        list(FORMATS),
        default=list(USUAL),
        selection_mode="multi",
        format_func=lambda kind: FORMATS[kind].title,
        key="text_formats",
    )
    kinds = [kind for kind in FORMATS if kind in kinds]
    said = f"{len(chosen):,} document{'s' * (len(chosen) != 1)}, as one zip"
    st.caption(f"{said}; a file is taken whole if one of its pages passes.")
    zone = times.zone()  # threads do not know the viewer's

    def work(report: Report) -> MadeFile:
        about = [
            ("Results", what.title),
            ("Shards", what.prefix),
            ("Documents", f"{len(chosen):,} of {len(documents(store)):,}"),
            ("Filter", "; ".join(chip.text for chip in now.chips()) or "none: every picture"),
            ("Formats", ", ".join(FORMATS[kind].title for kind in kinds)),
            ("Made", times.moment(datetime.now(UTC), zone)),
        ]
        silent = without_text(store, ids)
        return _made(
            hub,
            lambda file: write_archive(
                file, _source(hub, store), chosen, kinds, about, report=report, silent=silent
            ),
            f"{what.title.removeprefix('gs://').strip('/').replace('/', '-')[:60]}-text.zip",
        )

    key = f"{what.prefix} {what.run} {kinds} {sorted(now.to_params().items())}"
    _show(hub, f"text zip {key} {_version(store)}", "zip", work, "Make the zip",
          disabled=not (chosen and kinds))  # fmt: skip


def show_for_document(hub: Hub, what: url_state.Subject, store: Store, one: Document) -> None:
    """One document in a format of choice."""
    kind = st.selectbox(
        "Format",
        list(FORMATS),
        format_func=lambda kind: FORMATS[kind].title,
        key="document_format",
    )

    def work(report: Report) -> MadeFile:
        return _made(
            hub, lambda file: write_one(file, _source(hub, store), one, str(kind), report), ""
        )

    key = f"text {kind} {what.prefix} {what.run} {one.uri} {one.pages} {_version(store)}"
    _show(hub, key, "document", work, f"Make the {FORMATS[kind].title}")


def _version(store: Store) -> str:
    return store.fingerprint()


def _source(hub: Hub, store: Store) -> TextSource:
    return TextSource(store, hub.buckets, hub.made_files.folder, hub.cuts.numbers)


def _made(hub: Hub, write: Callable[[IO[bytes]], Written], name: str) -> MadeFile:
    def written(file: IO[bytes]) -> MadeFile:
        of = write(file)
        file.flush()
        return MadeFile(file, name or of.name, of.mime, of.left_out, of.notes)

    return hub.made_files.make(hub.visitor.scope, written)


def _show(
    hub: Hub, key: str, place: str, work: _Work, label: str, *, disabled: bool = False
) -> None:
    """A button that starts the work, its progress, then a link to the file."""
    asked: set[str] = st.session_state.setdefault("text_asked", set())
    if key not in asked or disabled:
        st.button(
            label,
            key=f"make_text_{place}",
            icon=":material/build:",
            type="primary",
            disabled=disabled,
            on_click=asked.add,
            args=(key,),
        )
        return
    task = hub.exports.start(key, work)
    made = result_of(task, "Writing pages", place=f"text_{place}")
    if made is not None:
        _show_link(hub, made, place)
    elif task.done and not task.cancelled and st.button(
        "Try again", key=f"again_text_{place}", icon=":material/refresh:"
    ):  # fmt: skip
        hub.exports.forget(key)
        st.rerun()


def _show_link(hub: Hub, made: MadeFile, place: str) -> None:
    address = f"gallery/{hub.gallery.token(hub.visitor.scope)}/made/{made.code}"
    size = f"{made.size / 1e6:,.1f} MB" if made.size >= 1e6 else f"{max(1, made.size // 1000)} kB"
    name = escape(made.name, quote=True)
    with st.container(key=f"text_link_{place}"):
        st.html(
            f'<a class="download" download="{name}" href="{address}">Download {name} ({size})</a>'
        )
    _show_said("Left out", made.left_out, ":material/report:")
    _show_said("Notes", made.notes, ":material/info:")


def _show_said(title: str, said: Sequence[str], icon: str) -> None:
    if not said:
        return
    lines = [f"- {escape_markdown(line)}" for line in said[:SHOWN]]
    if len(said) > SHOWN:
        lines.append(f"- and {len(said) - SHOWN:,} more, all named in the zip")
    st.markdown(f"{icon} **{title}: {len(said):,}**\n" + "\n".join(lines))
