"""``python -m scripts.google_mistakes FOLDER [NAME ...]``: what pages say of common mistakes.

A dashboard on the tests' stand-in of Google for each of the ten commonest; pictures of Submit,
Operations and Health, and what stands in their messages, go to FOLDER.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from core.app.hub import Hub
from core.buckets import open_buckets
from core.settings import Settings
from scripts.drill.dashboard import drill_engine
from tests.kit.standin.dashboards import OTHER_CERTIFICATES, StandIn, create
from tests.kit.standin.desk import BUCKET, Desk, Rule, make_keys, until
from tests.kit.standin.metadata import Metadata
from tests.kit.standin.vision import Vision
from tests.kit.standin.web import Web
from tests.kit.web.browser import Dashboard, chromium, settle

HEIGHT = 1_500
PATIENCE_MS = 120_000
FAULT_MS = 15_000  # for the sender to come to what is wrong


@dataclass
class Mistake:
    """One mistake: what is set, and how Google answers."""

    login: str = "robot"
    env: dict[str, str] = field(default_factory=dict)
    rules: tuple[tuple[str, str], ...] = ()
    closed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    requester_pays: bool = False


RIGHTS = frozenset(f"storage.objects.{verb}" for verb in ("create", "get", "list", "delete"))
MISTAKES = {
    "no credentials": Mistake("", {"NO_GCE_CHECK": "true"}),
    "a broken file": Mistake("cut"),
    "expired": Mistake("robot-old-key"),
    "another project": Mistake(
        env={"GOOGLE_CLOUD_PROJECT": "other-project"}, closed=frozenset({"other-project"})
    ),
    "API disabled": Mistake(rules=(("vision", "api_disabled"),)),
    "billing disabled": Mistake(rules=(("vision", "billing"),)),
    "no role": Mistake(rules=(("vision", "user_project"),)),
    "no bucket": Mistake(env={"CONTACT_SHEET_BUCKET": "no-such-bucket"}),
    "a bucket without rights": Mistake(rules=(("storage", "role"),), denied=RIGHTS),
    "requester pays": Mistake(requester_pays=True),
}


def main(folder: Path, names: list[str]) -> int:
    """Take the pictures, and print the messages."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, standing_in(Path(work)) as standin:
        for name in names or [*MISTAKES]:
            said = look(standin, MISTAKES[name], Path(work) / name.replace(" ", "-"), folder)
            for page, texts in said.items():
                print(f"{name} | {page} | {' | '.join(texts) or '(no message)'}", flush=True)
    return 0


@contextmanager
def standing_in(work: Path) -> Iterator[StandIn]:
    """The stand-in, in front of an engine of its own."""
    os.environ |= {"DRILL_NOTES": str(work / "notes"), "DRILL_ENGINE_CLOCK": str(work / "clock")}
    home = str(work / "engine")
    engine = drill_engine(Settings.from_env({"CONTACT_SHEET_HOME": home}))
    engine.ensure()
    try:
        until(lambda: engine.info() is not None)
        info = engine.info()
        assert info is not None
        desk = Desk()
        web, metadata = Web(desk, info.storage_address), Metadata(desk)
        (work / "keys").mkdir()
        keys = make_keys(work / "keys", web.token_url)
        desk.public_key = keys.public_key
        web.start(keys)
        metadata.start()
        vision = Vision(desk, keys, info.vision_address)
        open_buckets(info.storage_address).make_bucket(BUCKET)
        yield StandIn(desk, vision, web, metadata, keys)
        vision.stop()
        web.stop()
        metadata.stop()
    finally:
        engine.stop()


def look(standin: StandIn, mistake: Mistake, home: Path, folder: Path) -> dict[str, list[str]]:
    """Page -> its messages."""
    desk = standin.desk
    desk.clear()
    desk.rules = [Rule(api, fault) for api, fault in mistake.rules]
    desk.closed_projects, desk.denied = set(mistake.closed), set(mistake.denied)
    desk.requester_pays = {BUCKET} if mistake.requester_pays else set()
    env = standin.env(home, REQUESTS_CA_BUNDLE=str(standin.keys.ca))
    env |= {"CLOUDSDK_CONFIG": str(home / "no-gcloud"), "GOOGLE_CLOUD_PROJECT": ""} | mistake.env
    key = standin.keys.folder / f"{mistake.login}.json"
    env |= dict.fromkeys(OTHER_CERTIFICATES, "")
    env["GOOGLE_APPLICATION_CREDENTIALS"] = str(key) if mistake.login else ""
    _write_job(standin, env, home)
    dashboard = Dashboard(home, settings=env)
    dashboard.start()
    try:
        with chromium(width=1440, height=HEIGHT) as page:
            return walk(page, dashboard.url, folder, home.name)
    finally:
        dashboard.stop()


def _write_job(standin: StandIn, env: dict[str, str], home: Path) -> None:
    """A job that is still to be sent, so that Operations has something to tell."""
    os.environ |= {
        "GOOGLE_APPLICATION_CREDENTIALS": str(standin.keys.folder / "robot.json"),
        "REQUESTS_CA_BUNDLE": str(standin.keys.ca),
    }
    hub = Hub(Settings.from_env(env), None)
    (photos := home / "photos").mkdir()
    create(hub, photos)
    hub._runner.ledger.close()


def walk(page: Page, url: str, folder: Path, name: str) -> dict[str, list[str]]:
    """Submit; then Operations, with a job that was to be sent already, and Health."""
    page.set_default_timeout(PATIENCE_MS)
    said = {}
    page.goto(url)
    settle(page)
    page.wait_for_timeout(10_000)
    settle(page)
    said["Submit"] = shot(page, folder / f"{name}-submit.png")
    page.goto(f"{url}/operations")
    page.wait_for_timeout(FAULT_MS)
    settle(page)
    said["Operations"] = shot(page, folder / f"{name}-operations.png")
    page.goto(f"{url}/health")
    settle(page)
    page.wait_for_timeout(8_000)
    settle(page)
    said["Health"] = shot(page, folder / f"{name}-health.png")
    return said


def shot(page: Page, path: Path) -> list[str]:
    """Take a picture; the texts of the page's messages."""
    page.screenshot(path=path)
    return [" ".join(text.split()) for text in page.get_by_test_id("stAlert").all_inner_texts()]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
