"""Names refused before any server sees them, and the verbs on the real emulator."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.app.hub import Hub
from core.buckets import GcsUri
from core.errors import BadObjectName, BucketNotFound, ObjectNotFound


@pytest.mark.parametrize(
    "uri",
    ["", "b/o", "http://b/o", "gs://", "gs:///o", "gs://../o", "gs://b/../o", "gs://b/a/./c",
     "gs://b/a\nb", "gs://b c/o", "gs://b/" + "x" * 1025, "xgs://b/o", "gs://b/\ud800",
     "gs://-b/o", "gs://b-/o", "gs://b_/o", "gs://b./", "gs://_"],
)  # fmt: skip
def test_addresses_that_must_not_be_opened(uri: str) -> None:
    with pytest.raises(BadObjectName):
        GcsUri.parse(uri)


@pytest.mark.parametrize("name", ["a.jpg ", " a.jpg", "dir /b.jpg", "c.jpg\t", "a//b", "/a", "a/"])
def test_a_name_is_taken_as_it_is(hub: Hub, name: str) -> None:
    uri = f"gs://contact-sheet/as it is/{name}"
    assert GcsUri.parse(uri).name == f"as it is/{name}"
    assert str(GcsUri.parse(uri)) == str(GcsUri.parse(f" \t{uri}")) == uri
    hub.connection().buckets.write(uri, name.encode())
    assert uri in [info.uri for info in hub.buckets.list_objects("gs://contact-sheet/as it is/")]
    assert hub.buckets.read(uri) == name.encode()
    hub.connection().buckets.delete(uri)


def test_a_bucket_alone_is_not_written(hub: Hub) -> None:
    with pytest.raises(BadObjectName, match="names a bucket"):
        hub.connection().buckets.write("gs://contact-sheet/", b"")


@given(st.text(max_size=60))
def test_an_accepted_name_never_climbs(name: str) -> None:
    try:
        uri = GcsUri.parse(f"gs://bucket/{name}")
    except BadObjectName:
        return
    assert uri.bucket == "bucket"
    assert not {".", ".."} & set(uri.name.split("/"))


@pytest.mark.parametrize("name", ["a b.jpg", "ü/日本.png", "q?x=1#f.gif", "100%.bmp", "a&b+c.webp"])
def test_odd_names_come_back_whole(hub: Hub, name: str) -> None:
    uri = f"gs://contact-sheet/odd/{name}"
    hub.connection().buckets.write(uri, b"12345", "image/png")
    assert hub.buckets.read(uri) == b"12345"
    assert hub.buckets.read(uri, limit=2) == b"12"
    with io.BytesIO() as file:
        hub.buckets.copy(uri, file, limit=3)
        assert file.getvalue() == b"123"
    assert uri in [info.uri for info in hub.buckets.list_objects("gs://contact-sheet/odd/")]
    hub.connection().buckets.delete(uri)
    assert not hub.buckets.exists(uri)


def test_empty_object_and_missing_ones(hub: Hub) -> None:
    hub.connection().buckets.write("gs://contact-sheet/odd/empty", b"")
    assert hub.buckets.read("gs://contact-sheet/odd/empty", limit=10) == b""
    with pytest.raises(ObjectNotFound):
        hub.buckets.read("gs://contact-sheet/odd/none")
    with pytest.raises(BucketNotFound):
        list(hub.buckets.list_objects("gs://nobodys/odd/"))
    with pytest.raises(BucketNotFound):
        hub.buckets.check_bucket("nobodys")
