"""Labels rolled up to broader terms: how many pictures show a dog, a mammal, an animal.

The terms come from WordNet (``label_hierarchy.json``, written by
``scripts/build_data/label_hierarchy``); each name has one broader term, so that a label stands in
one place. Whatever backend made the labels, they are looked up by name; those that are not there
stand under ``OTHER``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.results.columns.name_counts import NameColumn
from core.results.tables.arrow import Bools

OTHER = "Other"
SOURCE = Path(__file__).with_name("label_hierarchy.json")
COLUMNS = ("node", "depth", "pictures", "labels")


@cache
def broader_terms() -> Mapping[str, str]:
    """Name -> its broader term; names without one are not in it."""
    narrower = json.loads(SOURCE.read_text(encoding="utf-8"))["narrower"]
    return MappingProxyType({name: term for term, names in narrower.items() for name in names})


@dataclass(slots=True)
class _Node:
    """A term or a label with what stands under it; ``code`` is its label's, -1 for a mere term."""

    name: str
    code: int = -1
    below: list[_Node] = field(default_factory=list)

    def codes(self) -> list[int]:
        """Codes of all labels at or under it."""
        own = [self.code] if self.code >= 0 else []
        return own + [code for node in self.below for code in node.codes()]


class LabelHierarchy:
    """The labels of one store as a tree. Safe to share between threads once it is made.

    Args:
        column: the labels as codes.
        broader: name -> broader term, without circles.
    """

    def __init__(self, column: NameColumn, broader: Mapping[str, str] | None = None) -> None:
        self._names, self._total = column.names, column.total
        # The rows of each label side by side: a label's pictures are then one slice.
        order = np.argsort(column.codes, kind="stable")
        self._pictures = column.pictures[order]
        self._scores = column.scores[order]
        self._starts = np.searchsorted(column.codes[order], np.arange(len(column.names) + 1))
        self._roots = _tree(column.names, broader_terms() if broader is None else broader)
        self._nodes = {node.name: node for node in _walk(self._roots)}

    def count(self, mask: Bools | None, cutoff: float = 0.0) -> pd.DataFrame:
        """Pictures of each term and label, each picture once a node.

        Columns: node, depth (0 for the broadest), pictures, labels (how many of the labels that
        count are at or under it). Each node stands before what is under it; brothers with most
        pictures first, ``OTHER`` last.

        Args:
            mask: pictures that count (total,); None for all.
            cutoff: labels with lower scores do not count.
        """
        roots = [self._counted(node, mask, cutoff)[1] for node in self._roots]
        return pd.DataFrame(_rows(roots, 0), columns=list(COLUMNS)).astype(
            {"node": "str", "depth": np.int64, "pictures": np.int64, "labels": np.int64}
        )

    def labels_for(self, name: str, cutoff: float = 0.0) -> tuple[str, ...]:
        """The fewest labels that together take in a node's pictures; () if there is no such node.

        The most frequent ones first; a label whose pictures all have another of them is left out,
        so that a filter for "Animal" stays short although it has a hundred labels.
        """
        node = self._nodes.get(name)
        if node is None:
            return ()
        slices = {code: self._slice(code, cutoff) for code in node.codes()}
        labels, seen = [], np.zeros(self._total, bool)
        for code in sorted(slices, key=lambda code: (-len(slices[code]), self._names[code])):
            if not seen[slices[code]].all():
                seen[slices[code]] = True
                labels.append(self._names[code])
        return tuple(labels)

    def names_under(self, name: str) -> frozenset[str]:
        """All labels at or under a node."""
        node = self._nodes.get(name)
        return frozenset(self._names[code] for code in node.codes()) if node else frozenset()

    def nodes_over(self, label: str) -> tuple[str, ...]:
        """All nodes that a label is at or under, the broadest first."""
        return self._over.get(label, ())

    def nodes_over_all(self, labels: Sequence[str]) -> frozenset[str]:
        """Nodes that each of some labels is at or under; none for no label."""
        over = [frozenset(self.nodes_over(label)) for label in labels]
        return frozenset.intersection(*over) if over else frozenset()

    @cached_property
    def _over(self) -> dict[str, tuple[str, ...]]:
        paths: dict[str, tuple[str, ...]] = {}

        def walk(node: _Node, above: tuple[str, ...]) -> None:
            way = (*above, node.name)
            if node.code >= 0:
                paths[self._names[node.code]] = way
            for child in node.below:
                walk(child, way)

        for root in self._roots:
            walk(root, ())
        return paths

    def _slice(self, code: int, cutoff: float) -> Any:
        rows = slice(self._starts[code], self._starts[code + 1])
        pictures = self._pictures[rows]
        return pictures[self._scores[rows] >= np.float32(cutoff)] if cutoff > 0 else pictures

    def _counted(self, node: _Node, mask: Bools | None, cutoff: float) -> tuple[Bools, _Counted]:
        """Which pictures have anything of a node (total,), and its numbers with those below."""
        having: Bools = np.zeros(self._total, bool)
        labels = 0
        if node.code >= 0:
            own = self._slice(node.code, cutoff)
            having[own] = True
            labels = int(bool(having.any() if mask is None else mask[own].any()))
        below = []
        for child in node.below:
            theirs, counted = self._counted(child, mask, cutoff)
            having |= theirs
            below.append(counted)
        pictures = int(np.count_nonzero(having if mask is None else having & mask))
        labels += sum(counted.labels for counted in below)
        return having, _Counted(node.name, pictures, labels, below)


@dataclass(frozen=True, slots=True)
class _Counted:
    name: str
    pictures: int
    labels: int
    below: list[_Counted]


def _rows(counted: list[_Counted], depth: int) -> Iterator[tuple[str, int, int, int]]:
    for one in sorted(counted, key=lambda c: (c.name == OTHER, -c.pictures, c.name)):
        if one.pictures:
            yield one.name, depth, one.pictures, one.labels
            yield from _rows(one.below, depth + 1)


def _tree(names: list[str], broader: Mapping[str, str]) -> list[_Node]:
    """The broadest nodes; a term with a single node under it and no label of its own is left out.

    "Animal, vertebrate, mammal, dog" of a batch with only dogs says no more than "dog".
    """
    nodes: dict[str, _Node] = {}
    top: dict[str, _Node] = {}
    other = _Node(OTHER)

    def place(name: str) -> _Node:
        if name in nodes:
            return nodes[name]
        node = nodes[name] = _Node(name)
        above = broader.get(name)
        if above is None:
            top[name] = node
        else:
            place(above).below.append(node)
        return node

    terms = set(broader.values())
    for code, name in enumerate(names):
        if not name:
            continue
        if name in broader or (name in terms and name != OTHER):
            place(name).code = code
        else:
            other.below.append(_Node(name, code))
    roots = [_shortened(node) for node in top.values()]
    return [*roots, other] if other.below else roots


def _shortened(node: _Node) -> _Node:
    node.below = [_shortened(child) for child in node.below]
    return node.below[0] if node.code < 0 and len(node.below) == 1 else node


def _walk(nodes: list[_Node]) -> Iterator[_Node]:
    for node in nodes:
        yield node
        yield from _walk(node.below)
