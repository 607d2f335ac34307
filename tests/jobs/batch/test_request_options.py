"""The service's options: what reaches the wire, labels of the bill, the size of shards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import RequestError
from core.jobs.batch.billing_labels import JOB, OWNER, fault, of_job, parse
from core.jobs.batch.features import shard_size_for
from core.jobs.batch.request import BatchRequest

TEXTS = BatchRequest(
    ("TEXT_DETECTION", "LABEL_DETECTION"),
    file_features=("TEXT_DETECTION",),
    model="builtin/latest",
    text_confidence=True,
    legacy_layout=True,
    labels=(("team", "maps"),),
    longest=1_600,
)


def test_options_reach_pictures_and_files_alike() -> None:
    of_pictures = TEXTS.to_proto(["gs://b/1.jpg"], "gs://b/out/")
    of_file = TEXTS.to_file_proto("gs://b/a.pdf", "application/pdf", "gs://b/out/")
    for asked in (of_pictures.requests[0], of_file.requests[0]):
        assert {feature.model for feature in asked.features} == {"builtin/latest"}
        texts = asked.image_context.text_detection_params
        assert texts.enable_text_detection_confidence_score
        assert list(texts.advanced_ocr_options) == ["legacy_layout"]
    assert dict(of_pictures.labels) == dict(of_file.labels) == {"team": "maps"}


def test_labels_of_the_job_stand_beside_ones_own() -> None:
    labels = of_job(TEXTS.labels, "20261128-090000-abcdef", "Anna Müller <Anna@x.de>")
    assert labels == {"team": "maps", JOB: "20261128-090000-abcdef", OWNER: "anna-müller-anna-x-de"}
    assert OWNER not in of_job((), "j", "")
    assert dict(TEXTS.to_proto(["gs://b/1"], "gs://b/o/", labels).labels) == labels
    assert not fault([pair for pair in labels.items() if pair[0] not in (JOB, OWNER)])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([("Team", "a")], "Not a label: Team=a"),
        ([("1st", "a")], "Not a label: 1st=a"),
        ([("", "a")], "Not a label: =a"),
        ([("team", "A b")], "Not a label: team=A b"),
        ([("team", "x" * 64)], "Not a label"),
        ([("team", "a"), ("team", "b")], "given twice"),
        ([(JOB, "a")], "set by itself"),
        ([(f"k{n}", "") for n in range(31)], "Up to 30"),
        ([("équipe", "данные_1"), ("empty", "")], ""),
    ],
)
def test_labels_that_the_service_would_refuse_are_named(
    labels: list[tuple[str, str]], said: str
) -> None:
    assert said in fault(labels) and bool(fault(labels)) is bool(said)
    if said:
        with pytest.raises(RequestError, match="labels"):
            replace(TEXTS, labels=tuple(labels))


def test_labels_are_typed_by_line_or_comma() -> None:
    assert parse(" team=maps, cost-center = 42\nempty\n\n") == (
        ("team", "maps"), ("cost-center", "42"), ("empty", ""),
    )  # fmt: skip


@pytest.mark.parametrize("fields", [{"model": "builtin/weekly"}, {"longest": 639}])
def test_what_is_not_offered_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(RequestError) as caught:
        replace(TEXTS, **fields)  # type: ignore[arg-type]
    assert caught.value.where == next(iter(fields))


def test_json_round_trip_with_all_options() -> None:
    assert BatchRequest.from_json(TEXTS.to_json()) == TEXTS
    before = '{"features": ["LABEL_DETECTION"], "batch_size": 20}'  # as earlier versions wrote
    assert BatchRequest.from_json(before) == BatchRequest(("LABEL_DETECTION",))


@pytest.mark.parametrize(
    ("pictures", "size"), [(0, 1), (1, 1), (40, 1), (41, 2), (303, 8), (761, 20), (10**6, 20)]
)
def test_a_small_batch_has_small_shards(pictures: int, size: int) -> None:
    assert shard_size_for(pictures) == size
    assert replace(TEXTS, batch_size=None).sized(pictures).batch_size == size
    assert TEXTS.sized(pictures).batch_size == 20  # as it was chosen
