"""Tables that the store derives once from those it is given, since many questions need them."""
# ruff: noqa: S608 - only names of our own columns enter the SQL

from __future__ import annotations

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
