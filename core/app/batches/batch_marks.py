"""Marks of one batch: pictures have ids of one loading here, and names for good in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from core.errors import RequestError
from core.jobs.ledger.marks import MARK, NOTE, Marks
from core.results.query.picture_marks import PictureMark, PictureMarks
from core.results.query.store import Store

_TAKING_OVER = Lock()


@dataclass(frozen=True, slots=True)
class BatchMarks:
    """What people said of a batch's pictures. Who makes one may see the batch.

    Attributes:
        job_id: "" for a prefix.
        contents: what each picture of a job shows, by address and page, where that is known.
    """

    marks: Marks
    prefix: str
    job_id: str
    store: Store
    contents: Callable[[str], Mapping[tuple[str, int], str]]

    @property
    def batch(self) -> str:
        """Under which name the ledger keeps them."""
        return self.job_id or self.prefix

    def refresh(self) -> None:
        """Take over what was said since, by anybody."""
        with _TAKING_OVER:  # else an older moment could come over a newer one
            self._take_over()

    def _take_over(self) -> None:
        known = self.store.marks
        version, since = self.marks.since(self.batch, known.version)
        if not since:
            return
        said = {MARK: dict(known.marks), NOTE: dict(known.notes)}
        ids = self.store.once(f"ids of {self.batch}", self._ids)
        for one in since:
            for picture in ids.get(one.picture, ()):
                of_kind = said.get(one.kind, {})
                of_kind.pop(picture, None)
                if one.value:
                    of_kind[picture] = PictureMark(one.value, one.name, one.at)
        self.store.marks = PictureMarks(version, said[MARK], said[NOTE])

    def mark(self, pictures: Sequence[int], mark: str) -> None:
        """Mark pictures; "" takes their marks away."""
        keys = self._keys()
        self.marks.mark(self.batch, [keys[picture] for picture in pictures], mark)
        self.refresh()

    def note(self, picture: int, text: str) -> None:
        """Write a note to a picture; "" takes it away."""
        self.marks.note(self.batch, self._keys()[picture], text)
        self.refresh()

    def take_back(self) -> list[int]:
        """Undo the visitor's last action; the pictures that are as before.

        Raises:
            RequestError: there is none, or all of it was changed by others since.
        """
        taken = self.marks.take_back(self.batch)
        self.refresh()
        if not taken.restored:
            raise RequestError(
                "There is nothing of yours to undo",
                then="Marks that others changed since stay as they are.",
            )
        restored = set(taken.restored)
        return [picture for picture, key in enumerate(self._keys()) if key in restored]

    def _ids(self) -> dict[str, list[int]]:
        """The pictures of each key; several where the same content was sent twice."""
        ids: dict[str, list[int]] = {}
        for picture, key in enumerate(self._keys()):
            ids.setdefault(key, []).append(picture)
        return ids

    def _keys(self) -> list[str]:
        """What names each picture for good, by id."""
        return self.store.once(f"mark keys of {self.batch}", self._made_keys)

    def _made_keys(self) -> list[str]:
        known = self.contents(self.job_id) if self.job_id else {}
        table = self.store.tables["pictures"]
        columns = (table[name].to_pylist() for name in ("uri", "page", "number"))
        return [
            known.get((uri, page)) or (f"{uri}#{page}" if uri else f"number {number} page {page}")
            for uri, page, number in zip(*columns, strict=True)
        ]
