"""Jobs put into a ledger at a fixed time."""

from __future__ import annotations

from datetime import UTC, datetime

from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import PictureRow
from core.jobs.sending.planning import job_values, new_operations
from tests.kit.services.jobs_rig import REQUEST

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def add(ledger: Ledger, job_id: str = "j", draft: str = "d", pictures: int = 3) -> bool:
    prefix = f"gs://b/{job_id}/"
    rows = [PictureRow(n, f"{n}.jpg", "", f"/x/{n}.jpg", True) for n in range(1, pictures + 1)]
    values = {
        **job_values(job_id, draft, NOW, prefix, "local"),
        "title": "a title",
        "source": "a test",
        "request": REQUEST.to_json(),
        "pictures": pictures,
        "uploads": pictures,
    }
    return ledger.add_job(values, rows, new_operations(REQUEST, prefix, 1, range(1, pictures + 1)))
