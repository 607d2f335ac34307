"""What is known before sending: numbers, and bad pictures of every kind."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import BucketUnavailable
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import Fault, ImageRef, LocalPicture
from core.jobs.sending.preflight.preflight import check
from core.jobs.service.connection import Backend, Connection
from core.pictures.limits import MAX_BYTES, MAX_FILE_BYTES
from tests.kit.pictures.documents import pdf
from tests.kit.services.jobs_rig import REQUEST, Rig

MANY_PIXELS = (10_000, 7_501)


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **save: Any) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).resize(size, Image.Resampling.NEAREST).save(out, kind, **save)
    return out.getvalue()


def animated(kind: str = "GIF") -> bytes:
    frames = [Image.new("RGB", (20, 20), (shade, 0, 0)) for shade in (0, 90, 180)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def image_bytes(mode: str, kind: str, fill: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (20, 20), fill).save(out, kind)
    return out.getvalue()


def exif_rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(exif=exif)


GOOD = {
    "plain.jpg": picture(),
    "plain.png": picture("PNG"),
    "16-bit.png": image_bytes("I;16", "PNG", 40_000),
    "cmyk.jpg": image_bytes("CMYK", "JPEG", (10, 200, 30, 0)),
    "animated.gif": animated(),
    "lossless.webp": picture("WEBP", lossless=True),
    "bitmap.bmp": picture("BMP"),
    "icon.ico": picture("ICO"),
    "rotated.jpg": exif_rotated(),
    "one-pixel.png": picture("PNG", (1, 1)),
    "progressive.jpg": picture(progressive=True),
    "wrong-ending.png": picture("JPEG"),
    "scan of one page.jpg": picture("TIFF"),
    "motion photo.jpg": picture() + b"\0\0\0\x18ftypmp42" + b"\xff\xd8\xff\xe0" * 90_000,
    "with more behind.jpg": picture() + b"\0" * 5_000,
    "long exif.jpg": picture(exif=b"Exif\0\0" + b"\0" * 60_000, icc_profile=b"\0" * 90_000),
    "name # ? ü 写真 'x'.jpg": picture(),
}
BAD = {
    "empty.jpg": (b"", "empty"),
    "text.jpg": (b"this is no picture at all", "Not a picture"),
    "zeros.png": (b"\0" * 4_000, "Not a picture"),
    "document.jpg": (b"%PDF-1.7 ...", "damaged"),
    "drawing.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "phone.jpg": (b"\0\0\0\x18ftypheic" + b"\0" * 50, "HEIC"),
    "web.png": (b"<?xml version='1.0'?><svg/>", "SVG"),
    "cut.png": (picture("PNG")[:20], "breaks off"),
    "heavy.jpg": (picture() + b"\0" * MAX_BYTES, "20 MB"),
    "huge.png": (picture("PNG", MANY_PIXELS), "75 million"),
    "other.png": (picture("PPM"), "Not a picture"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name, data in GOOD.items():
        (folder / name).write_bytes(data)
    for name, (data, _) in BAD.items():
        (folder / name).write_bytes(data)
    return folder


def local(folder: Path, name: str) -> LocalPicture:
    path = folder / name
    return LocalPicture(path, name, path.stat().st_size if path.exists() else 0)


@pytest.mark.parametrize("name", GOOD)
def test_good_file(folder: Path, name: str) -> None:
    preflight = check([local(folder, name)], REQUEST)
    assert preflight.faults == ()
    assert preflight.good == (local(folder, name),)


@pytest.mark.parametrize("name", BAD)
def test_bad_file(folder: Path, name: str) -> None:
    preflight = check([local(folder, "plain.jpg"), local(folder, name)], REQUEST)
    assert [fault.where for fault in preflight.faults] == [name]
    fault = preflight.faults[0]
    assert BAD[name][1] in fault.what and fault.fatal and fault.then
    assert preflight.good == (local(folder, "plain.jpg"),)
    assert preflight.count == 2


def test_missing_file(folder: Path) -> None:
    faults = check([local(folder, "nowhere.jpg")], REQUEST).faults
    assert [fault.what for fault in faults] == ["The file cannot be read"]


@pytest.mark.parametrize(("kind", "cut"), [("JPEG", 300), ("PNG", 300)])
def test_cut_off_file_is_a_remark(tmp_path: Path, kind: str, cut: int) -> None:
    (tmp_path / "cut").write_bytes(picture(kind)[:-cut])
    preflight = check([local(tmp_path, "cut")], REQUEST)
    assert [(fault.what, fault.fatal) for fault in preflight.faults] == [
        ("The file is cut off: it is read as far as it goes", False)
    ]
    assert len(preflight.good) == 1


def test_objects(rig: Rig) -> None:
    good, bad = [], {}
    for name, data in GOOD.items():
        uri = f"gs://{rig.bucket}/in/{name}"
        rig.buckets.write(uri, data)
        good.append(ImageRef(uri))
    for name, (data, what) in BAD.items():
        uri = f"gs://{rig.bucket}/in/{name}"
        rig.buckets.write(uri, data)
        bad[uri] = what
    bad[f"gs://{rig.bucket}/in/nowhere.jpg"] = "no such object"
    bad["gs://no-such-bucket-at-all/x.jpg"] = "no such"
    preflight = check([*good, *map(ImageRef, bad)], REQUEST, buckets=rig.buckets)
    assert [p.uri for p in preflight.good if isinstance(p, ImageRef)] == [p.uri for p in good]
    assert all(picture.content.startswith("md5:") and picture.size for picture in preflight.good)
    assert [fault.where for fault in preflight.faults] == list(bad)
    for fault in preflight.faults:
        assert bad[fault.where] in fault.what, fault
    assert preflight.unchecked == 0


def test_only_some_objects_are_opened(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.sending.preflight.preflight.LOOK_INTO", 2)
    refs = []
    for number, kind in enumerate(("image/jpeg", "image/jpeg", "", "text/plain")):
        uri = f"gs://{rig.bucket}/in/{number}"
        rig.buckets.write(uri, b"no picture", kind)
        refs.append(ImageRef(uri, 10, kind))
    preflight = check(refs, REQUEST, buckets=rig.buckets)
    # The doubtful ones come first.
    assert [fault.where for fault in preflight.faults] == [refs[2].uri, refs[3].uri]
    assert preflight.unchecked == 2
    assert check(refs, REQUEST).unchecked == 4  # without a bucket nothing is looked at


def test_storage_that_does_not_answer_is_no_pictures_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.buckets.EMULATOR_TIMEOUT_S", 0.3)
    lost = Connection(Backend("127.0.0.1:9", "http://127.0.0.1:9")).buckets
    with pytest.raises(BucketUnavailable):
        check([ImageRef("gs://b/x.jpg")], REQUEST, buckets=lost)


@pytest.mark.parametrize(
    ("count", "operations", "shards"),
    [(0, 0, 0), (1, 1, 1), (2_000, 1, 100), (2_001, 2, 101), (4_030, 3, 202)],
)
def test_numbers(count: int, operations: int, shards: int) -> None:
    request = BatchRequest(("LABEL_DETECTION", "SAFE_SEARCH_DETECTION", "TEXT_DETECTION"))
    preflight = check([ImageRef(f"gs://b/{n}", 1_000) for n in range(count)], request)
    assert (preflight.count, preflight.operations, preflight.shards) == (count, operations, shards)
    assert preflight.units == dict.fromkeys(request.features, count)
    assert preflight.bytes == 1_000 * count
    assert preflight.cost.usd == pytest.approx(2 * 1.5 * max(0, count - 1_000) / 1_000)


def test_units_used_this_month_are_counted() -> None:
    refs = [ImageRef(f"gs://b/{n}") for n in range(100)]
    request = BatchRequest(("LABEL_DETECTION",))
    preflight = check(refs, request, used={"LABEL_DETECTION": 1_000})
    assert preflight.cost.usd == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("count", "processing", "fits"), [(8_000, 0, True), (8_000, 1, False), (1, 7_999, True)]
)
def test_quota(count: int, processing: int, fits: bool) -> None:
    refs = [ImageRef(f"gs://b/{n}") for n in range(count)]
    preflight = check(refs, REQUEST, in_processing=processing)
    assert preflight.quota_fits is fits
    assert "8,000" in preflight.quota


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    check(
        [ImageRef("gs://b/1"), ImageRef("gs://b/2")],
        REQUEST,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]


def test_fault_is_fatal_unless_said_otherwise() -> None:
    assert Fault("x", "y").fatal


def test_files_of_pages_are_named_with_what_to_do(tmp_path: Path) -> None:
    files = {
        "good.pdf": pdf([(200, 300)] * 3),
        "misnamed.jpg": pdf([(200, 300)]),
        "empty.pdf": b"",
        "text.pdf": b"only called one",
        "wide.pdf": pdf([(200, 300), (14_000, 14_000)]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(MAX_FILE_BYTES + 1)
    preflight = check([local(tmp_path, path.name) for path in sorted(tmp_path.iterdir())], REQUEST)
    assert {p.name: p.pages for p in preflight.good} == {
        "good.pdf": 3,
        "misnamed.jpg": 1,
        "wide.pdf": 2,
    }
    faults = {fault.where: fault for fault in preflight.faults}
    assert {name: fault.what.split(";")[0] for name, fault in faults.items()} == {
        "empty.pdf": "The file is empty",
        "large.pdf": "The file has 1.00 GB",
        "text.pdf": "Not a picture, or a broken one",
        "wide.pdf": "1 page over 75 megapixels (of a PDF: million points): page 2",
    }
    assert all(fault.then for fault in preflight.faults)
    assert [name for name, fault in faults.items() if not fault.fatal] == ["wide.pdf"]
