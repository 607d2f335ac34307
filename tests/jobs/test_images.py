"""Where pictures come from; names are hostile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.buckets import check_object_name
from core.errors import BadObjectName, BucketNotFound, PictureError
from core.jobs.images import ImageRef, from_folder, from_list, from_prefix, object_name, safe_name
from tests.jobs.conftest import Rig


def test_list_of_addresses() -> None:
    found = from_list(
        "gs://b/one.jpg\n\n  'gs://b/two.jpg',\n# a remark\n\"gs://b/ö #?.png\"\r\ngs://b/one.jpg\n"
    )
    assert list(found.pictures) == [
        ImageRef("gs://b/one.jpg"),
        ImageRef("gs://b/two.jpg"),
        ImageRef("gs://b/ö #?.png"),
    ]
    assert [(fault.where, fault.fatal) for fault in found.faults] == [
        ("line 6: gs://b/one.jpg", False)
    ]


def test_empty_list() -> None:
    assert from_list("") == from_list(" \n\n# nothing")
    assert from_list("").pictures == ()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("https://example.com/a.jpg", "A web address"),
        ("/home/me/a.jpg", "Not a Cloud Storage address"),
        ("gs://", "Not a Cloud Storage address"),
        ("gs://bucket", "A folder"),
        ("gs://bucket/folder/", "A folder"),
        ("gs://bucket/../secret.jpg", "part '.' or '..'"),
        ("gs://bucket/" + "x" * 1100, "1100 bytes"),
    ],
)
def test_bad_lines_are_named_and_the_rest_is_kept(line: str, what: str) -> None:
    found = from_list(f"gs://b/good.jpg\n{line}\ngs://b/fine.jpg")
    assert [picture.name for picture in found.pictures] == ["good.jpg", "fine.jpg"]
    assert len(found.faults) == 1
    fault = found.faults[0]
    assert what in fault.what and fault.where.startswith("line 2: ") and fault.fatal


def test_prefix(rig: Rig) -> None:
    for name, kind in (
        ("p/a.JPG", "application/octet-stream"),
        ("p/b", "image/png"),
        ("p/c.txt", "text/plain"),
        ("p/sub/ü d#?.webp", "image/webp"),
        ("p/output-1-to-2.json", "application/json"),
        ("q/e.jpg", "image/jpeg"),
    ):
        rig.buckets.write(f"gs://{rig.bucket}/{name}", b"12345", kind)
    found = from_prefix(rig.buckets, f"gs://{rig.bucket}/p/")
    assert [picture.name for picture in found.pictures] == ["a.JPG", "b", "ü d#?.webp"]
    assert {picture.size for picture in found.pictures} == {5}
    assert (found.skipped, found.faults) == (2, ())
    assert len(from_prefix(rig.buckets, f"gs://{rig.bucket}/p/", limit=2).pictures) == 2
    assert from_prefix(rig.buckets, f"gs://{rig.bucket}/nothing/").pictures == ()


def test_prefix_that_is_none(rig: Rig) -> None:
    with pytest.raises(BucketNotFound):
        from_prefix(rig.buckets, "gs://no-such-bucket-at-all/x")
    with pytest.raises(BadObjectName):
        from_prefix(rig.buckets, "somewhere")


def test_folder(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "sub/c.webp", ".git/d.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"123")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    found = from_folder(tmp_path)
    assert [picture.name for picture in found.pictures] == ["a.PNG", "b.jpg", "sub/c.webp"]
    assert all(picture.size == 3 for picture in found.pictures)
    assert found.skipped == 1
    flat = from_folder(tmp_path, recursive=False)
    assert [picture.name for picture in flat.pictures] == ["a.PNG", "b.jpg"]


def test_folder_with_broken_entries(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "good.jpg").write_bytes(b"1")
    bad_name = os.fsencode(tmp_path) + b"/\xff\xfe.jpg"
    Path(os.fsdecode(bad_name)).write_bytes(b"1")
    found = from_folder(tmp_path)
    assert [picture.name for picture in found.pictures] == ["good.jpg"]
    assert sorted(fault.what[:25] for fault in found.faults) == [
        "The file cannot be read: ",
        "The file's name is not va",
    ]
    for fault in found.faults:
        fault.where.encode()  # can be shown


@pytest.mark.parametrize("missing", ["nowhere", "file.jpg"])
def test_no_folder(tmp_path: Path, missing: str) -> None:
    (tmp_path / "file.jpg").write_bytes(b"1")
    with pytest.raises(PictureError, match="no such folder"):
        from_folder(tmp_path / missing)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\My Photo (1).JPG", "My-Photo-1.jpg"),
        ("каталог/Снимок №5.png", "Снимок-5.png"),
        ("写真.webp", "写真.webp"),
        ("", "picture"),
        ("...", "picture"),
        (".jpg", "picture.jpg"),
        ("a#b?c*d[e].gif", "a-b-c-d-e.gif"),
        ("line\nbreak\x00.jpg", "line-break.jpg"),
        ("x" * 500 + ".jpeg", "x" * 60 + ".jpeg"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(), st.integers(1, 2_000_000))
def test_object_names_are_always_fit_to_write(name: str, position: int) -> None:
    made = object_name(position, name)
    check_object_name(made, for_writing=True)
    assert made.count("/") == 1 and len(made.encode()) < 200
    assert not set(made) & set("#?*[]\\<>:\"'|%& \t")
