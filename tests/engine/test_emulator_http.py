"""The local Cloud Storage over bare HTTP: who is let in, bodies and paths no client sends."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.buckets import Buckets, open_buckets
from core.engine.emulator import Emulator
from core.engine.home import free_ports

MULTIPART = (
    b'--x\r\nContent-Type: application/json\r\n\r\n{"name": "new"}\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--x--\r\n"
)
BATCH = (
    b"--x\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\n"
    b"DELETE /storage/v1/b/bkt/o/kept HTTP/1.1\r\n\r\n\r\n--x--\r\n"
)
# Every way in: method, path, body, type of the body.
DOORS = [
    ("GET", "/storage/v1/b", b"", ""),
    ("POST", "/storage/v1/b", b'{"name": "new-bucket"}', "application/json"),
    ("GET", "/storage/v1/b/bkt", b"", ""),
    ("PATCH", "/storage/v1/b/bkt", b'{"labels": {"a": "b"}}', "application/json"),
    ("PUT", "/storage/v1/b/bkt", b"{}", "application/json"),
    ("DELETE", "/storage/v1/b/empty", b"", ""),
    ("GET", "/storage/v1/b/bkt/o", b"", ""),
    ("GET", "/b/bkt/o", b"", ""),
    ("GET", "/storage/v1/b/bkt/o/kept", b"", ""),
    ("GET", "/storage/v1/b/bkt/o/kept?alt=media", b"", ""),
    ("GET", "/download/storage/v1/b/bkt/o/kept?alt=media", b"", ""),
    ("GET", "/bkt/kept", b"", ""),
    ("HEAD", "/bkt/kept", b"", ""),
    ("PATCH", "/storage/v1/b/bkt/o/kept", b'{"metadata": {"a": "b"}}', "application/json"),
    ("PUT", "/storage/v1/b/bkt/o/kept", b"{}", "application/json"),
    ("DELETE", "/storage/v1/b/bkt/o/kept", b"", ""),
    ("POST", "/upload/storage/v1/b/bkt/o?uploadType=media&name=new", b"x", "text/plain"),
    ("POST", "/upload/storage/v1/b/bkt/o?uploadType=multipart", MULTIPART,
     "multipart/related; boundary=x"),
    ("POST", "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=new", b"", "application/json"),
    ("PUT", "/upload/storage/v1/b/bkt/o?uploadType=resumable&upload_id=UPLOAD", b"x", "text/plain"),
    ("DELETE", "/upload/storage/v1/b/bkt/o?uploadType=resumable&upload_id=UPLOAD", b"", ""),
    ("POST", "/storage/v1/b/bkt/o/kept/copyTo/b/bkt/o/new", b"", ""),
    ("POST", "/storage/v1/b/bkt/o/kept/rewriteTo/b/bkt/o/new", b"", ""),
    ("POST", "/storage/v1/b/bkt/o/new/compose", b'{"sourceObjects": [{"name": "kept"}]}',
     "text/plain"),
    ("POST", "/batch/storage/v1", BATCH, "multipart/mixed; boundary=x"),
    ("OPTIONS", "/storage/v1/b/bkt/o", b"", ""),
]  # fmt: skip
FROM_A_PAGE = {
    "another origin": {"Origin": "http://evil.test"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a file or a sandbox": {"Origin": "null"},
    "an image or a link": {"Sec-Fetch-Site": "cross-site"},
    "another port without an origin": {"Sec-Fetch-Site": "same-site"},
    "what an object itself asks for": {"Sec-Fetch-Site": "same-origin"},
    "a name that points here": {"Host": "evil.test"},
    "the same with a port": {"Host": "evil.test:80"},
    "a name that begins like ours": {"Host": "127.0.0.1.evil.test"},
    "and one that ends so": {"Host": "evil-localhost"},
    "a port that is none": {"Host": "localhost:x@evil.test"},
    "an empty one": {"Host": ""},
}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        body = json.loads(self.body)
        assert isinstance(body, dict)
        return body

    @property
    def reason(self) -> str:
        return str(self.json["error"]["errors"][0]["reason"])


class Raw:
    """Requests that say exactly what they are given."""

    def __init__(self, address: str) -> None:
        self.host = address.removeprefix("http://")

    def __call__(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            given = headers or {}
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in {**given, "Content-Length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def upload(self, name: str, data: bytes, more: str = "", **headers: str) -> Answer:
        path = f"/upload/storage/v1/b/bkt/o?uploadType=media&name={quote(name, safe='')}{more}"
        return self("POST", path, data, headers)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Buckets, Path]]:
    folder = tmp_path_factory.mktemp("around") / "storage"
    emulator = Emulator(folder, free_ports([0])[0])
    emulator.start()
    buckets = open_buckets(emulator.address)
    buckets.make_bucket("bkt")
    buckets.make_bucket("empty")
    yield emulator, buckets, folder.parent
    emulator.stop()


@pytest.fixture
def ask(place: tuple[Emulator, Buckets, Path]) -> Raw:
    emulator, buckets, _ = place
    for info in buckets.list_objects("gs://bkt/"):
        buckets.delete(info.uri)
    buckets.write("gs://bkt/kept", b"kept", "text/plain")
    return Raw(emulator.address)


# -- who is let in -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", FROM_A_PAGE.values(), ids=FROM_A_PAGE.keys())
@pytest.mark.parametrize(("method", "path", "body", "kind"), DOORS, ids=lambda v: str(v)[:40])
def test_no_web_page_gets_in(
    ask: Raw, method: str, path: str, body: bytes, kind: str, page: dict[str, str]
) -> None:
    begun = ask("POST", "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=begun")
    path = path.replace("UPLOAD", begun.headers["X-GUploader-UploadID"])
    before = ask("GET", "/storage/v1/b/bkt/o").body, ask("GET", "/storage/v1/b").body
    refused = ask(method, path, body, {"Content-Type": kind, **page})
    assert refused.status == 403
    assert b"kept" not in refused.body
    assert not [name for name in refused.headers if name.lower().startswith("access-control")]
    assert (ask("GET", "/storage/v1/b/bkt/o").body, ask("GET", "/storage/v1/b").body) == before


@pytest.mark.parametrize(
    "own",
    [{}, {"Host": "127.0.0.1"}, {"Host": "LOCALHOST:1234"}, {"Sec-Fetch-Site": "none"}],
)
def test_programs_of_this_machine_get_in(ask: Raw, own: dict[str, str]) -> None:
    answer = ask("GET", "/storage/v1/b/bkt/o/kept?alt=media", headers=own)
    assert (answer.status, answer.body) == (200, b"kept")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", [
    "../../../../../../tmp/outside", "/etc/outside", "..\\..\\outside", "a/../../../outside",
    "....//outside", "%2e%2e%2foutside", "\0", "a\0/../outside", "con", "~/outside",
])  # fmt: skip
def test_no_name_leads_out_of_the_folder(
    ask: Raw, place: tuple[Emulator, Buckets, Path], name: str
) -> None:
    _, _, around = place
    quoted = quote(name, safe="")
    assert ask.upload(name, b"hostile").status == 200
    compose = json.dumps({"sourceObjects": [{"name": name}]}).encode()
    again = [
        ask("POST", f"/storage/v1/b/bkt/o/kept/copyTo/b/bkt/o/{quoted}"),
        ask("POST", f"/storage/v1/b/bkt/o/kept/rewriteTo/b/bkt/o/{quoted}"),
        ask("POST", f"/storage/v1/b/bkt/o/{quoted}/compose", compose),
        ask("GET", f"/storage/v1/b/bkt/o/{quoted}?alt=media"),
        ask("DELETE", f"/storage/v1/b/bkt/o/{quoted}"),
    ]
    assert [answer.status for answer in again] == [200, 200, 200, 200, 204]
    assert again[3].body == b"kept"
    assert {path.name for path in around.iterdir()} == {"storage"}
    top = {path.name.partition(".")[0] for path in (around / "storage").iterdir()}
    assert top == {"emulator", "incoming", "index", "lock", "objects"}


@pytest.mark.parametrize("bucket", ["..", "%2e%2e", "..%2f..%2fetc", "%00", "a%2fb", "objects"])
def test_no_bucket_leads_out_of_the_folder(ask: Raw, bucket: str) -> None:
    for method, path in (
        ("GET", f"/storage/v1/b/{bucket}/o"),
        ("GET", f"/storage/v1/b/{bucket}/o/passwd?alt=media"),
        ("GET", f"/{bucket}/passwd"),
        ("DELETE", f"/storage/v1/b/{bucket}"),
        ("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name=x"),
        ("POST", f"/storage/v1/b/bkt/o/kept/copyTo/b/{bucket}/o/x"),
    ):
        assert ask(method, path, b"").status == 404


# -- requests of other clients -------------------------------------------------------------------


def test_paths_of_the_other_clients(ask: Raw) -> None:
    ask.upload("dir/ü x", b"bytes")
    for path in (
        "/bkt/dir/%C3%BC%20x",
        "/b/bkt/o/dir%2F%C3%BC%20x?alt=media",
        "/storage/v1/b/bkt/o/dir%2F%C3%BC%20x?alt=media",
        "/download/storage/v1/b/bkt/o/dir%2F%C3%BC%20x?alt=media",
    ):
        answer = ask("GET", path)
        assert (answer.status, answer.body) == (200, b"bytes"), path
        assert answer.headers["X-Goog-Stored-Content-Length"] == "5"
        assert "crc32c=" in answer.headers["X-Goog-Hash"]
    head = ask("HEAD", "/bkt/dir/%C3%BC%20x")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "5", b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/storage/v1/b/bkt/o/missing", 404, "notFound"),
        ("GET", "/storage/v1/b/none/o", 404, "notFound"),
        ("GET", "/bkt/missing", 404, "notFound"),
        ("GET", "/", 404, "notFound"),
        ("GET", "/storage/v1/b/bkt/o/%ff", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/o/a%0Ab", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/o?maxResults=x", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/o?maxResults=-1", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/o?pageToken=!", 400, "invalid"),
        ("GET", "/storage/v1/b?pageToken=!", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/o?softDeleted=true", 501, "notImplemented"),
        ("GET", "/storage/v1/b/bkt/o/kept?generation=x", 400, "invalid"),
        ("DELETE", "/storage/v1/b/bkt/o/kept?ifGenerationMatch=1.5", 400, "invalid"),
        ("DELETE", f"/storage/v1/b/bkt/o/kept?ifGenerationMatch={9 * 10**40}", 400, "invalid"),
        ("GET", "/storage/v1/b/bkt/iam", 501, "notImplemented"),
        ("GET", "/storage/v1/b/bkt/acl", 501, "notImplemented"),
        ("GET", "/storage/v1/projects/p/serviceAccount", 501, "notImplemented"),
        ("POST", "/storage/v1/b/bkt/o/kept", 405, "methodNotAllowed"),
        ("PUT", "/bkt/new", 405, "methodNotAllowed"),
        ("OPTIONS", "/storage/v1/b", 405, "methodNotAllowed"),
        ("GET", "/bkt/kept?X-Goog-Algorithm=a&X-Goog-Signature=b", 501, "notImplemented"),
        ("GET", "/bkt/kept?GoogleAccessId=a&Signature=b", 501, "notImplemented"),
        ("POST", "/upload/storage/v1/b/bkt/o?uploadType=x&name=n", 400, "invalid"),
        ("POST", "/upload/storage/v1/b/bkt/o?uploadType=media", 400, "required"),
        ("POST", "/upload/storage/v1/b/none/o?uploadType=media&name=n", 404, "notFound"),
        ("PUT", "/upload/storage/v1/b/bkt/o?uploadType=resumable&upload_id=x", 404, "notFound"),
        ("POST", "/upload/storage/v1/b/bkt/o?uploadType=multipart", 400, "badContent"),
        ("POST", "/storage/v1/b/bkt/o/x/compose", 400, "required"),
        ("POST", "/storage/v1/b", 400, "required"),
        ("POST", "/batch/storage/v1", 400, "badRequest"),
    ],
)
def test_errors_are_in_googles_form(
    ask: Raw, method: str, path: str, status: int, reason: str
) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.json["error"]["code"] == status
    assert answer.json["error"]["message"]
    assert ask("GET", "/bkt/kept").body == b"kept"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"3", b'{"name": 3}', b'{"name": null}', b'{"name": "\\ud800"}', b"\xff",
     b"[" * 100_000, b'{"name": "good-name", "labels": ' + b'{"a":' * 50_000],
)  # fmt: skip
def test_bodies_that_are_no_bucket(ask: Raw, body: bytes) -> None:
    assert ask("POST", "/storage/v1/b", body).status == 400


@pytest.mark.parametrize(
    "fields",
    [{"metadata": []}, {"metadata": {"a": 1}}, {"contentType": 3}, {"contentType": "a\r\nb: c"},
     {"cacheControl": "\n"}],
)  # fmt: skip
def test_fields_of_the_wrong_type(ask: Raw, fields: dict[str, Any]) -> None:
    answer = ask("PATCH", "/storage/v1/b/bkt/o/kept", json.dumps(fields).encode())
    assert (answer.status, answer.reason) == (400, "invalid")


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b"--x\r\n", MULTIPART[:-8], MULTIPART.replace(b"--x--", b"--y--"),
     MULTIPART.replace(b"{", b"["), b"--x\r\n\r\n{}\r\n--x--\r\n"],
)  # fmt: skip
def test_multipart_bodies_that_are_none(ask: Raw, body: bytes) -> None:
    path = "/upload/storage/v1/b/bkt/o?uploadType=multipart&name=new"
    answer = ask("POST", path, body, {"Content-Type": "multipart/related; boundary=x"})
    assert answer.status == 400
    assert ask("GET", "/bkt/new").status == 404


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"--x", b"a\r\n--x", b"\r\n--xx--\r\n" * 9, b"z" * 9**6]
)
def test_multipart_keeps_every_byte(ask: Raw, data: bytes) -> None:
    mark = "a mark 'of' our own"
    body = MULTIPART.replace(b"--x", f"--{mark}".encode()).replace(b"bytes", data)
    path = "/upload/storage/v1/b/bkt/o?uploadType=multipart"
    answer = ask("POST", path, body, {"Content-Type": f'multipart/related; boundary="{mark}"'})
    assert (answer.status, answer.json["contentType"]) == (200, "text/plain")
    assert ask("GET", "/bkt/new").body == data


def test_a_part_in_base64(ask: Raw) -> None:
    body = MULTIPART.replace(
        b"text/plain\r\n", b"text/plain\r\nContent-Transfer-Encoding: base64\r\n"
    )
    body = body.replace(b"bytes", base64.b64encode(b"bytes"))
    path = "/upload/storage/v1/b/bkt/o?uploadType=multipart"
    ask("POST", path, body, {"Content-Type": "multipart/related; boundary=x"})
    assert ask("GET", "/bkt/new").body == b"bytes"


@pytest.mark.parametrize(
    ("given", "status", "wanted"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=99999999999999999999999-", 416, None),
        ("bytes=5-2", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=0-1", 200, b"0123456789"),
        ("bytes=x", 200, b"0123456789"),
    ],
)
def test_ranges(ask: Raw, given: str, status: int, wanted: bytes | None) -> None:
    ask.upload("o", b"0123456789")
    answer = ask("GET", "/bkt/o", headers={"Range": given})
    assert answer.status == status
    if wanted is not None:
        assert answer.body == wanted


def test_resumable_step_by_step(ask: Raw) -> None:
    start = "/upload/storage/v1/b/bkt/o?uploadType=resumable"
    begun = ask(
        "POST",
        start,
        json.dumps({"name": "big", "metadata": {"a": "b"}}).encode(),
        {"X-Upload-Content-Type": "image/png", "X-Upload-Content-Length": "10"},
    )
    path = begun.headers["Location"].removeprefix(f"http://{ask.host}")

    def put(data: bytes, given: str) -> tuple[int, str | None]:
        answer = ask("PUT", path, data, {"Content-Range": given})
        return answer.status, answer.headers["Range"]

    assert put(b"", "bytes */*") == (308, None)
    assert put(b"0123", "bytes 0-3/*") == (308, "bytes=0-3")
    assert put(b"0123", "bytes 0-3/10") == (308, "bytes=0-3")  # sent again: known already
    assert put(b"2345", "bytes 2-5/10") == (308, "bytes=0-5")
    assert put(b"9", "bytes 9-9/10")[0] == 400  # a gap
    assert put(b"x", "bytes 6-6/11")[0] == 400  # announced otherwise
    assert put(b"67890", "bytes 6-10/10")[0] == 400  # too much
    assert put(b"", "bytes nonsense")[0] == 400
    assert ask("GET", "/bkt/big").status == 404
    assert put(b"6789", "bytes 6-9/10") == (200, None)
    done = ask("GET", "/storage/v1/b/bkt/o/big").json
    assert (done["contentType"], done["metadata"], done["size"]) == ("image/png", {"a": "b"}, "10")
    assert ask("GET", "/bkt/big").body == b"0123456789"
    assert put(b"", "bytes */10") == (200, None)


def test_a_cancelled_upload_leaves_nothing(ask: Raw, place: tuple[Emulator, Buckets, Path]) -> None:
    begun = ask("POST", "/upload/storage/v1/b/bkt/o?uploadType=resumable&name=big")
    path = begun.headers["Location"].removeprefix(f"http://{ask.host}")
    ask("PUT", path, b"x" * 1000, {"Content-Range": "bytes 0-999/5000"})
    incoming = place[2] / "storage" / "incoming"
    assert any(file.stat().st_size == 1000 for file in incoming.iterdir())
    assert ask("DELETE", path).status == 499
    assert not any(file.stat().st_size == 1000 for file in incoming.iterdir())
    assert ask("PUT", path, b"", {"Content-Range": "bytes */5000"}).status == 404


def test_a_batch_answers_each_call(ask: Raw) -> None:
    calls = [
        "DELETE /storage/v1/b/bkt/o/kept HTTP/1.1",
        "GET /storage/v1/b/bkt/o/missing",
        "GET http://127.0.0.1:1/storage/v1/b/bkt HTTP/1.1",
        "POST /upload/storage/v1/b/bkt/o?uploadType=media&name=x HTTP/1.1",
        "nonsense",
        "POST /batch/storage/v1 HTTP/1.1",
    ]
    body = "".join(
        "--x\r\nContent-Type: application/http\r\n"
        f"Content-ID: <b+{number}>\r\n\r\n{call}\r\n\r\n\r\n"
        for number, call in enumerate(calls)
    )
    answer = ask(
        "POST",
        "/batch/storage/v1",
        f"{body}--x--\r\n".encode(),
        {"Content-Type": "multipart/mixed; boundary=x"},
    )
    assert answer.status == 200
    statuses = [
        line.split()[1] for line in answer.body.decode().splitlines() if line.startswith("HTTP/1.1")
    ]
    assert statuses == ["204", "404", "200", "501", "400", "501"]
    assert b"Content-ID: <response-b+2>" in answer.body
    too_many = body.split("--x\r\n")[1]
    many = "".join(f"--x\r\n{too_many}" for _ in range(101))
    kind = {"Content-Type": "multipart/mixed; boundary=x"}
    assert ask("POST", "/batch/storage/v1", f"{many}--x--\r\n".encode(), kind).status == 400


def test_a_large_upload_that_is_refused_gets_its_answer(ask: Raw) -> None:
    large = b"x" * 20_000_000
    assert ask.upload("kept", large, "&ifGenerationMatch=0").status == 412
    assert ask.upload("a\nb", large).status == 400
    assert ask.upload("kept", large, Origin="http://evil.test").status == 403
    assert ask("GET", "/bkt/kept").body == b"kept"


def test_json_may_come_packed(ask: Raw) -> None:
    packed = gzip.compress(b'{"metadata": {"a": "b"}}')
    path, header = "/storage/v1/b/bkt/o/kept", {"Content-Encoding": "gzip"}
    assert ask("PATCH", path, packed, header).json["metadata"] == {"a": "b"}
    assert ask("PATCH", path, packed[:-4], header).status == 400


def test_etags(ask: Raw) -> None:
    tag = ask("GET", "/bkt/kept").headers["ETag"]
    assert ask("GET", "/bkt/kept", headers={"If-None-Match": tag}).status == 304
    assert ask("GET", "/bkt/kept", headers={"If-Match": tag}).status == 200
    assert ask("GET", "/bkt/kept", headers={"If-Match": '"x"'}).status == 412


def test_headers_never_carry_another(ask: Raw) -> None:
    name = "ü\n"
    fields = {"contentDisposition": "attachment; filename=ü.png", "contentType": "text/ü"}
    ask("PATCH", "/storage/v1/b/bkt/o/kept", json.dumps(fields).encode())
    answer = ask("GET", "/bkt/kept")
    assert answer.status == 200
    assert name not in str(answer.headers)
