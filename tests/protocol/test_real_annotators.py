"""The engine that ships, with its real models, over the wire: one batch, every feature it answers.

How good each annotator is, is tested beside it; here it matters that all of them meet in one
response, in the file's own pixels, and that no odd picture breaks one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image
from skimage import data as photographs

from core.settings import Settings
from tests.kit.pictures.documents import drawn_pdf
from tests.kit.results.file_requests import file_shards, offline, source, stored, submit_files
from tests.kit.services.engine_process import (
    BUCKET,
    EngineProcess,
    batch,
    image,
    shards,
    state,
    submit,
    upload,
    wait,
)

FIRST_START_S = 300  # fetches the models where nothing has yet
NAMES = (
    "LABEL_DETECTION",
    "TEXT_DETECTION",
    "DOCUMENT_TEXT_DETECTION",
    "SAFE_SEARCH_DETECTION",
    "IMAGE_PROPERTIES",
    "CROP_HINTS",
    "FACE_DETECTION",
    "LOGO_DETECTION",
    "LANDMARK_DETECTION",
    "WEB_DETECTION",
)
FEATURES = [vision.Feature(type_=getattr(vision.Feature.Type, name)) for name in NAMES]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The product's engine with the models that the product itself uses."""
    home = tmp_path_factory.mktemp("real")
    models = Settings.from_env().home / "engine" / "models"
    models.mkdir(parents=True, exist_ok=True)
    (home / "engine").mkdir()
    (home / "engine" / "models").symlink_to(models)
    engine = EngineProcess(home, "core.engine").start(timeout=FIRST_START_S)
    yield engine
    assert engine.stop() == 0, engine.stderr()


