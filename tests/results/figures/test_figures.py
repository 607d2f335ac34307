"""Figures show what the frames say, cannot be broken by text, and are never blank."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from core.results.columns.name_counts import COUNTED
from core.results.figures import bars as figures
from core.results.query.filters import Filters
from core.results.query.picture.annotations import SHAPE_KINDS
from core.results.query.store import Store
from core.results.tables import tables
from core.results.theme import FEATURE_COLORS, LOOKS, escape_plotly, ink_on, mixed
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES
from tests.kit.results.shards import failed, labelled, store_of

Draw = Callable[[Store, str], go.Figure]
ANYTHING = Filters()
CONFIG = Path(__file__).parents[3] / ".streamlit" / "config.toml"


def _counts_of(name: str) -> Draw:
    return lambda store, theme: figures.counts(store.counts(name, ANYTHING), name, theme)


ALL: dict[str, Draw] = {
    "labels": lambda s, t: figures.label_frequency(s.labels(ANYTHING), t),
    "palette": lambda s, t: figures.palette(s.palette_batch(ANYTHING), t),
    "palettes": lambda s, t: figures.palettes(s.palettes([0, 1, 2]), t),
    "safe_search": lambda s, t: figures.safe_search(s.safe_search(ANYTHING), t),
    "face_traits": lambda s, t: figures.face_traits(s.face_traits(ANYTHING), t),
    "errors": lambda s, t: figures.errors(s.errors(ANYTHING), t),
    **{f"counts of {name}": _counts_of(name) for name in COUNTED if name != "products"},
}
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<a href='https://evil.example'>click</a>",
    "<b>bold</b> & <span style='color:red'>red</span>",
    "$\\alpha$",
    "%{x} %{customdata}",
    "new\nline\u202e\u0000",
    "x" * 5000,
)


def bars(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.type == "bar"]


def shown(figure: go.Figure) -> str:
    """All text that a browser would render as plotly's HTML."""
    layout = figure.to_plotly_json()["layout"]
    texts = [json.dumps(layout, default=str)]
    for trace in figure.data:
        texts.append(trace.hovertemplate.removesuffix("<extra></extra>"))
        texts += [json.dumps(list(trace.hovertext or ())), json.dumps(list(trace.text or ()))]
    return "\n".join(texts)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_drawn_in_both_themes(store: Store, name: str, theme: str) -> None:
    figure = ALL[name](store, theme)
    assert bars(figure)
    assert figure.layout.height >= 60
    assert figure.layout.font.color == LOOKS[theme].ink
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    json.loads(figure.to_json())


def test_a_finished_figure_is_specified_once(store: Store) -> None:
    figure = ALL["labels"](store, "light")
    before = figure.to_json()
    assert figure.to_dict() is not figure.to_dict()
    figure.update_layout(height=123)  # not finished yet: seen
    assert json.loads(figure.to_json())["layout"]["height"] == 123

    figure = ALL["labels"](store, "light")
    figure.finish()
    assert figure.to_dict() is figure.to_dict()
    sent = json.loads(figure.to_json())
    revision = sent["layout"].pop("datarevision")
    assert sent == json.loads(before)  # besides: a browser tells it from one with other numbers

    other = ALL["labels"](store, "light")
    other.finish()
    assert other.to_dict()["layout"]["datarevision"] != revision


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_an_empty_figure_says_why(name: str, theme: str) -> None:
    figure = ALL[name](Store(tables.empty()), theme)
    assert not bars(figure)
    texts = [note.text for note in figure.layout.annotations]
    assert len(texts) == 2
    assert all(texts)


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    hostile = store_of(
        *(labelled(f"gs://b/{n}.jpg", text) for n, text in enumerate(HOSTILE)),
        *(failed(f"gs://b/e{n}.jpg", 5, text) for n, text in enumerate(HOSTILE)),
    )
    labels = figures.label_frequency(hostile.labels(ANYTHING))
    errors = figures.errors(hostile.errors(ANYTHING))
    for figure in (labels, errors):
        tags = set(re.findall(r"<[^>]*>", shown(figure)))
        assert tags <= {"<b>", "</b>", "<br>"}
        assert "$" not in shown(figure)
        assert "\u202e" not in shown(figure)
        assert max(map(len, figure.layout.yaxis.ticktext)) < 250
    # What a click gives back is the text itself.
    assert sorted(bars(labels)[0].customdata) == sorted(HOSTILE)


