"""The local Cloud Storage through Google's own client: every verb as its documentation has it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions as google
from google.cloud.storage import Bucket, Client

from core.buckets import Buckets
from core.engine.emulator import Emulator

NAMES = [
    *("a.jpg ", " a.jpg", "p.jpg", "p.jpg/x", "p.jpg/x/y", "dir/", "a//b", "//", "/abs", "\t"),
    *("../escape", "a/../b", "a/./b", "..", "x" * 1024, "p/" + "y" * 255, "z" * 256 + "/z"),
    *("é", "e\u0301", "漢字/ñandú 🙂", "a#b?c=d&e%20f+g", "%2e%2e%2f", "q'\"<>", "a\0b", "\\x"),
]
ALLOWED = [name for name in NAMES if name != ".."]


@pytest.fixture
def client(emulated: tuple[Emulator, Buckets]) -> Client:
    client = emulated[1]._client
    for bucket in client.list_buckets():
        if bucket.name != "bkt":
            bucket.delete_blobs(list(bucket.list_blobs()))
            bucket.delete()
    return client


@pytest.fixture
def bucket(client: Client, request: pytest.FixtureRequest) -> Bucket:
    return client.create_bucket(f"test-{abs(hash(request.node.name)) % 10**9}")


def put(bucket: Bucket, *names: str) -> None:
    for name in names:
        bucket.blob(name).upload_from_string(name.encode())


def names(blobs: Any) -> list[str]:
    return [blob.name for blob in blobs]


# -- names ---------------------------------------------------------------------------------------


def test_every_name_has_an_object_of_its_own(bucket: Bucket) -> None:
    put(bucket, *ALLOWED)
    for name in ALLOWED:
        assert bucket.blob(name).download_as_bytes() == name.encode()
        assert bucket.get_blob(name).name == name
    assert names(bucket.list_blobs()) == sorted(ALLOWED, key=str.encode)
    assert names(bucket.list_blobs(prefix="p.jpg/")) == ["p.jpg/x", "p.jpg/x/y"]
    for name in ALLOWED:
        bucket.blob(name).delete()
    assert names(bucket.list_blobs()) == []


@pytest.mark.parametrize(
    "name", [".", "..", "x" * 1025, "é" * 513, "a\nb", "a\rb", ".well-known/acme-challenge/x"]
)
def test_names_that_cloud_storage_refuses(bucket: Bucket, name: str) -> None:
    with pytest.raises(google.BadRequest, match="Invalid object name"):
        bucket.blob(name).upload_from_string(b"x")
    put(bucket, "o")
    if name.strip(".") == "":
        return  # the client's library takes these out of an address
    with pytest.raises(google.BadRequest, match="Invalid object name"):
        bucket.copy_blob(bucket.blob("o"), bucket, name)
    with pytest.raises(google.BadRequest, match="Invalid object name"):
        bucket.blob(name).compose([bucket.blob("o")])
    assert names(bucket.list_blobs()) == ["o"]


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Upper", "-a-", "a..b", "a.-b", "1.2.3.4", "goog-x", "my-google", "a b", "é12",
     "../x", "a/b", ".", "x" * 223],
)  # fmt: skip
def test_bucket_names_that_cloud_storage_refuses(client: Client, name: str) -> None:
    # The client checks some of them by itself.
    with pytest.raises((google.BadRequest, ValueError)):
        client.create_bucket(name)
    with pytest.raises(google.BadRequest, match="Invalid bucket name"):
        client._connection.api_request("POST", "/b", data={"name": name})
    assert [b.name for b in client.list_buckets()] == ["bkt"]


# -- buckets -------------------------------------------------------------------------------------


def test_buckets_are_listed_by_prefix_and_page(client: Client) -> None:
    for name in ("one-a", "one-b", "one-c", "two-a", "one_d", "on"):
        if len(name) > 2:
            client.create_bucket(name)
    assert [b.name for b in client.list_buckets(prefix="one-")] == ["one-a", "one-b", "one-c"]
    assert [b.name for b in client.list_buckets(max_results=2)] == ["bkt", "one-a"]
    raw = client._connection.api_request("GET", "/b", query_params={"maxResults": 1})
    assert [item["name"] for item in raw["items"]] == ["bkt"]
    pages = client.list_buckets(prefix="one", page_size=2).pages
    assert [[b.name for b in page] for page in pages] == [["one-a", "one-b"], ["one-c", "one_d"]]
    # A clean-up deletes what it names, and no more.
    for listed in client.list_buckets(prefix="one-"):
        listed.delete()
    assert [b.name for b in client.list_buckets()] == ["bkt", "one_d", "two-a"]


def test_a_buckets_life(client: Client) -> None:
    made = client.create_bucket("life-1", location="EU")
    assert (made.location, made.metageneration) == ("EU", 1)
    with pytest.raises(google.Conflict):
        client.create_bucket("life-1")
    made.labels = {"a": "b"}
    made.patch()
    assert client.get_bucket("life-1").labels == {"a": "b"}
    made.labels = {}
    made.patch()
    again = client.get_bucket("life-1")
    assert (again.labels, again.metageneration, again.location) == ({}, 3, "EU")
    put(made, "o")
    with pytest.raises(google.Conflict, match="not empty"):
        made.delete()
    with pytest.raises(google.PreconditionFailed):
        client.get_bucket("life-1", if_metageneration_match=1)
    made.blob("o").delete()
    made.delete()
    assert client.lookup_bucket("life-1") is None
    for call in (made.delete, made.patch, made.reload, lambda: list(made.list_blobs())):
        with pytest.raises(google.NotFound, match="bucket does not exist"):
            call()


@pytest.mark.parametrize(
    "change",
    [
        lambda bucket: setattr(bucket, "versioning_enabled", True),
        lambda bucket: setattr(bucket, "requester_pays", True),
        lambda bucket: setattr(bucket, "retention_period", 10),
        lambda bucket: bucket.add_lifecycle_delete_rule(age=1),
        lambda bucket: setattr(bucket, "cors", [{"origin": ["*"]}]),
    ],
)
def test_what_it_cannot_do_is_refused_and_not_just_kept(
    bucket: Bucket, change: Callable[[Bucket], object]
) -> None:
    change(bucket)
    with pytest.raises(Exception, match="local Cloud Storage has no"):
        bucket.patch(retry=None)


# -- listing -------------------------------------------------------------------------------------


def test_prefix_delimiter_and_pages(bucket: Bucket) -> None:
    put(bucket, "a/1", "a/2", "a/b/3", "b", "c/", "c/4", "c/d/5", "d")
    blobs = bucket.list_blobs(delimiter="/")
    assert (names(blobs), blobs.prefixes) == (["b", "d"], {"a/", "c/"})
    blobs = bucket.list_blobs(delimiter="/", prefix="c/")
    assert (names(blobs), blobs.prefixes) == (["c/", "c/4"], {"c/d/"})
    blobs = bucket.list_blobs(delimiter="/", include_trailing_delimiter=True)
    assert (names(blobs), blobs.prefixes) == (["b", "c/", "d"], {"a/", "c/"})
    blobs = bucket.list_blobs(delimiter="/", page_size=1)
    assert (names(blobs), blobs.prefixes) == (["b", "d"], {"a/", "c/"})
    assert names(bucket.list_blobs(page_size=3)) == names(bucket.list_blobs())
    assert names(bucket.list_blobs(max_results=3)) == ["a/1", "a/2", "a/b/3"]
    assert names(bucket.list_blobs(start_offset="a/2", end_offset="c/")) == ["a/2", "a/b/3", "b"]
    assert names(bucket.list_blobs(prefix="c", start_offset="c/4")) == ["c/4", "c/d/5"]
    assert names(bucket.list_blobs(prefix="nothing")) == []
    assert names(bucket.list_blobs(delimiter="/", prefix="a/b/")) == ["a/b/3"]
    # Old versions are not kept: there are no others than those that are there.
    assert names(bucket.list_blobs(versions=True)) == names(bucket.list_blobs())


@pytest.mark.parametrize(
    ("glob", "wanted"),
    [
        ("*", ["x.png", "y.jpg"]),
        ("**", ["a/b/z.jpg", "a/w.jpg", "x.png", "y.jpg"]),
        ("**.jpg", ["a/b/z.jpg", "a/w.jpg", "y.jpg"]),
        ("a/*", ["a/w.jpg"]),
        ("?.{png,jpg}", ["x.png", "y.jpg"]),
        ("[x-z].*", ["x.png", "y.jpg"]),
        ("[!x].*", ["y.jpg"]),
        ("x+png", []),
    ],
)
def test_globs(bucket: Bucket, glob: str, wanted: list[str]) -> None:
    put(bucket, "x.png", "y.jpg", "a/w.jpg", "a/b/z.jpg")
    assert names(bucket.list_blobs(match_glob=glob)) == wanted


@pytest.mark.slow
def test_more_than_a_page_in_order(bucket: Bucket) -> None:
    wanted = [f"{number:04d}" for number in range(1005)]
    source = bucket.blob("0000")
    source.upload_from_string(b"x")
    for name in wanted[1:]:
        bucket.copy_blob(source, bucket, name)
    assert names(bucket.list_blobs()) == wanted
    assert len(list(next(iter(bucket.list_blobs(page_size=5000).pages)))) == 1000


def test_fields(bucket: Bucket) -> None:
    put(bucket, "a", "b")
    raw = bucket.client._connection.api_request(
        "GET",
        f"{bucket.path}/o",
        query_params={"fields": "items(name,size),nextPageToken", "maxResults": 1},
    )
    token = raw.pop("nextPageToken")
    assert (raw, bool(token)) == ({"items": [{"name": "a", "size": "1"}]}, True)
    assert names(bucket.list_blobs(fields="items/name,nextPageToken", page_size=1)) == ["a", "b"]
    with pytest.raises(google.BadRequest):
        list(bucket.list_blobs(fields="items(name"))


# -- bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 3_000_000])
@pytest.mark.parametrize("chunk", [None, 262_144])
def test_bytes_come_back_in_one_or_in_pieces(bucket: Bucket, size: int, chunk: int | None) -> None:
    data = os.urandom(size)
    blob = bucket.blob("o", chunk_size=chunk)
    blob.upload_from_string(data, content_type="image/png", checksum="crc32c")
    assert blob.download_as_bytes() == data
    again = bucket.get_blob("o")
    assert (again.size, again.content_type) == (size, "image/png")
    assert again.md5_hash and again.crc32c and again.etag and again.generation


def test_a_stream_of_unknown_length(bucket: Bucket) -> None:
    data = os.urandom(1_100_000)
    with bucket.blob("o").open("wb", chunk_size=262_144) as file:
        for at in range(0, len(data), 70_000):
            file.write(data[at : at + 70_000])
    with bucket.blob("o").open("rb", chunk_size=262_144) as file:
        assert file.read() == data


def test_ranges(bucket: Bucket) -> None:
    blob = bucket.blob("o")
    blob.upload_from_string(bytes(range(100)))
    assert blob.download_as_bytes(start=10, end=19) == bytes(range(10, 20))
    assert blob.download_as_bytes(start=90) == bytes(range(90, 100))
    assert blob.download_as_bytes(end=0) == b"\0"
    assert blob.download_as_bytes(start=90, end=1000) == bytes(range(90, 100))
    with pytest.raises(google.RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=100)


def test_a_wrong_checksum_stores_nothing(bucket: Bucket) -> None:
    blob = bucket.blob("o")
    blob.md5_hash = "AAAAAAAAAAAAAAAAAAAAAA=="
    with pytest.raises(google.BadRequest, match="doesn't match"):
        blob.upload_from_string(b"x")
    assert not bucket.blob("o").exists()


def test_gzip_is_sent_as_stored_or_unpacked(bucket: Bucket) -> None:
    text = b"some text " * 1000
    blob = bucket.blob("o")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(text), content_type="text/plain")
    assert blob.download_as_bytes() == text
    assert gzip.decompress(blob.download_as_bytes(raw_download=True)) == text
    plain = bucket.client._http.get(blob.media_link, headers={"Accept-Encoding": "identity"})
    assert plain.content == text
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["X-Goog-Stored-Content-Encoding"] == "gzip"
    ranged = {"Accept-Encoding": "identity", "Range": "bytes=0-3"}
    assert bucket.client._http.get(blob.media_link, headers=ranged).content == text


# -- metadata, copies, parts ---------------------------------------------------------------------


def test_metadata_is_patched_and_replaced(bucket: Bucket) -> None:
    blob = bucket.blob("o")
    blob.metadata = {"a": "1", "b": "zwei ü"}
    blob.cache_control = "no-store"
    blob.upload_from_string(b"x", content_type="text/plain")
    generation = blob.generation
    blob.metadata = {"a": None, "c": "3"}
    blob.patch()
    again = bucket.get_blob("o")
    assert again.metadata == {"b": "zwei ü", "c": "3"}
    assert (again.generation, again.metageneration) == (generation, 2)
    assert (again.cache_control, again.content_type) == ("no-store", "text/plain")
    again.metadata = {"only": "this"}
    again.cache_control = None
    again.update()
    last = bucket.get_blob("o")
    assert (last.metadata, last.cache_control) == ({"only": "this"}, None)
    assert last.download_as_bytes() == b"x"
    last.metadata = {"big": "x" * 9000}
    with pytest.raises(google.BadRequest, match="8192"):
        last.patch()


def test_copy_rewrite_and_rename(client: Client, bucket: Bucket) -> None:
    other = client.create_bucket("test-other")
    blob = bucket.blob("o")
    blob.metadata = {"k": "v"}
    blob.upload_from_string(b"bytes", content_type="image/png")
    copied = bucket.copy_blob(blob, other, "into/o")
    assert copied.download_as_bytes() == b"bytes"
    assert (copied.metadata, copied.content_type) == ({"k": "v"}, "image/png")
    target = other.blob("rewritten")
    target.content_type = "text/plain"
    assert target.rewrite(blob) == (None, 5, 5)
    assert other.get_blob("rewritten").content_type == "text/plain"
    bucket.rename_blob(blob, "renamed")
    assert names(bucket.list_blobs()) == ["renamed"]
    with pytest.raises(google.NotFound):
        bucket.copy_blob(bucket.blob("missing"), other)


def test_compose(bucket: Bucket) -> None:
    put(bucket, "a", "b", "c")
    whole = bucket.blob("whole")
    whole.content_type = "text/plain"
    whole.compose([bucket.blob("a"), bucket.blob("b"), bucket.blob("c"), bucket.blob("a")])
    assert whole.download_as_bytes() == b"abca"
    again = bucket.get_blob("whole")
    assert (again.component_count, again.md5_hash, again.content_type) == (4, None, "text/plain")
    whole.compose([whole, bucket.blob("b")])  # onto itself
    assert whole.download_as_bytes() == b"abcab"
    with pytest.raises(google.NotFound):
        bucket.blob("x").compose([bucket.blob("a"), bucket.blob("missing")])
    with pytest.raises(google.BadRequest):
        bucket.blob("x").compose([bucket.blob("a")] * 33)
    with pytest.raises(google.PreconditionFailed):
        bucket.blob("x").compose([bucket.blob("a")], if_source_generation_match=[1])
    assert not bucket.blob("x").exists()


def test_batch(client: Client, bucket: Bucket) -> None:
    put(bucket, *(f"o {number}" for number in range(20)))
    with client.batch():
        for number in range(19):
            bucket.blob(f"o {number}").delete()
    assert names(bucket.list_blobs()) == ["o 19"]
    blob = bucket.blob("o 19")
    blob.metadata = {"in": "a batch"}
    with client.batch():
        blob.patch()
    assert bucket.get_blob("o 19").metadata == {"in": "a batch"}
    with pytest.raises(google.NotFound), client.batch():
        bucket.blob("missing").delete()


# -- preconditions -------------------------------------------------------------------------------

VERBS: dict[str, Callable[..., Any]] = {
    "upload": lambda b, **kw: b.upload_from_string(b"new", **kw),
    "resumable": lambda b, **kw: b.bucket.blob(b.name, chunk_size=262_144).upload_from_string(
        b"new", **kw
    ),
    "delete": lambda b, **kw: b.delete(**kw),
    "patch": lambda b, **kw: b.patch(**kw),
    "update": lambda b, **kw: b.update(**kw),
    "compose": lambda b, **kw: b.compose([b.bucket.blob("source")], **kw),
    "rewrite": lambda b, **kw: b.rewrite(b.bucket.blob("source"), **kw),
    "copy": lambda b, **kw: b.bucket.copy_blob(b.bucket.blob("source"), b.bucket, b.name, **kw),
}
READS: dict[str, Callable[..., Any]] = {
    "reload": lambda b, **kw: b.reload(**kw),
    "download": lambda b, **kw: b.download_as_bytes(**kw),
}


@pytest.mark.parametrize("verb", VERBS)
def test_writes_hold_to_their_conditions(bucket: Bucket, verb: str) -> None:
    act = VERBS[verb]
    put(bucket, "source", "o")
    blob = bucket.get_blob("o")
    generation, metageneration = blob.generation, blob.metageneration
    refused = [
        {"if_generation_match": generation + 1},
        {"if_generation_match": 0},
        {"if_metageneration_match": metageneration + 1},
    ]
    if verb != "compose":  # whose call has only these two
        refused += [
            {"if_generation_not_match": generation},
            {"if_metageneration_not_match": metageneration},
        ]
    for condition in refused:
        with pytest.raises(google.PreconditionFailed):
            act(bucket.blob("o"), **condition)
    now = bucket.get_blob("o")
    assert (now.generation, now.metageneration) == (generation, metageneration)
    assert now.download_as_bytes() == b"o"
    act(
        bucket.blob("o"),
        if_generation_match=generation,
        if_metageneration_match=metageneration,
    )
    after = bucket.get_blob("o")
    assert after is None or (after.generation, after.metageneration) != (generation, 1)


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"delete", "patch", "update"}))
def test_only_if_it_is_not_there_yet(bucket: Bucket, verb: str) -> None:
    put(bucket, "source")
    VERBS[verb](bucket.blob("o"), if_generation_match=0)
    first = bucket.get_blob("o").generation
    with pytest.raises(google.PreconditionFailed):
        VERBS[verb](bucket.blob("o"), if_generation_match=0)
    assert bucket.get_blob("o").generation == first


@pytest.mark.parametrize("verb", READS)
def test_reads_hold_to_their_conditions(bucket: Bucket, verb: str) -> None:
    put(bucket, "o")
    blob = bucket.get_blob("o")
    READS[verb](blob, if_generation_match=blob.generation, if_metageneration_match=1)
    for condition in ({"if_generation_match": 5}, {"if_metageneration_match": 5}):
        with pytest.raises(google.PreconditionFailed):
            READS[verb](blob, **condition)
    for condition in ({"if_generation_not_match": blob.generation},
                      {"if_metageneration_not_match": 1}):  # fmt: skip
        with pytest.raises(Exception, match="304"):
            READS[verb](blob, **condition)


def test_a_generation_is_that_version_or_nothing(bucket: Bucket) -> None:
    put(bucket, "o")
    old = bucket.get_blob("o").generation
    put(bucket, "o")
    assert bucket.get_blob("o").generation > old
    assert bucket.get_blob("o", generation=old) is None
    with pytest.raises(google.NotFound):
        bucket.blob("o", generation=old).download_as_bytes()
    with pytest.raises(google.NotFound):
        bucket.delete_blob("o", generation=old)
    assert bucket.blob("o").exists()
