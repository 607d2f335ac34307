"""Masks of responses: every way to write them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision
from google.longrunning import operations_pb2
from google.protobuf import json_format

from core.engine.protocol.field_masks import FieldMask
from core.engine.refusals import Refused

RESPONSE = vision.BatchAnnotateImagesResponse.pb()
ANSWER: dict[str, Any] = {
    "responses": [
        {
            "labelAnnotations": [{"description": "cat", "score": 0.5, "mid": "/m/1"}],
            "safeSearchAnnotation": {"adult": "LIKELY", "spoof": "UNLIKELY"},
        },
        {"error": {"code": 3, "message": "Bad image data."}},
    ]
}
LABELS = [{"labelAnnotations": [{"description": "cat"}]}, {}]


def masked(text: str) -> Any:
    """What is left of ANSWER."""
    message = json_format.ParseDict(ANSWER, RESPONSE())
    FieldMask(text, RESPONSE.DESCRIPTOR).apply(message)
    return json_format.MessageToDict(message)


@pytest.mark.parametrize(
    "text",
    [
        "responses.labelAnnotations.description",
        "responses/labelAnnotations/description",
        "responses.label_annotations.description",
        "responses(labelAnnotations(description))",
        "responses(labelAnnotations/description)",
        " responses ( labelAnnotations . description ) ",
        "*/labelAnnotations/description",
        "responses.labelAnnotations(description,locale)",
        "responses.labelAnnotations.description,responses.label_annotations.description",
    ],
)
def test_one_field(text: str) -> None:
    assert masked(text) == {"responses": LABELS}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ANSWER["responses"]),
        ("  ", ANSWER["responses"]),
        ("*", ANSWER["responses"]),
        ("responses", ANSWER["responses"]),
        ("responses.*", ANSWER["responses"]),
        ("responses,responses.error", ANSWER["responses"]),
        ("responses.error,responses", ANSWER["responses"]),
        ("responses.error", [{}, ANSWER["responses"][1]]),
        ("responses(error,safeSearchAnnotation/adult)", None),
        ("responses(error),responses(safeSearchAnnotation(adult))", None),
        ("responses.webDetection", [{}, {}]),
        ("responses.*.description", LABELS),
    ],
)
def test_what_is_left(text: str, left: Any) -> None:
    adult = [{"safeSearchAnnotation": {"adult": "LIKELY"}}, ANSWER["responses"][1]]
    assert masked(text) == {"responses": left or adult}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("nonsense", "nonsense"),
        ("responses.nonsense", "responses.nonsense"),
        ("responses(error,nonsense)", "responses.nonsense"),
        ("responses.error.code.x", "responses.error.code.x"),
        ("responses.error,labelAnnotations", "labelAnnotations"),
        ("responses.*.nonsense", "responses.*.nonsense"),
        ("Responses", "Responses"),
    ],
)
def test_fields_that_are_not_there(text: str, path: str) -> None:
    with pytest.raises(Refused) as caught:
        FieldMask(text, RESPONSE.DESCRIPTOR)
    assert caught.value.message == "Request contains an invalid argument."
    why = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    assert caught.value.violations == ((text, why),)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "responses(",
            "responses)",
            "(responses)",
            "responses()",
            ",",
            "responses,",
            ".responses",
        ),
        *(
            "responses..error",
            "responses.",
            "responses(error)x",
            "responses(error)(code)",
            "a b c;",
        ),
        *("responses/(error)", "*" * 100_000, "(" * 100_000, "responses(" * 200, "é", "a.b" * 999),
    ],
)
def test_what_is_no_mask(text: str) -> None:
    with pytest.raises(Refused) as caught:
        FieldMask(text, RESPONSE.DESCRIPTOR)
    ((_, why),) = caught.value.violations
    assert why.startswith("Error expanding 'fields' parameter.")
    assert len(why) < 300


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("name,done", {"name": "n", "done": True}),
        ("metadata.state", {"metadata": {"@type": "T", "state": "DONE"}}),
        ("metadata/*", {"metadata": {"@type": "T", "state": "DONE", "createTime": "C"}}),
        ("metadata(createTime)", {"metadata": {"@type": "T", "createTime": "C"}}),
        ("metadata.create_time", {"metadata": {"@type": "T", "createTime": "C"}}),
        ("error.code", {"error": {"code": 3}}),
    ],
)
def test_packed_messages(text: str, left: dict[str, Any]) -> None:
    metadata = vision.OperationMetadata(state=3, create_time="2026-01-01T00:00:00Z")
    operation = operations_pb2.Operation(name="n", done=True)
    operation.error.code, operation.error.message = 3, "m"
    operation.metadata.Pack(vision.OperationMetadata.pb(metadata))
    FieldMask(text, operation.DESCRIPTOR).apply(operation)
    fields = json_format.MessageToDict(operation)
    for name, value in fields.get("metadata", {}).items():
        fields["metadata"][name] = {"@type": "T", "createTime": "C"}.get(name, value)
    assert fields == left
