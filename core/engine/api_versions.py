"""The versions of the Vision API that official clients ship: v1 and four betas.

Messages of one name have the same fields under the same numbers in all of them, as far as they
have them: a beta's request is read as v1's, and v1's response as the beta's, by their bytes. What
is packed into an operation has the version in the name of its type, so that is kept with it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from core.engine.refusals import UNIMPLEMENTED, Refused

V1 = "v1"  # of operations that an older engine made, too

VERSIONS = (V1, "v1p1beta1", "v1p2beta1", "v1p3beta1", "v1p4beta1")
# Methods of ImageAnnotator, and where REST has them.
METHODS = {
    "BatchAnnotateImages": "images:annotate",
    "AsyncBatchAnnotateImages": "images:asyncBatchAnnotate",
    "BatchAnnotateFiles": "files:annotate",
    "AsyncBatchAnnotateFiles": "files:asyncBatchAnnotate",
}
_FACE_RECOGNITION = 10  # v1 does not have the field, and keeps what stands in it


@cache
def message(version: str, name: str) -> Any:
    """A version's protobuf class; None if that version has no such message."""
    wrapped = getattr(_module(version), name, None)
    return None if wrapped is None else wrapped.pb()


def request_class(version: str, method: str) -> Any:
    """What a method is asked with.

    Raises:
        Refused: that version does not have the method.
    """
    request = message(version, f"{method}Request")
    if request is None:
        raise Refused(
            f"google.cloud.vision.{version}.ImageAnnotator has no method {method}; v1 has.",
            UNIMPLEMENTED,
            reason="METHOD_NOT_IN_VERSION",
        )
    return request


def to_v1(version: str, request: Any, method: str) -> Any:
    """A version's request as v1's.

    Raises:
        Refused: it asks for a feature that the version does not have.
    """
    if version == V1:
        return request
    known = message(version, "Feature").DESCRIPTOR.fields_by_name["type_"].enum_type
    for place, one in enumerate(request.requests):
        for k, feature in enumerate(one.features):
            number = feature.type_
            if number not in known.values_by_number:
                raise Refused(
                    f"Invalid feature type: {number}. {version} does not have it.",
                    field=f"requests[{place}].features[{k}].type",
                )
    return message(V1, f"{method}Request").FromString(request.SerializeToString())


def from_v1(version: str, response: Any) -> Any:
    """v1's response as a version's; an operation stays as it is."""
    kind = response.DESCRIPTOR
    if version == V1 or kind.file.package != f"google.cloud.vision.{V1}":
        return response
    return message(version, kind.name).FromString(response.SerializeToString())


def asks_for_celebrities(context: Any) -> bool:
    """Whether v1p4beta1's ``ImageContext.face_recognition_params`` stands in v1's message."""
    unknown: Any = UnknownFieldSet(context)  # iterates, which its types do not say
    return any(field.field_number == _FACE_RECOGNITION and field.data for field in unknown)


def response_kind(version: str, method: str) -> Descriptor:
    """What a method that is not asynchronous answers, for masks."""
    kind: Descriptor = message(version, f"{method}Response").DESCRIPTOR
    return kind


@cache
def _module(version: str) -> ModuleType:
    return import_module(f"google.cloud.vision_{version}")  # one of VERSIONS
