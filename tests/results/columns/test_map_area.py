"""What somebody draws around on the map, and room for a thumbnail each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.results.columns.map_area import (
    HEIGHT,
    MOST_CORNERS,
    ROOM,
    WIDTH,
    area_of,
    cell,
    one_a_cell,
    read_area,
    spread,
    within,
)
from core.results.columns.map_parts import LEAST_NAMED, groups_of, parts_of
from core.results.query.filters import Filters
from tests.kit.results.labelled import labelled

PLACES = np.array([[0, 0], [0.5, 0.5], [-0.9, 0.9], [0.5, -0.5]], np.float32)


def test_what_lies_inside_is_found() -> None:
    square = area_of([0.4, 0.6, 0.6, 0.4], [-0.6, -0.6, 0.6, 0.6])
    assert within(PLACES, square).tolist() == [False, True, False, True]
    assert within(PLACES, area_of([-1, 0.1], [-0.1, 1])).tolist() == [True, False, True, False]
    # Drawn as a C: its mouth is outside.
    xs, ys = [-1, 1, 1, 0.2, 0.2, 1, 1, -1], [-1, -1, -0.3, -0.3, 0.3, 0.3, 1, 1]
    assert within(np.array([[0.6, 0], [0, 0]], np.float32), area_of(xs, ys)).tolist() == [
        False, True
    ]  # fmt: skip


def test_a_long_line_is_thinned_and_junk_refused() -> None:
    turn = np.linspace(0, 2 * np.pi, 500)
    text = area_of(np.cos(turn).tolist(), np.sin(turn).tolist())
    assert text.count(",") < MOST_CORNERS and read_area(text) == text
    assert area_of([0.5], [0.5]) == "" == area_of([], [])
    for junk in ("", "1:2", "a:b,c:d,e:f", "1:2,3:4,5", "1e9:0,0:0,1:1", "nan:0,0:0,1:1"):
        with pytest.raises(ValueError, match="no outline"):
            read_area(junk)


def test_the_filter_asks_the_map_and_without_one_passes_all() -> None:
    store = labelled([["Cat"], ["Dog"], ["Cat"], ["Dog"]])
    drawn = Filters(area=area_of([0.4, 0.6, 0.6, 0.4], [-0.6, -0.6, 0.6, 0.6]))
    assert store.count(drawn) == 4
    store.map_places = (np.arange(4), PLACES)
    assert store.ids(drawn) == [1, 3]
    assert Filters.from_params(drawn.to_params()) == (drawn, [])
    (chip,) = drawn.values()
    assert chip.text == "Drawn on the map" and chip.rest.is_empty


def test_pictures_are_moved_apart_and_stay_near() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(-1, 1, (300, 2)).astype(np.float32)
    places[:20] = places[0]  # copies lie on each other
    apart = spread(places)
    away = np.linalg.norm(apart[:, None] - apart[None], axis=2) + np.eye(300) * 9
    assert away.min() > 0.99 * cell(300)
    assert np.array_equal(apart, spread(places))
    wide = places * np.array([1, HEIGHT / WIDTH], np.float32)  # the map is wider than high
    assert np.median(np.linalg.norm(apart - wide, axis=1)) < 2 * cell(300)
    assert spread(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_of_many_pictures_one_stands_in_each_cell() -> None:
    rng = np.random.default_rng(5)
    places = (rng.random((8_000, 2)) - 0.5).astype(np.float32) * [WIDTH, HEIGHT]
    rows, middles = one_a_cell(places.astype(np.float32))
    side = cell(ROOM)
    assert len(rows) == len({*map(tuple, middles.tolist())})
    assert np.abs(places[rows] - middles).max() <= side / 2 + 1e-6
    cells = {*map(tuple, np.floor(places / side).astype(int).tolist())}
    assert len(rows) == len(cells)  # no cell with pictures is left empty
    nearest = np.abs(places - middles[17]).max(axis=1) <= side / 2
    away = ((places - middles[17]) ** 2).sum(axis=1)
    assert away[rows[17]] == pytest.approx(away[nearest].min())
    assert one_a_cell(places[:0].astype(np.float32))[0].tolist() == []


def test_each_picture_lies_in_one_field_and_a_group_s_part_holds_most_of_it() -> None:
    rng = np.random.default_rng(7)
    places = rng.uniform(-0.5, 0.5, (4_000, 2)) * [WIDTH, HEIGHT]
    places[0], places[1] = [WIDTH / 2, HEIGHT / 2], [-WIDTH / 2, -HEIGHT / 2]
    dogs = rng.normal([0.6, -0.4], 0.05, (200, 2))
    frame = pd.DataFrame(np.concatenate([places, dogs]), columns=["x", "y"]).astype(np.float32)
    frame["label"] = ["Cat"] * 1_000 + [""] * 2_997 + ["Owl"] * (LEAST_NAMED - 1) + ["Dog"] * 200
    groups, fields = parts_of(frame, groups_of(frame))
    names = [field.name for field in fields]
    assert names[:3] == ["Top left", "Top", "Top right"] and len({*names}) == 9
    assert sum(field.pictures for field in fields) == len(frame)
    where = frame[["x", "y"]].to_numpy(np.float32)
    top_left = within(where, fields[0].area)
    assert fields[0].pictures == np.count_nonzero(top_left)
    assert where[top_left, 0].max() < -0.3 and where[top_left, 1].min() > 0.2
    by_name = {group.name: group for group in groups}
    assert "Owl" not in by_name
    dog = within(where, by_name["Dog"].area)
    assert by_name["Dog"].pictures == np.count_nonzero(dog)  # with the others there
    assert np.count_nonzero(dog[-200:]) > 120
    assert {group.name: group.pictures for group in groups_of(frame)}["Dog"] == 200
    assert parts_of(frame.iloc[:0], []) == ([], [])


def test_few_pictures_are_larger_and_all_have_room() -> None:
    sides = [cell(count) for count in range(1, ROOM + 1)]
    assert sides == sorted(sides, reverse=True) and sides[39] > 1.3 * 0.12
    for count, side in enumerate(sides, 1):
        assert int(WIDTH / side) * int(HEIGHT / side) >= count