def encoded(made: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture file."""
    file = io.BytesIO()
    made.save(file, kind, **options)
    return file.getvalue()


def page() -> Image.Image:
    """A white page with a few words, upright."""
    from PIL import ImageDraw, ImageFont

    made = Image.new("RGB", (800, 500), "white")
    font = ImageFont.load_default(size=56)
    ImageDraw.Draw(made).text((90, 60), "Contact sheet\nholds pictures", "black", font=font)
    return made


def cat_pixels() -> Any:
    """A photograph of a cat."""
    return getattr(photographs, "chelsea")()  # noqa: B009 - untyped


@pytest.fixture(scope="module")
def answers(real: EngineProcess) -> dict[str, vision.AnnotateImageResponse]:
    """One batch of good and odd pictures by name."""
    turned = Image.Exif()
    turned[0x0112] = 6
    random = np.random.default_rng(5)
    deep = Image.fromarray(random.integers(0, 65536, (90, 120), dtype=np.uint16))
    stored = page().transpose(Image.Transpose.ROTATE_90)  # EXIF 6 turns it back
    pictures = {
        "cat": encoded(Image.fromarray(cat_pixels()), "JPEG", quality=92),
        "page": encoded(page()),
        "turned page": encoded(stored, "JPEG", exif=turned, quality=95),
        "one pixel": encoded(Image.new("RGB", (1, 1))),
        "black": encoded(Image.new("RGB", (300, 200))),
        "thin": encoded(Image.new("RGB", (4000, 1), "white")),
        "cmyk": encoded(Image.new("CMYK", (200, 100), (255, 0, 0, 0)), "JPEG"),
        "sixteen bits": encoded(deep),
        "clear": encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0))),
        "broken": b"not a picture",
    }
    uris = upload(real, "real", list(pictures.values()))
    prefix = f"gs://{BUCKET}/out/real/"
    done = wait(real, submit(real, batch((image(uri, FEATURES) for uri in uris), prefix)), 180)
    assert state(done) is vision.OperationMetadata.State.DONE
    (shard,) = shards(real, prefix).values()
    assert [answer.context.uri for answer in shard.responses] == uris
    return dict(zip(pictures, shard.responses, strict=True))


def test_only_the_broken_picture_is_an_error(
    answers: dict[str, vision.AnnotateImageResponse], real: EngineProcess
) -> None:
    messages = {name: answer.error.message for name, answer in answers.items() if answer.error.code}
    assert messages == {"broken": "Bad image data."}, real.stderr()


def test_every_feature_is_in_one_response(
    answers: dict[str, vision.AnnotateImageResponse],
) -> None:
    cat = answers["cat"]
    topicality = [round(label.topicality, 2) for label in cat.label_annotations]
    assert any("cat" in label.description.lower() for label in cat.label_annotations)
    assert 0 < len(topicality) <= 10
    assert topicality == sorted(topicality, reverse=True)
    assert cat.safe_search_annotation.adult in (1, 2)
    colours = cat.image_properties_annotation.dominant_colors.colors
    assert 1 <= len(colours) <= 10
    vertices = cat.crop_hints_annotation.crop_hints[0].bounding_poly.vertices
    height, width = cat_pixels().shape[:2]
    assert all(0 <= v.x <= width and 0 <= v.y <= height for v in vertices)


def words(answer: vision.AnnotateImageResponse) -> str:
    """All text on one line."""
    return " ".join(answer.full_text_annotation.text.split()).lower()


def test_text_is_read_and_placed(answers: dict[str, vision.AnnotateImageResponse]) -> None:
    answer = answers["page"]
    assert words(answer) == "contact sheet holds pictures"
    assert answer.text_annotations[0].description.split()[0] == "Contact"
    first = answer.text_annotations[1].bounding_poly.vertices
    assert all(abs(first[0].x - 90) < 25 and 40 < v.y < 150 for v in first)


def test_text_of_a_turned_file_is_read_upright_and_placed_in_the_file(
    answers: dict[str, vision.AnnotateImageResponse],
) -> None:
    turned, upright = answers["turned page"], answers["page"]
    assert words(turned) == words(upright)
    sheet = turned.full_text_annotation.pages[0]
    assert (sheet.width, sheet.height) == (500, 800)
    for there, here in zip(
        turned.text_annotations[1].bounding_poly.vertices,
        upright.text_annotations[1].bounding_poly.vertices,
        strict=True,
    ):
        # ROTATE_90 brings (x, y) of 800 x 500 to (y, 800 - x).
        assert abs(there.x - here.y) <= 12
        assert abs(there.y - (800 - here.x)) <= 12


def test_the_later_of_two_copies_in_a_batch_tells_of_the_earlier(
    answers: dict[str, vision.AnnotateImageResponse],
) -> None:
    pair = [answers["page"], answers["turned page"]]  # one page, stored in two ways
    urls = {match.url for one in pair for match in one.web_detection.full_matching_images}
    assert urls & {one.context.uri for one in pair}
    assert not answers["cat"].web_detection.full_matching_images
    assert answers["cat"].web_detection.best_guess_labels


def test_empty_galleries_find_nothing_and_say_so(
    answers: dict[str, vision.AnnotateImageResponse], real: EngineProcess
) -> None:
    for answer in answers.values():
        assert not answer.logo_annotations and not answer.landmark_annotations
    capabilities = real.facts()["capabilities"]
    assert capabilities["LOGO_DETECTION"]["limits"].startswith("Knows no logo by itself")
    assert (real.home / "engine" / "galleries" / "README.txt").exists()


def test_capabilities_are_announced_for_every_feature(real: EngineProcess) -> None:
    capabilities = real.facts()["capabilities"]
    for name in NAMES:
        assert capabilities[name]["supported"], capabilities[name]["limits"]
        assert capabilities[name]["does"]
        assert "licence" in capabilities[name]  # empty where no model is needed
    kinds: Any = vision.Feature.Type
    assert set(capabilities) == {kind.name for kind in kinds if kind.value}


def test_models_are_in_place_under_the_home(real: EngineProcess) -> None:
    assert list(Path(real.home / "engine" / "models").glob("*.onnx"))


def test_a_pdf_is_read_page_by_page(real: EngineProcess) -> None:
    from core.results.query.store import Store
    from core.results.tables import tables

    blank = Image.new("RGB", (800, 500), "white")
    uri = stored(real, "real/two.pdf", drawn_pdf([blank, page()]))
    prefix = f"gs://{BUCKET}/out/real-pdf/"
    request = offline(source(uri), prefix, 1, FEATURES)
    done = wait(real, submit_files(real, request), 180)
    assert not done.HasField("error")
    shards_by_name = file_shards(real, prefix)
    assert sorted(shards_by_name) == ["output-1-to-1.json", "output-2-to-2.json"]
    (empty,), (full,) = (shards_by_name[name].responses for name in sorted(shards_by_name))
    assert not empty.full_text_annotation.text
    assert words(full) == "contact sheet holds pictures"
    assert not full.text_annotations  # of files the service gives the full text alone
    (sheet,) = full.full_text_annotation.pages
    assert (sheet.width, sheet.height) == (800, 500)  # points
    first = sheet.blocks[0].paragraphs[0].words[0].bounding_box
    assert not first.vertices
    assert abs(first.normalized_vertices[0].x - 90 / 800) < 0.03
    assert all(40 / 500 < vertex.y < 150 / 500 for vertex in first.normalized_vertices)
    second = Store(tables.load(real.buckets(), prefix)).annotations(1)
    assert second is not None
    assert (second.uri, second.page) == (uri, 2)
    drawn = [shape for shape in second.shapes if shape.kind == "word"]
    assert [shape.name for shape in drawn] == ["Contact", "sheet", "holds", "pictures"]
    assert all(shape.normalized for shape in drawn)
