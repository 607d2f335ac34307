"""The spool that keeps browser uploads until they are in the bucket."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import PictureError, RequestError
from core.jobs import uploads
from core.jobs.uploads import Spool, sweep
from tests.jobs.conftest import REQUEST, Rig


def test_spool_outlives_a_reload(tmp_path: Path) -> None:
    assert Spool(tmp_path, "draft-1").pictures() == []
    for number, name in enumerate(("b.jpg", "a.jpg", "a.jpg", "../../x.png")):
        Spool(tmp_path, "draft-1").add(name, io.BytesIO(b"x" * number))
    pictures = Spool(tmp_path, "draft-1").pictures()
    assert [(p.name, p.size, p.spooled) for p in pictures] == [
        ("b.jpg", 0, True),
        ("a.jpg", 1, True),
        ("a.jpg", 2, True),
        ("x.png", 3, True),
    ]
    assert {p.path.parent for p in pictures} == {tmp_path / "uploads" / "draft-1"}
    assert Spool(tmp_path, "draft-2").pictures() == []
    Spool(tmp_path, "draft-1").discard()
    assert Spool(tmp_path, "draft-1").pictures() == []


def test_broken_upload_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(4)
            if not data:
                raise OSError("the browser went away")
            return data

    with pytest.raises(OSError, match="went away"):
        Spool(tmp_path, "d").add("a.jpg", Broken(b"12345678"))
    assert Spool(tmp_path, "d").pictures() == []
    assert list((tmp_path / "uploads" / "d").iterdir()) == []


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_SPOOL_BYTES", 10)
    with pytest.raises(PictureError, match="too large"):
        Spool(tmp_path, "d").add("a.jpg", io.BytesIO(b"x" * 11))
    assert Spool(tmp_path, "d").pictures() == []


@pytest.mark.parametrize("draft", ["", "..", "a/b", "x" * 65, "a\n"])
def test_draft_cannot_be_a_path(tmp_path: Path, draft: str) -> None:
    with pytest.raises(RequestError):
        Spool(tmp_path, draft)


def test_sweep_keeps_what_is_needed(rig: Rig) -> None:
    home = rig.folder
    for draft in ("unsent-job", "forgotten", "fresh"):
        Spool(home, draft).add("a.jpg", io.BytesIO(b"x"))
    old = time.time() - timedelta(days=8).total_seconds()
    for draft in ("unsent-job", "forgotten"):
        os.utime(home / "uploads" / draft, (old, old))
    rig.jobs.create("unsent-job", Spool(home, "unsent-job").pictures(), REQUEST)
    assert rig.jobs.sweep_uploads(home) == 1
    assert sorted(p.name for p in (home / "uploads").iterdir()) == ["fresh", "unsent-job"]
    assert sweep(home / "nowhere", 0) == 0
