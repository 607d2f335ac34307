"""The outline of all land, cut where a map's edge is."""

from __future__ import annotations

from scripts.build_data.land_outline import cut, rings


def test_a_ring_across_the_date_line_becomes_two() -> None:
    island = [(1790, 0), (-1790, 0), (-1790, 20), (1790, 10), (1790, 0)]
    west, east = cut(island)
    assert set(west) == {(-1800, 0), (-1790, 0), (-1790, 20), (-1800, 15)}
    assert set(east) == {(1790, 0), (1800, 0), (1800, 15), (1790, 10)}
    (alone,) = cut([(0, 0), (10, 0), (10, 10), (0, 0)])
    assert alone == [(0, 0), (10, 0), (10, 10), (0, 0)]
    touching = [(1790, 0), (-1800, 0), (-1800, 10), (1790, 0)]  # the line, but not beyond it
    assert list(cut(touching)) == [[(1790, 0), (1800, 0), (1800, 10), (1790, 0)]]


def test_a_ring_around_the_pole_is_closed_along_it() -> None:
    ice = [(-1700, -700), (0, -650), (1700, -700), (-1700, -700)]
    places = {place for piece in cut(ice) for place in piece}
    assert {(-1800, -900), (1800, -900), (0, -650)} <= places
    assert {y for x, y in places if abs(x) == 1800} == {-900, -700}


def test_rings_of_a_topology() -> None:
    topology = {
        "transform": {"scale": [0.5, 0.5], "translate": [-10, 20]},
        "arcs": [[[0, 0], [4, 0], [0, 4]], [[0, 0], [0, 4], [4, 0]]],
        "objects": {"land": {"geometries": [{"type": "Polygon", "arcs": [[0, -2]]}]}},
    }
    square = [(-100, 200), (-80, 200), (-80, 220), (-100, 220), (-100, 200)]
    assert rings(topology) == [square]
