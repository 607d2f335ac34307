"""/healthz: 200 or 503, quick, and nothing told that a stranger may not know."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from starlette.requests import Request

from core.errors import EngineNotRunning, LedgerError, SettingsError
from core.ui.server import health_routes
from core.ui.server.health import STALLED_S, health
from tests.kit.health_hub import hub


def raising(error: Exception) -> Any:
    def raises() -> Any:
        raise error

    return raises


def ask(monkeypatch: pytest.MonkeyPatch, shared: Any) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(health_routes, "shared_hub", shared)
    answer = anyio.run(health_routes.healthz, Request({"type": "http"}))
    return answer.status_code, json.loads(bytes(answer.body))


def test_well(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = ask(monkeypatch, lambda: hub(tmp_path, rounded=time.monotonic()))
    assert status == 200
    assert (told["ok"], told["engine"], told["ledger"]) == (True, "ready", "ok")
    assert told["watcher_age_s"] < 5 and told["disk_free_gb"] > 0
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize(
    ("parts", "well"),
    [
        ({"starting": lambda: "Fetching"}, True),
        ({"backend": "cloud", "starting": raising(AssertionError())}, True),
        ({"starting": raising(EngineNotRunning("Dead"))}, False),
        ({"count": raising(LedgerError("Gone"))}, False),
        ({"rounded": time.monotonic() - STALLED_S - 1}, False),
    ],
)
def test_what_makes_it_ill(tmp_path: Any, parts: dict[str, Any], well: bool) -> None:
    assert health(hub(tmp_path, **parts))[0] is well


def test_full_disk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert health(hub(tmp_path))[0] is False


def test_no_hub_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = SettingsError("secret text", where="/secret/path")
    assert ask(monkeypatch, raising(fault)) == (503, {"ok": False, "engine": "failed"})


def test_a_ledger_that_hangs_is_not_waited_for(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_routes, "PATIENCE_S", 0.1)
    never = threading.Event()
    # The event ends the thread when the answer was given.
    threading.Timer(0.5, never.set).start()
    status, told = ask(monkeypatch, lambda: hub(tmp_path, count=lambda: never.wait(30)))
    assert (status, told) == (503, {"ok": False, "ledger": "no answer"})
