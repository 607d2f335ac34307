"""The map of pictures: who is on it, where, and how it is drawn."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from core.results.analysis import similarity_map
from core.results.analysis.similarity_map import MapCache, PictureMap, candidates, described, layout
from core.results.columns.map_parts import MapGroup
from core.results.figures.similarity_map import (
    NAMED,
    OTHER,
    UNLABELLED,
    at_pixels,
    dots,
    embedding,
    places_of,
)
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.theme import LOOKS
from tests.kit.results.shards import failed, labelled, response, store_of

pytestmark = pytest.mark.slow


def clusters(count: int, of: int, noise: float = 0.1) -> tuple[Any, Any]:
    """Unit vectors around ``count`` directions, and whose each is."""
    rng = np.random.default_rng(3)
    whose = np.repeat(np.arange(count), of)
    made = np.eye(64, dtype=np.float32)[whose] + noise * rng.random((len(whose), 64))
    made /= np.linalg.norm(made, axis=1)[:, None]
    return made.astype(np.float32), whose


def test_alike_pictures_lie_together() -> None:
    vectors, whose = clusters(5, 30)
    places = layout(vectors)
    assert places.shape == (150, 2)
    assert np.abs(places).max() == pytest.approx(1)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (whose[apart.argmin(axis=1)] == whose).all(), "each one's nearest is of its own group"


def test_of_many_some_are_laid_out_and_the_others_stand_beside_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(similarity_map, "LAID_OUT", 60)
    vectors, whose = clusters(3, 50)
    places = layout(vectors)
    middles = np.stack([np.median(places[whose == group], axis=0) for group in range(3)])
    apart = np.linalg.norm(places[:, None] - middles[None], axis=2)
    assert (apart.argmin(axis=1) == whose).mean() > 0.9


def test_of_few_pictures_near_duplicates_lie_beside_each_other() -> None:
    vectors, whose = clusters(20, 2, noise=0.01)
    places = layout(vectors)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (whose[apart.argmin(axis=1)] == whose).mean() > 0.9


def test_the_same_vectors_make_the_same_map() -> None:
    vectors, _ = clusters(3, 10)
    assert np.array_equal(layout(vectors), layout(vectors))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 8])
def test_few_pictures_have_places_too(count: int) -> None:
    vectors, _ = clusters(count, 1)
    places = layout(vectors.reshape(count, 64))
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


@pytest.mark.parametrize("other", [0.0, 1.0])
def test_equal_pictures_have_finite_places(other: float) -> None:
    vectors = np.ones((40, 16), np.float32)
    vectors[:20] *= 1 + other
    assert np.isfinite(layout(vectors)).all()


@pytest.fixture(scope="module")
def some() -> Store:
    """Seven cats, a dog, one without labels, one that failed."""
    return store_of(
        *(labelled(f"gs://b/{n}.jpg", "Cat") for n in range(7)),
        labelled("gs://b/<b>dog</b>.jpg", "<i>Dog</i>"),
        response("gs://b/nothing.jpg"),
        failed("gs://b/bad.jpg"),
    )


def test_failed_pictures_are_no_candidates_and_a_sample_is_the_same_each_time(some: Store) -> None:
    assert candidates(some)["picture"].to_pylist() == [*range(9)]
    sample = candidates(some, 4)["picture"].to_pylist()
    assert len(sample) == 4
    assert sample == sorted(sample) == candidates(some, 4)["picture"].to_pylist()


def made(pictures: list[int]) -> PictureMap:
    places = np.linspace(-1, 1, 2 * len(pictures), dtype=np.float32).reshape(-1, 2)
    return PictureMap(np.array(pictures, np.int64), places, 0)


def test_a_row_says_what_its_picture_is_and_whether_it_passes(some: Store) -> None:
    frame = described(some, made([1, 7, 8]), Filters(labels=("Cat",)))
    assert frame["picture"].tolist() == [1, 7, 8]
    assert frame["name"].tolist()[0] == "1.jpg"
    assert frame["label"].tolist() == ["Cat", "<i>Dog</i>", ""]
    assert frame["hex"].tolist() == ["", "", ""]
    assert frame["passes"].tolist() == [True, False, False]
    assert frame[["x", "y"]].to_numpy().ravel().tolist() == pytest.approx(
        [-1, -0.6, -0.2, 0.2, 0.6, 1]
    )


def test_the_best_label_is_the_one_of_the_highest_score(store: Store) -> None:
    frame = described(store, made([*range(40)]), Filters())
    said = zip(frame["label"], frame["hex"], strict=True)
    for of, (label, color) in zip(store.annotations_of([*range(40)]), said, strict=True):
        best = max((score for _, score in of.labels), default=0.0)
        assert (label, best) in of.labels or (label == "" and not of.labels)
        largest = max((part for _, _, part in of.colors), default=0.0)
        assert not of.colors or (color, largest) in [(name, part) for name, _, part in of.colors]


def test_pictures_that_do_not_pass_are_faint_and_cannot_be_chosen(some: Store) -> None:
    frame = described(some, made([*range(9)]), Filters(labels=("Cat",)))
    aside, *groups = embedding(frame).data
    assert len(aside.x) == 2
    assert aside.hoverinfo == "skip"
    assert aside.customdata is None
    assert [trace.customdata.tolist() for trace in groups] == [[0, 1, 2, 3, 4, 5, 6]]


def test_names_from_outside_are_plain_text(some: Store) -> None:
    for theme in ("light", "dark"):
        fig = embedding(described(some, made([*range(9)]), Filters()), theme)
        said = repr([trace.to_plotly_json() for trace in fig.data])
        assert "<i>" not in said
        assert "&lt;i&gt;Dog&lt;/i&gt;" in said
        assert {trace.name.rpartition(" (")[0] for trace in fig.data} == {
            "Cat",
            "&lt;i&gt;Dog&lt;/i&gt;",
            UNLABELLED,
        }


def test_rare_labels_share_a_colour() -> None:
    names = [f"L{n}" for n in range(NAMED + 3) for _ in range(2 if n < NAMED else 1)]
    store = store_of(*(labelled(f"gs://b/{n}", name) for n, name in enumerate(names)))
    fig = embedding(described(store, made([*range(len(names))]), Filters()))
    assert len(fig.data) == NAMED + 1
    assert fig.data[0].name == f"{OTHER} (3)"
    assert len({trace.marker.color for trace in fig.data}) == NAMED + 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_without_a_label_are_hollow_and_can_be_seen(theme: str) -> None:
    store = store_of(labelled("gs://b/a.jpg", "Cat"), labelled("gs://b/b.jpg"))
    without, cat = embedding(described(store, made([0, 1]), Filters()), theme).data
    assert (without.name, without.marker.symbol) == ("No label (1)", "circle-open")
    assert cat.marker.symbol == "circle"
    assert without.marker.color == LOOKS[theme].muted


def test_each_picture_by_its_own_colour(store: Store) -> None:
    frame = described(store, made([*range(30)]), Filters())
    (trace,) = embedding(frame, "dark", "hex").data
    assert list(trace.marker.color) == [color or "#22201d" for color in frame["hex"]]


def test_without_marks_the_figure_holds_names_and_outline_and_no_picture(some: Store) -> None:
    """Of thousands of pictures, all of which the browser would get, draw and send back."""
    frame = described(some, made([*range(9)]), Filters())
    area = "0:0,0.5:0,0.5:0.5"
    groups = [MapGroup("<i>Dog</i>", 1_200, 0.5, 0.25, area)]
    fig = embedding(
        frame, image="map.webp", thumbnails=False, marks=False, area=area, groups=groups
    )
    (name,) = fig.layout.annotations
    assert (name.text, name.x, name.y) == ("<b>&lt;i&gt;Dog&lt;/i&gt;</b> 1,200", 0.5, 0.25)
    assert {trace.name.rpartition(" (")[0] for trace in fig.data} == {
        "Cat",
        "&lt;i&gt;Dog&lt;/i&gt;",
        UNLABELLED,
    }
    assert all(trace.customdata is None and trace.x == (None,) for trace in fig.data)
    assert fig.layout.showlegend
    veil, line = (shape.path for shape in fig.layout.shapes)
    assert line == "M0,0L0.5,0L0.5,0.5Z"
    assert veil.endswith(line)
    assert not embedding(frame, image="map.webp", marks=False).layout.showlegend


@pytest.mark.parametrize("colored", ["label", "hex"])
def test_dots_stand_at_their_places_in_their_colours(store: Store, colored: str) -> None:
    frame = described(store, made([*range(40)]), Filters())
    frame["passes"] = frame["picture"] % 2 == 0
    frame[["x", "y"]] *= 0.7  # within the picture, which is wider than high
    with Image.open(io.BytesIO(dots(frame, "light", colored))) as opened:
        picture = np.asarray(opened.convert("RGB")).astype(int)
    paper = np.array(ImageColor.getrgb(LOOKS["light"].paper))
    away = np.abs(picture - paper).sum(axis=2)
    sizes = []
    for x, y in zip(frame["x"], frame["y"], strict=True):
        left, top = at_pixels(x, y, 14)
        sizes.append(int((away[top : top + 14, left : left + 14] > 20).sum()))
    assert min(np.array(sizes)[frame["passes"]]) > 70
    assert max(np.array(sizes)[~frame["passes"]]) < 70, "those aside are small"
    assert (away > 20).sum() <= sum(sizes) + 400, "and nothing stands elsewhere"
    if colored == "hex":
        row = frame[frame["passes"] & (frame["hex"] != "")].iloc[0]
        left, top = at_pixels(row["x"], row["y"], 2)
        wanted = np.array(ImageColor.getrgb(row["hex"]))
        assert np.abs(picture[top, left] - (wanted * 0.9 + paper * 0.1)).max() < 40


def test_places_for_the_browser_are_of_those_that_pass(some: Store) -> None:
    frame = described(some, made([*range(9)]), Filters(labels=("Cat",)))
    data = places_of(frame)
    count = int(np.frombuffer(data, "<i4", 1)[0])
    ids, units = np.frombuffer(data, "<i4", count, 4), np.frombuffer(data, "<i2", -1, 4 + 4 * count)
    assert ids.tolist() == [*range(7)]
    wanted = frame[["x", "y"]][:7].to_numpy()
    assert units.reshape(7, 2) / 10_000 == pytest.approx(wanted, abs=1e-4)


def test_an_empty_map_says_so(some: Store) -> None:
    fig = embedding(described(some, made([]), Filters()))
    assert not fig.data
    assert fig.layout.annotations


def test_a_map_is_made_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> PictureMap:
        calls.append(1)
        return made([4, 5])

    cache = MapCache(tmp_path / "maps")
    first = cache.of("a1", make)
    again = MapCache(tmp_path / "maps").of("a1", make)
    assert len(calls) == 1
    assert again.pictures.tolist() == first.pictures.tolist() == [4, 5]
    assert np.array_equal(again.places, first.places)
    (tmp_path / "maps" / "a1.npz").write_bytes(b"damaged")
    assert cache.of("a1", make).pictures.tolist() == [4, 5]
    assert len(calls) == 2


def test_a_full_disk_costs_the_cache_and_not_the_map(tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("a file where a folder should be")
    assert MapCache(tmp_path / "maps").of("a1", lambda: made([1])).pictures.tolist() == [1]


def test_old_maps_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.results.analysis.similarity_map.KEPT_MAPS", 3)
    cache = MapCache(tmp_path)
    for n in range(6):
        cache.of(f"m{n}", lambda: made([1]))
    assert len(list(tmp_path.iterdir())) == 3
