"""BatchAnnotateFiles over real gRPC: pages chosen, limits, every bad file."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import vision
from PIL import Image

from tests.kit.pictures.documents import (
    coloured,
    drawn_pdf,
    frames,
    locked_pdf,
    pdf,
    pdf_without_pages,
)
from tests.kit.results.file_requests import (
    GIF,
    PDF,
    TIFF,
    annotate,
    asked,
    inline,
    sizes,
    source,
    stored,
)
from tests.kit.services.engine_process import CROP_HINTS, LABELS, PRODUCT_SEARCH, EngineProcess
from tests.kit.services.fake_kit import COLOURS

SEVEN = [(40, 30 + 10 * n) for n in range(1, 8)]  # points; each page has its own shape
SHAPES = {
    n: f"{round(1760 * 40 / max(40, h))}x{round(1760 * h / max(40, h))}"
    for n, (_, h) in enumerate(SEVEN, 1)
}


def pages_of(response: vision.AnnotateFileResponse) -> list[int]:
    """Page numbers as answered; each must be of the very page."""
    for page, shape in zip(response.responses, sizes(response.responses), strict=True):
        wide, high = (int(side) for side in shape.split("x"))
        meant_wide, meant_high = (int(s) for s in SHAPES[page.context.page_number].split("x"))
        assert abs(wide - meant_wide) <= 1
        assert abs(high - meant_high) <= 1
    return [page.context.page_number for page in response.responses]


@pytest.mark.parametrize(
    ("chosen", "answered"),
    [
        ([], [1, 2, 3, 4, 5]),
        ([1], [1]),
        ([7, 2], [7, 2]),
        ([-1], [7]),
        ([-7, -1, 4], [1, 7, 4]),
        ([3, 3, -5], [3, 3, 3]),
    ],
)
def test_pages_are_those_asked(
    engine: EngineProcess, chosen: list[int], answered: list[int]
) -> None:
    response = annotate(engine, asked(inline(pdf(SEVEN)), chosen))
    assert pages_of(response) == answered
    assert response.total_pages == 7
    assert not response.error.code
    assert response.input_config == vision.InputConfig(mime_type=PDF)


def test_fewer_pages_than_five(engine: EngineProcess) -> None:
    assert pages_of(annotate(engine, asked(inline(pdf(SEVEN[:2]))))) == [1, 2]


@pytest.mark.parametrize("page", [8, -8, 2**31 - 1, -(2**31)])
def test_a_page_that_is_not_there(engine: EngineProcess, page: int) -> None:
    response = annotate(engine, asked(inline(pdf(SEVEN)), [1, page, -1]))
    assert pages_of(response) == [1, 7]
    assert not response.error.code
    assert response.total_pages == 7


def test_first_two_and_last_page_of_a_file_that_has_one(engine: EngineProcess) -> None:
    """As Google's samples ask, which read the text of every entry."""
    response = annotate(engine, asked(inline(pdf(SEVEN[:1])), [1, 2, -1]))
    assert pages_of(response) == [1, 1]
    assert not response.error.code


def test_no_page_that_is_there(engine: EngineProcess) -> None:
    uri = stored(engine, "files/one-page.pdf", pdf(SEVEN[:1]))
    response = annotate(engine, asked(source(uri), [2, -3]))
    assert not response.error.code
    assert [page.context.page_number for page in response.responses] == [2, -3]
    assert {page.context.uri for page in response.responses} == {uri}
    assert [(page.error.code, page.error.message) for page in response.responses] == [
        (3, "Invalid page number: 2. The file has 1 page."),
        (3, "Invalid page number: -3. The file has 1 page."),
    ]
    assert response.total_pages == 1


def test_from_the_bucket(engine: EngineProcess) -> None:
    uri = stored(engine, "files/sync#1 é.pdf", pdf(SEVEN))
    response = annotate(engine, asked(source(uri), [2, -1]))
    assert pages_of(response) == [2, 7]
    assert [page.context.uri for page in response.responses] == [uri, uri]
    assert response.input_config == source(uri)
    # An object that is replaced is read again.
    stored(engine, "files/sync#1 é.pdf", pdf(SEVEN[:3]))
    assert annotate(engine, asked(source(uri), [1])).total_pages == 3


@pytest.mark.parametrize(("kind", "mime_type"), [("TIFF", TIFF), ("GIF", GIF)])
def test_frames(engine: EngineProcess, kind: str, mime_type: str) -> None:
    pictures = [Image.new("RGB", (70, 40), name) for name in ("red", "lime", "blue")]
    before = len(engine.annotated())
    response = annotate(engine, asked(inline(frames(kind, pictures), mime_type), [3, -2]))
    assert [page.context.page_number for page in response.responses] == [3, 2]
    assert sizes(response.responses) == ["70x40", "70x40"]
    assert response.total_pages == 3
    assert sorted(engine.annotated()[before:]) == ["70x40 (0, 0, 255)", "70x40 (0, 255, 0)"]


def test_places_are_normalized(engine: EngineProcess) -> None:
    data = inline(frames("TIFF", coloured(2, 200, 100)), TIFF)
    (page,) = annotate(engine, asked(data, [1], [CROP_HINTS])).responses
    box = page.crop_hints_annotation.crop_hints[0].bounding_poly
    assert not box.vertices
    assert [(v.x, v.y) for v in box.normalized_vertices] == [
        (0, 0),
        (0.5, 0),
        (0.5, 0.25),
        (0, 0.25),
    ]


