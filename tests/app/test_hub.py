"""One connection for everybody, no matter who comes first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.app.engine_process import EngineInfo
from core.app.hub import Hub
from core.errors import BadObjectName
from core.jobs.ledger.access import Visitor
from core.settings import Settings


class Running:
    """An engine that says it is there."""

    def info(self) -> EngineInfo:
        return EngineInfo(os.getpid(), "127.0.0.1:1", "http://127.0.0.1:1", {})

    def ensure(self) -> None:
        """Nothing to do."""


@pytest.mark.parametrize("visitor", [Visitor("idp ann"), Visitor(read_only=True)])
def test_a_visitor_may_be_the_first_to_need_the_connection(
    tmp_path: Path, visitor: Visitor
) -> None:
    engine: Any = Running()
    hub = Hub(Settings.from_env({"CONTACT_SHEET_HOME": str(tmp_path)}), engine)
    first = hub.seen_by(visitor).connection()
    assert first is hub.connection() is hub.seen_by(Visitor("idp bob")).connection()


@pytest.mark.parametrize("uri", ["", "http://b/o", "gs://b-/o", "gs://b/../o", "gs://b/\ud800"])
def test_what_a_shard_calls_an_address_breaks_no_page(tmp_path: Path, uri: str) -> None:
    engine: Any = Running()
    hub = Hub(Settings.from_env({"CONTACT_SHEET_HOME": str(tmp_path)}), engine)
    assert hub.seen_by(Visitor("idp ann")).may_see(uri)
    with pytest.raises(BadObjectName):  # and nobody reads it
        hub.seen_by(Visitor("idp ann")).buckets.read(uri)
