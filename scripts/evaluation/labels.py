"""Labels: 20 photographs whose ImageNet class is known.

They come inside foolbox, whose licence is MIT; the photographs are ImageNet's, whose terms allow
research and teaching only. So they are read where the package was installed, for measuring, and are
never copied, shown or shipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.engine.models.label_model import label_model
from core.engine.models.label_tree import TREE
from core.pictures.picture import decode
from scripts.evaluation.figures import Figure, ask, models, package_file

FEATURE = "LABEL_DETECTION"
ONE = "data/imagenet_00_243.jpg"  # imagenet_NUMBER_CLASS.jpg


def class_of(path: Path) -> int:
    """The number of the ImageNet-1k class in a file's name."""
    return int(path.stem.rsplit("_", 1)[1])


def class_names() -> list[str]:
    """The engine's names of the 1,000 classes, by number."""
    names: list[str] = json.loads(TREE.read_text())["classes"]
    return names


def evaluate() -> Iterator[Figure]:
    """The model's own first and first five of 1,000, and what the response says of it."""
    first = package_file("foolbox", ONE)
    if first is None:
        yield Figure("labels", "ImageNet", "top 1", None, note="skipped: foolbox is not installed")
        return
    names, groups = class_names(), json.loads(TREE.read_text())["groups"]
    ranks: list[int] = []
    named: list[bool] = []
    led: list[bool] = []
    right: list[bool] = []
    for path in sorted(first.parent.glob("imagenet_*.jpg")):
        truth, picture = class_of(path), decode(path.read_bytes())
        probability = label_model(models()).look(picture).probability
        labels = [label.description for label in ask(FEATURE, picture).label_annotations]
        ranks.append(int((probability > probability[truth]).sum()))
        named.append(names[truth] in labels)
        led.append([label for label in labels if label in names][:1] == [names[truth]])
        over = {names[truth], *(name for name, own in groups.items() if truth in own)}
        right.append(bool(over.intersection(labels[:1])))
    count = len(ranks)
    for measure, hits in (("top 1", np.array(ranks) < 1), ("top 5", np.array(ranks) < 5)):
        yield Figure("labels", "the model's 1,000", measure, float(hits.mean()), count)
    yield Figure("labels", "the response", "names the class", float(np.mean(named)), count)
    yield Figure("labels", "the response", "names it first", float(np.mean(led)), count)
    yield Figure("labels", "the response", "first label is right", float(np.mean(right)), count)
