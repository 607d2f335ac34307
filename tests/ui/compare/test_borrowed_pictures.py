"""Which picture stands on a side of Compare whose own cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import BucketDenied, ContactSheetError, PictureError
from core.ui.compare import gallery

OWN, OTHER = ("gs://left/a.png", 0), ("gs://right/a.png", 0)


def thumbnail(
    monkeypatch: pytest.MonkeyPatch, fault: ContactSheetError | None, own: tuple[str, int] = OWN
) -> tuple[bytes, bool]:
    """Of the left side, whose picture has this fault."""

    def upright(uri: str, page: int, size: int) -> str:
        if uri == own[0] and fault is not None:
            raise fault
        return uri

    monkeypatch.setattr(gallery, "draw", lambda seen, *_, **__: seen.encode())
    hub: Any = SimpleNamespace(upright=upright)
    boxes: Any = None
    key = (f"{type(fault)} {own}", "left", 0, (), False, 100)
    return gallery._thumbnail(key, (own, OTHER), boxes, hub)


def test_its_own_else_the_other_sides_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thumbnail(monkeypatch, None) == (b"gs://left/a.png", False)
    denied = BucketDenied("It may not be read", where="gs://left")
    assert thumbnail(monkeypatch, denied) == (b"gs://right/a.png", True)


def test_bad_bytes_are_not_shown_as_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PictureError):
        thumbnail(monkeypatch, PictureError("The picture cannot be decoded"))
    with pytest.raises(BucketDenied):  # it is the same on both sides
        thumbnail(monkeypatch, BucketDenied("No", where="gs://right"), own=OTHER)
