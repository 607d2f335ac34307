"""Steps of the first journey through the dashboard in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.kit.browser import Dashboard, settle

START_MS = 300_000
BATCH_MS = 240_000
DONE = re.compile(r"Done$")  # the badge, whose icon is text too


def open_submit(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    settle(page)


SUBMIT = re.compile(r"Annotate \d+ pictures?( and \d+ pages)?")  # the button of any batch


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