def test_hostile_file_names_in_palettes() -> None:
    frame = pd.DataFrame(
        {
            "picture": [0, 1],
            "name": ["<img src=x>.jpg", ""],
            "hex": ["#ffffff", "#000000"],
            "score": [0.0, 1.0],
            "fraction": [0.0, 1.0],
        }
    )
    figure = figures.palettes(frame)
    assert figure.layout.yaxis.ticktext == ("&lt;img src=x&gt;.jpg", "Picture 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dog", "Dog"),
        ("a<b>&", "a&lt;b&gt;&amp;"),
        ("$x$", "&#36;x&#36;"),
        (" a \n b\u202e", "a b"),
        ("x" * 50, "x" * 39 + "…"),
        ("&" * 50, "&amp;" * 39 + "…"),
        ("", ""),
        ("犬 🐕", "犬 🐕"),
        ("\U0001f468\u200d\U0001f467 x", "\U0001f468\u200d\U0001f467 x"),
        ("x" * 38 + "\U0001f468\u200d\U0001f467", "x" * 38 + "…"),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert escape_plotly(text) == expected


def test_colours_are_named_where_they_have_room() -> None:
    frame = pd.DataFrame(
        {"hex": ["#ffffff", "#101010"], "share": [0.95, 0.05], "tolerance": [20.0, 20.0]}
    )
    figure = figures.palette(frame)
    assert [trace.text[0] for trace in bars(figure)] == ["#ffffff<br>95%", "#101010<br>5%"]
    assert (figure.layout.uniformtext.mode, figure.layout.uniformtext.minsize) == ("hide", 12)


def test_names_that_look_the_same_keep_their_own_bars() -> None:
    names = ["x" * 60 + "1", "x" * 60 + "2"]
    frame = pd.DataFrame({"label": names, "pictures": [2, 1], "mean_score": [0.5, 0.5]})
    (trace,) = bars(figures.label_frequency(frame))
    assert list(trace.y) == [0, 1]
    assert list(trace.x) == [2, 1]
    assert list(trace.customdata) == names


def test_chosen_bars_stand_out() -> None:
    frame = pd.DataFrame({"label": ["a", "b"], "pictures": [2, 1], "mean_score": [0.5, 0.5]})
    (trace,) = bars(figures.label_frequency(frame, selected=("b",)))
    look = LOOKS["light"]
    assert trace.marker.color == (mixed(look.accent, look.paper, 0.35), look.accent)
    (trace,) = bars(figures.label_frequency(frame))
    assert set(trace.marker.color) == {LOOKS["light"].accent}


def test_clicks_on_faces_crops_and_cells_make_filters(store: Store) -> None:
    (faces,) = bars(figures.counts(store.counts("faces", ANYTHING), "faces"))
    assert ANYTHING.toggled("faces", faces.customdata[0]).faces == (0, 0)
    for trace in bars(figures.safe_search(store.safe_search(ANYTHING))):
        for cell in trace.customdata:
            assert ANYTHING.toggled("safe_is", list(cell)).safe_is == (tuple(cell),)
    color = bars(figures.palette(store.palette_batch(ANYTHING)))[0].customdata[0]
    assert Filters(color=color[0], tolerance=float(color[1])).color == color[0]


def test_every_safe_search_cell_can_be_read_and_clicked(store: Store) -> None:
    frame = store.safe_search(ANYTHING)
    figure = figures.safe_search(frame, selected=[("adult", "LIKELY"), ("odd", "LIKELY")])
    assert len(bars(figure)) == len(LIKELIHOODS)
    numbers = {}
    for trace, likelihood in zip(bars(figure), LIKELIHOODS, strict=True):
        assert list(trace.x) == [1] * len(SAFE_CATEGORIES)
        for (category, level), text in zip(trace.customdata, trace.text, strict=True):
            assert level == likelihood
            numbers[category, level] = 0 if text == "·" else int(text.replace(",", ""))
    said = zip(frame["category"], frame["likelihood"], frame["pictures"], strict=True)
    assert numbers == {(category, level): n for category, level, n in said}
    assert len(figure.layout.shapes) == 1


def luminance(color: str) -> float:
    channels = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str, store: Store) -> None:
    look = LOOKS[theme]
    for ink in (look.ink, look.muted):
        assert contrast(ink, look.paper) >= 4.5
        assert contrast(ink, look.blank) >= 4.5
    assert contrast(look.accent, look.paper) >= 3
    assert contrast(look.failure, look.paper) >= 3
    for trace in bars(figures.safe_search(store.safe_search(ANYTHING), theme)):
        for fill, ink in zip(trace.marker.color, trace.textfont.color, strict=True):
            assert contrast(fill, ink) >= 4.5


@pytest.mark.parametrize("color", ["#000000", "#777777", "#ffffff", "#ff0000", "#00ff00"])
def test_ink_on_any_colour(color: str) -> None:
    assert contrast(color, ink_on(color)) >= 4.5


def test_every_kind_of_shape_has_a_colour() -> None:
    assert set(FEATURE_COLORS) == set(SHAPE_KINDS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_have_the_ink_and_the_ground_of_the_page(theme: str) -> None:
    settings = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][theme]
    look = LOOKS[theme]
    assert (look.ink, look.paper, look.blank) == (
        settings["textColor"],
        settings["backgroundColor"],
        settings["secondaryBackgroundColor"],
    )
