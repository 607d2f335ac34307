"""Annotations are drawn where they belong, on any picture, upright."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from core.errors import PictureError
from core.results.pictures.exif_upright import upright_copy
from core.results.pictures.overlays import draw
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations, Shape
from core.results.theme import FEATURE_COLORS
from tests.kit.pictures.overlays import Pixels, pixels

Mask = np.ndarray[Any, np.dtype[np.bool_]]
BOX = ((30.0, 20.0), (70.0, 20.0), (70.0, 50.0), (30.0, 50.0))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def grey(width: int = 120, height: int = 80) -> Image.Image:
    return Image.new("RGB", (width, height), (90, 90, 90))


def with_shapes(*shapes: Shape) -> Annotations:
    return Annotations(0, "gs://b/a.jpg", shapes=shapes)


def drawn(data: bytes, annotations: Annotations, size: int, **more: Any) -> bytes:
    return draw(upright_copy(data, size, annotations.uri), annotations, **more)


def close_to(rgb: Pixels, color: str, distance: int = 40) -> Mask:
    wanted = np.array([int(color[n : n + 2], 16) for n in (1, 3, 5)])
    near: Mask = np.abs(rgb.astype(int) - wanted).sum(axis=-1) <= distance
    return near


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(mask)
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


@pytest.mark.parametrize("kind", [kind for kind in SHAPE_KINDS if kind != "face_point"])
def test_a_box_lies_on_its_corners(kind: str) -> None:
    rgb = pixels(drawn(encoded(grey()), with_shapes(Shape(kind, "", None, BOX)), 500))
    assert rgb.shape == (80, 120, 3)
    assert bounds(close_to(rgb, FEATURE_COLORS[kind])) == pytest.approx((30, 20, 70, 50), abs=2)


def test_normalized_corners_and_a_smaller_size() -> None:
    corners = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    shape = Shape("object", "", None, corners, normalized=True)
    rgb = pixels(drawn(encoded(grey(400, 200)), with_shapes(shape), 100))
    assert rgb.shape == (50, 100, 3)
    color = FEATURE_COLORS["object"]
    assert bounds(close_to(rgb, color)) == pytest.approx((25, 12, 75, 37), abs=2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pictures_are_upright_and_boxes_go_with_them(
    orientation: int, normalized: bool, kind: str
) -> None:
    """A red patch is drawn into the file's own grid, and a box around it given in the same."""
    image = grey(240, 160)
    image.paste((200, 0, 0), (20, 30, 80, 60))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data, plain = encoded(image, kind, exif=exif), encoded(image, "PNG", exif=exif)
    corners = ((20.0, 30.0), (80.0, 30.0), (80.0, 60.0), (20.0, 60.0))
    if normalized:
        corners = tuple((x / 240, y / 160) for x, y in corners)  # type: ignore[assignment]  # 4 of them
    rgb = pixels(drawn(data, with_shapes(Shape("object", "", None, corners, normalized)), 500))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(plain))))
    assert rgb.shape == upright.shape
    patch = bounds(upright[..., 0] > 150)
    box = bounds(close_to(rgb, FEATURE_COLORS["object"]))
    assert box == pytest.approx(patch, abs=3)


def test_only_the_kinds_asked_for_are_drawn() -> None:
    shapes = with_shapes(Shape("object", "", None, BOX), Shape("face", "", None, BOX))
    rgb = pixels(drawn(encoded(grey()), shapes, 500, kinds=["face"]))
    assert close_to(rgb, FEATURE_COLORS["face"]).any()
    assert not close_to(rgb, FEATURE_COLORS["object"]).any()
    bare = pixels(drawn(encoded(grey()), shapes, 500, kinds=[]))
    assert (bare == 90).all()


def test_names_do_not_cover_each_other_and_stay_inside() -> None:
    shapes = [Shape("object", f"Thing {n} <b>", 0.5, BOX) for n in range(4)]
    apart = pixels(drawn(encoded(grey(600, 400)), with_shapes(*shapes), 600))
    single = pixels(drawn(encoded(grey(600, 400)), with_shapes(shapes[0]), 600))
    plates = close_to(apart, FEATURE_COLORS["object"], 60).sum()
    assert plates > 2.5 * close_to(single, FEATURE_COLORS["object"], 60).sum() * 0.8


def test_a_blurred_picture_cannot_be_recognised_and_keeps_its_boxes() -> None:
    noise = np.random.default_rng(1).integers(0, 2, (80, 120, 1)) * 255
    image = Image.fromarray(np.repeat(noise, 3, axis=2).astype(np.uint8))
    shapes = with_shapes(Shape("object", "", None, BOX))
    rgb = pixels(drawn(encoded(image), shapes, 500, blur=True))
    assert close_to(rgb, FEATURE_COLORS["object"]).any()
    assert rgb[60:, :20].std() < 40 < np.asarray(image)[60:, :20].std()


