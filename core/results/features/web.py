"""WEB_DETECTION: entities, best guesses, and where pictures like this one stand on the web."""

from __future__ import annotations

from operator import attrgetter

import pyarrow as pa

from core.results.features.feature import CODE, REAL, Counted, Feature, Table
from core.results.messages import Message


class WebEntity(Message):
    """WebDetection.WebEntity; scores are not limited to 1."""

    description: str = ""
    score: float = 0.0


class WebMatch(Message):
    """WebDetection.WebImage, or WebDetection.WebPage, which alone has a title."""

    url: str = ""
    page_title: str = ""


class WebLabel(Message):
    """WebDetection.WebLabel."""

    label: str = ""
    language_code: str = ""


class WebDetection(Message):
    """Entities, matching images and pages, and best guesses from the web."""

    web_entities: list[WebEntity] = []
    full_matching_images: list[WebMatch] = []
    partial_matching_images: list[WebMatch] = []
    visually_similar_images: list[WebMatch] = []
    pages_with_matching_images: list[WebMatch] = []
    best_guess_labels: list[WebLabel] = []


def _matches(web: WebDetection) -> list[tuple[str, WebMatch]]:
    return [
        (kind, match)
        for kind, matches in (
            ("page", web.pages_with_matching_images),
            ("full", web.full_matching_images),
            ("partial", web.partial_matching_images),
            ("similar", web.visually_similar_images),
        )
        for match in matches
    ]


FEATURE = Feature(
    "web",
    fields=("web_detection",),
    tables={
        "web_entities": Table(
            {"entity": (CODE, "description"), "score": (REAL, "score")},
            rows=attrgetter("web_entities"),
        ),
        "web_guesses": Table(
            {"guess": (CODE, "label"), "language": (CODE, "language_code")},
            rows=attrgetter("best_guess_labels"),
        ),
        "web_matches": Table(
            {
                "kind": (CODE, lambda rows: [kind for kind, _ in rows]),
                "url": (pa.string(), lambda rows: [match.url for _, match in rows]),
                "title": (pa.string(), lambda rows: [match.page_title for _, match in rows]),
            },
            rows=_matches,
        ),
    },
    counted={"web": Counted("web_entities", "entity", "score")},
)
