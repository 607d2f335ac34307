"""Counts of names and colours, against plain Python, where tables get large or odd."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from core.results.columns import colors as color_column
from core.results.columns import name_counts
from core.results.columns.colors import ColorColumn
from core.results.columns.name_counts import NameColumn
from core.results.columns.palettes import hex_to_lab, to_hex
from core.results.query.filters import Filters
from core.results.query.store import Store
from tests.kit.results.generated_tables import whole as generated_tables


def _column(rows: list[tuple[int, int, float]], names: list[str], total: int) -> NameColumn:
    pictures, codes, scores = (np.array(part) for part in zip(*rows, strict=True))
    return NameColumn(
        pictures.astype(np.int32), codes.astype(np.int32), scores.astype(np.float32), names, total
    )


@pytest.mark.parametrize("neighbours", [64, 1])
@pytest.mark.parametrize("cutoff", [0.0, 0.5, 0.9])
def test_a_repeated_name_is_one_picture(
    monkeypatch: pytest.MonkeyPatch, neighbours: int, cutoff: float
) -> None:
    monkeypatch.setattr(name_counts, "NEIGHBOURS", neighbours)
    rng = np.random.default_rng(5)
    rows = sorted(
        (
            (int(rng.integers(6)), int(rng.integers(-1, 4)), round(float(rng.random()), 1))
            for _ in range(80)
        ),
        key=lambda row: row[0],
    )
    column = _column(rows, ["a", "b", "c", "never", "d"], 8)
    mask = np.array([True, False, True, True, False, True, True, False])
    for wanted in (None, mask):
        pictures, scores = defaultdict(set), defaultdict(list)
        for picture, code, score in rows:
            if code >= 0 and np.float32(score) >= np.float32(cutoff):
                if wanted is not None and not wanted[picture]:
                    continue
                pictures[column.names[code]].add(picture)
                scores[column.names[code]].append(score)
        frame = column.top(wanted, cutoff)
        assert dict(zip(frame["name"], frame["pictures"], strict=True)) == {
            name: len(ids) for name, ids in pictures.items()
        }
        for row in frame.itertuples():
            assert row.instances == len(scores[str(row.name)])
            assert row.mean_score == pytest.approx(np.mean(scores[str(row.name)]))


def test_top_breaks_ties_by_name_whatever_is_cut_off() -> None:
    rows = [(n, code, 0.5) for n in range(3) for code in range(6)] + [(3, 4, 0.5)]
    column = _column(rows, ["f", "e", "d", "c", "b", "a"], 4)
    assert column.top(None, top=3)["name"].tolist() == ["b", "a", "c"]


@pytest.mark.parametrize(
    "filters", [Filters(), Filters(faces=(1, None)), Filters(score=0.9)], ids=["all", "some", "cut"]
)
def test_co_occurrence(store: Store, messages: list[Any], filters: Filters) -> None:
    labels = [
        {x.description for x in m.label_annotations if x.score >= filters.score}
        for m in messages
        if not filters.faces or m.face_annotations
    ]
    labels = [names for names in labels if names]
    frame = store.co_occurrence(filters, top=12)
    top = store.labels(filters, top=12)["label"].tolist()
    expected = {}
    for one, other in combinations(top, 2):
        both = sum({one, other} <= names for names in labels)
        if both:
            of_one, of_other = (sum(n in names for names in labels) for n in (one, other))
            expected[one, other] = (both, of_one, of_other, both * len(labels) / of_one / of_other)
    got = {(row.label, row.other): tuple(row)[3:] for row in frame.itertuples()}
    assert set(got) == set(expected)
    for pair, values in expected.items():
        assert got[pair] == pytest.approx(values), pair
    assert frame["pictures"].is_monotonic_decreasing


def test_co_occurrence_is_not_narrowed_by_labels_unless_asked(store: Store) -> None:
    filters = Filters(labels=("Cat",))
    assert store.co_occurrence(filters).equals(store.co_occurrence(Filters()))
    assert not store.co_occurrence(filters, without=None).equals(store.co_occurrence(Filters()))


def test_bins_stand_for_colours_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    column = ColorColumn(generated_tables(400)["colors"], 400)
    mask = np.arange(400) % 3 > 0
    colors, weights = column.weigh(mask)
    monkeypatch.setattr(color_column, "EXACT", 100)
    middles, sums = column.weigh(mask)
    assert sums.sum() == pytest.approx(weights.sum())
    assert len(middles) < len(colors) / 2
    totals: dict[int, float] = defaultdict(float)
    for color, weight in zip(colors.tolist(), weights.tolist(), strict=True):
        totals[color & 0xF0F0F0 | 0x080808] += weight
    assert dict(zip(middles.tolist(), sums.tolist(), strict=True)) == pytest.approx(totals)


def test_colours_near_one_are_found_among_generated_ones() -> None:
    table = generated_tables(300)["colors"]
    near = ColorColumn(table, 300).near("#4080c0", 20.0, 0.05)
    expected = {
        row["picture"]
        for row in table.to_pylist()
        if row["fraction"] >= 0.05
        and math.dist(hex_to_lab(to_hex(row["color"])), hex_to_lab("#4080c0")) <= 20
    }
    assert expected
    assert set(np.flatnonzero(near).tolist()) == expected
