"""Reload, dashboard killed, engine killed, all in mid-batch: nothing lost, nothing done twice."""

from __future__ import annotations

import json
import re
import sqlite3
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.kit.services.stored_objects import stored_objects
from tests.kit.waiting import wait_until
from tests.kit.web.browser import Dashboard
from tests.kit.web.journey import BATCH_MS, DONE, choose_features, choose_source, open_submit, send

pytestmark = pytest.mark.browser
PICTURES = 60


# From now on: how often the sheet lost its pictures, but for when a tab came or went, which draws
# the page anew.
WATCH_SHEET = """() => {
  window.blank = 0;
  let shown = 0, tabs = 0;
  const look = () => {
    const all = [...document.querySelectorAll('[role=tab]')];
    const names = new Set(all.map((tab) => tab.textContent));
    const roots = [...document.querySelectorAll('*')].map((one) => one.shadowRoot || one);
    const items = roots.some((root) => root.querySelector('.sheet .item')) ? 1 : 0;
    if (names.size && names.size !== tabs) { tabs = names.size; shown = 0; }
    if (shown > items) window.blank += 1;
    shown = items;
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures that take a while: large, no two alike, and none that an earlier test has sent."""
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(PICTURES):
        noise = Image.effect_noise((1600, 1200), 20 + n)
        Image.merge("RGB", (noise, noise, noise.point(lambda v, n=n: v // 2 + n))).save(
            folder / f"p{n:03d}.jpg", quality=80
        )
    return folder


def submit_folder(
    page: Page, dashboard: Dashboard, folder: Path, *, until_first_shard: bool = True
) -> None:
    open_submit(page, dashboard)
    choose_source(page, "Folder")
    box = page.get_by_role("textbox", name="Folder on the machine")
    box.fill(str(folder))
    box.press("Enter")
    expect(page.get_by_text(f"Annotate {PICTURES} pictures")).to_be_visible(timeout=60_000)
    # So that there is a middle to break off in.
    choose_features(page, "Text", "Objects", "Crop hints")
    page.locator(".st-key-submit_options summary").click()
    size = page.get_by_role("spinbutton", name="Pictures a shard")
    size.fill("5")
    size.press("Enter")
    send(page, f"Annotate {PICTURES} pictures")
    if not until_first_shard:
        return
    expect(panel(page).get_by_text(re.compile(r"^[1-9]\d* of 60 done"))).to_be_visible(
        timeout=BATCH_MS
    )
    expect(panel(page).get_by_text(DONE)).to_have_count(0)


def panel(page: Page) -> Locator:
    """The panel of the job in the URL."""
    job = parse_qs(urlsplit(page.url).query)["job"][0]
    return page.locator(f".st-key-job_{job}")


def finish(page: Page) -> None:
    expect(panel(page).get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
    done = f"{PICTURES} pictures fine"
    expect(panel(page).get_by_text(done)).to_be_visible(timeout=30_000)
    expect(panel(page).locator(".line")).not_to_contain_text("failed")


def answers(dashboard: Dashboard) -> dict[str, int]:
    """How often each picture is answered in the newest job's shards, read from the disk."""
    with sqlite3.connect(dashboard.home / "ledger.sqlite3") as db:
        (job,) = db.execute("SELECT id FROM jobs ORDER BY created_at DESC LIMIT 1").fetchone()
        names = db.execute("SELECT name FROM operations WHERE job_id = ?", (job,)).fetchall()
    assert len(names) == 1
    counts: dict[str, int] = {}
    for name, shard in stored_objects(dashboard.home, "gs://contact-sheet/").items():
        if f"{job}/" not in name or not fnmatch(name, "*/output-*.json"):
            continue
        for response in json.loads(shard.read_bytes())["responses"]:
            uri = response["context"]["uri"]
            counts[uri] = counts.get(uri, 0) + 1
    return counts


def check_each_once(dashboard: Dashboard) -> None:
    counts = answers(dashboard)
    assert len(counts) == PICTURES
    assert set(counts.values()) == {1}


def test_reload_in_mid_batch(dashboard: Dashboard, page: Page, folder: Path) -> None:
    submit_folder(page, dashboard, folder)
    page.reload()
    finish(page)
    check_each_once(dashboard)


def test_charts_grow_while_the_batch_runs(dashboard: Dashboard, page: Page, folder: Path) -> None:
    submit_folder(page, dashboard, folder, until_first_shard=False)
    page.goto(page.url.replace("/operations", "/explore") + "&status=ok")
    page.evaluate(WATCH_SHEET)
    seen: list[int] = []

    def all_shown() -> bool:
        count = page.locator(".st-key-header_count")
        if count.count():
            seen.append(int(count.inner_text().split()[0]))
        return seen[-1:] == [PICTURES]

    wait_until(all_shown, "the charts show all pictures", BATCH_MS / 1000)
    assert any(0 < count < PICTURES for count in seen)
    assert seen == sorted(seen)
    assert page.evaluate("window.blank") == 0
    assert "status=ok" in page.url
    assert page.locator(".st-key-chips").get_by_role("button", name="Status ok").count() == 1


def test_engine_killed_in_mid_batch(dashboard: Dashboard, page: Page, folder: Path) -> None:
    submit_folder(page, dashboard, folder)
    killed = dashboard.kill_engine()
    wait_until(lambda: dashboard.engine_pid() not in (0, killed), "a new engine is ready", 60)
    finish(page)
    check_each_once(dashboard)


def test_dashboard_killed_in_mid_batch(dashboard: Dashboard, page: Page, folder: Path) -> None:
    submit_folder(page, dashboard, folder)
    engine = dashboard.engine_pid()
    dashboard.kill()
    dashboard.start()
    page.reload()
    finish(page)
    check_each_once(dashboard)
    assert dashboard.engine_pid() == engine  # it went on meanwhile and was taken over
