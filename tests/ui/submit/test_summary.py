"""How much is sent is said with the right verb."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from core.jobs.batch.request import BatchRequest
from core.ui.submit import summary


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "1 of 6 is sent. Nothing is sent twice."),
        (2, "2 of 6 are sent. Nothing is sent twice."),
        (0, "0 of 6 are sent. Nothing is sent twice."),
    ],
)
def test_how_many_are_sent(monkeypatch: pytest.MonkeyPatch, count: int, expected: str) -> None:
    said = list[str]()
    monkeypatch.setattr(st, "caption", lambda text, **_: said.append(text))
    jobs = SimpleNamespace(list=lambda *_: [])
    hub: Any = SimpleNamespace(jobs=jobs, connection=lambda: SimpleNamespace(id="local"))
    planned: Any = SimpleNamespace(to_send=[None] * count, rows=[None] * 6, saved=True, changing=())
    summary.show_time(hub, BatchRequest(("LABEL_DETECTION",)), planned)
    assert said == [expected]


def test_a_batch_that_is_sent_whole_again_is_not_said_to_be_sent_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(st, "caption", lambda text, **_: said.append(text))
    jobs = SimpleNamespace(list=lambda *_: [])
    hub: Any = SimpleNamespace(jobs=jobs, connection=lambda: SimpleNamespace(id="local"))
    rows = [None] * 6
    planned: Any = SimpleNamespace(to_send=rows, rows=rows, saved=0, changing=("Web",))
    summary.show_time(hub, BatchRequest(("WEB_DETECTION",)), planned)
    assert said == []
