"""What the store knows of its tables: those it derives once, and where names are counted."""
# ruff: noqa: S608 - only names of our own columns enter the SQL

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from core.results.conditions import CROP_SHAPE_SQL
from core.results.palettes import to_lab
from core.results.vocabulary import SAFE_CATEGORIES

DERIVED = ("pictures", "colors")  # made below from tables of this name + "_read"

_WORST = f"greatest({', '.join(SAFE_CATEGORIES)})"
_WORST_NAME = " ".join(f"WHEN {name} = {_WORST} THEN '{name}'" for name in SAFE_CATEGORIES)

# What a colour counts for: its part of the pixels, or its score in results that give no part.
COLORS = """
CREATE TABLE colors AS
SELECT picture, color, score, fraction,
       CASE WHEN (SELECT max(fraction) > 0 FROM colors_read) THEN fraction ELSE score END AS weight
FROM colors_read ORDER BY picture
"""

# One row a picture: who it is, its fault, and what lists and filters ask most.
PICTURES = f"""
CREATE TABLE pictures AS
SELECT p.picture, p.uri, p.page, p.number, p.error_code, p.error_message,
       coalesce(l.label, '') AS label, l.score,
       coalesce(l.n, 0)::INTEGER AS labels,
       coalesce(o.n, 0)::INTEGER AS objects,
       coalesce(f.n, 0)::INTEGER AS faces, f.score AS face_score,
       coalesce(t.words, 0)::INTEGER AS words,
       coalesce(s.category, '') AS safe_category,
       coalesce(s.likelihood, -1)::TINYINT AS safe_likelihood,
       p.shard, p.entry
FROM pictures_read p
LEFT JOIN (SELECT picture, arg_max(label, score) AS label, max(score) AS score, count(*) AS n
           FROM labels GROUP BY picture) l USING (picture)
LEFT JOIN (SELECT picture, count(*) AS n FROM objects GROUP BY picture) o USING (picture)
LEFT JOIN (SELECT picture, count(*) AS n, sum(score) AS score
           FROM faces GROUP BY picture) f USING (picture)
LEFT JOIN texts t USING (picture)
LEFT JOIN (SELECT picture, {_WORST} AS likelihood,
                  CASE WHEN {_WORST} = 0 THEN '' {_WORST_NAME} END AS category
           FROM safe_search) s USING (picture)
ORDER BY p.picture
"""

MANY_FACES = 5  # "5 or more" is one bar


class _Counted(NamedTuple):
    """Where ``counts`` finds a feature: its table, name column and score column."""

    table: str
    name: str
    score: str


COUNTED = {
    "objects": _Counted("objects", "object", "score"),
    "landmarks": _Counted("landmarks", "landmark", "score"),
    "logos": _Counted("logos", "logo", "score"),
    "languages": _Counted("languages", "language", "confidence"),
    "web": _Counted("web_entities", "entity", "score"),
    "products": _Counted("products", "product", "score"),
    "crops": _Counted("crop_hints", CROP_SHAPE_SQL, "confidence"),
    "faces": _Counted("faces", "", "score"),
}


def faces_name(faces: int) -> str:
    """What a bar of the face counts is called."""
    if faces == MANY_FACES:
        return f"{faces} or more faces"
    return {0: "No face", 1: "1 face"}.get(faces, f"{faces} faces")


def shades(colors: pd.DataFrame) -> pd.DataFrame:
    """CIELAB of each distinct colour, computed once."""
    values = colors["color"].to_numpy(np.int64)
    lab = to_lab(values) if len(values) else np.empty((0, 3))
    return pd.DataFrame(
        {
            "color": values.astype(np.int32),
            "lightness": lab[:, 0].astype(np.float32),
            "a": lab[:, 1].astype(np.float32),
            "b": lab[:, 2].astype(np.float32),
        }
    )
