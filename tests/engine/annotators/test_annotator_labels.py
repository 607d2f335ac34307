"""LABEL_DETECTION: the tree by itself, then real pictures."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.models.label_model import views_of
from core.engine.models.label_tree import LabelTree
from core.pictures.picture import Picture
from tests.kit.real_pictures import Annotate, sample

TABBY, TIGER_CAT, PERSIAN, GOLDFISH = 281, 282, 283, 1
MISSILES = (657, 744)  # ImageNet has two classes of this name


@pytest.fixture(scope="module")
def tree() -> LabelTree:
    return LabelTree()


def probabilities(**shares: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    found = np.zeros(1000, np.float32)
    for index, share in shares.items():
        found[int(index.removeprefix("c"))] = share
    return found


def test_classes_sum_up_to_their_groups(tree: LabelTree) -> None:
    labels = tree.labels(probabilities(c281=0.4, c282=0.3, c283=0.2, c1=0.1))
    scores = {label.name: round(label.score, 3) for label in labels}
    assert scores["Cat"] == 0.9 and scores["Tabby cat"] == 0.4 and scores["Tiger cat"] == 0.3
    assert scores["Animal"] == 1.0
    assert "Goldfish" not in scores and "Fish" not in scores


def test_best_first_and_of_equals_the_most_special(tree: LabelTree) -> None:
    labels = tree.labels(probabilities(c281=1.0))
    assert [label.name for label in labels][:2] == ["Tabby cat", "Cat"]
    assert [label.name for label in labels][-1] == "Animal"
    scores = [label.score for label in labels]
    assert scores == sorted(scores, reverse=True)


def test_scores_never_rise_down_the_list(tree: LabelTree) -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        made = (random.random(1000) ** 60).astype(np.float32)
        scores = [label.score for label in tree.labels(made / made.sum())]
        assert scores == sorted(scores, reverse=True)


def test_the_best_guess_is_the_most_special_likely_name(tree: LabelTree) -> None:
    assert tree.best_guess(probabilities(c281=0.6, c282=0.3)) == "Tabby cat"
    assert tree.best_guess(probabilities(c281=0.4, c282=0.4)) == "Cat"
    assert tree.best_guess(np.full(1000, 0.001, np.float32)) == ""


def test_two_classes_of_one_name_are_one_label(tree: LabelTree) -> None:
    labels = tree.labels(probabilities(c657=0.5, c744=0.4))
    missiles = [label for label in labels if label.name == "Missile"]
    assert len(missiles) == 1 and missiles[0].score == pytest.approx(0.9)


def test_doubt_spread_over_all_classes_names_nothing(tree: LabelTree) -> None:
    assert tree.labels(np.full(1000, 0.001, np.float32)) == []


def test_every_class_has_a_name_and_groups_are_not_classes_by_accident(tree: LabelTree) -> None:
    assert len(set(tree.names)) == len(tree.names)
    assert all(name == name.strip() and name[:1] == name[:1].upper() for name in tree.names)
    assert {"Animal", "Food", "Vehicle", "Tabby cat", "Espresso"} <= set(tree.names)


def test_the_views_are_the_whole_and_the_middle() -> None:
    pixels = np.zeros((100, 400, 3), np.uint8)
    pixels[:, :50] = 255  # at the left edge: only the whole has it
    whole, middle = views_of(Picture(pixels))
    assert whole.shape == middle.shape == (224, 224, 3)
    assert whole[:, :20].min() > 200 and middle.max() < 20


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chelsea.png", {"Cat", "Mammal", "Animal"}),
        ("coffee.png", {"Espresso", "Drink", "Food"}),
        ("camera.png", {"Tripod"}),
        ("motorcycle_left.png", {"Vehicle", "Motor vehicle"}),
        ("china.jpg", {"Building"}),
        ("flower.jpg", {"Daisy"}),
        ("rocket.jpg", {"Missile"}),
    ],
)
def test_real_pictures(name: str, expected: set[str], annotate: Annotate) -> None:
    response = annotate("LABEL_DETECTION", sample(name))
    assert expected <= {label.description for label in response.label_annotations}


@pytest.mark.parametrize("name", ["gravel.png", "grass.png", "hubble_deep_field.jpg"])
def test_textures_get_no_made_up_label(name: str, annotate: Annotate) -> None:
    assert not annotate("LABEL_DETECTION", sample(name)).label_annotations


def test_the_response_is_shaped_as_the_service_does_it(annotate: Annotate) -> None:
    cat = sample("chelsea.png")
    labels = annotate("LABEL_DETECTION", cat, most=3).label_annotations
    assert len(labels) == 3
    assert len(annotate("LABEL_DETECTION", cat).label_annotations) <= 10
    for label in labels:
        assert label.score == label.topicality and 0 < label.score <= 1 and not label.mid
