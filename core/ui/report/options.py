"""What the user says about a report: title, author, note, and what is in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from core.results.analysis.best_pictures import BY
from core.results.export.addresses import short_title
from core.results.export.report.document import (
    NOTHING_FLAGGED,
    SECTIONS,
    USUAL_SECTIONS,
    ReportOptions,
)
from core.results.export.report.html import MOST_PICTURES
from core.ui.components import url_state

ON_PAPER = (0, 12, 24, 48, 96)
IN_HTML = (0, 100, 1_000, MOST_PICTURES)
_KEPT = "report_inputs"  # by batch, for as long as the browser's tab is open


def show_options(what: url_state.Subject) -> tuple[ReportOptions, int]:
    """The inputs; what they say, and how many pictures an HTML file is to hold at most."""
    inputs: dict[str, str] = st.session_state.setdefault(_KEPT, {}).setdefault(what.prefix, {})
    title = _text("Title", "title", inputs, short_title(what.title))
    left, right = st.columns(2)
    with left:
        author = _text("Author", "author", inputs)
    with right:
        audience = _text("For", "audience", inputs, placeholder="the editorial board")
    note = st.text_area(
        "Note",
        inputs.get("note", ""),
        key=f"report_note_{what.prefix}",
        height=88,
        max_chars=2_000,
        placeholder="A few lines of your own, printed under the sentences",
    )
    inputs["note"] = note
    sections = st.pills(
        "What to include",
        SECTIONS,
        selection_mode="multi",
        default=USUAL_SECTIONS,
        key="report_sections",
    )
    pictures, in_html, by = _pictures()
    blur = st.toggle("Blur flagged pictures", value=True, key="report_blur")
    addresses = st.toggle(
        "Print addresses and paths",
        key="report_addresses",
        help="Off, a report has file names and folders only: no gs:// address, no path of a "
        "machine, no address of this dashboard. Columns of tables keep the pictures' addresses.",
    )
    return ReportOptions(
        made="",
        title=title,
        author=author,
        audience=audience,
        note=note,
        pictures=pictures,
        by=by,
        policy=url_state.policy() if blur else NOTHING_FLAGGED,
        sections=tuple(sections),
        addresses=addresses,
        font=_font(),
    ), in_html


def _text(
    label: str, name: str, inputs: dict[str, str], usual: str = "", placeholder: str = ""
) -> str:
    """A line of text that is remembered with the batch."""
    value = st.text_input(
        label,
        inputs.get(name, usual),
        key=f"report_{name}_{st.query_params.get('job', '')}{st.query_params.get('prefix', '')}",
        max_chars=120,
        placeholder=placeholder or None,
    )
    inputs[name] = value
    return value


def _pictures() -> tuple[int, int, str]:
    """How many pictures on paper and in an HTML file, and which first."""
    with st.container(horizontal=True, gap="medium"):
        on_paper = st.segmented_control(
            "Pictures in the PDF",
            ON_PAPER,
            default=48,
            format_func=_count,
            required=True,
            key="report_pictures",
        )
        in_html = st.segmented_control(
            "In the HTML, at most",
            IN_HTML,
            default=MOST_PICTURES,
            format_func=_count,
            required=True,
            key="report_html_pictures",
            help=f"Up to {MOST_PICTURES:,}: they are filtered in the reader's browser, which takes "
            "longer than a click should with more. The more there are, the smaller they are; "
            f"{MOST_PICTURES:,} make some 50 MB.",
        )
        by = st.segmented_control(
            "Best first, by",
            list(BY),
            default="score",
            format_func=lambda name: BY[name].capitalize(),
            required=True,
            key="report_by",
        )
    return on_paper, in_html, by


def _count(number: int) -> str:
    return f"{number:,}" if number else "None"


@cache
def _font() -> bytes:
    """The pages' font, which Streamlit brings along (Source Sans, SIL Open Font License)."""
    media = Path(st.__file__).parent / "static" / "static" / "media"
    fonts = sorted(media.glob("SourceSansVF-Upright*.woff2"))
    return fonts[0].read_bytes() if fonts else b""
