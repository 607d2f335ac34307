"""Submit page: what is left out and why, by name; and what is only remarked on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.batch.amounts import count, enumerated
from core.jobs.batch.sources import Fault, Picture, SourceContents
from core.jobs.sending.preflight.page_selection import about_pages
from core.jobs.sending.preflight.preflight import Looked
from core.ui.components.chart_card import show_table
from core.ui.components.widgets import escape_markdown
from core.ui.submit.source_choice import Source

NAMED = 6  # that are reported without opening anything
SHOWN_FAULTS = 5_000


def show_left_out(source: Source, contents: SourceContents, looked: Looked) -> bool:
    """What is left out and why, by name; returns whether bad pictures are left out."""
    if not looked.pictures:
        st.warning(
            escape_markdown(_why_empty(source, contents)), icon=":material/image_not_supported:"
        )
    others = [fault for fault in contents.faults if fault.fatal]
    bad = [fault for fault in looked.faults if fault.fatal]
    leave_out = True
    if bad or others:
        with st.container(key="left_out"):
            documents = sum(fault.where.lower().endswith(".pdf") for fault in bad)
            amounts = {"bad picture": len(bad) - documents, "bad PDF": documents}
            kinds = [count(amount, noun) for noun, amount in amounts.items() if amount]
            heading = st.empty()
            if bad:
                leave_out = st.checkbox(
                    f"Leave bad {'files' if documents else 'pictures'} out",
                    value=True,
                    help="Sent anyway, each comes back as an error and is billed all the same.",
                )
            rest = [count(len(others), "other file")] if others else []
            heading.markdown(f"##### :material/warning: {heading_of(kinds, rest, leave_out)}")
            _show_named("left-out", [*bad, *others])
    return bool(bad) and leave_out


def heading_of(bad: Sequence[str], others: Sequence[str], leave_out: bool) -> str:
    """What is left out, and what is sent although it is bad, from amounts as "1 bad PDF"."""
    out = enumerated([*bad, *others] if leave_out else others)
    said = [f"{enumerated(bad)} sent all the same"] if bad and not leave_out else []
    return ", ".join([*said, f"{out} left out"] if out else said)


def show_all_remarks(
    contents: SourceContents, looked: Looked, pictures: Sequence[Picture], more: Sequence[Fault]
) -> None:
    """What is remarked on the pictures and pages that are sent; by name, what is left out.

    Args:
        pictures: with their pages as chosen.
        more: what was found when the pages were chosen.
    """
    none = [fault for fault in more if fault.fatal]
    if none:
        st.markdown(f"##### :material/warning: {count(len(none), 'file')} without these pages")
        _show_named("left-out-pages", none)
    remarks = [fault for fault in (*contents.faults, *looked.faults) if not fault.fatal]
    remarks = [*about_pages(remarks, pictures), *(fault for fault in more if not fault.fatal)]
    if remarks:
        show_remarks("Remarks", count(len(remarks), "remark"), remarks, "remarks")


def show_remarks(title: str, label: str, remarks: Sequence[Fault], key: str) -> None:
    """Remarks by name, once somebody opens them."""
    with st.expander(label, icon=":material/info:"):
        show_table(title, fault_rows(remarks), key, most=SHOWN_FAULTS)


def _show_named(key: str, faults: Sequence[Fault]) -> None:
    """A few in two columns; more in a table that can be taken along."""
    if len(faults) > NAMED:
        with st.expander("Which, and why", icon=":material/list:", expanded=len(faults) <= 12):
            show_table("Files that are left out", fault_rows(faults), key, most=SHOWN_FAULTS)
        return
    columns = st.columns(2)
    for number, fault in enumerate(faults):
        cure = f" {escape_markdown(fault.then)}" if fault.then else ""
        columns[number % 2].markdown(
            f"**{escape_markdown(fault.where)}** :gray[{escape_markdown(fault.what)}.{cure}]",
            width="stretch",
        )


def fault_rows(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """As a table has them."""
    return [
        {"picture": fault.where, "problem": fault.what, "what to do": fault.then}
        for fault in faults
    ]


def _why_empty(source: Source, contents: SourceContents) -> str:
    """Why there is nothing to submit, and what to look at."""
    others = sum(fault.fatal for fault in contents.faults)
    if others:
        return f"There is no picture here, only {count(others, 'other file')}, listed below."
    if not source.place:
        return "There is no picture here."
    nothing = f"Nothing is there: {source.place!r} is empty."
    if source.place.startswith("gs://"):
        nothing = f"No object's name begins with {source.place!r}."
    if source.place != source.place.strip():
        return f"{nothing} It begins or ends in white space: take that away if it is not meant."
    return f"{nothing} Check how it is written, capitals included."
