"""What each table's columns are, and how a block of responses becomes them.

Every builder takes the responses of a block and the pictures' ids, and gives one list or array per
column of its schema. Work is done column by column, since one list comprehension per column costs
about a third of appending row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from core.results.shards import wire
from core.results.shards.limits import MAX_CORNERS
from core.results.shards.wire import Response
from core.results.vocabulary import (
    FACE_TRAITS,
    LIKELIHOOD_NUMBER,
    SAFE_CATEGORIES,
)

_Item = TypeVar("_Item")
Ids = np.ndarray[Any, np.dtype[np.int32]]
Columns = dict[str, Any]
Builder = Callable[[Ids, Sequence[Response]], Columns]
_BLACK = wire.Color()
_NO_PRODUCT = wire.Product()
_NO_WEB = wire.WebDetection()


def flat(ids: Ids, groups: Iterable[Sequence[_Item]]) -> tuple[Ids, list[_Item]]:
    """Items of all groups in one list, and the id of the picture that each belongs to."""
    groups = list(groups)
    counts = np.fromiter(map(len, groups), np.int32, len(groups))
    return np.repeat(ids, counts), [item for group in groups for item in group]


def polygons(polys: Sequence[wire.Poly | None]) -> Columns:
    corners: list[Sequence[wire.Vertex]] = [
        (p.vertices or p.normalized_vertices) if p is not None else () for p in polys
    ]
    if max(map(len, corners), default=0) > MAX_CORNERS:
        corners = [group[:MAX_CORNERS] for group in corners]
    joined = [corner for group in corners for corner in group]
    xy = np.empty(2 * len(joined), np.float32)
    with np.errstate(over="ignore"):
        xy[0::2] = [corner.x for corner in joined]
        xy[1::2] = [corner.y for corner in joined]
    np.nan_to_num(xy, copy=False, posinf=0.0, neginf=0.0)
    offsets = np.zeros(len(polys) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, corners), np.int32, len(corners)) * 2, out=offsets[1:])
    return {
        "polygon": pa.ListArray.from_arrays(offsets, xy),
        "normalized": [
            p is not None and bool(p.normalized_vertices) and not p.vertices for p in polys
        ],
    }


def _likelihoods(values: Iterable[int | str]) -> list[int]:
    return [LIKELIHOOD_NUMBER.get(value, 0) for value in values]


def _labels(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(ids, [r.label_annotations for r in responses])
    return {
        "picture": owners,
        "label": [x.description for x in items],
        "score": [x.score for x in items],
    }


def _objects(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(ids, [r.localized_object_annotations for r in responses])
    return {
        "picture": owners,
        "object": [x.name for x in items],
        "score": [x.score for x in items],
        **polygons([x.bounding_poly for x in items]),
    }


def _faces(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(ids, [r.face_annotations for r in responses])
    return {
        "picture": owners,
        "score": [x.detection_confidence for x in items],
        "landmarking": [x.landmarking_confidence for x in items],
        "roll": [x.roll_angle for x in items],
        "pan": [x.pan_angle for x in items],
        "tilt": [x.tilt_angle for x in items],
        **{t: _likelihoods(map(attrgetter(f"{t}_likelihood"), items)) for t in FACE_TRAITS},
        **polygons([x.bounding_poly for x in items]),
    }


def _landmarks(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(ids, [r.landmark_annotations for r in responses])
    places = [x.locations[0].lat_lng if x.locations else None for x in items]
    return {
        "picture": owners,
        "landmark": [x.description for x in items],
        "score": [x.score for x in items],
        "latitude": [p.latitude if p else None for p in places],
        "longitude": [p.longitude if p else None for p in places],
        **polygons([x.bounding_poly for x in items]),
    }


def _logos(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(ids, [r.logo_annotations for r in responses])
    return {
        "picture": owners,
        "logo": [x.description for x in items],
        "score": [x.score for x in items],
        **polygons([x.bounding_poly for x in items]),
    }


def _safe_search(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(
        ids, [(r.safe_search_annotation,) if r.safe_search_annotation else () for r in responses]
    )
    return {
        "picture": owners,
        **{c: _likelihoods(map(attrgetter(c), items)) for c in SAFE_CATEGORIES},
    }


def _colors(ids: Ids, responses: Sequence[Response]) -> Columns:
    properties = [r.image_properties_annotation for r in responses]
    owners, items = flat(
        ids, [p.dominant_colors.colors if p and p.dominant_colors else () for p in properties]
    )
    shades = [x.color or _BLACK for x in items]
    channels = [[s.red for s in shades], [s.green for s in shades], [s.blue for s in shades]]
    rgb = np.array(channels, np.float64).reshape(3, -1)
    whole = np.rint(np.clip(np.nan_to_num(rgb), 0, 255)).astype(np.int32)
    return {
        "picture": owners,
        "color": whole[0] << 16 | whole[1] << 8 | whole[2],
        "score": [x.score for x in items],
        "fraction": [x.pixel_fraction for x in items],
    }


def _crop_hints(ids: Ids, responses: Sequence[Response]) -> Columns:
    annotations = [r.crop_hints_annotation for r in responses]
    owners, items = flat(ids, [a.crop_hints if a else () for a in annotations])
    corners = polygons([x.bounding_poly for x in items])
    return {
        "picture": owners,
        "aspect": _aspects(corners["polygon"], np.array(corners["normalized"], bool)),
        "confidence": [x.confidence for x in items],
        "importance": [x.importance_fraction for x in items],
        **corners,
    }


def _aspects(polygon: pa.ListArray, normalized: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
    """Width over height of the corners' bounds; 0 where there is none, or it is unknowable."""
    aspects = np.zeros(len(polygon), np.float32)
    offsets = polygon.offsets.to_numpy()
    rows = np.flatnonzero(np.diff(offsets) > 0)
    if len(rows):
        xy = polygon.values.to_numpy()
        starts = offsets[rows] // 2  # a row without corners takes no room between them
        width, height = (
            np.maximum.reduceat(axis, starts) - np.minimum.reduceat(axis, starts)
            for axis in (xy[0::2], xy[1::2])
        )
        known = (height > 0) & ~normalized[rows]
        aspects[rows[known]] = width[known] / height[known]
    return aspects


