"""HEIC and AVIF as JPEG. The two HEIC files were drawn, and encoded with x265, for this test."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from core.errors import PictureError
from core.pictures.conversion import check_convertible, is_converted, to_jpeg
from core.pictures.decoding import decode
from core.pictures.limits import MAX_BYTES

DATA = Path(__file__).parent / "data"
PLAIN, TURNED = (DATA / name for name in ("plain.heic", "turned.heic"))
CRIMSON = (220, 20, 60)


def avif(orientation: int = 1) -> bytes:
    image = Image.new("RGB", (96, 64), (255, 255, 240))
    ImageDraw.Draw(image).rectangle((8, 8, 50, 30), fill=CRIMSON)
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "AVIF", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "size", "place"),
    [
        (PLAIN.read_bytes(), (96, 64), (30, 20)),
        (TURNED.read_bytes(), (64, 96), (44, 30)),
        (avif(), (96, 64), (30, 20)),
        (avif(6), (64, 96), (44, 30)),
    ],
    ids=["HEIC", "turned HEIC", "AVIF", "turned AVIF"],
)
def test_it_becomes_an_upright_jpeg(
    data: bytes, size: tuple[int, int], place: tuple[int, int]
) -> None:
    assert is_converted(data)
    assert check_convertible(data)
    jpeg = to_jpeg(data)
    assert jpeg.startswith(b"\xff\xd8\xff")
    assert len(jpeg) <= MAX_BYTES
    picture = decode(jpeg)
    assert picture.size == size
    pixel = picture.image.getpixel(place)
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, CRIMSON, strict=True)) < 12


@pytest.mark.parametrize("data", [PLAIN.read_bytes()[:300], avif()[:200]])
def test_what_is_cut_off_is_refused(data: bytes) -> None:
    assert is_converted(data)
    with pytest.raises(PictureError):
        to_jpeg(data, "x")


def test_other_pictures_are_sent_as_they_are() -> None:
    assert not is_converted(b"\xff\xd8\xff\xe0")
    assert not is_converted(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42")
