"""The table of evidence for labels, case by case; no model and no picture."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from core.engine.annotators import CAPABILITIES
from core.engine.annotators.labels import label_rules
from core.engine.annotators.labels.label_evidence import (
    Evidence,
    FaceSeen,
    ObjectSeen,
    TextLines,
    text_lines,
)
from core.engine.annotators.labels.label_rules import (
    BROAD,
    CONTRARY,
    LEAST,
    LEAST_AGREED,
    LEAST_WORDS,
    NEVER,
    NEVER_SAID,
    PRINT_WORDS,
    RULES,
    SEEN_IN_SHAPES,
    SURE_WORD,
    SURE_WORD_SCORE,
    SURFACES,
    WORD_MEASURES,
    Measures,
    Surface,
    labels_of,
    measures,
    surface,
)
from core.engine.annotators.picture_statistics import Statistics
from core.engine.models import label_tree
from core.engine.models.label_tree import LabelTree, ScoredLabel
from core.engine.models.picture_words import WORDS, PictureWords

PHOTO = Statistics(
    colours=120,
    flat=0.2,
    crisp=0.1,
    uneven=0.4,
    likeness=0.4,
    contrast=0.15,
    chroma=0.2,
)
DRAWN = PHOTO._replace(colours=8, flat=0.9, crisp=0.4)
GREY = PHOTO._replace(chroma=0.0)
PAGE = TextLines(small=20, aspect=10.0, cover=0.4)
ALIKE = {"Pattern": 0.3, "Texture": 0.8}
TREE = LabelTree()


def evidence(statistics: Statistics = PHOTO, **seen: Any) -> Evidence:
    """Of a picture with nothing on it; names in lower case with scores are classes."""
    probability = np.full(1000, 0.0, np.float32)
    witnesses: dict[str, Any] = {}
    for name, value in seen.items():
        if name in Evidence._fields:
            witnesses[name] = value
        else:
            row = TREE.names.index(name.replace("_", " "))
            probability[int(np.flatnonzero(TREE._sums[row])[0])] = value
    return Evidence(probability, statistics, **witnesses)


def said(given: Evidence) -> list[str]:
    return [label.name for label in labels_of(given, TREE)]


def test_nothing_seen_says_nothing() -> None:
    assert said(evidence()) == []


def test_what_holds_for_the_whole_table() -> None:
    for name in {name for rule in RULES for name in rule.needs} | {
        name for _, needs in SURFACES for name in needs
    }:
        assert name in Measures._fields
    for rule in RULES:
        assert rule.score in Measures._fields or 0 < float(rule.score) <= 1
        assert rule.label not in TREE.names  # else a class and a rule could contradict each other
    assert {*NEVER_SAID, *SEEN_IN_SHAPES, *PRINT_WORDS, *BROAD} <= set(TREE.names)
    assert set(LEAST) == set(Surface) == {kind for kind, _ in SURFACES}
    assert SURFACES[-1] == (Surface.PHOTO, {})


def test_another_table_is_another_version() -> None:
    """Answers given by other rules must not be used again: raise the number in capabilities."""
    table = repr(
        (RULES, SURFACES, sorted(LEAST.items(), key=str), NEVER_SAID, PRINT_WORDS, sorted(BROAD))
    )
    more = (
        *(label_rules.LEAST_BROAD, label_rules.COLOUR_SHARE, label_rules.COLOUR_SCORE),
        *(
            LEAST_WORDS,
            label_rules.BROADER,
            label_rules.BROADEST,
            label_rules.NOT_BESIDE,
            label_rules.WORD_SCORE,
            (SURE_WORD, SURE_WORD_SCORE),
            (label_rules.SURE_OF_DRAWING, label_rules.DRAWING, label_rules.DOUBTED_SCORE),
            SEEN_IN_SHAPES,
            label_rules.SURE_CLASS,
            LEAST_AGREED,
            CONTRARY,
        ),
        hashlib.sha256(WORDS.read_bytes()).hexdigest(),
        hashlib.sha256(label_tree.TREE.read_bytes()).hexdigest(),
    )
    digest = hashlib.sha256(f"{table}{more}".encode()).hexdigest()[:12]
    assert (digest, CAPABILITIES["LABEL_DETECTION"].model.partition(":")[0]) == (
        "71b9a26d2049",
        "Label rules 12, names 2",
    )


def test_a_picture_is_named_by_the_fitted_words() -> None:
    sure = {"Flag": 0.98, "Map": 0.95, "Fruit": 0.74}
    assert said(evidence(DRAWN, words=sure))[:4] == ["Flag", "Map", "Graphics", "Drawing"]
    assert said(evidence(PHOTO, words=sure)) == ["Map"]
    assert said(evidence(DRAWN, words=sure, Strawberry=0.9))[0] == "Strawberry"


def test_a_portrait_is_no_crowd() -> None:
    crowd = {"Crowd": 0.95}
    alone = FaceSeen(0.95, 0.4)
    assert said(evidence(words=crowd, faces=(alone,))) == ["Person", "Portrait"]
    assert said(evidence(words=crowd, faces=(alone,) * 3)) == ["Person", "Crowd"]
    assert said(evidence(words=crowd)) == ["Crowd"]


@pytest.mark.parametrize("name", SEEN_IN_SHAPES)
def test_what_the_classes_see_in_lines_discs_and_grids_is_not_said(name: str) -> None:
    for statistics in (PHOTO, DRAWN, GREY):
        assert not {name, "Game equipment", "Container"} & set(
            said(evidence(statistics, **{name.replace(" ", "_"): 0.99}))
        )


def test_a_sure_word_goes_before_a_class_in_doubt() -> None:
    sure = {"Person": SURE_WORD, "Crowd": SURE_WORD, "Plant": 1.0}
    assert said(evidence(words=sure, Stage=0.87))[:4] == ["Person", "Crowd", "Stage", "Plant"]
    assert said(evidence(words=sure, Stage=0.95))[0] == "Stage"
    assert said(evidence(DRAWN, words={"Flag": 1.0}, Stage=0.87))[0] == "Stage"
    unsure = {"Person": SURE_WORD - 0.01}
    assert said(evidence(words=unsure, Stage=0.87))[:2] == ["Stage", "Person"]


def test_a_building_or_person_in_doubt_is_not_said() -> None:
    assert said(evidence(words={"Building": 0.85, "Person": 0.80})) == []
    assert said(evidence(Castle=0.55)) == ["Castle"]  # without the broad Structure


def test_what_looks_drawn_is_graphics_where_nothing_else_is_said() -> None:
    assert said(evidence(words={"Graphics": 0.98}, Goldfish=0.92))[-1] == "Graphics"
    blank = PHOTO._replace(contrast=0.0)
    assert said(evidence(blank, words={"Graphics": 0.98})) == []


def test_nature_is_said_last_and_below_any_class() -> None:
    outdoors = {"Nature": 0.99, "Landscape": 0.9, "Street": 0.8}
    assert said(evidence(words=outdoors)) == ["Street", "Landscape", "Nature"]
    assert said(evidence(words={"Nature": 0.9}, Goldfish=0.55))[-1] == "Nature"
    assert said(evidence(DRAWN, words={"Nature": 1.0})) == ["Graphics", "Drawing"]


@pytest.mark.parametrize("word", sorted(LEAST_WORDS))
def test_each_fitted_word_is_said_from_its_least_on(word: str) -> None:
    least = LEAST_WORDS[word]
    for statistics, enough in ((DRAWN, least.drawn), (PHOTO, least.other)):
        below = evidence(statistics, words={word: min(enough - 0.01, 0.97)})
        assert word not in said(below)
        if enough < NEVER:
            assert word in said(evidence(statistics, words={word: enough}))


def test_a_doubtful_class_needs_the_agreement_of_the_word_for_its_kind() -> None:
    galaxy = {"Animal": 0.0, "Vehicle": 0.0, "Fruit": 0.0}
    assert said(evidence(words=galaxy, Goldfish=0.80)) == []
    assert said(evidence(words=galaxy | {"Animal": 0.1}, Goldfish=0.80))[0] == "Goldfish"
    assert said(evidence(words=galaxy, Goldfish=0.90))[0] == "Goldfish"
    assert said(evidence(words=galaxy, Tripod=0.80))[0] == "Tripod"  # no word for its kind


def test_no_doubtful_class_stands_beside_a_planet_or_a_texture() -> None:
    assert said(evidence(words={"Astronomical object": 0.9}, Lampshade=0.80)) == []
    assert said(evidence(words={"Texture": 0.99}, Lampshade=0.80)) == ["Texture"]
    assert "Lampshade" in said(evidence(words={"Astronomical object": 0.9}, Lampshade=0.90))


def test_a_cartoon_is_no_comic_book() -> None:
    assert said(evidence(Comic_book=0.6)) == ["Cartoon"]
    assert said(evidence(Comic_book=0.39)) == []


def test_the_fitted_words_are_labels_with_probabilities() -> None:
    words = PictureWords()
    of_nothing = words.look(np.zeros(1280, np.float32))
    assert set(of_nothing) == set(words.names)
    assert set(LEAST_WORDS) | {*LEAST_AGREED, *CONTRARY} <= set(words.names)
    assert {measure.capitalize() for measure in WORD_MEASURES} <= set(words.names)
    assert all(score < 0.5 for score in of_nothing.values())


@pytest.mark.parametrize("word", ["Website", "Envelope", "Laptop computer", "Dust jacket"])
def test_print_is_text_whatever_the_classes_take_it_for(word: str) -> None:
    page = evidence(DRAWN._replace(chroma=0.05), lines=PAGE, **{word.replace(" ", "_"): 0.84})
    assert said(page)[:2] == ["Text", "Document"]
    assert word not in said(page) and "Computer" not in said(page)


def test_a_website_is_never_called_one() -> None:
    assert said(evidence(Website=0.8)) == []
    assert said(evidence(DRAWN, Website=0.9))[:2] == ["Screenshot", "Graphics"]


def test_a_sure_class_stands_beside_print() -> None:
    names = said(evidence(DRAWN, lines=PAGE, Crossword=0.98))
    assert names[0] == "Crossword" and "Text" in names
    assert "Crossword" not in said(evidence(DRAWN, lines=PAGE, Crossword=0.7))


def test_more_lines_are_surer_text() -> None:
    scores = [
        {
            label.name: label.score
            for label in labels_of(evidence(lines=TextLines(small=count, aspect=3.0)), TREE)
        }
        for count in (2, 4, 6, 10)
    ]
    assert [score["Text"] for score in scores] == [0.5, 0.8, 0.9, 0.95]
    assert ["Font" in score for score in scores] == [False, True, True, True]


def test_short_lines_are_text_and_no_document() -> None:
    names = said(evidence(DRAWN, lines=PAGE._replace(aspect=2.5)))
    assert "Text" in names and "Document" not in names


def test_a_face_is_a_person_and_a_large_one_a_portrait() -> None:
    assert said(evidence(faces=(FaceSeen(0.9, 0.1),))) == ["Person"]
    assert said(evidence(faces=(FaceSeen(0.9, 0.3),))) == ["Person", "Portrait"]
    assert said(evidence(faces=(FaceSeen(0.65, 0.3),))) == []  # digits of a sudoku


def test_many_people_are_a_crowd_by_faces_or_by_objects() -> None:
    assert "Crowd" in said(evidence(faces=(FaceSeen(0.8, 0.1),) * 6))
    assert "Crowd" in said(evidence(objects=(ObjectSeen("Person", 0.72),) * 6))
    five = evidence(faces=(FaceSeen(0.8, 0.1),) * 5, objects=(ObjectSeen("Person", 0.72),) * 5)
    assert "Crowd" not in said(five)


def test_a_person_is_as_sure_as_the_surest_witness() -> None:
    given = evidence(faces=(FaceSeen(0.8, 0.1),), objects=(ObjectSeen("Person", 0.9),))
    assert labels_of(given, TREE) == [("Person", 0.9)]


def test_a_person_without_a_face_must_be_surer_than_a_thing() -> None:
    assert said(evidence(objects=(ObjectSeen("Person", 0.66),))) == []  # a tower, a galaxy
    assert said(evidence(objects=(ObjectSeen("Person", 0.72),))) == ["Person"]


def test_one_or_two_square_lines_are_icons() -> None:
    assert said(evidence(lines=TextLines(small=2, aspect=1.2))) == []
    assert said(evidence(lines=TextLines(small=1, aspect=5.0))) == ["Text"]


def test_objects_speak_from_070_and_on_drawings_later() -> None:
    kite = (ObjectSeen("Kite", 0.72),)
    assert said(evidence(objects=kite)) == ["Kite"]
    assert said(evidence(objects=(ObjectSeen("Kite", 0.69),))) == []
    assert "Kite" not in said(evidence(DRAWN, objects=kite))
    assert "Kite" not in said(evidence(GREY, objects=(ObjectSeen("Kite", 0.69),)))


def test_classes_below_035_say_nothing_and_a_doubtful_best_silences_all() -> None:
    assert said(evidence(Goldfish=0.34)) == []
    assert said(evidence(Goldfish=0.45)) == []
    names = said(evidence(Goldfish=0.55, Tabby_cat=0.36))
    assert {"Goldfish", "Tabby cat"} <= set(names)


def test_classes_must_be_surer_of_drawings_and_grey_pictures() -> None:
    assert "Goldfish" in said(evidence(Goldfish=0.65))
    assert "Goldfish" not in said(evidence(GREY, Goldfish=0.65))
    assert "Goldfish" in said(evidence(GREY, Goldfish=0.72))
    assert "Goldfish" not in said(evidence(DRAWN, Goldfish=0.78))
    assert said(evidence(DRAWN, Goldfish=0.82))[0] == "Goldfish"  # the thing, then "Graphics"


def test_a_broad_group_needs_to_be_sure() -> None:
    assert "Container" not in said(evidence(Beaker=0.55))
    assert "Beaker" in said(evidence(Beaker=0.55))
    assert "Container" in said(evidence(Beaker=0.65))


@pytest.mark.parametrize(
    ("statistics", "words"),
    [
        (DRAWN, {"Graphics", "Drawing"}),
        (DRAWN._replace(contrast=0.01), set()),  # one plain colour
        (DRAWN._replace(flat=0.65), {"Graphics", "Drawing"}),
        (DRAWN._replace(crisp=0.1), set()),  # a photograph on a plain ground, or out of focus
        (PHOTO._replace(crisp=0.4), set()),  # leaves
        (PHOTO._replace(likeness=0.8), {"Texture", "Pattern"}),
        (GREY._replace(likeness=0.8), {"Texture", "Monochrome"}),
        (GREY._replace(likeness=0.9, colours=2, flat=0.5), {"Pattern", "Monochrome"}),
        (PHOTO._replace(likeness=0.8, ratio=9.0), set()),  # a formula's strip
        (GREY._replace(contrast=0.0), set()),  # an empty grey picture
        (PHOTO._replace(hue="Blue", hue_share=0.7), {"Blue"}),
        (PHOTO._replace(hue="Blue", hue_share=0.5), set()),
        (GREY._replace(tinted=0.01), set()),  # a red atom in a grey molecule, thin blue lines
        (PHOTO._replace(crisp=0.75), {"Graphics"}),  # a mesh, sprites: nothing is so hard-edged
        (PHOTO._replace(neutral="Black", neutral_share=0.7), {"Black"}),
        (PHOTO._replace(neutral="Black", neutral_share=0.5), set()),
    ],
)
def test_surfaces_are_named(statistics: Statistics, words: set[str]) -> None:
    assert set(said(evidence(statistics, words=ALIKE))) == words


def test_what_looks_alike_everywhere_is_a_pattern_only_if_the_fitted_word_agrees() -> None:
    alike = PHOTO._replace(likeness=0.8)  # boards with words on them, a hedge, the sea
    assert said(evidence(alike, words={"Pattern": 0.1, "Texture": 0.4})) == []


def test_soft_drawings_are_graphics_by_the_fitted_word_and_their_flat_areas() -> None:
    soft = PHOTO._replace(flat=0.5, crisp=0.15)
    assert said(evidence(soft, words={"Graphics": 0.9995})) == ["Graphics"]
    in_doubt = labels_of(evidence(soft, words={"Graphics": 0.96}), TREE)
    assert in_doubt == [ScoredLabel("Graphics", 0.40)]
    assert said(evidence(soft, words={"Graphics": 0.85})) == []
    flat = labels_of(evidence(PHOTO, words={"Graphics": 0.9995}), TREE)
    assert flat == [ScoredLabel("Graphics", 0.50)]  # neither soft nor flat: last of all


def test_black_grey_and_white_are_said_of_nothing_else_alone() -> None:
    white = PHOTO._replace(neutral="White", neutral_share=0.9)
    assert said(evidence(white)) == ["White"]
    assert said(evidence(white, Goldfish=0.6))[0] == "Goldfish"
    assert "White" not in said(evidence(white, Goldfish=0.6))


def test_a_screen_is_a_screenshot_before_it_is_graphics() -> None:
    seen = {"Screenshot": 0.99, "Graphics": 0.99}
    assert said(evidence(DRAWN, words={"Graphics": 0.99}, Website=0.6))[0] == "Graphics"
    screen = PHOTO._replace(flat=0.5)
    assert said(evidence(screen, words=seen, Website=0.2))[0] == "Screenshot"
    assert said(evidence(PHOTO, words=seen))[0] == "Graphics"  # the word alone: a diagram


def test_of_a_drawing_a_class_in_doubt_goes_after_graphics() -> None:
    drawn = {"Graphics": 0.99}
    assert said(evidence(DRAWN, words=drawn, Goldfish=0.85))[0] == "Graphics"
    assert "Goldfish" in said(evidence(DRAWN, words=drawn, Goldfish=0.85))
    assert said(evidence(DRAWN, words=drawn, Goldfish=0.95))[0] == "Goldfish"
    assert said(evidence(DRAWN, words={"Graphics": 0.9}, Goldfish=0.85))[0] == "Goldfish"


def test_a_logo_that_is_all_letters_is_text_and_no_drawing() -> None:
    letters = TextLines(small=2, aspect=6.0, cover=0.18)
    assert said(evidence(DRAWN, lines=letters)) == ["Text"]


def test_the_word_screenshot_alone_is_heard_last() -> None:
    assert said(evidence(PHOTO, words={"Screenshot": 0.99})) == ["Screenshot"]
    assert said(evidence(PHOTO, words={"Screenshot": 0.99}, Goldfish=0.6))[0] == "Goldfish"


def test_a_table_with_some_lines_of_print_is_text() -> None:
    some = TextLines(small=3, aspect=5.0, cover=0.06)
    assert said(evidence(DRAWN, lines=some, Website=0.4))[0] == "Text"
    assert said(evidence(DRAWN, lines=some))[0] == "Graphics"


def test_print_is_no_texture() -> None:
    assert "Texture" not in said(evidence(PHOTO._replace(likeness=0.9), lines=PAGE, words=ALIKE))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (evidence(DRAWN, lines=PAGE), Surface.PRINTED),
        (evidence(DRAWN), Surface.DRAWN),
        (evidence(GREY), Surface.GREY),
        (evidence(PHOTO, lines=PAGE), Surface.PHOTO),  # a street with signs
    ],
)
def test_each_kind_of_surface(given: Evidence, kind: Surface) -> None:
    assert surface(measures(given, TREE)) is kind


def test_scores_fall_and_no_word_comes_twice() -> None:
    given = evidence(
        DRAWN,
        lines=PAGE,
        faces=(FaceSeen(0.9, 0.3),) * 2,
        objects=(ObjectSeen("Person", 0.8), ObjectSeen("Car", 0.9), ObjectSeen("Car", 0.8)),
        Goldfish=0.97,
    )
    labels = labels_of(given, TREE)
    assert len({label.name for label in labels}) == len(labels)
    assert [label.score for label in labels] == sorted((x.score for x in labels), reverse=True)


def quad(left: float, top: float, width: float, height: float) -> list[list[float]]:
    right, bottom = left + width, top + height
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_small_lines_are_counted_and_whole_pictures_are_not() -> None:
    quads = np.array([quad(10, 10, 100, 10), quad(10, 40, 60, 10), quad(0, 0, 320, 200)])
    lines = text_lines(quads, 320, 200)
    assert lines.small == 2 and not lines.strip
    assert lines.aspect == pytest.approx(8) and lines.cover == pytest.approx(1600 / 64000)


def test_a_line_along_a_strip() -> None:
    assert text_lines(np.array([quad(0, 0, 320, 80)]), 320, 90).strip
    assert not text_lines(np.array([quad(0, 0, 320, 200)]), 320, 200).strip
    assert text_lines(np.empty((0, 4, 2)), 320, 200) == TextLines()


def test_turned_lines_are_measured_along_themselves() -> None:
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    quads = np.array([quad(0, 0, 120, 12)]) @ turn
    lines = text_lines(quads, 320, 320)
    assert lines.aspect == pytest.approx(10) and lines.cover == pytest.approx(1440 / 102400)
