"""From evidence to labels: one table of what must be measured before a word is said.

Every number here was chosen on the 672 pictures of docs/models-trials.md and on sets judged before,
never on the sets that give its figures there, and is either a threshold or, for a word that no
model scores, about how often it was right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.annotators.labels.label_evidence import Evidence
from core.engine.models.label_tree import LabelTree, ScoredLabel

SURE_PERSON = 0.70  # of an object: below it buildings and galaxies
SURE_FACE = 0.70  # between 0.5 and this, a sudoku's digits


class Surface(Enum):
    """What kind of picture it is, which says how far models trained on photographs are believed."""

    PRINTED = "lines of text on it"
    DRAWN = "flat areas with hard edges, or hardly anything but flat areas"
    GREY = "no colour at all"
    PHOTO = "anything else"


class Least(NamedTuple):
    """Scores, 0 to 1, that the best class needs for any class to be heard, and that an object does.

    With a best class from 0.35 to 0.50 the first label was wrong more often than right. Objects of
    a photograph from 0.60 to 0.70 were right once or twice and wrong twice on 196 pictures of the
    development set, and their one first label was wrong.
    """

    classes: float
    objects: float


LEAST = {
    Surface.PHOTO: Least(0.50, 0.70),
    Surface.GREY: Least(0.70, 0.70),
    Surface.DRAWN: Least(0.80, 0.75),
    Surface.PRINTED: Least(0.80, 0.75),
}
# ImageNet calls everything with print on it one of the first two. Without any, no class can name
# it. A comic book is what it calls any cartoon.
NEVER_SAID = ("Website", "Menu", "Comic book")
# Classes that the model sees in whatever has their lines, discs or grids, not in photographs alone:
# on 13,800 pictures of packages and repositories (docs/models-trials.md) each was heard at least
# three times, of two sources and more, and was right on less than half. The last two were
# first on a chart and a plot of sets drawn by chance, and never on their own thing.
SEEN_IN_SHAPES = (
    *("Oscilloscope", "Jigsaw puzzle", "Envelope", "Dust jacket", "Window screen", "Honeycomb"),
    *("Doormat", "Velvet fabric", "Bubble", "Ping-pong ball", "Face powder", "Pinwheel", "Mask"),
    *("Spiral or coil", "Hair clip", "Hook", "Matchstick", "Mousetrap", "Digital clock"),
    *("Magnetic compass", "Maze"),
)
PRINT_WORDS = (
    *("Envelope", "Dust jacket", "Packaging", "Ring binder", "Brass memorial plaque", "Scoreboard"),
    *("Computer", "Electronic equipment", "Pill bottle", "Slot machine", "Ruler", "Sunscreen"),
)
# Groups of many unlike things, right only when sure: toys are no "Container 0.5", and from 0.50 to
# 0.60 "Structure" was as often a waterfall, a rock or a relief.
BROAD = frozenset(("Clothing", "Container", "Game equipment", "Landform", "Machine")) | {
    *("Measuring instrument", "Structure")
}
LEAST_BROAD = 0.60


class Measures(NamedTuple):
    """The evidence as plain numbers, which rules ask for by name.

    Attributes:
        lines, aspect, cover, strip: see ``TextLines``; strip is 0 or 1.
        website: the class that stands for anything laid out on a screen or page.
        cartoon: the class "Comic book"; from 0.40 all of 12 were cartoons, and no book.
        face, face_height: of the surest face and of the highest, 0 if there is none.
        crisp, ratio: see ``Statistics``, as are those between ``people`` and ``graphics``.
        people: how many sure faces or persons, whichever are more.
        graphics, pattern, screenshot, texture: how sure the words are, see ``PictureWords``.
    """

    lines: float
    aspect: float
    cover: float
    strip: float
    website: float
    cartoon: float
    face: float
    face_height: float
    people: float
    flat: float
    crisp: float
    ratio: float
    colours: float
    chroma: float
    contrast: float
    likeness: float
    tinted: float
    graphics: float
    pattern: float
    screenshot: float
    texture: float


WORD_MEASURES = ("graphics", "pattern", "screenshot", "texture")  # fitted words that rules ask for
Ranges = dict[str, tuple[float, float]]  # name of a measure -> least and most, both included


class Rule(NamedTuple):
    """A word, how sure it is (a score, or the measure that is the score), and what it takes."""

    label: str
    score: float | str
    needs: Ranges


def over(least: float) -> tuple[float, float]:
    """At least this."""
    return (least, math.inf)


def under(most: float) -> tuple[float, float]:
    """At most this."""
    return (-math.inf, most)


_DRAWN: Ranges = {"flat": over(0.62), "crisp": over(0.28), "contrast": over(0.06)}
_FLATTER: Ranges = {"flat": over(0.85), "crisp": over(0.20), "contrast": over(0.06)}
_SOFT: Ranges = {"flat": over(0.40), "crisp": over(0.10), "contrast": over(0.06)}
_ALIKE: Ranges = {
    "likeness": over(0.66),
    "contrast": over(0.095),
    "lines": under(3),
    "ratio": under(4),
}
_PATTERN: Ranges = {"pattern": over(0.20)}
_ROUGH: Ranges = {"texture": over(0.70), "flat": under(0.75)}
# The first rule that holds gives a word its score. Of equal scores the earlier rule goes first.
RULES = (
    # Text: four small lines were print in all of 34 pictures that had them.
    Rule("Text", 0.95, {"lines": over(10)}),
    Rule("Text", 0.90, {"lines": over(6)}),
    Rule("Text", 0.80, {"lines": over(4)}),
    Rule("Text", 0.70, {"strip": over(1)}),
    Rule("Text", 0.72, {"website": over(0.30), "flat": over(0.50), "lines": over(2)}),
    Rule("Text", 0.72, {"website": over(0.50), "flat": over(0.50), "screenshot": over(0.50)}),
    Rule("Text", 0.60, {"website": over(0.50), "flat": over(0.40)}),
    Rule("Text", 0.50, {"lines": over(2), "aspect": over(2)}),
    Rule("Text", 0.40, {"lines": over(1), "aspect": over(2)}),
    Rule("Font", 0.70, {"lines": over(4)}),
    Rule("Screenshot", "website", {"website": over(0.85), "flat": over(0.50)}),
    Rule("Screenshot", 0.74, {"website": over(0.1), "screenshot": over(0.95), "flat": over(0.2)}),
    # Long lines that fill a page without colour: not the short ones of dialogs, tables, receipts.
    Rule(
        "Document",
        0.75,
        {"lines": over(5), "aspect": over(7), "cover": over(0.25), "chroma": under(0.12)},
    ),
    Rule("Cartoon", 0.75, {"cartoon": over(0.40), "lines": under(3)}),
    Rule("Person", "face", {"face": over(SURE_FACE)}),
    Rule("Crowd", 0.70, {"people": over(6)}),
    Rule("Portrait", 0.7, {"face": over(SURE_FACE), "face_height": over(0.2), "people": under(2)}),
    # Below the score that a class needs on a drawing: what it shows goes before how it is made.
    Rule("Graphics", 0.70, {**_DRAWN, "cover": under(0.15)}),
    Rule("Graphics", 0.70, {**_FLATTER, "cover": under(0.15)}),
    # What no statistic gives away: soft drawings, renderings, scenes of games.
    Rule("Graphics", 0.55, {"graphics": over(0.98), **_SOFT, "cover": under(0.15)}),
    # Where nothing else speaks: right on 278 of 309 of sources that the word was not fitted with.
    Rule("Graphics", 0.50, {"graphics": over(0.97), "contrast": over(0.01), "cover": under(0.15)}),
    # After colours and a lone line: right on 14 of 18 pictures that had no label without it.
    Rule("Graphics", 0.40, {"graphics": over(0.90), "contrast": over(0.01), "cover": under(0.15)}),
    Rule("Graphics", 0.40, {"crisp": over(0.70), "contrast": over(0.01)}),
    Rule("Screenshot", 0.40, {"screenshot": over(0.98)}),
    Rule("Drawing", 0.60, {**_DRAWN, "lines": under(3), "cover": under(0.15)}),
    # The same brightness and edges everywhere: few or strong colours are a pattern.
    # Without the fitted words wooden signs, plants and whales were patterns.
    Rule("Pattern", 0.80, {**_ALIKE, **_PATTERN, "colours": under(3), "likeness": over(0.85)}),
    Rule("Pattern", 0.75, {**_ALIKE, **_PATTERN, "chroma": over(0.10), "flat": under(0.75)}),
    Rule("Texture", 0.78, {"texture": over(0.97), "lines": under(0), "flat": under(0.75)}),
    Rule("Texture", 0.75, {**_ALIKE, **_ROUGH, "colours": over(4)}),
    Rule(
        "Monochrome", 0.6, {"tinted": under(0.002), "chroma": under(0.01), "contrast": over(0.02)}
    ),
)


class LeastWord(NamedTuple):
    """How sure a fitted word must be to be said, 0 to 1: of drawings, and of anything else.

    Chosen on pictures of packages and repositories that the words were not fitted with: 488 of the
    development set, and 4,000 by leaving their source out of the fit (docs/models-trials.md).
    """

    drawn: float
    other: float


NEVER = 2.0  # a least that no word reaches
LEAST_WORDS = {
    "Animal": LeastWord(0.95, 0.85),
    "Astronomical object": LeastWord(0.98, 0.95),
    "Bird": LeastWord(0.85, 0.70),
    "Brick": LeastWord(NEVER, 0.90),
    "Building": LeastWord(0.97, 0.90),
    "City": LeastWord(NEVER, 0.50),
    "Clothing": LeastWord(0.95, 0.95),
    "Crowd": LeastWord(NEVER, 0.70),
    "Fish": LeastWord(0.85, 0.80),
    "Flag": LeastWord(0.97, 0.99),
    "Flower": LeastWord(0.95, 0.75),
    "Food": LeastWord(0.97, 0.90),
    "Fruit": LeastWord(0.85, 0.75),
    "Furniture": LeastWord(0.90, 0.90),
    "Grass": LeastWord(NEVER, 0.80),
    "Insect": LeastWord(0.85, 0.70),
    "Landscape": LeastWord(0.95, 0.60),
    "Map": LeastWord(0.95, 0.90),
    "Mountain": LeastWord(0.90, 0.75),
    "Musical instrument": LeastWord(0.90, 0.90),
    "Nature": LeastWord(NEVER, 0.80),
    "Painting": LeastWord(NEVER, 0.75),
    "Person": LeastWord(0.95, 0.85),
    "Plant": LeastWord(0.97, 0.85),
    "Playing card": LeastWord(0.95, 0.95),
    "Product": LeastWord(NEVER, 0.85),
    "Rock": LeastWord(NEVER, 0.95),
    "Room": LeastWord(NEVER, 0.80),
    "Sand": LeastWord(NEVER, 0.85),
    "Screenshot": LeastWord(0.97, NEVER),
    "Sculpture": LeastWord(0.90, 0.80),
    "Sky": LeastWord(0.90, 0.70),
    "Snow": LeastWord(0.97, 0.98),
    "Street": LeastWord(NEVER, 0.75),
    "Tree": LeastWord(0.90, 0.80),
    "Vehicle": LeastWord(0.88, 0.75),
    "Water": LeastWord(0.90, 0.75),
    "Weapon": LeastWord(0.90, 0.90),
    "Wood": LeastWord(NEVER, 0.90),
}
BROADER = ("Animal", "Food", "Landscape", "Plant")  # said after the words for a part of them
WORD_SCORE = 0.78  # below what a class needs on a drawing
# From here on a word of a photograph was right 794 of 804 times on sources it was not fitted with:
# it goes before a class in doubt (Person before Stage 0.87). Not the broad words, which say less.
SURE_WORD, SURE_WORD_SCORE = 0.98, 0.93
NOT_BESIDE = {"Portrait": "Crowd"}  # one high face: the fitted word took what is behind it for more
BROADEST = {"Nature": 0.50}  # said last, with this score: right of most that grows or lies outdoors
# A class below this score is heard only if the fitted words do not speak against it: the one for
# its kind must be at least as sure as here, and none below may be as sure.
SURE_CLASS = 0.85
LEAST_AGREED = {"Animal": 0.005, "Vehicle": 0.05, "Fruit": 0.003}
# ... and goes after Graphics where that word is as sure as here: 11 of 18 of the fit's were right.
SURE_OF_DRAWING, DRAWING, DOUBTED_SCORE = 0.90, 0.95, 0.45
CONTRARY = {"Astronomical object": 0.80, "Texture": 0.98}
COLOUR_SHARE, COLOUR_SCORE = 0.60, 0.50  # a picture of one hue is named by it
SURFACES: tuple[tuple[Surface, Ranges], ...] = (
    (Surface.PRINTED, {"lines": over(4), "flat": over(0.40)}),
    (Surface.DRAWN, _DRAWN),
    (Surface.DRAWN, {"flat": over(0.80)}),
    (Surface.GREY, {"chroma": under(0.01)}),
    (Surface.PHOTO, {}),
)


def measures(evidence: Evidence, tree: LabelTree) -> Measures:
    """The evidence as numbers."""
    statistics, lines = evidence.statistics, evidence.lines
    persons = [one for one in evidence.objects if one.name == "Person"]
    sure = sum(face.score >= SURE_FACE for face in evidence.faces)
    return Measures(
        lines=lines.small,
        aspect=lines.aspect,
        cover=lines.cover,
        strip=float(lines.strip),
        website=tree.score("Website", evidence.probability),
        cartoon=tree.score("Comic book", evidence.probability),
        face=max((face.score for face in evidence.faces), default=0.0),
        face_height=max((face.height for face in evidence.faces), default=0.0),
        people=max(sure, sum(one.score >= SURE_PERSON for one in persons)),
        flat=statistics.flat,
        crisp=statistics.crisp,
        ratio=statistics.ratio,
        colours=statistics.colours,
        chroma=statistics.chroma,
        contrast=statistics.contrast,
        likeness=statistics.likeness,
        tinted=statistics.tinted,
        **{name: evidence.words.get(name.capitalize(), 0.0) for name in WORD_MEASURES},
    )


def surface(measured: Measures) -> Surface:
    """The first kind of ``SURFACES`` that the picture is of."""
    return next(kind for kind, needs in SURFACES if _holds(needs, measured))


def labels_of(evidence: Evidence, tree: LabelTree) -> list[ScoredLabel]:
    """Every label that the evidence carries, the best first.

    A word that several witnesses say has the best of their scores. Of equal scores, to the
    percent, the rules' come first, then the classes' from the most special to the broadest.
    """
    measured = measures(evidence, tree)
    kind, statistics = surface(measured), evidence.statistics
    scores: dict[str, float] = {}
    said = [
        *_by_rules(measured),
        *_by_objects(evidence, LEAST[kind].objects),
        *_after(_agreed(_by_classes(evidence.probability, tree, kind), evidence.words), measured),
        *_by_words(evidence, kind),
        *_by_colour(statistics.hue, statistics.hue_share),
    ]
    for label in said:
        scores[label.name] = max(scores.get(label.name, 0.0), round(label.score, 2))
    for name in scores.keys() & NOT_BESIDE.keys():
        scores.pop(NOT_BESIDE[name], None)
    labels = [ScoredLabel(name, score) for name, score in scores.items()]
    labels = labels or _by_colour(statistics.neutral, statistics.neutral_share)
    return sorted(labels, key=lambda label: -label.score)  # stable: ties as they were said


def _holds(needs: Ranges, measured: Measures) -> bool:
    return all(low <= getattr(measured, name) <= high for name, (low, high) in needs.items())


def _by_rules(measured: Measures) -> list[ScoredLabel]:
    scores: dict[str, float] = {}
    for rule in RULES:
        if rule.label not in scores and _holds(rule.needs, measured):
            score = rule.score
            scores[rule.label] = getattr(measured, score) if isinstance(score, str) else score
    return [ScoredLabel(name, score) for name, score in scores.items()]


def _by_objects(evidence: Evidence, least: float) -> list[ScoredLabel]:
    return [
        ScoredLabel(one.name, one.score)
        for one in evidence.objects
        if one.score >= (max(least, SURE_PERSON) if one.name == "Person" else least)
    ]


def _by_classes(
    probability: NDArray[np.float32], tree: LabelTree, kind: Surface
) -> list[ScoredLabel]:
    unsaid = (*NEVER_SAID, *SEEN_IN_SHAPES, *(PRINT_WORDS if kind is Surface.PRINTED else ()))
    labels = [
        label
        for label in tree.labels(tree.without(unsaid, probability))
        if label.name not in BROAD or label.score >= LEAST_BROAD
    ]
    return labels if labels and labels[0].score >= LEAST[kind].classes else []


def _agreed(labels: list[ScoredLabel], words: Mapping[str, float]) -> list[ScoredLabel]:
    """What the classes say, unless they are in doubt and the fitted words speak against it."""
    if not labels or labels[0].score >= SURE_CLASS:
        return labels
    names = {label.name for label in labels}
    denied = any(
        words.get(kind, 1.0) < least for kind, least in LEAST_AGREED.items() if kind in names
    )
    contrary = any(words.get(word, 0.0) >= least for word, least in CONTRARY.items())
    return [] if denied or contrary else labels


def _after(labels: list[ScoredLabel], measured: Measures) -> list[ScoredLabel]:
    """What the classes say of a drawing, scored below Graphics where they are not sure."""
    if not labels or labels[0].score >= SURE_OF_DRAWING or measured.graphics < DRAWING:
        return labels
    return [label._replace(score=min(label.score, DOUBTED_SCORE)) for label in labels]


def _by_words(evidence: Evidence, kind: Surface) -> list[ScoredLabel]:
    drawn = kind is Surface.DRAWN
    best = sorted(evidence.words.items(), key=lambda word: (word[0] in BROADER, -word[1]))
    return [
        ScoredLabel(name, _word_score(name, sure, kind))
        for name, sure in best
        if name in LEAST_WORDS
        and sure >= (LEAST_WORDS[name].drawn if drawn else LEAST_WORDS[name].other)
    ]


def _word_score(name: str, sure: float, kind: Surface) -> float:
    photograph = kind in (Surface.PHOTO, Surface.GREY)
    if photograph and sure >= SURE_WORD and name not in (*BROADER, *BROADEST):
        return SURE_WORD_SCORE
    return BROADEST.get(name, WORD_SCORE)


def _by_colour(name: str, share: float) -> list[ScoredLabel]:
    return [ScoredLabel(name, COLOUR_SCORE)] if share >= COLOUR_SHARE else []
