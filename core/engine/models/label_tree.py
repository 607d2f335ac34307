"""ImageNet's 1,000 classes, rolled up to broader groups: WordNet's tree, cut by hand.

A class nobody is sure of often belongs to a group that is sure: "tabby cat" 0.4 and "Egyptian Mau"
0.4 make "Cat" 0.8. A group's score is the sum of its classes' probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Between 0.20 and 0.35 a class was right 9 times and wrong 24 (docs/models.md).
MIN_SCORE = 0.35
# A big group gathers the model's doubt: 398 of the classes are animals, so a picture of nothing
# is "Animal 0.4". It must do better than that by half its share.
DOUBT = 0.5
LIKELY = 0.5
TREE = Path(__file__).parent / "label_tree.json"


class ScoredLabel(NamedTuple):
    """A name and the probability, 0 to 1, that the picture shows it."""

    name: str
    score: float


class LabelTree:
    """The names of the classes and the groups over them."""

    def __init__(self, path: Path = TREE) -> None:
        tree = json.loads(path.read_text())
        classes: list[str] = tree["classes"]
        groups: dict[str, list[int]] = tree["groups"]
        # Two classes may share a name (there are two missiles): a name's members, either way.
        members: dict[str, set[int]] = {name: set(own) for name, own in groups.items()}
        for index, name in enumerate(classes):
            members.setdefault(name, set()).add(index)
        self.names = list(members)
        is_group = np.array([name in groups for name in self.names])
        self._sizes = np.array([len(own) for own in members.values()])
        self._doubt = np.where(is_group, DOUBT * self._sizes / len(classes), 0.0)
        self._sums = np.zeros((len(self.names), len(classes)), np.float32)
        for row, own in enumerate(members.values()):
            self._sums[row, sorted(own)] = 1.0

    def score(self, name: str, probability: NDArray[np.float32]) -> float:
        """The sum of a class's or group's probabilities, 0 to 1."""
        return float(np.clip(self._sums[self.names.index(name)] @ probability, 0.0, 1.0))

    def without(
        self, names: Collection[str], probability: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The probabilities with those of some classes or groups taken away."""
        remaining = probability.copy()
        for name in names:
            remaining[self._sums[self.names.index(name)] > 0] = 0.0
        return remaining

    def labels(
        self, probability: NDArray[np.float32], least: float = MIN_SCORE
    ) -> list[ScoredLabel]:
        """Every label that is sure enough, the best first; of equals the most special first.

        Args:
            probability: (1000,), the model's softmax.
            least: score from which a class speaks, 0 to 1; a group needs more by its doubt.
        """
        scores = np.clip(self._sums @ probability, 0.0, 1.0)
        rows = np.flatnonzero(scores >= np.minimum(least + self._doubt, 1.0))
        # To the percent: more digits mean nothing, and of "Cat 0.998, Animal 0.999" the special
        # word leads while the scores still only fall.
        rounded = np.round(scores, 2)
        order = np.lexsort((self._sizes[rows], -rounded[rows]))
        return [ScoredLabel(self.names[row], float(rounded[row])) for row in rows[order]]

    def best_guess(self, probability: NDArray[np.float32]) -> str:
        """The most special name that is more likely right than wrong, or else the best; or ""."""
        labels = self.labels(probability)
        likely = [label for label in labels if label.score >= LIKELY]
        sizes = dict(zip(self.names, self._sizes.tolist(), strict=True))
        return min(likely or labels[:1], key=lambda label: sizes[label.name]).name if labels else ""
