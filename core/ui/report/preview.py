"""The PDF's pages as pictures beside what is said about it."""

from __future__ import annotations

import streamlit as st

from core.app.tasks import Task
from core.results.export.report.pdf import page_image
from core.ui.components.widgets import result_of
from core.ui.report.downloads import Making, kinds

WIDTH = 644  # pixels of the picture: twice what it has on the page
_ALT = "Preview of a page of the report"
_TASK, _LAST, _PAGE = "report_preview_task", "report_preview", "report_page"


def show_preview(making: Making) -> None:
    """A page of the PDF as it would be now; while it is made, the last one stays."""
    pdf = next(kind for kind in kinds(making.hub, making.in_html) if kind.key == "pdf")
    if pdf.missing:
        return
    if making.what.live and not st.toggle("Preview", key="report_live_preview"):
        st.caption("The job still runs; a preview would be drawn again with each shard.")
        return
    task = making.task(pdf)
    _replace(making, making.key_of(pdf), task)
    if not task.done and _LAST in st.session_state:
        st.image(st.session_state[_LAST], width="stretch", alt=_ALT)
    data = result_of(task, "Drawing the preview", place="preview")
    if data is None:
        return
    page = st.session_state.get(_PAGE, 1)
    image, count = page_image(data, page, WIDTH)
    st.session_state[_LAST] = image
    st.image(image, width="stretch", caption=f"Page {min(page, count)} of {count}", alt=_ALT)
    if count > 1:
        st.pagination(count, key=_PAGE)


def _replace(making: Making, key: str, task: Task[bytes]) -> None:
    """Cancel the preview of earlier inputs, unless that file was asked for."""
    before: tuple[str, Task[bytes]] | None = st.session_state.get(_TASK)
    if before is not None and before[0] not in (key, *making.asked) and not before[1].done:
        before[1].given_up_by(st.session_state.get("watcher", ""))
    st.session_state[_TASK] = (key, task)
