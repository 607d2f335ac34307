"""Given pictures' rows of every table, put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.results.columns.palettes import to_hex
from core.results.query.picture.annotations import Annotations, Points, Shape
from core.results.shards.decoding import face_detail
from core.results.vocabulary import (
    FACE_LANDMARK_NUMBER,
    FACE_LANDMARKS,
    FACE_TRAITS,
    LIKELIHOODS,
    SAFE_CATEGORIES,
    crop_shape,
)

Row = dict[str, Any]
Read = Callable[[str, Sequence[int]], list[Row]]
_Rows = Mapping[str, Sequence[Row]]  # by table, one picture's alone

# Tables whose rows a picture's panel shows.
_READ = (
    "pictures", "labels", "objects", "faces", "landmarks", "logos", "texts", "words", "languages",
    "safe_search", "colors", "crop_hints", "web_entities", "web_guesses", "web_matches", "products",
)  # fmt: skip


def read_annotations(read: Read, pictures: Sequence[int]) -> list[Annotations]:
    """Everything about some pictures, in the order given; ids that there are not are left out.

    Args:
        read: gives a table's rows of some pictures, in the table's order.
    """
    wanted = [int(n) for n in dict.fromkeys(pictures)]
    rows_of: dict[int, dict[str, list[Row]]] = {n: defaultdict(list) for n in wanted}
    for table in _READ if wanted else ():
        for row in read(table, wanted):
            rows_of[row["picture"]][table].append(row)
    return [_annotations(n, rows_of[n]) for n in wanted if rows_of[n]["pictures"]]


def _annotations(picture: int, rows: _Rows) -> Annotations:
    who = rows["pictures"][0]
    return Annotations(
        picture=picture,
        uri=who["uri"],
        name=who["name"],
        folder=who["folder"],
        page=who["page"],
        error_code=who["error_code"],
        error_message=who["error_message"],
        shard=who["shard"],
        entry=who["entry"],
        number=who["number"],
        labels=_pairs(rows["labels"], "label"),
        objects=_pairs(rows["objects"], "object"),
        landmarks=_pairs(rows["landmarks"], "landmark"),
        logos=_pairs(rows["logos"], "logo"),
        web=_pairs(rows["web_entities"], "entity"),
        products=_pairs(rows["products"], "product"),
        crops=tuple(crop_shape(row["aspect"]) for row in rows["crop_hints"] if row["aspect"] > 0),
        guesses=tuple(row["guess"] for row in rows["web_guesses"]),
        matches=tuple((row["kind"], row["url"], row["title"]) for row in rows["web_matches"]),
        text="\n".join(row["text"] for row in rows["texts"]),
        languages=_pairs(rows["languages"], "language", "confidence"),
        safe={
            name: LIKELIHOODS[row[name]] for row in rows["safe_search"] for name in SAFE_CATEGORIES
        },
        colors=tuple(
            (to_hex(row["color"]), row["score"], row["fraction"]) for row in rows["colors"]
        ),
        faces=tuple(_face(row) for row in rows["faces"]),
        shapes=_shapes(rows),
    )


def _pairs(rows: Sequence[Row], name: str, score: str = "score") -> tuple[tuple[str, float], ...]:
    return tuple((row[name], row[score]) for row in rows)


def _shapes(rows: _Rows) -> tuple[Shape, ...]:
    named = (
        ("crop_hint", "crop_hints", ""),
        ("landmark", "landmarks", "landmark"),
        ("object", "objects", "object"),
        ("product", "products", "product"),
        ("logo", "logos", "logo"),
        ("word", "words", "word"),
    )
    return (
        *(
            _shape(kind, row.get(name, ""), row)
            for kind, table, name in named
            for row in rows[table]
        ),
        *(_shape("face", f"Face {n}", row) for n, row in enumerate(rows["faces"], 1)),
    )


def with_face_points(annotations: Annotations, shard: bytes) -> Annotations:
    """Add the landmarks of each face, which no table holds: a million pictures have 34 a face.

    Args:
        shard: the bytes of the shard that ``annotations.source("faces")`` names.

    Raises:
        BadShard: the shard is damaged, or another one by now.
    """
    where, entry = annotations.source("faces")
    detail = face_detail(shard, entry, where)
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
        **{name: row[name] for name in numbers},
        **{name: LIKELIHOODS[row[name]] for name in FACE_TRAITS},
    }


def _shape(kind: str, name: str, row: Row) -> Shape:
    score = row.get("score", row.get("confidence"))
    return Shape(kind, name, score, _points(row["polygon"]), row["normalized"])


def _points(values: Sequence[float]) -> Points:
    return tuple(zip(values[0::2], values[1::2], strict=False))
