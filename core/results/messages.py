"""Parts of Vision's messages that several features share.

Structs mirror ``google.cloud.vision.v1`` in protobuf's JSON form: camelCase names, defaults left
out. What is not declared (symbols, mids, topicality) is skipped by the decoder without making an
object, which is where the speed comes from. ``gc=False``: the structs hold no cycles.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Message(msgspec.Struct, rename="camel", gc=False):
    """Base of all structs: protobuf's JSON names, unknown fields ignored."""


class Status(Message):
    """google.rpc.Status."""

    code: Int32 = 0
    message: str = ""


class Context(Message):
    """ImageAnnotationContext: which image, and which page of a file."""

    uri: str = ""
    page_number: Int32 = 0


class Vertex(Message):
    """A corner, in pixels or (in ``normalizedVertices``) in 0..1."""

    x: float = 0.0
    y: float = 0.0


class Poly(Message):
    """BoundingPoly."""

    vertices: list[Vertex] = []
    normalized_vertices: list[Vertex] = []
