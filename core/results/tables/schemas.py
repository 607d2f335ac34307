"""The tables that results become: one for each feature, with declared columns even for no rows.

Narrow on purpose: pictures are int32 ids, names are dictionary codes, likelihoods the enum's
number, colours 0xRRGGBB. The column ``picture`` comes first everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from core.results.vocabulary import FACE_TRAITS, SAFE_CATEGORIES

_ID = pa.int32()
_CODE = pa.dictionary(pa.int32(), pa.string())
_REAL = pa.float32()
# A polygon is x0, y0, x1, y1, ...; in pixels, or in 0..1 where ``normalized``.
_POLYGON = {"polygon": pa.list_(_REAL), "normalized": pa.bool_()}

SCHEMAS: Mapping[str, pa.Schema] = {
    name: pa.schema({"picture": _ID, **fields})
    for name, fields in {
        # ``name`` and ``folder``: as ``picture_names`` says; empty until parts are assembled.
        # ``number``: the picture's 1-based place in its request; ``entry``: place in its shard.
        "pictures": {
            "uri": pa.string(),
            "name": pa.string(),
            "folder": _CODE,
            "page": _ID,
            "error_code": _ID,
            "error_message": pa.string(),
            "shard": _CODE,
            "number": _ID,
            "entry": _ID,
        },
        "labels": {"label": _CODE, "score": _REAL},
        "objects": {"object": _CODE, "score": _REAL, **_POLYGON},
        "faces": {
            "score": _REAL,
            "landmarking": _REAL,
            "roll": _REAL,
            "pan": _REAL,
            "tilt": _REAL,
            **dict.fromkeys(FACE_TRAITS, pa.uint8()),
            **_POLYGON,
        },
        "landmarks": {
            "landmark": _CODE,
            "score": _REAL,
            "latitude": pa.float64(),
            "longitude": pa.float64(),
            **_POLYGON,
        },
        "logos": {"logo": _CODE, "score": _REAL, **_POLYGON},
        "texts": {"text": pa.string(), "words": _ID, "pages": pa.int16()},
        "words": {"word": pa.string(), **_POLYGON},
        "languages": {"language": _CODE, "confidence": _REAL},
        "safe_search": dict.fromkeys(SAFE_CATEGORIES, pa.uint8()),
        # ``color`` is 0xRRGGBB; ``fraction`` of the picture's pixels.
        "colors": {"color": _ID, "score": _REAL, "fraction": _REAL},
        # ``aspect`` is width / height; 0 where the hint is degenerate.
        "crop_hints": {"aspect": _REAL, "confidence": _REAL, "importance": _REAL, **_POLYGON},
        "web_entities": {"entity": _CODE, "score": _REAL},
        "web_guesses": {"guess": _CODE, "language": _CODE},
        # ``kind``: full, partial or similar image, or a page.
        "web_matches": {"kind": _CODE, "url": pa.string(), "title": pa.string()},
        # ``region``: 0 for the whole picture, else the group's number.
        "products": {
            "product": _CODE,
            "score": _REAL,
            "name": pa.string(),
            "category": _CODE,
            "region": pa.int16(),
            **_POLYGON,
        },
    }.items()
}
