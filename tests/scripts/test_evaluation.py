"""The evaluation judges rightly: known mistakes give known figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from google.cloud import vision
from PIL import Image, ImageFont

from scripts.evaluation import colours, faces, labels, run, safe_search, text, text_layouts
from scripts.evaluation.figures import Figure, jpeg, noisy

pytestmark = pytest.mark.slow

Reply = Callable[[vision.AnnotateImageResponse], None]


def answering(fill: Reply) -> Callable[..., Any]:
    """An engine that always answers the same."""
    response = vision.AnnotateImageResponse()
    fill(response)
    return lambda *_: vision.AnnotateImageResponse.pb(response)


@pytest.mark.parametrize(
    ("read", "truth", "spaced", "expected"),
    [
        ("", "", True, (0, 0)),
        ("", "abc", True, (3, 3)),
        ("one  two\nthree", "one two three", True, (0, 13)),
        ("onetwo", "one two", True, (1, 7)),
        ("自 由", "自由", False, (0, 2)),
        ("1,2", "1,2", True, (0, 3)),  # full-width comma
        ("u\u0308ber", "über", True, (0, 4)),
        ("uber", "über", True, (1, 4)),
    ],
)
def test_character_errors(read: str, truth: str, spaced: bool, expected: tuple[int, int]) -> None:
    assert text.errors(read, truth, spaced=spaced) == expected


def test_a_missing_font_is_said_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "font_file", lambda _: None)
    figures = list(text.evaluate())
    assert len(figures) == len(text.LANGUAGES) * len(text.DISTORTIONS)
    assert all(figure.value is None and "no font" in figure.note for figure in figures)


def test_pages_hold_the_whole_text_within_their_margins() -> None:
    font = ImageFont.load_default(text.LETTERS)
    assert isinstance(font, ImageFont.FreeTypeFont)
    english = text.LANGUAGES[0]
    lines = text.lines_of(english, font)
    assert " ".join(lines[:-1]) == english.text and lines[-1] == text.FIGURES
    page = np.asarray(text.draw(lines, font).convert("L"))
    assert page[:, -text.MARGIN :].min() == 255 and page[-text.MARGIN // 2 :].min() == 255


@pytest.mark.parametrize("case", sorted(text.DISTORTIONS))
def test_distortions_change_the_page_and_keep_its_ink(case: str) -> None:
    page = text.draw(["Some words", "and more"], ImageFont.load_default(text.LETTERS))  # type: ignore[arg-type]  # FreeType is there
    changed = text.DISTORTIONS[case](page)
    assert (changed.tobytes() == page.tobytes()) == (case == text.PLAIN)
    assert np.asarray(changed.convert("L")).min() < 200


def test_colour_errors_of_a_known_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Black is reported wherever a palette has two colours of half each: one found, one not."""
    two = np.array([[0.0, 0, 0], [255, 255, 255]])
    half = Image.new("RGB", (10, 10)), np.array([0.5, 0.5])
    monkeypatch.setattr(colours, "palette", lambda _: two)
    monkeypatch.setattr(colours, "drawn", lambda *_: half)

    def black(response: vision.AnnotateImageResponse) -> None:
        properties = response.image_properties_annotation.dominant_colors
        properties.colors = [vision.ColorInfo(color={"red": 0}, pixel_fraction=1.0)]

    monkeypatch.setattr(colours, "ask", answering(black))
    plain = {
        figure.measure: figure.value for figure in colours.evaluate() if figure.case == "plain"
    }
    assert plain["not found"] == 0.5
    assert plain["CIEDE2000, worst"] == pytest.approx(100.0, abs=0.1)
    assert plain["error of the share, mean"] == pytest.approx(0.5)


def test_palettes_are_apart_and_drawn_as_given() -> None:
    for seed in range(5):
        wanted = colours.palette(seed)
        between = colours.difference(wanted, wanted)[~np.eye(len(wanted), dtype=bool)]
        assert between.min() >= colours.APART
        picture, shares = colours.drawn(wanted, seed)
        pixels = np.asarray(picture).reshape(-1, 3)
        for colour, share in zip(wanted, shares, strict=True):
            assert (pixels == colour).all(axis=1).mean() == pytest.approx(share, abs=0.001)
        assert shares.sum() == pytest.approx(1.0) and shares.min() > 0.04


