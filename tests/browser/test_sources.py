"""Uploads survive a reload and go out once; their bucket folder can be submitted again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs.samples.samples import write_samples
from tests.kit.browser import Dashboard, settle
from tests.kit.journey import BATCH_MS, DONE, open_submit

pytestmark = pytest.mark.browser


def test_upload_survives_a_reload_and_is_submitted(
    dashboard: Dashboard, page: Page, tmp_path: Path
) -> None:
    names = {"chelsea.png", "coffee.png", "rocket.jpg"}
    files = [s.path for s in write_samples(tmp_path) if s.path.name in names]
    open_submit(page, dashboard)
    page.get_by_text("Upload", exact=True).click()
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(files)
    expect(page.get_by_text("3 uploaded and kept")).to_be_visible(timeout=60_000)

    page.reload()
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=60_000)
    settle(page)
    page.get_by_text("Upload", exact=True).click()
    expect(page.get_by_text("3 uploaded and kept")).to_be_visible(timeout=60_000)
    button = page.get_by_role("button", name="Submit 3 pictures")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    page.wait_for_url("**/operations?job=*")
    expect(page.get_by_text(DONE)).to_be_visible(timeout=BATCH_MS)
    left = [p for p in (dashboard.home / "uploads").rglob("*") if p.is_file()]
    assert not left  # what is in the bucket needs no second copy

    prefix = page.locator("code").filter(has_text="gs://").first.inner_text()
    pictures = prefix.split("try-1")[0] + "pictures/"
    open_submit(page, dashboard)
    page.get_by_text("Bucket folder", exact=True).click()
    box = page.get_by_role("textbox", name="Bucket folder")
    box.fill(pictures)
    box.press("Enter")
    expect(page.get_by_role("button", name="Submit 3 pictures")).to_be_enabled(timeout=60_000)
