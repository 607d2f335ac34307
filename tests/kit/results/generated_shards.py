"""Write generated result shards: every feature, seeded, in the service's own JSON.

    python tests/kit/results/generated_shards.py FOLDER [--pictures 2000] [--documents] [--seed 1]

The contents are invented but shaped like the service's: label frequencies follow Zipf's law, scores
fall with rank, one picture in a hundred is an error. With ``--documents`` every picture also has
a page of text down to its symbols, which makes it some 40 times as large.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from google.cloud import vision
from google.protobuf import json_format

BUCKET = "gs://generated-pictures"
WIDTH, HEIGHT = 1600, 1200
WORDS_A_PAGE = 60
THINGS = """
    Dog Cat Bird Horse Flower Tree Sky Water Mountain Car Bicycle Boat Food Fruit Bread Chair Table
    Building Bridge Tower Street Night Snow Beach Forest Person Hat Shoe Book Painting
"""
KINDS = ("", "Wild", "Old", "Small", "Red", "Wooden", "Working", "Black-and-white", "Toy")
LABELS = [f"{kind} {thing}".strip() for thing in THINGS.split() for kind in KINDS]
OBJECTS = ("Person", "Dog", "Cat", "Car", "Bicycle", "Chair", "Table", "Boat", "Hat", "Bottle")
LOGOS = ["Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka"]
PLACES = {
    "Eiffel Tower": (48.8584, 2.2945),
    "Golden Gate Bridge": (37.8199, -122.4783),
    "Sydney Opera House": (-33.8568, 151.2153),
    "Taj Mahal": (27.1751, 78.0421),
}
LANGUAGES = ("en", "de", "fr", "ja", "ar")
PROSE = """
    invoice total amount due date customer number street city order item price quantity tax paid
    thank you for your purchase please keep this receipt terms and conditions apply Überweisung
    Straße naïve café 東京 合計 領収書
"""
TEXT = PROSE.split()


def shard_json(first: int, last: int, seed: int, *, documents: bool) -> str:
    """JSON text of one shard; the same for the same arguments.

    Args:
        first: number of the first picture, from 1; ``last`` is included.
    """
    batch = vision.BatchAnnotateImagesResponse.pb(vision.BatchAnnotateImagesResponse())
    for number in range(first, last + 1):
        # One generator a picture: shard size and order do not change what a picture holds.
        fill_response(batch.responses.add(), number, random.Random(f"{seed}/{number}"), documents)
    return json_format.MessageToJson(batch)


def generate(
    folder: Path,
    pictures: int,
    batch_size: int = 20,
    seed: int = 1,
    processes: int = 1,
    *,
    documents: bool = False,
) -> list[Path]:
    """Write all shards of a batch into a folder and return their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(1, pictures + 1, batch_size)
    write = partial(_write, folder, pictures, batch_size, seed, documents)
    if processes < 2:
        return [write(first) for first in starts]
    # Not forked: a test run has threads whose locks would be copied as they stand.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(pool.map(write, starts))


def _write(
    folder: Path, pictures: int, batch_size: int, seed: int, documents: bool, first: int
) -> Path:
    last = min(first + batch_size - 1, pictures)
    path = folder / f"output-{first}-to-{last}.json"
    path.write_text(shard_json(first, last, seed, documents=documents), encoding="utf-8")
    return path


def fill_response(response: Any, number: int, rng: random.Random, documents: bool) -> None:
    """Fill one AnnotateImageResponse (the plain protobuf message) with every feature."""
    response.context.uri = f"{BUCKET}/album-{number % 7}/picture-{number:06}.jpg"
    if rng.random() < 0.01:
        response.error.code = rng.choice((3, 5, 7))
        response.error.message = f"Error opening file: {response.context.uri}."
        return
    _labels(response, rng)
    _objects_and_faces(response, rng)
    _safe_search(response.safe_search_annotation, rng)
    _colors(response.image_properties_annotation.dominant_colors, rng)
    _crop_hints(response.crop_hints_annotation, rng)
    _places_and_logos(response, rng)
    _web(response.web_detection, number, rng)
    if documents:
        _document(response, rng)
    elif rng.random() < 0.3:
        _few_words(response, rng)


