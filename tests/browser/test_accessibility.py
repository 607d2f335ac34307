"""axe-core on every page, in light and dark: no serious or critical fault of our own making."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.kit.browser import Dashboard, chromium, free_port, make_home, settle
from tests.kit.filled_bucket import PREFIX, fill, storage
from tests.kit.journey import SUBMIT
from tests.kit.npm import fetched
from tests.kit.sign_in_provider import CLIENT, SECRET, SECRETS

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parent
START_MS = 300_000
PICTURE = "gs://generated-pictures/album-1/picture-000001.jpg"
PAGES = {
    "submit": ("", "Submit a batch"),
    "operations": ("operations", "Operations"),
    "explore": (f"explore?prefix={PREFIX}", "Explore"),
    **{
        f"explore, {tab}": (f"explore?prefix={PREFIX}&tab={tab.replace(' ', '+')}", "Explore")
        for tab in (
            "Labels",
            "Colours",
            "Safe search",
            "Text",
            "Objects and faces",
            "Documents",
            "SQL",
        )
    },
    "places": (f"explore?prefix={PREFIX}&tab=Places+and+web", "Explore"),
    "quality": (f"explore?prefix={PREFIX}&tab=Quality", "Explore"),
    "one large": (f"explore?prefix={PREFIX}", "Explore"),
    "nothing to explore": ("explore?prefix=gs://generated-pictures/none/", "Explore"),
    "picture": (f"picture?prefix={PREFIX}&picture={PICTURE}", "Picture"),
    "compare": (f"compare?prefix={PREFIX}&against={PREFIX}", "Compare"),
    "report": (f"report?prefix={PREFIX}", "Report"),
    "health": ("health", "Health"),
}
# What Streamlit's or plotly's own elements break, and nothing in our code can mend: rule and the
# elements inside which it is let pass. Everything else counts, wherever it is.
NOT_OURS: dict[str, tuple[str, str]] = {}


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script, fetched once by npm as the lock file says."""
    return fetched(FOLDER, "axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def filled(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    """The dashboard, with a batch of generated pictures and results in its buckets."""
    with chromium() as page:
        page.goto(dashboard.url)
        expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=START_MS)
    fill(storage(dashboard), 70, tmp_path_factory.mktemp("shards"))
    return dashboard


def faults(page: Page, axe: str) -> list[str]:
    """Serious and critical faults, one line an element, without what is not ours."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    lines = []
    for rule in found["violations"]:
        if rule["impact"] not in ("serious", "critical"):
            continue
        selector, _ = NOT_OURS.get(rule["id"], ("", ""))
        for node in rule["nodes"]:
            if not selector or not _inside(page, node["target"], selector):
                summary = " ".join(node["failureSummary"].split())[:200]
                lines.append(f"{rule['id']}: {node['html'][:160]} ({summary})")
    return lines


def _inside(page: Page, target: list[Any], selector: str) -> bool:
    """Whether an element that axe names lies inside one that the selector takes."""
    script = "([path, within]) => Boolean(document.querySelector(path)?.closest(within))"
    return isinstance(target[0], str) and bool(page.evaluate(script, [target[0], selector]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_fault(filled: Dashboard, axe: str, name: str, scheme: str) -> None:
    path, heading = PAGES[name]
    with chromium(scheme=scheme) as page:
        page.goto(f"{filled.url}/{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible(timeout=60_000)
        settle(page)
        if name == "submit":  # axe passes over what is scrolled out of the page
            button = page.get_by_role("button", name=SUBMIT)
            expect(button).to_be_enabled(timeout=60_000)
            button.scroll_into_view_if_needed()
        if name == "health":
            expect(page.get_by_role("button", name="Look again")).to_be_visible(timeout=60_000)
        if name in ("explore, Documents", "explore, SQL"):  # without a sheet
            expect(page.get_by_role("tab", name=name.partition(", ")[2])).to_have_attribute(
                "aria-selected", "true", timeout=60_000
            )
            settle(page)
        elif name.startswith("explore"):
            page.locator(".gallery .item.loaded").first.wait_for(state="attached")
        if name == "one large":
            page.locator(".gallery .item.loaded a").first.click()
            expect(page.get_by_role("dialog").locator("img.large")).to_be_visible()
            settle(page)
        assert not faults(page, axe), "\n".join(faults(page, axe))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard at which one has to sign in first; nobody does."""
    folder, port = tmp_path_factory.mktemp("door"), free_port()
    secrets = folder / "secrets.toml"
    url = f"http://127.0.0.1:{port}"
    told = {"url": url, "client": CLIENT, "secret": SECRET, "issuer": "http://127.0.0.1:9"}
    secrets.write_text(SECRETS.format(**told))
    settings = {"STREAMLIT_SECRETS_FILES": str(secrets), "CONTACT_SHEET_WORKERS": "1"}
    dashboard = Dashboard(make_home(folder / "home"), port, settings=settings)
    dashboard.start()
    yield url
    dashboard.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_door_has_no_serious_fault(door: str, axe: str, scheme: str, shots: Path) -> None:
    with chromium(scheme=scheme) as page:
        page.goto(door)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=START_MS)
        settle(page)
        page.screenshot(path=shots / f"sign-in-{scheme}.png")
        assert not faults(page, axe), "\n".join(faults(page, axe))


def test_a_planted_fault_is_found(filled: Dashboard, axe: str) -> None:
    with chromium() as page:
        page.goto(f"{filled.url}/operations")
        settle(page)
        page.evaluate("""() => document.body.insertAdjacentHTML('beforeend',
            '<button></button><img src="data:,">')""")
        assert {line.split(":")[0] for line in faults(page, axe)} >= {"button-name", "image-alt"}
