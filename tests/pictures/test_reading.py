"""One reader of pictures: what browsers show is read, in the colours in which they show it."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from core.errors import PictureError
from core.pictures.decoding import DamagedPicture, PictureTooLarge, decode
from core.pictures.formats import Format, format_of
from core.pictures.inspection import inspect
from core.pictures.limits import MAX_BYTES
from core.pictures.orientation import STORED, UPRIGHT, upright_size
from core.pictures.wholeness import Wholeness, wholeness

IVORY, CRIMSON = (255, 255, 240), (220, 20, 60)


def drawing() -> Image.Image:
    """Crimson in the upper left of ivory."""
    image = Image.new("RGB", (320, 240), IVORY)
    ImageDraw.Draw(image).rectangle((20, 20, 200, 120), fill=CRIMSON)
    return image


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """A picture file's bytes."""
    file = io.BytesIO()
    (image or drawing()).save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """A chunk of a PNG."""
    checksum = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png_with(extra: bytes) -> bytes:
    """A PNG with chunks behind its header."""
    png = encoded("PNG")
    return png[:33] + extra + png[33:]


def off(image: Image.Image, place: tuple[int, int], colour: object) -> int:
    """How far a pixel is from a colour, in the channel that is furthest off."""
    return int(np.abs(np.asarray(image)[place[::-1]].astype(int) - np.asarray(colour)).max())


def patched(data: bytes, place: int, form: str, value: int) -> bytes:
    """Bytes with one number changed."""
    changed = bytearray(data)
    struct.pack_into(form, changed, place, value)
    return bytes(changed)


