"""The Report page: what can be taken along of a view, made in a thread, one click each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.app.hub import Hub
from core.app.tasks import Report, Task, TaskCancelled
from core.errors import ResultsError
from core.results.analysis.sentence import amount, counted
from core.results.export.addresses import discreet
from core.results.export.bigquery import build_bigquery_zip
from core.results.export.excel import build_workbook
from core.results.export.provenance import Method
from core.results.export.report.document import ReportOptions
from core.results.export.report.html import MOST_PICTURES, build_paper, build_report
from core.results.export.report.pdf import find_browser, pdf_of
from core.results.export.zip_archives import build_csv_zip, build_parquet_zip
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.ui.components import times, url_state
from core.ui.components.widgets import escape_markdown, result_of
from core.ui.report import provenance

NO_BROWSER = (
    "There is no Chromium on this server to print with. Install the package chromium there; or "
    "take the HTML, open it in your browser and choose Print, Save as PDF."
)
Build = Callable[[Selection, Method, ReportOptions, Report], bytes]


@dataclass(frozen=True, slots=True)
class DownloadKind:
    """One kind of file: what it is for, and how it is made. ``missing``: why not here."""

    key: str
    title: str
    icon: str
    sentence: str
    suffix: str
    mime: str
    build: Build
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Making:
    """What all files of one view have in common; used from threads too, which know no viewer.

    Attributes:
        key: of the view: other for another store, filter or option.
        method: where the results come from, as far as it is to be printed.
        zone: the viewer's.
    """

    hub: Hub
    what: url_state.Subject
    store: Store
    now: Filters
    options: ReportOptions
    in_html: int
    key: str
    method: Method
    zone: tzinfo | None

    def task(self, kind: DownloadKind) -> Task[bytes]:
        """The task that makes a file: the one already there, or a new one started now."""

        def work(report: Report) -> bytes:
            options = replace(self.options, made=times.moment(datetime.now(UTC), self.zone))
            return kind.build(Selection(self.store, self.now), self.method, options, report)

        return self.hub.exports.start(self.key_of(kind), work)

    def task_again(self, kind: DownloadKind) -> Task[bytes]:
        """As ``task``; one that failed or was cancelled is begun again."""
        task = self.task(kind)
        if task.done and task.future.exception() is not None:
            self.hub.exports.forget(self.key_of(kind))
            task = self.task(kind)
        return task

    def key_of(self, kind: DownloadKind) -> str:
        """The key of a file's task."""
        return f"report:{kind.key}:{self.key}"

    @property
    def asked(self) -> set[str]:
        """Keys of files that this session asked for."""
        asked_for: set[str] = st.session_state.setdefault("report_asked", set())
        return asked_for


def making_of(
    hub: Hub,
    what: url_state.Subject,
    store: Store,
    now: Filters,
    options: ReportOptions,
    in_html: int,
) -> Making:
    """What the files of the URL's view have in common."""
    view = sorted((now.to_params() | url_state.policy().to_params()).items())
    key = f"{what} {hash(store.tables.shards)} {view} {options} {in_html}"
    method = provenance.of_view(hub, what, store.tables)
    method = method if options.addresses else discreet(method)
    return Making(hub, what, store, now, options, in_html, key, method, times.zone())


def show_filters(store: Store, now: Filters) -> int:
    """What the files will be about; returns how many pictures pass."""
    count = store.count(now)
    for note in url_state.notes():
        st.warning(escape_markdown(note), icon=":material/link_off:")
    chips = [f"**{escape_markdown(chip.text)}**" for chip in now.chips()]
    filtered = "; ".join(chips) if chips else "no filter"
    whole = store.tables.pictures
    said = counted(store) if count == whole else f"{count:,} of {amount(store, whole)}"
    st.markdown(f"{said}: {filtered}.")
    return count


