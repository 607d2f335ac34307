"""How a batch looks on Operations: a card, a row of the compact table, or large for a wall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from core.app.batches.live_rows import POINTS, Cell
from core.app.hub import Hub
from core.jobs.batch.amounts import counted
from core.jobs.batch.features import FEATURES
from core.jobs.ledger.records import Job, JobState, Progress
from core.jobs.sending.expected import usual_rate
from core.ui.components import times
from core.ui.components.job_states import lacking, look_of
from core.ui.components.widgets import browser_component

CELLS = 20  # of a card
WALL_CELLS = 60
MOST_NAMED = 4  # features; of more how many there are, and their names below "Operations"
MOST_LIKE = 20  # jobs, the newest, among which one like it is looked for
Kind = Literal["card", "table", "kiosk"]  # besides "pictures", of ``show_pictures``
Row = dict[str, Any]
FOLDER = Path(__file__).parent
_GROWING = (JobState.RUNNING, JobState.CANCELLING)


def show_rows(
    rows: Sequence[Row],
    key: str,
    kind: Kind,
    *,
    label: str = "",
    opened: Callable[[str], None],
    picked: Callable[[str, str, int], None] | None = None,
) -> None:
    """Draw one batch, or the rows of a table.

    Args:
        rows: as ``row_of`` makes them.
        label: of a table, for screen readers.
        opened: called with the id of a batch that is pressed.
        picked: called with the id of a batch, and the address and page of one of its pictures.
    """
    component = browser_component("contact_sheet_jobs", FOLDER, "job_row.css", "job_row.js")
    data = {"rows": list(rows), "kind": kind, "label": label}
    clicked = component(
        key=key, data=data, on_opened_change=lambda: None, on_picked_change=lambda: None
    )
    by_id = {row["id"]: row for row in rows}
    if isinstance(clicked.opened, str) and clicked.opened in by_id:
        opened(clicked.opened)
    if picked is not None and isinstance(clicked.picked, dict):
        row, place = by_id.get(clicked.picked.get("id"), {}), clicked.picked.get("place")
        shown = (cell["place"] for cell in row.get("cells", ()))
        if isinstance(place, list) and place in shown:  # not what the page may have made up
            picked(row["id"], *place)


def show_pictures(rows: Sequence[Row], key: str, *, label: str) -> None:
    """Draw a list of pictures, each with its name, what is wrong, and what to do next.

    Args:
        rows: with "name", "why", "remedy" and "thumbnail", its address or ""; hostile text.
    """
    component = browser_component("contact_sheet_jobs", FOLDER, "job_row.css", "job_row.js")
    component(key=key, data={"rows": list(rows), "kind": "pictures", "label": label})


def row_of(hub: Hub, job: Job, most: int, owned: str = "", turn: str = "") -> Row:
    """A job as the component draws it; title, names and source in it are hostile text.

    Args:
        most: cells; 0 for none, as in the table.
        owned: whose it is, for people.
        turn: when it starts, if it waits for others, see ``turns``.
    """
    color, icon, word = look_of(hub, job)
    shown = hub.live_rows.cells(job, most) if most and not job.unreadable else []
    cells = [_cell(hub, job, cell) for cell in shown]
    return {
        "id": job.id,
        "title": job.title,
        "open": job.has_results,
        "badge": {"color": color, "icon": icon.removeprefix(":material/")[:-1], "word": word},
        "about": about(job, hub.clock(), owned)
        if most
        else times.spoken(job.created_at, hub.clock()),
        "exact": times.moment(job.created_at),
        "bar": bar(job),
        "line": [*line(job), *([(turn, "plain")] if turn else [])],
        "cells": cells,
        "stripLabel": f"Pictures of {job.title}",
        "rate": rate(job, hub.live_rows.rates(job.id), _usual(hub, job)) if most else None,
    }


def about(job: Job, now: datetime, owned: str = "") -> str:
    """When it was sent, what is in it, and what was asked."""
    parts = [f"Submitted {times.spoken(job.created_at, now, inside=True)}"]
    if job.pictures:
        parts.append(counted(job.pictures - job.pages, job.pages))
    if job.request is not None:
        asked = [FEATURES[name].title for name in job.request.features]
        few = len(asked) <= MOST_NAMED
        parts.append(", ".join(asked) if few else f"{len(asked)} features")
    if job.source and job.source != job.title:
        parts.append(f"from {job.source}")
    return " · ".join([*parts, *([owned] if owned else [])])


def bar(job: Job) -> dict[str, Any] | None:
    """How far it is: shares that are good and bad; None where nothing is known."""
    progress = job.progress
    if job.state is JobState.UPLOADING:
        share = job.uploaded / max(1, job.uploads)
        return {"good": share, "bad": 0.0, "over": False, "label": "Uploaded"}
    if not progress.pictures:
        return None
    bad = min(1.0, progress.failed / progress.pictures) if job.final else 0.0
    good = max(0.0, min(1.0, progress.fraction) - (bad if progress.failed else 0.0))
    return {"good": round(good, 4), "bad": round(bad, 4), "over": job.final, "label": "Done"}


def line(job: Job) -> list[tuple[str, str]]:
    """The numbers in words: (text, "strong", "bad" or "plain")."""
    if job.unreadable:
        return []
    progress = job.progress
    if job.state in (JobState.UPLOADING, JobState.STOPPED) and job.uploaded < job.uploads:
        files = "pictures and files" if job.pages else "pictures"
        return [(f"{job.uploaded:,} of {job.uploads:,} {files} uploaded", "strong")]
    saved = [(f"{job.reused:,} reused", "plain")] if job.reused else []
    if job.final:
        fine = max(0, progress.pictures_done - _bad_answers(job))
        whole = fine == progress.pictures
        said = counted(fine - job.pages, job.pages) if whole else f"{fine:,}"
        parts = [(f"{said} fine", "strong"), *saved]
        if progress.failed:
            parts.append((f"{progress.failed:,} {lacking(job)}", "bad"))
        return parts
    if not progress.pictures:
        return [(f"{progress.pictures_done:,} pictures done", "strong")]
    parts = [(f"{_share(progress)} done", "strong"), *saved]
    if progress.seconds_left and job.state in _GROWING:
        parts.append((f"{times.estimate(progress.seconds_left)} left", "plain"))
    later = (one for one in job.operations if one.attempt > 1 and not one.state.final)
    again = sum(operation.waiting for operation in later)
    if (failed := progress.failed - again) > 0:  # what is sent again may still pass
        parts.append((f"{failed:,} {lacking(job)} so far", "bad"))
    return parts


def _share(progress: Progress) -> str:
    """As "3 of 303 pictures and 7 of 12 pages", or "3 of 303" where all are of one kind."""
    done, all_of_them = progress.pictures_done, progress.pictures
    if not 0 < progress.pages < all_of_them:
        return f"{done:,} of {all_of_them:,}{' pages' if progress.pages else ''}"
    pictures = f"{done - progress.pages_done:,} of {all_of_them - progress.pages:,} pictures"
    return f"{pictures} and {progress.pages_done:,} of {progress.pages:,} pages"


def _bad_answers(job: Job) -> int:
    """Pictures that are done and failed: their answer is an error."""
    errors = sum(operation.errors for operation in job.operations) + job.twins_failed
    return min(job.progress.failed, errors)


def _usual(hub: Hub, job: Job) -> float:
    """The rate to expect of a job that does not run yet, or wrote no shard; 0 if nobody knows."""
    if job.final or job.request is None or (job.state in _GROWING and job.progress.rate):
        return 0.0
    return usual_rate(hub.jobs.list(MOST_LIKE), job.request.features, job.backend)


def rate(job: Job, points: Sequence[float], usual: float = 0.0) -> dict[str, Any] | None:
    """Pictures a second in the last minute, and how it went; of a job that is over what it took.

    Before a minute was watched it is the mean since the work was sent, as for the time left.

    Args:
        points: of the last minute, oldest first, see ``LiveRows.rates``.
        usual: of batches like it, see ``usual_rate``; what to expect before it has a rate.
    """
    mean = job.progress.rate
    if job.final:
        seconds = took(job)
        return None if seconds is None else _fact("Took", seconds, mean)
    if job.state in _GROWING and mean:
        now = sum(points) / len(points) if len(points) >= POINTS else mean
        value, unit = (f"{now:.1f}", "a second") if now >= 0.1 else (f"{now * 60:.1f}", "a minute")
        return {"label": "Rate", "value": value, "unit": unit, "note": "", "points": list(points)}
    left = sum(operation.waiting for operation in job.operations)
    return _fact("Expected", max(1.0, left / usual), usual) if usual and left else None


def _fact(label: str, seconds: float, each: float) -> dict[str, Any]:
    note = f"{each:.1f} a second" if each else ""
    shown = times.duration(seconds)
    return {"label": label, "value": shown, "unit": "", "note": note, "points": []}


def took(job: Job) -> float | None:
    """Seconds from submitting to the last answer; None if it was retried, or has not ended."""
    ends = [o.ended_at for o in job.operations if o.ended_at is not None]
    return (max(ends) - job.created_at).total_seconds() if ends and job.attempt == 1 else None


def _cell(hub: Hub, job: Job, cell: Cell) -> dict[str, Any]:
    image = thumbnail(hub, job, cell.uri, cell.page) if cell.uri else _local(hub, job, cell)
    answered = job.has_results and cell.state in ("done", "failed") and cell.uri
    return {
        "place": [cell.uri, cell.page] if answered and image else None,
        "name": cell.name.rpartition("/")[2] + (f", page {cell.page}" if cell.page else ""),
        "state": cell.state,
        "thumbnail": image,
    }


def thumbnail(hub: Hub, job: Job, uri: str, page: int) -> str:
    """Address of a thumbnail of one of a job's pictures; "" if the visitor may not see it."""
    if not hub.holds_results(job) or not hub.may_see(uri):
        return ""
    scope = hub.visitor.scope
    address = hub.gallery.address(uri, page, scope)
    return f"gallery/{hub.gallery.token(scope)}/thumbnail/{address}"


def _local(hub: Hub, job: Job, cell: Cell) -> str:
    # A file of this machine is shown to whom it belongs, and to nobody whom it was shared with.
    if cell.path is None or not hub.visitor.may_change(job):
        return ""
    scope = hub.visitor.scope
    address = hub.gallery.local_address(cell.path, scope)
    return f"gallery/{hub.gallery.token(scope)}/local/{address}"
