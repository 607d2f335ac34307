"""REST as anybody can speak it: paths, JSON, errors, and what web pages may not do."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import threading
import time
from typing import Any

import pytest
import requests
from google.cloud import vision
from google.protobuf import json_format

from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import file_shards, sizes, stored
from tests.kit.services.engine_process import (
    BUCKET,
    EngineProcess,
    batch,
    image,
    picture,
    submit,
    until,
    upload,
    wait,
)
from tests.kit.services.rest_client import LABELS, Rest, inline, offline, text_of

PARENTS = ["", "projects/p/", "projects/p/locations/eu/"]


def ended(rest: Rest, name: str) -> dict[str, Any]:
    """The operation once it is done."""
    until(lambda: rest.ok("GET", name).get("done", False))
    operation: dict[str, Any] = rest.ok("GET", name)
    return operation


@pytest.mark.parametrize("parent", PARENTS)
def test_pictures_at_once(rest: Rest, parent: str) -> None:
    body = rest.post(f"{parent}images:annotate", inline(picture(31, 21)))
    assert body == {"responses": [{"labelAnnotations": [{"description": "31x21", "score": 0.5}]}]}


@pytest.mark.parametrize("parent", PARENTS)
def test_pages_at_once(rest: Rest, parent: str) -> None:
    data = text_of(frames("GIF", coloured(2, 60, 60)))
    config = {"content": data, "mimeType": "image/gif"}
    request = {"requests": [{"inputConfig": config, "features": LABELS, "pages": [-1]}]}
    (file_response,) = rest.post(f"{parent}files:annotate", request)["responses"]
    assert file_response["totalPages"] == 2
    assert file_response["inputConfig"] == {"mimeType": "image/gif"}
    assert [page["context"] for page in file_response["responses"]] == [{"pageNumber": 2}]


@pytest.mark.parametrize("parent", PARENTS)
def test_a_batch_of_pictures(rest: Rest, parent: str) -> None:
    uris = upload(rest.engine, "rest", [picture(41, 12)] * 3)
    prefix = f"gs://{BUCKET}/out/rest/{parent}"
    name = rest.post(f"{parent}images:asyncBatchAnnotate", offline(uris, prefix))["name"]
    assert name.startswith(f"{parent or 'projects/local/'}operations/")
    done = ended(rest, name)
    assert done["name"] == name
    assert done["metadata"]["@type"].endswith("google.cloud.vision.v1.OperationMetadata")
    assert done["metadata"]["state"] == "DONE"
    assert done["metadata"]["createTime"] <= done["metadata"]["updateTime"]
    assert done["response"] == {
        "@type": "type.googleapis.com/google.cloud.vision.v1.AsyncBatchAnnotateImagesResponse",
        "outputConfig": {"gcsDestination": {"uri": prefix}, "batchSize": 2},
    }
    shard = json.loads(rest.engine.buckets().read(f"{prefix}output-3-to-3.json"))
    assert shard["responses"][0]["labelAnnotations"][0]["description"] == "41x12"
    # The same operation over gRPC, and by its short name.
    assert wait(rest.engine, name).done
    assert rest.ok("GET", "operations/" + name.rpartition("/")[2])["name"] == name


@pytest.mark.parametrize("parent", PARENTS)
def test_a_batch_of_files(rest: Rest, parent: str) -> None:
    uri = stored(rest.engine, "files/rest.tif", frames("TIFF", coloured(3, 61, 40)))
    prefix = f"gs://{BUCKET}/out/rest-files/{parent}"
    config = {"gcsSource": {"uri": uri}, "mimeType": "image/tiff"}
    output = {"gcsDestination": {"uri": prefix}}
    request = {"requests": [{"inputConfig": config, "features": LABELS, "outputConfig": output}]}
    done = ended(rest, rest.post(f"{parent}files:asyncBatchAnnotate", request)["name"])
    (answer,) = done["response"]["responses"]
    assert answer == {"outputConfig": {"gcsDestination": {"uri": prefix}, "batchSize": 20}}
    (shard,) = file_shards(rest.engine, prefix).values()
    assert sizes(shard.responses) == ["61x40", "62x40", "63x40"]


@pytest.mark.parametrize(
    "request_",
    [
        {"requests": [{"image": {"content": text_of(picture(9, 8))}, "features": [{"type": 4}]}]},
        {
            "requests": [
                {
                    "image": {"content": text_of(picture(9, 8)).rstrip("=")},
                    "features": [{"type_": "LABEL_DETECTION", "max_results": 3}],
                    "image_context": {"language_hints": ["en"]},
                }
            ]
        },
        {
            "requests": [
                {
                    "image": {"content": base64.urlsafe_b64encode(picture(9, 8)).decode()},
                    "features": [{"type": "LABEL_DETECTION", "maxResults": "3", "model": None}],
                }
            ],
            "labels": {"team": "a"},
        },
    ],
    ids=["enum numbers", "snake case, no padding", "url-safe, nulls, quoted numbers"],
)
def test_ways_to_write_json(rest: Rest, request_: dict[str, Any]) -> None:
    (one,) = request_["requests"]
    for feature in one["features"]:
        if "type_" in feature:  # the field's own name, as in .proto
            feature["type"] = feature.pop("type_")
    body = rest.post("images:annotate", request_)
    assert body["responses"][0]["labelAnnotations"][0]["description"] == "9x8"


def test_both_ways_in_give_the_same(rest: Rest) -> None:
    request = inline(picture(77, 55), [{"type": "LABEL_DETECTION"}, {"type": "CROP_HINTS"}])
    body = rest.post("images:annotate", request)
    raw = json_format.ParseDict(request, vision.BatchAnnotateImagesRequest.pb()())
    answer = rest.engine.client().batch_annotate_images(
        request=vision.BatchAnnotateImagesRequest.wrap(raw), retry=None, timeout=30
    )
    same = json_format.MessageToDict(vision.BatchAnnotateImagesResponse.pb(answer))
    assert body == same


def test_numbers_for_enums_when_asked(rest: Rest) -> None:
    (uri,) = upload(rest.engine, "rest-enum", [picture()])
    name = submit(rest.engine, batch([image(uri)], f"gs://{BUCKET}/out/rest-enum/"))
    wait(rest.engine, name)
    query = {"$alt": "json;enum-encoding=int"}
    assert rest.ok("GET", name, params=query)["metadata"]["state"] == 3
    assert rest.ok("GET", name)["metadata"]["state"] == "DONE"


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"json": {"requests": []}}, "Request must specify image and features."),
        ({"json": inline(b"") | {"parent": "nonsense"}}, "Invalid parent: nonsense"),
        ({"json": {"requests": [{}] * 17}}, "Too many images per request"),
        ({}, "Request must specify image and features."),
        ({"data": b"{", "headers": {"content-type": "application/json"}}, "Invalid JSON payload"),
        ({"json": []}, "Invalid JSON payload"),
        ({"json": "text"}, "Invalid JSON payload"),
        ({"json": {"request": []}}, 'Unknown name "request": Cannot find field.'),
        ({"json": {"requests": {}}}, "Invalid JSON payload"),
        ({"json": {"requests": [{"image": {"content": "A"}}]}}, 'Base64 decoding failed for "A"'),
        ({"json": {"requests": [{"features": [{"type": "CATS"}]}]}}, "CATS"),
        ({"data": b"\xff\xfe", "headers": {"content-type": "application/json"}}, "Invalid JSON"),
        (
            {"data": b"[" * 100_000, "headers": {"content-type": "application/json"}},
            "Invalid JSON payload",
        ),
        (
            {
                "data": b'{"requests":[{"imageContext":' * 2000,
                "headers": {"content-type": "application/json"},
            },
            "Invalid JSON payload",
        ),
        ({"data": b" " * 10_485_761, "headers": {"content-type": "application/json"}}, "exceeds"),
        ({"data": "{}", "headers": {"content-type": "text/plain"}}, "application/json"),
        ({"data": {"requests": "x"}}, "application/json"),
    ],
)
def test_requests_that_are_refused(rest: Rest, how: dict[str, Any], why: str) -> None:
    status, name, message = rest.refusal("POST", "images:annotate", **how)
    assert (status, name) == (400, "INVALID_ARGUMENT")
    assert why in message
    assert len(message) < 700


def test_codes_have_their_http_status(rest: Rest) -> None:
    logo = [{"type": "LOGO_DETECTION"}]
    refusal = rest.refusal("POST", "images:annotate", json=inline(picture(), logo))
    assert refusal[:2] == (501, "UNIMPLEMENTED")
    config = {"gcsSource": {"uri": "gs://no-such-bucket/a.pdf"}, "mimeType": "application/pdf"}
    output = {"gcsDestination": {"uri": f"gs://{BUCKET}/o/"}}
    one: dict[str, Any] = {"inputConfig": config, "features": LABELS, "outputConfig": output}
    refusal = rest.refusal("POST", "files:asyncBatchAnnotate", json={"requests": [one]})
    assert refusal == (403, "PERMISSION_DENIED", "Error opening file: gs://no-such-bucket/a.pdf.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "images:annotate"),
        ("PUT", "operations/x"),
        ("POST", "images:nothing"),
        ("POST", "projects/p/locations/images:annotate"),
        ("GET", ""),
        ("POST", "operations/x:cancel:cancel"),
        ("GET", "operations/none"),
        ("DELETE", "projects/p/operations/none"),
        ("POST", "projects/p/locations/eu/operations/none:cancel"),
        ("GET", "locations/eu/operations/none"),
        ("GET", "operations/%27%20OR%201=1"),
        ("GET", "operations/%25"),
    ],
)
def test_what_is_not_there(rest: Rest, method: str, path: str) -> None:
    assert rest.refusal(method, path)[:2] == (404, "NOT_FOUND")


def test_cancel_delete_and_list(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.2
    rest = Rest(own_engine.start("--workers", "2"))
    (uri,) = upload(own_engine, "in", [picture()])
    names = [
        rest.post(
            "projects/q/images:asyncBatchAnnotate", offline([uri] * 500, f"gs://{BUCKET}/{n}/")
        )["name"]
        for n in range(3)
    ]
    assert rest.ok("GET", names[0]).get("done", False) is False

    def listed(**query: Any) -> list[str]:
        body = rest.ok("GET", "projects/q/operations", params=query)
        return [operation["name"] for operation in body.get("operations", [])]

    assert listed() == names
    assert listed(filter="done=true") == []
    first = rest.ok("GET", "projects/q/operations", params={"pageSize": 2})
    assert [operation["name"] for operation in first["operations"]] == names[:2]
    assert listed(pageSize=2, pageToken=first["nextPageToken"]) == names[2:]
    assert [operation["name"] for operation in rest.ok("GET", "operations")["operations"]] == names
    assert rest.ok("POST", f"{names[0]}:cancel") == {}
    assert rest.post(f"operations/{names[1].rpartition('/')[2]}:cancel", {}) == {}
    for name in names[:2]:
        done = ended(rest, name)
        assert done["metadata"]["state"] == "CANCELLED"
        assert done["error"]["code"] == 1
        assert "response" not in done
    assert rest.ok("DELETE", names[0]) == {}
    assert rest.refusal("GET", names[0])[:2] == (404, "NOT_FOUND")
    assert listed() == names[1:]
    for query in ({"pageSize": "-1"}, {"pageToken": "x"}, {"filter": "name:*"}):
        refused = rest.refusal("GET", "projects/q/operations", params=query)
        assert refused[:2] == (400, "INVALID_ARGUMENT")
    rest.session.close()


def test_many_slow_requests_leave_room_for_a_question(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 5
    rest = Rest(own_engine.start("--workers", "1"))
    slow = inline(picture())

    def ask() -> None:
        with requests.Session() as session, contextlib.suppress(requests.RequestException):
            session.trust_env = False
            session.post(f"{rest.base}images:annotate", json=slow, timeout=60)

    threads = [threading.Thread(target=ask) for _ in range(60)]
    for thread in threads:
        thread.start()
    until(lambda: len(own_engine.annotated()) >= 1)
    started = time.monotonic()
    rest.ok("GET", "operations")
    assert time.monotonic() - started < 5  # with as many threads as usual it would be minutes
    own_engine.kill()
    for thread in threads:
        thread.join(60)
    rest.session.close()


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:8501"}],
)
def test_web_pages_are_not_answered(rest: Rest, headers: dict[str, str]) -> None:
    assert rest.refusal("GET", "operations", headers=headers)[:2] == (403, "PERMISSION_DENIED")
    refusal = rest.refusal("POST", "images:annotate", headers=headers, json=inline(picture()))
    assert refusal[:2] == (403, "PERMISSION_DENIED")


def test_only_this_machines_own_names_are_answered(rest: Rest) -> None:
    response = rest.session.get(
        f"{rest.base}operations", headers={"host": "evil.example"}, timeout=10
    )
    assert response.status_code == 400
    assert "operations" not in response.text
    assert not rest.session.options(f"{rest.base}operations", timeout=10).ok
    assert rest.ok("GET", "operations", headers={"host": "localhost"}) is not None


def test_it_listens_on_loopback_alone(rest: Rest) -> None:
    assert rest.engine.facts()["rest_address"].startswith("http://127.0.0.1:")
    port = int(rest.base.split(":")[2].split("/")[0])
    with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123 - no file of ours
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [entry for entry in listening if entry.endswith(f":{port:04X}")] == [
        f"0100007F:{port:04X}"
    ]


def test_a_client_that_leaves_amid_its_request_hurts_nobody(rest: Rest) -> None:
    import socket

    host, port = rest.base.removeprefix("http://").split("/")[0].split(":")
    for sent in (b"POST /v1/images:annotate HTTP/1.1\r\n", b"junk\r\n\r\n", b""):
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(sent)
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(
            b"POST /v1/images:annotate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999\r\n"
            b"content-type: application/json\r\n\r\n{"
        )
    assert rest.post("images:annotate", inline(picture(5, 5)))
    assert "Traceback" not in rest.engine.stderr().partition("Exception in ASGI")[2]


def test_plain_curl(rest: Rest, tmp_path: Any) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    request = tmp_path / "request.json"
    request.write_text(json.dumps(inline(picture(12, 34))))
    command = [curl, "--noproxy", "*", "-sS", "-X", "POST"]
    command += ["-H", "Content-Type: application/json; charset=utf-8", "-d", f"@{request}"]
    done = subprocess.run(
        [*command, f"{rest.base}images:annotate"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    body = json.loads(done.stdout)
    assert body["responses"][0]["labelAnnotations"][0]["description"] == "12x34"
