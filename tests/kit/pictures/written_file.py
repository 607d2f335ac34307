"""A PDF with text at known places, and the answers that the service would give for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.kit.pictures.documents import raw_pdf, stream

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
A4 = (595.276, 841.89)
WORDS = (("Contact", 72, 700, 40), ("sheet", 300, 640, 40), ("page", 90, 120, 60))


class Box(NamedTuple):
    """A word's place on its page in 0..1, from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def written_pdf(pages: int) -> bytes:
    """A4 pages of a few words in Helvetica and the page's number."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(pages))
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        font,
    ]
    for number in range(1, pages + 1):
        lines = [*WORDS, (str(number), 300, 120, 60)]
        text = b"".join(
            b"BT /F %d Tf %d %d Td (%s) Tj ET\n" % (size, x, y, word.encode())
            for word, x, y, size in lines
        )
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %f %f] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> >>" % (*A4, len(objects) + 2),
            stream(b"", text),
        ]
    return raw_pdf(*objects)


def word_boxes(data: bytes, page: int) -> list[tuple[str, Box]]:
    """Each word and where the file's own text lies, as tight as its letters."""
    document = pypdfium2.PdfDocument(data)
    text = document[page - 1].get_textpage()
    boxes: list[tuple[str, Box]] = []
    word: list[int] = []
    for n in range(text.count_chars() + 1):
        letter = text.get_text_range(n, 1).strip() if n < text.count_chars() else ""
        if letter:
            word.append(n)
        elif word:
            corners = [text.get_charbox(k) for k in word]
            left, bottom = min(c[0] for c in corners), min(c[1] for c in corners)
            right, top = max(c[2] for c in corners), max(c[3] for c in corners)
            box = Box(left / A4[0], 1 - top / A4[1], right / A4[0], 1 - bottom / A4[1])
            boxes.append((text.get_text_range(word[0], len(word)), box))
            word = []
    return boxes


def file_shard(uri: str, data: bytes, pages: Sequence[int]) -> bytes:
    """A shard as ``files:asyncBatchAnnotate`` writes it: text, and its places in 0..1."""
    return msgspec.json.encode(
        {
            "inputConfig": {"gcsSource": {"uri": uri}, "mimeType": "application/pdf"},
            "responses": [_response(uri, data, page) for page in pages],
        }
    )


def _response(uri: str, data: bytes, page: int) -> dict[str, Any]:
    boxes = word_boxes(data, page)
    words = [
        {"boundingBox": _poly(box), "symbols": [{"text": letter} for letter in word]}
        for word, box in boxes
    ]
    block = {"blockType": "TEXT", "paragraphs": [{"words": words}]}
    grid = {"width": int(A4[0]), "height": int(A4[1]), "blocks": [block]}
    text = " ".join(word for word, _ in boxes)
    return {
        "context": {"uri": uri, "pageNumber": page},
        "fullTextAnnotation": {"pages": [grid], "text": text},
    }


def _poly(box: Box) -> dict[str, Any]:
    corners = [
        (box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)
    ]  # fmt: skip
    return {"normalizedVertices": [{"x": x, "y": y} for x, y in corners]}


def check_overlay(plain: Pixels, drawn: Pixels, boxes: Sequence[Box]) -> None:
    """What was drawn lies on a page's dark pixels, on its words' boxes, and nowhere else.

    Args:
        plain, drawn: the page without and with its words marked, of one size.
    """
    assert plain.shape == drawn.shape
    height, width = plain.shape[:2]
    dark = plain.astype(int).sum(axis=-1) < 250
    marked = np.abs(plain.astype(int) - drawn).sum(axis=-1) > 40  # less may be a JPEG's noise
    assert (
        dark.any() and (dark & marked).sum() > 0.85 * dark.sum()
    )  # dark lines over letters change little
    around = np.zeros_like(marked)
    for box in boxes:
        left, right = int(box.left * width), round(box.right * width)
        top, bottom = int(box.top * height), round(box.bottom * height)
        letters = np.argwhere(dark[top - 9 : bottom + 9, left - 9 : right + 9])
        edges = [*letters.min(axis=0) - 9, *letters.max(axis=0) - 9]
        assert edges == pytest.approx([0, 0, bottom - top, right - left], abs=5)
        around[top - 6 : bottom + 6, left - 6 : right + 6] = True
    assert not (marked & ~around).any()
