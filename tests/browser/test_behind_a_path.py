"""The dashboard below a path of a public address, behind a proxy that asks by another name."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.kit.web.browser import Dashboard, chromium, free_port, make_home, settle
from tests.kit.web.host_proxy import host_proxy
from tests.kit.web.journey import BATCH_MS, DONE, choose_source, send
from tests.kit.web.sign_in_provider import CLIENT, SECRET, SECRETS, provider

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PATH = "/sheet/x"


class Site:
    """The dashboard, and its address for the public."""

    def __init__(self, dashboard: Dashboard, port: int) -> None:
        self.dashboard = dashboard
        self.url = f"http://sheet.localhost:{port}{PATH}"  # browsers know it for loopback


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("behind")
    own, public = free_port(), free_port()
    secrets = folder / "secrets.toml"
    with provider() as identity, host_proxy(public, own, f"sheet.localhost:{public}"):
        url = f"http://sheet.localhost:{public}{PATH}"
        oidc = {"url": url, "client": CLIENT, "secret": SECRET, "issuer": identity.url}
        secrets.write_text(SECRETS.format(**oidc))
        settings = {
            "STREAMLIT_SECRETS_FILES": str(secrets),
            "CONTACT_SHEET_WORKERS": "1",
            "CONTACT_SHEET_PUBLIC_URL": url,
        }
        home = make_home(folder / "home")
        dashboard = Dashboard(home, own, settings=settings, path=PATH)
        dashboard.start()
        yield Site(dashboard, public)
        dashboard.stop()


def fetched(page: Page, url: str) -> int:
    """The status that a script of the page gets."""
    return int(page.evaluate("url => fetch(url).then(answer => answer.status)", url))


def upload_one(page: Page) -> str:
    """Upload a file to the draft; returns the address that took it."""
    choose_source(page, "Upload")
    files = page.locator("input.files")
    files.wait_for(state="attached")
    with page.expect_response(lambda answer: answer.request.method == "PUT") as put:
        files.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG"})
    assert put.value.status == 200
    page.get_by_text("uploaded and kept").wait_for()
    return put.value.url


def test_a_batch_from_sign_in_to_download(site: Site, shots: Path) -> None:
    with chromium() as page:
        page.set_default_timeout(120_000)
        # A deep link: signing in leads back to it, below the path.
        page.goto(f"{site.url}/explore?prefix=gs://contact-sheet/none/")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="ada").click()
        page.get_by_text("There are no results here").wait_for()
        assert page.url == f"{site.url}/explore?prefix=gs://contact-sheet/none/"
        page.goto(f"{site.url}/")
        settle(page)
        uploaded = upload_one(page)
        assert uploaded.startswith(f"{site.url}/upload/")
        choose_source(page, "Sample")
        job = send(page, ready_ms=120_000)
        assert page.url == f"{site.url}/operations?job={job}"
        page.get_by_text(DONE).wait_for(timeout=BATCH_MS)

        answered: list[tuple[int, str]] = []
        page.on("response", lambda answer: answered.append((answer.status, answer.url)))
        page.goto(f"{site.url}/explore?job={job}")
        settle(page)
        shown = page.locator(".sheet .item.loaded img")
        shown.first.wait_for()
        assert shown.first.evaluate("image => image.naturalWidth") > 100
        for _ in range(240):  # boxes are asked for after the thumbnails
            if any("/boxes/" in url for _, url in answered):
                break
            page.wait_for_timeout(250)
        page.screenshot(path=shots / "behind_a_path.png")
        gallery = [(status, urlsplit(url).path) for status, url in answered if "/gallery/" in url]
        assert {path.split("/")[5] for _, path in gallery} == {"cells", "thumbnail", "boxes"}
        assert all(path.startswith(f"{PATH}/gallery/") for _, path in gallery)
        assert {status for status, _ in gallery} == {200}
        scripts = page.locator("link[rel=modulepreload]").evaluate_all(
            "all => all.map(e => e.href)"
        )
        assert any("/BidiComponent." in url for url in scripts)  # ours, besides Streamlit's own
        assert all(url.startswith(f"{site.url}/static/js/") for url in scripts)
        assert {fetched(page, url) for url in scripts} == {200}
        link = str(page.locator(".sheet .item.loaded a").first.evaluate("a => a.href"))
        assert link.startswith(f"{site.url}/picture?")
        page.goto(link)
        picture = page.get_by_test_id("stImage").locator("img").first
        picture.wait_for(timeout=120_000)
        media = str(picture.evaluate("image => image.src"))
        assert media.startswith(f"{site.url}/media/")
        assert fetched(page, media) == 200

        page.goto(f"{site.url}/report?job={job}")
        page.get_by_text("Print addresses and paths").click(timeout=240_000)
        settle(page)
        with page.expect_download(timeout=240_000) as download:
            page.locator(".st-key-download_html").get_by_role("button").click()
        written = Path(download.value.path()).read_text(encoding="utf-8")
        assert f"{site.url}/explore?job={job}" in written

        # Somebody else who has signed in gets nothing by the address of a file.
        assert page.context.browser is not None
        bob = page.context.browser.new_context().new_page()
        bob.set_default_timeout(120_000)
        bob.goto(f"{site.url}/")
        bob.get_by_role("button", name="Sign in").wait_for()
        assert fetched(bob, media) == 401
        bob.get_by_role("button", name="Sign in").click()
        bob.get_by_role("link", name="bob").click()
        bob.get_by_test_id("stTopNavLinkContainer").first.wait_for()
        assert fetched(bob, media) == 404
        put = "url => fetch(url, {method: 'PUT', body: 'x'}).then(answer => answer.status)"
        assert bob.evaluate(put, uploaded) == 404
        assert fetched(page, media) == 200


def test_probes_at_the_root_and_below_the_path(site: Site) -> None:
    for base in ("", PATH):
        for name in ("healthz", "readyz"):
            url = f"http://127.0.0.1:{site.dashboard.port}{base}/{name}"
            with urllib.request.urlopen(url) as answer:  # nosec B310
                assert json.load(answer)["ok"] is True
