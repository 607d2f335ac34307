"""On Submit: which of the chosen features files of pages get no answer to, before they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.app.hub import Hub
from core.jobs.batch.sources import Picture
from core.jobs.sending.preflight.file_preflight import not_answered
from core.jobs.service.connection import with_file_features
from core.ui.components.chart_card import show_table
from core.ui.costs.savings import Options


def keep_answered(
    hub: Hub, options: Options, pictures: Sequence[Picture]
) -> tuple[Options, tuple[Picture, ...]]:
    """The options with what is asked of files, and the pictures without files that get no answer.

    What is left out, and what is not asked, is reported by name.
    """
    request = with_file_features(options.request, hub.connection().capabilities)
    problems = not_answered(request, pictures)
    left_out = any(fault.fatal for fault in problems)
    if problems:
        files = f"{len(problems):,} file{'s' if len(problems) != 1 else ''}"
        title = f"{files} left out: none of the chosen features is answered for files"
        with st.expander(
            title if left_out else f"Not all chosen features are answered for {files}",
            icon=":material/warning:" if left_out else ":material/info:",
            expanded=left_out,
        ):
            rows = [{"file": f.where, "problem": f.what, "what to do": f.then} for f in problems]
            show_table("Features of files", rows, "file-features")
    answered = tuple(picture for picture in pictures if not (left_out and picture.pages))
    return replace(options, request=request), answered
