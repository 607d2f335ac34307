"""Pages under Streamlit's test runner: who looks, what is waited for, hostile texts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.records import Job
from tests.kit.waiting import wait_until

MARKUP = re.compile(r"(?<!\\)(<img|:red\[|\*x|\$y)")  # any of it not behind a backslash
HOSTILE = "<img src=x onerror=alert(1)> *x* $y$ :red[z]"

Open = Callable[..., AppTest]
BOB = Visitor("https://id.example bob", "Bob")
GUEST = Visitor(read_only=True)
Be = Callable[[Visitor | None], None]


def until_shown(app: AppTest, *kinds: str) -> AppTest:
    """Run again until there is an element of these kinds; in a browser, fragments do so."""
    for _ in range(200):
        if any(len(app.get(kind)) for kind in kinds):
            return app
        time.sleep(0.05)
        app.run()
        assert not app.exception
    raise AssertionError(f"there never was any {kinds}")


def finished(hub: Hub, job: Job) -> Job:
    """Send a job that was created, and wait until all its pictures are counted and none is owed."""
    hub.watcher.look()
    hub.watcher.send_soon()
    wait_until(
        lambda: (
            hub.jobs.get(job.id).settled
            and hub.jobs.get(job.id).progress.pictures_done == job.pictures
        ),
        "the job is done",
    )
    return hub.jobs.get(job.id)


def count_of(app: AppTest) -> tuple[int, int]:
    """What the batch header says: how many pictures pass, and of how many."""
    for text in app.markdown:
        mixed = re.match(r"\*\*([\d,]+)\*\* pictures? and \*\*([\d,]+)\*\* pages?$", text.value)
        if mixed:
            both = sum(int(number.replace(",", "")) for number in mixed.groups())
            return both, both
        match = re.match(r"\*\*([\d,]+)\*\*(?: of ([\d,]+))? (pictures?|pages?)", text.value)
        if match:
            shown = int(match[1].replace(",", ""))
            return shown, int((match[2] or match[1]).replace(",", ""))
    raise AssertionError("no count in the header")


def rows_of(app: AppTest) -> list[dict[str, Any]]:
    """The batches that Operations shows, as its component draws them."""
    return [row for one in _drawn(app) if one["kind"] != "pictures" for row in one["rows"]]


def failed_of(app: AppTest) -> list[dict[str, Any]]:
    """The failed pictures that Operations shows, with what to do next."""
    return [row for one in _drawn(app) if one["kind"] == "pictures" for row in one["rows"]]


def _drawn(app: AppTest) -> list[dict[str, Any]]:
    drawn = [e.proto for e in app.get("bidi_component")]
    return [json.loads(proto.json) for proto in drawn if "contact_sheet_jobs" in str(proto)[:2000]]
