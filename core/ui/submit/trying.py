"""Submit page: try the chosen features on one picture or page before the batch is sent."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.app.tasks import Report, Task
from core.errors import ContactSheetError, SubmissionUncertain
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture, Picture, wanted_pages
from core.jobs.service.connection import with_file_features
from core.jobs.tries import Tried
from core.results.pictures.exif_upright import Upright
from core.results.pictures.local_copy import local_copy
from core.results.pictures.overlays import draw
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.picture.read_annotations import with_face_points
from core.results.query.safe_policy import USUAL
from core.results.query.store import Store
from core.results.shards.decoding import raw_response
from core.results.shards.limits import read_shard
from core.results.shards.shard_files import ShardFile
from core.results.tables.tables import build
from core.ui.components.chart_card import show_table
from core.ui.components.pictures.picture_facts import facts_of
from core.ui.components.pictures.strip import show_strip
from core.ui.components.ticker.ticker import show_ticker
from core.ui.components.widgets import escape_markdown, result_of, show_error
from core.ui.costs.savings import NEWS
from core.ui.submit.previews import row

TRYING, PAGE, ASKED, SEND = "trying", "trying_page", "trying_asked", "submit_from_try"
WIDTH = 1056
LARGE = 1_120  # pixels: twice what the picture has on the page
MOST_FILM = 40  # pictures that another one is chosen from
MOST_BARS = 12  # rows of one kind
LOOKED_MS = 400  # between two looks whether the answer is there


def ask_for(picture: Picture) -> None:
    """Open the dialog with a picture."""
    st.session_state[TRYING] = _name(picture)
    st.session_state[PAGE] = 1


def show_button(hub: Hub, request: BatchRequest, pictures: Sequence[Picture]) -> None:
    """The button, with what one try takes."""
    off = hub.visitor.read_only or not pictures
    units = len(request.features)
    st.button(
        "Try on one picture" if not pictures or not pictures[0].pages else "Try on one page",
        icon=":material/image_search:",
        key="try",
        width="stretch",
        disabled=off,
        help=f"Answers in seconds and takes {units:,} unit{'s' * (units != 1)}; a batch that asks "
        "the same uses the answer.",
        on_click=lambda: ask_for(pictures[0]),
    )


def show(hub: Hub, request: BatchRequest, pictures: Sequence[Picture], draft_id: str) -> None:
    """The dialog, while it is open."""
    wanted = st.session_state.get(TRYING)
    by_name = {_name(picture): picture for picture in pictures}
    if wanted not in by_name:
        return
    request = with_file_features(request, hub.connection().capabilities)

    def draw() -> None:
        picture = by_name.get(st.session_state.get(TRYING, ""))
        if picture is None:
            return  # it is being closed
        sent = wanted_pages(picture)
        if sent and st.session_state.get(PAGE) not in sent:
            st.session_state[PAGE] = sent[0]
        page = int(st.session_state[PAGE]) if sent else 0
        _show(_Trial(hub, request, picture, page, draft_id), pictures)

    st.dialog("Try on one picture", width=WIDTH, on_dismiss=_close)(draw)()


def _close() -> None:
    st.session_state.pop(TRYING, None)


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is tried; a task reads it in a thread, which has no session.

    Attributes:
        page: from 1, of a file; 0 of a picture.
    """

    hub: Hub
    request: BatchRequest
    picture: Picture
    page: int
    draft_id: str

    @property
    def key(self) -> str:
        """Of the task that asks: the same question is asked once."""
        content = self.picture.content or _name(self.picture)
        return f"try:{self.draft_id}:{content}:{self.page}:{self.request.to_json()}"

    @property
    def units(self) -> int:
        return len(self.request.asked_of(paged=bool(self.page)))


def _name(picture: Picture) -> str:
    return str(picture.path) if isinstance(picture, LocalPicture) else picture.uri


