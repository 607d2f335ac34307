"""HEIC and AVIF as JPEG. The two HEIC files were drawn, and encoded with x265, for this test."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from core.errors import PictureError
from core.pictures.conversion import check_convertible, is_converted, shrunk, to_jpeg
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


def photo(size: tuple[int, int], orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    exif[0x8825] = {1: "N", 2: (53.0, 4.0, 0.0), 3: "E", 4: (8.0, 48.0, 0.0)}
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", quality=97, exif=exif)
    return out.getvalue()


def test_an_upload_is_made_smaller_upright_and_keeps_its_place() -> None:
    data = photo((1_000, 500), orientation=6)
    small = shrunk(data, 640)
    assert len(small) < len(data)
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (320, 640)  # turned as it is seen
        exif = image.getexif()
        assert exif.get_ifd(0x8825)[1] == "N" and 0x0112 not in exif and 0x010F not in exif
    assert shrunk(small, 640) is small
    near = photo((640, 10))
    assert shrunk(near, 640) is near


def test_what_would_grow_stays_as_it_is() -> None:
    out = io.BytesIO()
    Image.new("1", (700, 700)).save(out, "PNG")
    assert shrunk(out.getvalue(), 690) == out.getvalue()


def test_a_phones_picture_is_converted_and_made_smaller_at_once() -> None:
    assert decode(shrunk(avif(), 48)).size == (48, 32)
    assert decode(shrunk(avif(), 640)).size == (96, 64)  # never larger
    with pytest.raises(PictureError):
        shrunk(photo((1_000, 500))[:200], 640)
