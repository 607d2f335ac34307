"""The sheet of a running job: places of pictures to come, and from where on there are none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.results.query.filters import Filters
from core.ui.components.url_state import Subject
from core.ui.explore.sheet import sheet
from tests.kit.results.gallery_store import HIDDEN, SEEN, store_of

SENT = [(SEEN, 0), (HIDDEN, 0), ("gs://b/to come.jpg", 0)]
WHAT = Subject("gs://b/", "Running", live=True, job_id="job")


def _hub() -> Any:
    job = SimpleNamespace(pictures=len(SENT), operations=[SimpleNamespace(id=1)])
    return SimpleNamespace(
        jobs=SimpleNamespace(get=lambda _: job, names=lambda _: {}, places=lambda _: SENT)
    )


@pytest.mark.parametrize(("most", "to_come"), [(3, ("to come.jpg",)), (2, ())])
def test_pictures_to_come_have_places_unless_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch, most: int, to_come: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sheet, "MOST_WAITING", most)
    store = store_of({"context": {"uri": SEEN}}, {"context": {"uri": HIDDEN}})
    pictures, sections, waiting = sheet._ordered(
        _hub(), WHAT, store, Filters.empty(), "name", "none"
    )
    assert sorted(pictures) == [*([-1] if to_come else []), 0, 1]
    assert waiting == to_come and sections[0].count == len(pictures)