LONG = zlib.compress(b"{}" * 700_000)
JPEG, PNG, GIF, BMP, TIFF = (encoded(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF"))
INDEXED = encoded("BMP", drawing().quantize(256))

SHOWN_BY_BROWSERS = {
    "long zTXt": png_with(chunk(b"zTXt", b"w\0\0" + LONG)),
    "long iTXt": png_with(chunk(b"iTXt", b"w\0\1\0\0\0" + LONG)),
    "80 texts of 1 MB": png_with(80 * chunk(b"iTXt", b"w\0\1\0\0\0" + LONG)),
    "profile over 1 MB": png_with(chunk(b"iCCP", b"i\0\0" + zlib.compress(b"\0" * 1_400_000))),
    "profile of nonsense": png_with(chunk(b"iCCP", b"i\0\0" + zlib.compress(b"nonsense"))),
    "wrong checksum of a text": png_with(chunk(b"tEXt", b"a\0b", 0)),
    "wrong checksum of a time": png_with(chunk(b"tIME", b"\x07\xea\x01\x01\0\0\0", 0)),
    "no IEND": PNG[:-12],
    "JPEG without its end": JPEG[:-2],
    "JPEG with a video behind": JPEG + b"\0\0\0\x18ftypmp42" + b"\xff\xd8\xff" * 9_000,
    "GIF without its end": GIF[:-1],
    "BMP: length of pixels": patched(BMP, 34, "<I", 5),
    "BMP: length of the file": patched(BMP, 2, "<I", 1),
    "BMP: planes": patched(BMP, 26, "<H", 0),
    "BMP: colours": patched(BMP, 46, "<I", 70_000),
    "BMP: reserved": patched(BMP, 6, "<I", 0xFFFF),
    "BMP: no place of pixels": patched(BMP, 10, "<I", 0),
    "indexed BMP: 300 colours": patched(INDEXED, 46, "<I", 300),
    "indexed BMP: 70,000 colours": patched(INDEXED, 46, "<I", 70_000),
    "damaged EXIF": encoded("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
}


@pytest.mark.parametrize("name", SHOWN_BY_BROWSERS)
def test_what_browsers_show_is_read(name: str) -> None:
    data = SHOWN_BY_BROWSERS[name]
    image = decode(data).image
    assert off(image, (100, 70), CRIMSON) < 16
    assert off(image, (300, 200), IVORY) < 8
    assert inspect(data).fault == ""


@pytest.mark.parametrize(
    "data",
    [JPEG, PNG, GIF, TIFF, BMP],
    ids=["JPEG", "PNG", "GIF", "TIFF", "BMP"],
)
def test_what_is_cut_off_is_read_as_far_as_it_goes_and_says_so(data: bytes) -> None:
    data = data[: len(data) * 2 // 3]
    assert decode(data).size == (320, 240)
    assert "cut off" in inspect(data).remark


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "ICO"])
def test_a_whole_picture_is_whole_and_no_part_of_it_is(kind: str) -> None:
    data = encoded(kind, drawing().resize((128, 96)))
    assert inspect(data).remark == inspect(data).fault == ""
    file_format = inspect(data).format
    assert file_format is not None
    for part in (0.3, 0.6, 0.9):
        cut = data[: int(len(data) * part)]
        if kind != "ICO":  # its pictures are PNG or BMP inside
            assert wholeness(cut, file_format) is not Wholeness.WHOLE, part


NOTHING_TO_SHOW = {
    "empty": b"",
    "a text": b"hello, I am a text",
    "a JPEG's first bytes": JPEG[:300],
    "a PNG's header": PNG[:60],
    "a GIF's header": GIF[:30],
    "WebP cut off": encoded("WEBP")[:-40],
    "PNG without pixels": PNG[:33] + PNG[-12:],
    "a PDF": b"%PDF-1.7\n%%EOF",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("name", NOTHING_TO_SHOW)
def test_a_file_without_a_picture_is_refused_before_and_while_it_is_read(name: str) -> None:
    with pytest.raises(DamagedPicture):
        decode(NOTHING_TO_SHOW[name])
    assert inspect(NOTHING_TO_SHOW[name]).fault


def test_size_is_limited_in_bytes_and_in_pixels() -> None:
    assert "20 MB" in inspect(JPEG + b"\0" * MAX_BYTES).fault
    header = struct.pack(">IIBBBBB", 8661, 8660, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(30_000))
    large = PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(PictureTooLarge, match="75 million"):
        decode(large)
    assert "75 million" in inspect(large).fault


@pytest.mark.parametrize(
    ("mode", "value", "shown"),
    [("I;16", 0, 0), ("I;16", 200, 1), ("I;16", 32896, 128), ("I;16", 65535, 255)],
)
def test_16_bit_grey_is_scaled_by_its_range_whatever_it_holds(
    mode: str, value: int, shown: int
) -> None:
    grey = Image.fromarray(np.full((8, 8), value, np.uint16))
    assert grey.mode == mode
    assert decode(encoded("PNG", grey)).image.getpixel((3, 3)) == (shown,) * 3
    assert decode(encoded("TIFF", grey)).image.getpixel((3, 3)) == (shown,) * 3


@pytest.mark.parametrize(("top", "shown"), [(1.0, 255), (0.5, 128), (255.0, 255), (9e9, 255)])
def test_floats_are_scaled_by_the_largest(top: float, shown: int) -> None:
    values = np.zeros((8, 8), np.float32)
    values[3, 3], values[0, 0] = top, np.nan
    image = decode(encoded("TIFF", Image.fromarray(values))).image
    assert image.getpixel((3, 3)) == (shown,) * 3
    assert image.getpixel((0, 0)) == (0, 0, 0)


def display_p3() -> bytes:
    """sRGB's own profile with the primaries of Display P3."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2919, 0.6922, 0.0419),
        b"bXYZ": (0.1572, 0.0666, 0.7841),
    }
    for index in range(struct.unpack(">I", profile[128:132])[0]):
        tag, place, _ = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        if tag in primaries:
            coded = b"".join(struct.pack(">i", round(x * 65536)) for x in primaries[tag])
            profile[place + 8 : place + 20] = coded
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colour_profiles_are_converted_to_srgb(kind: str, mode: str) -> None:
    if (kind, mode) in {("JPEG", "RGBA"), ("JPEG", "P"), ("WEBP", "P")}:
        pytest.skip("the format has no such mode")
    profile = display_p3()
    flat = Image.new("RGB", (200, 150), (200, 120, 90))
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    right = ImageCms.profileToProfile(flat, source, ImageCms.createProfile("sRGB"))
    assert right is not None
    exact: dict[str, Any] = {"quality": 100, "lossless": True} if kind != "TIFF" else {}
    image = flat.quantize(4) if mode == "P" else flat.convert(mode)
    data = encoded(kind, image, icc_profile=profile, **exact)
    got = decode(data).image
    assert off(got, (9, 9), right.getpixel((9, 9))) <= 3
    assert off(got, (9, 9), (200, 120, 90)) > 8


def test_a_profile_of_other_channels_is_left_alone() -> None:
    grey = Image.new("L", (20, 20), 100)
    data = encoded("PNG", grey, icc_profile=display_p3())
    assert decode(data).image.getpixel((3, 3)) == (100, 100, 100)


def test_gamma_of_a_png_is_applied() -> None:
    linear = Image.new("RGB", (20, 20), (55, 55, 55))
    data = encoded("PNG", linear)
    with_gamma = data[:33] + chunk(b"gAMA", struct.pack(">I", 100_000)) + data[33:]
    # 55 / 255 of the light is 128 in sRGB.
    assert decode(with_gamma).image.getpixel((3, 3)) == (128, 128, 128)
    usual = data[:33] + chunk(b"gAMA", struct.pack(">I", 45_455)) + data[33:]
    assert decode(usual).image.getpixel((3, 3)) == (55, 55, 55)


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description tiff:Orientation="6" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_alone_turns_a_picture(kind: str) -> None:
    if kind == "TIFF":
        data = encoded(kind, tiffinfo={700: XMP})
    elif kind == "PNG":
        text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        data = png_with(text)
    else:
        data = encoded(kind, xmp=XMP)
    picture = decode(data)
    assert (picture.size, picture.orientation) == ((320, 240), 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    both: dict[str, Any] = {} if kind == "PNG" else {"xmp": XMP}
    turned = decode(encoded(kind, exif=exif, **both))
    assert (turned.size, turned.orientation, turned.stored) == ((240, 320), 6, (320, 240))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_leads_there_and_back(orientation: int) -> None:
    width, height = upright_size(40, 20, orientation)
    for point in ((0.0, 0.0), (3.0, 7.0), (40.0, 20.0)):
        x, y = UPRIGHT[orientation](*point, 40, 20)
        assert 0 <= x <= width
        assert 0 <= y <= height
        assert STORED[orientation](x, y, width, height) == point


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "I;16", "CMYK", "1", "LA"])
def test_bands_give_what_the_whole_gives(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image = (
        drawing()
        if mode == "I;16"
        else drawing().quantize(9)
        if mode == "P"
        else drawing().convert(mode)
    )
    if mode == "I;16":
        image = Image.fromarray(np.asarray(drawing().convert("L")).astype(np.uint16) * 257)
    data = encoded(kind, image)
    whole = np.asarray(decode(data).image)
    reduced = np.asarray(decode(data, 100).image)
    monkeypatch.setattr("core.pictures.decoding.BAND_PIXELS", 5_000)
    assert np.array_equal(np.asarray(decode(data).image), whole)
    assert np.array_equal(np.asarray(decode(data, 100).image), reduced)
    assert reduced.shape == (80, 107, 3)


def test_a_jpeg_is_decoded_smaller_and_knows_its_size() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    picture = decode(encoded("JPEG", drawing().resize((3200, 2400)), exif=exif), 300)
    assert picture.size == (2400, 3200)
    assert 300 <= max(picture.image.size) < 600
    assert picture.image.width < picture.image.height


SNIFFED = {
    JPEG: Format.JPEG,
    PNG: Format.PNG,
    GIF: Format.GIF,
    BMP: Format.BMP,
    TIFF: Format.TIFF,
    encoded("WEBP"): Format.WEBP,
    encoded("ICO"): Format.ICO,
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": Format.HEIC,
    b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif": Format.AVIF,
    b"\0\0\0\x18ftypmp42\0\0\0\0isommp42": None,
    b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>": Format.SVG,
    b"<?xml version='1.0'?><rss/>": None,
    b"junk before %PDF-1.4": Format.PDF,
    b"RIFF\0\0\0\0WAVE": None,
    b"": None,
}


@pytest.mark.parametrize("data", SNIFFED, ids=lambda data: repr(data[:12]))
def test_the_format_is_reported_by_the_first_bytes(data: bytes) -> None:
    assert format_of(data) is SNIFFED[data]


def test_the_beginning_of_a_file_is_not_called_cut_off() -> None:
    large = encoded("PNG", Image.effect_noise((400, 300), 90))
    inspection = inspect(large[:2_000], whole=False)
    assert (inspection.fault, inspection.remark, inspection.size) == ("", "", (400, 300))
    assert inspect(b"nothing", whole=False).fault


def test_pages_and_frames_are_counted() -> None:
    pages = [drawing(), drawing(), drawing()]
    for kind in ("TIFF", "GIF"):
        moved = [page.rotate(10 * n) for n, page in enumerate(pages)]
        data = encoded(kind, moved[0], save_all=True, append_images=moved[1:])
        assert inspect(data).frames == 3
    assert inspect(PNG).frames == 1


def test_whatever_bytes_there_are_there_is_a_picture_or_a_reason() -> None:
    rng = np.random.default_rng(20261128)
    for data in (JPEG, PNG, GIF, BMP, TIFF, encoded("WEBP"), encoded("ICO")):
        for _ in range(60):
            broken = bytearray(data)
            for place in rng.integers(0, min(len(data), 600), 6):
                broken[place] = rng.integers(0, 256)
            try:
                decode(bytes(broken), 100)
            except PictureError as error:
                assert error.what
            assert inspect(bytes(broken)) is not None


def test_what_a_decoder_says_of_python_objects_is_not_repeated() -> None:
    for bad in (b"GIF89a not a picture", b"\x89PNG\r\n\x1a\n cut off", b"RIFF\0\0\0\0WEBPVP8 "):
        with pytest.raises(DamagedPicture) as raised:
            decode(bad)
        assert "<_io" not in str(raised.value) and "cannot be decoded" in str(raised.value)
