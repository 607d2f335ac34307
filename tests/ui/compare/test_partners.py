"""Which batches are proposed as the other side of a comparison."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import RequestError
from core.ui.compare import partners
from core.ui.compare.partners import propose, shared

CONTENTS = {
    "own": {("gs://b/1", 0): "md5:1", ("gs://b/2", 0): "md5:2", ("gs://b/3", 0): "md5:2"},
    "same": {("gs://c/1", 0): "md5:2", ("gs://c/2", 0): "md5:1"},
    "part": {("gs://d/1", 0): "md5:1", ("gs://d/2", 0): "md5:9"},
    "none": {("gs://e/1", 0): "md5:8"},
    "unknown": {},
}


def test_batches_count_by_what_their_pictures_show() -> None:
    hub: Any = SimpleNamespace(jobs=SimpleNamespace(contents=CONTENTS.__getitem__))
    jobs: dict[str, Any] = {
        id: SimpleNamespace(id=f"{id}", attempt=1, uploaded=0) for id in CONTENTS
    }
    own = jobs.pop("own")
    assert shared(hub, own, list(jobs.values())) == {"same": 2, "part": 1}


def test_nothing_is_said_of_pictures_whose_content_is_unknown() -> None:
    jobs = [SimpleNamespace(id=id, attempt=2, uploaded=0, has_results=True) for id in CONTENTS]
    hub = _hub(jobs)
    assert propose(hub, "unknown", "", lambda _: None) is None
    assert propose(hub, "gone", "", lambda _: None) is None
    assert propose(hub, "none", "", lambda _: None) is False


def test_a_batch_older_than_the_newest_is_known_too() -> None:
    newest = [_job("part"), _job("same")]
    assert propose(_hub(newest, _job("none")), "none", "", lambda _: None) is False
    assert propose(_hub(newest), "none", "", lambda _: None) is None
    assert propose(_hub(newest), "gs://b/none/", "", lambda _: None) is None


def test_titles_are_no_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [_job("own"), _job("same")]
    for job in jobs:
        job.title, job.created_at = (
            "[win](http://evil.example) *now*",
            datetime(2026, 1, 2, tzinfo=UTC),
        )
    shown: list[str] = []

    def pills(label: str, ids: list[str], *, format_func: Callable[[str], str], **_: Any) -> None:
        shown.extend([label, *map(format_func, ids)])

    monkeypatch.setattr(partners, "st", SimpleNamespace(pills=pills, session_state={}))
    assert propose(_hub(jobs), "own", "", lambda _: None) is True
    assert len(shown) == 2
    for text in shown:
        assert "\\[win\\]" in text and "\\*now\\*" in text


def _job(id: str) -> Any:
    return SimpleNamespace(id=id, attempt=2, uploaded=0, has_results=True)


def _hub(newest: list[Any], *older: Any) -> Any:
    def get(id: str) -> Any:
        for job in (*newest, *older):
            if job.id == id:
                return job
        raise RequestError("There is no such job")

    jobs = SimpleNamespace(contents=CONTENTS.__getitem__, list=lambda _: newest, get=get)
    return SimpleNamespace(jobs=jobs)
