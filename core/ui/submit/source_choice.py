"""Submit page, first step: where the pictures come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report
from core.errors import ContactSheetError
from core.jobs.batch.bucket_prefix import from_prefix
from core.jobs.batch.folder import from_folder, typed_folder
from core.jobs.batch.pasted_list import from_list, gs_address
from core.jobs.batch.sources import LocalPicture, SourceContents
from core.jobs.samples.samples import write_samples
from core.jobs.sending.uploads.spool import Spool
from core.jobs.visitors.visibility import check_file
from core.pictures.limits import MAX_SAID
from core.ui.components.chart_card import show_table
from core.ui.components.upload.upload import forget_shown, show_upload
from core.ui.components.widgets import show_error

KINDS = {
    "sample": "Sample",
    "folder": "Folder",
    "upload": "Upload",
    "bucket": "Bucket",
    "list": "List",
}
SAMPLE = "sample"  # the key of that source
LOOK_AGAIN = "look_again"  # pressed: what was seen of the pictures is forgotten


@dataclass(frozen=True, slots=True)
class Source:
    """Pictures chosen by the user.

    Attributes:
        key: the same for the same choice, so that it is gathered once.
        description: for people, kept in the job.
        gather: collects the pictures; runs in a thread.
        place: the prefix or folder as it was typed; "" for other sources.
    """

    key: str
    description: str
    gather: Callable[[Report], SourceContents]
    place: str = ""


def choose(hub: Hub, draft_id: str) -> Source | None:
    """The widgets of this step; None until enough has been said."""
    kinds = _kinds(hub)
    source: Source | None = None
    with st.container(key="submit_source", horizontal=True, vertical_alignment="center"):
        kind = st.segmented_control(
            "Where are the pictures?",
            kinds,
            format_func=KINDS.__getitem__,
            default="sample",
            required=True,
            key="source_kind",
            bind="query-params",
            label_visibility="collapsed",
        )
        if kind in ("sample", "bucket", "folder"):
            source = {"sample": _sample, "bucket": _bucket, "folder": _folder}[kind](hub)
        if kind != "sample":  # whose files never change
            st.button(
                "Look again",
                icon=":material/refresh:",
                key="look_again_button",
                on_click=lambda: st.session_state.update({LOOK_AGAIN: True}),
            )
    if kind == "upload":
        return _upload(hub, draft_id)
    return _pasted(hub) if kind == "list" else source


def _kinds(hub: Hub) -> list[str]:
    """Sources that the visitor may choose from."""
    if hub.visitor.read_only:
        return ["sample"]  # the others read what the dashboard's account may read
    return [kind for kind in KINDS if kind != "folder" or hub.folders != ()]


def _sample(hub: Hub) -> Source:
    folder = hub.settings.home / "samples"

    def gather(_: Report) -> SourceContents:
        pictures = [
            LocalPicture(sample.path, sample.path.name, sample.path.stat().st_size)
            for sample in write_samples(folder)
        ]
        return SourceContents(tuple(pictures))

    with st.popover("Credits", type="tertiary", icon=":material/copyright:"):
        st.caption("Every licence allows this use.")
        if st.toggle("Show the list", key="show_credits"):
            show_table(
                "Sample pictures",
                [
                    {"picture": s.path.name, "title": s.title, "licence": s.licence, "by": s.credit}
                    for s in write_samples(folder)
                ],
                "credits",
            )
    return Source(SAMPLE, "Sample batch", gather)


def _bucket(hub: Hub) -> Source | None:
    uri = st.text_input(
        "Bucket folder",
        key="source_prefix",
        placeholder=f"gs://{hub.settings.bucket}/holiday/",
        help="Every picture, PDF and TIFF whose name begins with this address, in subfolders too. "
        "PDFs and TIFFs are read once, to count their pages. Wildcards are those of gsutil: "
        "gs://bucket/2026-*/**.jpg.",
        label_visibility="collapsed",
        bind="query-params",
    )  # as it was typed: white space may belong to the name
    if not uri.strip():
        return None
    uri = gs_address(uri.lstrip())
    return Source(f"bucket:{uri}", uri, lambda _: from_prefix(hub.buckets, uri), place=uri)


def _folder(hub: Hub) -> Source | None:
    path = st.text_input(
        "Folder on the machine that runs this dashboard",
        key="source_folder",
        placeholder="/home/me/Pictures",
        help="Pictures, PDFs and TIFFs are recognised by their first bytes, whatever they are "
        "called. Of TIFFs with several pages and of PDFs all pages are annotated.",
        label_visibility="collapsed",
        bind="query-params",
    )
    deep = st.checkbox("Subfolders too", value=True, key="source_deep", bind="query-params")
    if not path.strip():
        return None
    folder = typed_folder(path)
    if hub.folders is not None:
        try:
            check_file(folder, hub.folders)
        except ContactSheetError as error:
            show_error(error)
            return None
    key = f"folder:{path}:{deep}"
    return Source(key, path, lambda _: from_folder(folder, recursive=deep), place=path)


def _pasted(_: Hub) -> Source | None:
    text = st.text_area(
        "One gs:// address a line",
        key="source_list",
        height=160,
        placeholder="gs://my-bucket/holiday/beach.jpg",
        help="Also web addresses of Cloud Storage, CSV with a column uri, lines of gsutil ls. "
        "Quotes keep white space at the ends of a name.",
        persist_state="session",
    )
    if not text.strip():
        return None
    contents = from_list(text)
    description = f"Pasted list of {len(contents.pictures):,}"
    return Source(f"list:{hash(text)}", description, lambda _: contents)


def _upload(hub: Hub, draft_id: str) -> Source | None:
    spool = Spool(hub.settings.home, draft_id)
    busy = show_upload(
        hub,
        draft_id,
        label="Pictures, PDF and TIFF files from your computer",
        note=f"Pictures up to {MAX_SAID}, PDF and TIFF files up to 1 GB; whatever is no picture is "
        "named and left out. Files are kept as they arrive, until you submit.",
    )
    files = sorted(path.name for path in spool.files())
    if busy:
        st.caption("The batch can be submitted when all files have arrived.")
        return None
    if not files:
        return None
    with st.container(key="submit_uploaded", horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(files):,}** uploaded and kept until you submit.", width="content")
        st.space("stretch")
        if st.button("Remove all", icon=":material/delete:"):
            spool.discard()
            forget_shown()
            st.rerun()
    said = hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]
    noun = "uploaded file" if len(files) == 1 else "uploaded files"
    return Source(f"upload:{draft_id}:{said}", f"{len(files):,} {noun}", lambda _: spool.contents())
