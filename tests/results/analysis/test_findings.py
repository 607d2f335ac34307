"""A report's sentences are true: every number in them is counted again from the tables."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.results.analysis.best_pictures import best_pictures
from core.results.analysis.file_kinds import file_kind, file_kinds
from core.results.analysis.findings import findings, portion
from core.results.analysis.folders import MOST, count_folders, folders
from core.results.query.filters import Filters
from core.results.query.safe_policy import USUAL, SafePolicy
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.picture_names import split_path
from core.results.tables.tables import build
from core.results.vocabulary import LIKELIHOODS
from tests.kit.results.labelled import labelled

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ("Dog", "Poodle", "Cat", "Car", "Moped", "Espresso", "Xyzzy")
LEVELS = {
    "unlikely or very unlikely": {"VERY_UNLIKELY", "UNLIKELY"},
    "possible": {"POSSIBLE"},
    "likely or very likely": {"LIKELY", "VERY_LIKELY"},
    "not judged": {"UNKNOWN"},
}

pictures = st.lists(
    st.fixed_dictionaries(
        {
            "folder": st.sampled_from(["a", "b", "c"]),
            "labels": st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
            "objects": st.lists(st.sampled_from(["Chair", "Table"]), max_size=3),
            "faces": st.integers(0, 2),
            "text": st.booleans(),
            "adult": st.sampled_from(["", *LIKELIHOODS]),
            "color": st.sampled_from(["", "f00000", "0000f0", "808080"]),
            "failed": st.booleans(),
        }
    ),
    min_size=1,
    max_size=24,
)


def store_of(batch: list[dict[str, object]]) -> Store:
    answers = [answer(n, one) for n, one in enumerate(batch)]
    data = json.dumps({"responses": answers}).encode()
    shard = ShardFile(f"gs://b/output-1-to-{len(batch)}.json", 1, len(batch), len(data), 1)
    return Store(build([(shard, data)]))


def answer(n: int, one: dict[str, object]) -> dict[str, object]:
    said: dict[str, object] = {"context": {"uri": f"gs://b/{one['folder']}/{n}.jpg"}}
    if one["failed"]:
        return {**said, "error": {"code": 3, "message": "bad"}}
    box = {"vertices": [{"x": 1}, {"x": 9, "y": 1}, {"x": 9, "y": 9}]}
    said["labelAnnotations"] = [{"description": x, "score": 0.9} for x in one["labels"]]  # type: ignore[attr-defined]
    said["localizedObjectAnnotations"] = [
        {"name": x, "score": 0.9, "boundingPoly": box} for x in one["objects"]  # type: ignore[attr-defined]
    ]  # fmt: skip
    said["faceAnnotations"] = [{"boundingPoly": box}] * int(str(one["faces"]))
    if one["text"]:
        said["textAnnotations"] = [{"description": "word"}, {"description": "word"}]
    if one["adult"]:
        said["safeSearchAnnotation"] = {"adult": one["adult"]}
    if one["color"]:
        value = int(str(one["color"]), 16)
        color = {"red": value >> 16, "green": value >> 8 & 255, "blue": value & 255}
        colors = [{"color": color, "score": 1, "pixelFraction": 0.5}]
        said["imagePropertiesAnnotation"] = {"dominantColors": {"colors": colors}}
    return said


def number(text: str) -> int:
    return int(text.replace(",", ""))


# More labels than pictures.
MANY_LABELS = {"folder": "a", "labels": ["Dog", "Car", "Moped"], "objects": [], "faces": 0}


@FEW
@given(pictures)
@example([{**MANY_LABELS, "text": False, "adult": "", "color": "", "failed": False}])
def test_each_sentence_is_true_of_the_answers(batch: list[dict[str, object]]) -> None:
    """Recounted from what was put in, by no code of the program's."""
    store = store_of(batch)
    fine = [one for one in batch if not one["failed"]]
    said = findings(store, Filters(), USUAL)
    assert len(said) <= 3 and len(set(said)) == len(said)
    for sentence in said:
        check = next(check for start, check in CHECKS.items() if re.search(start, sentence))
        check(sentence, batch, fine, store)