@pytest.mark.parametrize(
    ("data", "mime_type", "why"),
    [
        (locked_pdf("secret"), PDF, "PDF file: it is locked by a password."),
        (pdf(SEVEN)[:300], PDF, "PDF file: it is damaged, without pages, or not a PDF."),
        (pdf_without_pages(), PDF, "PDF file: it is damaged, without pages, or not a PDF."),
        (pdf(SEVEN), GIF, "GIF file: it is damaged or not a GIF."),
        (frames("GIF", coloured(2)), TIFF, "TIFF file: it is damaged or not a TIFF."),
    ],
)
def test_a_file_that_cannot_be_read(
    engine: EngineProcess, data: bytes, mime_type: str, why: str
) -> None:
    response = annotate(engine, asked(inline(data, mime_type)))
    assert response.error.code == 3
    assert response.error.message == f"Error in extracting images from {why}"
    assert not response.responses


def test_an_empty_object(engine: EngineProcess) -> None:
    uri = stored(engine, "files/empty.pdf", b"")
    response = annotate(engine, asked(source(uri)))
    assert response.error.message == f"Error in extracting images from PDF file {uri}: it is empty."


@pytest.mark.parametrize(
    ("uri", "code"),
    [("gs://contact-sheet/files/none.pdf", 5), ("gs://no-such-bucket/one.pdf", 7)],
)
def test_an_object_that_is_not_there(engine: EngineProcess, uri: str, code: int) -> None:
    response = annotate(engine, asked(source(uri)))
    assert (response.error.code, response.error.message) == (code, f"Error opening file: {uri}.")


def test_a_huge_page_is_an_entry(engine: EngineProcess) -> None:
    data = pdf([(200, 100), (14_400, 14_400), (200, 100)])
    response = annotate(engine, asked(inline(data)))
    assert [page.error.code for page in response.responses] == [0, 3, 0]
    huge = response.responses[1]
    assert huge.error.message == "Image too large. Please limit to 75 megapixels."
    assert huge.context.page_number == 2


def test_a_page_that_kills_its_worker(engine: EngineProcess) -> None:
    pictures = [Image.new("RGB", (64, 64), name) for name in ("white", COLOURS["kill"], "white")]
    response = annotate(engine, asked(inline(frames("TIFF", pictures), TIFF)))
    assert [page.error.code for page in response.responses] == [0, 13, 0]
    assert [page.context.page_number for page in response.responses] == [1, 2, 3]


def test_a_file_of_2001_pages_is_fine_for_five_of_them(engine: EngineProcess) -> None:
    response = annotate(engine, asked(inline(pdf([(9, 9)] * 2001)), [2001]))
    assert response.total_pages == 2001
    assert response.responses[0].label_annotations


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked(inline(b"x"), [1, 2, 3, 4, 5, 6]), "At most 5 pages"),
        (asked(inline(b"x"), [0]), "Invalid page number: 0"),
        (asked(vision.InputConfig(mime_type=PDF)), "must specify input_config and features"),
        (asked(inline(b"x"), features=()), "must specify input_config and features"),
        (asked(inline(b"x", "")), "Unsupported input file format: no mime_type"),
        (asked(inline(b"x", "image/png")), "Unsupported input file format: image/png"),
        (asked(source("https://example.com/a.pdf")), "Invalid GCS path"),
        (asked(source("gs://contact-sheet")), "Invalid GCS path"),
        (asked(source("gs://contact-sheet/../a.pdf")), "Invalid GCS path"),
        (asked(inline(b"\0" * 10_485_760)), "Request payload size exceeds the limit: 10485760"),
    ],
)
def test_what_is_refused(
    engine: EngineProcess, request_: vision.AnnotateFileRequest, why: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=why):
        annotate(engine, request_)


def test_one_file_a_request(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="Too many files per request"):
        annotate(engine, asked(inline(b"x")), asked(inline(b"x")))
    with pytest.raises(exceptions.InvalidArgument, match="must specify"):
        annotate(engine)


def test_a_feature_that_this_engine_lacks(engine: EngineProcess) -> None:
    logo = vision.Feature(type_=vision.Feature.Type.LOGO_DETECTION)
    with pytest.raises(exceptions.MethodNotImplemented, match="LOGO_DETECTION"):
        annotate(engine, asked(inline(pdf(SEVEN)), features=[LABELS, logo]))


def test_product_search_costs_only_its_own_part(engine: EngineProcess) -> None:
    response = annotate(engine, asked(inline(pdf(SEVEN[:2])), features=[PRODUCT_SEARCH, LABELS]))
    assert pages_of(response) == [1, 2]
    assert {page.error.code for page in response.responses} == {12}


def test_no_copy_is_left(engine: EngineProcess) -> None:
    annotate(engine, asked(inline(pdf(SEVEN)), [1]))
    annotate(engine, asked(inline(b"nothing")))
    assert list((engine.home / "engine" / "files").iterdir()) == []


def test_drawn_pages(engine: EngineProcess) -> None:
    before = len(engine.annotated())
    annotate(engine, asked(inline(drawn_pdf(coloured(3, 100, 100))), [2]))
    (line,) = engine.annotated()[before:]
    red, lime, blue = (int(part) for part in line.partition("(")[2].rstrip(")").split(","))
    assert lime > 200 > max(red, blue)
