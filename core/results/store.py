"""Questions about results, answered from DuckDB as dataframes.

Frames always have their columns, also without rows. Every method takes ``filters``, and most take
``without``: the group of ``filters.GROUPS`` to leave out, by default the chart's own, so that a
chart still shows what else could be chosen. Safe to share between threads.
"""
# ruff: noqa: S608 - only names of our own tables and columns enter the SQL

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from core.results.annotations import Annotations
from core.results.conditions import (
    Query,
    picture_condition,
    score_condition,
    selected,
)
from core.results.derived import (
    COLORS,
    COUNTED,
    DERIVED,
    MANY_FACES,
    PICTURES,
    faces_name,
    shades,
)
from core.results.filters import Filters
from core.results.palettes import batch_palette, to_hex
from core.results.picture_reader import read_annotations
from core.results.schemas import SCHEMAS
from core.results.tables import Tables
from core.results.vocabulary import FACE_TRAITS, LIKELIHOODS, SAFE_CATEGORIES, status_name


class Store:
    """The tables of one prefix, loaded into a DuckDB database in memory."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._lock = Lock()
        self._db = duckdb.connect(
            ":memory:",
            config={"autoinstall_known_extensions": False, "autoload_known_extensions": False},
        )
        for name in SCHEMAS:
            self._create(f"{name}_read" if name in DERIVED else name, tables[name])
        self._db.execute(COLORS)
        self._db.execute(PICTURES)
        self._create("shades", shades(self._frame("SELECT DISTINCT color FROM colors")))
        # Nothing below reads files or changes settings; hostile text could not make it.
        self._db.execute("SET enable_external_access = false")
        self._db.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Free the database's memory."""
        self._db.close()

    def _create(self, name: str, source: Any) -> None:
        self._db.register("incoming", source)
        self._db.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
        self._db.unregister("incoming")

    def _frame(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        with self._lock:
            cursor = self._db.cursor()
        try:
            frame: pd.DataFrame = cursor.execute(sql, list(parameters)).df()
        finally:
            cursor.close()
        if frame.empty:  # pandas calls text without rows "object"
            return frame.astype(dict.fromkeys(frame.select_dtypes("object").columns, "str"))
        return frame

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """As ``_frame``, as Python values: half the time where rows are few."""
        with self._lock:
            cursor = self._db.cursor()
        try:
            rows = cursor.execute(sql, list(parameters)).fetchall()
            names = [column[0] for column in cursor.description]
        finally:
            cursor.close()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def count(self, filters: Filters, without: str | None = None) -> int:
        """How many pictures pass."""
        condition = picture_condition(filters.without(without)) or Query("TRUE")
        sql = f"SELECT count(*) AS n FROM pictures WHERE {condition.sql}"
        return int(self._frame(sql, condition.parameters)["n"][0])

    def ids(self, filters: Filters, without: str | None = None) -> list[int]:
        """Ids of the pictures that pass, in order."""
        condition = picture_condition(filters.without(without)) or Query("TRUE")
        sql = f"SELECT picture FROM pictures WHERE {condition.sql} ORDER BY picture"
        return [int(n) for n in self._frame(sql, condition.parameters)["picture"]]

    def find(self, uri: str, page: int = 0) -> int | None:
        """Id of the picture of an address; None if there is none."""
        sql = "SELECT picture FROM pictures WHERE uri = ? AND page = ? ORDER BY picture LIMIT 1"
        found = self._frame(sql, [uri, page])["picture"]
        return int(found[0]) if len(found) else None

    def pictures(
        self,
        filters: Filters,
        without: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pd.DataFrame:
        """The pictures that pass, in order.

        Columns: picture, uri, page, number, error_code, error (the code's name, "" if none),
        error_message, label and score (the best label; "" and NaN if none), labels, objects, faces,
        words (counts), safe_category and safe_likelihood (the worst; "" if not asked for).
        """
        condition = picture_condition(filters.without(without)) or Query("TRUE")
        sql = (
            f"SELECT * EXCLUDE (face_score, shard, entry) FROM pictures WHERE {condition.sql} "
            "ORDER BY picture LIMIT ? OFFSET ?"
        )
        limit = 2**62 if limit is None else limit
        frame = self._frame(sql, [*condition.parameters, limit, offset])
        names = ["" if code == 0 else status_name(code) for code in frame["error_code"].tolist()]
        frame.insert(5, "error", pd.Series(names, index=frame.index, dtype="str"))
        levels = [LIKELIHOODS[n] if n >= 0 else "" for n in frame["safe_likelihood"].tolist()]
        frame["safe_likelihood"] = pd.Series(levels, index=frame.index, dtype="str")
        return frame

    def features(self, filters: Filters, without: str | None = None) -> dict[str, int]:
        """For each table, how many of the pictures that pass have a row in it."""
        where = selected(filters.without(without))
        parts = [
            f"SELECT '{name}' AS feature, count(DISTINCT picture) AS pictures "
            f"FROM {name} WHERE {where.sql}"
            for name in SCHEMAS
        ]
        frame = self._frame(" UNION ALL ".join(parts), where.parameters * len(parts))
        return dict(zip(frame["feature"], frame["pictures"].astype(int).tolist(), strict=True))

    def labels(
        self, filters: Filters, top: int = 30, without: str | None = "labels"
    ) -> pd.DataFrame:
        """Most frequent labels. Columns: label, pictures, mean_score; most pictures first."""
        where, cutoff = selected(filters.without(without)), score_condition("labels", filters)
        sql = (
            "SELECT label, count(DISTINCT picture) AS pictures, avg(score) AS mean_score "
            f"FROM labels WHERE label <> '' AND {cutoff.sql} AND {where.sql} "
            "GROUP BY label ORDER BY pictures DESC, label LIMIT ?"
        )
        return self._frame(sql, [*cutoff.parameters, *where.parameters, top])

    def counts(
        self, feature: str, filters: Filters, top: int = 30, without: str | None = ""
    ) -> pd.DataFrame:
        """Most frequent names of a feature: a key of ``COUNTED``.

        Columns: name, value (what ``Filters.toggled(feature, value)`` takes), pictures, instances,
        mean_score. For faces a name is how many a picture has, and value is (least, most).
        """
        without = feature if without == "" else without
        if feature == "faces":
            return self._face_counts(filters, without)
        found = COUNTED[feature]
        where = selected(filters.without(without))
        cutoff = score_condition(found.table, filters)
        sized = "aspect > 0" if feature == "crops" else "TRUE"
        sql = (
            f"SELECT {found.name} AS name, name AS value, count(DISTINCT picture) AS pictures, "
            f"count(*) AS instances, avg({found.score}) AS mean_score FROM {found.table} "
            f"WHERE name <> '' AND {sized} AND {cutoff.sql} AND {where.sql} "
            "GROUP BY ALL ORDER BY pictures DESC, name LIMIT ?"
        )
        return self._frame(sql, [*cutoff.parameters, *where.parameters, top])

    def _face_counts(self, filters: Filters, without: str | None) -> pd.DataFrame:
        condition = picture_condition(filters.without(without)) or Query("TRUE")
        sql = (
            f"SELECT least({MANY_FACES}, faces) AS least, count(*) AS pictures, "
            "sum(faces)::BIGINT AS instances, "
            "sum(face_score) / nullif(sum(faces), 0) AS mean_score "
            f"FROM pictures WHERE error_code = 0 AND {condition.sql} "
            "AND EXISTS (FROM faces) GROUP BY ALL ORDER BY least"
        )
        frame = self._frame(sql, condition.parameters)
        least = frame.pop("least").astype(int).tolist()
        names = [faces_name(n) for n in least]
        values = [(n, None if n == MANY_FACES else n) for n in least]
        frame.insert(0, "name", pd.Series(names, index=frame.index, dtype="str"))
        frame.insert(1, "value", pd.Series(values, index=frame.index, dtype="object"))
        return frame

    def safe_search(self, filters: Filters, without: str | None = "safe") -> pd.DataFrame:
        """All 5 categories by all 6 likelihoods. Columns: category, likelihood, pictures."""
        return self._levels("safe_search", "category", SAFE_CATEGORIES, filters.without(without))

    def face_traits(self, filters: Filters, without: str | None = "traits") -> pd.DataFrame:
        """All 7 traits by all 6 likelihoods, counting faces. Columns: trait, likelihood, faces."""
        frame = self._levels("faces", "trait", FACE_TRAITS, filters.without(without))
        return frame.rename(columns={"pictures": "faces"})

    def _levels(
        self, table: str, title: str, columns: Sequence[str], filters: Filters
    ) -> pd.DataFrame:
        where = selected(filters)
        names = ", ".join(columns)
        sql = f"SELECT {names}, count(*) AS n FROM {table} WHERE {where.sql} GROUP BY ALL"
        frame = self._frame(sql, where.parameters)
        weights = frame["n"].to_numpy(np.float64)
        cells = [
            np.bincount(frame[name].to_numpy(np.int64), weights, len(LIKELIHOODS))
            for name in columns
        ]
        return pd.DataFrame(
            {
                title: np.repeat(columns, len(LIKELIHOODS)),
                "likelihood": np.tile(LIKELIHOODS, len(columns)),
                "pictures": np.concatenate(cells).astype(np.int64),
            }
        )

    def errors(
        self, filters: Filters, top: int = 30, without: str | None = "errors"
    ) -> pd.DataFrame:
        """Kinds of errors. Columns: code (its name), message, pictures; most pictures first.

        A picture's own address in its message is shown as "…", so that equal faults are one row.
        """
        condition = picture_condition(filters.without(without)) or Query("TRUE")
        sql = (
            "SELECT error_code, CASE WHEN uri = '' THEN error_message "
            "ELSE replace(error_message, uri, '…') END AS message, count(*) AS pictures "
            f"FROM pictures WHERE error_code <> 0 AND {condition.sql} "
            "GROUP BY ALL ORDER BY pictures DESC, error_code, message LIMIT ?"
        )
        frame = self._frame(sql, [*condition.parameters, top])
        codes = [status_name(code) for code in frame.pop("error_code").tolist()]
        frame.insert(0, "code", pd.Series(codes, index=frame.index, dtype="str"))
        return frame

    def palette_batch(
        self, filters: Filters, k: int = 8, without: str | None = "color"
    ) -> pd.DataFrame:
        """The batch's palette. Columns: hex, share, r, g, b, tolerance; largest share first.

        Dominant colours are clustered in CIELAB, weighted by their part of the picture's pixels.
        ``tolerance`` takes in 90 % of the cluster: with ``hex`` it makes the filter for it.
        """
        where = selected(filters.without(without))
        sql = (
            "SELECT color, sum(weight)::DOUBLE AS weight FROM colors "
            f"WHERE {where.sql} GROUP BY color ORDER BY color"
        )
        frame = self._frame(sql, where.parameters)
        found = batch_palette(
            frame["color"].to_numpy(np.int64), frame["weight"].to_numpy(np.float64), k
        )
        return pd.DataFrame(
            {
                "hex": pd.Series([to_hex(color) for color in found.colors], dtype="str"),
                "share": pd.Series(found.shares, dtype="float64"),
                **{
                    name: pd.Series([c >> shift & 255 for c in found.colors], dtype="int64")
                    for name, shift in (("r", 16), ("g", 8), ("b", 0))
                },
                "tolerance": pd.Series(found.spreads, dtype="float64").clip(lower=5.0).round(1),
            }
        )

    def palettes(self, pictures: Sequence[int]) -> pd.DataFrame:
        """Dominant colours of given pictures. Columns: picture, uri, hex, score, fraction."""
        sql = (
            "SELECT picture, uri, printf('#%06x', color) AS hex, c.score, c.fraction "
            "FROM colors c JOIN pictures USING (picture) WHERE picture IN (SELECT unnest(?)) "
            "ORDER BY picture, c.fraction DESC, c.score DESC, color"
        )
        return self._frame(sql, [[int(n) for n in pictures]])

    def places(self, filters: Filters, without: str | None = "landmarks") -> pd.DataFrame:
        """Landmarks on the map. Columns: landmark, latitude, longitude, pictures, mean_score."""
        where = selected(filters.without(without))
        cutoff = score_condition("landmarks", filters)
        sql = (
            "SELECT landmark, avg(latitude) AS latitude, avg(longitude) AS longitude, "
            "count(DISTINCT picture) AS pictures, avg(score) AS mean_score FROM landmarks "
            f"WHERE latitude IS NOT NULL AND {cutoff.sql} AND {where.sql} "
            "GROUP BY landmark ORDER BY pictures DESC, landmark"
        )
        return self._frame(sql, [*cutoff.parameters, *where.parameters])

    def annotations(self, picture: int) -> Annotations | None:
        """Everything about one picture; None if there is no such id."""
        found = self.annotations_of([picture])
        return found[0] if found else None

    def annotations_of(self, pictures: Sequence[int]) -> list[Annotations]:
        """Everything about some pictures, in the order given; unknown ids are left out."""
        return read_annotations(self._rows, pictures)
