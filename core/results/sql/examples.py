"""Questions to begin with, by the tables that they need."""

from __future__ import annotations

from collections.abc import Collection

EXAMPLES: dict[str, tuple[tuple[str, ...], str]] = {
    "Labels by number of pictures": (
        ("labels",),
        """SELECT label, count(*) AS pictures, round(avg(score), 3) AS mean_score
FROM labels
GROUP BY label
ORDER BY pictures DESC
LIMIT 20""",
    ),
    "Pictures with two labels": (
        ("labels",),
        """SELECT picture, uri
FROM pictures
WHERE picture IN (SELECT picture FROM labels WHERE label = 'Sky')
  AND picture IN (SELECT picture FROM labels WHERE label = 'Water')""",
    ),
    "Pictures that moderation should see": (
        ("safe_search",),
        """SELECT picture, uri, adult, violence, racy
FROM safe_search JOIN pictures USING (picture)
WHERE greatest(adult_level, violence_level, racy_level) >= 4  -- 4 is LIKELY
ORDER BY picture""",
    ),
    "Objects by how often they are found": (
        ("objects",),
        """SELECT object, count(*) AS objects, count(DISTINCT picture) AS pictures,
       round(avg(score), 3) AS mean_score
FROM objects
GROUP BY object
ORDER BY objects DESC""",
    ),
    "Faces by joy": (
        ("faces",),
        "SELECT joy, count(*) AS faces FROM faces GROUP BY joy, joy_level ORDER BY joy_level",
    ),
    "Words by how often they are read": (
        ("words",),
        """SELECT lower(word) AS word, count(*) AS times, count(DISTINCT picture) AS pictures
FROM words
WHERE length(word) > 3
GROUP BY ALL
ORDER BY times DESC
LIMIT 50""",
    ),
    "Dominant colours of all pictures": (
        ("colors",),
        """SELECT color, sum(fraction) / (SELECT count(*) FROM pictures) AS share
FROM colors
GROUP BY color
ORDER BY share DESC
LIMIT 20""",
    ),
    "Failures by reason": (
        ("pictures",),
        """SELECT error_code, error_message, count(*) AS pictures
FROM pictures
WHERE error_code <> 0
GROUP BY ALL
ORDER BY pictures DESC""",
    ),
}


def examples(tables: Collection[str]) -> dict[str, str]:
    """Titles and statements of those whose tables are there."""
    return {
        title: sql for title, (needed, sql) in EXAMPLES.items() if all(n in tables for n in needed)
    }
