"""A folder of everything that goes wrong: said before sending, and an error each after it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.jobs.samples.samples import write_samples
from core.pictures.limits import MAX_BYTES
from tests.kit.web.browser import Dashboard, settle, shown_count
from tests.kit.web.journey import BATCH_MS, choose_source, open_submit, send

pytestmark = pytest.mark.browser


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Pictures that must be annotated, and files that must fail, by name."""
    samples = {s.path.stem: s.path for s in write_samples(tmp_path_factory.mktemp("samples"))}
    photo = Image.open(samples["chelsea"]).convert("RGB")
    jpeg = encoded(photo, "JPEG")
    turned = Image.Exif()
    turned[0x0112] = 6
    gif = [photo.convert("P"), photo.rotate(90).convert("P")]
    deep = (np.asarray(photo.convert("L")).astype(np.uint16) * 257).copy()
    return {
        "cmyk.jpg": encoded(photo.convert("CMYK"), "JPEG"),
        "deep.png": encoded(Image.fromarray(deep), "PNG"),
        "moving.gif": encoded(gif[0], "GIF", save_all=True, append_images=gif[1:]),
        "modern.webp": encoded(photo, "WEBP"),
        "turned.jpg": encoded(photo, "JPEG", exif=turned),
        "a b #1?.jpg": jpeg,
        "<b>fett<b> & ёж 猫.jpg": jpeg,
        "bad-empty.jpg": b"",
        "cut off.jpg": jpeg[: len(jpeg) // 3],  # annotated as far as it goes
        "bad-text.jpg": b"this is no picture at all",
        "bad-large.png": b"\x89PNG\r\n\x1a\n" + b"\0" * MAX_BYTES,
        "bad-pixels.png": encoded(Image.new("1", (9_000, 9_000)), "PNG"),
    }


def test_every_bad_file_is_reported_and_the_rest_annotated(
    dashboard: Dashboard, page: Page, files: dict[str, bytes], tmp_path: Path, shots: Path
) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    open_submit(page, dashboard)
    choose_source(page, "Folder")
    box = page.get_by_role("textbox", name="Folder on the machine")
    box.fill(str(tmp_path))
    box.press("Enter")
    expect(page.get_by_text("4 bad pictures left out")).to_be_visible(timeout=60_000)
    page.get_by_text("Leave bad pictures out").click()
    settle(page)
    page.screenshot(path=shots / "bad-before.png")
    job = send(page, f"Annotate {len(files)} pictures")
    expect(page.get_by_text("Done, 4 failed")).to_be_visible(timeout=BATCH_MS)
    settle(page)
    bad = [name for name in files if name.startswith("bad-")]
    expect(page.locator(".card .line").first).to_contain_text(f"{len(bad)} failed")

    page.goto(f"{dashboard.url}/explore?job={job}&status=failed")
    expect(page.locator(".sheet .item").nth(len(bad) - 1)).to_be_visible(timeout=60_000)
    settle(page)
    page.screenshot(path=shots / "bad-after.png")
    gallery = page.get_by_role("list", name="Pictures that pass the filters")
    assert shown_count(page) == len(bad)
    for name in bad:
        expect(gallery.get_by_role("link").filter(has_text=name)).to_have_count(1)

    page.goto(f"{dashboard.url}/explore?job={job}&status=ok")
    good = len(files) - len(bad)
    expect(page.locator(".sheet .item").nth(good - 1)).to_be_visible(timeout=60_000)
    assert shown_count(page) == good
