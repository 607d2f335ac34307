"""Two people of a team: each sees their own jobs and what the other shares, by any address."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.kit.web.browser import Dashboard, chromium, free_port, make_home, settle
from tests.kit.web.journey import SUBMIT
from tests.kit.web.sign_in_provider import CLIENT, SECRET, SECRETS, Provider, provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def identity() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, identity: Provider) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("team")
    port = free_port()
    secrets = folder / "secrets.toml"
    url = f"http://127.0.0.1:{port}"
    oidc = {"url": url, "client": CLIENT, "secret": SECRET, "issuer": identity.url}
    secrets.write_text(SECRETS.format(**oidc))
    settings = {"STREAMLIT_SECRETS_FILES": str(secrets), "CONTACT_SHEET_WORKERS": "1"}
    dashboard = Dashboard(make_home(folder / "home"), port, settings=settings)
    dashboard.start()
    yield dashboard
    dashboard.stop()


def sign_in(page: Page, url: str, who: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=who).click()
    page.get_by_test_id("stTopNavLinkContainer").first.wait_for()
    settle(page)


def visit(page: Page, address: str) -> None:
    page.goto(address)
    settle(page)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def somebody_else(page: Page) -> Page:
    browser: Browser | None = page.context.browser
    assert browser is not None
    return browser.new_context().new_page()


def test_two_people(team: Dashboard, shots: Path) -> None:
    url = team.url
    with chromium() as ada:
        ada.set_default_timeout(60_000)
        ada.goto(f"{url}/explore?prefix=gs://contact-sheet/")
        ada.get_by_role("button", name="Sign in").wait_for()
        assert ada.get_by_role("link", name="Operations").count() == 0
        ada.screenshot(path=shots / "sign_in.png")
        sign_in(ada, f"{url}/explore?prefix=gs://contact-sheet/none/&text=a%20b", "ada")
        assert ada.url == f"{url}/explore?prefix=gs://contact-sheet/none/&text=a%20b"
        ada.get_by_text("There are no results here").wait_for()
        assert not [c for c in ada.context.cookies() if "way_back" in c.get("name", "")]
        ada.screenshot(path=shots / "sign_in_way_back.png")
        visit(ada, url)
        ada.get_by_role("button", name=SUBMIT).click()
        ada.get_by_text("yours alone").wait_for()
        ada.get_by_text(re.compile(r"Done$")).wait_for(timeout=120_000)
        ada.screenshot(path=shots / "team_operations.png")
        job = ada.url.split("job=")[1]
        thumbnails: list[str] = []
        ada.on("request", lambda r: thumbnails.append(r.url) if "/thumbnail/" in r.url else None)
        visit(ada, f"{url}/explore?job={job}")
        ada.locator(".sheet .item.loaded").first.wait_for()
        assert ada.request.get(thumbnails[0]).status == 200

        bob = somebody_else(ada)
        assert bob.request.get(thumbnails[0]).status == 401  # nobody has signed in
        for path in ("media/x.png", "_stcore/upload_file/a/b", "_stcore/metrics", "component/x/y"):
            assert status(urljoin(f"{url}/", path)) == 401
        assert status(f"{url}/_stcore/health") == 200
        sign_in(bob, url, "bob")
        assert bob.request.get(thumbnails[0]).status == 404
        visit(bob, f"{url}/operations")
        bob.get_by_text("Nothing sent yet").wait_for()
        for wanted in (job, "20260101-000000-abcdef"):
            visit(bob, f"{url}/explore?job={wanted}")
            bob.get_by_text(f"There is no job {wanted} here").wait_for()
        folder = f"gs://contact-sheet/contact-sheet/{job}/try-"
        for page in ("explore", "report"):
            visit(bob, f"{url}/{page}?prefix={folder}")
            bob.get_by_text("There are no results here").wait_for()
        visit(bob, f"{url}/compare?left={job}&right={folder}")
        bob.get_by_text("There is no job").first.wait_for()

        visit(ada, f"{url}/operations")
        ada.get_by_role("button", name="Share").click()
        ada.get_by_text("shared with everybody here").wait_for()
        visit(bob, f"{url}/operations")
        bob.get_by_text("shared by Ada *Lovelace*").wait_for()
        bob.get_by_text("Only its owner can change this job").wait_for()
        assert bob.get_by_role("button", name="Forget").count() == 0
        bob.screenshot(path=shots / "team_shared.png")
        visit(bob, f"{url}/explore?job={job}")
        bob.get_by_text("Labels").first.wait_for()

        visit(bob, f"{url}/operations")
        bob.get_by_role("button", name="Bob").click()
        bob.get_by_role("button", name="Sign out").click()
        bob.get_by_role("button", name="Sign in").wait_for()
        expect(bob.get_by_role("link", name="Operations")).to_have_count(0)