ODD: dict[str, bytes] = {
    "one pixel": encoded(grey(1, 1)),
    "one row": encoded(grey(500, 1)),
    "grey": encoded(Image.new("L", (50, 40), 9)),
    "bits": encoded(Image.new("1", (50, 40), 1)),
    "16 bits": encoded(Image.new("I;16", (50, 40), 40_000)),
    "palette": encoded(Image.new("P", (50, 40), 3)),
    "alpha": encoded(Image.new("RGBA", (50, 40), (0, 0, 0, 0))),
    "grey alpha": encoded(Image.new("LA", (50, 40), (0, 0))),
    "CMYK": encoded(Image.new("CMYK", (50, 40), (0, 255, 255, 0)), "JPEG"),
    "animation": encoded(grey(50, 40), "GIF", save_all=True, append_images=[grey(50, 40)] * 3),
    "WebP": encoded(grey(50, 40), "WEBP"),
    "TIFF": encoded(grey(50, 40), "TIFF"),
    "BMP": encoded(grey(50, 40), "BMP"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_are_drawn(name: str) -> None:
    shape = Shape("object", "Dog", 0.5, ((0, 0), (9, 0), (9, 9), (0, 9)))
    for blur in (False, True):
        rgb = pixels(drawn(ODD[name], with_shapes(shape), 100, blur=blur))
        assert max(rgb.shape[:2]) <= 100
    if name in ("alpha", "grey alpha"):
        assert (pixels(drawn(ODD[name], with_shapes(), 100)) == 255).all()
    if name == "16 bits":
        assert pixels(drawn(ODD[name], with_shapes(), 100))[0, 0, 0] == pytest.approx(156, abs=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        encoded(grey(300, 300))[:45],
        encoded(grey(300, 300), "JPEG")[:300],
        b"GIF89a",
    ],
)
def test_what_is_no_picture_is_a_picture_error(data: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        drawn(data, with_shapes(), 100)
    assert caught.value.where == "gs://b/a.jpg"


def test_a_picture_bomb_is_refused() -> None:
    bomb = encoded(Image.new("1", (12_000, 12_000)))
    with pytest.raises(PictureError):
        drawn(bomb, with_shapes(), 100)


def test_hostile_coordinates_and_names_are_drawn_in_time() -> None:
    wild = [
        Shape("object", "x" * 10_000, 1e30, ((-3e38, 3e38), (3e38, -3e38), (0, 0))),
        Shape("word", "", None, ((0, 0), (1e30, 1e30), (5, 5), (1, 2))),
        Shape("crop_hint", "", None, ((-1e30, 0), (1e30, 0), (1e30, 1e30))),
        Shape("face_point", "\u202e\x00", None, ((1e30, -1e30),)),
        Shape("face", "\u202e\x00\n🙂 犬", 0.5, ((5, 5),)),
        Shape("logo", "two", 0.5, ((5, 5), (9, 9))),
        Shape("object", "none", 0.5, ()),
    ]
    jpeg = drawn(encoded(grey()), with_shapes(*wild * 50), 500)
    assert pixels(jpeg).shape == (80, 120, 3)


def test_quality_asks_for_a_jpeg_of_the_same_picture() -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    jpeg = drawn(out.getvalue(), Annotations(0, "gs://b/a.png"), 32, quality=80)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert (image.format, image.size) == ("JPEG", (32, 24))


def test_names_can_be_left_out() -> None:
    shapes = with_shapes(Shape("object", "Dog", 0.5, BOX))
    unnamed = with_shapes(Shape("object", "", None, BOX))
    picture = encoded(grey(600, 400))
    assert (pixels(drawn(picture, shapes, 600)) != pixels(drawn(picture, unnamed, 600))).any()
    bare = pixels(drawn(picture, shapes, 600, names=False))
    assert (bare == pixels(drawn(picture, unnamed, 600))).all()


def test_a_name_without_room_is_left_out() -> None:
    """Sixty boxes in one place: two names on each other could not be read, neither of them."""
    many = [Shape("object", f"Thing {n}", 0.5, BOX) for n in range(60)]
    picture = encoded(grey(600, 400))
    rgb = pixels(drawn(picture, with_shapes(*many), 600))
    fewer = pixels(drawn(picture, with_shapes(*many[:30]), 600))
    assert (rgb == fewer).all()  # no later one was written over an earlier one
    wide = with_shapes(Shape("object", "a name that is wider", 0.5, ((1, 1), (30, 1), (30, 30))))
    narrow = encoded(grey(60, 60))
    rgb = pixels(drawn(narrow, wide, 60))
    assert (rgb == pixels(drawn(narrow, wide, 60, names=False))).all()
