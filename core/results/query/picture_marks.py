"""Marks and notes that people gave pictures, by picture id: for filters, sheets and exports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.results.tables.arrow import Bools

COLUMNS = ("mark", "note", "marked_by", "marked_at")


class PictureMark(NamedTuple):
    """A mark or a note, which may be hostile text; who gave it, and when."""

    value: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PictureMarks:
    """The marks of one batch as they were at one moment; pictures without are left out.

    Attributes:
        version: unlike that of any other moment.
        marks, notes: by picture id.
    """

    version: int = 0
    marks: Mapping[int, PictureMark] = field(default_factory=dict)
    notes: Mapping[int, PictureMark] = field(default_factory=dict)

    def having(self, wanted: Collection[str], total: int) -> Bools:
        """Which pictures (total,) have any of some marks; see ``vocabulary.MARKED``."""
        mask: Bools = np.zeros(total, bool)
        if "none" in wanted:
            mask[:] = True
            mask[self._ids(self.marks)] = False
        mask[self._ids({n: m for n, m in self.marks.items() if m.value in wanted})] = True
        if "note" in wanted:
            mask[self._ids(self.notes)] = True
        return mask

    def frame(self, pictures: Collection[int]) -> pd.DataFrame:
        """A row for each of some pictures, in their order. Columns: ``COLUMNS``; "" for none.

        ``marked_by`` and ``marked_at`` (UTC, ISO 8601) are of what was said last.
        """
        rows = []
        for picture in pictures:
            mark, note = self.marks.get(picture), self.notes.get(picture)
            last = max((s for s in (mark, note) if s), key=lambda s: s.at, default=None)
            rows.append(
                (
                    mark.value if mark else "",
                    note.value if note else "",
                    last.name if last else "",
                    last.at.isoformat(timespec="seconds") if last else "",
                )
            )
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")

    @staticmethod
    def _ids(said: Mapping[int, PictureMark]) -> NDArray[np.int64]:
        return np.fromiter(said, np.int64, len(said))
