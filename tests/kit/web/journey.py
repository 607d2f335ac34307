"""Steps of the first journey through the dashboard in a browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.kit.web.browser import Dashboard, settle

START_MS = 300_000
BATCH_MS = 240_000
DONE = re.compile(r"Done$")  # the badge, whose icon is text too


def open_submit(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    settle(page)


SUBMIT = re.compile(r"Annotate \d+ pictures?( and \d+ pages)?")  # the button of any batch


def send(page: Page, name: str | re.Pattern[str] = SUBMIT, ready_ms: float = 60_000) -> str:
    """Press the button, as soon as it can be pressed: the job's id, once its page is there."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_enabled(timeout=ready_ms)
    settle(page)
    button.click()
    page.wait_for_url("**/operations?job=*")
    return parse_qs(urlsplit(page.url).query)["job"][0]


def annotate_sample(page: Page, dashboard: Dashboard) -> str:
    """The sample batch, which is chosen where nothing else is: its job's id, when it is done."""
    open_submit(page, dashboard)
    job = send(page)
    expect(page.get_by_text(DONE).first).to_be_visible(timeout=BATCH_MS)
    return job


def choose_source(page: Page, name: str) -> None:
    """Press where the pictures are: "Sample", "Folder", "Upload", "Bucket" or "List"."""
    page.locator(".st-key-source_kind").get_by_text(name, exact=True).click()


def choose_features(page: Page, *titles: str) -> None:
    """Press features that are not chosen yet, besides those that are."""
    for title in titles:
        page.locator(".st-key-feature").get_by_text(title, exact=True).click()
        settle(page)


def count_of(page: Page, label: str) -> str:
    """The number that a metric shows."""
    metric = page.get_by_test_id("stMetric").filter(has_text=label).first
    return metric.get_by_test_id("stMetricValue").inner_text()
