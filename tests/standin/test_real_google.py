"""One batch against the real service, with an account; it says first what it may cost.

    CONTACT_SHEET_TEST_CLOUD_BUCKET=BUCKET GOOGLE_CLOUD_PROJECT=PROJECT \
        .venv/bin/python -m pytest tests/standin/test_real_google.py

The stand-in takes the same way in every other run, so that the way itself is not in question.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.app.hub import Hub
from core.jobs.ledger.records import JobState
from core.settings import Settings
from tests.kit.standin.dashboards import PICTURES, REQUEST, UNITS, Dashboard, LogIn, create
from tests.kit.standin.desk import until

BUCKET = os.environ.get("CONTACT_SHEET_TEST_CLOUD_BUCKET", "")


def one_batch(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str], patience_s: float
) -> None:
    """Tell the cost, send a small batch, wait for it, and compare what was counted."""
    cost = hub.prices().cost(REQUEST.features, PICTURES)
    with capsys.disabled():
        free = f"${cost.due:.2f} while this month's free units last"
        print(f"\n{cost.units} units, {free}, paid by {hub.connection().payer}")
    before = hub.jobs.accounts.month().total
    job = create(hub, folder)

    def done() -> bool:
        hub.watcher.round()
        now = hub.jobs.get(job.id)
        assert not now.fault, now.fault
        return now.final and now.progress.pictures_done == PICTURES

    until(done, patience_s)
    now = hub.jobs.get(job.id)
    assert (now.state, now.progress.failed) == (JobState.SUCCEEDED, 0)
    assert hub.jobs.accounts.month().total - before == UNITS
    for operation in now.operations:
        assert list(hub.buckets.list_objects(operation.prefix))


@pytest.mark.cloud
@pytest.mark.skipif(not BUCKET, reason="CONTACT_SHEET_TEST_CLOUD_BUCKET is not set")
def test_one_batch_on_google(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {**os.environ, "CONTACT_SHEET_BACKEND": "cloud", "CONTACT_SHEET_BUCKET": BUCKET}
    hub = Hub(Settings.from_env({**env, "CONTACT_SHEET_HOME": str(tmp_path / "home")}), None)
    one_batch(hub, tmp_path, capsys, 900)


def test_the_same_batch_on_the_stand_in(
    dashboard: Dashboard, log_in: LogIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_in("robot")
    one_batch(dashboard(), tmp_path, capsys, 60)
