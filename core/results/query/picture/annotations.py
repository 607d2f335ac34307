"""Everything that the tables know about one picture, ready to list or to draw."""

from __future__ import annotations

from dataclasses import dataclass, field

Points = tuple[tuple[float, float], ...]

# Kinds of shapes, in the order in which they are drawn: small things over large ones.
# A "hit" is a word that a text search found.
SHAPE_KINDS = (
    "crop_hint", "landmark", "object", "product", "logo", "word", "hit", "face", "face_point"
)  # fmt: skip


def picture_title(name: str, page: int, number: int) -> str:
    """What to call a picture in one line: its file's name and page, else its number; hostile."""
    name = name or f"Picture {number}"
    return f"{name}, page {page}" if page else name


@dataclass(frozen=True, slots=True)
class Shape:
    """Something at a place in the picture.

    Attributes:
        kind: one of ``SHAPE_KINDS``.
        name: what it is called; hostile text, may be empty.
        score: 0..1; None where the service gives none.
        points: corners in pixels of the file's own grid, or in 0..1 if ``normalized``.
    """

    kind: str
    name: str
    score: float | None
    points: Points
    normalized: bool = False


@dataclass(frozen=True, slots=True)
class Annotations:
    """One picture's results; names and text are hostile.

    Attributes:
        picture: id in the store; ``uri`` and ``page`` (0 for pictures) say which it is.
        name, folder: what the user calls it, see ``tables.picture_names``.
        error_code: google.rpc.Code; 0 if the picture was annotated.
        shard, entry: the shard's address and the response's place in it, from 0.
        sources: (feature, shard, entry) where several responses have a part in this; else empty.
        labels, landmarks, logos, objects, web, products: (name, score), as the service orders them.
        languages: (BCP-47 code, confidence).
        crops: shapes of crop hints, of ``vocabulary.CROP_SHAPES``.
        guesses: best guess labels of web detection.
        safe: likelihood name by category; empty if not asked for.
        colors: ("#rrggbb", score, fraction of pixels).
        faces: each face's angles, confidence and likelihoods by name.
        shapes: everything that has a place.
    """

    picture: int
    uri: str
    name: str = ""
    folder: str = ""
    page: int = 0
    error_code: int = 0
    error_message: str = ""
    shard: str = ""
    entry: int = 0
    number: int = 0
    sources: tuple[tuple[str, str, int], ...] = ()
    labels: tuple[tuple[str, float], ...] = ()
    objects: tuple[tuple[str, float], ...] = ()
    landmarks: tuple[tuple[str, float], ...] = ()
    logos: tuple[tuple[str, float], ...] = ()
    web: tuple[tuple[str, float], ...] = ()
    guesses: tuple[str, ...] = ()
    matches: tuple[tuple[str, str, str], ...] = ()
    products: tuple[tuple[str, float], ...] = ()
    crops: tuple[str, ...] = ()
    text: str = ""
    languages: tuple[tuple[str, float], ...] = ()
    safe: dict[str, str] = field(default_factory=dict)
    colors: tuple[tuple[str, float, float], ...] = ()
    faces: tuple[dict[str, float | str], ...] = ()
    shapes: tuple[Shape, ...] = ()

    @property
    def title(self) -> str:
        """What to call it in one line, see ``picture_title``."""
        return picture_title(self.name, self.page, self.number)

    def responses(self) -> dict[tuple[str, int], list[str]]:
        """(shard, entry) of each response with a part in this -> its features; [] for all."""
        by_place: dict[tuple[str, int], list[str]] = {}
        for feature, shard, entry in self.sources:
            by_place.setdefault((shard, entry), []).append(feature)
        return by_place or {(self.shard, self.entry): []}

    def source(self, feature: str) -> tuple[str, int]:
        """(shard, entry) of the response that a feature of ``features.FEATURES`` is taken from."""
        named = {name: (shard, entry) for name, shard, entry in self.sources}
        return named.get(feature, (self.shard, self.entry))
