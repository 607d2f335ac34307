"""What the script of an HTML report needs: its pictures, and which of them each mark has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from core.results.analysis.sentence import noun_of
from core.results.charts.chart import Form
from core.results.columns.palettes import to_lab
from core.results.export.report.charts import Panel
from core.results.export.report.document import ReportDocument
from core.results.export.report.pictures import Card
from core.results.query.picture.annotations import Annotations

FIRST = 60  # cards that are given back too
TEXT = 400  # characters of a text, of which a file of 5,000 pictures has many
ENOUGH = 10  # of 1,000: what a picture has less of is not its colour


def script_data(
    document: ReportDocument, read: Iterable[tuple[Annotations, Card]]
) -> tuple[dict[str, Any], list[Card]]:
    """JSON for the script, and the first cards.

    ``pictures``: a list a picture, in the order of ``fields``. ``nouns``: what one of them and
    several are called. ``charts``: for each chart its form,
    the number of each mark, and the places in ``pictures`` of those that are part of it. For the
    palette ``weights`` has instead what each colour weighs in each picture.
    """
    charts = {panel.key: panel for panel in document.charts if panel.form != "strips"}
    places = {
        key: {_hashable(mark.value): n for n, mark in enumerate(panel.marks)}
        for key, panel in charts.items()
    }
    having: dict[str, list[list[int]]] = {
        key: [[] for _ in panel.marks] for key, panel in charts.items()
    }
    pictures: list[Any] = []
    first: list[Card] = []
    weights: list[Any] = []
    swatches = _lab(places["palette"]) if "palette" in places else ()
    for at, (of, card) in enumerate(read):
        for key, panel in charts.items():
            known = places[key]
            values = panel.chart.marks(document.store, document.filters, of)
            for n in {known[_hashable(v)] for v in values if _hashable(v) in known}:
                having[key][n].append(at)
        if len(swatches):
            weights.append(_weights(card, swatches))
        pictures.append(_picture(card))
        if len(first) < FIRST:
            first.append(card)
    for n, colors in enumerate(weights):
        for place, weight in enumerate(colors):
            if weight >= ENOUGH:
                having["palette"][place].append(n)
    return {
        "fields": _FIELDS,
        "nouns": [noun_of(document.store, n) for n in (1, 2)],
        "pictures": pictures,
        "charts": {key: _chart(panel, having[key]) for key, panel in charts.items()},
        "weights": weights,
    }, first


_FIELDS = (
    "name", "folder", "label", "score", "image", "width", "height", "fault", "blurred", "labels",
    "objects", "palette", "safe", "faces", "words", "text", "boxes",
)  # fmt: skip


def _chart(panel: Panel, having: list[list[int]]) -> dict[str, Any]:
    return {
        "form": panel.form,
        "numbers": [mark.number for mark in panel.marks],
        "names": [_words(panel.form, mark.name, mark.value) for mark in panel.marks],
        "having": having,
    }


def _picture(card: Card) -> list[Any]:
    return [
        card.name,
        card.folder,
        card.best[0],
        round(card.best[1], 2),
        card.image,
        *card.size,
        card.fault,
        int(card.blurred),
        _rounded(card.labels),
        _rounded(card.objects),
        [[color, round(part)] for color, part in card.palette[:8]],
        [list(pair) for pair in card.safe],
        card.faces,
        card.words,
        card.text[:TEXT],
        [list(pair) for pair in card.boxes],
    ]


def _rounded(pairs: Iterable[tuple[str, float]]) -> list[list[Any]]:
    return [[name, round(score, 2)] for name, score in pairs]


def _words(form: str, name: str, value: Any) -> str:
    if form == Form.TILES.value:
        return f"{name.replace('_', ' ')}: {value[1].replace('_', ' ').lower()}"
    return name


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _lab(colors: Iterable[str]) -> Any:
    """CIELAB (n, 3) of "#rrggbb"."""
    return to_lab(np.array([int(color[1:], 16) for color in colors], np.int64))


def _weights(card: Card, lab: Any) -> list[int]:
    """Of 1,000, what each colour of the batch's palette (k, 3) weighs in a picture."""
    weights = np.zeros(len(lab))
    if card.palette:
        own = _lab(color for color, _ in card.palette)
        nearest = np.linalg.norm(own[:, None] - lab[None], axis=2).argmin(axis=1)
        np.add.at(weights, nearest, [part for _, part in card.palette])
    return [round(10 * weight) for weight in weights.tolist()]
