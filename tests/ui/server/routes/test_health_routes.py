"""/healthz asks for a restart only where one helps, /readyz for no work while none is taken;
both are quick, and tell nothing that a visitor may not know."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.job_watcher import JobWatcher
from core.errors import BackendError, EngineNotRunning, LedgerError, SettingsError
from core.jobs.ledger.ledger import Ledger
from core.ui.server.routes import health_routes
from core.ui.server.routes.health_routes import HUNG_S, STALLED_S, STUCK_S, liveness, readiness
from tests.kit.web.health_hub import hub
from tests.kit.web.routes import asking


def raising(error: Exception) -> Any:
    def raises() -> Any:
        raise error

    return raises


def ask(
    monkeypatch: pytest.MonkeyPatch, shared: Any, path: str, base: str = ""
) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(health_routes, "shared_hub", shared)
    answer = asking(health_routes.routes(base))(path)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("path", ["/readyz", "/sheet/x/readyz"])
def test_ready(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    well = hub(tmp_path, round_age=0)
    status, body = ask(monkeypatch, lambda: well, path, "/sheet/x")
    assert status == 200
    assert (body["ok"], body["reasons"]) == (True, [])
    assert (body["engine"], body["ledger"]) == ("ready", "ok")
    assert body["watcher_age_s"] < 5 and body["disk_free_gb"] > 0
    assert str(tmp_path) not in json.dumps(body)


# What keeps work from being taken, and what is said of it. A restart mends none of it.
OUTAGES = [
    ({"starting": lambda: "Fetching"}, "is starting"),
    ({"starting": raising(EngineNotRunning("Dead", where="/secret"))}, "engine cannot be used"),
    ({"connection": raising(LedgerError("Gone", where="/secret"))}, "engine cannot be used"),
    (
        {"backend": "cloud", "connection": raising(BackendError("No credentials: /secret"))},
        "Google Cloud cannot be used",
    ),
    ({"write": raising(LedgerError("Read-only", where="/secret"))}, "ledger cannot be written"),
    ({"round_age": STALLED_S + 1}, "not moved on"),
    ({"stuck_s": STUCK_S}, "wait for work that does not end"),
]


@pytest.mark.parametrize(("parts", "reason"), OUTAGES)
def test_an_outage_is_reported_and_no_reason_to_restart(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, parts: dict[str, Any], reason: str
) -> None:
    ill = hub(tmp_path, **parts)
    status, body = ask(monkeypatch, lambda: ill, "/readyz")
    assert (status, body["ok"]) == (503, False)
    assert [reason in said for said in body["reasons"]] == [True]
    assert "secret" not in json.dumps(body) and str(tmp_path) not in json.dumps(body)
    assert ask(monkeypatch, lambda: ill, "/healthz") == (200, {"ok": True})


def test_cloud_is_not_asked_for_an_engine(tmp_path: Any) -> None:
    well, body = readiness(hub(tmp_path, backend="cloud", starting=raising(AssertionError())))
    assert well and body["engine"] == "google"


@pytest.mark.parametrize("fault", [None, OSError("gone")])
def test_full_or_lost_disk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    def usage(_: Any) -> Any:
        if fault is not None:
            raise fault
        return SimpleNamespace(free=1000)

    monkeypatch.setattr("shutil.disk_usage", usage)
    well, body = readiness(hub(tmp_path))
    assert not well and "disk is full" in body["reasons"][0]
    assert liveness(hub(tmp_path))[0]


def test_no_hub_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = raising(SettingsError("secret text", where="/secret/path"))
    status, body = ask(monkeypatch, fault, "/readyz")
    assert status == 503 and "cannot start" in body["reasons"][0]
    status, alive = ask(monkeypatch, fault, "/healthz")
    assert status == 200
    assert "secret" not in json.dumps([body, alive])


def test_a_ledger_that_hangs_is_not_waited_for(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_routes, "PATIENCE_S", 0.1)
    never = threading.Event()
    hangs = hub(tmp_path, write=lambda: never.wait(30), round_age=HUNG_S + 1)
    try:
        status, body = ask(monkeypatch, lambda: hangs, "/readyz")
        assert (status, body["ledger"]) == (503, "no answer")
        assert ask(monkeypatch, lambda: hangs, "/healthz")[0] == 200
    finally:
        never.set()


def test_a_watcher_that_is_no_more_wants_a_restart(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(monkeypatch, lambda: hub(tmp_path, alive=False), "/healthz")[0] == 503
    hangs = {"round_age": HUNG_S + 1}
    assert ask(monkeypatch, lambda: hub(tmp_path, **hangs), "/healthz")[0] == 503
    away = hub(tmp_path, **hangs, write=raising(LedgerError("Away")))
    assert ask(monkeypatch, lambda: away, "/healthz")[0] == 200  # it waits for the ledger


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_watcher_is_alive_until_its_thread_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The thread's own fault, which nothing in it catches.
    def broken(_: JobWatcher) -> None:
        raise SystemExit

    nothing: Any = SimpleNamespace()
    watcher = JobWatcher(nothing, nothing, nothing)
    seen = [watcher.alive]
    assert seen[0]
    monkeypatch.setattr(JobWatcher, "round", broken)
    watcher.start()
    end = time.monotonic() + 5
    while seen[-1] and time.monotonic() < end:
        time.sleep(0.01)
        seen.append(watcher.alive)
    assert not seen[-1]
    watcher.stop()
    assert watcher.alive  # asked to


def test_a_read_only_ledger_is_found_out(tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path / 'l.sqlite3'}", tmp_path).check_writable()
    read_only = Ledger(f"sqlite:///{tmp_path / 'l.sqlite3'}", tmp_path)

    with read_only.reading():
        pass

    def open_read_only(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    import sqlalchemy as sa

    read_only._engine.dispose()
    sa.event.listen(read_only._engine, "connect", open_read_only)
    with pytest.raises(LedgerError, match="readonly"):
        read_only.check_writable()
    with sqlite3.connect(tmp_path / "l.sqlite3") as other:
        other.execute("BEGIN IMMEDIATE")  # nothing was left locked
