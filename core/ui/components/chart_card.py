"""A chart as the pages show it: its heading, the table behind it, and both to take along."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import streamlit as st

from core.results.export.sheets import for_readers
from core.results.export.zip_archives import csv_of
from core.results.theme import LOOKS
from core.ui.components.style import theme
from core.ui.components.url_state import chart_key

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

# What Streamlit's front end sets once it has drawn a chart whose marks can be pressed: a chart that
# comes with it is not drawn a second time.
_CHOOSING = {"clickmode": "event+select", "hovermode": "closest", "dragmode": "pan"}
AROUND: Iterable[Literal["points", "box", "lasso"]] = ("points", "box", "lasso")


def show_heading(title: str, frame: pd.DataFrame | None, key: str, *, note: str = "") -> None:
    """A chart's heading, with its numbers beside it: they are sent when somebody opens them.

    Args:
        frame: None for no table.
        note: small beside the title; ours, as the title.
    """
    with st.container(
        key=f"heading_{key}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        st.subheader(title, anchor=False, width="content")
        if note:
            st.caption(note, width="content")
        st.space("stretch")
        if frame is None:
            return
        popover = st.popover(
            "Table",
            icon=":material/table:",
            type="tertiary",
            key=f"open_{key}",
            on_change="rerun",
        )
        if popover.open:
            with popover:
                frame = for_readers(frame)
                st.dataframe(frame, hide_index=True, key=f"table_{key}", alt=title)
                show_csv(title, frame, key)


def show_table(
    title: str,
    rows: pd.DataFrame | Iterable[Mapping[str, Any]],
    key: str,
    *,
    most: int | None = None,
    hidden: Collection[str] = (),
    heading: bool = False,
    about: str = "",
    column_config: Mapping[str, Any] | None = None,
    choose: bool = False,
    total: int = 0,
    whole: Callable[[], pd.DataFrame] | None = None,
) -> int | None:
    """A table outside a chart, and a button that takes all of it along.

    Returns the number of the row that was chosen, if ``choose`` and one was.

    Args:
        title: what is in it; also the file's name, with ``about``: see ``show_csv``.
        key: of this table on its page.
        most: rows to show; the file has all of them.
        hidden: columns that are for the eye alone, and not in the file.
        heading: whether the title stands over it, with the button beside it.
        total: rows that ``whole`` makes for the file; ``rows`` are then those to show.
    """
    import pandas as pd

    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    visible = frame.drop(columns=list(hidden), errors="ignore")  # no rows, no columns
    show_file = partial(show_csv, f"{title} {about}", whole or visible, key)
    if heading:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title}**", width="content")
            show_file()
    shown = frame if most is None else frame.head(most)
    chosen = st.dataframe(
        shown,
        hide_index=True,
        key=f"table_{key}",
        alt=title,
        column_config=column_config,
        on_select="rerun" if choose else "ignore",
        selection_mode="single-row",
    )
    if len(shown) < (every := max(total, len(frame))):
        st.caption(f"The first {len(shown):,} of {every:,}; the file has all of them.")
    if not heading:
        show_file()
    return next(iter(cast(Any, chosen)["selection"]["rows"]), None) if choose else None


def show_csv(title: str, frame: pd.DataFrame | Callable[[], pd.DataFrame], key: str) -> None:
    """A button for a table as CSV, in which no text can become a formula.

    Args:
        title: of the table; its Latin letters and digits become the file's name.
        frame: the table, or what makes it.
    """
    st.download_button(
        "Download as CSV",
        lambda: csv_of(frame() if callable(frame) else frame),  # written when it is asked for
        f"{file_stem(title)}.csv",
        "text/csv",
        key=f"csv_{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        disabled=not callable(frame) and frame.empty,
    )


def show_figure(
    figure: go.Figure,
    title: str,
    key: str,
    *,
    chosen: Callable[[], None] | None,
    around: bool = False,
    stretched: bool = False,
) -> None:
    """A chart, with a camera in its corner that saves it as a picture (PNG, without a network).

    Args:
        key: of the chart; a click's marks are in ``st.session_state[chart_key(key)]``.
        chosen: called on a click, if one means anything.
        around: whether marks can also be drawn around; it is then as high as its container.
        stretched: whether it is so without.
    """
    if figure.layout.paper_bgcolor != LOOKS[theme()].paper:
        set_ground(figure, theme(), chosen=chosen is not None)
    st.plotly_chart(
        figure,
        theme=None,
        height="stretch" if around or stretched else "content",
        key=chart_key(key),
        on_select=chosen or "ignore",
        selection_mode=AROUND if around else "points",
        config={
            "displayModeBar": "hover",
            "displaylogo": False,
            "displayNotifier": False,  # the browser itself tells of downloads
            "modeBarButtons": [["lasso2d", "select2d"] * around + ["toImage"]],
            "toImageButtonOptions": {"format": "png", "scale": 2, "filename": file_stem(title)},
        },
        alt=f"{title}: the same numbers stand in the table beside the heading.",
    )


def set_ground(figure: go.Figure, theme: str, *, chosen: bool) -> None:
    """Give a chart the page's own ground: a picture of dark marks on nothing could not be read
    elsewhere. A chart that sessions share has it from the beginning, and is not changed again.

    Args:
        chosen: whether its marks can be pressed.
    """
    look = LOOKS[theme]
    # A clear ground counts as black to plotly, which would draw what is active white on paper.
    modebar = {"bgcolor": "rgba(0,0,0,0)", "color": look.muted, "activecolor": look.ink}
    figure.update_layout(paper_bgcolor=look.paper, modebar=modebar)
    if chosen and not figure.layout.dragmode:
        figure.update_layout(_CHOOSING)


def file_stem(title: str) -> str:
    """A file's name without suffix, of a title."""
    return f"contact-sheet-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')[:60]}"
