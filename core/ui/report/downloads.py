"""The Report page: what can be taken along of a view, built in a thread, then downloaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.results.export.bigquery import build_bigquery_zip
from core.results.export.excel import build_workbook
from core.results.export.provenance import Method
from core.results.export.report import ReportOptions, build_report
from core.results.export.report_pdf import find_browser, pdf_of
from core.results.export.zip_archives import build_csv_zip, build_parquet_zip
from core.results.query.filters import Filters
from core.results.query.safe_policy import SafePolicy
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.ui.components import times, url_state
from core.ui.components.widgets import escape_markdown, result_of
from core.ui.report import provenance

SAMPLES = (0, 24, 48, 96)
Build = Callable[[Selection, Method, str, Report], bytes]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what it is for, and how it is built. ``missing``: why not here."""

    key: str
    title: str
    icon: str
    sentence: str
    suffix: str
    mime: str
    build: Build
    missing: str = ""


def show_filters(store: Store, now: Filters) -> int:
    """What the files will be about; returns how many pictures pass."""
    count = store.count(now)
    for note in url_state.notes():
        st.warning(escape_markdown(note), icon=":material/link_off:")
    chips = [f"**{escape_markdown(chip.text)}**" for chip in now.chips()]
    filtered = "; ".join(chips) if chips else "no filter"
    st.markdown(f"{count:,} of {store.tables.pictures:,} pictures: {filtered}.")
    st.page_link(
        "pages/explore.py",
        label="Change the filters on Explore",
        icon=":material/filter_alt:",
        query_params=url_state.params(),
    )
    return count


def show_files(hub: Hub, what: url_state.Subject, store: Store, now: Filters) -> None:
    """A row for each kind of file."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pictures = st.segmented_control(
            "Pictures in the report",
            SAMPLES,
            default=48,
            format_func=lambda n: f"{n}" if n else "None",
            required=True,
            key="report_pictures",
            help="Taken evenly from all that pass. Each adds some 50 kB to the file.",
        )
        blur = st.toggle("Blur flagged pictures", value=True, key="report_blur")
    policy = url_state.policy()
    kinds = _kinds(hub, pictures, policy if blur else SafePolicy(()))
    # Of another store, filter or option the files are other files.
    shards = hash(store.tables.shards)
    view_key = f"{what} {shards} {sorted((now.to_params() | policy.to_params()).items())}"
    for kind in kinds:
        own = f"{pictures} {blur}" if kind.key in ("html", "pdf") else ""
        _show_kind(hub, what, store, now, kind, f"report:{kind.key}:{own}:{view_key}")


def _kinds(hub: Hub, pictures: int, policy: SafePolicy) -> tuple[Kind, ...]:
    """All kinds; pictures that the policy flags are made unrecognisable."""

    def html(chosen: Selection, method: Method, made: str, report: Report) -> bytes:
        options = ReportOptions(made, pictures, lambda found: policy.flags(found.safe))
        return build_report(chosen, method, hub.upright, options, report)

    def pdf(chosen: Selection, method: Method, made: str, report: Report) -> bytes:
        return pdf_of(html(chosen, method, made, report))

    no_browser = (
        ""
        if find_browser()
        else "There is no Chromium on this server. Open the report in your browser and print it as "
        "PDF: it has a style of its own for paper."
    )
    excel = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    packed = "application/zip"
    return (
        Kind(
            "html",
            "Report",
            "description",
            "One interactive page to pass on: charts, palettes, pictures with their boxes, errors, "
            "method and cost. Complete in itself; opens without a network.",
            "html",
            "text/html",
            html,
        ),
        Kind(
            "pdf",
            "Report as PDF",
            "picture_as_pdf",
            "The same on paper.",
            "pdf",
            "application/pdf",
            pdf,
            no_browser,
        ),
        Kind(
            "xlsx",
            "Excel",
            "table_view",
            "One sheet a feature, and one of labels that come together. Nothing that was read from "
            "a picture can become a formula.",
            "xlsx",
            excel,
            build_workbook,
        ),
        Kind(
            "csv",
            "CSV",
            "csv",
            "One file a feature, zipped, made harmless for spreadsheets.",
            "csv.zip",
            packed,
            build_csv_zip,
        ),
        Kind(
            "parquet",
            "Parquet",
            "database",
            "One table a feature, zipped, with exact values.",
            "parquet.zip",
            packed,
            build_parquet_zip,
        ),
        Kind(
            "bigquery",
            "BigQuery",
            "cloud_upload",
            "One row a picture with everything nested in it, the table's schema, and the bq "
            "command and Python client call that load it.",
            "bigquery.zip",
            packed,
            build_bigquery_zip,
        ),
    )


def _show_kind(
    hub: Hub, what: url_state.Subject, store: Store, now: Filters, kind: Kind, key: str
) -> None:
    with st.container(border=True, key=f"file_{kind.key}"):
        st.markdown(f"**:material/{kind.icon}: {kind.title}**")
        st.caption(kind.missing or kind.sentence)
        asked: set[str] = st.session_state.setdefault("report_asked", set())
        if key not in asked:
            st.button(
                "Make it",
                key=f"make_{kind.key}",
                disabled=bool(kind.missing),
                on_click=asked.add,
                args=(key,),
            )
            return
        method = provenance.of_view(hub, what, store.tables)

        where = times.zone()  # threads do not know the viewer's

        def work(report: Report) -> bytes:
            made = times.moment(datetime.now(UTC), where)
            return kind.build(Selection(store, now), method, made, report)

        task = hub.exports.start(key, work)
        data = result_of(task, f"Making {kind.title}")
        if data is not None:
            st.download_button(
                f"Download {file_name(what.title, kind.suffix)} ({_size(data)})",
                data,
                file_name(what.title, kind.suffix),
                kind.mime,
                key=f"download_{kind.key}",
                icon=":material/download:",
                type="primary",
                on_click="ignore",
            )
        elif (
            task.done
            and not task.cancelled
            and st.button("Try again", key=f"again_{kind.key}", icon=":material/refresh:")
        ):
            hub.exports.forget(key)
            st.rerun()


def _size(data: bytes) -> str:
    return f"{len(data) / 1e6:.1f} MB" if len(data) >= 1e6 else f"{max(1, len(data) // 1000)} kB"


def file_name(title: str, suffix: str) -> str:
    """A file's name of a title that may be hostile."""
    kept = re.sub(r"[^\w]+", "-", title.removeprefix("gs://"))[:60].strip("-").lower()
    return f"contact-sheet-{kept or 'report'}.{suffix}"
