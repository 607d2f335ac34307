"""Where a batch that is sent again like an earlier one takes its pictures from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.jobs.batch.request import BatchRequest
from core.ui.submit import send_again


def asked(source: str, uris: list[str], reused: list[str]) -> tuple[str, str, int]:
    jobs = SimpleNamespace(
        uris=lambda _: uris,
        reuse=SimpleNamespace(borrowed=lambda _: [SimpleNamespace(uri=uri) for uri in reused]),
    )
    job = SimpleNamespace(id="j1", source=source, operations=[SimpleNamespace(id=1)])
    return send_again.source_of(cast(Any, SimpleNamespace(jobs=jobs)), cast(Any, job))


@pytest.mark.parametrize(
    ("source", "kind", "place"),
    [
        (send_again.SAMPLE_SOURCE, "sample", ""),
        ("gs://b/holiday/", "bucket", "gs://b/holiday/"),
        ("/home/ada/scans", "folder", "/home/ada/scans"),
        ("~/scans", "folder", "~/scans"),
    ],
)
def test_a_source_is_named_again(source: str, kind: str, place: str) -> None:
    assert asked(source, [], []) == (kind, place, 0)


@pytest.mark.parametrize(
    ("sent", "size", "again"), [((40, 1), 2, None), ((40, 1), 20, 20), ((41,), 1, 1), ((), 1, None)]
)
def test_shards_that_followed_the_batch_follow_the_next_one(
    sent: tuple[int, ...], size: int, again: int | None
) -> None:
    operations = [SimpleNamespace(pictures=pictures, attempt=1) for pictures in sent]
    operations.append(SimpleNamespace(pictures=3, attempt=2))  # a retry
    request = BatchRequest(("LABEL_DETECTION",), batch_size=size)
    job = cast(Any, SimpleNamespace(operations=operations))
    assert send_again.as_chosen(job, request) == replace(request, batch_size=again)


def test_what_was_uploaded_is_listed_and_what_is_too_much_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uris = [f"gs://b/{n}.png" for n in range(4)]
    assert asked("Upload", ["", *uris[:3]], uris[2:]) == ("list", "\n".join(uris), 0)
    monkeypatch.setattr(send_again, "MOST_LISTED", 3)
    assert asked("Upload", ["", *uris[:3]], uris[2:]) == ("list", "\n".join(uris[:3]), 1)
