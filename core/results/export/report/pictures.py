"""The pictures of a report: small, with what was found in each."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.errors import ContactSheetError
from core.results.export.addresses import shown_folder, shown_name, without_addresses
from core.results.pictures.exif_upright import Upright
from core.results.pictures.overlays import blurred
from core.results.pictures.thumbnails import Placing
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store

QUALITY = 74
THREADS = 4
BLOCK = 200  # pictures whose annotations are in memory at once
HOPELESS = 6  # so many that cannot be read, and none that can: the bucket is out of reach
NAMES = 12
TEXT = 1_500
MOST_BOXES = 60
# Pixels on the longer side, by how many pictures there are: a file that can be sent around.
SIDES = ((100, 560), (1_000, 320), (5_000, 180))
# Address, page, size, and pages of the same file that will be asked for; as ``FilePages.copy``.
See = Callable[[str, int, int, Sequence[int]], Upright]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Card:
    """One picture; every text is untrusted.

    Attributes:
        picture: id in the store.
        name, folder: as ``shown_name`` says; an address only if asked for.
        image: data URI of a JPEG file, which PDF writers keep as it is; "" if there is none.
        size: width and height of the image in pixels.
        fault: why it cannot be shown, or was not annotated; "" if nothing is wrong.
        blurred: whether it was made unrecognisable.
        best: its most specific label with the best score; ("", 0) without one.
        palette: ("#rrggbb", part of the strip in percent).
        boxes: (kind, SVG path in the image's pixels).
    """

    picture: int
    name: str
    folder: str
    image: str
    size: tuple[int, int]
    fault: str
    blurred: bool
    best: tuple[str, float]
    labels: tuple[tuple[str, float], ...]
    objects: tuple[tuple[str, float], ...]
    palette: tuple[tuple[str, float], ...]
    safe: tuple[tuple[str, str], ...]
    faces: int
    words: int
    text: str
    boxes: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        """The name without its folder."""
        return self.name.rpartition("/")[2]


def side_of(count: int) -> int:
    """Pixels on the longer side of each of so many pictures."""
    return next((side for most, side in SIDES if count <= most), SIDES[-1][1])


def cards(
    store: Store,
    ids: Sequence[int],
    see: See,
    progress: Progress,
    *,
    side: int,
    policy: SafePolicy,
    addresses: bool = False,
) -> Iterator[tuple[Annotations, Card]]:
    """A card for each picture, in order, with its annotations.

    Args:
        see: a picture or page, small; may raise any ``ContactSheetError``.
        progress: called with (pictures done, all pictures).
        side: pixels on the longer side.
        policy: what it flags is made unrecognisable.
    """
    reader = _PictureReader(see, store, ids, side)
    done = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(ids), BLOCK):
            chosen = store.annotations_of(ids[first : first + BLOCK])
            shown = pool.map(lambda of: reader.image(of, blur=policy.flags(of.safe)), chosen)
            for of, (image, fault, placing) in zip(chosen, shown, strict=True):
                yield (
                    of,
                    _card(store, of, image, fault, placing, policy=policy, addresses=addresses),
                )
                done += 1
                progress(done, len(ids))


class _PictureReader:
    """Reads pictures until it is plain that none can be read."""

    def __init__(self, see: See, store: Store, ids: Sequence[int], side: int) -> None:
        self._see, self._side = see, side
        self._pages: dict[str, list[int]] = {}
        table = store.tables["pictures"].take(np.asarray(ids, np.int64)).select(["uri", "page"])
        for row in table.to_pylist():
            if row["page"]:
                self._pages.setdefault(row["uri"], []).append(row["page"])
        self._good = 0
        self._bad = 0

    def image(self, of: Annotations, *, blur: bool) -> tuple[str, str, Placing | None]:
        """A data URI, "" and where boxes go; or "" and why there is none."""
        if self._bad >= HOPELESS and not self._good:
            return "", "Not read: the pictures before it could not be read either", None
        try:
            following = [n for n in self._pages.get(of.uri, ()) if n > of.page]
            canvas, stored, orientation = self._see(of.uri, of.page, self._side, following)
        except ContactSheetError as error:
            self._bad += 1
            return "", error.what, None
        self._good += 1
        shown = blurred(canvas.convert("RGB")) if blur else canvas.convert("RGB")
        out = io.BytesIO()
        shown.save(out, "JPEG", quality=QUALITY)
        data = base64.b64encode(out.getvalue()).decode()
        return f"data:image/jpeg;base64,{data}", "", Placing(*canvas.size, stored, orientation)


def _card(
    store: Store,
    of: Annotations,
    image: str,
    fault: str,
    placing: Placing | None,
    *,
    policy: SafePolicy,
    addresses: bool,
) -> Card:
    blur = policy.flags(of.safe)
    said = of.error_message or fault
    shapes = [s for s in of.shapes if s.kind in SHAPE_KINDS and s.kind != "face_point"]
    return Card(
        picture=of.picture,
        name=shown_name(of.folder, of.name, of.uri, of.page, of.number, addresses=addresses),
        folder=shown_folder(of.folder, addresses=addresses),
        image=image,
        size=(placing.width, placing.height) if placing else (0, 0),
        fault=said if addresses else without_addresses(said),
        blurred=blur,
        best=store.specific().of(of.picture),
        labels=of.labels[:NAMES],
        objects=of.objects[:NAMES],
        palette=_strip(of),
        safe=tuple(of.safe.items()),
        faces=len(of.faces),
        words=sum(shape.kind == "word" for shape in of.shapes) or len(of.text.split()),
        text="" if blur else of.text[:TEXT],
        boxes=tuple(placing.paths(shapes[:MOST_BOXES])) if placing and not blur else (),
    )


def _strip(of: Annotations) -> tuple[tuple[str, float], ...]:
    by_fraction = any(fraction for _, _, fraction in of.colors)
    weights = [(hexa, f if by_fraction else s) for hexa, s, f in of.colors]
    total = sum(weight for _, weight in weights)
    if total <= 0:
        return ()
    weights.sort(key=lambda pair: -pair[1])
    return tuple((hexa, round(100 * weight / total, 2)) for hexa, weight in weights if weight > 0)
