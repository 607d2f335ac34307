"""WEB_DETECTION inside a corpus."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from core.engine.annotators.web import DETAIL, GALLERY, MOST_SEEN, SEEN, WebAnnotator
from core.engine.galleries.galleries import SignedGallery
from core.engine.galleries.picture_index import PictureIndex
from core.engine.galleries.signatures import perceptual_hash, sign
from core.engine.models.label_model import label_model
from core.engine.models.label_tree import LabelTree
from core.engine.models.model_store import ModelStore
from core.engine.workers.object_reader import PictureReader
from core.errors import BadObjectName
from core.pictures.picture import Picture
from tests.kit.pictures.real_pictures import sample

pytestmark = pytest.mark.slow

Detect = Callable[..., vision.WebDetection]


class Corpus:
    """One annotator over a gallery and an index of its own."""

    def __init__(self, folder: Path, models: ModelStore) -> None:
        self.folder = folder / GALLERY
        self.folder.mkdir(exist_ok=True)
        self.index = PictureIndex(folder / "index.sqlite3")
        model = label_model(models)
        gallery = SignedGallery(self.folder, GALLERY, self.index, model, DETAIL)
        self.annotator = WebAnnotator(model, self.index, gallery, LabelTree())

    def ask(self, image: Image.Image, uri: str = "", most: int = 0) -> vision.WebDetection:
        picture = Picture(np.asarray(image.convert("RGB")))
        picture.uri = uri
        response = vision.AnnotateImageResponse()
        feature = vision.Feature(max_results=most)
        self.annotator.annotate(picture, feature, vision.ImageContext(), response)
        return response.web_detection


@pytest.fixture
def corpus(tmp_path: Path, model_store: ModelStore) -> Corpus:
    return Corpus(tmp_path, model_store)


def photograph(name: str) -> Image.Image:
    return Image.fromarray(np.array(sample(name).pixels))


def matching_urls(detection: vision.WebDetection) -> dict[str, list[str]]:
    kinds = ("full_matching_images", "partial_matching_images", "visually_similar_images")
    return {
        kind.split("_")[0]: [image.url for image in getattr(detection, kind)]
        for kind in kinds
        if getattr(detection, kind)
    }


def captioned(image: Image.Image) -> Image.Image:
    changed = image.copy()
    width, height = image.size
    ImageDraw.Draw(changed).rectangle((0, height * 0.8, width, height), fill="black")
    return changed


def test_the_first_picture_matches_nothing_and_names_what_it_shows(corpus: Corpus) -> None:
    detection = corpus.ask(photograph("chelsea.png"), "gs://b/cat.png")
    assert matching_urls(detection) == {} and not detection.web_entities
    assert not detection.pages_with_matching_images
    (guess,) = detection.best_guess_labels
    assert guess.label in {"egyptian mau", "tabby cat", "cat"}
    assert guess.language_code == "en"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("full", lambda image: image.resize((image.width // 2, image.height // 2))),
        ("full", lambda image: image.convert("L")),
        ("full", lambda image: image.point(lambda value: value * 0.8)),
        ("partial", lambda image: image.crop((40, 20, 330, 260))),
        ("partial", lambda image: image.rotate(8, expand=True, fillcolor="white")),
        ("partial", captioned),
        ("visually", lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    ],
)
def test_a_changed_picture_is_known_again(
    kind: str, change: Callable[[Image.Image], Image.Image], corpus: Corpus
) -> None:
    original = photograph("chelsea.png")
    for name in ("coffee.png", "astronaut.png", "brick.png", "page.png"):
        corpus.ask(photograph(name), f"gs://b/{name}")
    corpus.ask(original, "gs://b/cat.png")
    assert matching_urls(corpus.ask(change(original))) == {kind: ["gs://b/cat.png"]}


def test_a_narrow_crop_is_no_copy(corpus: Corpus) -> None:
    original = photograph("coffee.png")  # 600 x 400: a tenth less on each side, of the same shape
    corpus.ask(original, "gs://b/coffee.png")
    crop = original.crop((30, 20, 570, 380))
    assert matching_urls(corpus.ask(crop)) == {"partial": ["gs://b/coffee.png"]}


def test_different_pictures_share_nothing(corpus: Corpus) -> None:
    names = ["chelsea.png", "coffee.png", "camera.png", "rocket.jpg", "china.jpg", "flower.jpg"]
    for name in names:
        assert matching_urls(corpus.ask(photograph(name), f"gs://b/{name}")) == {}


def test_plain_pictures_hash_alike_and_are_still_distinguished(corpus: Corpus) -> None:
    black, white = Image.new("RGB", (300, 200)), Image.new("RGB", (300, 200), "white")
    assert perceptual_hash(np.asarray(black)) == 0
    corpus.ask(black, "gs://b/black.png")
    assert matching_urls(corpus.ask(black)) == {"full": ["gs://b/black.png"]}
    assert "full" not in matching_urls(corpus.ask(white))
    assert "full" not in matching_urls(corpus.ask(Image.new("RGB", (300, 200), "red")))


def test_a_picture_is_not_its_own_match_and_an_inline_one_is_not_kept(corpus: Corpus) -> None:
    cat = photograph("chelsea.png")
    for _ in range(2):
        assert matching_urls(corpus.ask(cat, "gs://b/cat.png")) == {}
    corpus.ask(cat)
    assert corpus.index.stamps(SEEN).keys() == {"gs://b/cat.png"}


def test_the_gallery_gives_its_subjects_as_entities(corpus: Corpus) -> None:
    (corpus.folder / "Chelsea the cat").mkdir()
    photograph("chelsea.png").save(corpus.folder / "Chelsea the cat" / "own picture.png")
    photograph("flower.jpg").save(corpus.folder / "loose.png")
    (corpus.folder / "broken.png").write_bytes(b"no picture")
    detection = corpus.ask(photograph("chelsea.png").crop((40, 20, 330, 260)))
    url = "gallery://web/Chelsea%20the%20cat/own%20picture.png"
    assert matching_urls(detection) == {"partial": [url]}
    assert [entity.description for entity in detection.web_entities] == ["Chelsea the cat"]
    assert not corpus.ask(photograph("flower.jpg")).web_entities
    assert corpus.annotator.stock() == "Compares with 2 pictures of the gallery and 0 seen before."


def test_max_results_and_the_most_alike_first(corpus: Corpus) -> None:
    cat = photograph("chelsea.png")
    for at, cut in enumerate((60, 0, 30)):
        corpus.ask(cat.crop((cut, cut, cat.width - cut, cat.height - cut)), f"gs://b/{at}.png")
    every = matching_urls(corpus.ask(cat))
    assert every == {"full": ["gs://b/1.png"], "partial": ["gs://b/2.png", "gs://b/0.png"]}
    assert matching_urls(corpus.ask(cat, most=1))["partial"] == ["gs://b/2.png"]


def test_a_second_process_sees_what_the_first_has_seen(
    corpus: Corpus, tmp_path: Path, model_store: ModelStore
) -> None:
    other = Corpus(tmp_path, model_store)
    cat = photograph("chelsea.png")
    assert matching_urls(other.ask(cat)) == {}
    corpus.ask(cat, "gs://b/cat.png")
    assert matching_urls(other.ask(cat)) == {"full": ["gs://b/cat.png"]}


def test_of_two_copies_answered_at_once_one_meets_the_other(
    corpus: Corpus, tmp_path: Path, model_store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, cat = Corpus(tmp_path, model_store), photograph("chelsea.png")
    matches: list[dict[str, list[str]]] = []
    keep = corpus.index.put

    def interrupted(*arguments: Any) -> None:
        matches.append(matching_urls(other.ask(cat, "gs://b/second.png")))
        keep(*arguments)

    monkeypatch.setattr(corpus.index, "put", interrupted)
    matches.append(matching_urls(corpus.ask(cat, "gs://b/first.png")))
    assert matches == [{}, {"full": ["gs://b/second.png"]}]


def test_a_corpus_that_cannot_be_used_costs_only_the_matches(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus.index, "put", _no_room)
    detection = corpus.ask(photograph("chelsea.png"), "gs://b/cat.png")
    assert detection.best_guess_labels and matching_urls(detection) == {}


def _no_room(*_: object) -> None:
    import sqlite3

    raise sqlite3.OperationalError("database or disk is full")


def test_only_the_latest_are_remembered(corpus: Corpus, model_store: ModelStore) -> None:
    signature = sign(sample("coffee.png"), label_model(model_store), DETAIL)
    for at in range(6):
        corpus.index.put(SEEN, f"gs://b/{at}", "", signature, most=4)
    assert list(corpus.index.stamps(SEEN)) == [f"gs://b/{at}" for at in range(2, 6)]
    assert MOST_SEEN == 10_000
    matches = matching_urls(corpus.ask(photograph("coffee.png")))
    assert sorted(matches["full"]) == [f"gs://b/{at}" for at in range(2, 6)]


def test_a_gallery_address_names_a_file_of_the_gallery_and_nothing_else(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a file is called, its address leads nowhere else; no text of a picture is in it."""
    # On a busy machine, too, all are taken in at once.
    monkeypatch.setattr("core.engine.annotators.web.REFRESH_S", 60.0)
    subjects = ("a%2f..%2fetc", "a#b?c=d", "<b>&'\"", "\\..\\win", "new\nline", "犬 ..", "x@y:80")
    cat = photograph("chelsea.png")
    for subject in subjects:
        (corpus.folder / subject).mkdir()
        cat.save(corpus.folder / subject / "one.png", pnginfo=_says("gallery://web/../../passwd"))
    outside = corpus.folder.parent / "outside.png"
    cat.save(outside)
    (corpus.folder / "link.png").symlink_to(outside)
    (corpus.folder / ".hidden.png").write_bytes(outside.read_bytes())
    urls = [url for kind in matching_urls(corpus.ask(cat)).values() for url in kind]
    assert len(urls) == len(subjects)
    for url in urls:
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
            "gallery", "web", "", "",
        )  # fmt: skip
        assert re.fullmatch(r"/[\w.~%/-]+", parts.path, re.ASCII), url
        path = unquote(parts.path).removeprefix("/")
        assert path in {f"{subject}/one.png" for subject in subjects}
        assert ".." not in path.split("/")


def _says(text: str) -> PngInfo:
    info = PngInfo()
    info.add_text("Description", text)
    return info


@pytest.mark.parametrize(
    "uri", ["gallery://web/cat.png", "GALLERY://web/../x", "gs:gallery://web/a"]
)
def test_no_client_can_add_a_gallery_s_address(uri: str) -> None:
    """What is remembered as seen was first read from a bucket, and only gs:// can be."""
    with pytest.raises(BadObjectName):
        PictureReader("http://127.0.0.1:9").read(uri, 1)
