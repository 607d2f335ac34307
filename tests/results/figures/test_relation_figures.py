"""The figure of label relations shows what the frame says and obeys no text."""

from __future__ import annotations

import json

import pytest

from core.results.figures.relations import label_relations
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables import tables
from core.results.theme import LOOKS
from tests.kit.results.shards import labelled, store_of


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_is_a_square(store: Store, theme: str) -> None:
    frame = store.co_occurrence(Filters(), top=10)
    figure = label_relations(frame, theme)
    (trace,) = figure.data
    assert [tuple(pair) for pair in trace.customdata] == list(
        zip(frame["label"], frame["other"], strict=True)
    )
    assert all(x < y for x, y in zip(trace.x, trace.y, strict=True))  # the frequent one is across
    assert max(trace.marker.size) == trace.marker.size[frame["pictures"].idxmax()]
    assert figure.layout.font.color == LOOKS[theme].ink
    json.loads(figure.to_json())


def test_more_than_chance_is_blue_and_fewer_is_grey() -> None:
    store = store_of(
        *(labelled(f"gs://b/a{n}.jpg", "Sea", "Boat") for n in range(8)),
        *(labelled(f"gs://b/b{n}.jpg", "Sea", "Car") for n in range(1)),
        *(labelled(f"gs://b/c{n}.jpg", "Car", "Street") for n in range(8)),
    )
    frame = store.co_occurrence(Filters())
    lifts = {(row.label, row.other): row.lift for row in frame.itertuples()}
    assert lifts["Sea", "Boat"] == pytest.approx(8 * 17 / (9 * 8))
    assert lifts["Car", "Sea"] == pytest.approx(1 * 17 / (9 * 9))
    shades = dict(zip(lifts, label_relations(frame).data[0].marker.color, strict=True))

    def blueness(shade: str) -> int:
        return int(shade[5:], 16) - int(shade[1:3], 16)

    assert blueness(shades["Sea", "Boat"]) > 40 > blueness(shades["Car", "Sea"])


def test_an_empty_figure_says_why() -> None:
    figure = label_relations(Store(tables.empty()).co_occurrence(Filters()))
    assert not figure.data
    assert all(note.text for note in figure.layout.annotations)


def test_hostile_labels_are_only_shown() -> None:
    store = store_of(labelled("gs://b/1.jpg", "<img src=x>", "$\\alpha$", "<b>"))
    figure = label_relations(store.co_occurrence(Filters()))
    shown = json.dumps([list(figure.data[0].hovertext), list(figure.layout.xaxis.ticktext)])
    assert "<img" not in shown
    assert "$" not in shown
    assert ["<b>", "<img src=x>"] in [sorted(pair) for pair in figure.data[0].customdata]
