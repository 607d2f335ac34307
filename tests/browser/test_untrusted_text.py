"""Untrusted results, files and addresses in a real browser: they are text, and nothing else."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from core.buckets import Buckets, check_object_name, open_buckets
from core.errors import BadObjectName
from core.jobs.batch.features import PICTURES_IN_PROCESSING
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import NewOperation, PictureRow
from core.jobs.ledger.saved_views import MOST_NAME, Views
from core.jobs.samples.samples import write_samples
from core.jobs.sending.planning import job_values
from core.jobs.service.connection import LOCAL_BACKEND
from tests.kit.hostile import ELSEWHERE, MARKER, TEXTS, response_of
from tests.kit.web.browser import Dashboard, chromium, settle
from tests.kit.web.journey import START_MS, choose_source, open_submit

pytestmark = pytest.mark.browser
PREFIX = "gs://contact-sheet/untrusted/results/"
SHOWN = [text for text in TEXTS if 0 < len(text.strip()) <= 200]
ALL = "gs://b/all"  # failed, with every text in its message
# Everything in the page, shadow roots too, that only untrusted text could have put there.
INJECTED = """(elsewhere) => {
  const found = [];
  const look = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) look(e.shadowRoot);
      const say = (why) => found.push(`${why}: ${e.outerHTML.slice(0, 200)}`);
      for (const { name, value } of e.attributes) {
        if (name.startsWith("on")) say("handler");
        const address = ["href", "src", "action", "formaction", "srcset", "data"].includes(name);
        if (address && (value.includes(elsewhere) || /^\\s*(javascript|vbscript):/i.test(value))) {
          // An address of our own may carry untrusted text behind its question mark.
          const at = new URL(value, location.href);
          if (at.origin !== location.origin) say("address");
        }
      }
      const tag = e.tagName.toLowerCase();
      if (["iframe", "object", "embed", "base", "plaintext"].includes(tag)) say("element");
      if (tag === "meta" && e.httpEquiv === "refresh") say("refresh");
      if (tag === "script" && !e.src && e.textContent.includes("alert(1)")) {
        if (e.type !== "application/json") say("script");
      }
      if (tag === "img" && e.alt === "Streamlit logo") say("logo");
      // Our own badges have a sign before the text.
      if (e.matches(".stMarkdownShimmer, .stMarkdownBadge") && e.textContent.trim() === "x") {
        say("directive");
      }
      if (e.matches(".katex")) say("formula");
      if (e.getAttribute("data-testid") === "stIconMaterial" && e.textContent === "face") {
        say("icon");
      }
      if (e.matches("[data-testid=stMarkdownContainer] a") && e.href.includes("untrusted"))
        if (new URL(e.href).origin !== location.origin) say("link");
      if (e.matches("svg a")) say("link in a figure");
    }
  };
  look(document);
  return found;
}"""


class Watch:
    """What must not happen in a window: dialogs, requests to others, scripts, faults."""

    def __init__(self, page: Page, own: str) -> None:
        self.page = page
        self.own = urlsplit(own).netloc
        self.seen: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("popup", lambda popup: self.seen.append(f"popup {popup.url}"))
        page.on("pageerror", lambda error: self.seen.append(f"error {error}"))

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        at = urlsplit(request.url)
        if at.scheme not in ("data", "blob", "file") and at.netloc != self.own:
            self.seen.append(f"request {request.url}")

    def check(self, where: str) -> None:
        """Nothing has happened so far, and nothing stands in the page that should not."""
        assert self.page.evaluate(f"window.{MARKER}") is None, where
        assert self.page.evaluate(INJECTED, ELSEWHERE) == [], where
        assert self.seen == [], where


@pytest.fixture(scope="module")
def untrusted(dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Results under ``PREFIX`` and ``PREFIX``2; addresses of pictures that are there."""
    with chromium() as page:
        open_submit(page, dashboard)
    facts = json.loads((dashboard.home / "engine" / "engine.json").read_text())
    buckets = open_buckets(facts["storage_address"])
    there = list(put_pictures(buckets, tmp_path_factory.mktemp("samples")))
    for name, texts in (("results", SHOWN), ("results2", SHOWN[::-1])):
        answers = [response_of(text, uri) for text, uri in zip(texts, there, strict=False)]
        answers += [response_of(text) for text in texts[len(there) :]]
        answers += [
            {"context": {"uri": f"gs://b/{t}"}, "error": {"code": 3, "message": t}} for t in texts
        ]
        answers.append({"context": {"uri": ALL}, "error": {"code": 3, "message": " ".join(texts)}})
        shard = f"gs://contact-sheet/untrusted/{name}/output-1-to-{len(answers)}.json"
        buckets.write(shard, json.dumps({"responses": answers}).encode(), "application/json")
        beside = shard.replace("output-", "vectors-").replace(".json", ".npy")
        buckets.write(beside, vectors(len(answers)))
    broken = f"{PREFIX}<img src=x onerror=alert(1)>/output-1-to-2.json"
    buckets.write(broken.replace("\n", ""), b"<script>alert(1)</script>", "text/html")
    return there


