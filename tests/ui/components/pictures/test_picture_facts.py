"""What the large picture's component draws: shapes where they belong, rows of what was found."""

from __future__ import annotations

from core.results.pictures.thumbnails import Placing
from core.results.query.picture.annotations import Annotations, Shape
from core.ui.components.pictures.picture_facts import MOST_ROWS, facts_of, shapes_of

HOSTILE = "<img src=x onerror=alert(1)>"
BOX = ((0.0, 0.0), (600.0, 0.0), (600.0, 400.0), (0.0, 400.0))


def groups(of: Annotations) -> dict[str, dict[str, object]]:
    return {str(group["title"]): group for group in facts_of(of)}


def test_shapes_are_scaled_and_points_stay_points() -> None:
    of = Annotations(
        0,
        "gs://b/a.jpg",
        shapes=(
            Shape("object", HOSTILE, 0.8, BOX),
            Shape("face_point", "nose", None, ((600.0, 400.0),)),
            Shape("word", "x", None, ((0.0, 0.0), (0.5, 0.5), (0.5, 1.0)), normalized=True),
            Shape("object", "none", 0.1, ()),
        ),
    )
    box, point, word = shapes_of(of, Placing(360, 240, (1200, 800), 1))
    assert box["path"] == "M0.0 0.0L180.0 0.0L180.0 120.0L0.0 120.0Z" and box["name"] == HOSTILE
    assert point["point"] == [180.0, 120.0] and not point["path"]
    assert word["path"] == "M0.0 0.0L180.0 120.0L180.0 240.0Z"
    assert [shape["number"] for shape in (box, point, word)] == [0, 1, 2]


def test_the_most_specific_labels_come_first_and_broader_ones_are_faint() -> None:
    of = Annotations(0, "", labels=(("Dog", 0.9), ("Poodle", 0.7), (HOSTILE, 0.2)))
    rows = groups(of)["Labels"]["rows"]
    assert [(row["name"], row["faint"]) for row in rows] == [  # type: ignore[attr-defined]
        ("Poodle", False), (HOSTILE, False), ("Dog", True)
    ]  # fmt: skip


def test_rows_know_their_shapes_and_what_was_not_judged_is_said() -> None:
    of = Annotations(
        0,
        "gs://b/a.jpg",
        objects=(("Cat", 0.8),),
        safe={"adult": "LIKELY", "racy": "UNKNOWN"},
        text=f"{HOSTILE} two",
        shapes=(Shape("word", "two", None, BOX), Shape("object", "Cat", 0.8, BOX)),
    )
    facts = groups(of)
    assert facts["Objects"]["rows"] == [{"name": "Cat", "score": 0.8, "shapes": [1]}]
    assert facts["Text"]["text"] == f"{HOSTILE} two"
    assert facts["Safe search"]["note"] == "not judged: racy"
    assert facts["Safe search"]["rows"] == [{"name": "Adult", "level": "LIKELY", "text": "likely"}]
    assert "Landmarks" not in facts and facts_of(Annotations(0, "")) == []


def test_a_long_list_says_that_it_is_cut() -> None:
    of = Annotations(0, "", web=tuple((f"entity {n}", 0.5) for n in range(MOST_ROWS + 5)))
    group = groups(of)["Web entities"]
    assert len(group["rows"]) == MOST_ROWS  # type: ignore[arg-type]
    assert group["note"] == f"the first {MOST_ROWS} of {MOST_ROWS + 5}; all on its own page"
