"""Tables of generated results without the shards: seeded, a million pictures in a minute or so.

Shaped like the results of ``generated_shards`` (same names, same numbers of rows a picture), but
drawn with NumPy, since a million pictures' shards would be 10 GB of JSON and take an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import FACE_TRAITS, SAFE_CATEGORIES
from tests.kit.results.generated_shards import (
    BUCKET,
    LABELS,
    LANGUAGES,
    LOGOS,
    OBJECTS,
    PLACES,
    TEXT,
)

CHUNK = 50_000  # pictures drawn at once
FAILED = 0.01
LIKELY = (0.02, 0.6, 0.2, 0.1, 0.05, 0.03)
Columns = dict[str, Any]


def chunks(pictures: int, seed: int = 1) -> Iterator[dict[str, pa.Table]]:
    """All tables, some pictures at a time; ids go on from chunk to chunk."""
    for first in range(0, pictures, CHUNK):
        drawn = _Chunk(first, min(CHUNK, pictures - first), np.random.default_rng((seed, first)))
        yield {
            name: pa.table(
                [_column(columns[field.name], field.type) for field in SCHEMAS[name]],
                schema=SCHEMAS[name],
            )
            for name, columns in drawn.tables().items()
        }


def whole(pictures: int, seed: int = 1) -> dict[str, pa.Table]:
    """All tables at once."""
    parts = list(chunks(pictures, seed))
    return {name: pa.concat_tables([part[name] for part in parts]) for name in SCHEMAS}


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    return pa.array(values).cast(kind)


def _named(codes: Any, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names))


def _joined(*parts: Any) -> pa.Array:
    texts = [part if isinstance(part, str) else pc.cast(part, pa.string()) for part in parts]
    return pc.binary_join_element_wise(*texts, "")


class _Chunk:
    """Some pictures; every table draws its rows for those that did not fail."""

    def __init__(self, first: int, count: int, rng: np.random.Generator) -> None:
        self.rng, self.first, self.count = rng, first, count
        self.ids = np.arange(first, first + count, dtype=np.int32)
        self.failed = rng.random(count) < FAILED
        self.fine = self.ids[~self.failed]

    def tables(self) -> Mapping[str, Columns]:
        """Columns of every table."""
        words = self._words()
        return {
            "pictures": self._pictures(),
            "labels": self._labels(),
            "objects": self._objects(),
            "faces": self._faces(),
            "landmarks": self._landmarks(),
            "logos": self._some(0.1, "logo", LOGOS),
            "safe_search": self._safe_search(),
            "colors": self._colors(),
            "crop_hints": self._crop_hints(),
            "web_entities": self._web_entities(),
            "web_guesses": self._web_guesses(),
            "web_matches": self._web_matches(),
            "products": self._none("products"),
            **words,
        }

    def _none(self, name: str) -> Columns:
        return {field.name: pa.array([], field.type) for field in SCHEMAS[name]}

    def _boxes(self, rows: int, scale: float) -> Columns:
        corner, size = self.rng.random((2, rows, 2), np.float32)
        far = corner + size * 0.5
        xy = np.stack(
            [corner[:, 0], corner[:, 1], far[:, 0], corner[:, 1], *far.T, corner[:, 0], far[:, 1]],
            axis=1,
        )
        offsets = np.arange(0, 8 * rows + 1, 8, dtype=np.int32)
        flat = np.rint(xy * scale) if scale > 1 else xy
        return {
            "polygon": pa.ListArray.from_arrays(offsets, pa.array(flat.reshape(-1), pa.float32())),
            "normalized": np.full(rows, scale <= 1),
        }

    def _pictures(self) -> Columns:
        number = pa.array(self.ids + 1)
        padded = pc.utf8_lpad(number.cast(pa.string()), 6, "0")
        uri = _joined(f"{BUCKET}/album-", pa.array(self.ids % 7), "/picture-", padded, ".jpg")
        codes = np.where(self.failed, self.rng.choice([3, 5, 7], self.count), 0)
        message = _joined("Error opening file: ", uri, ".")
        shard = self.ids // 20
        low, place = int(shard[0]), shard - shard[0]
        names = [f"{BUCKET}/output-{n * 20 + 1}-to-{n * 20 + 20}.json"
                 for n in range(low, int(shard[-1]) + 1)]  # fmt: skip
        return {
            "picture": self.ids,
            "uri": uri,
            "name": _joined("picture-", padded, ".jpg"),
            "folder": _named(self.ids % 7, [f"{BUCKET}/album-{n}" for n in range(7)]),
            "page": np.zeros(self.count, np.int32),
            "error_code": codes,
            "error_message": pc.if_else(pa.array(self.failed), message, ""),
            "shard": _named(place, names),
            "number": self.ids + 1,
            "entry": self.ids % 20,
        }

    def _labels(self) -> Columns:
        drawn = (self.rng.pareto(0.6, (len(self.fine), 12)) + 1).clip(max=len(LABELS))
        codes = np.sort(drawn.astype(np.int32) - 1, axis=1)
        fresh = np.ones(codes.shape, bool)
        fresh[:, 1:] = codes[:, 1:] != codes[:, :-1]
        fresh &= np.cumsum(fresh, axis=1) <= 10
        fall = np.where(fresh, self.rng.uniform(0.9, 1.0, codes.shape), 1.0)
        score = 0.99 * np.cumprod(fall, axis=1)
        owners = np.repeat(self.fine, 12).reshape(codes.shape)
        return {
            "picture": owners[fresh],
            "label": _named(codes[fresh], LABELS),
            "score": score[fresh].astype(np.float32),
        }

    def _owners(self, counts: Sequence[int]) -> Any:
        return np.repeat(self.fine, self.rng.choice(counts, len(self.fine)))

    def _objects(self) -> Columns:
        owners = self._owners((0, 1, 1, 2, 3))
        return {
            "picture": owners,
            "object": _named(self.rng.integers(0, len(OBJECTS), len(owners)), OBJECTS),
            "score": self.rng.uniform(0.5, 0.99, len(owners)),
            **self._boxes(len(owners), 1),
        }

    def _faces(self) -> Columns:
        owners = self._owners((0, 0, 0, 1, 2))
        rows = len(owners)
        return {
            "picture": owners,
            "score": self.rng.uniform(0.6, 1, rows),
            "landmarking": self.rng.uniform(0.4, 1, rows),
            **{name: self.rng.normal(0, 10, rows) for name in ("roll", "pan", "tilt")},
            **{trait: self._likelihood(rows) for trait in FACE_TRAITS},
            **self._boxes(rows, 1200),
        }

    def _likelihood(self, rows: int) -> Any:
        return self.rng.choice(6, rows, p=LIKELY).astype(np.uint8)

    def _chosen(self, part: float) -> Any:
        return self.fine[self.rng.random(len(self.fine)) < part]

    def _some(self, part: float, column: str, names: Sequence[str]) -> Columns:
        owners = self._chosen(part)
        return {
            "picture": owners,
            column: _named(self.rng.integers(0, len(names), len(owners)), names),
            "score": self.rng.uniform(0.3, 0.95, len(owners)),
            **self._boxes(len(owners), 1200),
        }

    def _landmarks(self) -> Columns:
        columns = self._some(0.1, "landmark", list(PLACES))
        places = np.array(list(PLACES.values()))[columns["landmark"].indices.to_numpy()]
        return {**columns, "latitude": places[:, 0], "longitude": places[:, 1]}

    def _safe_search(self) -> Columns:
        rows = len(self.fine)
        return {"picture": self.fine, **{c: self._likelihood(rows) for c in SAFE_CATEGORIES}}

    def _colors(self) -> Columns:
        shape = (len(self.fine), 10)
        angle = self.rng.normal(self.rng.uniform(0, 2 * np.pi, (shape[0], 1)), 0.5, shape)
        light, spread = self.rng.uniform(20, 235, shape), self.rng.uniform(0, 60, shape)
        color = np.zeros(shape, np.int32)
        for turn in (0.0, 2.09, 4.19):
            channel = np.rint(np.clip(light + spread * np.cos(angle + turn), 0, 255))
            color = color << 8 | channel.astype(np.int32)
        left = np.tile(0.75 ** np.arange(10), shape[0])
        return {
            "picture": np.repeat(self.fine, 10),
            "color": color.reshape(-1),
            "score": left * 0.3,
            "fraction": left * 0.2,
        }

    def _crop_hints(self) -> Columns:
        rows = len(self.fine)
        return {
            "picture": self.fine,
            "aspect": self.rng.choice([0.75, 1.0, 4 / 3], rows),
            "confidence": self.rng.uniform(0.3, 1, rows),
            "importance": np.ones(rows),
            **self._boxes(rows, 1200),
        }

    def _web_entities(self) -> Columns:
        step = self.rng.integers(0, 40, (len(self.fine), 1)) + np.arange(0, 35, 7)
        return {
            "picture": np.repeat(self.fine, 5),
            "entity": _named((step % 40).reshape(-1), LABELS),
            "score": self.rng.uniform(0.1, 1.4, 5 * len(self.fine)),
        }

    def _web_guesses(self) -> Columns:
        rows = len(self.fine)
        return {
            "picture": self.fine,
            "guess": _named(self.rng.integers(0, len(LABELS), rows), [n.lower() for n in LABELS]),
            "language": _named(np.zeros(rows, np.int32), ["en"]),
        }

    def _web_matches(self) -> Columns:
        owners = np.repeat(self.fine, 4)
        place = np.tile(np.arange(4), len(self.fine))
        url = _joined(
            "https://example.com/", pa.array(owners), "/similar-", pa.array(place), ".jpg"
        )
        return {
            "picture": owners,
            "kind": _named(np.zeros(len(owners), np.int32), ["similar"]),
            "url": url,
            "title": np.full(len(owners), "", object),
        }

    def _words(self) -> dict[str, Columns]:
        owners = self._chosen(0.3)
        counts = self.rng.integers(1, 9, len(owners)).astype(np.int32)
        codes = self.rng.integers(0, len(TEXT), int(counts.sum()))
        words = pa.array(TEXT).take(pa.array(codes))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        text = pc.binary_join(pa.ListArray.from_arrays(offsets, words), " ")
        return {
            "texts": {
                "picture": owners,
                "text": text,
                "words": counts,
                "pages": np.zeros(len(owners), np.int16),
            },
            "words": {
                "picture": np.repeat(owners, counts),
                "word": words,
                **self._boxes(len(codes), 1200),
            },
            "languages": {
                "picture": owners,
                "language": _named(self.rng.integers(0, len(LANGUAGES), len(owners)), LANGUAGES),
                "confidence": np.zeros(len(owners)),
            },
        }