def _show(trial: _Trial, pictures: Sequence[Picture]) -> None:
    # Whatever comes, comes into a room of its size: nothing beside or below it moves.
    with st.container(key="try_about"):
        about = st.empty()
        about.caption(_about(trial, None))
    left, right = st.columns([560, 432], gap="medium")
    with left:
        with st.container(key="try_stage"):
            stage = st.empty()
        if trial.picture.pages > 1:
            st.selectbox("Page", wanted_pages(trial.picture), key=PAGE)
        _show_film(trial, pictures)
    seen = _seen(trial)
    if seen is not None:
        stage.image(seen.image, width="stretch", alt=trial.picture.name)
    with right:
        room = st.container(key="try_answer")
        _show_ways_on()
    with room:
        tried = _answer(trial)
        answers = _annotations(trial, tried) if tried is not None else None
        if tried is not None and answers is not None:
            _show_answers(trial, tried, answers)
    if tried is not None and answers is not None and seen is not None:
        with stage.container():
            _show_boxes(seen, answers)
    about.caption(_about(trial, tried))


def _seen(trial: _Trial) -> Upright | None:
    """The picture before it is asked about; None, with the reason shown, if it cannot be drawn."""
    hub, picture = trial.hub, trial.picture
    try:
        if isinstance(picture, LocalPicture):
            return local_copy(picture.path, LARGE, trial.page)
        return hub.upright(picture.uri, trial.page, LARGE)
    except ContactSheetError as error:
        show_error(error)
        return None


def _answer(trial: _Trial) -> Tried | None:
    """The answer; None while it is awaited, has to be asked for, or there was an error."""
    hub = trial.hub
    paid = hub.prices().charged
    asked: set[str] = st.session_state.setdefault(ASKED, set())
    if paid and trial.key not in asked:
        price = hub.prices().cost(trial.request.asked_of(paged=bool(trial.page)), 1).usd
        st.markdown(f"{trial.units:,} units, at most {escape_markdown(f'${price:,.4f}')}.")
        if not st.button("Ask now", type="primary", icon=":material/send:", key="try_ask"):
            return None
        asked.add(trial.key)

    def ask(_: Report) -> Tried:
        return hub.jobs.tries.ask(trial.picture, trial.request, trial.page)

    task = hub.tasks.start(trial.key, ask)
    if not task.done:
        _show_waiting(task)
        return None
    tried = result_of(task, "Asking", again=False, place="try")
    if tried is not None:
        st.session_state.setdefault(NEWS, set()).add(tried.shard)
    error = task.future.exception()
    if error is not None:
        unclear = isinstance(error, SubmissionUncertain)
        label = "Ask again (may be charged twice)" if unclear else "Try again"
        st.button(label, icon=":material/refresh:", key="try_again", on_click=task.forget)
    return tried


