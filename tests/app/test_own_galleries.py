"""Galleries as the dashboard fills them: what is kept of a picture, who may, and the reuse key."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from core.app.own_galleries import OwnGalleries, cut_out, picture_of_file
from core.errors import GalleryError, NotAllowed, PictureError
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.access import Visitor
from core.jobs.service.answer_key import still_answers, work_of
from core.jobs.service.connection import FeatureSupport

ADA = Visitor("https://id.example ada", "Ada")
GUEST = Visitor(read_only=True)
LOGOS = BatchRequest(("LOGO_DETECTION",))
ENGINE = {
    "LOGO_DETECTION": FeatureSupport(True, "does", "Limits.", repeatable=False),
    "LANDMARK_DETECTION": FeatureSupport(False, "off"),
    "LABEL_DETECTION": FeatureSupport(True, "labels"),
}


def badge(size: tuple[int, int] = (260, 200)) -> Image.Image:
    made = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(made)
    pen.ellipse((30, 30, 90, 90), fill="white", outline="black", width=5)
    pen.text((50, 100), "Acme", fill="navy", font=ImageFont.load_default(56))
    return made


@pytest.fixture
def galleries(tmp_path: Path) -> OwnGalleries:
    return OwnGalleries(tmp_path)


def test_what_is_kept_is_a_picture_with_who_added_it(tmp_path: Path) -> None:
    galleries = OwnGalleries(tmp_path).seen_by(ADA)
    entry = galleries.add("logos", "Acme", [badge(), badge().resize((520, 400))])
    assert [one.by for one in entry.pictures] == ["Ada", "Ada"]
    picture = Image.open(next((tmp_path / "engine" / "galleries" / "logos").rglob("*.png")))
    assert picture.mode == "RGBA" and picture.getchannel("A").getpixel((0, 0)) == 0
    small = galleries.thumbnail("logos", entry, entry.pictures[0])
    assert Image.open(io.BytesIO(small)).format == "WEBP"


def test_a_large_picture_is_kept_small_and_without_its_metadata(
    galleries: OwnGalleries, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (15, 25, 3), np.uint8)
    image = Image.fromarray(noise).resize((2500, 1500), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x010E] = "who took it"
    image.info["exif"] = exif.tobytes()
    galleries.add("landmarks", "Gate", [image], (52.5, 13.4))
    picture = Image.open(next((tmp_path / "engine" / "galleries" / "landmarks").rglob("*.jpg")))
    assert max(picture.size) == 1280 and not picture.getexif()


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (Image.new("RGB", (300, 300), "red"), "never be found again: it has 0 details"),
        (badge((260, 20)), "260 x 20 pixels"),
    ],
)
def test_pictures_that_would_never_be_found_are_refused(
    image: Image.Image, why: str, galleries: OwnGalleries
) -> None:
    with pytest.raises(GalleryError, match=why):
        galleries.add("logos", "Acme", [badge(), image])
    assert galleries.entries("logos") == []  # the good one neither


def test_the_demo_changes_nothing(galleries: OwnGalleries) -> None:
    entry = galleries.add("logos", "Acme", [badge()])
    guest = galleries.seen_by(GUEST)
    assert not guest.writable and len(guest.entries("logos")) == 1
    with pytest.raises(NotAllowed):
        guest.add("logos", "Acme", [badge()])
    with pytest.raises(NotAllowed):
        guest.remove("logos", entry.id)


def test_what_was_looked_for_is_known_to_all_visitors(galleries: OwnGalleries) -> None:
    asked = {"LOGO_DETECTION": FeatureSupport(True, "m", "Finds logos.")}
    guest = galleries.seen_by(GUEST)
    before = guest.described(asked)["LOGO_DETECTION"].gallery
    galleries.add("logos", "Acme", [badge()])
    after = guest.described(asked)["LOGO_DETECTION"]
    assert after.gallery != before and "1 logo in 1 picture" in after.limits
    assert galleries.seen_by(ADA)._versions is galleries._versions  # not looked for on each page


def test_one_picture_is_removed_and_a_strange_one_is_not(galleries: OwnGalleries) -> None:
    entry = galleries.add("logos", "Acme", [badge(), badge()])
    for file in ("../logo.json", "logo.json"):
        with pytest.raises(GalleryError, match="any more"):
            galleries.remove("logos", entry.id, file)
    galleries.remove("logos", entry.id, entry.pictures[0].file)
    (left,) = galleries.entries("logos")
    assert left.pictures == entry.pictures[1:]


@pytest.mark.parametrize(
    "box", [[], [0, 0, 0, 10], [-1, 0, 10, 10], [60, 0, 60, 10], ["a", 0, 1, 1], [float("nan")] * 4]
)
def test_boxes_that_are_none(box: list[float]) -> None:
    with pytest.raises(GalleryError, match="No part"):
        cut_out(Image.new("RGB", (100, 50)), box)


def test_a_box_cuts_out_its_part() -> None:
    image = Image.new("RGB", (200, 100))
    image.paste("red", (50, 20, 100, 60))
    part = cut_out(image, [25, 20, 25, 40])
    assert part.size == (50, 40) and set(part.get_flattened_data()) == {(255, 0, 0)}


def test_uploads_of_any_kind_are_opened_or_refused(tmp_path: Path) -> None:
    badge().save(tmp_path / "a.png")
    assert picture_of_file(tmp_path / "a.png").mode == "RGBA"
    badge().convert("RGB").save(tmp_path / "b.jpg")
    assert picture_of_file(tmp_path / "b.jpg").mode == "RGB"
    (tmp_path / "c.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(PictureError):
        picture_of_file(tmp_path / "c.svg")


def test_answers_are_used_again_until_the_gallery_changes(galleries: OwnGalleries) -> None:
    def now() -> tuple[str, dict[str, FeatureSupport]]:
        described = galleries.described(ENGINE)
        return work_of(LOGOS, "local", described), described

    assert work_of(LOGOS, "local", ENGINE) == ""
    empty, described = now()
    assert "empty at present" in described["LOGO_DETECTION"].limits
    assert described["LANDMARK_DETECTION"] == ENGINE["LANDMARK_DETECTION"]
    assert empty and now()[0] == empty
    entry = galleries.add("logos", "Acme", [badge()])
    filled, described = now()
    assert filled not in ("", empty)
    assert "holds 1 logo in 1 picture." in described["LOGO_DETECTION"].limits
    assert not still_answers(empty, LOGOS, "local", described)  # it was filled while a job ran
    assert still_answers(filled, LOGOS, "local", described)
    labels = BatchRequest(("LABEL_DETECTION",))
    assert still_answers("of an earlier version", labels, "local", described)
    time.sleep(0.02)  # a file system's clock ticks some 100 times a second
    galleries.remove("logos", entry.id)
    assert now()[0] not in ("", empty, filled)
