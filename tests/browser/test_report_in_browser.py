"""A report from the dashboard, opened by somebody without a network: it is whole and safe."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.kit.browser import ROOT, Dashboard, chromium, settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
DONE = re.compile(r"Done$")


@pytest.fixture(scope="module")
def report(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample batch's report, made and downloaded by hand, from Explore's link on."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    with chromium() as page:
        page.goto(dashboard.url)
        button = page.get_by_role("button", name=re.compile(r"Submit \d+ pictures"))
        expect(button).to_be_enabled(timeout=300_000)
        button.click()
        page.wait_for_url("**/operations?job=*")
        expect(page.get_by_text(DONE)).to_be_visible(timeout=240_000)
        job = parse_qs(urlsplit(page.url).query)["job"][0]
        page.goto(f"{dashboard.url}/explore?job={job}&score=0.1")
        page.locator(".st-key-header_report").get_by_role("link").click()
        page.wait_for_url(f"**/report?*job={job}*")
        row = page.locator(".st-key-file_html")
        row.get_by_role("button", name="Make it").click()
        ready = row.get_by_role("button", name=re.compile("Download contact-sheet-"))
        expect(ready).to_be_visible(timeout=240_000)
        settle(page)
        with page.expect_download() as download:
            ready.click()
        download.value.save_as(path)
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
        expect(page.locator("[data-chart=labels] .point path").first).to_be_visible()
        assert page.locator("[data-chart]").count() >= 3
        images = page.locator(".card img")
        assert images.count() >= 24
        images.last.scroll_into_view_if_needed()
        page.wait_for_function("[...document.images].every(i => !i.src || i.complete)")
        assert images.evaluate_all("all => all.every(i => i.naturalWidth > 0)")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == paper
        page.screenshot(path=shots / f"report-{scheme}.png", full_page=True)


def test_click_on_a_bar_shows_its_pictures(report: Path, shots: Path) -> None:
    with opened(report, "light") as page:
        shown = page.locator(".card:visible")
        everything = shown.count()
        page.locator("[data-chart=labels] .point path").nth(1).click(force=True)
        again = page.locator("#all")
        expect(again).to_be_visible()
        assert 0 < shown.count() < everything
        again.click()
        assert shown.count() == everything
        page.get_by_role("searchbox").fill("chelsea")
        expect(shown).to_have_count(1)
        shown.locator(".open").click()
        expect(page.get_by_role("dialog").get_by_text("Dominant colours")).to_be_visible()
        page.screenshot(path=shots / "report-picture.png")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_click_on_two_labels_shows_pictures_with_both(report: Path) -> None:
    with opened(report, "light") as page:
        square = page.locator("[data-chart=relations] .point").first
        both = page.evaluate("document.querySelector('[data-chart=relations]').data[0].customdata")
        square.click(force=True)
        again = page.locator("#all")
        shown = page.locator(".card:visible")
        expect(again).to_have_text(f"{both[0][0]} + {both[0][1]} ({shown.count()}) ✕")
        assert 0 < shown.count() < page.locator(".card").count()
        held = [text.replace("\n", " ") for text in shown.locator(".more").all_text_contents()]
        assert all(label in text for text in held for label in both[0])


def test_system_theme_changes_the_open_report(report: Path) -> None:
    with opened(report, "light") as page:
        bar = page.locator("[data-chart=labels] .point path").first
        light = bar.evaluate("e => getComputedStyle(e).fill")
        page.emulate_media(color_scheme="dark")
        expect(bar).not_to_have_css("fill", light)


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


def test_report_prints_on_light_paper(report: Path, tmp_path: Path, shots: Path) -> None:
    pdf = tmp_path / "report.pdf"
    command = [sys.executable, "-m", "scripts.print_report", str(report), str(pdf)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF") and len(data) < 8_000_000
    shutil.copy(pdf, shots / "report.pdf")
