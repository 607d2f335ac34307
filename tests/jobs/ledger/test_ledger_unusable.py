"""A ledger that cannot be opened says so, and keeps its password to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import LedgerError
from core.jobs.ledger.ledger import Ledger


def test_broken_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger(f"sqlite:///{tmp_path / 'x'}")


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite:////proc/nowhere/ledger", "postgresql://me:secret@127.0.0.1:9/x"]
)
def test_unusable_url_keeps_the_password_to_itself(url: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger(url)
    assert "secret" not in str(caught.value)
