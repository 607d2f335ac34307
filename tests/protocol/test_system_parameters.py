"""What every Google API takes beside its request: masks, formats, gzip, details of errors."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import vision
from google.longrunning import operations_pb2
from google.rpc import error_details_pb2, status_pb2

from core.engine.protocol.request_checks import MAX_REQUEST_BYTES
from tests.kit.services.engine_process import (
    BUCKET,
    CROP_HINTS,
    LABELS,
    EngineProcess,
    batch,
    image,
    picture,
    submit,
    upload,
    wait,
)
from tests.kit.services.rest_client import Rest, inline, offline

BOTH = [{"type": "LABEL_DETECTION"}, {"type": "CROP_HINTS"}]
TEXT = json.dumps(inline(picture(31, 21), BOTH)).encode()
JSON = {"content-type": "application/json"}
LABEL = {"description": "31x21", "score": 0.5}
UNKNOWN = (
    'Invalid JSON payload received. Unknown name "foo": Cannot bind query parameter. '
    "Field 'foo' could not be found in request message."
)


def ask(rest: Rest, **how: Any) -> Any:
    """Send TEXT."""
    headers = JSON | how.pop("headers", {})
    return rest.session.post(
        f"{rest.base}images:annotate", data=TEXT, headers=headers, timeout=60, **how
    )


@pytest.mark.parametrize(
    "how",
    [
        {"params": {"fields": "responses.labelAnnotations.description"}},
        {"params": {"$fields": "responses/label_annotations/description"}},
        {"params": [("fields", "responses(labelAnnotations(description))"), ("key", "k")]},
        {"headers": {"X-Goog-FieldMask": "responses.labelAnnotations.description"}},
        # The query goes before the header.
        {
            "params": {"fields": "responses.labelAnnotations.description"},
            "headers": {"X-Goog-FieldMask": "responses.error"},
        },
    ],
)
def test_partial_responses(rest: Rest, how: dict[str, Any]) -> None:
    response = ask(rest, **how)
    assert response.json() == {"responses": [{"labelAnnotations": [{"description": "31x21"}]}]}


@pytest.mark.parametrize("name", ["fields", "$fields"])
@pytest.mark.parametrize("mask", ["nonsense", "responses.nonsense", "responses("])
def test_bad_masks_are_refused_before_any_work(rest: Rest, name: str, mask: str) -> None:
    before = len(rest.engine.annotated())
    response = ask(rest, params={name: mask})
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"] == "Request contains an invalid argument."
    (violation,) = error["details"][0]["fieldViolations"]
    assert violation["field"] == mask
    assert violation["description"].startswith("Error expanding 'fields' parameter.")
    assert len(rest.engine.annotated()) == before
    request = offline([f"gs://{BUCKET}/x.png"], f"gs://{BUCKET}/out/masks/")
    path = "projects/masks/images:asyncBatchAnnotate"
    assert rest.call("POST", path, params={name: mask}, json=request).status_code == 400
    assert rest.ok("GET", "projects/masks/operations") == {}


def test_masks_of_operations(rest: Rest) -> None:
    (uri,) = upload(rest.engine, "masks", [picture()])
    prefix = f"gs://{BUCKET}/out/mask-of-operation/"
    path = "projects/mask/images:asyncBatchAnnotate"
    operation = rest.ok("POST", path, params={"fields": "name"}, json=offline([uri], prefix))
    assert set(operation) == {"name"}
    wait(rest.engine, operation["name"])
    state = rest.ok("GET", operation["name"], params={"fields": "done,metadata.state"})
    assert state["done"]
    assert state["metadata"].pop("@type").endswith("OperationMetadata")
    assert state["metadata"] == {"state": "DONE"}
    listed = rest.ok("GET", "projects/mask/operations", params={"fields": "operations/name"})
    assert listed == {"operations": [{"name": operation["name"]}]}


@pytest.mark.parametrize(
    "query",
    [
        {"key": "AIza-secret"},
        {"access_token": "x", "oauth_token": "y", "quotaUser": "u", "$userProject": "p"},
        {"uploadType": "media", "upload_protocol": "raw"},
        {"alt": "json"},
        {"$alt": "json;enum-encoding=int"},
        {"prettyPrint": "true", "$.xgafv": "2"},
        {"fields": ""},
    ],
)
def test_parameters_that_change_nothing(rest: Rest, query: dict[str, str]) -> None:
    response = ask(rest, params=query)
    assert response.status_code == 200
    assert response.json()["responses"][0]["labelAnnotations"] == [LABEL]
    assert "AIza-secret" not in rest.engine.stderr()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"foo": "1"}, UNKNOWN),
        ({"requests": "x"}, 'Unknown name "requests"'),
        ({"pageSize": "1"}, 'Unknown name "pageSize"'),
        ({"Fields": "x"}, 'Unknown name "Fields"'),
        ({"alt": "xml"}, "Invalid value at 'alt' (TYPE_ENUM), \"xml\""),
        ({"alt": "media"}, "alt=media is for downloads"),
        ({"prettyPrint": "maybe"}, "Invalid value at 'prettyPrint' (TYPE_BOOL), \"maybe\""),
        ({"$.xgafv": "3"}, "Invalid value at '$.xgafv'"),
        ({"callback": "f"}, "JSONP would let any web page read"),
        ({"$ct": "application/json"}, "Content-Type"),
    ],
)
def test_parameters_that_are_refused(rest: Rest, query: dict[str, str], why: str) -> None:
    for method, path in (("POST", "images:annotate"), ("GET", "operations/none")):
        refusal = rest.refusal(method, path, params=query, json=inline(picture()))
        assert refusal[:2] == (400, "INVALID_ARGUMENT")
        assert why in refusal[2]


def test_plain_and_pretty(rest: Rest) -> None:
    assert "\n  " in ask(rest).text
    plain = ask(rest, params={"prettyPrint": "false"})
    assert plain.text.count("\n") == 1
    assert plain.json() == ask(rest).json()
    refused = ask(rest, params={"prettyPrint": "false", "fields": "x"})
    assert refused.text.count("\n") == 1


def test_answers_as_protobuf(rest: Rest) -> None:
    answer = ask(rest, params={"alt": "proto", "fields": "responses.labelAnnotations"})
    assert answer.headers["content-type"] == "application/x-protobuf"
    response = vision.BatchAnnotateImagesResponse.deserialize(answer.content)
    assert response.responses[0].label_annotations[0].description == "31x21"
    assert not response.responses[0].crop_hints_annotation.crop_hints
    refused = ask(rest, params={"$alt": "proto", "fields": "nonsense"})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/x-protobuf")
    assert status_pb2.Status.FromString(refused.content).code == 3


def test_requests_as_protobuf(rest: Rest) -> None:
    one = vision.AnnotateImageRequest(image={"content": picture(8, 9)}, features=[LABELS])
    request = vision.BatchAnnotateImagesRequest(requests=[one])
    how: dict[str, Any] = {"headers": {"content-type": "application/x-protobuf"}}
    data = vision.BatchAnnotateImagesRequest.serialize(request)
    body = rest.ok("POST", "images:annotate", data=data, **how)
    assert body["responses"][0]["labelAnnotations"][0]["description"] == "8x9"
    assert rest.refusal("POST", "images:annotate", data=b"\xff\xff", **how)[0] == 400


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_packed_requests(rest: Rest, encoding: str) -> None:
    for body in (gzip.compress(TEXT), gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])):
        headers = JSON | {"content-encoding": encoding}
        answer = rest.ok("POST", "images:annotate", data=body, headers=headers)
        assert answer["responses"][0]["labelAnnotations"] == [LABEL]


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (TEXT, "gzip", "is declared as gzip and is not"),
        (gzip.compress(TEXT)[:-9], "gzip", "its bytes are damaged"),
        (gzip.compress(TEXT)[:12] + b"x" * 99, "gzip", "its bytes are damaged"),
        (zlib.compress(TEXT), "deflate", "Unsupported content encoding: deflate"),
        (gzip.compress(gzip.compress(TEXT)), "gzip, gzip", "Unsupported content encoding"),
        (gzip.compress(b" " * (MAX_REQUEST_BYTES + 1)), "gzip", "payload size exceeds the limit"),
        (gzip.compress(b" " * 2_000_000_000, 1), "gzip", "payload size exceeds the limit"),
    ],
    ids=["no gzip", "cut", "damaged", "deflate", "twice", "10 MB", "2 GB"],
)
def test_packed_requests_that_are_refused(rest: Rest, body: bytes, encoding: str, why: str) -> None:
    headers = JSON | {"content-encoding": encoding}
    began = time.monotonic()
    refusal = rest.refusal("POST", "images:annotate", data=body, headers=headers)
    assert refusal[:2] == (400, "INVALID_ARGUMENT")
    assert why in refusal[2]
    assert time.monotonic() - began < 10


def test_packed_answers(rest: Rest) -> None:
    request = {"requests": inline(picture(), BOTH)["requests"] * 16}

    def encoding(accepted: str) -> str | None:
        headers = {"accept-encoding": accepted}
        response = rest.call("POST", "images:annotate", json=request, headers=headers)
        assert response.headers["vary"] == "Accept-Encoding"
        assert len(response.json()["responses"]) == 16
        return response.headers.get("content-encoding")

    assert encoding("gzip") == "gzip"
    assert encoding("br, gzip;q=0.5") == "gzip"
    assert encoding("identity") is None
    assert encoding("gzip;q=0, identity") is None


def test_a_client_that_says_how_long_it_waits(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 2
    rest = Rest(own_engine.start("--workers", "1"))
    began = time.monotonic()
    response = ask(rest, headers={"X-Server-Timeout": "0.3"})
    assert (response.status_code, response.json()["error"]["status"]) == (504, "DEADLINE_EXCEEDED")
    assert time.monotonic() - began < 2
    for wrong in ("soon", "-1", "nan", "inf"):
        assert ask(rest, headers={"X-Server-Timeout": wrong}).status_code == 400
    rest.session.close()


def details(response: Any) -> tuple[dict[str, Any], ...]:
    """BadRequest and ErrorInfo of an answer in JSON."""
    error_details = response.json()["error"]["details"]
    types = [
        detail["@type"].removeprefix("type.googleapis.com/google.rpc.") for detail in error_details
    ]
    assert types in (["BadRequest", "ErrorInfo"], ["ErrorInfo"])
    return tuple(error_details)


def test_details_of_errors_over_rest(rest: Rest) -> None:
    content = {"requests": [{"image": {"content": "***"}, "features": BOTH}]}
    bad, info = details(rest.call("POST", "images:annotate", json=content))
    why = "Invalid value at 'requests[0].image.content' (TYPE_BYTES), Base64 decoding failed for"
    assert bad["fieldViolations"] == [
        {"field": "requests[0].image.content", "description": f'{why} "***"'}
    ]
    assert info["reason"] == "INVALID_ARGUMENT"
    assert (info["domain"], info["metadata"]) == (
        "vision.googleapis.com",
        {"service": "vision.googleapis.com"},
    )
    bare = {"requests": [inline(picture())["requests"][0], {"features": BOTH}]}
    bad, _ = details(rest.call("POST", "images:annotate", json=bare))
    assert bad["fieldViolations"][0]["field"] == "requests[1].image"
    (info,) = details(rest.call("GET", "operations/none"))
    assert info["reason"] == "OPERATION_NOT_FOUND"
    assert rest.refusal("GET", "operations/none")[2] == "Operation not found: operations/none"


def test_the_older_form_of_errors(rest: Rest) -> None:
    error = ask(rest, params={"$.xgafv": "1", "fields": "x"}).json()["error"]
    assert error["errors"] == [
        {"message": error["message"], "domain": "global", "reason": "badRequest"}
    ]


def grpc_status(error: Any) -> status_pb2.Status:
    """What lies in an error's trailing metadata."""
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return status


