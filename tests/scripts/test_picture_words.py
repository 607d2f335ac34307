"""The table of labelled pictures, and how it is read; nothing is fitted here but two points."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.engine.models.picture_words import PictureWords
from scripts.build_data import picture_words
from scripts.build_data.picture_repositories import TABLE as REPOSITORIES
from scripts.build_data.picture_repositories import fetch
from scripts.build_data.picture_words import TABLE, fit, pictures


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_can_be_read() -> None:
    for row in rows():
        re.compile(row["path"])
        assert None not in row.values() and row["most"].isdigit() | (not row["most"])
    learnt = {word for row in rows() for word in row["shows"].split(", ")} - {"", "-"}
    assert set(PictureWords().names) <= learnt | {*picture_words.BROADER.values(), "Nature"}


def test_each_repository_has_a_pinned_commit_and_a_free_licence() -> None:
    with REPOSITORIES.open(newline="") as file:
        known = list(csv.DictReader(file, delimiter="\t"))
    used = {row["package"].replace("+", "/") for row in rows() if "+" in row["package"]}
    assert {row["repository"] for row in known} == used
    for row in known:
        assert re.fullmatch("[0-9a-f]{40}", row["commit"])
        assert re.match("CC-BY|CC0|MIT|Unlicense", row["licence"]) and row["by"]
        assert not re.search("NC|ND", row["licence"])


def test_a_repository_comes_from_a_local_copy_at_its_commit(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "photos").mkdir(parents=True)
    (work / "photos" / "a.jpg").write_bytes(b"one")
    (work / "code.py").write_text("no picture")
    git = ["git", "-C", str(work), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    (work / "photos" / "a.jpg").write_bytes(b"two")
    subprocess.run([*git, "commit", "-qam", "two"], check=True)
    mirrors = tmp_path / "mirrors"
    mirrors.mkdir()
    (work / ".git").rename(mirrors / "owner+name")

    fetch("owner/name", commit, "photos", tmp_path / "out", mirrors)

    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in files] == [
        "owner+name/photos/a.jpg"
    ]
    assert files[0].read_bytes() == b"one"


def test_what_grows_or_lies_outdoors_is_nature_too() -> None:
    shown, unsure = picture_words._known({"shows": "Tree", "may show": "Sky"})
    assert shown == {"Tree", "Plant", "Nature"} and "Nature" not in unsure
    shown, unsure = picture_words._known({"shows": "Water", "may show": ""})
    assert shown == {"Water"} and unsure == {"Nature"}
    shown, unsure = picture_words._known({"shows": "Building", "may show": "drawn"})
    assert {"City", "Street", "Astronomical object", "Nature"} <= unsure
    assert picture_words._known({"shows": "Person", "may show": ""})[1] >= {"Crowd"}


def test_the_first_line_that_matches_says_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.tsv"
    lines = [
        "package\tfolder\tpath\tshows\tmay show\tmost",
        "farm\tart\tbirds/.*\tBird\tTree\t2",
        "farm\tart\tnotes/.*\t-\t\t",
        "farm\tart\t.*\t\t*\t",
    ]
    table.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(picture_words, "TABLE", table)
    monkeypatch.setattr(picture_words, "LEAST_BYTES", 10)
    for name in ("birds/a", "birds/b", "birds/c", "notes/d", "e"):
        path = tmp_path / "farm" / "art" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 30)).save(path)
    (tmp_path / "farm" / "art" / "birds" / "read.txt").write_text("no picture at all")

    shown = list(pictures(tmp_path))

    birds = [one for one in shown if one.words]
    assert len(birds) == 2 and {one.path.parent.name for one in birds} == {"birds"}
    assert {one.words for one in birds} == {frozenset({"Bird", "Animal"})}
    assert {one.unsure for one in birds} == {frozenset({"Tree", "Plant", "Flower", "Nature"})}
    assert [one.path.name for one in shown if "*" in one.unsure] == ["e.png"]


def test_what_is_not_known_of_a_word_is_not_learnt_from() -> None:
    seen = np.array([[1.0], [1.1], [-1.0], [-1.1], [-3.0]], np.float32)
    is_one = np.array([[1], [1], [0], [0], [1]], np.float32)
    weights = np.array([[1], [1], [1], [1], [0]], np.float32)
    coefficients, bias = fit(seen, is_one, weights)
    assert coefficients[0, 0] > 1 and abs(bias[0]) < 0.5
