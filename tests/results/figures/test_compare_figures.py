"""A comparison's figures show what the frames say, in both themes, whatever the text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.results.compare.comparison import Comparison, compare
from core.results.figures import comparison as figures
from core.results.tables import tables
from core.results.theme import LOOKS
from core.results.vocabulary import LIKELIHOODS
from tests.kit.results.shards import labelled, response, tables_of

Draw = Callable[[Comparison, str], go.Figure]
HOSTILE = ("<img src=x onerror=alert(1)>", "$\\alpha$", "%{x}", "x" * 5000, "a\u202e\nb")
ALL: dict[str, Draw] = {
    "agreement": lambda comparison, theme: figures.agreement(comparison.summary, theme),
    "spread": lambda comparison, theme: figures.spread(comparison.pairs["change"].tolist(), theme),
    "names": lambda comparison, theme: figures.gained_and_lost(comparison.names["labels"], theme),
    "moves": lambda comparison, theme: figures.likelihood_moves(
        comparison.safe_moves, "adult", theme
    ),
}


def bars(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.type == "bar"]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Two pictures: labels agree by 1/3 and wholly; adult rises in the first."""

    def side(adult: int, *names: str) -> Any:
        labels = [{"description": name, "score": 0.5} for name in names]
        safe = {"adult": adult}
        one = response("gs://b/1", label_annotations=labels, safe_search_annotation=safe)
        other = response("gs://b/2", label_annotations=labels[:1], safe_search_annotation=safe)
        return tables_of(one, other)

    return compare(side(1, "Cat", "Pet"), side(3, "Cat", "Fur"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_drawn_in_both_themes(
    comparison: Comparison, name: str, theme: str
) -> None:
    figure = ALL[name](comparison, theme)
    assert bars(figure)
    assert figure.layout.font.color == LOOKS[theme].ink
    json.loads(figure.to_json())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_an_empty_figure_says_why(name: str, theme: str) -> None:
    figure = ALL[name](compare(tables.empty(), tables.empty()), theme)
    assert not bars(figure)
    assert all(note.text for note in figure.layout.annotations)
    assert len(figure.layout.annotations) == 2


def test_agreement_shows_how_many_are_the_same_and_marks_the_chosen(comparison: Comparison) -> None:
    figure = figures.agreement(comparison.summary, selected="safe")
    same, differ, row = bars(figure)
    # Labels agree in one of two pictures; adult in none.
    assert same.x == (0.5, 0) and differ.x == (0.5, 1) and differ.base == (0.5, 0)
    assert row.customdata == same.customdata == ("labels", "safe")
    assert "mean agreement 66.7%" in row.hovertext[0] and "50.0%" in row.hovertext[1]
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["Labels", "1 of 2", "<b>Safe search</b>", "0 of 2"]


def test_a_single_change_among_many_is_seen(comparison: Comparison) -> None:
    many = comparison.summary.assign(pictures=100_000, same=99_999)
    _, differ, _ = bars(figures.agreement(many))
    assert min(differ.x) > 0.005
    whole = comparison.summary.assign(pictures=9, same=9)
    assert max(bars(figures.agreement(whole))[1].x) == 0


def test_spread_counts_the_ends_too() -> None:
    (bar,) = bars(figures.spread([0.0, 0.049, 0.05, 1.0, 1.0, float("nan")]))
    assert bar.y[0] == 2 and bar.y[1] == 1 and bar.y[-1] == 2
    assert sum(bar.y) == 5


def test_lost_points_left_and_gained_right(comparison: Comparison) -> None:
    lost, gained = bars(figures.gained_and_lost(comparison.names["labels"]))
    assert lost.customdata == ("Fur", "Pet")  # equal changes in the order of the alphabet
    assert (lost.x, gained.x) == ((0, -1), (1, 0))
    assert (lost.text, gained.text) == (("", "1"), ("1", ""))


def test_moves_stand_in_their_cells(comparison: Comparison) -> None:
    traces = bars(figures.likelihood_moves(comparison.safe_moves, "adult"))
    texts = np.array([trace.text for trace in traces])  # by right, then left
    cell = texts[LIKELIHOODS.index("POSSIBLE"), LIKELIHOODS.index("VERY_UNLIKELY")]
    assert cell == "2"
    assert (texts == "·").sum() == 35


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    some = tables_of(labelled("gs://b/1", *HOSTILE))
    comparison = compare(some, tables_of(labelled("gs://b/1", "Cat")))
    figure = figures.gained_and_lost(comparison.names["labels"])
    shown = json.dumps(figure.to_plotly_json()["layout"], default=str)
    shown += " ".join(text for trace in bars(figure) for text in trace.hovertext)
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<b>", "</b>", "<br>"}
    assert "$" not in shown and "\u202e" not in shown
    assert max(map(len, figure.layout.yaxis.ticktext)) < 80
