"""Requests in JSON: what is wrong is said in Google's words, with its field."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.cloud import vision

from core.engine.protocol.json_requests import MAX_VIOLATIONS, parse
from core.engine.refusals import Refused

KIND = vision.BatchAnnotateImagesRequest.pb()
DATA = bytes(range(256))
FILE = vision.BatchAnnotateFilesRequest.pb()


def of(one: Any) -> dict[str, Any]:
    """A request for one picture."""
    return {"requests": [one]}


def content(text: Any) -> dict[str, Any]:
    """A request that carries its picture."""
    return of({"image": {"content": text}})


def refusal(text: str, kind: Any = KIND) -> Refused:
    """What is said of it."""
    with pytest.raises(Refused) as caught:
        parse(text, kind())
    assert caught.value.code == 3
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(DATA).decode(),
        base64.b64encode(DATA).decode().rstrip("="),
        base64.urlsafe_b64encode(DATA).decode(),
        base64.urlsafe_b64encode(DATA).decode().rstrip("="),
        base64.encodebytes(DATA).decode(),  # with line breaks, as `base64` and Ruby write it
    ],
)
def test_base64(text: str) -> None:
    message = KIND()
    parse(json.dumps(content(text)), message)
    assert message.requests[0].image.content == DATA


@pytest.mark.parametrize(
    "text", ["***", "A", "QUJD*", "QUJD=", "Q=Q=", "QQ=", "data:image/png;base64,QUJD", "QUJDé", 5]
)
def test_content_that_is_not_base64(text: Any) -> None:
    error = refusal(json.dumps(content(text)))
    where = "requests[0].image.content"
    why = f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed for \"{text}\""
    assert error.message == why
    assert error.violations == ((where, why),)


def test_long_content_is_not_said_whole() -> None:
    assert len(refusal(json.dumps(content("*" * 100_000))).message) < 300


@pytest.mark.parametrize(
    ("request_", "field", "why"),
    [
        (
            {"reqests": []},
            "",
            'Invalid JSON payload received. Unknown name "reqests": Cannot find field.',
        ),
        (
            of({"image": {"url": "x"}}),
            "requests[0].image",
            "Invalid JSON payload received. Unknown name \"url\" at 'requests[0].image': "
            "Cannot find field.",
        ),
        (
            of({"features": [{"type": "LABEL_DETECTION"}, {"type": "CATS"}]}),
            "requests[0].features[1].type",
            "Invalid value at 'requests[0].features[1].type' "
            '(type.googleapis.com/google.cloud.vision.v1.Feature.Type), "CATS"',
        ),
        (
            of({"features": [{"maxResults": "many"}]}),
            "requests[0].features[0].max_results",
            "Invalid value at 'requests[0].features[0].max_results' (TYPE_INT32), \"many\"",
        ),
        (
            of({"features": [{"maxResults": 1.5}]}),
            "requests[0].features[0].max_results",
            "Invalid value at 'requests[0].features[0].max_results' (TYPE_INT32), 1.5",
        ),
        (
            of({"image": "gs://b/o"}),
            "requests[0].image",
            "Invalid value at 'requests[0].image' "
            '(type.googleapis.com/google.cloud.vision.v1.Image), "gs://b/o"',
        ),
        (
            of({"image": [{"content": "QQ"}]}),
            "requests[0]",
            "Invalid JSON payload received. Unknown name \"image\" at 'requests[0]': "
            "Proto field is not repeating, cannot start list.",
        ),
    ],
)
def test_what_is_said_of_a_field(request_: Any, field: str, why: str) -> None:
    error = refusal(json.dumps(request_))
    assert error.message == why
    assert error.violations == ((field, why),)


def test_everything_that_is_wrong_is_said() -> None:
    error = refusal(json.dumps(of({"image": {"content": "*"}, "feature": [], "features": [{}]})))
    assert [field for field, _ in error.violations] == ["requests[0].image.content", "requests[0]"]
    assert error.message == "\n".join(why for _, why in error.violations)
    many = refusal(json.dumps({str(n): n for n in range(10_000)}))
    assert len(many.violations) == MAX_VIOLATIONS


@pytest.mark.parametrize(
    "text",
    [
        *("{", "nothing", "[]", '"text"', "5", "null", "[" * 100_000, "{}{}", '{"requests": 5}'),
        *('{"a": 1, "a": 2}', '{"requests": [null]}', '{"requests": {}}', '{"requests": [[]]}'),
        *('{"requests":' * 5000, "\ud800", '{"parent": "\\ud800"}', '{"labels": {"a": 1}}'),
        '{"requests": [{"imageContext": {"latLongRect": {"minLatLng": {"latitude": "x"}}}}]}',
    ],
)
def test_what_is_no_request(text: str) -> None:
    error = refusal(text)
    assert len(error.message) < 700
    assert error.violations


def test_an_empty_body_is_an_empty_request() -> None:
    for text in ("", " \n", "{}"):
        message = KIND()
        parse(text, message)
        assert message == KIND()


def test_pages_in_every_form() -> None:
    message = FILE()
    parse('{"requests": [{"pages": [1, "2", -1, 3.0]}]}', message)
    assert list(message.requests[0].pages) == [1, 2, -1, 3]
    assert "requests[0].pages[1]" in refusal('{"requests": [{"pages": [1, "x"]}]}', FILE).message
