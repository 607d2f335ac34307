"""The spool that keeps browser uploads until they are in the bucket."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import PictureError, RequestError
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.records import Job
from core.jobs.ledger.rows import PictureRow
from core.jobs.ledger.schema import pictures
from core.jobs.sending.planning import job_values
from core.jobs.sending.uploads import spool
from core.jobs.sending.uploads.spool import Spool, sweep
from tests.kit.services.jobs_rig import REQUEST, Rig


def test_spool_outlives_a_reload(tmp_path: Path) -> None:
    assert Spool(tmp_path, "draft-1").pictures() == []
    for number, name in enumerate(("b.jpg", "a.jpg", "a.jpg", "../../x.png")):
        Spool(tmp_path, "draft-1").add(name, io.BytesIO(b"x" * number))
    pictures = Spool(tmp_path, "draft-1").pictures()
    assert sorted((p.name, p.size, p.spooled) for p in pictures) == [
        ("a.jpg", 1, True),
        ("a.jpg", 2, True),
        ("b.jpg", 0, True),
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
    monkeypatch.setattr(spool, "MAX_SPOOL_BYTES", 10)
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


class TestMovedHome:
    """Our own folder has another place: uploads still to be sent are found in it."""

    def moved(self, rig: Rig, files: list[LocalPicture], old: Path) -> Job:
        rig.jobs.ledger.close()
        rig.jobs = rig.make_jobs(Ledger(rig.ledger_url, old))
        job = rig.jobs.create(rig.draft(), files, REQUEST)
        rig.jobs.ledger.close()
        old.rename(new := old.with_name("new"))
        rig.jobs = rig.make_jobs(Ledger(rig.ledger_url, new))
        return job

    @pytest.mark.both_ledgers
    def test_spooled_uploads_and_samples_are_found_and_others_stay(
        self, rig: Rig, tmp_path: Path
    ) -> None:
        old = tmp_path / "old"
        spool = Spool(old, "a" * 16)
        spooled = [spool.add(f"{n}.png", io.BytesIO(f"spooled {n}".encode())) for n in range(3)]
        sample = old / "samples" / "one.png"
        sample.parent.mkdir()
        sample.write_bytes(b"sample")
        outside = rig.files(1)
        job = self.moved(rig, [*spooled, LocalPicture(sample, "one.png", 6), *outside], old)
        sent = rig.jobs.send(job.id)
        assert (sent.uploaded, sent.lost) == (5, 0), rig.jobs.lost(job.id)
        assert rig.buckets.read(rig.service.sent[1]) == b"spooled 1"
        new = tmp_path / "new"
        assert [p for p in (new / "uploads").rglob("*") if p.is_file()] == []
        assert (new / "samples" / "one.png").exists() and outside[0].path.exists()

    @pytest.mark.both_ledgers
    def test_file_whose_answer_was_used_again_is_found_for_a_retry(
        self, rig: Rig, tmp_path: Path
    ) -> None:
        old = tmp_path / "old"
        old.mkdir()
        rig.jobs.ledger.close()
        rig.jobs = rig.make_jobs(Ledger(rig.ledger_url, old))
        picture = Spool(old, "a" * 16).add("a.png", io.BytesIO(b"a"))
        rows = [PictureRow(1, "a.png", "gs://b/a.png", "", True, origin=str(picture.path))]
        job = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
        values = job_values("j", "d", rig.clock(), "gs://b/j/", "local")
        values |= {"title": "", "source": "", "request": REQUEST.to_json()}
        assert job and rig.jobs.ledger.add_job(values, rows, [])
        with rig.jobs.ledger.reading() as db:
            (row,) = db.execute(sa.select(pictures.c.origin).where(pictures.c.job_id == "j"))
        assert row.origin == f"uploads/{'a' * 16}/{picture.path.name}"
