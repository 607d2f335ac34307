"""An answer in SQL is drawn as its columns allow."""

from __future__ import annotations

import pandas as pd
import pytest

from core.results.figures.answer import MOST_BARS, answer, drawn, numeric, suggested

LABELS = pd.DataFrame({"label": ["Cat", "<b>x</b>", None], "n": [3, 2, 1], "picture": [0, 1, 2]})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"label": ["a"], "n": [1]}, ("Bars", "label", "n")),
        ({"day": pd.to_datetime(["2026-11-28"]), "n": [1]}, ("Line", "day", "n")),
        ({"x": [1.0], "y": [2.0]}, ("Points", "x", "y")),
        ({"picture": [1], "uri": ["gs://b/o"]}, None),
        ({"n": [1]}, None),
        ({"label": [], "n": []}, None),
    ],
)
def test_suggestion(columns: dict[str, object], expected: object) -> None:
    assert suggested(pd.DataFrame(columns)) == expected


def test_an_id_is_no_measure() -> None:
    assert numeric(LABELS) == ["n"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["Bars", "Line", "Points"])
def test_hostile_names_are_escaped_and_none_is_said(kind: str, theme: str) -> None:
    figure = answer(LABELS, kind, "label", "n", theme).to_json()
    assert "<b>x" not in figure and "\\u003cb\\u003ex" not in figure
    assert "&lt;b&gt;x" in figure or "\\u0026lt;b" in figure


def test_bars_are_the_first_rows_in_their_order() -> None:
    many = pd.DataFrame({"name": [str(n) for n in range(200)], "n": range(200)})
    bars = answer(many, "Bars", "name", "n").data[0]
    assert list(bars.x) == list(range(MOST_BARS)) and drawn(many, "Bars") == MOST_BARS
    assert list(bars.hovertext)[:2] == ["0", "1"]


def test_nothing_to_draw() -> None:
    assert "No rows" in answer(LABELS.head(0), "Bars", "label", "n").to_json()
