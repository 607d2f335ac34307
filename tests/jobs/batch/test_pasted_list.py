"""Addresses as people paste them."""

from __future__ import annotations

import pytest

from core.jobs.batch.pasted_list import from_list
from core.jobs.batch.sources import ImageRef


def test_list_of_addresses() -> None:
    contents = from_list(
        "gs://b/one.jpg\n\n  'gs://b/two.jpg',\n# a remark\n\"gs://b/ö #?.png\"\r\ngs://b/one.jpg\n"
    )
    assert list(contents.pictures) == [
        ImageRef("gs://b/one.jpg"),
        ImageRef("gs://b/two.jpg"),
        ImageRef("gs://b/ö #?.png"),
    ]
    assert [(fault.where, fault.fatal) for fault in contents.faults] == [
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
    contents = from_list(f"gs://b/good.jpg\n{line}\ngs://b/fine.jpg")
    assert [picture.name for picture in contents.pictures] == ["good.jpg", "fine.jpg"]
    assert len(contents.faults) == 1
    fault = contents.faults[0]
    assert what in fault.what and fault.where.startswith("line 2: ") and fault.fatal


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("GS://b/a.jpg", "gs://b/a.jpg"),
        ("\ufeffgs://b/a.jpg", "gs://b/a.jpg"),
        ("“gs://b/a.jpg”", "gs://b/a.jpg"),
        ("'gs://b/ends in space.jpg '", "gs://b/ends in space.jpg "),
        ("https://storage.googleapis.com/b/a%20b/%C3%BC.jpg", "gs://b/a b/ü.jpg"),
        ("https://storage.cloud.google.com/b/a.jpg?authuser=1", "gs://b/a.jpg"),
        ("HTTPS://b.storage.googleapis.com/x/a.jpg", "gs://b/x/a.jpg"),
        (
            "https://console.cloud.google.com/storage/browser/_details/b/x/a.jpg;tab=live",
            "gs://b/x/a.jpg",
        ),
        (
            "     12345  2026-11-28T10:00:00Z  gs://b/with two  blanks.jpg",
            "gs://b/with two  blanks.jpg",
        ),
        ("  12345  2026-11-28T10:00:00Z  gs://b/a.jpg#17  metageneration=1", "gs://b/a.jpg#17"),
        ("gs://b/a, with commas, b.jpg", "gs://b/a, with commas, b.jpg"),
        ("gs://b/a.jpg,dog,0.9x,gs", "gs://b/a.jpg,dog,0.9x,gs"),
        ("gs://b/a.jpg,12", "gs://b/a.jpg"),
        ('"gs://b/a,b.jpg",12,dog', "gs://b/a,b.jpg"),
        ("gs://b/line\u2028and\x0bpage.jpg", "gs://b/line\u2028and\x0bpage.jpg"),
        ("17;gs://b/a.jpg;dog", "gs://b/a.jpg"),
        ("17\tgs://b/a.jpg\tdog", "gs://b/a.jpg"),
    ],
)
def test_any_way_to_write_an_address(line: str, address: str) -> None:
    contents = from_list(line)
    assert contents.faults == ()
    assert contents.pictures == (ImageRef(address),)


def test_a_table_with_a_header() -> None:
    table = (
        "id,Image_URI,label\r\n1,gs://b/1.jpg,cat\r\n2,https://storage.googleapis.com/b/2.jpg,\r\n"
    )
    assert from_list(table).pictures == (ImageRef("gs://b/1.jpg"), ImageRef("gs://b/2.jpg"))
    assert from_list("uri\ngs://b/1.jpg").pictures == (ImageRef("gs://b/1.jpg"),)
    broken = from_list("id,uri\n1,gs://b/1.jpg\n2,nothing")
    assert len(broken.pictures) == 1
    assert [fault.where for fault in broken.faults] == ["line 3: nothing"]


def test_what_gsutil_prints_besides_is_no_picture() -> None:
    printed = (
        "gs://b/x/:\n"
        "      5  2026-11-28T10:00:00Z  gs://b/x/a.jpg\n"
        "                                 gs://b/x/sub/\n"
        "TOTAL: 1 objects, 5 bytes (5 B)\n"
    )
    contents = from_list(printed)
    assert contents.pictures == (ImageRef("gs://b/x/a.jpg"),)
    assert [fault.what for fault in contents.faults] == ["A folder, not a picture"] * 2
