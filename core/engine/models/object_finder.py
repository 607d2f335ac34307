"""Finds objects: NanoDet's 80 kinds of COCO, animals checked by the label model.

NanoDet takes a cat that fills the picture for a person. So what it calls a person or an animal is
shown to the label model, and if that one is sure of another animal, it is believed.
"""

from __future__ import annotations

import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.models.label_model import LabelModel, label_model
from core.engine.models.label_tree import LabelTree
from core.engine.models.model_store import ModelStore, open_session
from core.engine.models.tensors import BGR, planes

if TYPE_CHECKING:
    from core.pictures.picture import Picture

MODEL = "nanodet"
SIDE = 416  # pixels, square
MEAN_BGR = (103.53, 116.28, 123.675)  # of the model's training
DEVIATION_BGR = (57.375, 57.12, 58.395)
# Stride in pixels -> the outputs with scores and with distances of its cells.
STRIDES = {
    8: ("Identity", "Identity_3"),
    16: ("Identity_1", "Identity_4"),
    32: ("Identity_2", "Identity_5"),
}
STEPS = 11  # a side's distance is a distribution over so many steps
MIN_SCORE = 0.55
SAME_KIND, ANY_KIND = 0.5, 0.8  # overlap over union from which the weaker box goes
SURE_ANIMAL = 0.7
# What NanoDet confuses. Not horses, sheep and cows: the label model knows hardly any.
CHECKED = frozenset(["Person", "Bird", "Cat", "Dog", "Elephant", "Bear", "Zebra", "Giraffe"])
CORRECTIONS = ("Bird", "Cat", "Dog", "Bear", "Elephant")  # kinds that are groups of labels
# COCO's 80 kinds in its order, in the words that the service uses for them where known.
# fmt: off
NAMES = [
    "Person", "Bicycle", "Car", "Motorcycle", "Airplane", "Bus", "Train", "Truck", "Boat",
    "Traffic light", "Fire hydrant", "Stop sign", "Parking meter", "Bench", "Bird", "Cat",
    "Dog", "Horse", "Sheep", "Cow", "Elephant", "Bear", "Zebra", "Giraffe", "Backpack",
    "Umbrella", "Handbag", "Tie", "Suitcase", "Frisbee", "Skis", "Snowboard", "Ball", "Kite",
    "Baseball bat", "Baseball glove", "Skateboard", "Surfboard", "Tennis racket", "Bottle",
    "Wine glass", "Cup", "Fork", "Knife", "Spoon", "Bowl", "Banana", "Apple", "Sandwich",
    "Orange", "Broccoli", "Carrot", "Hot dog", "Pizza", "Doughnut", "Cake", "Chair", "Couch",
    "Houseplant", "Bed", "Table", "Toilet", "Television", "Laptop", "Computer mouse",
    "Remote control", "Computer keyboard", "Mobile phone", "Microwave oven", "Oven", "Toaster",
    "Sink", "Refrigerator", "Book", "Clock", "Vase", "Scissors", "Teddy bear", "Hair dryer",
    "Toothbrush",
]
# fmt: on


class Detection(NamedTuple):
    """One object; ``box`` is left, top, right, bottom as shares of the picture."""

    name: str
    score: float
    box: tuple[float, float, float, float]


def model_input_of(picture: Picture) -> NDArray[np.float32]:
    """(1, 3, 416, 416): squeezed to a square, BGR, normed."""
    small = picture.fitted(SIDE, (SIDE, SIDE))
    return planes([small], mean=MEAN_BGR, deviation=DEVIATION_BGR, order=BGR)


def decode(outputs: dict[str, NDArray[np.float32]]) -> list[Detection]:
    """Every box over the threshold, the surest first, overlapping ones dropped."""
    candidates: list[Detection] = []
    for stride, (scores_name, sides_name) in STRIDES.items():
        scores, sides = outputs[scores_name][0], outputs[sides_name][0]
        across = SIDE // stride
        for cell, kind in zip(*np.nonzero(scores > MIN_SCORE), strict=True):
            shares = np.exp(sides[cell].reshape(4, STEPS).astype(np.float64))
            reach = (shares / shares.sum(axis=1, keepdims=True)) @ np.arange(STEPS) * stride
            x, y = (cell % across + 0.5) * stride, (cell // across + 0.5) * stride
            edges = np.array([x - reach[0], y - reach[1], x + reach[2], y + reach[3]]) / SIDE
            left, top, right, bottom = (float(edge) for edge in np.clip(edges, 0.0, 1.0))
            score = float(scores[cell, kind])
            candidates.append(Detection(NAMES[kind], score, (left, top, right, bottom)))
    detections: list[Detection] = []
    for one in sorted(candidates, key=lambda one: -one.score):
        if not any(_same(one, other) for other in detections):
            detections.append(one)
    return detections


def _same(a: Detection, b: Detection) -> bool:
    wide = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    high = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a.box, b.box))
    limit = SAME_KIND if a.name == b.name else ANY_KIND
    return shared > limit * max(areas - shared, 1e-9)


class ObjectFinder:
    """One process's detector, and the label model that checks its animals.

    Keeps what it found in the latest picture: labels and objects ask for the same one.
    """

    def __init__(self, session: Any, label_model: LabelModel, tree: LabelTree) -> None:
        self._session, self._labels, self._tree = session, label_model, tree
        self._names = [output.name for output in session.get_outputs()]
        self._latest: tuple[weakref.ref[Picture], list[Detection]] | None = None

    def find(self, picture: Picture) -> list[Detection]:
        """Every object, the surest first."""
        if self._latest is None or self._latest[0]() is not picture:
            outputs = self._session.run(self._names, {"input_1": model_input_of(picture)})
            detections = decode(dict(zip(self._names, outputs, strict=True)))
            checked = [
                one._replace(name=self._corrected(one, picture)) if one.name in CHECKED else one
                for one in detections
            ]
            self._latest = (weakref.ref(picture), checked)
        return self._latest[1]

    def _corrected(self, one: Detection, picture: Picture) -> str:
        from core.pictures.picture import Picture as Cropped

        pixels = picture.scaled(1280)
        height, width = pixels.shape[:2]
        left, right = (round(one.box[at] * width) for at in (0, 2))
        top, bottom = (round(one.box[at] * height) for at in (1, 3))
        crop = np.ascontiguousarray(pixels[top:bottom, left:right])
        if not crop.size:
            return one.name
        probability = self._labels.look_at(Cropped(crop)).probability
        scores = {label.name: label.score for label in self._tree.labels(probability)}
        animal = max(CORRECTIONS, key=lambda name: scores.get(name, 0.0))
        return animal if scores.get(animal, 0.0) >= SURE_ANIMAL else one.name


@cache
def object_finder(models: ModelStore) -> ObjectFinder:
    """The finder of this process.

    Raises:
        ModelMissing: a model is not there and cannot be fetched.
    """
    return ObjectFinder(open_session(models.path(MODEL)), label_model(models), LabelTree())