def vectors(count: int) -> bytes:
    """A file of as many vectors, by which the pictures can be placed on a map."""
    file = io.BytesIO()
    np.save(file, np.random.default_rng(0).normal(size=(count, 8)).astype("<f2"))
    return file.getvalue()


def put_jobs(ledger: Ledger) -> int:
    """Jobs of all texts; returns how many wait in the queue.

    The first holds the whole quota. Another dashboard is said to be sending it, so that this one
    lets it alone. Every third has stopped, with a text as the reason.
    """
    request, now = BatchRequest(("LABEL_DETECTION",)).to_json(), datetime.now(UTC)
    sending = {"state": "SENDING", "sender": "another", "sending_at": now, "error": TEXTS[0]}
    titles = [" ".join(SHOWN[start : start + 6]) for start in range(0, len(SHOWN), 6)]
    for place, text in enumerate(titles):
        prefix = f"gs://contact-sheet/untrusted/jobs/{place}/"
        first = place == 0
        count, state = (PICTURES_IN_PROCESSING, sending) if first else (1, {"error": text})
        planned = NewOperation(1, 1, prefix, 20, range(1, count + 1), state)
        values = {
            **job_values(f"untrusted-{place}", f"untrusted-{place}", now, prefix, LOCAL_BACKEND),
            **{"title": text, "source": f"from {text}", "owner_name": text, "request": request},
            **{"pictures": count, "fault": text if place % 3 == 1 else ""},
        }
        picture = PictureRow(1, text, f"gs://contact-sheet/untrusted/no/{place}.jpg", "", False)
        assert ledger.add_job(values, [picture], [planned])
    return len(titles) - 1 - len(titles[1::3])


def put_pictures(buckets: Buckets, folder: Path) -> Iterator[str]:
    """A picture for every name that an object may have."""
    data = next(s.path for s in write_samples(folder) if s.path.name == "horse.png").read_bytes()
    for text in SHOWN:
        uri = f"gs://contact-sheet/untrusted/pictures/{text}.png"
        try:
            check_object_name(uri.removeprefix("gs://contact-sheet/"))
        except BadObjectName:
            continue
        if len(text.encode()) < 150 and "/" not in text and text.isprintable():
            buckets.write(uri, data, "text/html")  # a type that a browser would run
            yield uri