def test_details_of_errors_over_grpc(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        engine.client().batch_annotate_images(
            requests=[image("gs://b/o"), vision.AnnotateImageRequest(features=[LABELS])]
        )
    assert caught.value.reason == "INVALID_ARGUMENT"
    assert caught.value.domain == "vision.googleapis.com"
    bad = next(d for d in caught.value.details if isinstance(d, error_details_pb2.BadRequest))
    assert bad.field_violations[0].field == "requests[1].image"
    stub = engine.operations()
    with pytest.raises(grpc.RpcError) as missing:
        stub.GetOperation(operations_pb2.GetOperationRequest(name="operations/none"))
    assert grpc_status(missing.value).details
    assert missing.value.details() == "Operation not found: operations/none"


def test_masks_over_grpc(engine: EngineProcess) -> None:
    client = engine.client()
    one = vision.AnnotateImageRequest(
        image={"content": picture(8, 9)}, features=[LABELS, CROP_HINTS]
    )
    mask = [("x-goog-fieldmask", "responses.labelAnnotations")]
    (response,) = client.batch_annotate_images(requests=[one], metadata=mask).responses
    assert response.label_annotations
    assert not response.crop_hints_annotation.crop_hints
    (uri,) = upload(engine, "grpc-mask", [picture()])
    name = submit(engine, batch([image(uri)], f"gs://{BUCKET}/out/grpc-mask/"))
    wait(engine, name)
    operation = client.get_operation({"name": name}, metadata=[("x-goog-fieldmask", "done")])
    assert (operation.done, operation.name) == (True, "")
    wrong = [("x-goog-fieldmask", "nonsense")]
    with pytest.raises(exceptions.InvalidArgument):
        client.batch_annotate_images(requests=[one], metadata=wrong)
    with pytest.raises(exceptions.InvalidArgument):
        client.get_operation({"name": name}, metadata=wrong)


def test_operations_under_the_parent_that_was_asked(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "parents", [picture()])
    names = {}
    for parent in ("projects/my-operations", "projects/my", "projects/my/locations/eu"):
        request = batch([image(uri)], f"gs://{BUCKET}/out/parents/")
        request.parent = parent
        names[parent] = submit(engine, request)
        assert names[parent].startswith(f"{parent}/operations/")
    stub = engine.operations()
    for parent, name in names.items():
        for asked in (parent, f"{parent}/operations"):
            listing = stub.ListOperations(operations_pb2.ListOperationsRequest(name=asked))
            assert [operation.name for operation in listing.operations] == [name]


def test_filters_over_both(engine: EngineProcess, rest: Rest) -> None:
    (uri,) = upload(engine, "filters", [picture()])
    request = batch([image(uri)], f"gs://{BUCKET}/out/filters/")
    request.parent = "projects/filters"
    name = submit(engine, request)
    wait(engine, name)
    stub = engine.operations()
    for text, expected in {
        "done = true": [name],
        "metadata.state = DONE AND NOT done=false": [name],
        "metadata.state=RUNNING OR metadata.state=CREATED": [],
    }.items():
        asked = operations_pb2.ListOperationsRequest(name="projects/filters", filter=text)
        assert [one.name for one in stub.ListOperations(asked).operations] == expected
        body = rest.ok("GET", "projects/filters/operations", params={"filter": text})
        assert [one["name"] for one in body.get("operations", [])] == expected
