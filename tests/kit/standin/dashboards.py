"""The stand-in as tests hold it, and the small batch that they send to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from PIL import Image

from core.app.hub import Hub
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.records import Job
from core.jobs.sending.preflight.preflight import check_local
from tests.kit.pictures.documents import filled_pdf
from tests.kit.standin.desk import BUCKET, Desk, Keys, until
from tests.kit.standin.metadata import Metadata
from tests.kit.standin.vision import Vision
from tests.kit.standin.web import Web

LogIn = Callable[[str], None]
Dashboard = Callable[..., Hub]
REQUEST = BatchRequest(features=("IMAGE_PROPERTIES", "CROP_HINTS"), batch_size=2)
PICTURES = 3
# Variables of the machine that would have the stand-in's authority not trusted.
OTHER_CERTIFICATES = ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CURL_CA_BUNDLE")
UNITS = PICTURES * len(REQUEST.features)


@dataclass(frozen=True)
class StandIn:
    """Where it listens, what it noted, and the credentials that it takes."""

    desk: Desk
    vision: Vision
    web: Web
    metadata: Metadata
    keys: Keys

    def env(self, home: Path, **more: str) -> dict[str, str]:
        """The variables of a dashboard that takes it for Google."""
        return {
            "CONTACT_SHEET_HOME": str(home),
            "CONTACT_SHEET_BACKEND": "cloud",
            "CONTACT_SHEET_BUCKET": BUCKET,
            "CONTACT_SHEET_VISION_ENDPOINT": self.vision.address,
            "CONTACT_SHEET_STORAGE_ENDPOINT": self.web.storage_url,
            **more,
        }


def create(hub: Hub, folder: Path) -> Job:
    pictures = []
    for number in range(PICTURES):
        path = folder / f"{number}.png"
        Image.new("RGB", (32, 24), (80 * number, 40, 200)).save(path)
        picture = LocalPicture(path, path.name, path.stat().st_size)
        pictures.append(picture.identified())
    return hub.jobs.create(draft(), pictures, REQUEST)


def create_paged(hub: Hub, folder: Path, pages: int = 3) -> Job:
    """A job of one PDF."""
    path = folder / "pages.pdf"
    path.write_bytes(filled_pdf(range(0, 0x1000000, 0x1000000 // pages)))
    looked, faults = check_local(LocalPicture(path, path.name, path.stat().st_size))
    assert not faults
    request = BatchRequest(features=("DOCUMENT_TEXT_DETECTION",), batch_size=2)
    return hub.jobs.create(draft(), [looked], request)


def draft() -> str:
    """A draft's id."""
    return uuid4().hex


def finish(hub: Hub, job: Job) -> Job:
    """Let the watcher move, round by round, until everything is counted."""

    def done() -> bool:
        hub.watcher.round()
        now = hub.jobs.get(job.id)
        return now.final and now.progress.pictures_done == PICTURES

    until(done)
    return hub.jobs.get(job.id)


def accepted(standin: StandIn) -> int:
    """Units of all batches that Vision took."""
    return sum(call["units"] for call in standin.desk.calls("vision") if call["accepted"])


def counted(hub: Hub) -> int:
    """Units in the ledger, of this month."""
    return hub.jobs.accounts.month().total
