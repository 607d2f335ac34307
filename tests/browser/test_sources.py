"""Uploads survive a reload and go out once; their bucket folder can be submitted again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Response, Route, expect

from core.jobs.samples.samples import write_samples
from tests.kit.web.browser import Dashboard, settle
from tests.kit.web.journey import BATCH_MS, DONE, START_MS, choose_source, open_submit, send

pytestmark = pytest.mark.browser


def test_upload_survives_a_reload_and_is_submitted(
    dashboard: Dashboard, page: Page, tmp_path: Path
) -> None:
    names = {"chelsea.png", "coffee.png", "rocket.jpg"}
    files = [s.path for s in write_samples(tmp_path) if s.path.name in names]
    open_submit(page, dashboard)
    choose_source(page, "Upload")
    page.locator("input.files").set_input_files(files)
    expect(page.get_by_text("3 uploaded and kept")).to_be_visible(timeout=60_000)

    page.reload()
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=60_000)
    settle(page)
    choose_source(page, "Upload")
    expect(page.get_by_text("3 uploaded and kept")).to_be_visible(timeout=60_000)
    send(page, "Annotate 3 pictures")
    expect(page.get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
    left = [p for p in (dashboard.home / "uploads").rglob("*") if p.is_file()]
    assert not left  # what is in the bucket needs no second copy

    prefix = page.locator("code").filter(has_text="gs://").first.inner_text()
    pictures = prefix.split("try-1")[0] + "pictures/"
    open_submit(page, dashboard)
    choose_source(page, "Bucket")
    box = page.get_by_role("textbox", name="Bucket folder")
    box.fill(pictures)
    box.press("Enter")
    expect(page.get_by_role("button", name="Annotate 3 pictures")).to_be_enabled(timeout=60_000)


@pytest.mark.timeout(600)
def test_upload_goes_on_after_a_lost_connection_and_a_reload(
    dashboard: Dashboard, page: Page, tmp_path: Path, shots: Path
) -> None:
    """A folder of 40: the connection is gone for a while, then the page; nothing is sent twice."""
    folder = tmp_path / "trip"
    (folder / "day 2").mkdir(parents=True)
    for number in range(40):
        place = folder / "day 2" if number % 2 else folder
        (place / f"p{number:02}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]) * 500)
    (folder / "copy.png").write_bytes((folder / "p00.png").read_bytes())  # of what is sent
    uploads: Counter[str] = Counter()
    tried: list[str] = []

    def answered(answer: Response) -> None:
        if answer.request.method == "PUT" and answer.status == 200:
            uploads[parse_qs(urlsplit(answer.url).query)["name"][0]] += 1

    def cut(route: Route) -> None:
        tried.append(route.request.url)
        gone = 5 < len(tried) <= 12 or len(tried) > 30
        route.abort("connectionrefused") if gone else route.continue_()

    page.set_default_timeout(120_000)
    open_submit(page, dashboard)
    choose_source(page, "Upload")
    page.on("response", answered)
    page.on("dialog", lambda dialog: dialog.accept())  # files are on their way: really leave?
    page.route("**/upload/**/file?*", cut)
    zone = page.get_by_role("region", name="Pictures, PDF and TIFF files")
    zone.locator("input.folder").wait_for(state="attached")
    zone.locator("input.folder").set_input_files(folder)
    expect(zone.get_by_text("The connection is lost")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("can be submitted when all files have arrived")).to_be_visible(
        timeout=60_000
    )
    while len(tried) <= 32:
        page.wait_for_timeout(100)
    page.screenshot(path=shots / "upload_lost.png")
    before = sum(uploads.values())
    assert 20 <= before < 40

    page.reload()
    settle(page)
    choose_source(page, "Upload")
    expect(zone.get_by_text("had not been sent when the page was left")).to_be_visible(
        timeout=60_000
    )
    page.unroute("**/upload/**/file?*")
    zone.locator("input.folder").set_input_files(folder)
    expect(page.get_by_text("41 uploaded and kept")).to_be_visible(timeout=60_000)
    expect(zone.get_by_text(f"{40 - before} files sent, {before + 1} here already")).to_be_visible(
        timeout=60_000
    )
    page.screenshot(path=shots / "upload_done.png")
    assert set(uploads.values()) == {1} and len(uploads) == 40
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("uploaded and kept")).to_be_hidden(timeout=60_000)


@pytest.mark.parametrize("address", ["", "?preset=Text"])
def test_a_slow_browser_sends_what_it_shows(dashboard: Dashboard, page: Page, address: str) -> None:
    """Streamlit's browser part writes a widget's value down some time after it is shown."""
    page.goto(f"{dashboard.url}/{address}")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.set_default_timeout(START_MS)
    page.reload()
    send(page, ready_ms=START_MS)
