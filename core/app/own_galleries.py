"""The engine's galleries of logos and landmarks, as the dashboard's people fill them.

Everybody who may use the dashboard sees and changes them alike, and each picture says who added
it: the next batch of anybody looks for all of them.
"""

from __future__ import annotations

import copy
import io
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from core.engine.annotators import landmarks, logos
from core.engine.galleries.entries import ABOUT, Entry, EntryPicture, Gallery, usable_name
from core.errors import GalleryError, PictureError
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.service.connection import FeatureSupport
from core.pictures.decoding import decoder_errors, opened
from core.pictures.formats import HEAD_BYTES, Format, format_of
from core.results.pictures.local_copy import local_copy

__all__ = ["Entry", "EntryPicture", "OwnGalleries", "cut_out", "picture_of_file"]

KINDS = tuple(ABOUT)  # "logos", "landmarks"
FEATURES = {"logos": "LOGO_DETECTION", "landmarks": "LANDMARK_DETECTION"}
KEPT_SIDE = {"logos": 768, "landmarks": 1280}  # pixels; the engine looks at 256 and 640
LEAST_SIDE = 24  # pixels of what is cut out
SMALL = 224  # pixels of a thumbnail
MOST_ALPHA = 4_000_000  # pixels of a picture whose transparency is kept
ASK_AGAIN_S = 1.0  # for the version of what changes by hand
_ALPHA = (Format.PNG, Format.WEBP, Format.GIF)
_TOO_PLAIN = {"logos": logos.too_plain, "landmarks": landmarks.too_plain}


