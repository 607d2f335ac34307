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
from tests.kit.standin.desk import BUCKET, Desk, Keys
from tests.kit.standin.vision import Vision
from tests.kit.standin.web import Web

LogIn = Callable[[str], None]
Dashboard = Callable[..., Hub]
REQUEST = BatchRequest(features=("IMAGE_PROPERTIES", "CROP_HINTS"), batch_size=2)
PICTURES = 3
UNITS = PICTURES * len(REQUEST.features)


@dataclass(frozen=True)
class StandIn:
    """Where it listens, what it noted, and the credentials that it takes."""

    desk: Desk
    vision: Vision
    web: Web
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
        found = LocalPicture(path, path.name, path.stat().st_size)
        pictures.append(found.identified())
    return hub.jobs.create(draft(), pictures, REQUEST)


def draft() -> str:
    """A draft's id."""
    return uuid4().hex
