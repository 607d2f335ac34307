"""Every kind of picture that the issue names, good and bad, at the door of the decoder."""

from __future__ import annotations

import io
import pickle
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.pictures.limits import MAX_BYTES
from core.pictures.picture import BASE_SIDE, BadPicture, Picture, decode

BAD = "Bad image data."
TOO_LARGE = "Image too large. Please limit to 75 megapixels."


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    """A picture that does not compress."""
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + len(header).to_bytes(4, "big")
        + chunk
        + zlib.crc32(chunk).to_bytes(4, "big")
        + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", BAD),
        (b"hello, I am a text", BAD),
        (b"%PDF-1.4\n%%EOF", BAD),
        (b"\xff\xd8\xff\xe0", BAD),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", BAD),
        (encoded(noise(400, 300), "JPEG")[:600], BAD),  # cut before its first pixel
        (encoded(noise(400, 300), "PNG")[:600], BAD),
        (encoded(noise(400, 300), "GIF")[:600], BAD),
        (encoded(noise(400, 300), "WEBP")[:9000], BAD),
        (b"\0" * (MAX_BYTES + 1), f"Image size exceeds the limit of {MAX_BYTES} bytes."),
        (png_header_only(8661, 8660), TOO_LARGE),
        (png_header_only(60_000, 60_000), TOO_LARGE),  # beyond Pillow's own bomb error
        (png_header_only(10_000, 7_500), BAD),  # 75,000,000 exactly is allowed; this one is empty
    ],
)
def test_bad_pictures_are_refused_in_the_services_words(data: bytes, message: str) -> None:
    with pytest.raises(BadPicture) as caught:
        decode(data)
    assert (caught.value.code, caught.value.message) == (3, message)


def test_a_refusal_crosses_process_borders_whole() -> None:
    refusal = pickle.loads(pickle.dumps(BadPicture("No.", code=7, where="gs://b/o")))
    assert (refusal.message, refusal.code, refusal.where) == ("No.", 7, "gs://b/o")


def test_cmyk_jpeg_keeps_its_colours() -> None:
    cyan = Image.new("CMYK", (40, 30), (255, 0, 0, 0))
    red, green, blue = decode(encoded(cyan, "JPEG")).pixels[5, 5]
    assert red < 40
    assert green > 150
    assert blue > 200


def test_sixteen_bit_png_is_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256 * 10).reshape(10, 256).astype(np.uint16)
    pixels = decode(encoded(Image.fromarray(ramp), "PNG")).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert abs(float(pixels.mean()) - 127.5) < 1


def test_transparency_becomes_white() -> None:
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    half.putpixel((0, 0), (10, 20, 30, 255))
    pixels = decode(encoded(half, "PNG")).pixels
    assert pixels[0, 0].tolist() == [10, 20, 30]
    assert pixels[3, 3].tolist() == [255, 255, 255]


def test_palette_with_a_transparent_colour_becomes_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.putpixel((1, 1), 1)
    pixels = decode(encoded(image, "PNG", transparency=0)).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[1, 1].tolist() == [200, 0, 0]


def test_animated_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "GIF", "ICO", "JPEG"])
def test_every_format_of_the_service(kind: str) -> None:
    picture = decode(encoded(Image.new("RGB", (32, 32), "navy"), kind))
    assert picture.width == 32
    assert int(picture.pixels[8, 16, 2]) > 100


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I", "F"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    data = encoded(Image.new("L", (5, 4), 255).convert(mode), "TIFF")
    assert decode(data).pixels.tolist() == np.full((4, 5, 3), 255).tolist()


def test_exif_rotation_makes_it_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = noise(3000, 2000)  # large: the reduced decoding must turn as well
    image.paste("red", (0, 1000, 1500, 2000))  # lower left as stored: upper left upright
    picture = decode(encoded(image, "JPEG", exif=exif))
    assert (picture.width, picture.height, picture.orientation) == (2000, 3000, 6)
    assert picture.pixels.shape == (3000, 2000, 3)
    small = picture.scaled(300)
    assert small.shape == (300, 200, 3)
    assert small[10, 10].tolist()[0] > 240
    assert picture.pixels[100, 100].tolist()[0] > 240


def test_damaged_exif_is_no_reason_to_refuse() -> None:
    data = encoded(noise(64, 48), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode(data).orientation == 1


def test_a_large_jpeg_is_decoded_small_first_and_whole_on_request() -> None:
    picture = decode(encoded(noise(4000, 2000), "JPEG"))
    assert picture._base.width < 4000
    assert picture.scaled(BASE_SIDE).shape == (640, 1280, 3)
    assert picture.scaled(3000).shape == (1500, 3000, 3)
    assert picture.pixels.shape == (2000, 4000, 3)


def test_scaled_is_cached_read_only_and_never_empty() -> None:
    picture = Picture(np.zeros((2, 4000, 3), dtype=np.uint8))
    thin = picture.scaled(100)
    assert thin.shape == (1, 100, 3)
    assert picture.scaled(100) is thin
    assert picture.scaled(5000) is picture.pixels
    with pytest.raises(ValueError, match="read-only"):
        thin[0, 0, 0] = 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_is_cut_off_is_annotated_as_far_as_it_goes(kind: str) -> None:
    size = (900, 600) if kind == "GIF" else (3000, 2000)  # finding its 256 colours takes seconds
    whole = encoded(noise(*size), kind)
    picture = decode(whole[:-4000])
    assert (picture.width, picture.height) == size
    there, all_there = picture.scaled(300)[:150], decode(whole).scaled(300)[:150]
    assert np.abs(there.astype(int) - all_there).max() < 4


def test_one_pixel() -> None:
    assert decode(encoded(Image.new("RGB", (1, 1)), "PNG")).scaled(300).shape == (1, 1, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_tiff_is_turned_once(orientation: int) -> None:
    stored = Image.new("RGB", (40, 20), "white")
    stored.paste("blue", (0, 0, 10, 10))
    file = io.BytesIO()
    stored.save(file, "TIFF", tiffinfo={274: orientation})
    as_jpeg = io.BytesIO()
    exif = Image.Exif()
    exif[274] = orientation
    stored.save(as_jpeg, "JPEG", exif=exif, quality=100, subsampling=0)
    picture, expected = decode(file.getvalue()), decode(as_jpeg.getvalue())
    assert (picture.width, picture.height) == (expected.width, expected.height)
    assert picture.orientation == orientation
    assert np.abs(picture.pixels.astype(int) - expected.pixels).max() < 60
