"""What the gallery's component asks for while it is scrolled: cells, boxes and thumbnails.

The script of a page registers what it shows (a view: a store and the ids that pass); the browser
then fetches windows of it. Every address carries a token that this process made up for one
visitor, and a thumbnail's also a code over the picture's address, so that the route reads no object
that the gallery has not shown to them. No Streamlit here.

A visitor is told apart by ``Visitor.scope``, which is "" where there is only one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from core.app.picture_links import picture_name, picture_params
from core.buckets import Buckets
from core.errors import ContactSheetError
from core.results.columns.text_query import TextQuery
from core.results.pictures.file_pages import FilePages
from core.results.pictures.thumbnails import Thumbnails
from core.results.query.annotations import SHAPE_KINDS, Annotations
from core.results.query.safe_policy import USUAL, SafePolicy
from core.results.query.store import Store
from core.results.query.text_hits import snippet, with_hits

WINDOW = 60  # cells an answer; whole rows for 1 to 6 columns
MOST_VIEWS = 64  # beyond this the one that was used longest ago is forgotten
MOST_ASKED = 100  # pictures whose boxes one request may ask for
SNIPPET = 60  # characters of a text below a thumbnail
NO_QUERY = TextQuery()
KINDS = frozenset(SHAPE_KINDS) - {"face_point"}


class ViewGone(LookupError):
    """The view was forgotten, or its store is no longer held; the page has to register it again."""


@dataclass(frozen=True, slots=True)
class _View:
    """Ids of the pictures shown, and their store, which the view does not keep alive.

    ``policy`` says which are veiled, ``query`` what is marked in their texts, ``scope`` for whom.
    """

    store: ref[Store]
    pictures: NDArray[np.int64]
    policy: SafePolicy
    query: TextQuery
    scope: str


class GalleryCells:
    """Registered views and their thumbnails. Safe to share between threads.

    Args:
        folder: where thumbnails are kept.
        buckets: called for the storage that is connected now.
        pages: draws pages of files.

    Attributes:
        thumbnails: of any picture, for panels that draw their own.
    """

    def __init__(
        self, folder: Path, buckets: Callable[[], Buckets], pages: FilePages | None = None
    ) -> None:
        self._secret = secrets.token_bytes(32)
        self.thumbnails = Thumbnails(folder, buckets, pages)
        self._views: OrderedDict[str, _View] = OrderedDict()
        self._lock = threading.Lock()

    def token(self, scope: str = "") -> str:
        """What every address of a visitor's must carry."""
        return self._signed("token", scope)

    def admits(self, token: str, scope: str = "") -> bool:
        """Whether a request's token is this visitor's, of this process."""
        return hmac.compare_digest(token.encode(), self.token(scope).encode())

    def register(
        self,
        store: Store,
        pictures: Sequence[int],
        policy: SafePolicy = USUAL,
        query: TextQuery = NO_QUERY,
        scope: str = "",
    ) -> str:
        """A name for a visitor's view; the same for the same store, pictures, policy and query."""
        ids = np.asarray(pictures, np.int64)
        said = f"{id(store)} {policy} {query} ".encode(errors="surrogatepass")
        shown = hashlib.sha256(said + ids.tobytes()).hexdigest()
        name = self._signed("view", scope, shown)[:24]
        with self._lock:
            self._views[name] = _View(ref(store), ids, policy, query, scope)
            self._views.move_to_end(name)
            while len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
        return name

    def shards(self, view: str) -> str:
        """A shard of a view's store, which tells whose it is; "" if it has none.

        Raises:
            ViewGone: there is no such view any more.
        """
        store = self._view(view)[1]
        return next((shard.uri for shard in store.tables.shards), "")

    def cells(self, view: str, start: int) -> list[dict[str, Any]]:
        """One window of a view, as the component draws it; texts in it are hostile.

        Raises:
            ViewGone: there is no such view any more.
        """
        window = range(start, start + WINDOW)
        known, found = self._annotations(view, window)
        return [self._cell(of, known) for _, of in found]

    def boxes(self, view: str, places: Sequence[int]) -> dict[str, Any]:
        """Boxes on some thumbnails of a view, by place: ``{"12": {"size": [360, 270], "paths":
        [["object", "M1 2L3 4Z"]]}}``, or ``{"12": {"fault": "There is no such object"}}``.

        Raises:
            ViewGone: there is no such view any more.
        """
        known, found = self._annotations(view, places[:MOST_ASKED])
        return {str(place): self._boxes(with_hits(of, known.query)) for place, of in found}

    def thumbnail(self, code: str, uri: str, page: int, *, veiled: bool, scope: str = "") -> bytes:
        """JPEG bytes of a picture that a visitor's cell named.

        Raises:
            PermissionError: the code is not that picture's.
            ContactSheetError: it cannot be read or opened.
        """
        if not hmac.compare_digest(code.encode(), self._code(uri, page, scope).encode()):
            raise PermissionError("not a picture that was shown")
        return self.thumbnails.jpeg(uri, page, veiled=veiled)

    def picture(self, view: str, place: int) -> Annotations | None:
        """The picture at a place of a view; None if there is none."""
        try:
            _, found = self._annotations(view, [place])
        except ViewGone:
            return None
        return found[0][1] if found else None

    def _annotations(
        self, view: str, places: Sequence[int]
    ) -> tuple[_View, list[tuple[int, Annotations]]]:
        known, store = self._view(view)
        count = len(known.pictures)
        wanted = [n for n in dict.fromkeys(places) if 0 <= n < count]
        found = store.annotations_of([int(known.pictures[n]) for n in wanted])
        return known, list(zip(wanted, found, strict=True))

    def _view(self, view: str) -> tuple[_View, Store]:
        with self._lock:
            known = self._views.get(view)
            if known is not None:
                self._views.move_to_end(view)
        store = None if known is None else known.store()
        if known is None or store is None:
            raise ViewGone(view)
        return known, store

    def _cell(self, of: Annotations, known: _View) -> dict[str, Any]:
        named = [label for label, _ in of.labels[:3]]
        address = urlencode({"uri": of.uri, "page": of.page})
        marks = snippet(of.text, known.query, SNIPPET).parts if known.query.wanted else ()
        return {
            "name": picture_name(of.uri, of.page, of.number),
            "note": of.error_message[:160] if of.error_code else ", ".join(named),
            "failed": of.error_code != 0,
            "marks": marks,
            "flagged": known.policy.flags(of.safe),
            "thumbnail": f"{self._code(of.uri, of.page, known.scope)}?{address}" if of.uri else "",
            "link": urlencode(picture_params(of.uri, of.page, of.picture)),
            "colors": [[color, round(part, 3)] for color, _, part in of.colors[:8]],
        }

    def _boxes(self, of: Annotations) -> dict[str, Any]:
        try:
            placing = self.thumbnails.placing(of.uri, of.page)
        except ContactSheetError as error:
            return {"fault": error.what}
        order = {kind: place for place, kind in enumerate(SHAPE_KINDS)}
        shapes = sorted((s for s in of.shapes if s.kind in KINDS), key=lambda s: order[s.kind])
        return {"size": [placing.width, placing.height], "paths": placing.paths(shapes)}

    def _code(self, uri: str, page: int, scope: str) -> str:
        return self._signed("picture", scope, str(page), uri)[:32]

    def _signed(self, *parts: str) -> str:
        said = json.dumps(parts).encode()  # unlike a mere joining, no two lists are written alike
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()