def _show_waiting(task: Task[Tried]) -> None:
    """The dialog alone is drawn again: with the whole page it would close and open."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(0.0, text="Asking …")
        st.button("Cancel", icon=":material/cancel:", key="try_cancel", on_click=task.cancel)
    show_ticker(f"try_ticker_{task.id}", LOOKED_MS)


def _annotations(trial: _Trial, tried: Tried) -> Annotations | None:
    try:
        data = read_shard(trial.hub.buckets, tried.shard)
        response = raw_response(data, tried.entry, tried.shard)
        alone = json.dumps({"responses": [response]}).encode()
        store = Store(build([(ShardFile("try/output-1-to-1.json", 1, 1, len(alone)), alone)]))
        annotations = store.annotations(0)
        store.close()
        if annotations is not None and annotations.faces:
            annotations = with_face_points(annotations, alone)
    except ContactSheetError as error:
        show_error(error)
        return None
    st.session_state["try_response"] = response
    return annotations


def _show_boxes(seen: Upright, of: Annotations) -> None:
    blur = USUAL.flags(of.safe)
    shown = True
    if blur:
        shown = st.toggle("Show it all the same", key="try_flagged")
    boxes = st.session_state.get("try_boxes", True)
    kinds = SHAPE_KINDS if boxes else ()
    with st.container(key="try_picture"):
        st.image(
            draw(seen, of, blur=blur and not shown, kinds=kinds, quality=88, names=boxes),
            width="stretch",
            alt="The picture that was tried, with boxes",
        )


def _show_answers(trial: _Trial, tried: Tried, of: Annotations) -> None:
    if of.error_code:
        st.error(escape_markdown(of.error_message), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "What is shown",
            ["Answers", "Table", "JSON"],
            default="Answers",
            required=True,
            key="try_view",
            label_visibility="collapsed",
        )
        st.space("stretch")
        st.toggle("Boxes", value=True, key="try_boxes")
    groups = facts_of(of)
    with st.container(key="try_answers"):
        if view == "JSON":
            st.json(st.session_state.get("try_response", {}), expanded=2)
        elif view == "Table":
            rows = [
                {"feature": group["title"], "name": row["name"], "value": _value(row)}
                for group in groups
                for row in group["rows"]
            ]
            show_table("Answers", rows, "try_table")
        else:
            st.html(_bars(groups, of))


def _value(fact: dict[str, Any]) -> str:
    """What a table says of a fact: a likelihood in words, or a score; "" where there is neither."""
    score = fact.get("score")
    return fact.get("text") or ("" if score is None else f"{score:.2f}")


def _bars(groups: Sequence[dict[str, Any]], of: Annotations) -> str:
    """Groups of rows as HTML; every name is escaped."""
    parts = [_group(group) for group in groups]
    if of.colors:
        stripes = "".join(
            f'<i style="background:{color};flex:{max(part or score, 0.001):.4f}"></i>'
            for color, score, part in of.colors
        )
        parts.insert(1, f'<h4>Dominant colours</h4><div class="try-palette">{stripes}</div>')
    if not parts:
        parts = ["<p>Nothing was found.</p>"]
    return f'<div class="try-facts">{"".join(parts)}</div>'


def _group(group: dict[str, Any]) -> str:
    title = f"<h4>{html.escape(group['title'])}</h4>"
    if group.get("text"):
        return f"{title}<pre>{html.escape(group['text'][:2_000])}</pre>"
    ranked = any(row.get("faint") for row in group["rows"])  # as the note says
    rows = "".join(_row(row, bold=ranked and not row["faint"]) for row in group["rows"][:MOST_BARS])
    more = len(group["rows"]) - MOST_BARS
    rest = f"<p>{more:,} more in the table</p>" if more > 0 else ""
    note = f"<p>{html.escape(group['note'])}</p>" if group["note"] else ""
    return f"{title}{rows}{rest}{note}"


def _row(fact: dict[str, Any], *, bold: bool) -> str:
    name, score = html.escape(fact["name"]), fact.get("score")
    name = f"<strong>{name}</strong>" if bold else name
    if fact.get("text"):
        return f"<div><span>{name}</span><b>{html.escape(fact['text'])}</b></div>"
    if score is None:
        return f"<div><span>{name}</span></div>"
    share = min(max(float(score), 0.0), 1.0)
    bar = f'<em><i style="width:{share:.0%}"></i></em>'
    return f"<div><span>{name}</span>{bar}<b>{score:.2f}</b></div>"


def _show_film(trial: _Trial, pictures: Sequence[Picture]) -> None:
    """Pictures to choose from, each at its place; the present one is marked."""
    film = list(pictures[:MOST_FILM])
    if trial.picture not in film:
        film = [trial.picture, *film[:-1]]
    rows = [
        row(trial.hub, picture)
        | {"state": "working" if picture == trial.picture else "", "pages": ""}  # no room to say it
        for picture in film
    ]
    show_strip(
        rows,
        "try_film",
        label="Other pictures to try",
        height=48,
        pressed=lambda at: ask_for(film[at]),
    )


def _about(trial: _Trial, tried: Tried | None) -> str:
    picture = trial.picture
    parts = [picture.name]
    if trial.page:
        parts.append(f"page {trial.page:,} of {picture.pages:,}")
    elif picture.width:
        parts.append(f"{picture.width:,} x {picture.height:,}")
    if tried is not None:
        if tried.units:
            said = f"answered in {tried.seconds:.1f} s"
            units = f"{tried.units:,} unit{'s' * (tried.units != 1)}"
            parts += [said, units + (", kept for the batch" if tried.reusable else "")]
        else:
            parts.append("an earlier answer: nothing was sent")
    return escape_markdown(" · ".join(parts))


def _show_ways_on() -> None:
    with st.container(horizontal=True, key="try_ways"):
        if st.button("Change features", key="try_close"):
            _close()
            st.rerun()
        if st.button("Annotate the batch", type="primary", icon=":material/send:", key="try_send"):
            _close()
            st.session_state[SEND] = True
            st.rerun()
