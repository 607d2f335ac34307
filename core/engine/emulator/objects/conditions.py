"""Preconditions on generation, metageneration and ETag.

Source: cloud.google.com/storage/docs/request-preconditions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.engine.emulator.errors import ApiError, failed_condition, invalid
from core.engine.emulator.objects.records import StoredObject

MAX_INTEGER = 2**63 - 1


def integer(params: Mapping[str, str], name: str, least: int = 0) -> int | None:
    """A whole number of a query, or None if it is not there.

    Raises:
        ApiError: 400, it is no such number.
    """
    text = params.get(name)
    if text is None or text == "":
        return None
    value = int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else None
    if value is None or not least <= value <= MAX_INTEGER:
        raise invalid(f"Invalid value for {name}: {text[:40]!r}; a whole number is expected.")
    return value


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request asks to be true; None where it asks nothing. ``generation`` is the object's
    version that is meant: with any other, the object is not there."""

    generation: int | None = None
    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None
    etag_match: str | None = None
    etag_not_match: str | None = None

    @classmethod
    def of(
        cls, params: Mapping[str, str], headers: Mapping[str, str] | None = None, source: str = ""
    ) -> Conditions:
        """Those of a query and its headers.

        Args:
            source: "Source" for the ones on the object that is copied.

        Raises:
            ApiError: 400, a value is no number.
        """
        of, source = headers or {}, source.lower()
        # Google's Python client asks for "ifMetaGenerationNotMatch" when it uploads.
        params = {key.lower(): value for key, value in params.items()}
        return cls(
            integer(params, f"{source}generation", 1),
            integer(params, f"if{source}generationmatch"),
            integer(params, f"if{source}generationnotmatch"),
            integer(params, f"if{source}metagenerationmatch"),
            integer(params, f"if{source}metagenerationnotmatch"),
            of.get("if-match"),
            of.get("if-none-match"),
        )

    def as_dict(self) -> dict[str, int | str | None]:
        """For keeping them with an upload that is under way."""
        return asdict(self)

    def check(self, stored: StoredObject | None, *, reading: bool = False) -> None:
        """Hold them against an object, or against its absence (generation 0).

        Raises:
            ApiError: 412, or 304 where a read asks for what differs from a version and it does not.
        """
        generation = stored.generation if stored else 0
        metageneration = stored.metageneration if stored else None
        if (
            self.generation_match not in (None, generation)
            or self.metageneration_match not in (None, metageneration)
            or not _tagged(self.etag_match, stored, absent=True)
        ):
            raise failed_condition()
        same = (
            self.generation_not_match == generation
            or (self.metageneration_not_match is not None and stored is None)
            or (stored and self.metageneration_not_match == metageneration)
            or (self.etag_not_match is not None and _tagged(self.etag_not_match, stored))
        )
        if same and reading and stored:
            raise ApiError(304, "notModified", "", {"ETag": stored.etag})
        if same:
            raise failed_condition()


def _tagged(wanted: str | None, stored: StoredObject | None, *, absent: bool = False) -> bool:
    if wanted is None:
        return absent
    if stored is None:
        return False
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in wanted.split(",")]
    return "*" in tags or stored.etag in tags
