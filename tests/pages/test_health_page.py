"""The health page lists the doctor's findings, whatever they say."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from core.app.hub import Hub
from core.doctor.findings import Finding, Level
from core.errors import BackendDenied
from core.jobs.service.connection import Connection
from tests.kit.web.pages import BOB, Be, Open


def test_findings_are_listed_the_worst_first(
    hub: Hub, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [
        Finding("Python", Level.OK, "version 3.11"),
        Finding("Bucket", Level.FAIL, "access <b>refused</b>", "gs://b_*x*", "Grant it."),
    ]
    monkeypatch.setattr("core.ui.health_panel.look", lambda _: findings)
    hub.tasks.forget("health")
    app = open_page("health", until="error")
    hub.tasks.forget("health")
    assert app.error[0].value.startswith("1 of 2 does not work")
    said = [one.value for one in app.markdown]
    first = next(text for text in said if "Bucket" in text or "Python" in text)
    assert "Bucket" in first and first.endswith(":red[does not work]")
    assert any(":gray[fine]" in text and "Python" in text for text in said)
    assert not any("<b>" in text for text in said)
    assert any(button.label == "Look again" for button in app.button)


def test_accounts_and_paths_are_for_the_operator_alone(
    hub: Hub, open_page: Open, be: Be, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [
        Finding("Credentials", Level.OK, "a service account", "sheet@p.example", "Nothing.")
    ]
    monkeypatch.setattr("core.ui.health_panel.look", lambda _: findings)
    shown = []
    for visitor in (None, BOB):
        if visitor is not None:
            be(visitor)
        hub.seen_by(visitor or hub.visitor).tasks.forget("health")
        app = open_page("health", until="success")
        shown.append(" ".join(text.value.replace("\\", "") for text in app.markdown))
        hub.seen_by(visitor or hub.visitor).tasks.forget("health")
    assert "p.example" in shown[0] and "p.example" not in shown[1]
    assert all("a service account" in text for text in shown)


def test_health_is_there_when_the_backend_is_not(
    hub: Hub, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Connection:
        raise BackendDenied("No Google Cloud credentials were found", then="Log in.")

    monkeypatch.setattr("core.ui.health_panel.look", lambda _: [Finding("Python", Level.OK, "3")])
    monkeypatch.setattr(hub, "connection", broken)
    hub.tasks.forget("health")
    app = open_page("health", until="success")
    hub.tasks.forget("health")
    assert not app.error
    app = open_page("submit")
    assert "No Google Cloud credentials" in app.error[0].value
    assert any("Health" in link.proto.label for link in app.get("page_link"))


def test_style_is_sent_before_the_menu(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent before the first import of a page is drawn for as long as that takes."""
    sent: list[str] = []

    def listen(name: str) -> None:
        real = getattr(st, name)

        def send(*given: Any, **options: Any) -> Any:
            sent.append(name)
            return real(*given, **options)

        monkeypatch.setattr(st, name, send)

    listen("html")
    listen("navigation")
    monkeypatch.setattr("core.ui.health_panel.look", lambda _: [])
    open_page("health")
    assert sent[:2] == ["html", "navigation"]
