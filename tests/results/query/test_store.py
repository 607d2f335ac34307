"""The store's answers, against plain Python over the same messages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.results.columns import colors as color_column
from core.results.columns.name_counts import COUNTED
from core.results.columns.palettes import GREY_CHROMA, hex_to_lab, is_grey, to_lab
from core.results.query.filters import GROUPS, Filters
from core.results.query.picture.read_annotations import with_face_points
from core.results.query.store import Store
from core.results.tables import tables
from core.results.vocabulary import FACE_TRAITS, LIKELIHOODS, SAFE_CATEGORIES
from tests.kit.results.shards import failed, labelled, response, store_of

Keep = Callable[[Any], bool]
ANYTHING = Filters()


def _labels(message: Any) -> set[str]:
    return {x.description for x in message.label_annotations}


def _near(message: Any, color: str, tolerance: float, share: float, chroma: float = 0.0) -> bool:
    for info in message.image_properties_annotation.dominant_colors.colors:
        rgb = (info.color.red, info.color.green, info.color.blue)
        shade = "#" + "".join(f"{round(v):02x}" for v in rgb)
        near = math.dist(hex_to_lab(shade), hex_to_lab(color)) <= tolerance
        near &= math.hypot(*hex_to_lab(shade)[1:]) >= chroma
        if near and info.pixel_fraction >= share:
            return True
    return False


def _aspects(message: Any) -> list[float]:
    aspects = []
    for hint in message.crop_hints_annotation.crop_hints:
        xs = [v.x for v in hint.bounding_poly.vertices]
        ys = [v.y for v in hint.bounding_poly.vertices]
        aspects.append((max(xs) - min(xs)) / (max(ys) - min(ys)))
    return aspects


CASES: list[tuple[Filters, Keep]] = [
    (Filters(), lambda m: True),
    (Filters(labels=("Cat",)), lambda m: "Cat" in _labels(m)),
    (Filters(labels=("Cat", "Toy Bird")), lambda m: bool({"Cat", "Toy Bird"} & _labels(m))),
    (Filters(labels=("Cat", "Dog"), match="all"), lambda m: {"Cat", "Dog"} <= _labels(m)),
    (Filters(not_labels=("Wild Dog",)), lambda m: "Wild Dog" not in _labels(m)),
    (
        Filters(labels=("Old Dog",), score=0.9),
        lambda m: any(x.description == "Old Dog" and x.score >= 0.9 for x in m.label_annotations),
    ),
    (
        Filters(objects=("Chair",), score=0.7),
        lambda m: any(x.name == "Chair" and x.score >= 0.7 for x in m.localized_object_annotations),
    ),
    (Filters(faces=(2, 2)), lambda m: len(m.face_annotations) == 2),
    (Filters(faces=(1, None)), lambda m: len(m.face_annotations) >= 1),
    (Filters(faces=(0, 0)), lambda m: not m.error.code and not m.face_annotations),
    (
        Filters(traits=(("joy", "LIKELY"), ("headwear", "VERY_LIKELY"))),
        lambda m: any(
            f.joy_likelihood >= 4 or f.headwear_likelihood >= 5 for f in m.face_annotations
        ),
    ),
    (
        Filters(landmarks=("Taj Mahal",)),
        lambda m: any(x.description == "Taj Mahal" for x in m.landmark_annotations),
    ),
    (
        Filters(logos=("Acme", "Hooli")),
        lambda m: any(x.description in ("Acme", "Hooli") for x in m.logo_annotations),
    ),
    (
        Filters(text="INVOICE"),
        lambda m: bool(m.text_annotations) and "invoice" in m.text_annotations[0].description,
    ),
    (
        Filters(languages=("ja",)),
        lambda m: bool(m.text_annotations) and m.text_annotations[0].locale == "ja",
    ),
    (
        Filters(web=("Old Cat",)),
        lambda m: any(x.description == "Old Cat" for x in m.web_detection.web_entities),
    ),
    (Filters(crops=("tall",)), lambda m: any(a < 0.8 for a in _aspects(m))),
    (Filters(crops=("square", "wide")), lambda m: any(a >= 0.8 for a in _aspects(m))),
    (
        Filters(color="#4080c0", tolerance=25.0, color_share=0.05),
        lambda m: _near(m, "#4080c0", 25.0, 0.05),
    ),
    (
        Filters(color="#80807a", tolerance=20.0, no_greys=True),
        lambda m: _near(m, "#80807a", 20.0, 0.03, GREY_CHROMA),
    ),
    (
        Filters(safe=(("adult", "LIKELY"), ("racy", "VERY_LIKELY"))),
        lambda m: m.safe_search_annotation.adult >= 4 or m.safe_search_annotation.racy >= 5,
    ),
    (
        Filters(safe_is=(("spoof", "POSSIBLE"),)),
        lambda m: m.safe_search_annotation.spoof == 3,
    ),
    (Filters(status="failed"), lambda m: m.error.code != 0),
    (Filters(status="ok"), lambda m: m.error.code == 0),
    (Filters(errors=("NOT_FOUND", "CODE_99")), lambda m: m.error.code == 5),
    (Filters(uri="ALBUM-3/"), lambda m: "album-3/" in m.context.uri),
    (
        Filters(labels=("Cat",), faces=(1, None), status="ok", uri=".jpg"),
        lambda m: "Cat" in _labels(m) and len(m.face_annotations) > 0,
    ),
]


@pytest.mark.parametrize(
    ("filters", "keep"), CASES, ids=lambda x: str(getattr(x, "to_params", str)())
)
def test_filters_keep_what_they_say(
    store: Store, messages: list[Any], filters: Filters, keep: Keep
) -> None:
    expected = [n for n, message in enumerate(messages) if keep(message)]
    assert expected, "the case tests nothing"
    assert store.ids(filters) == expected
    assert store.count(filters) == len(expected)
    frame = store.pictures(filters)
    assert frame["picture"].tolist() == expected
    assert frame["uri"].tolist() == [messages[n].context.uri for n in expected]
    group = next((g for g in GROUPS if filters.is_set(g)), None)
    assert store.count(filters, without=group) >= len(expected)


def test_a_score_passes_its_own_cut_off() -> None:
    store = store_of(labelled("gs://b/1.jpg", "Dog", score=0.7))
    assert store.ids(Filters(labels=("Dog",), score=0.7)) == [0]
    assert store.ids(Filters(labels=("Dog",), score=0.71)) == []


@pytest.mark.parametrize("score", [0.0, 0.85])
def test_label_frequency(store: Store, messages: list[Any], score: float) -> None:
    counted: Counter[str] = Counter()
    for message in messages:
        counted.update({x.description for x in message.label_annotations if x.score >= score})
    frame = store.labels(Filters(score=score), top=1000)
    assert dict(zip(frame["label"], frame["pictures"], strict=True)) == counted
    assert frame["pictures"].is_monotonic_decreasing
    assert (frame["mean_score"] >= score - 1e-6).all()
    assert len(store.labels(ANYTHING, top=3)) == 3


def test_a_chart_is_not_narrowed_by_its_own_filter(store: Store) -> None:
    filters = Filters(labels=("Cat",))
    pd.testing.assert_frame_equal(store.labels(filters), store.labels(ANYTHING))
    narrowed = store.labels(filters, top=1000, without=None)
    assert narrowed["pictures"].max() == store.count(filters)


def test_safe_search_has_every_cell(store: Store, messages: list[Any]) -> None:
    filters = Filters(labels=("Cat",))
    frame = store.safe_search(filters)
    assert list(zip(frame["category"], frame["likelihood"], strict=True)) == [
        (category, likelihood) for category in SAFE_CATEGORIES for likelihood in LIKELIHOODS
    ]
    for category in SAFE_CATEGORIES:
        counted = Counter(
            getattr(m.safe_search_annotation, category)
            for m in messages
            if "Cat" in _labels(m) and m.HasField("safe_search_annotation")
        )
        got = frame[frame["category"] == category]["pictures"].tolist()
        assert got == [counted[n] for n in range(6)]
    assert store.safe_search(Filters(safe_is=(("adult", "LIKELY"),))).equals(
        store.safe_search(ANYTHING)
    )


def test_face_traits_count_faces(store: Store, messages: list[Any]) -> None:
    frame = store.face_traits(ANYTHING)
    assert len(frame) == len(FACE_TRAITS) * len(LIKELIHOODS)
    joy = Counter(f.joy_likelihood for m in messages for f in m.face_annotations)
    assert frame[frame["trait"] == "joy"]["faces"].tolist() == [joy[n] for n in range(6)]


@pytest.mark.parametrize(
    ("feature", "names"),
    [
        ("objects", lambda m: [x.name for x in m.localized_object_annotations]),
        ("landmarks", lambda m: [x.description for x in m.landmark_annotations]),
        ("logos", lambda m: [x.description for x in m.logo_annotations]),
        ("web", lambda m: [x.description for x in m.web_detection.web_entities]),
        ("languages", lambda m: [x.locale for x in m.text_annotations[:1]]),
    ],
)
def test_counts(
    store: Store, messages: list[Any], feature: str, names: Callable[[Any], list[str]]
) -> None:
    pictures: Counter[str] = Counter()
    instances: Counter[str] = Counter()
    for message in messages:
        pictures.update(set(names(message)))
        instances.update(names(message))
    frame = store.counts(feature, ANYTHING, top=1000)
    assert list(frame.columns) == ["name", "value", "pictures", "instances", "mean_score"]
    assert dict(zip(frame["value"], frame["pictures"], strict=True)) == pictures
    assert dict(zip(frame["value"], frame["instances"], strict=True)) == instances
    first = str(frame["value"][0])
    assert store.count(ANYTHING.toggled(feature, first)) == frame["pictures"][0]


@pytest.mark.parametrize("feature", ["faces", "crops"])
def test_clicking_any_bar_finds_its_pictures(store: Store, feature: str) -> None:
    frame = store.counts(feature, ANYTHING)
    assert len(frame) >= 3
    for value, pictures in zip(frame["value"], frame["pictures"], strict=True):
        assert store.count(ANYTHING.toggled(feature, value)) == pictures


def test_many_faces_are_one_bar() -> None:
    crowd = [{"detection_confidence": 0.5}]
    store = store_of(
        *(response(f"gs://b/{n}.jpg", face_annotations=crowd * n) for n in (0, 1, 5, 9)),
        failed("gs://b/x.jpg"),
    )
    frame = store.counts("faces", ANYTHING)
    assert frame["name"].tolist() == ["No face", "1 face", "5 or more faces"]
    assert frame["pictures"].tolist() == [1, 1, 2]
    assert frame["instances"].tolist() == [0, 1, 14]
    assert frame["value"].tolist() == [(0, 0), (1, 1), (5, None)]


def test_equal_errors_are_one_row() -> None:
    store = store_of(
        failed("gs://b/1.jpg", 7, "Error opening file: gs://b/1.jpg."),
        failed("gs://b/2.jpg", 7, "Error opening file: gs://b/2.jpg."),
        failed("gs://b/3.jpg", 99, "odd"),
        failed("", 5, "gone"),
        labelled("gs://b/4.jpg", "Dog"),
    )
    frame = store.errors(ANYTHING)
    assert frame.to_dict("list") == {
        "code": ["PERMISSION_DENIED", "NOT_FOUND", "CODE_99"],
        "message": ["Error opening file: …", "gone", "odd"],
        "pictures": [2, 1, 1],
    }
    assert store.ids(ANYTHING.toggled("errors", "CODE_99")) == [2]
    assert store.pictures(Filters(status="failed"))["error"].tolist() == [
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
        "CODE_99",
        "NOT_FOUND",
    ]


def test_pictures_show_the_best_label_and_the_worst_judgement() -> None:
    store = store_of(
        response(
            "gs://b/1.jpg",
            label_annotations=[
                {"description": "Cat", "score": 0.5},
                {"description": "Dog", "score": 0.75},
            ],
            safe_search_annotation={"adult": "POSSIBLE", "violence": "LIKELY"},
            text_annotations=[{"description": "Hi"}, {"description": "Hi"}],
        ),
        response("gs://b/2.jpg", safe_search_annotation={}),
    )
    first, second = store.pictures(ANYTHING).to_dict("records")
    assert (first["label"], first["score"], first["labels"], first["words"]) == ("Dog", 0.75, 2, 1)
    assert (first["safe_category"], first["safe_likelihood"]) == ("violence", "LIKELY")
    assert second["label"] == ""
    assert math.isnan(second["score"])
    assert (second["safe_category"], second["safe_likelihood"]) == ("", "UNKNOWN")
    assert store.pictures(ANYTHING, limit=1, offset=1)["picture"].tolist() == [1]


def test_batch_palette_and_its_colour_filter(store: Store) -> None:
    frame = store.palette_batch(ANYTHING, k=6)
    assert list(frame.columns) == ["hex", "share", "r", "g", "b", "tolerance"]
    assert len(frame) == 6
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["share"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(frame, store.palette_batch(ANYTHING, k=6))
    row = frame.iloc[0]
    assert row["hex"] == f"#{row['r']:02x}{row['g']:02x}{row['b']:02x}"
    near = store.count(Filters(color=row["hex"], tolerance=float(row["tolerance"])))
    assert 0 < near <= store.count(ANYTHING)
    pd.testing.assert_frame_equal(frame, store.palette_batch(Filters(color="#123456"), k=6))


def test_palettes_of_given_pictures(store: Store, messages: list[Any]) -> None:
    frame = store.palettes([2, 0])
    assert list(frame.columns) == ["picture", "name", "hex", "score", "fraction"]
    assert frame["picture"].unique().tolist() == [0, 2]
    color = messages[0].image_properties_annotation.dominant_colors.colors[0]
    rgb = (color.color.red, color.color.green, color.color.blue)
    assert frame["hex"][0] == "#" + "".join(f"{round(v):02x}" for v in rgb)


def test_results_without_pixel_fractions_have_palettes_too() -> None:
    colors = [{"color": {"red": 255}, "score": 0.75}, {"color": {"blue": 255}, "score": 0.25}]
    store = store_of(response(image_properties_annotation={"dominant_colors": {"colors": colors}}))
    frame = store.palette_batch(ANYTHING)
    assert frame["hex"].tolist() == ["#ff0000", "#0000ff"]
    assert frame["share"].tolist() == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("exact", [True, False])
def test_a_palette_without_greys(
    generated_shards: list[Any], exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(color_column, "EXACT", 10**9 if exact else 0)
    store = Store(tables.build(generated_shards))

    def greys(filters: Filters) -> int:
        frame = store.palette_batch(filters)
        assert len(frame) == 8 and frame["share"].sum() == pytest.approx(1)
        colors = [int(name.removeprefix("#"), 16) for name in frame["hex"]]
        return int(is_grey(to_lab(np.array(colors))).sum())

    assert greys(ANYTHING) > 0
    for filters in (Filters(), Filters(labels=("Cat",))):
        assert greys(replace(filters, palette_no_greys=True)) == 0


def test_a_search_for_a_grey_finds_none_where_greys_are_ignored() -> None:
    colors = [
        {"color": {"red": 128, "green": 128, "blue": 128}, "score": 0.5, "pixel_fraction": 0.5}
    ]
    grey = store_of(response(image_properties_annotation={"dominant_colors": {"colors": colors}}))
    assert grey.ids(Filters(color="#808080")) == [0]
    assert grey.ids(Filters(color="#808080", no_greys=True)) == []
    assert grey.palette_batch(Filters(palette_no_greys=True)).empty


def test_places_on_the_map(store: Store) -> None:
    frame = store.places(ANYTHING)
    row = frame[frame["landmark"] == "Taj Mahal"].iloc[0]
    assert (row["latitude"], row["longitude"]) == pytest.approx((27.1751, 78.0421))
    assert row["pictures"] == store.count(Filters(landmarks=("Taj Mahal",)))


def test_features_present(store: Store, messages: list[Any]) -> None:
    counts = store.features(ANYTHING)
    assert counts["pictures"] == len(messages)
    assert counts["faces"] == sum(bool(m.face_annotations) for m in messages)
    assert counts["products"] == 0
    assert store.features(Filters(status="failed"))["labels"] == 0


def test_everything_about_one_picture(
    store: Store, messages: list[Any], generated_shards: list[Any]
) -> None:
    place = next(n for n, m in enumerate(messages) if m.face_annotations and m.text_annotations)
    message, annotations = messages[place], store.annotations(place)
    assert annotations is not None
    assert store.find(message.context.uri) == place
    assert [name for name, _ in annotations.labels] == [
        x.description for x in message.label_annotations
    ]
    assert [score for _, score in annotations.labels] == pytest.approx(
        [x.score for x in message.label_annotations]
    )
    assert annotations.text == message.text_annotations[0].description
    assert set(annotations.safe) == set(SAFE_CATEGORIES)
    assert annotations.safe["adult"] == LIKELIHOODS[message.safe_search_annotation.adult]
    kinds = Counter(shape.kind for shape in annotations.shapes)
    assert kinds["face"] == len(message.face_annotations)
    assert kinds["word"] == len(message.text_annotations) - 1
    assert kinds["object"] == len(message.localized_object_annotations)
    face = next(shape for shape in annotations.shapes if shape.kind == "face")
    corners = message.face_annotations[0].bounding_poly.vertices
    assert face.points == tuple((v.x, v.y) for v in corners)
    (data,) = (data for file, data in generated_shards if file.uri == annotations.shard)
    marked = with_face_points(annotations, data)
    points = [shape for shape in marked.shapes if shape.kind == "face_point"]
    assert len(points) == 34 * len(message.face_annotations)
    assert points[0].name == "left eye"


def test_many_pictures_are_reported_as_one_is(store: Store) -> None:
    wanted = [7, 3, 299, 3, 10**6, -1, 0, *range(40, 60)]
    annotations = store.annotations_of(wanted)
    assert [a.picture for a in annotations] == [7, 3, 299, 0, *range(40, 60)]
    assert annotations == [store.annotations(a.picture) for a in annotations]
    assert store.annotations_of([]) == []


def test_unknown_pictures_are_none(store: Store) -> None:
    assert store.annotations(10**6) is None
    assert store.find("gs://b/none.jpg") is None


HOSTILE = (
    "'; DROP TABLE labels; --",
    'x" OR 1=1 --',
    "\\",
    "%",
    "_",
    "$1",
    "?",
    "\x00",
    "\u202e",
    "🙂",
    "read_csv('/etc/passwd')",
)


def test_hostile_names_are_only_names() -> None:
    store = store_of(
        *(labelled(f"gs://b/{n}.jpg", name) for n, name in enumerate(HOSTILE)),
    )
    for n, name in enumerate(HOSTILE):
        assert store.ids(Filters(labels=(name,))) == [n]
        assert store.ids(Filters(text=name)) == []
        assert store.count(Filters(uri=name)) == 0
    assert set(store.labels(ANYTHING)["label"]) == set(HOSTILE)


def test_the_database_cannot_reach_out(store: Store) -> None:
    for sql in (
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY labels TO '/tmp/contact-sheet-test.csv'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            store._frame(sql)


def test_an_empty_store_answers_everything() -> None:
    empty = Store(tables.empty())
    filled = store_of(labelled("gs://b/1.jpg", "Dog"))
    full = Filters(
        labels=("a",), color="#ffffff", text="x", faces=(1, 2), safe=(("adult", "LIKELY"),)
    )
    for filters in (ANYTHING, full):
        for name in ("pictures", "labels", "errors", "palette_batch", "places", "safe_search"):
            frame = getattr(empty, name)(filters)
            other = getattr(filled, name)(filters)
            assert list(frame.columns) == list(other.columns), name
            assert frame.dtypes.equals(other.dtypes), name
        for feature in COUNTED:
            frame = empty.counts(feature, filters)
            assert list(frame.columns) == ["name", "value", "pictures", "instances", "mean_score"]
            assert frame.empty
        assert empty.count(filters) == 0
        assert empty.palettes([1]).empty
    assert empty.safe_search(ANYTHING)["pictures"].sum() == 0


def test_threads_may_share_a_store(store: Store) -> None:
    expected = store.labels(ANYTHING)
    with ThreadPoolExecutor(8) as pool:
        for frame in pool.map(lambda _: store.labels(ANYTHING), range(40)):
            pd.testing.assert_frame_equal(frame, expected)
