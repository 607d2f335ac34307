"""Every chart of a batch, once: Explore's tabs, the report and the workbook walk this list.

Not in it is what needs more than a batch and its filters: what-if (a policy), the map by likeness
(vectors), comparisons (two batches).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.results.analysis.file_kinds import file_kind, file_kinds
from core.results.analysis.group_palettes import group_palettes
from core.results.analysis.label_counts import label_counts
from core.results.analysis.label_scores import band_of, label_scores
from core.results.charts.chart import ROWS, Chart, Form, Marks
from core.results.columns.name_counts import MANY_FACES
from core.results.figures import bars
from core.results.figures.label_hierarchy import label_hierarchy, most_telling
from core.results.figures.landmark_map import landmarks
from core.results.figures.relations import RELATIONS_NOTE, label_relations
from core.results.figures.sheet import label_bars
from core.results.query.filters import Filters
from core.results.query.picture.annotations import Annotations
from core.results.query.store import Store
from core.results.vocabulary import FACE_TRAITS, said_unknown, status_name

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST_TERMS = 30  # bars of broader terms: a bar stands below the one that it belongs to
_HIERARCHY_NOTE = (
    "A picture counts once a bar. Broader terms are WordNet's; labels it lacks are under Other."
)


def _without_choice(draw: Callable[[pd.DataFrame, str], go.Figure]) -> Any:
    """A figure that shows no choice."""
    return lambda frame, theme, _: draw(frame, theme)


def _first(draw: Callable[..., go.Figure]) -> Any:
    """A figure of which a single mark is chosen."""
    return lambda frame, theme, chosen: draw(frame, theme, next(iter(chosen), None))


def _unjudged(table: str, store: Store) -> str:
    return said_unknown(table, store.unjudged(table))


def _above(pairs: Collection[tuple[str, float]], filters: Filters) -> Iterator[str]:
    """Names that reach the score cut-off, as the tables compare it."""
    least = float(np.float32(filters.score))
    return (name for name, score in pairs if score >= least)


def _group_palettes(by: str, store: Store, filters: Filters, _: str | None) -> pd.DataFrame:
    return group_palettes(store, filters, by)


def _named(field: str, *, scored: bool = False) -> Marks:
    """The values of one of ``Annotations``' lists of (name, score)."""

    def marks(_: Store, filters: Filters, of: Annotations) -> Iterator[str]:
        pairs = getattr(of, field)
        return _above(pairs, filters) if scored else (name for name, _ in pairs)

    return marks


def _counted(key: str, title: str, tab: str, noun: str, marks: Marks) -> Chart:
    """A chart of ``Store.counts``; its key is also the field of the filters."""
    return Chart(
        key,
        title,
        tab,
        lambda store, filters, without: store.counts(key, filters, ROWS, without),
        lambda frame, theme, chosen: bars.counts(frame, noun, theme, chosen),
        field=key,
        marks=marks,
    )


def _face_marks(store: Store, _: Filters, of: Annotations) -> list[tuple[int, int | None]]:
    if of.error_code or not store.tables["faces"].num_rows:
        return []
    count = min(len(of.faces), MANY_FACES)
    return [(count, None if count == MANY_FACES else count)]


def _trait_marks(_: Store, __: Filters, of: Annotations) -> list[tuple[str, str]]:
    return [(trait, str(face[trait])) for face in of.faces for trait in FACE_TRAITS]


def _pair_marks(_: Store, filters: Filters, of: Annotations) -> list[tuple[str, str]]:
    names = list(dict.fromkeys(_above(of.labels, filters)))
    return [(one, other) for one in names for other in names if one != other]


def _specific(store: Store, filters: Filters, _: str | None) -> pd.DataFrame:
    frame = store.specific().count(store.mask(filters, None), filters.score, ROWS, filters.labels)
    return frame[frame["pictures"] > 0].reset_index(drop=True)


def _specific_marks(store: Store, filters: Filters, of: Annotations) -> Iterator[str]:
    return _above(of.labels, filters)


def narrow_labels(store: Store, now: Filters, label: Any) -> Filters:
    """A click on a label leaves the pictures that have it too; if none has, it adds those that do.

    A second click takes the label away again.
    """
    changed = replace(now.toggled("labels", label), match="any")
    every = replace(changed, match="all")
    fewer = len(changed.labels) < len(now.labels)
    if len(changed.labels) < 2 or (fewer and now.match == "any"):
        return changed
    return every if fewer or store.count(every) else changed


def _toggle_pair(_: Store, now: Filters, value: Any) -> Filters:
    pair = tuple(value)
    if now.labels == pair and now.match == "all":
        return now.without("labels")
    return replace(now, labels=pair, match="all")


def _toggle_color(_: Store, now: Filters, value: Any) -> Filters:
    """A click on a colour narrows to its neighbours, and a second one no longer."""
    color, tolerance = value
    if now.color == color:
        return now.without("color")
    return replace(now, color=color, tolerance=float(tolerance))


def _terms(store: Store, filters: Filters, without: str | None) -> pd.DataFrame:
    return store.hierarchy().count(store.mask(filters, without), filters.score)


def _toggle_term(store: Store, now: Filters, node: Any) -> Filters:
    labels = store.hierarchy().labels_for(str(node), now.score)
    if now.labels == labels and now.match == "any":
        return now.without("labels")
    return replace(now, labels=labels, match="any")


def _term_marks(store: Store, filters: Filters, of: Annotations) -> list[str]:
    tree = store.hierarchy()
    return [node for label in _above(of.labels, filters) for node in tree.nodes_over(label)]