def _labels(response: Any, rng: random.Random) -> None:
    chosen = {min(int(rng.paretovariate(0.6)), len(LABELS)) - 1 for _ in range(12)}
    score = 0.99
    for place in sorted(chosen)[:10]:
        score *= rng.uniform(0.9, 1.0)
        response.label_annotations.add(
            mid=f"/m/0{place:04x}", description=LABELS[place], score=score, topicality=score
        )


def _objects_and_faces(response: Any, rng: random.Random) -> None:
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        annotation = response.localized_object_annotations.add(
            mid="/m/0x", name=rng.choice(OBJECTS), score=rng.uniform(0.5, 0.99)
        )
        x, y = rng.uniform(0, 0.6), rng.uniform(0, 0.6)
        for dx, dy in ((0, 0), (0.3, 0), (0.3, 0.3), (0, 0.3)):
            annotation.bounding_poly.normalized_vertices.add(x=x + dx, y=y + dy)
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        face = response.face_annotations.add(
            roll_angle=rng.gauss(0, 8),
            pan_angle=rng.gauss(0, 20),
            tilt_angle=rng.gauss(0, 8),
            detection_confidence=rng.uniform(0.6, 1),
            landmarking_confidence=rng.uniform(0.4, 1),
            joy_likelihood=_likelihood(rng),
            sorrow_likelihood=1,
            anger_likelihood=1,
            surprise_likelihood=_likelihood(rng),
            under_exposed_likelihood=1,
            blurred_likelihood=_likelihood(rng),
            headwear_likelihood=_likelihood(rng),
        )
        x, y, side = rng.randrange(1200), rng.randrange(800), rng.randrange(80, 400)
        _box(face.bounding_poly, x, y, side, side)
        _box(face.fd_bounding_poly, x + 9, y + 9, side - 18, side - 18)
        for kind in range(1, 35):
            mark = face.landmarks.add(type_=kind)
            mark.position.x, mark.position.y = x + rng.random() * side, y + rng.random() * side
            mark.position.z = rng.gauss(0, 20)


def _safe_search(annotation: Any, rng: random.Random) -> None:
    for category in ("adult", "spoof", "medical", "violence", "racy"):
        setattr(annotation, category, _likelihood(rng))


def _likelihood(rng: random.Random) -> int:
    return rng.choices(range(6), (2, 60, 20, 10, 5, 3))[0]


def _colors(annotation: Any, rng: random.Random) -> None:
    hue = rng.random() * 2 * math.pi
    left = 1.0
    for _ in range(10):
        light, spread = rng.uniform(20, 235), rng.uniform(0, 60)
        angle = rng.gauss(hue, 0.5)
        info = annotation.colors.add(score=left * 0.3, pixel_fraction=left * 0.2)
        for channel, turn in (("red", 0.0), ("green", 2.09), ("blue", 4.19)):
            value = round(min(255, max(0, light + spread * math.cos(angle + turn))))
            setattr(info.color, channel, float(value))
        left *= 0.75


def _crop_hints(annotation: Any, rng: random.Random) -> None:
    hint = annotation.crop_hints.add(confidence=rng.uniform(0.3, 1), importance_fraction=1.0)
    width = rng.choice((900, 1200, 1600))
    _box(hint.bounding_poly, rng.randrange(WIDTH - width + 1), 0, width, HEIGHT)


def _places_and_logos(response: Any, rng: random.Random) -> None:
    if rng.random() < 0.1:
        name = rng.choice(list(PLACES))
        place = response.landmark_annotations.add(
            mid="/m/02j81", description=name, score=rng.uniform(0.3, 0.95)
        )
        lat_lng = place.locations.add().lat_lng
        lat_lng.latitude, lat_lng.longitude = PLACES[name]
        _box(place.bounding_poly, 200, 100, 700, 900)
    if rng.random() < 0.1:
        logo = response.logo_annotations.add(
            mid="/m/045c7b", description=rng.choice(LOGOS), score=rng.uniform(0.5, 0.99)
        )
        _box(logo.bounding_poly, rng.randrange(1000), rng.randrange(800), 160, 80)


