"""Parts of the map of pictures that have names: groups of one label, and nine fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.results.columns.map_area import HEIGHT, WIDTH, area_of, within

if TYPE_CHECKING:
    import pandas as pd

LEAST_NAMED = 4  # pictures of one label that are called by it
_NEAR = 0.3  # from the middle of a group, in the map's units
_CORE = (0.05, 0.95)  # of a group's places, along each axis, that its part holds
_ROUND, _EDGE = 0.05, 0.02  # around that, and around the whole map
_ACROSS = ("left", "", "right")
_DOWN = ("Bottom", "Middle", "Top")


class MapGroup(NamedTuple):
    """Pictures of one label that lie together.

    Attributes:
        name: the label; untrusted text.
        pictures: how many.
        x, top: where its name stands.
        part: the part of the map that most of them lie in.
    """

    name: str
    pictures: int
    x: float
    top: float
    part: str


class MapPart(NamedTuple):
    """A part of the map to choose without a mouse.

    Attributes:
        name: a label, which is untrusted text, or a field's place.
        area: as ``area_of`` writes it.
        pictures: all that lie within.
    """

    name: str
    area: str
    pictures: int


def groups_of(shown: pd.DataFrame) -> list[MapGroup]:
    """Groups of at least ``LEAST_NAMED``, the largest first; none whose name would be in the way.

    Args:
        shown: rows of ``similarity_map.described`` that pass.
    """
    groups: list[MapGroup] = []
    labelled = shown[shown["label"] != ""]
    for name, count in labelled["label"].value_counts().items():
        if count < LEAST_NAMED:
            break
        one = labelled[labelled["label"] == name]
        x, y = float(one["x"].median()), float(one["y"].median())
        near = one[((one["x"] - x) ** 2 + (one["y"] - y) ** 2) < _NEAR**2]
        if len(near) < LEAST_NAMED:  # it lies all over the map
            continue
        top = float(near["y"].max()) + 0.05
        if any(abs(x - group.x) < 0.26 and abs(top - group.top) < 0.07 for group in groups):
            continue
        edges = near[["x", "y"]].quantile(_CORE).to_numpy() + np.array([[-_ROUND], [_ROUND]])
        part = area_of(edges[:, 0].tolist(), edges[:, 1].tolist())
        groups.append(MapGroup(str(name), len(near), x, top, part))
    return groups


def parts_of(
    shown: pd.DataFrame, groups: Iterable[MapGroup]
) -> tuple[list[MapPart], list[MapPart]]:
    """Parts around the groups, and the fields of the map that have pictures, from the upper left.

    Each picture lies in one field.

    Args:
        shown: as for ``groups_of``.
        groups: of the same.
    """
    places = shown[["x", "y"]].to_numpy(np.float32)

    def counted(name: str, area: str) -> MapPart:
        return MapPart(name, area, int(np.count_nonzero(within(places, area))))

    xs, ys = (
        np.linspace(-side / 2, side / 2, 4) + np.array([-_EDGE, 0, 0, _EDGE])
        for side in (WIDTH, HEIGHT)
    )
    fields = [
        counted(f"{_DOWN[row]} {_ACROSS[column]}".strip(), area)
        for row in (2, 1, 0)
        for column in range(3)
        if (area := area_of(xs[column : column + 2].tolist(), ys[row : row + 2].tolist()))
    ]
    around = {group.part: counted(group.name, group.part) for group in groups}
    return list(around.values()), [field for field in fields if field.pictures]