def _judged_safe(store: Store, filters: Filters, without: str | None) -> pd.DataFrame:
    frame = store.safe_search(filters, without)
    judged = ~frame["category"].isin(store.unjudged("safe_search"))
    return frame[judged].reset_index(drop=True)


def _kind_marks(_: Store, __: Filters, of: Annotations) -> list[str]:
    return [file_kind(of.name)]


def _error_marks(_: Store, __: Filters, of: Annotations) -> list[str]:
    return [status_name(of.error_code)] if of.error_code else []


CHARTS: tuple[Chart, ...] = (
    Chart(
        "specific",
        "Labels",  # the most specific ones; all stand in the next
        "Sheet",
        _specific,
        label_bars,
        field="labels",
        click=narrow_labels,
        marks=_specific_marks,
        compact=True,
    ),
    Chart(
        "labels",
        "All labels",
        "Labels",
        lambda store, filters, without: store.labels(filters, ROWS, without),
        bars.label_frequency,
        field="labels",
        marks=_named("labels", scored=True),
    ),
    Chart(
        "hierarchy",
        "Labels by broader term",
        "Labels",
        _terms,
        label_hierarchy,
        field="labels",
        click=_toggle_term,
        picked=lambda store, now: store.hierarchy().nodes_over_all(now.labels),
        marks=_term_marks,
        note=lambda _: _HIERARCHY_NOTE,
        cut=lambda frame: most_telling(frame, MOST_TERMS),
    ),
    Chart(
        "relations",
        "Labels that come together",
        "Labels",
        lambda store, filters, without: store.co_occurrence(filters, without=without),
        _without_choice(label_relations),
        Form.PAIRS,
        field="labels",
        click=_toggle_pair,
        marks=_pair_marks,
        note=lambda _: RELATIONS_NOTE,
    ),
    Chart(
        "scores",
        "Scores of labels",
        "Labels",
        label_scores,
        lambda frame, theme, chosen: bars.counts(frame, "labels", theme, chosen),
        field="score",
        picked=lambda _, now: (band_of(now.score),) if now.score else (),
        marks=lambda _, filters, of: {
            band_of(score) for _, score in of.labels if score >= float(np.float32(filters.score))
        },
        note=lambda _: "A picture counts in each band that one of its labels is in. A click leaves "
        "out labels with lower scores, everywhere.",
    ),
    Chart(
        "label_counts",
        "Labels a picture",
        "Labels",
        label_counts,
        _without_choice(lambda frame, theme: bars.counts(frame, "labels", theme)),
        marks=lambda _, filters, of: (
            () if of.error_code else (len([*_above(of.labels, filters)]),)
        ),
        note=lambda _: "Many pictures at one number may be the limit of results a feature.",
    ),
    Chart(
        "palette",
        "Dominant colours",
        "Colours",
        lambda store, filters, without: store.palette_batch(filters, without=without),
        _first(bars.palette),
        Form.STRIP,
        field="color",
        click=_toggle_color,
        number="share",
    ),
    *(
        Chart(
            f"palettes_{by}",
            f"Palettes by {by}",
            "Colours",
            partial(_group_palettes, by),
            _without_choice(bars.group_palettes),
            Form.STRIPS,
            number="share",
        )
        for by in ("label", "folder")
    ),
    Chart(
        "safe",
        "Safe search",
        "Safe search",
        _judged_safe,
        bars.safe_search,
        Form.TILES,
        field="safe_is",
        marks=lambda _, __, of: of.safe.items(),
        note=partial(_unjudged, "safe_search"),
    ),
    _counted(
        "languages", "Languages of the text", "Text", "languages", _named("languages")
    ),
    _counted(
        "objects", "Objects", "Objects and faces", "objects", _named("objects", scored=True)
    ),
    _counted("faces", "Faces a picture", "Objects and faces", "faces", _face_marks),
    Chart(
        "traits",
        "Faces: expression and sharpness",
        "Objects and faces",
        lambda store, filters, without: store.face_traits(filters, without),
        bars.face_traits,
        Form.TILES,
        field="traits",
        marks=_trait_marks,
        note=partial(_unjudged, "faces"),
        number="faces",
    ),
    _counted("products", "Products", "Objects and faces", "products", _named("products")),
    Chart(
        "places",
        "Landmarks on the map",
        "Places and web",
        lambda store, filters, without: store.places(filters, without),
        landmarks,
        Form.POINTS,
        field="landmarks",
        marks=_named("landmarks", scored=True),
    ),
    _counted(
        "landmarks", "Landmarks", "Places and web", "landmarks",
        _named("landmarks", scored=True),
    ),
    _counted("logos", "Logos", "Places and web", "logos", _named("logos", scored=True)),
    _counted("web", "Web entities", "Places and web", "web entities", _named("web")),
    _counted(
        "crops", "Shapes of crop hints", "Places and web", "crop hints",
        lambda _, __, of: of.crops,
    ),
    Chart(
        "errors",
        "Failed",
        "Quality",
        lambda store, filters, without: store.errors(filters, ROWS, without),
        bars.errors,
        field="errors",
        marks=_error_marks,
    ),
    Chart(
        "kinds",
        "Kinds of files",
        "Quality",
        lambda store, filters, _: file_kinds(store, filters),
        _without_choice(lambda frame, theme: bars.counts(frame, "files", theme)),
        marks=_kind_marks,
    ),
)  # fmt: skip
BY_KEY = {chart.key: chart for chart in CHARTS}


def of_tab(tab: str) -> list[Chart]:
    """The charts of one of Explore's tabs, in order; compact ones are not among them."""
    return [chart for chart in CHARTS if chart.tab == tab and not chart.compact]