class OwnGalleries:
    """The galleries below one home, as one visitor may use them. Safe to share between threads.

    Args:
        home: the dashboard's; the engine's is in it.
        visitor: who adds and removes.
        clock: the current time, aware.
    """

    def __init__(
        self,
        home: Path,
        visitor: Visitor = ALONE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._visitor, self._clock = visitor, clock
        folder = home / "engine" / "galleries"
        self._galleries = {kind: Gallery(folder, kind) for kind in KINDS}
        self._small: dict[tuple[str, str, str, str], bytes] = {}
        self._versions: dict[str, tuple[float, int, str, str]] = {}
        self._lock = threading.Lock()

    def seen_by(self, visitor: Visitor) -> OwnGalleries:
        """The same for another visitor."""
        own = copy.copy(self)  # what was looked for is known to all
        own._visitor = visitor
        return own

    @property
    def writable(self) -> bool:
        """Whether the visitor may add and remove."""
        return not self._visitor.read_only

    def entries(self, kind: str) -> list[Entry]:
        """What a gallery ("logos" or "landmarks") holds, by name."""
        return self._galleries[kind].entries()

    def add(
        self,
        kind: str,
        name: str,
        images: Sequence[Image.Image],
        position: tuple[float, float] | None = None,
    ) -> Entry:
        """Add pictures of one logo or landmark; none of them, if one cannot be used.

        Args:
            images: RGB or RGBA, upright.
            position: latitude and longitude of a landmark.

        Raises:
            NotAllowed: it is the demo.
            GalleryError: the name or a picture cannot be used, or the gallery is full.
        """
        self._visitor.check_write()
        name = usable_name(name)
        if not images:
            raise GalleryError("There is no picture to add", where=name)
        files = [_file(kind, image) for image in images]
        by, entry = self._visitor.owner.name, None
        for data, suffix in files:
            entry = self._galleries[kind].add(
                name, data, suffix, by=by, at=self._clock(), position=position
            )
        assert entry is not None  # there was at least one
        return entry

    def remove(self, kind: str, entry_id: str, file: str = "") -> None:
        """Remove an entry, or one picture of it.

        Raises:
            NotAllowed: it is the demo.
            GalleryError: it is gone already, or cannot be removed.
        """
        self._visitor.check_write()
        gallery = self._galleries[kind]
        entry = gallery.get(entry_id)
        picture = _picture(entry, file) if file else None
        gallery.remove(entry, picture)

    def thumbnail(self, kind: str, entry: Entry, picture: EntryPicture) -> bytes:
        """A small WebP of a listed picture; b"" of one that cannot be opened."""
        key = (kind, entry.id, picture.file, picture.stamp)
        if key not in self._small:
            try:
                made = _small(local_copy(self._galleries[kind].path(entry, picture), SMALL).image)
            except PictureError:
                made = b""
            with self._lock:
                if len(self._small) > 1_000:
                    self._small.clear()
                self._small[key] = made
        return self._small[key]

    def described(self, capabilities: Mapping[str, FeatureSupport]) -> dict[str, FeatureSupport]:
        """The engine's capabilities with what the galleries hold now.

        Their answers can be used again as long as the gallery is what it was.
        """
        described = dict(capabilities)
        for kind, feature in FEATURES.items():
            support = described.get(feature)
            if support is not None and support.supported:
                version, holds = self._now(kind)
                described[feature] = replace(
                    support,
                    limits=f"{support.limits} {holds}",
                    repeatable=bool(version),
                    gallery=version,
                )
        return described

    def _now(self, kind: str) -> tuple[str, str]:
        """``Gallery.version``, and a sentence on what there is; looked for at most once a second,
        and after each change here."""
        gallery = self._galleries[kind]
        touched = gallery.folder.stat().st_mtime_ns if gallery.folder.is_dir() else 0
        now = time.monotonic()
        at, seen, version, holds = self._versions.get(kind, (-math.inf, -1, "", ""))
        if seen != touched or now - at >= ASK_AGAIN_S:
            before, version = version, gallery.version()
            if version != before or not holds:
                holds = _holds(kind, gallery.entries())
            self._versions[kind] = (now, touched, version, holds)
        return version, holds


def _holds(kind: str, entries: Sequence[Entry]) -> str:
    pictures = sum(len(entry.pictures) for entry in entries)
    if not entries:
        return "The gallery is empty at present."
    noun = kind if len(entries) > 1 else kind.rstrip("s")
    return f"The gallery holds {len(entries)} {noun} in {pictures} picture{'s' * (pictures > 1)}."


def _picture(entry: Entry, file: str) -> EntryPicture:
    for picture in entry.pictures:
        if picture.file == file:
            return picture
    raise GalleryError("It is not in the gallery any more", where=entry.name)


def _file(kind: str, image: Image.Image) -> tuple[bytes, str]:
    """A picture as it is kept, with its suffix: nothing but its pixels."""
    if min(image.size) < LEAST_SIDE:
        raise GalleryError(
            f"The picture has {image.width} x {image.height} pixels",
            then=f"It needs {LEAST_SIDE} on each side, and is better with 200.",
        )
    side = KEPT_SIDE[kind]
    small = image.copy()
    small.info.clear()  # profiles, comments, places
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    flat = small
    if small.mode == "RGBA":
        flat = Image.new("RGB", small.size, "white")
        flat.paste(small, mask=small.getchannel("A"))
    plain = _TOO_PLAIN[kind](np.asarray(flat.convert("RGB")))
    if plain:
        cure = "Use a larger or clearer one, with all of the logo and little around it."
        if kind == "landmarks":
            cure = "Use a sharp photograph that shows the place large."
        raise GalleryError(f"The picture would never be found again: {plain.lower()}", then=cure)
    out = io.BytesIO()
    if kind == "landmarks":
        flat.convert("RGB").save(out, "JPEG", quality=92)
        return out.getvalue(), ".jpg"
    small.save(out, "PNG")
    return out.getvalue(), ".png"


def picture_of_file(path: Path, side: int = 1600) -> Image.Image:
    """A file that somebody uploaded, upright: RGB, or RGBA where it is transparent.

    Raises:
        PictureError: it is no picture that can be opened, or too large.
    """
    upright = local_copy(path, side).image
    data = path.read_bytes()
    kind = format_of(data[:HEAD_BYTES])
    if kind not in _ALPHA:
        return upright
    with decoder_errors(path.name), opened(data, kind) as image:
        if image.width * image.height > MOST_ALPHA or not image.has_transparency_data:
            return upright
        alpha = image.convert("RGBA").getchannel("A").resize(upright.size)
    if image.getexif().get(0x0112, 1) != 1:
        return upright  # turned: its transparency would lie askew
    seen = upright.convert("RGBA")
    seen.putalpha(alpha)
    return seen


def cut_out(image: Image.Image, box: Sequence[float]) -> Image.Image:
    """A part of a picture.

    Args:
        box: left, top, width and height in per cent of the picture, as a browser sends them.

    Raises:
        GalleryError: that is no part of a picture.
    """
    try:
        left, top, width, height = (float(number) for number in box)
    except (TypeError, ValueError):
        left = top = width = height = math.nan
    good = min(left, top) >= 0 and min(width, height) > 0 and max(left + width, top + height) <= 101
    if not good:
        raise GalleryError("No part of the picture is chosen", then="Draw a box around it.")
    x = (left * image.width / 100, (left + width) * image.width / 100)
    y = (top * image.height / 100, (top + height) * image.height / 100)
    edges = (math.floor(x[0]), math.floor(y[0]), math.ceil(x[1]), math.ceil(y[1]))
    return image.crop((*edges[:2], min(edges[2], image.width), min(edges[3], image.height)))


def _small(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "WEBP", quality=80)
    return out.getvalue()