def kinds(hub: Hub, in_html: int) -> tuple[DownloadKind, ...]:
    """All kinds of files, in the order of their buttons."""

    def html(chosen: Selection, method: Method, options: ReportOptions, report: Report) -> bytes:
        return build_report(chosen, method, hub.upright, replace(options, pictures=in_html), report)

    def pdf(chosen: Selection, method: Method, options: ReportOptions, report: Report) -> bytes:
        paper = build_paper(chosen, method, hub.upright, options, report)
        return pdf_of(paper, options.author, options.audience and f"For {options.audience}")

    def excel(chosen: Selection, method: Method, options: ReportOptions, report: Report) -> bytes:
        return build_workbook(chosen, method, hub.upright, options, report)

    def tables(build: Callable[[Selection, Method, str, Report], bytes]) -> Build:
        return lambda chosen, method, options, report: build(chosen, method, options.made, report)

    missing = "" if find_browser() else NO_BROWSER
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    packed, paper = "application/zip", "application/pdf"
    return (
        DownloadKind("pdf", "PDF", "picture_as_pdf", "to hand over", "pdf", paper, pdf, missing),
        DownloadKind("html", "HTML", "html", "clickable, works offline", "html", "text/html", html),
        DownloadKind("xlsx", "Excel", "table_view", "summary and charts", "xlsx", sheet, excel),
        DownloadKind(
            "csv", "CSV", "csv", "a table a feature", "csv.zip", packed, tables(build_csv_zip)
        ),
        DownloadKind(
            "parquet", "Parquet", "database", "exact values", "parquet.zip", packed,
            tables(build_parquet_zip),
        ),
        DownloadKind(
            "bigquery", "BigQuery", "cloud_upload", "rows and schema", "bigquery.zip", packed,
            tables(build_bigquery_zip),
        ),
    )  # fmt: skip


def show_files(making: Making) -> None:
    """A button for each kind of file, and how far those are that were asked for."""
    all_kinds = kinds(making.hub, making.in_html)
    with st.container(key="files", horizontal=True, gap="small"):
        for kind in all_kinds:
            with st.container(key=f"file_{kind.key}", gap="small"):
                _show_button(making, kind)
    if missing := next((kind.missing for kind in all_kinds if kind.missing), ""):
        st.info(missing, icon=":material/print_disabled:")
    if said := beyond_html(making.store.count(making.now), making.in_html):
        st.caption(said)
    made = st.container(key="files_made", horizontal=True)
    for kind in all_kinds:
        if making.key_of(kind) in making.asked:
            _show_state(making, kind, made)


def beyond_html(count: int, most: int) -> str:
    """What an HTML file does not hold of so many pictures; "" if it holds all."""
    if count <= most:
        return ""
    if not most:
        return f"The HTML is made without pictures: its charts count all {count:,}."
    narrow = " Narrow the view with filters to have all of it." if most == MOST_PICTURES else ""
    return (
        f"The HTML holds {most:,} of the {count:,} pictures. Its charts count all {count:,} until "
        f"something is clicked in it; then they count the {most:,}.{narrow}"
    )


def _show_button(making: Making, kind: DownloadKind) -> None:
    st.download_button(
        kind.title,
        partial(_made, making, kind),
        file_name(making.options.title or making.what.title, kind.suffix),
        kind.mime,
        key=f"download_{kind.key}",
        icon=f":material/{kind.icon}:",
        type="primary" if kind.key == "pdf" else "secondary",
        disabled=bool(kind.missing),
        width="stretch",
        on_click=_asked,
        args=(making, kind),
    )
    st.caption(kind.sentence, text_alignment="center")


def _asked(making: Making, kind: DownloadKind) -> None:
    making.asked.add(making.key_of(kind))
    making.task_again(kind)


def _made(making: Making, kind: DownloadKind) -> bytes:
    """The file, once it is made; called in a thread when the browser asks for it."""
    try:
        return making.task_again(kind).future.result()
    except TaskCancelled as error:  # the page says so
        raise ResultsError(f"Making {kind.title} was cancelled") from error


def _show_state(making: Making, kind: DownloadKind, made: DeltaGenerator) -> None:
    """Progress of a file that was asked for; its size once it is made, or why it is not.

    Args:
        made: where the sizes stand, side by side.
    """
    data = result_of(making.task(kind), f"Making {kind.title}", again=False)
    if data is not None:
        made.caption(f":material/check: {kind.title} made, {size_of(data)}.", width="content")


def size_of(data: bytes) -> str:
    """How large a file is, in words."""
    return f"{len(data) / 1e6:.1f} MB" if len(data) >= 1e6 else f"{max(1, len(data) // 1000)} kB"


def file_name(title: str, suffix: str) -> str:
    """A file's name of a title that may be hostile."""
    stem = re.sub(r"[^\w]+", "-", title.removeprefix("gs://"))[:60].strip("-").lower()
    return f"contact-sheet-{stem or 'report'}.{suffix}"