@pytest.mark.parametrize("sees", [True, False])
def test_recall_and_false_alarms_of_faces(sees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(response: vision.AnnotateImageResponse) -> None:
        response.face_annotations = [vision.FaceAnnotation()] * sees

    monkeypatch.setattr(faces, "ask", answering(fill))
    monkeypatch.setattr(faces, "CASES", {"any": lambda _: Image.new("RGB", (4, 4))})
    figures = {figure.measure: figure for figure in faces.evaluate()}
    assert {name: figure.value for name, figure in figures.items()} == {
        "recall": float(sees),
        "false alarms": float(sees),
    }
    assert all(figure.count == 100 for figure in figures.values())


@pytest.mark.parametrize(("likelihood", "expected"), [("UNLIKELY", 0.0), ("POSSIBLE", 1.0)])
def test_an_alarm_begins_at_possible(
    likelihood: str, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(response: vision.AnnotateImageResponse) -> None:
        response.safe_search_annotation.adult = getattr(vision.Likelihood, likelihood)

    monkeypatch.setattr(safe_search, "ask", answering(fill))
    monkeypatch.setattr(
        safe_search, "write_samples", lambda _: [SimpleNamespace(path=PIXEL, is_picture=True)]
    )
    monkeypatch.setattr(safe_search, "decode", lambda _: None)
    figures = list(safe_search.evaluate())
    assert len(figures) == 4
    assert [figure.value for figure in figures] == [expected] * 4


PIXEL = Path(__file__)


def test_without_foolbox_labels_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "package_file", lambda *_: None)
    (figure,) = labels.evaluate()
    assert figure.value is None and "foolbox" in figure.note
    assert labels.class_of(Path("imagenet_07_609.jpg")) == 609


def test_the_table_and_what_is_missing() -> None:
    figures = [
        Figure("text, en", "plain", "character error rate", 0.0123, 400),
        Figure("text, en", "blurred", "character error rate", None, note="skipped: no font"),
        Figure("colours", "plain", "CIEDE2000, mean", 0.25, 10),
    ]
    assert run.table(figures).splitlines() == [
        "| text | plain | blurred | of |",
        "|---|---|---|---|",
        "| en, character error rate | 1.2 % | skipped: no font | 400 |",
        "",
        "| colours | plain | of |",
        "|---|---|---|",
        "| CIEDE2000, mean | 0.2 | 10 |",
    ]


def test_noise_and_jpeg_are_the_same_each_time() -> None:
    picture = Image.new("RGB", (16, 16), "teal")
    first, second = (jpeg(noisy(picture, 20, seed=1), 30) for _ in range(2))
    assert first.tobytes() == second.tobytes() != picture.tobytes()


def test_layouts_are_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the truth, read perfectly, have no error; read column by column, many."""
    receipt = text_layouts.PAGES[0]
    rows = [" ".join(cell for _, _, cell in row) for row in receipt.rows]
    columns = [cell for column in zip(*receipt.rows, strict=True) for _, _, cell in column]
    monkeypatch.setattr(text_layouts, "PAGES", (receipt,))
    monkeypatch.setattr(text_layouts, "font_file", lambda _: Path("any"))
    font = ImageFont.load_default(text_layouts.SIZE)
    monkeypatch.setattr(ImageFont, "truetype", lambda *_: font)
    for read, least in ((rows, 0.0), (columns, 0.3)):

        def fill(response: vision.AnnotateImageResponse, read: list[str] = read) -> None:
            response.full_text_annotation.text = "\n".join(read)

        monkeypatch.setattr(text_layouts, "ask", answering(fill))
        values = [figure.value or 0.0 for figure in text_layouts.evaluate()]
        assert len(values) == len(text_layouts.TURNS)
        assert min(values) > least if least else values == [0.0] * len(values)


def test_layouts_without_their_font_are_skipped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_layouts, "font_file", lambda _: None)
    (figure,) = text_layouts.evaluate()
    assert figure.value is None and "no font" in figure.note
