"""Pictures under a prefix: none that is one is missed, none that is left out vanishes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from core.errors import BadObjectName, BucketNotFound
from core.jobs.batch import bucket_prefix
from core.jobs.batch.bucket_prefix import from_prefix, pattern_of
from core.jobs.batch.sources import ImageRef
from tests.kit.services.jobs_rig import Rig


def picture(kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, kind, **options)
    return out.getvalue()


def test_pictures_by_name_type_or_first_bytes(rig: Rig) -> None:
    for name, data, kind in (
        ("p/a.JPG", b"12345", "application/octet-stream"),
        ("p/b", b"12345", "image/png"),
        ("p/c.txt", b"12345", "text/plain"),
        ("p/d.txt", picture(), "text/plain"),
        ("p/e", picture("TIFF"), "application/octet-stream"),
        ("p/f.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        ("p/g.pdf", b"%PDF-1.7", "application/pdf"),
        ("p/h", b"", "application/octet-stream"),
        ("p/output-1-to-2.json", b"{}", "application/json"),
        ("p/sub/ü d#?.webp", b"12345", "image/webp"),
        ("q/e.jpg", b"12345", "image/jpeg"),
    ):
        rig.buckets.write(f"gs://{rig.bucket}/{name}", data, kind)
    contents = from_prefix(rig.buckets, f"gs://{rig.bucket}/p/")
    names = [picture.name for picture in contents.pictures]
    assert names == ["a.JPG", "b", "d.txt", "e", "g.pdf", "ü d#?.webp"]
    faults = {fault.where.rsplit("/", 1)[1]: fault.what for fault in contents.faults}
    assert list(faults) == ["c.txt", "f.heic", "h", "output-1-to-2.json"]
    assert "HEIC" in faults["f.heic"]
    assert all(fault.fatal for fault in contents.faults)
    assert len(from_prefix(rig.buckets, f"gs://{rig.bucket}/p/", limit=2).pictures) == 2
    assert from_prefix(rig.buckets, f"gs://{rig.bucket}/nothing/").pictures == ()


def test_of_very_many_doubtful_objects_each_is_named(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_prefix, "LOOK_INTO", 1)
    for number in range(3):
        rig.buckets.write(f"gs://{rig.bucket}/many/{number}", picture(), "text/plain")
    contents = from_prefix(rig.buckets, f"gs://{rig.bucket}/many/")
    assert [picture.name for picture in contents.pictures] == ["0"]
    assert [fault.where[-1] for fault in contents.faults] == ["1", "2"]
    assert "Not opened" in contents.faults[0].what


def test_prefix_that_is_none(rig: Rig) -> None:
    with pytest.raises(BucketNotFound):
        from_prefix(rig.buckets, "gs://no-such-bucket-at-all/x")
    with pytest.raises(BadObjectName):
        from_prefix(rig.buckets, "somewhere")
    with pytest.raises(BadObjectName, match="without wildcards"):
        from_prefix(rig.buckets, "gs://b*/x.jpg")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.jpg", ["a.jpg", "b.jpg"]),
        ("**.jpg", ["a.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg"]),
        ("x/*", ["x/c.jpg", "x/e.png"]),
        ("x/**", ["x/c.jpg", "x/e.png", "x/y/d.jpg"]),
        ("*/", ["x/c.jpg", "x/e.png", "x/y/d.jpg"]),
        ("?.jpg", ["a.jpg", "b.jpg"]),
        ("[a-a].jpg", ["a.jpg"]),
        ("[!a].jpg", ["b.jpg"]),
        ("[", []),
        ("x/[", []),
        ("a.jpg*", ["a.jpg"]),
        ("*(", []),
    ],
)
def test_wildcards_match_as_in_gsutil(rig: Rig, pattern: str, names: list[str]) -> None:
    for name in ("a.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg", "x/e.png"):
        rig.buckets.write(f"gs://{rig.bucket}/w/{name}", picture(), "image/jpeg")
    base = f"gs://{rig.bucket}/w/"
    contents = from_prefix(rig.buckets, base + pattern)
    assert [p.uri.removeprefix(base) for p in contents.pictures if isinstance(p, ImageRef)] == names


def test_without_wildcards_a_prefix_is_a_names_beginning() -> None:
    assert pattern_of("gs://b/plain (1).jpg") == (None, "gs://b/plain (1).jpg")