def test_every_page_shows_untrusted_as_text(
    dashboard: Dashboard, untrusted: list[str], page: Page, tmp_path: Path, shots: Path
) -> None:
    watch = Watch(page, dashboard.url)

    def visit(path: str, **params: str) -> None:
        page.goto(f"{dashboard.url}/{path}?{urlencode(params)}")
        settle(page)

    visit("explore", prefix=PREFIX)
    bars = page.locator("[class*=st-key-chart_specific] .mark")
    expect(bars.first).to_be_visible(timeout=60_000)
    expect(page.locator(".sheet .item").first).to_be_visible()
    settle(page)
    page.screenshot(path=shots / "untrusted-explore.png", full_page=True)
    watch.check("explore")
    for place in range(bars.count()):
        bars.nth(place).hover()  # its name appears whole
        watch.check(f"explore, bar {place}")
    page.locator(".sheet .item a").nth(1).click()
    expect(page.get_by_role("dialog").locator(".facts")).to_be_visible()
    settle(page)
    watch.check("one picture large")
    page.screenshot(path=shots / "untrusted-dialog.png")
    page.keyboard.press("Escape")
    for tab in page.get_by_role("tab").all_inner_texts():
        visit("explore", prefix=PREFIX, tab=tab)
        watch.check(f"explore, {tab}")
    visit("explore", prefix=PREFIX, group="label")
    expect(page.locator(".sheet .fold").first).to_be_visible()
    watch.check("explore by label")
    evil = f"<img src=x onerror=alert(1)>,[a](https://{ELSEWHERE}),:material_face:"
    visit("explore", prefix=PREFIX, label=evil, uri=TEXTS[0], score=TEXTS[3], text=":red[x] $x^2$")
    watch.check("explore with a filter")
    for place in (0, 3, len(untrusted) // 2):
        visit("picture", prefix=PREFIX, picture=untrusted[place])
        page.get_by_text("The response as it came").click()
        settle(page)
        watch.check(untrusted[place])
    page.screenshot(path=shots / "untrusted-picture.png", full_page=True)
    visit("picture", prefix=PREFIX, picture=ALL)
    expect(page.get_by_test_id("stAlert").filter(has_text=ELSEWHERE)).to_be_visible(timeout=60_000)
    watch.check("failed picture")
    visit("compare", left=PREFIX, right=PREFIX.replace("results", "results2"))
    expect(page.get_by_role("heading", name="pictures changed")).to_be_visible(timeout=60_000)
    settle(page)
    watch.check("compare")
    page.screenshot(path=shots / "untrusted-compare.png", full_page=True)
    for path in ("explore", "report", "compare", "picture", "operations"):
        visit(path, prefix=f"gs://{TEXTS[3]}", job=TEXTS[3], left=TEXTS[4], right=TEXTS[5])
        watch.check(f"{path} of a hostile address")


def test_panels_that_are_asked_for_show_untrusted_as_text(
    dashboard: Dashboard, untrusted: list[str], page: Page, shots: Path
) -> None:
    watch = Watch(page, dashboard.url)
    page.goto(f"{dashboard.url}/explore?{urlencode({'prefix': PREFIX, 'tab': 'Map'})}")
    expect(page.get_by_text("Dots by label")).to_be_visible(timeout=120_000)
    page.get_by_text("Dots by label").click()
    settle(page)
    chart = page.locator(".js-plotly-plot").filter(has=page.locator("[data-val=lasso]"))
    chart.scroll_into_view_if_needed()
    dots = chart.locator(".scatterlayer .point")
    for place in range(0, dots.count(), dots.count() // 6):
        dots.nth(place).hover(force=True)  # its name and label appear
        watch.check("map, pointed at")
    assert chart.locator(".hoverlayer .hovertext").count()
    around = chart.locator(".nsewdrag").first.bounding_box()
    assert around is not None
    left, top, width, height = (around[side] for side in ("x", "y", "width", "height"))
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.03)]
    page.mouse.move(left + corners[0][0] * width, top + corners[0][1] * height)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(left + x * width, top + y * height, steps=5)
    page.mouse.up()
    page.wait_for_url("**&area=*")  # what is drawn around is a filter
    settle(page)
    watch.check("map")
    page.screenshot(path=shots / "untrusted-map.png")

    page.goto(f"{dashboard.url}/explore?{urlencode({'prefix': PREFIX, 'tab': 'Quality'})}")
    expect(page.get_by_text("pictures could be spared")).to_be_visible(timeout=60_000)
    settle(page)
    watch.check("near-duplicates")
    page.get_by_role("heading", name="Near-duplicates").scroll_into_view_if_needed()
    page.screenshot(path=shots / "untrusted-duplicates.png")


def test_views_jobs_and_queue_of_untrusted(
    dashboard: Dashboard, untrusted: list[str], page: Page, shots: Path
) -> None:
    watch = Watch(page, dashboard.url)
    ledger = Ledger(f"sqlite:///{dashboard.home / 'ledger.sqlite3'}")
    views = Views(ledger)
    packed = [""]  # as few names as hold all texts
    for text in SHOWN:
        fits = len(packed[-1]) + len(text) < MOST_NAME - 4
        packed[-1:] = [f"{packed[-1]} {text}"] if fits else [packed[-1], text]
    for number, text in enumerate(packed):
        views.save(f"{text[: MOST_NAME - 4]} {number}", "compare", {"left": text, "by": text})

    page.goto(f"{dashboard.url}/explore?{urlencode({'prefix': PREFIX, 'label': TEXTS[3]})}")
    page.get_by_test_id("stPopoverButton").filter(has_text="Share").click(timeout=60_000)
    body = page.get_by_test_id("stPopoverBody")
    expect(body.get_by_role("link").first).to_be_visible(timeout=60_000)
    assert body.get_by_role("link").count() == len(packed)
    watch.check("saved views")
    page.screenshot(path=shots / "untrusted-views.png")
    body.get_by_role("button", name="Delete").first.click()
    expect(body.get_by_text("Deleted:")).to_be_visible()
    body.get_by_role("button", name="Rename").first.click()
    settle(page)
    watch.check("saved views, one deleted and one to be renamed")
    body.get_by_role("link").nth(3).click()
    page.wait_for_url("**/compare?*")
    settle(page)
    watch.check("a saved view that was opened")

    waiting = put_jobs(ledger)
    ledger.close()
    page.goto(f"{dashboard.url}/operations")
    expect(page.get_by_text(f"Queue: {waiting} operations")).to_be_visible(timeout=60_000)
    settle(page)
    watch.check("queue")
    page.screenshot(path=shots / "untrusted-queue.png")
    for number in range(2, 4):
        page.goto(f"{dashboard.url}/operations?page={number}")
        expect(page.get_by_test_id("stExpander").first).to_be_visible(timeout=60_000)
        settle(page)
        watch.check(f"operations, page {number}")
    page.screenshot(path=shots / "untrusted-operations.png", full_page=True)
    for odd in ("-1", "9" * 5_000):
        page.goto(f"{dashboard.url}/operations?{urlencode({'page': odd})}")
        expect(page.get_by_test_id("stExpander").first).to_be_visible(timeout=60_000)
        settle(page)
        watch.check("operations of a page that is none")
        expect(page.get_by_text("unexpected")).to_have_count(0)
    page.goto(f"{dashboard.url}/explore")
    page.get_by_role("combobox", name="Batch").click()
    expect(page.get_by_role("option").first).to_be_visible()
    watch.check("jobs to choose from")


