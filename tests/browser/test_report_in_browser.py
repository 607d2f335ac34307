"""A report from the dashboard, opened by somebody without a network: it is whole and safe."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.kit.web.browser import ROOT, Dashboard, chromium, settle
from tests.kit.web.journey import annotate_sample

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def report(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample batch's report, made and downloaded by hand, from Explore's link on."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    with chromium() as page:
        job = annotate_sample(page, dashboard)
        page.goto(f"{dashboard.url}/explore?job={job}&score=0.1")
        page.locator(".st-key-header_report").get_by_role("link").click()
        page.wait_for_url(f"**/report?*job={job}*")
        ready = page.locator(".st-key-download_html").get_by_role("button")
        expect(ready).to_be_visible(timeout=240_000)
        settle(page)
        with page.expect_download(timeout=240_000) as download:  # one click
            ready.click()
        download.value.save_as(path)
        pdf = page.locator(".st-key-report_preview_pane").get_by_role("img")
        expect(pdf.first).to_be_visible(timeout=240_000)  # page one of the PDF, beside it
    return path


@contextmanager
def opened(path: Path, scheme: str) -> Iterator[Page]:
    """The report in a window without a network; a request or a console message fails the test."""
    asked: list[str] = []
    said: list[str] = []
    with chromium(scheme=scheme) as page:
        page.on("request", lambda r: asked.append(r.url) if r.url[:5] != "data:" else None)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.context.set_offline(True)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")
        yield page
    assert asked == [path.as_uri()]
    assert said == []


@pytest.mark.parametrize(
    ("scheme", "paper"), [("light", "rgb(253, 252, 250)"), ("dark", "rgb(21, 20, 18)")]
)
def test_report_needs_no_network(report: Path, scheme: str, paper: str, shots: Path) -> None:
    with opened(report, scheme) as page:
        expect(page.locator("[data-chart=labels] .row").first).to_be_visible()
        assert page.locator("[data-chart]").count() >= 3
        images = page.locator(".cell img")
        assert images.count() >= 24
        page.wait_for_function("[...document.images].every(i => !i.src || i.complete)")
        assert images.evaluate_all("all => all.every(i => i.naturalWidth > 0)")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == paper
        page.screenshot(path=shots / f"report-{scheme}.png", full_page=True)


def test_a_click_on_a_chart_narrows_all_others_and_the_pictures(report: Path, shots: Path) -> None:
    with opened(report, "light") as page:
        everything = int(page.locator("#count").inner_text().split()[0])
        bar = page.locator("[data-chart=labels] .row").nth(1)
        number = int(bar.locator(".count").inner_text())
        bar.click()
        expect(bar).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#count")).to_have_text(re.compile(rf"^{number} picture"))
        assert page.locator(".cell").count() == min(number, 60)
        # The others say of how many: "3 of 12".
        parts = page.locator("[data-chart=specific] .row .count").all_inner_texts()
        assert any(" of " in text for text in parts)
        shares = [int(n) for text in parts for n in text.replace(" of ", " ").split()[:1]]
        assert all(n <= number for n in shares)
        page.get_by_role("button", name="Table").click()
        assert page.locator("#rows tbody tr").count() == min(number, 60)
        page.screenshot(path=shots / "report-narrowed.png")
        page.get_by_role("button", name="Pictures", exact=True).click()
        page.locator("#all").click()
        expect(page.locator("#count")).to_have_text(re.compile(rf"^{everything} picture"))
        page.get_by_role("searchbox").fill("balloons")
        expect(page.locator(".cell")).to_have_count(1)
        page.locator(".cell").click()
        expect(page.get_by_role("dialog").get_by_text("Dominant colours")).to_be_visible()
        page.screenshot(path=shots / "report-picture.png")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_keys_reach_the_charts_and_a_pair_of_labels_is_both(report: Path) -> None:
    with opened(report, "light") as page:
        pair = page.locator("[data-chart=relations] .row").first
        both = pair.locator(".name").inner_text().split(" + ")
        number = int(pair.locator(".count").evaluate("e => e.firstChild.textContent"))
        pair.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#count")).to_have_text(re.compile(rf"^{number} picture"))
        page.locator(".cell").first.click()
        facts = page.locator("#facts").inner_text()
        assert all(label in facts for label in both)


def test_injected_script_would_not_run(report: Path, tmp_path: Path) -> None:
    """The last line of defence: the policy stops scripts even where escaping had failed."""
    evil = tmp_path / "evil.html"
    text = report.read_text(encoding="utf-8")
    injected = "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"
    evil.write_text(text.replace("<main>", f"<main>{injected}", 1), encoding="utf-8")
    with chromium() as page:
        page.goto(evil.as_uri())
        page.wait_for_selector("html[data-drawn]")  # ours still runs
        assert page.evaluate("window.ran") is None


def test_report_can_be_printed_by_hand(report: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    command = [sys.executable, "-m", "scripts.print_report", str(report), str(pdf)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF") and len(data) < 8_000_000
