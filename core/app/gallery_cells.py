"""What the gallery's component asks for while it is scrolled: cells, boxes and thumbnails.

The script of a page registers what it shows (a view: a store and the ids that pass); the browser
then fetches windows of it. Every address carries a token that this process made up for one
visitor, and a thumbnail's also a code over the picture's address, so that the route reads no object
that the gallery has not shown to them. No Streamlit here.

A visitor is identified by ``Visitor.scope``, which is "" where there is only one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from core.app.picture_links import picture_params
from core.buckets import BucketReader
from core.errors import NO_OBJECT, ContactSheetError
from core.results.columns.text_query import TextQuery
from core.results.pictures.file_pages import FilePages
from core.results.pictures.local_copy import local_copy
from core.results.pictures.thumbnails import LONGEST, Thumbnails, encoded
from core.results.query.picture.annotations import SHAPE_KINDS, Annotations
from core.results.query.picture.text_hits import snippet, with_hits
from core.results.query.safe_policy import USUAL, SafePolicy
from core.results.query.store import Store
from core.results.vocabulary import LIKELIHOODS

WINDOW = 60  # cells an answer; whole rows for 1 to 6 columns
MOST_VIEWS = 64  # beyond this the one that was used longest ago is forgotten
MOST_KEPT = 32  # drawn maps and places on them, some 0.2 MB each
MOST_ASKED = 100  # pictures whose boxes one request may ask for
SNIPPET = 60  # characters of a text below a thumbnail
NO_QUERY = TextQuery()
KINDS = frozenset(SHAPE_KINDS) - {"face_point"}


class ViewGone(LookupError):
    """The view was forgotten, or its store is no longer held; the page has to register it again."""


@dataclass(frozen=True, slots=True)
class _View:
    """Ids of the pictures shown, and their store, which the view does not keep alive.

    ``policy`` says which are veiled, ``query`` what is marked in their texts, ``scope`` for whom;
    id -1 is the first of ``waiting``, names of pictures that have no answer yet, and so on.
    ``batch`` is the prefix and the job's id, if it is of one.
    """

    store: ref[Store]
    pictures: NDArray[np.int64]
    policy: SafePolicy
    query: TextQuery
    scope: str
    waiting: Sequence[str]
    batch: tuple[str, str]


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
        self, folder: Path, buckets: Callable[[], BucketReader], pages: FilePages | None = None
    ) -> None:
        self._secret = secrets.token_bytes(32)
        self.thumbnails = Thumbnails(folder, buckets, pages)
        self._views: OrderedDict[str, _View] = OrderedDict()
        self._data: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, data: bytes, scope: str = "") -> str:
        """A name under which a visitor may ask for what was made for them, as a drawn map."""
        name = self._signed("kept", scope, hashlib.sha256(data).hexdigest())[:32]
        with self._lock:
            self._data[name] = data
            self._data.move_to_end(name)
            while len(self._data) > MOST_KEPT:
                self._data.popitem(last=False)
        return name

    def data(self, name: str) -> bytes:
        """What ``keep`` named.

        Raises:
            ViewGone: it was forgotten.
        """
        with self._lock:
            if name not in self._data:
                raise ViewGone(name)
            return self._data[name]

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
        *,
        scope: str = "",
        waiting: Sequence[str] = (),
        batch: tuple[str, str] = ("", ""),
    ) -> str:
        """A name for a visitor's view; the same for the same of all that it is made of."""
        ids = np.asarray(pictures, np.int64)
        said = f"{id(store)} {policy} {query} {waiting} {batch} ".encode(errors="surrogatepass")
        shown = hashlib.sha256(said + ids.tobytes()).hexdigest()
        name = self._signed("view", scope, shown)[:24]
        with self._lock:
            self._views[name] = _View(ref(store), ids, policy, query, scope, waiting, batch)
            self._views.move_to_end(name)
            while len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
        return name

    def batch(self, view: str) -> tuple[Store, str, str]:
        """A view's store, and of which batch it is: its prefix and the job's id.

        Raises:
            ViewGone: there is no such view any more, or it is of no batch.
        """
        known, store = self._view(view)
        prefix, job_id = known.batch
        if not prefix:
            raise ViewGone(view)
        return store, prefix, job_id

    def ids(self, view: str, places: Sequence[int] | None) -> list[int]:
        """Ids of the annotated pictures at some places of a view; None for all of them.

        Raises:
            ViewGone: there is no such view any more.
        """
        pictures = self._view(view)[0].pictures
        every = range(len(pictures)) if places is None else places
        return [int(pictures[n]) for n in every if 0 <= n < len(pictures) and pictures[n] >= 0]

    def places(self, view: str, ids: Collection[int]) -> list[int]:
        """Where some pictures stand in a view; those that are not in it are left out."""
        wanted = np.isin(self._view(view)[0].pictures, np.fromiter(ids, np.int64))
        return np.flatnonzero(wanted).tolist()

    def shards(self, view: str) -> str:
        """A shard of a view's store, which tells whose it is; "" if it has none.

        Raises:
            ViewGone: there is no such view any more.
        """
        store = self._view(view)[1]
        return next((shard.uri for shard in store.tables.shards), "")

    def cells(self, view: str, start: int, count: int = WINDOW) -> list[dict[str, Any]]:
        """One window of a view, as the component draws it; texts in it are hostile.

        Args:
            count: cells at most, up to a whole window.

        Raises:
            ViewGone: there is no such view any more.
        """
        window = range(start, start + min(count, WINDOW))
        known, annotations = self._annotations(view, window)
        store = known.store()
        if store is None:
            raise ViewGone(view)
        answered = {place: self._cell(of, known, store) for place, of in annotations}
        end = min(window.stop, len(known.pictures))
        return [
            answered[n] if n in answered else _waiting(known.waiting[-1 - int(known.pictures[n])])
            for n in range(start, end)
        ]

    def boxes(
        self, view: str, places: Sequence[int], may_see: Callable[[str], bool]
    ) -> dict[str, Any]:
        """Boxes on some thumbnails of a view, by place: ``{"12": {"size": [360, 270], "paths":
        [["object", "M1 2L3 4Z"]]}}``, or ``{"12": {"fault": "There is no such object"}}``.

        Args:
            may_see: whether the visitor may see the object of an address. A shard may name any
                picture; of one that is hidden not even its existence.

        Raises:
            ViewGone: there is no such view any more.
        """
        known, annotations = self._annotations(view, places[:MOST_ASKED])
        return {
            str(place): self._boxes(with_hits(of, known.query), may_see)
            for place, of in annotations
        }

    def thumbnail(self, code: str, uri: str, page: int, *, veiled: bool, scope: str = "") -> bytes:
        """JPEG bytes of a picture that a visitor's cell named.

        Raises:
            PermissionError: the code is not that picture's.
            ContactSheetError: it cannot be read or opened.
        """
        self.check(code, uri, page, scope)
        return self.thumbnails.jpeg(uri, page, veiled=veiled)

    def check(self, code: str, uri: str, page: int, scope: str = "") -> None:
        """Whether a code is a picture's.

        Raises:
            PermissionError: it is not.
        """
        if not hmac.compare_digest(code.encode(), self._code(uri, page, scope).encode()):
            raise PermissionError("not a picture that was shown")

    def address(self, uri: str, page: int, scope: str = "") -> str:
        """How a visitor may ask for a picture, below ``thumbnail/`` or ``large/``."""
        return f"{self._code(uri, page, scope)}?{urlencode({'uri': uri, 'page': page})}"

    def local_address(self, path: Path, scope: str = "") -> str:
        """How a visitor may ask for a picture of this machine, below ``local/``."""
        return f"{self._signed('local', scope, str(path))[:32]}?{urlencode({'path': str(path)})}"

    def local(self, code: str, path: str, scope: str = "") -> bytes:
        """A small JPEG of a file, of a PDF its first page, that a visitor was shown as their own.

        Raises:
            PermissionError: the code is not that file's.
            PictureError: it is too large, or no picture that can be opened.
        """
        if not hmac.compare_digest(code.encode(), self._signed("local", scope, path)[:32].encode()):
            raise PermissionError("not a file that was shown")
        return encoded(local_copy(Path(path), LONGEST))[0]

    def picture(self, view: str, place: int) -> Annotations | None:
        """The picture at a place of a view; None if there is none."""
        try:
            _, annotations = self._annotations(view, [place])
        except ViewGone:
            return None
        return annotations[0][1] if annotations else None

    def _annotations(
        self, view: str, places: Sequence[int]
    ) -> tuple[_View, list[tuple[int, Annotations]]]:
        known, store = self._view(view)
        count = len(known.pictures)
        wanted = [n for n in dict.fromkeys(places) if 0 <= n < count and known.pictures[n] >= 0]
        annotations = store.annotations_of([int(known.pictures[n]) for n in wanted])
        return known, list(zip(wanted, annotations, strict=True))

    def _view(self, view: str) -> tuple[_View, Store]:
        with self._lock:
            known = self._views.get(view)
            if known is not None:
                self._views.move_to_end(view)
        store = None if known is None else known.store()
        if known is None or store is None:
            raise ViewGone(view)
        return known, store

    def _cell(self, of: Annotations, known: _View, store: Store) -> dict[str, Any]:
        named = [label for label, _ in of.labels[:3]]
        label, score = store.specific().of(of.picture)
        worst = max(of.safe.items(), key=lambda pair: LIKELIHOODS.index(pair[1]), default=("", ""))
        marks = snippet(of.text, known.query, SNIPPET).parts if known.query.wanted else ()
        return {
            "name": of.title,
            "note": of.error_message[:160] if of.error_code else ", ".join(named),
            "label": label,
            "score": round(score, 2),
            "folder": of.folder.rpartition("/")[2],
            "safe": worst,
            "labels": [[name, round(part, 3)] for name, part in of.labels],
            "levels": of.safe,
            "failed": of.error_code != 0,
            **said_of(store, of.picture),
            "marks": marks,
            "flagged": known.policy.flags(of.safe),
            "thumbnail": self.address(of.uri, of.page, known.scope) if of.uri else "",
            "link": urlencode(picture_params(of.uri, of.page, of.picture)),
            "colors": [[color, round(part, 3)] for color, _, part in of.colors[:8]],
        }

    def _boxes(self, of: Annotations, may_see: Callable[[str], bool]) -> dict[str, Any]:
        try:
            if of.uri and not may_see(of.uri):
                return {"fault": NO_OBJECT}  # before the storage, or its own copies, are asked
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


def said_of(store: Store, picture: int) -> dict[str, str]:
    """A picture's mark and note, "" for none; notes are hostile text."""
    mark, note = store.marks.marks.get(picture), store.marks.notes.get(picture)
    return {"mark": mark.value if mark else "", "said": note.value if note else ""}


def _waiting(name: str) -> dict[str, Any]:
    return {"name": name, "waiting": True, "note": "", "link": "", "marks": (), "colors": []}