@pytest.mark.parametrize(
    "path",
    [
        f"/gallery/x/cells/y/{'9' * 4_301}",
        f"/gallery/x/boxes/y?at={'9' * 4_301}",
        f"/gallery/x/thumbnail/y?page={'9' * 4_301}&uri=%00",
        "/gallery/%00/cells/%ED%A0%80/-1",
        "/gallery/..%2f..%2fetc/thumbnail/%2e%2e%2fpasswd?uri=file:///etc/passwd",
        "/gallery/x/cells/y/nan",
        "/gallery/%3Cscript%3E/boxes/%3Cimg%3E?at=%3Cb%3E",
        "/media/..%2f..%2f..%2fetc/passwd",
        "/static/..%2f..%2f..%2f..%2fetc/passwd",
        "/component/..%2f..%2f..%2fetc/passwd",
    ],
)
def test_no_address_of_the_server_is_a_fault(dashboard: Dashboard, path: str) -> None:
    server = http.client.HTTPConnection("127.0.0.1", dashboard.port, timeout=30)
    server.request("GET", path)
    answer = server.getresponse()
    body = answer.read()
    server.close()
    assert 400 <= answer.status < 500 or b"<title>Streamlit</title>" in body, (answer.status, body)
    assert b"root:" not in body and b"<script>alert" not in body and b"<img>" not in body


def test_downloaded_report_of_untrusted(
    dashboard: Dashboard, untrusted: list[str], page: Page, tmp_path: Path, shots: Path
) -> None:
    watch = Watch(page, dashboard.url)
    query = urlencode({"prefix": PREFIX})
    page.goto(f"{dashboard.url}/report?{query}")
    settle(page)
    ready = page.locator(".st-key-download_html").get_by_role("button")
    expect(ready).to_be_visible(timeout=START_MS)
    watch.check("report")
    with page.expect_download(timeout=START_MS) as download:
        ready.click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    assert page.context.browser is not None
    other = page.context.browser.new_page()
    seen = Watch(other, "file://")
    faults: list[str] = []
    other.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    other.goto(path.as_uri())
    other.wait_for_selector("html[data-drawn]")
    for card in other.locator(".cell").all()[:3]:
        card.click()
        other.keyboard.press("Escape")
    seen.check("report from a file")
    assert other.locator("script").count() == 2
    assert faults == []
    other.screenshot(path=shots / "untrusted-report.png", full_page=True)


def test_hostile_folder_and_list_before_sending(
    dashboard: Dashboard, untrusted: list[str], page: Page, tmp_path: Path, shots: Path
) -> None:
    watch = Watch(page, dashboard.url)
    folder = tmp_path / f"<img src=x onerror=alert(1)> :material_face: www.{ELSEWHERE}"
    folder.mkdir()
    for text in SHOWN:
        if "/" not in text and "\0" not in text and len(text.encode()) < 200:
            (folder / f"{text}.jpg").write_bytes(b"no picture")
    open_submit(page, dashboard)
    choose_source(page, "Folder")
    box = page.get_by_role("textbox", name="Folder on the machine")
    box.fill(str(folder))
    box.press("Enter")
    expect(page.get_by_text("bad pictures").first).to_be_visible(timeout=60_000)
    settle(page)
    watch.check("folder")
    page.screenshot(path=shots / "untrusted-submit.png", full_page=True)
    choose_source(page, "List")
    area = page.get_by_role("textbox", name="One gs:// address a line")
    area.fill("\n".join([*SHOWN, *(f"gs://b/{text}.jpg" for text in SHOWN)]))
    area.press("Control+Enter")
    settle(page)
    watch.check("list")
