"""The table of labelled pictures, and how it is read; nothing is fitted here but two points."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.engine.models.picture_words import PictureWords
from scripts.build_data import picture_words
from scripts.build_data.picture_words import TABLE, fit, pictures


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_can_be_read() -> None:
    for row in rows():
        re.compile(row["path"])
        assert None not in row.values() and row["most"].isdigit() | (not row["most"])
    learnt = {word for row in rows() for word in row["shows"].split(", ")} - {"", "-"}
    assert set(PictureWords().names) <= learnt | set(picture_words.IMPLIED.values())


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
    assert {one.unsure for one in birds} == {frozenset({"Tree", "Plant", "Flower"})}
    assert [one.path.name for one in shown if one.unsure == {"*"}] == ["e.png"]


def test_what_is_not_known_of_a_word_is_not_learnt_from() -> None:
    seen = np.array([[1.0], [1.1], [-1.0], [-1.1], [-3.0]], np.float32)
    is_one = np.array([[1], [1], [0], [0], [1]], np.float32)
    weights = np.array([[1], [1], [1], [1], [0]], np.float32)
    coefficients, bias = fit(seen, is_one, weights)
    assert coefficients[0, 0] > 1 and abs(bias[0]) < 0.5
