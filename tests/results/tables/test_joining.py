"""One picture answered several times is one picture; each feature from where it was asked last."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.buckets import Buckets
from core.errors import ObjectNotFound
from core.results.query.filters import Filters
from core.results.query.picture.read_annotations import with_face_points
from core.results.query.store import Store
from core.results.shards.vectors import read_vectors, vectors_uri
from core.results.tables import tables
from core.results.tables.cache import ResultsCache
from core.results.tables.run_choice import ALL, Choice
from core.results.tables.schemas import SCHEMAS
from core.results.tables.tables import Tables
from tests.kit.results.timed_runs import HOUR, OUT, Load, Objects, Stored, TimedBuckets, load, run

__all__ = ["load"]  # a fixture

Json = dict[str, Any]
LABEL = {"labelAnnotations": [{"description": "Dog", "score": 0.9}]}
CAT = {"labelAnnotations": [{"description": "Cat", "score": 0.9}]}
TEXT = {"textAnnotations": [{"description": "HELLO"}, {"description": "HELLO"}]}
SAFE = {"safeSearchAnnotation": {"adult": "VERY_UNLIKELY"}}
FACE = {
    "faceAnnotations": [
        {"landmarks": [{"type": "LEFT_EYE", "position": {"x": 1, "y": 2}}], "rollAngle": 4}
    ]
}
PLAN = "gs://b/Plan.PDF"
FAILED = {"error": {"code": 5, "message": "gone"}}


def shard(*responses: Json, first: int = 1) -> bytes:
    """Responses about pictures 1, 2, ... unless they say of which."""
    return json.dumps(
        {
            "responses": [
                {"context": {"uri": f"gs://p/{n}.jpg"}, **one}
                for n, one in enumerate(responses, first)
            ]
        }
    ).encode()


def of(uri: str, answer: Json) -> Json:
    return {**answer, "context": {"uri": uri}}


def put(folder: str, *responses: Json, at: float = 0.0) -> dict[str, Stored]:
    return {f"{OUT}{folder}/output-1-to-{len(responses)}.json": Stored(shard(*responses), at)}


def answers_of(results: Tables) -> list[tuple[list[str], list[str], int]]:
    """Labels, texts, and error code of each picture."""
    every: list[tuple[list[str], list[str], int]] = [
        ([], [], code) for code in results["pictures"]["error_code"].to_pylist()
    ]
    for table, place in (("labels", 0), ("texts", 1)):
        for row in results[table].to_pylist():
            cast(list[str], every[row["picture"]][place]).append(row[table[:-1]])
    return every


@pytest.mark.parametrize("later", ["labels", "text"])
def test_features_of_two_requests_come_together(load: Load, later: str) -> None:
    objects = {
        **put("labels", LABEL, CAT, at=HOUR * (later == "labels")),
        **put("text", TEXT, TEXT, at=HOUR * (later == "text")),
    }
    results = load(objects)
    assert answers_of(results) == [(["Dog"], ["HELLO"], 0), (["Cat"], ["HELLO"], 0)]
    assert (results.others, results.shared) == ((), 2)
    store = Store(results)
    assert store.count(Filters()) == 2 and store.features(Filters())["pictures"] == 2
    one = store.annotations(0)
    assert one is not None
    assert one.responses() == {
        (f"{OUT}labels/output-1-to-2.json", 0): ["labels"],
        (f"{OUT}text/output-1-to-2.json", 0): ["text"],
    }


def test_two_requests_in_one_batch(load: Load) -> None:
    uri = "gs://p/1.jpg"
    batch = (of(uri, LABEL), of("gs://p/2.jpg", CAT), of(uri, TEXT), of("gs://p/2.jpg", TEXT))
    for size in (1, 2, 4):
        objects = {}
        for first in range(0, 4, size):
            data = json.dumps({"responses": batch[first : first + size]}).encode()
            objects[f"{OUT}output-{first + 1}-to-{first + size}.json"] = Stored(data)
        results = load(objects)
        assert answers_of(results) == [(["Dog"], ["HELLO"], 0), (["Cat"], ["HELLO"], 0)]
        assert results["pictures"]["uri"].to_pylist() == [uri, "gs://p/2.jpg"]


def test_of_the_same_feature_the_newest_and_the_other_stays(load: Load) -> None:
    both, labels = {**LABEL, **TEXT}, CAT
    results = load({**put("both", both, both), **put("labels", labels, labels, at=HOUR)})
    assert answers_of(results) == [(["Cat"], ["HELLO"], 0)] * 2
    # A newer run that was asked for all of it stands for it as a whole.
    results = load({**put("labels", labels, labels), **put("both", both, both, at=HOUR)})
    assert answers_of(results) == [(["Dog"], ["HELLO"], 0)] * 2
    assert [one.folder for one in results.others] == [f"{OUT}labels/"]
    assert results.sources.num_rows == 0


def test_an_empty_answer_is_an_answer_where_the_feature_was_asked(load: Load) -> None:
    # The newer run was asked for text, since it found some in picture 3.
    old = put("old", {**LABEL, **TEXT}, {**LABEL, **TEXT}, LABEL)
    new = put("new", {}, {}, TEXT, at=HOUR)
    results = load({**old, **new})
    assert answers_of(results) == [(["Dog"], [], 0), (["Dog"], [], 0), (["Dog"], ["HELLO"], 0)]
    # And this one was asked for labels alone.
    assert answers_of(load({**old, **put("new", CAT, {}, {}, at=HOUR)})) == [
        (["Cat"], ["HELLO"], 0),
        ([], ["HELLO"], 0),
        ([], [], 0),
    ]


def test_an_error_is_no_answer_and_is_not_lost(load: Load) -> None:
    results = load({**put("labels", FAILED, LABEL, at=HOUR), **put("text", TEXT, TEXT)})
    assert answers_of(results) == [([], ["HELLO"], 0), (["Dog"], ["HELLO"], 0)]
    (fault,) = results.faults
    assert fault.where == f"{OUT}labels/" and "1 picture failed" in str(fault)


def test_attempts_of_one_job_were_asked_the_same(load: Load) -> None:
    objects = {**put("try-1", {**LABEL, **TEXT}, FAILED), **put("try-2", CAT, LABEL, at=-HOUR)}
    results = load(objects, f"{OUT}try-", Choice(attempts=True))
    assert answers_of(results) == [(["Cat"], [], 0), (["Dog"], [], 0)]
    assert results.faults == ()


def test_the_face_points_come_from_the_shard_of_the_faces(load: Load) -> None:
    objects = {**put("faces", FACE, FACE), **put("text", TEXT, TEXT, at=HOUR)}
    one = Store(load(objects)).annotations(1)
    assert one is not None and one.shard.startswith(f"{OUT}text/")
    where, entry = one.source("faces")
    assert (where, entry) == (f"{OUT}faces/output-1-to-2.json", 1)
    marked = with_face_points(one, objects[where].data)
    assert [shape.name for shape in marked.shapes if shape.kind == "face_point"] == ["left eye"]


def test_vectors_are_found_beside_any_of_the_responses(load: Load) -> None:
    objects = {**put("labels", LABEL, CAT), **put("text", TEXT, TEXT, at=HOUR)}
    results = load(objects)
    vectors = np.array([[3, 0], [0, 2]], np.float16)
    head = b"\x93NUMPY\x01\x00"
    said = b"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }".ljust(117) + b"\n"
    data = head + len(said).to_bytes(2, "little") + said + vectors.tobytes()

    class WithVectors:
        def read(self, uri: str, limit: int | None = None) -> bytes:
            if uri == vectors_uri(f"{OUT}labels/output-1-to-2.json"):
                return data
            raise ObjectNotFound("There is no such object", where=uri)

    buckets = cast(Buckets, WithVectors())
    read = read_vectors(buckets, results["pictures"], sources=results.sources)
    assert read.pictures.tolist() == [0, 1]
    assert read.vectors.tolist() == [[1, 0], [0, 1]]


ANSWERS: list[Json] = [{}, LABEL, CAT, TEXT, SAFE, {**LABEL, **TEXT}, FAILED]
RUN = st.dictionaries(st.integers(1, 6), st.sampled_from(ANSWERS), min_size=1, max_size=6)


def _stored(runs: list[dict[int, Json]]) -> dict[str, Stored]:
    return {
        f"{OUT}{9 - n}/output-1-to-{len(one)}.json": Stored(
            json.dumps(
                {"responses": [of(f"gs://p/{k}.jpg", answer) for k, answer in one.items()]}
            ).encode(),
            n * HOUR,
        )
        for n, one in enumerate(runs)
    }


@given(st.lists(RUN, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_each_feature_is_of_the_newest_run_that_was_asked(runs: list[dict[int, Json]]) -> None:
    buckets = cast(Buckets, TimedBuckets(_stored(runs)))
    results = tables.load(buckets, OUT, choice=Choice(ALL))
    uris = results["pictures"]["uri"].to_pylist()
    assert sorted(uris) == sorted({f"gs://p/{k}.jpg" for one in runs for k in one})
    expected: list[tuple[list[str], list[str], int]] = [([], [], 0)] * len(uris)
    for at, uri in enumerate(uris):
        number = int(uri[len("gs://p/") : -len(".jpg")])
        answers = [one[number] for one in runs if number in one]
        code = 5 if all("error" in answer for answer in answers) else 0
        values = []
        for key in ("labelAnnotations", "textAnnotations"):
            asked = [one for one in runs if any(key in answer for answer in one.values())]
            good = [one[number] for one in asked if number in one and "error" not in one[number]]
            items = good[-1].get(key, []) if good else []
            values.append([item["description"] for item in items[:1]])
        expected[at] = (values[0], values[1], code)
    assert answers_of(results) == expected


@given(st.lists(RUN, min_size=1, max_size=3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_cache_joins_as_decoding_does(runs: list[dict[int, Json]], whole: bool) -> None:
    objects: Objects = _stored(runs)
    buckets = cast(Buckets, TimedBuckets(objects))
    choice = Choice(ALL if whole else "")
    plain = tables.load(buckets, OUT, choice=choice)
    with tempfile.TemporaryDirectory() as folder:
        cache = ResultsCache(Path(folder))
        for one in (Choice(), choice, choice):
            cached = cache.load(buckets, OUT, one)
    for name in SCHEMAS:
        assert cached[name].to_pylist() == plain[name].to_pylist(), name
    for part in ("shards", "runs", "others", "shared", "gone"):
        assert getattr(cached, part) == getattr(plain, part), part
    assert [str(fault) for fault in cached.faults] == [str(fault) for fault in plain.faults]
    assert cached.sources.to_pylist() == plain.sources.to_pylist()
    assert cached.fingerprint() == plain.fingerprint()


def test_another_run_is_decoded_once_and_stays_decoded(tmp_path: Path) -> None:
    objects = {**run("OLD", 60, 60), **run("NEW", 60, 20, HOUR)}
    reads: list[str] = []

    class Noting(TimedBuckets):
        def read_many(self, uris: Any) -> Any:
            wanted = list(uris)
            reads.extend(wanted)
            return super().read_many(wanted)

    buckets = cast(Buckets, Noting(objects))
    (other,) = ResultsCache(tmp_path).load(buckets, OUT).others
    assert len(reads) == 3  # the old run's is not even read
    for choice in (Choice(other.key), Choice(), Choice(ALL), Choice(other.key)):
        ResultsCache(tmp_path).load(buckets, OUT, choice)
    assert len(reads) == 4


# Shards that do not say of which pictures they are.


def test_the_ledgers_order_names_pictures_that_shards_do_not(load: Load) -> None:
    nameless = json.dumps({"responses": [LABEL, FAILED, CAT]}).encode()
    folders = {f"{OUT}try-1/part-0001/": ["gs://p/a", "gs://p/b", "gs://p/c", "gs://p/d"]}
    folders[f"{OUT}try-2/part-0001/"] = ["gs://p/b"]
    objects = {
        f"{OUT}try-1/part-0001/output-2-to-4.json": Stored(nameless),
        f"{OUT}try-1/part-0001/output-5-to-5.json": Stored(
            json.dumps({"responses": [CAT]}).encode()
        ),
        f"{OUT}try-2/part-0001/output-1-to-1.json": Stored(
            json.dumps({"responses": [TEXT]}).encode(), HOUR
        ),
    }
    choice = Choice(attempts=True, names=lambda folder: folders[folder])
    results = load(objects, f"{OUT}try-", choice)
    # b was tried again; 5 is more than the request had.
    assert results["pictures"]["uri"].to_pylist() == ["gs://p/b", "gs://p/c", "gs://p/d", ""]
    assert answers_of(results)[0] == ([], ["HELLO"], 0)
    assert results["pictures"]["error_code"].to_pylist() == [0, 5, 0, 0]


def test_names_are_not_looked_up_where_shards_have_them(load: Load) -> None:
    def never(folder: str) -> list[str]:
        raise AssertionError(folder)

    assert load(run("ONE", 20, 20), OUT, Choice(attempts=True, names=never)).pictures == 20


@pytest.mark.parametrize(
    ("context", "config"),
    [({}, True), ({"context": {"uri": PLAN}}, True), ({"context": {"uri": PLAN}}, False)],
)
def test_pages_of_files_stay_apart_without_their_numbers(
    load: Load, context: Json, config: bool
) -> None:
    source = {"inputConfig": {"gcsSource": {"uri": PLAN}}} if config else {}
    objects = {
        f"{OUT}output-{first}-to-{first + 1}.json": Stored(
            json.dumps({**source, "responses": [{**context, **TEXT}, context]}).encode()
        )
        for first in (1, 3)
    }
    results = load(objects)
    assert results["pictures"]["page"].to_pylist() == [1, 2, 3, 4]
    assert set(results["pictures"]["uri"].to_pylist()) == {PLAN}
    assert results["texts"]["picture"].to_pylist() == [0, 2]


def test_copies_of_pages_are_one_document_and_the_newest_answer_of_a_page_wins(load: Load) -> None:
    """A file in two parts, of which a page was sent again; and a copy that nobody knows."""

    def part(copy: str, *answers: Json, at: float = 0.0) -> Stored:
        pages = [
            {**answer, "context": {"uri": copy, "pageNumber": n}}
            for n, answer in enumerate(answers, start=1)
        ]
        return Stored(json.dumps({"responses": pages}).encode(), at)

    objects = {
        f"{OUT}try-1/part-0001/output-1-to-2.json": part("gs://b/1", LABEL, FAILED),
        f"{OUT}try-1/part-0002/output-1-to-2.json": part("gs://b/2", CAT, LABEL),
        f"{OUT}try-1/part-0003/output-1-to-1.json": part("gs://b/other.pdf", LABEL),
        f"{OUT}try-2/part-0001/output-1-to-1.json": part("gs://b/3", CAT, at=HOUR),
    }
    known = {
        "gs://b/1": (PLAN, (3, 4)),
        "gs://b/2": (PLAN, (5,)),  # its second page is none of the copy's: left as it is
        "gs://b/3": (PLAN, (4,)),
    }
    asked: list[list[str]] = []

    def cuts(uris: Sequence[str]) -> dict[str, tuple[str, Sequence[int]]]:
        asked.append(list(uris))
        return {uri: known[uri] for uri in uris if uri in known}

    results = load(objects, f"{OUT}try-", Choice(attempts=True, cuts=cuts))
    keys = zip(
        results["pictures"]["uri"].to_pylist(), results["pictures"]["page"].to_pylist(), strict=True
    )
    shown = {(PLAN, 3), (PLAN, 4), (PLAN, 5), ("gs://b/2", 2), ("gs://b/other.pdf", 1)}
    assert sorted(keys) == sorted(shown)
    assert results["pictures"]["error_code"].to_pylist() == [0] * 5
    assert asked[0] == ["gs://b/1", "gs://b/2", "gs://b/3", "gs://b/other.pdf"]


def test_pictures_are_never_looked_up_as_copies(load: Load) -> None:
    def never(uris: Sequence[str]) -> dict[str, tuple[str, Sequence[int]]]:
        raise AssertionError(uris)

    assert load(run("ONE", 20, 20), OUT, Choice(attempts=True, cuts=never)).pictures == 20