def _web(annotation: Any, number: int, rng: random.Random) -> None:
    for place in rng.sample(range(40), 5):
        annotation.web_entities.add(
            entity_id=f"/m/0{place:04x}", description=LABELS[place], score=rng.uniform(0.1, 1.4)
        )
    annotation.best_guess_labels.add(label=rng.choice(LABELS).lower(), language_code="en")
    for place in range(4):
        annotation.visually_similar_images.add(
            url=f"https://example.com/{number}/similar-{place}.jpg"
        )
    if rng.random() < 0.2:
        annotation.full_matching_images.add(url=f"https://example.org/{number}.jpg")
        annotation.pages_with_matching_images.add(
            url=f"https://example.org/{number}.html", page_title=f"Page <b>{number}</b>"
        )


def _few_words(response: Any, rng: random.Random) -> None:
    words = rng.choices(TEXT, k=rng.randrange(1, 9))
    text, language = " ".join(words), rng.choice(LANGUAGES)
    whole = response.text_annotations.add(locale=language, description=text)
    _box(whole.bounding_poly, 100, 100, 1000, 60)
    for place, word in enumerate(words):
        _box(
            response.text_annotations.add(description=word).bounding_poly,
            100 + 110 * place,
            100,
            100,
            60,
        )


def _document(response: Any, rng: random.Random) -> None:
    """A page of paragraphs; each word is given both as text and as symbols, as the service does."""
    language = rng.choice(LANGUAGES)
    whole = response.text_annotations.add(locale=language)
    _box(whole.bounding_poly, 80, 60, 1400, 1100)
    page = response.full_text_annotation.pages.add(width=WIDTH, height=HEIGHT, confidence=0.98)
    page.property.detected_languages.add(language_code=language, confidence=rng.uniform(0.5, 1))
    words = rng.choices(TEXT, k=max(1, round(rng.gauss(WORDS_A_PAGE, WORDS_A_PAGE / 3))))
    lines: list[str] = []
    for row, start in enumerate(range(0, len(words), 10)):
        if row % 4 == 0:
            paragraph = page.blocks.add(block_type=1, confidence=0.97).paragraphs.add(
                confidence=0.97
            )
            _box(paragraph.bounding_box, 80, 60 + 40 * row, 1400, 160)
        line = words[start : start + 10]
        lines.append(" ".join(line))
        for column, text in enumerate(line):
            x, y = 80 + 140 * column, 60 + 40 * row
            _box(response.text_annotations.add(description=text).bounding_poly, x, y, 130, 30)
            _word(paragraph.words.add(confidence=0.96), text, x, y, column == len(line) - 1)
    response.full_text_annotation.text = whole.description = "\n".join(lines) + "\n"


def _word(word: Any, text: str, x: int, y: int, last: bool) -> None:
    _box(word.bounding_box, x, y, 130, 30)
    step = 130 // max(len(text), 1)
    for place, letter in enumerate(text):
        symbol = word.symbols.add(text=letter, confidence=0.95)
        _box(symbol.bounding_box, x + place * step, y, step, 30)
    symbol.property.detected_break.type_ = 5 if last else 1


def _box(poly: Any, x: int, y: int, width: int, height: int) -> None:
    for dx, dy in itertools.product((0, width), (0, height)):
        poly.vertices.add(x=x + dx, y=y + (dy if dx == 0 else height - dy))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--documents", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Write the shards that the command line asks for."""
    given = _arguments()
    paths = generate(
        given.folder,
        given.pictures,
        given.batch_size,
        given.seed,
        given.processes,
        documents=given.documents,
    )
    size = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} shards, {size / 1e6:.1f} MB, in {given.folder}")


if __name__ == "__main__":
    main()