def _labels(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    first = re.fullmatch(
        r"(.+?) (?:has|have) (the label|a label of the kind) (.+?) \(([\d,]+) of ([\d,]+)\)(.*)\.",
        sentence,
    )
    assert first is not None, sentence
    start, kind, name, count, whole, rest = first.groups()
    assert number(whole) == len(batch)

    def having(term: str) -> int:
        under = store.hierarchy().names_under(term) | {term}
        return sum(bool(under & set(one["labels"])) for one in fine)

    assert having(name) == number(count)
    itself = sum(name in one["labels"] for one in fine) == number(count)
    assert (kind == "the label") == itself
    _is_true_portion(start, number(count), number(whole))
    others = re.findall(r"[;,] ([A-Z][\w ]*?)(?: follows)? with (\d+)", rest)
    assert len(others) == rest.count(" with ")
    for other, n in others:
        assert having(other) == number(n) <= number(count)


def _is_true_portion(start: str, count: int, whole: int) -> None:
    if start == "Every picture":
        assert count == whole
    elif match := re.fullmatch(r"One picture in (\d+)", start):
        assert count * int(match[1]) == whole
    elif match := re.fullmatch(r"About one picture in (\d+)", start):
        assert abs(whole / count - int(match[1])) <= 0.1 * int(match[1])
    elif match := re.fullmatch(r"(\d+)% of the pictures", start):
        assert abs(100 * count / whole - int(match[1])) <= 0.5
    elif start == "Nearly every picture":
        assert 0.995 < count / whole < 1
    else:
        assert start == "Less than one picture in 100" and 100 * count < whole


def _text(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    count, whole = re.findall(r"on ([\d,]+) of ([\d,]+)", sentence)[0]
    assert number(count) == sum(bool(one["text"]) for one in fine)
    assert number(whole) == len(batch)
    if among := re.search(r"among them all ([\d,]+) in the folder (\w+)", sentence):
        there = [one for one in batch if one["folder"] == among[2]]
        assert len(there) == number(among[1])
        assert all(one["text"] and not one["failed"] for one in there)


def _safe(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    judged = [one["adult"] for one in fine if one["adult"]]
    assert sentence.startswith("Adult content is ")
    whole = re.search(r"of ([\d,]+) pictures", sentence)
    assert whole is not None and number(whole[1]) == len(judged)
    named = {
        words: number(n)
        for words, n in re.findall(r"(?:is |, | and )([a-z ]+?) in (\d+)", sentence)
    }
    assert sum(named.values()) == len(judged)
    for words, levels in LEVELS.items():
        assert named.get(words, 0) == sum(one in levels for one in judged)
    flagged = sum(one in ("LIKELY", "VERY_LIKELY") for one in judged)
    assert sentence.endswith(f"flags {flagged:,}." if flagged else "flags none.")


def _objects(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    having, whole, name, count = re.findall(
        r"in ([\d,]+) of ([\d,]+) pictures, most often (\w+) \(in ([\d,]+)\)", sentence
    )[0]
    assert number(having) == sum(bool(one["objects"]) for one in fine)
    assert number(whole) == len(batch)
    assert number(count) == sum(name in one["objects"] for one in fine)
    others = [sum(n in one["objects"] for one in fine) for n in ("Chair", "Table")]
    assert number(count) == max(others)


def _faces(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    having, whole, faces = re.findall(r"in ([\d,]+) of ([\d,]+) pictures, ([\d,]+)", sentence)[0]
    assert number(having) == sum(one["faces"] > 0 for one in fine)
    assert number(whole) == len(batch)
    assert number(faces) == sum(one["faces"] for one in fine)


def _colors(sentence: str, batch: list, fine: list, store: Store) -> None:  # type: ignore[type-arg]
    names = {"f00000": "reds", "0000f0": "blues", "808080": "greys"}
    color_names = [names[one["color"]] for one in fine if one["color"]]
    for name, share in re.findall(r"(\w+) \((\d+)%\)", sentence):
        assert abs(100 * color_names.count(name) / len(color_names) - int(share)) <= 0.51


CHECKS = {
    r" the label | a label of the kind ": _labels,
    r"^(Text|No text) was read": _text,
    r"content is ": _safe,
    r"^Objects were": _objects,
    r"^Faces were": _faces,
    r"^The dominant colours": _colors,
}


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_portion_is_true(count: int, more: int) -> None:
    _is_true_portion(portion(count, count + more), count, count + more)
    assert portion(count, count) == "Every picture"


def test_nothing_is_said_of_no_picture() -> None:
    store = labelled([["Cat"]])
    assert findings(store, Filters(labels=("Qwx",)), USUAL) == []
    assert findings(labelled([[]]), Filters(), USUAL) == []


def test_a_filter_is_in_every_sentence_s_whole() -> None:
    store = labelled([["Cat", "Sofa"], ["Cat"], ["Moped"]], safe=[{"adult": "LIKELY"}, {}, {}])
    said = findings(store, Filters(labels=("Cat",)), SafePolicy(()))
    assert "(2 of 2)" in said[0] and said[0].startswith("Every picture")
    assert "flag" not in " ".join(said)  # by a policy of nothing


def test_the_best_pictures_are_the_clearest_of_each_label() -> None:
    store = labelled(
        [["Cat"], ["Cat"], ["Dog"], [], ["Cat"], ["Moped"]],
        safe=[{"adult": "VERY_LIKELY"}, {}, {}, {}, {}, {}],
    )
    # The most frequent label's best (of the unflagged) first, then one of each other label.
    assert best_pictures(store, Filters(), 9, policy=USUAL) == [1, 2, 5, 4, 3, 0]
    assert best_pictures(store, Filters(), 9)[0] == 0
    assert best_pictures(store, Filters(), 2, policy=USUAL) == [1, 2]
    assert best_pictures(store, Filters(labels=("Dog",)), 5) == [2]
    assert best_pictures(store, Filters(labels=("Qwx",)), 5) == []
    assert sorted(best_pictures(store, Filters(), 9, "name")) == [0, 1, 2, 3, 4, 5]


@FEW
@given(pictures)
def test_folders_add_up(batch: list[dict[str, object]]) -> None:
    store = store_of(batch)
    rows, whole = folders(store, Filters())
    assert sum(row.all for row in rows) == whole.all == len(batch)
    assert whole.failed == sum(bool(one["failed"]) for one in batch)
    for row in rows:
        there = [one for one in batch if f"gs://b/{one['folder']}" == row.name]
        fine = [one for one in there if not one["failed"]]
        assert row.pictures == len(there)
        assert row.labels == sum(bool(one["labels"]) for one in fine)
        assert row.objects == sum(bool(one["objects"]) for one in fine)
        assert row.texts == sum(bool(one["text"]) for one in fine)
        assert set(row.frequent) <= {name for one in fine for name in one["labels"]}  # type: ignore[attr-defined]
    assert count_folders(store, Filters()) == len({one["folder"] for one in batch})


def test_many_folders_end_in_one_row() -> None:
    uris = [f"gs://b/f{n}/a.jpg" for n in range(MOST + 4)]
    store = labelled([["Cat"]] * len(uris), uris=uris)
    rows, whole = folders(store, Filters())
    assert len(rows) == MOST + 1 and rows[-1].name == "4 other folders"
    assert sum(row.all for row in rows) == whole.all == len(uris)
    assert rows[0].name == split_path(uris[0])[0]


@pytest.mark.parametrize(
    ("uri", "kind"),
    [("gs://b/a.JPG", "jpg"), ("gs://b/x.y/a", "none"), ("", "none"), ("gs://b/a.tar.gz", "gz")],
)
def test_kinds_of_files_are_endings(uri: str, kind: str) -> None:
    assert file_kind(split_path(uri)[1]) == kind
    frame = file_kinds(labelled([["Cat"], ["Cat"]], uris=[uri, "gs://b/z.png"]), Filters())
    assert set(zip(frame["name"], frame["pictures"], strict=True)) == {(kind, 1), ("png", 1)}
