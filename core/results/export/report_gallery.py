"""The report's sample of pictures: evenly from all that pass, small, with their boxes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.errors import ContactSheetError
from core.results.pictures.exif_upright import Upright
from core.results.pictures.overlays import draw
from core.results.query.annotations import Annotations
from core.results.query.store import Store

SIDE = 560  # pixels on the longer side: sharp enough to print at a hand's width
QUALITY = 76
THREADS = 4
HOPELESS = 6  # so many that cannot be read, and none that can: the bucket is out of reach
NAMES = 12
TEXT = 1_500
# Address, page, size, and pages of the same file that will be asked for; as ``FilePages.copy``.
See = Callable[[str, int, int, Sequence[int]], Upright]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Card:
    """One picture of the sample; every text is hostile.

    Attributes:
        name, folder: what the user calls it; the name says the page, too.
        image: data URI of a JPEG file, which PDF writers keep as it is; "" if there is none.
        fault: why it cannot be shown, or was not annotated; "" if nothing is wrong.
        blurred: whether it was made unrecognisable.
        values: (panel's key, value) pairs: the marks of charts that this picture is part of.
        palette: ("#rrggbb", part of the strip in percent).
    """

    uri: str
    name: str
    folder: str
    image: str
    fault: str
    blurred: bool
    labels: tuple[tuple[str, float], ...]
    objects: tuple[tuple[str, float], ...]
    palette: tuple[tuple[str, float], ...]
    safe: tuple[tuple[str, str], ...]
    text: str
    values: tuple[tuple[str, object], ...]


def sample(ids: Sequence[int], count: int) -> list[int]:
    """At most ``count`` ids, evenly over all of them.

    >>> sample(range(10), 4)
    [0, 2, 5, 7]
    """
    if len(ids) <= count:
        return list(ids)
    return [ids[n * len(ids) // count] for n in range(count)]


def cards(
    store: Store,
    ids: Sequence[int],
    see: See,
    hide: Callable[[Annotations], bool],
    progress: Progress,
) -> list[Card]:
    """A card for each picture, in order.

    Args:
        see: a picture or page, small; may raise any ``ContactSheetError``.
        hide: whether a picture is to be made unrecognisable.
        progress: called with (pictures done, all pictures).
    """
    chosen = store.annotations_of(ids)
    reader = _Reader(see, chosen)
    cards: list[Card] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for card in pool.map(lambda of: _card(of, reader, hide(of)), chosen):
            cards.append(card)
            progress(len(cards), len(chosen))
    return cards


class _Reader:
    """Reads pictures until it is plain that none can be read."""

    def __init__(self, see: See, chosen: Sequence[Annotations]) -> None:
        self._see = see
        self._pages: dict[str, list[int]] = {}
        for of in chosen:
            self._pages.setdefault(of.uri, []).append(of.page)
        self._good = 0
        self._bad = 0

    def image(self, annotations: Annotations, blur: bool) -> tuple[str, str]:
        """A data URI and ""; or "" and why there is none."""
        if self._bad >= HOPELESS and not self._good:
            return "", "Not read: the pictures before it could not be read either."
        try:
            uri, page = annotations.uri, annotations.page
            following = [n for n in self._pages[uri] if n > page]
            seen = self._see(uri, page, SIDE, following)
            jpeg = draw(seen, annotations, blur=blur, quality=QUALITY)
        except ContactSheetError as error:
            self._bad += 1
            return "", f"{error.what}."
        self._good += 1
        return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", ""


def _card(annotations: Annotations, reader: _Reader, blur: bool) -> Card:
    image, fault = reader.image(annotations, blur)
    return Card(
        uri=annotations.uri,
        name=annotations.title,
        folder=annotations.folder,
        image=image,
        fault=annotations.error_message or fault,
        blurred=blur,
        labels=annotations.labels[:NAMES],
        objects=annotations.objects[:NAMES],
        palette=_strip(annotations),
        safe=tuple(annotations.safe.items()),
        text="" if blur else annotations.text[:TEXT],
        values=_values(annotations),
    )


def _strip(annotations: Annotations) -> tuple[tuple[str, float], ...]:
    by_fraction = any(fraction for _, _, fraction in annotations.colors)
    weights = [(hexa, f if by_fraction else s) for hexa, s, f in annotations.colors]
    total = sum(weight for _, weight in weights)
    if total <= 0:
        return ()
    weights.sort(key=lambda pair: -pair[1])
    return tuple((hexa, round(100 * weight / total, 2)) for hexa, weight in weights if weight > 0)


def _values(annotations: Annotations) -> tuple[tuple[str, object], ...]:
    """As the charts' marks have them in ``customdata``."""
    named = {
        "labels": annotations.labels,
        "objects": annotations.objects,
        "landmarks": annotations.landmarks,
        "logos": annotations.logos,
        "web": annotations.web,
        "languages": annotations.languages,
    }
    values: dict[tuple[str, object], None] = {
        (key, name): None for key, pairs in named.items() for name, _ in pairs
    }
    values.update({("safe", pair): None for pair in annotations.safe.items()})
    return tuple(values)
