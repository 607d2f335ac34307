"""One picture's rows of every table, put together."""
# ruff: noqa: S608 - only names of our own tables enter the SQL

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from core.results.annotations import Annotations, Points, Shape
from core.results.palettes import to_hex
from core.results.shards import face_detail
from core.results.vocabulary import (
    FACE_LANDMARK_NUMBER,
    FACE_LANDMARKS,
    FACE_TRAITS,
    LIKELIHOODS,
    SAFE_CATEGORIES,
)

Ask = Callable[[str, Sequence[Any]], pd.DataFrame]
Row = dict[str, Any]


def read_annotations(ask: Ask, picture: int) -> Annotations | None:
    """Everything about one picture; None if there is no such id.

    Args:
        ask: runs SQL with parameters over the store's tables.
    """

    def rows(table: str) -> list[Row]:
        frame = ask(f"SELECT * FROM {table} WHERE picture = ? ORDER BY rowid", [picture])
        return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]

    known = rows("pictures")
    if not known:
        return None
    who = known[0]
    faces, texts, safe = rows("faces"), rows("texts"), rows("safe_search")
    named = {
        name: rows(table)
        for name, table in (
            ("label", "labels"),
            ("object", "objects"),
            ("landmark", "landmarks"),
            ("logo", "logos"),
            ("product", "products"),
            ("entity", "web_entities"),
        )
    }
    pairs = {
        name: tuple((str(row[name]), float(row["score"])) for row in found)
        for name, found in named.items()
    }
    boxes = [(kind, kind, named[kind]) for kind in ("landmark", "object", "product", "logo")]
    boxes = [("crop_hint", "", rows("crop_hints")), *boxes, ("word", "word", rows("words"))]
    return Annotations(
        picture=picture,
        uri=str(who["uri"]),
        page=int(who["page"]),
        error_code=int(who["error_code"]),
        error_message=str(who["error_message"]),
        shard=str(who["shard"]),
        entry=int(who["entry"]),
        number=int(who["number"]),
        labels=pairs["label"],
        objects=pairs["object"],
        landmarks=pairs["landmark"],
        logos=pairs["logo"],
        web=pairs["entity"],
        products=pairs["product"],
        guesses=tuple(str(row["guess"]) for row in rows("web_guesses")),
        matches=tuple(
            (str(row["kind"]), str(row["url"]), str(row["title"])) for row in rows("web_matches")
        ),
        text="\n".join(str(row["text"]) for row in texts),
        languages=tuple(
            (str(row["language"]), float(row["confidence"])) for row in rows("languages")
        ),
        safe={name: LIKELIHOODS[row[name]] for row in safe for name in SAFE_CATEGORIES},
        colors=tuple(
            (to_hex(row["color"]), float(row["score"]), float(row["fraction"]))
            for row in rows("colors")
        ),
        faces=tuple(_face(row) for row in faces),
        shapes=(
            *(_shape(kind, row.get(name, ""), row) for kind, name, found in boxes for row in found),
            *(_shape("face", f"Face {n}", row) for n, row in enumerate(faces, 1)),
        ),
    )


def with_face_points(annotations: Annotations, shard: bytes) -> Annotations:
    """Add the landmarks of each face, which no table holds: a million pictures have 34 a face.

    Args:
        shard: the bytes of the shard ``annotations.shard``.

    Raises:
        BadShard: the shard is damaged, or another one by now.
    """
    detail = face_detail(shard, annotations.entry, annotations.shard)
    points = [
        Shape("face_point", _landmark_name(mark.type), None, ((at.x, at.y),))
        for face in detail.face_annotations
        for mark in face.landmarks
        if (at := mark.position) is not None
    ]
    return replace(annotations, shapes=(*annotations.shapes, *points))


def _landmark_name(kind: int | str) -> str:
    number = FACE_LANDMARK_NUMBER.get(kind, 0)
    return FACE_LANDMARKS[number].lower().replace("_", " ")


def _face(row: Row) -> dict[str, float | str]:
    numbers = ("score", "landmarking", "roll", "pan", "tilt")
    return {
        **{name: float(row[name]) for name in numbers},
        **{name: LIKELIHOODS[row[name]] for name in FACE_TRAITS},
    }


def _shape(kind: str, name: str, row: Row) -> Shape:
    score = row.get("score", row.get("confidence"))
    return Shape(
        kind,
        str(name),
        None if score is None else float(score),
        _points(row["polygon"]),
        bool(row["normalized"]),
    )


def _points(values: Sequence[float]) -> Points:
    return tuple((float(x), float(y)) for x, y in zip(values[0::2], values[1::2], strict=False))
