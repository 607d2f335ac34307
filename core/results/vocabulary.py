"""The Vision API's fixed words, as results use them: likelihoods, categories, status codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

# google.cloud.vision.v1.Likelihood, by number. Tables hold the number, frames and URLs the name.
LIKELIHOODS = ("UNKNOWN", "VERY_UNLIKELY", "UNLIKELY", "POSSIBLE", "LIKELY", "VERY_LIKELY")

# Fields of SafeSearchAnnotation, in the order the Vision documentation lists them.
SAFE_CATEGORIES = ("adult", "spoof", "medical", "violence", "racy")

# Likelihoods of a FaceAnnotation.
FACE_TRAITS = ("joy", "sorrow", "anger", "surprise", "under_exposed", "blurred", "headwear")
# Why they say UNKNOWN: cloud.google.com/vision/docs/release-notes, and docs/models.md for ours.
WHY_UNKNOWN = {
    "faces": "Google judges no emotions since 2026-10-15 in new projects and those without recent "
    "face detection, and from 2027-01-14 in all; the embedded engine tells joy where a smile is "
    "plain, and judges no other emotion and no headwear.",
    "safe_search": "The embedded engine judges adult content alone.",
}


def said_unknown(table: str, columns: Sequence[str]) -> str:
    """Which likelihoods of a table are UNKNOWN throughout, and why; "" for none."""
    names = ", ".join(name.replace("_", " ") for name in columns)
    return f"UNKNOWN throughout: {names}. {WHY_UNKNOWN[table]}" if names else ""


# google.cloud.vision.v1.FaceAnnotation.Landmark.Type, by number.
FACE_LANDMARKS = (
    "UNKNOWN_LANDMARK",
    "LEFT_EYE",
    "RIGHT_EYE",
    "LEFT_OF_LEFT_EYEBROW",
    "RIGHT_OF_LEFT_EYEBROW",
    "LEFT_OF_RIGHT_EYEBROW",
    "RIGHT_OF_RIGHT_EYEBROW",
    "MIDPOINT_BETWEEN_EYES",
    "NOSE_TIP",
    "UPPER_LIP",
    "LOWER_LIP",
    "MOUTH_LEFT",
    "MOUTH_RIGHT",
    "MOUTH_CENTER",
    "NOSE_BOTTOM_RIGHT",
    "NOSE_BOTTOM_LEFT",
    "NOSE_BOTTOM_CENTER",
    "LEFT_EYE_TOP_BOUNDARY",
    "LEFT_EYE_RIGHT_CORNER",
    "LEFT_EYE_BOTTOM_BOUNDARY",
    "LEFT_EYE_LEFT_CORNER",
    "RIGHT_EYE_TOP_BOUNDARY",
    "RIGHT_EYE_RIGHT_CORNER",
    "RIGHT_EYE_BOTTOM_BOUNDARY",
    "RIGHT_EYE_LEFT_CORNER",
    "LEFT_EYEBROW_UPPER_MIDPOINT",
    "RIGHT_EYEBROW_UPPER_MIDPOINT",
    "LEFT_EAR_TRAGION",
    "RIGHT_EAR_TRAGION",
    "LEFT_EYE_PUPIL",
    "RIGHT_EYE_PUPIL",
    "FOREHEAD_GLABELLA",
    "CHIN_GNATHION",
    "CHIN_LEFT_GONION",
    "CHIN_RIGHT_GONION",
    "LEFT_CHEEK_CENTER",
    "RIGHT_CHEEK_CENTER",
)

# Our own names for the shape of a crop hint; width / height from 0.8 to 1.25 is "square".
CROP_SHAPES = ("tall", "square", "wide")
SQUARE_FROM, SQUARE_TO = 0.8, 1.25


def crop_shape(aspect: float) -> str:
    """The shape of a crop hint by its width / height, which is above 0."""
    return CROP_SHAPES[0 if aspect < SQUARE_FROM else 1 if aspect <= SQUARE_TO else 2]


# google.rpc.Code, by number.
STATUS_CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
DATA_LOSS = STATUS_CODES.index("DATA_LOSS")

# The service writes names, its REST face may write numbers.
LIKELIHOOD_NUMBER: Mapping[int | str, int] = MappingProxyType(
    {key: n for n, name in enumerate(LIKELIHOODS) for key in (n, name)}
)
FACE_LANDMARK_NUMBER: Mapping[int | str, int] = MappingProxyType(
    {key: n for n, name in enumerate(FACE_LANDMARKS) for key in (n, name)}
)


def status_name(code: int) -> str:
    """Name of a google.rpc code; ``CODE_99`` for a number that has none."""
    return STATUS_CODES[code] if 0 <= code < len(STATUS_CODES) else f"CODE_{code}"


def status_number(name: str) -> int | None:
    """The inverse of ``status_name``; None for any other text."""
    if name in STATUS_CODES:
        return STATUS_CODES.index(name)
    digits = name.removeprefix("CODE_")
    is_number = name != digits and digits.lstrip("-").isdecimal() and len(digits) <= 10
    return int(digits) if is_number else None


MARKS = ("keep", "flag", "reject")  # what people say of pictures while they look
MARKED = (*MARKS, "none", "note")  # what can be filtered: a mark, none at all, any note
