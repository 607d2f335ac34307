"""``make screenshots``: the README's pictures, from a fresh home, the sample batch and some files.

python -m scripts.screenshots [--files]    with it those of files alone
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect

from tests.kit.pictures.documents import drawn_pdf, frames
from tests.kit.web.browser import ROOT, Dashboard, chromium, make_home, settle
from tests.kit.web.journey import DONE, SUBMIT, choose_features, choose_source

FOLDER = ROOT / "docs" / "screenshots"
FEATURES = ("Text", "Crop hints", "Objects", "Faces")
LONG_MS = 300_000
PAPER, MARGIN = (1240, 1754), 150  # A4 at 150 dpi
HEADINGS = ("The harbour in winter", "Ships and cargo", "Ice and open water", "What was paid")
LINES = (
    "In the first week of January the ice reached the outer mole, and no",
    "ship under two hundred tons was allowed to leave. The harbour master",
    "kept a list of all that waited: nineteen sloops, four brigs and the",
    "mail boat, which went over the ice with a sledge when the wind turned.",
    "",
    "Salt, copper and timber lay in the sheds until March. Prices rose by",
    "a third; the council opened the granary and wrote to the capital.",
)


def main() -> int:
    """Drive the journey and take a picture of each step."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        dashboard = Dashboard(make_home(Path(folder) / "home"))
        dashboard.start()
        try:
            with chromium(width=1440) as page:
                if "--files" not in sys.argv:
                    _journey(page, dashboard)
                _files(page, dashboard, _some_files(Path(folder) / "letters"))
        finally:
            dashboard.stop()
    return 0


def _journey(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=LONG_MS)
    settle(page)
    choose_features(page, *FEATURES)
    button = page.get_by_role("button", name=SUBMIT)
    expect(button).to_be_enabled(timeout=LONG_MS)
    page.set_viewport_size({"width": 1440, "height": 1120})
    settle(page)
    page.screenshot(path=FOLDER / "submit.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    button.click()
    page.wait_for_url("**/operations?job=*")
    expect(page.get_by_text(re.compile(r"^[12]\d of \d+.* done"))).to_be_visible(timeout=LONG_MS)
    page.wait_for_timeout(1_000)  # the numbers follow the bar
    page.screenshot(path=FOLDER / "operations.png")
    expect(page.get_by_text(DONE)).to_be_visible(timeout=LONG_MS)
    explore = page.url.replace("/operations", "/explore")
    page.goto(explore)
    first = page.locator(".mark").first
    expect(first).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.screenshot(path=FOLDER / "explore.png")
    page.locator(".sheet").get_by_label("Group").select_option("label")
    page.wait_for_url("**&group=label*")
    settle(page)
    page.screenshot(path=FOLDER / "gallery.png")
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_text("Dots by label")).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.wait_for_timeout(3_000)  # its thumbnails are drawn
    settle(page)
    page.screenshot(path=FOLDER / "map.png")
    page.goto(explore)
    page.get_by_role("link", name=re.compile("astronaut")).first.click()
    expect(page.get_by_role("dialog").locator("img.large")).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.screenshot(path=FOLDER / "picture.png")


def _some_files(folder: Path) -> Path:
    """A scan of four pages, a fax of two, a picture, and a file that is broken."""
    folder.mkdir()
    scan = [_page(heading, n) for n, heading in enumerate(HEADINGS, 1)]
    (folder / "harbour-report.pdf").write_bytes(drawn_pdf(scan))
    fax = [_page(f"Fax {n} of 2", n).convert("L") for n in (1, 2)]
    (folder / "fax.tif").write_bytes(frames("TIFF", fax))
    _page("A letter", 1).crop((0, 0, PAPER[0], 900)).save(folder / "letter.png")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    return folder


def _page(heading: str, number: int) -> Image.Image:
    image = Image.new("RGB", PAPER, "#fdfcf8")
    pen = ImageDraw.Draw(image)
    pen.text((MARGIN, MARGIN), heading, "black", ImageFont.load_default(size=56))
    font = ImageFont.load_default(size=28)
    for row, line in enumerate(LINES * 3):
        pen.text((MARGIN, 280 + 52 * row), line, "black", font)
    pen.text((PAPER[0] // 2, PAPER[1] - MARGIN), str(number), "black", font)
    return image


def _files(page: Page, dashboard: Dashboard, folder: Path) -> None:
    page.goto(f"{dashboard.url}/?preset=Text")
    expect(page.get_by_role("heading", name="Submit a batch")).to_be_visible(timeout=LONG_MS)
    settle(page)
    choose_source(page, "Folder")
    box = page.locator(".st-key-source_folder input")
    box.fill(str(folder))
    box.press("Enter")
    button = page.get_by_role("button", name=SUBMIT)
    expect(button).to_be_enabled(timeout=LONG_MS)
    expect(page.locator(".st-key-submit_pages")).to_be_visible(timeout=LONG_MS)
    settle(page)
    page.screenshot(path=FOLDER / "submit-files.png")
    button.click()
    page.wait_for_url("**/operations?job=*")
    job = page.url.rpartition("job=")[2]
    panel = page.locator(f".st-key-job_{job}")
    expect(panel.get_by_text(DONE)).to_be_visible(timeout=LONG_MS)
    page.goto(f"{dashboard.url}/explore?job={job}&tab=Documents")
    choice = page.get_by_role("combobox", name="Document")
    expect(choice).to_be_visible(timeout=LONG_MS)
    choice.fill("harbour")
    choice.press("Enter")
    text = page.locator(".st-key-document_text")
    expect(text).to_contain_text(HEADINGS[0], timeout=LONG_MS)
    page.wait_for_timeout(2_000)  # the page is drawn
    settle(page)
    page.screenshot(path=FOLDER / "documents.png")


if __name__ == "__main__":
    sys.exit(main())
