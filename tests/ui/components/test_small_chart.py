"""What the small charts draw is what their figures say, at the place where plotly draws it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from core.results.figures.sheet import label_bars, palette_strip, safe_tiles
from core.results.theme import LOOKS
from core.results.vocabulary import LIKELIHOODS
from core.ui.components.small_chart.geometry import geometry, lines

NAMES = ["<b>x</b> & <img src=x>", "Cat"]
LABELS = pd.DataFrame(
    {"label": NAMES, "pictures": [1, 3], "whole": [4, 3], "mean_score": [0.5, 0.9]}
)


def near(value: float) -> object:
    return pytest.approx(value, abs=1e-4)  # what is rounded to a hundredth of a pixel


def test_bars_lie_on_each_other_and_their_row_can_be_pressed() -> None:
    drawn = geometry(label_bars(LABELS, "light", ["Cat"]))
    json.dumps(drawn)
    first, second = drawn["marks"]
    assert [first["value"], second["value"]] == NAMES and first["row"] and second["row"]
    whole, part = first["bars"]
    assert whole["box"] == [0, near(1 / 12), 1, near(1 / 3)]
    assert part["box"][2] == 0.25 and part["fill"] == LOOKS["light"].accent
    assert second["bars"][0]["box"][:3] == [0, near(7 / 12), 0.75]
    assert drawn["height"] == 48 and drawn["margin"]["l"] == 116


def test_words_are_text_and_bold_where_they_are_chosen() -> None:
    drawn = geometry(label_bars(LABELS, "light", ["Cat"]))
    said = {"".join(text for text, _ in one["lines"][0]).strip(): one for one in drawn["words"]}
    assert {"Cat", "1 of 4", "3"} <= set(said) and any(
        name.startswith("<b>x</b> &") for name in said
    )
    assert said["Cat"]["anchor"] == "end" and said["Cat"]["at"] == [0, 0.75]
    assert said["Cat"]["lines"][0][0][1] and said["1 of 4"]["lines"][0][-1] == [" of 4", False]
    assert said["1 of 4"]["anchor"] == "start" and said["1 of 4"]["at"] == [1, 0.25]
    assert drawn["marks"][0]["lines"][0] == [["<b>x</b> & <img src=x>", True]]


def test_strips_stand_one_colour_after_the_other() -> None:
    frame = pd.DataFrame(
        {"hex": ["#ffffff", "#102030"], "share": [0.75, 0.25], "tolerance": [7, 9]}
    )
    drawn = geometry(palette_strip(frame, frame, "dark", "#102030"))
    white, dark, *all_ = drawn["marks"]
    assert white["bars"][0]["box"] == [0, 0, 0.75, near(0.7)] and not white["row"]
    assert dark["value"] == ["#102030", 9] and dark["bars"][0]["box"][0] == 0.75
    assert dark["bars"][0]["thick"] == 3 and white["bars"][0]["thick"] == 1
    assert [one["bars"][0]["fill"] for one in all_] == ["#ffffff", "#102030"]


def test_a_strip_without_colours_keeps_its_place_and_the_whole() -> None:
    whole = pd.DataFrame({"hex": ["#ffffff"], "share": [1.0], "tolerance": [7]})
    drawn = geometry(palette_strip(whole.iloc[:0], whole, "light"))
    full = geometry(palette_strip(whole, whole, "light"))
    assert drawn["height"] == full["height"] and drawn["marks"] == full["marks"][1:]
    (place,) = drawn["frames"]
    assert place["box"] == full["marks"][0]["bars"][0]["box"] and place["dotted"]


def test_tiles_have_names_above_and_beside_and_a_frame() -> None:
    frame = pd.DataFrame(
        {"category": "adult", "likelihood": LIKELIHOODS, "pictures": range(6), "whole": range(6)}
    )
    drawn = geometry(safe_tiles(frame, "light", [("adult", "LIKELY")]))
    assert [one["value"] for one in drawn["marks"]] == [["adult", level] for level in LIKELIHOODS]
    assert drawn["marks"][1]["bars"][0]["box"] == [
        near(1 / 6),
        0,
        near(1 / 6),
        1,
    ]
    (frame_,) = drawn["frames"]
    assert frame_["box"][0] == near((LIKELIHOODS.index("LIKELY") + 0.02) / 6)
    assert not frame_["below"] and frame_["thick"] == 2.5
    above = [one for one in drawn["words"] if one.get("above")]
    assert above[1]["lines"] == [[["Very", False]], [["unlikely", False]]]
    (beside,) = [one for one in drawn["words"] if "moved" in one]
    assert beside["lines"] == [[["Adult", False]]] and beside["moved"] == [-64, 0]
    assert beside["anchor"] == "start" and beside["at"] == [0, 0.5]


def test_an_empty_chart_says_why() -> None:
    drawn = geometry(label_bars(LABELS.iloc[:0]))
    assert not drawn["marks"] and drawn["frames"][0]["box"] == [0, 0, 1, 1]
    assert drawn["words"][0]["lines"][0][0][0] == "No labels"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", [[]]),
        ("a<i>b</i>", [[["a<i>b</i>", False]]]),  # no other tag is one
        ("&lt;br&gt; &#36;1 &amp;amp;", [[["<br> $1 &amp;", False]]]),
        ("<b>a</b><br><b>b", [[["a", True]], [["b", True]]]),
    ],
)
def test_only_two_tags_are_read(text: str, read: object) -> None:
    assert lines(text) == read
