"""The health page lists the doctor's findings, whatever they say."""

from __future__ import annotations

import pytest

from core.doctor.findings import Finding, Level
from core.ui.hub import Hub
from tests.pages.conftest import Open


def test_findings_are_listed_the_worst_first(
    hub: Hub, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        Finding("Python", Level.OK, "version 3.11"),
        Finding("Bucket", Level.FAIL, "access <b>refused</b>", "gs://b_*x*", "Grant it."),
    ]
    monkeypatch.setattr("core.ui.health_panel.look", lambda _: found)
    hub.tasks.forget("health")
    app = open_page("health", until="error")
    hub.tasks.forget("health")
    assert app.error[0].value.startswith("1 of 2 do not work")
    said = [one.value for one in app.markdown]
    first = next(text for text in said if "Bucket" in text or "Python" in text)
    assert "Bucket" in first
    assert not any("<b>" in text for text in said)
    assert any(button.label == "Look again" for button in app.button)