def _web_entities(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(
        ids, [r.web_detection.web_entities if r.web_detection else () for r in responses]
    )
    return {
        "picture": owners,
        "entity": [x.description for x in items],
        "score": [x.score for x in items],
    }


def _web_guesses(ids: Ids, responses: Sequence[Response]) -> Columns:
    owners, items = flat(
        ids, [r.web_detection.best_guess_labels if r.web_detection else () for r in responses]
    )
    return {
        "picture": owners,
        "guess": [x.label for x in items],
        "language": [x.language_code for x in items],
    }


def _web_matches(ids: Ids, responses: Sequence[Response]) -> Columns:
    answers = [r.web_detection or _NO_WEB for r in responses]
    images = {
        "full": [w.full_matching_images for w in answers],
        "partial": [w.partial_matching_images for w in answers],
        "similar": [w.visually_similar_images for w in answers],
    }
    page_owners, pages = flat(ids, [w.pages_with_matching_images for w in answers])
    owners, kinds, urls = [page_owners], ["page"] * len(pages), [x.url for x in pages]
    titles = [x.page_title for x in pages]
    for kind, groups in images.items():
        image_owners, items = flat(ids, groups)
        owners.append(image_owners)
        kinds += [kind] * len(items)
        urls += [x.url for x in items]
        titles += [""] * len(items)
    joined = np.concatenate(owners)
    order = np.argsort(joined, kind="stable")  # all tables are in the order of their pictures
    columns = {"kind": kinds, "url": urls, "title": titles}
    return {
        "picture": joined[order],
        **{name: pa.array(values, pa.string()).take(order) for name, values in columns.items()},
    }


def _products(ids: Ids, responses: Sequence[Response]) -> Columns:
    def found(search: wire.Products | None) -> list[_ProductRow]:
        if search is None:
            return []
        rows: list[_ProductRow] = [(0, None, result) for result in search.results]
        for region, group in enumerate(search.product_grouped_results, 1):
            rows += [(region, group.bounding_poly, result) for result in group.results]
        return rows

    owners, items = flat(ids, [found(r.product_search_results) for r in responses])
    products = [result.product or _NO_PRODUCT for _, _, result in items]
    return {
        "picture": owners,
        "product": [x.display_name or x.name for x in products],
        "score": [result.score for _, _, result in items],
        "name": [x.name for x in products],
        "category": [x.product_category for x in products],
        "region": [min(region, 32767) for region, _, _ in items],
        **polygons([poly for _, poly, _ in items]),
    }


_ProductRow = tuple[int, wire.Poly | None, wire.ProductResult]

BUILDERS: Mapping[str, Builder] = {
    "labels": _labels,
    "objects": _objects,
    "faces": _faces,
    "landmarks": _landmarks,
    "logos": _logos,
    "safe_search": _safe_search,
    "colors": _colors,
    "crop_hints": _crop_hints,
    "web_entities": _web_entities,
    "web_guesses": _web_guesses,
    "web_matches": _web_matches,
    "products": _products,
}
