"""Questions about results, answered as dataframes.

Frames always have their columns, also without rows. Every method takes ``filters``, and most take
``without``: the group of ``filters.GROUPS`` to leave out, by default the chart's own, so that a
chart still shows what else could be chosen. Safe to share between threads.

What every chart asks (which pictures pass, how often each name appears, how much each colour
weighs) is answered from columns of codes; all other questions by DuckDB over the same tables.
"""
# ruff: noqa: S608 - only names of our own tables and columns enter the SQL

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from core.results.columns import relations
from core.results.columns.colors import ColorColumn
from core.results.columns.label_hierarchy import LabelHierarchy
from core.results.columns.name_counts import (
    COUNTED,
    MANY_FACES,
    NameColumn,
    faces_name,
    named_column,
)
from core.results.columns.palettes import batch_palette, to_hex
from core.results.columns.picture_paths import PicturePaths
from core.results.columns.specific_labels import SpecificLabels
from core.results.columns.text_query import TextColumn
from core.results.query.answers import AnswerCache
from core.results.query.database import Database
from core.results.query.filters import Filters
from core.results.query.masks import Masks, Placed
from core.results.query.picture.annotations import Annotations
from core.results.query.picture.picture_summary import with_summary
from core.results.query.picture.read_annotations import read_annotations
from core.results.query.picture_marks import PictureMarks
from core.results.query.picture_order import PictureOrder
from core.results.tables.arrow import Bools, having_rows, numbers, rows_of, whole
from core.results.tables.schemas import SCHEMAS
from core.results.tables.tables import Tables
from core.results.vocabulary import FACE_TRAITS, LIKELIHOODS, SAFE_CATEGORIES, status_name

_Made = TypeVar("_Made")
MOST_ANSWERS = 200  # charts drawn under the filters asked for lately, some 100 kB each


class Store:
    """The tables of one prefix, ready to be asked.

    ``tables`` are those given, each in one piece; columns of codes are made when first needed.
    ``views`` are the same with the summary of each picture, as SQL sees them.
    ``marks`` is set by who knows what people said of the pictures.
    ``map_places`` is set by who has drawn the map of pictures: ``Filters.area`` needs it.
    """

    def __init__(self, tables: Tables) -> None:
        whole_tables = {name: whole(tables[name]) for name in SCHEMAS}
        self.tables = replace(tables, by_name=whole_tables, sources=whole(tables.sources))
        self._total = self.tables.pictures
        self._made: dict[str, Any] = {}
        self._answers = AnswerCache(MOST_ANSWERS)
        self._lock = RLock()
        self.views = {**whole_tables, "pictures": with_summary(whole_tables)}
        self._database = Database(self.views)
        self._frame, self._rows = self._database.frame, self._database.rows
        self.map_places: Placed | None = None
        self.marks = PictureMarks()
        self._masks = Masks(
            self._database,
            self._total,
            column=self._column,
            colors=self._colors,
            texts=self._texts,
            paths=self._paths,
            placed=lambda: self.map_places,
            marks=lambda: self.marks,
        )

    def close(self) -> None:
        """Free the database's memory."""
        self._database.close()

    def once(self, key: str, make: Callable[[], _Made]) -> _Made:
        """What is worked out of these tables once, under a key."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return cast(_Made, self._made[key])

    def answer(self, question: Hashable, make: Callable[[], _Made]) -> _Made:
        """What is worked out of these tables for a question, such as a chart under some filters:
        once for everybody who asks alike, see ``AnswerCache``. Nobody may change it."""
        placed = self.map_places is not None  # until then no area narrows
        said = self.marks.version if _asks_for_marks(question) else 0
        return self._answers.get((question, placed, said), make)

    def _column(self, feature: str) -> NameColumn:
        rows = self.tables[COUNTED[feature].table]
        return self.once(f"names of {feature}", lambda: named_column(feature, rows, self._total))

    def _colors(self) -> ColorColumn:
        return self.once("colors", lambda: ColorColumn(self.tables["colors"], self._total))

    def _texts(self) -> TextColumn:
        return self.once("texts", lambda: TextColumn(self.tables["texts"], self._total))

    def _paths(self) -> PicturePaths:
        return self.once("paths", lambda: PicturePaths(self.tables["pictures"]))

    def fingerprint(self) -> str:
        """``Tables.fingerprint``, made once."""
        return self.once("fingerprint", self.tables.fingerprint)

    def specific(self) -> SpecificLabels:
        """Which labels are the most specific ones."""
        return self.once("specific", lambda: SpecificLabels(self._column("labels")))

    def order(self) -> PictureOrder:
        """What the pictures are sorted and grouped by."""
        return self.once("order", lambda: PictureOrder(self.tables, self.specific()))

    def has(self, table: str) -> Bools:
        """Which pictures have a row in a table (total,), not to be written to."""
        return self.once(f"having {table}", partial(having_rows, self.tables[table], self._total))

    def hierarchy(self) -> LabelHierarchy:
        """The labels under their broader terms."""
        return self.once("hierarchy", lambda: LabelHierarchy(self._column("labels")))

    def mask(self, filters: Filters, without: str | None) -> Bools | None:
        """Which pictures pass (total,), not to be written to; None if all do."""
        return self._masks.of(filters.without(without))

    def _selected(
        self, sql: str, mask: Bools | None, parameters: Sequence[Any] = ()
    ) -> pd.DataFrame:
        """Ask with ``{selected}`` standing for the join that narrows to the mask's pictures."""
        if mask is None:
            return self._frame(sql.format(selected=""), parameters)
        ids = pa.table({"picture": np.flatnonzero(mask).astype(np.int32)})
        narrowed = sql.format(selected="JOIN selection USING (picture)")
        return self._frame(narrowed, parameters, selection=ids)

    def count(self, filters: Filters, without: str | None = None) -> int:
        """How many pictures pass."""
        mask = self.mask(filters, without)
        return self._total if mask is None else int(np.count_nonzero(mask))

    def passing(self, filters: Filters) -> Any:
        """Ids of the pictures that pass, in order (n,)."""
        mask = self.mask(filters, None)
        return np.arange(self._total) if mask is None else np.flatnonzero(mask)

    def ids(self, filters: Filters) -> list[int]:
        """``passing`` as a list, which takes ten times as long."""
        return cast(list[int], self.passing(filters).tolist())

    def folders(self, filters: Filters, without: str | None = "folder") -> pd.DataFrame:
        """Folders of the pictures that pass, see ``PicturePaths.folders``."""
        return self._paths().folders(self.mask(filters, without))

    def find(self, uri: str, page: int = 0) -> int | None:
        """Id of the picture of an address; None if there is none."""
        sql = "SELECT picture FROM pictures WHERE uri = ? AND page = ? ORDER BY picture LIMIT 1"
        places = self._frame(sql, [uri, page])["picture"]
        return int(places[0]) if len(places) else None

    def pictures(
        self,
        filters: Filters,
        without: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pd.DataFrame:
        """The pictures that pass, in order.

        Columns: picture, uri, name and folder (the user's own), page, number, error_code, error
        (the code's name, "" if none), error_message, label and score (the best label; "" and NaN if
        none), labels, objects, faces, words (counts), safe_category and safe_likelihood (the worst;
        "" if not asked for).
        """
        mask = self.mask(filters, without)
        end = self._total if limit is None else min(self._total, offset + limit)
        if mask is not None:
            ids = np.flatnonzero(mask)[offset:end]
            mask = np.zeros(self._total, bool)
            mask[ids] = True
            offset, end = 0, self._total
        frame = self._selected(
            "SELECT * EXCLUDE (face_score, shard, entry) FROM pictures {selected} "
            "WHERE picture >= ? AND picture < ? ORDER BY picture",
            mask,
            [offset, end],
        )
        names = ["" if code == 0 else status_name(code) for code in frame["error_code"].tolist()]
        frame.insert(7, "error", pd.Series(names, index=frame.index, dtype="str"))
        levels = [LIKELIHOODS[n] if n >= 0 else "" for n in frame["safe_likelihood"].tolist()]
        frame["safe_likelihood"] = pd.Series(levels, index=frame.index, dtype="str")
        return frame

    def features(self, filters: Filters, without: str | None = None) -> dict[str, int]:
        """For each table, how many of the pictures that pass have a row in it."""
        now = filters.without(without)
        return dict(self.answer(("features", now), lambda: self._features(self._masks.of(now))))

    def _features(self, mask: Bools | None) -> dict[str, int]:
        having = {name: self.has(name) for name in SCHEMAS}
        return {
            name: int(np.count_nonzero(there if mask is None else there & mask))
            for name, there in having.items()
        }

    def labels(
        self, filters: Filters, top: int = 30, without: str | None = "labels"
    ) -> pd.DataFrame:
        """Most frequent labels. Columns: label, pictures, mean_score; most pictures first."""
        mask = self.mask(filters, without)
        frame = self._column("labels").top(mask, filters.score, top)
        return frame.drop(columns="instances").rename(columns={"name": "label"})

    def co_occurrence(
        self, filters: Filters, top: int = 20, without: str | None = "labels"
    ) -> pd.DataFrame:
        """Labels that share pictures, of the ``top`` most frequent: ``relations.co_occurrence``."""
        mask = self.mask(filters, without)
        return relations.co_occurrence(self._column("labels"), mask, filters.score, top)

    def counts(
        self, feature: str, filters: Filters, top: int = 30, without: str | None = ""
    ) -> pd.DataFrame:
        """Most frequent names of a feature: a key of ``COUNTED``.

        Columns: name, value (what ``Filters.toggled(feature, value)`` takes), pictures, instances,
        mean_score. For faces a name is how many a picture has, and value is (least, most).
        """
        mask = self.mask(filters, feature if without == "" else without)
        if feature == "faces":
            return self._face_counts(mask)
        cutoff = filters.score if COUNTED[feature].cut else 0.0
        frame = self._column(feature).top(mask, cutoff, top)
        frame.insert(1, "value", frame["name"])
        return frame.assign(name=frame["name"].map(COUNTED[feature].said))

    def named(self, feature: str, filters: Filters) -> int:
        """How many of the pictures that pass have any name of a feature of ``COUNTED``."""
        return self._column(feature).named(self.mask(filters, None), filters.score)

    def _face_counts(self, mask: Bools | None) -> pd.DataFrame:
        sql = (
            f"SELECT least({MANY_FACES}, faces) AS least, count(*) AS pictures, "
            "sum(faces)::BIGINT AS instances, "
            "sum(face_score) / nullif(sum(faces), 0) AS mean_score "
            "FROM pictures {selected} WHERE error_code = 0 "
            "AND EXISTS (FROM faces) GROUP BY ALL ORDER BY least"
        )
        frame = self._selected(sql, mask)
        least = frame.pop("least").astype(int).tolist()
        names = [faces_name(n) for n in least]
        values = [(n, None if n == MANY_FACES else n) for n in least]
        frame.insert(0, "name", pd.Series(names, index=frame.index, dtype="str"))
        frame.insert(1, "value", pd.Series(values, index=frame.index, dtype="object"))
        return frame

    def safe_search(self, filters: Filters, without: str | None = "safe") -> pd.DataFrame:
        """All 5 categories by all 6 likelihoods. Columns: category, likelihood, pictures."""
        mask = self.mask(filters, without)
        return self._levels("safe_search", "category", SAFE_CATEGORIES, mask)

    def face_traits(self, filters: Filters, without: str | None = "traits") -> pd.DataFrame:
        """Judged traits by all 6 likelihoods, counting faces. Columns: trait, likelihood, faces."""
        judged = [trait for trait in FACE_TRAITS if trait not in self.unjudged("faces")]
        frame = self._levels("faces", "trait", judged, self.mask(filters, without))
        return frame.rename(columns={"pictures": "faces"})

    def unjudged(self, table: str) -> tuple[str, ...]:
        """Likelihoods of a table ("faces", "safe_search") that are UNKNOWN in every row, if any."""
        rows = self.tables[table]
        names = FACE_TRAITS if table == "faces" else SAFE_CATEGORIES
        return tuple(n for n in names if rows.num_rows and not numbers(rows, n).any())

    def _levels(
        self, table: str, title: str, columns: Sequence[str], mask: Bools | None
    ) -> pd.DataFrame:
        rows = slice(None) if mask is None else mask[numbers(self.tables[table], "picture")]
        cells = [
            np.bincount(numbers(self.tables[table], name)[rows], minlength=len(LIKELIHOODS))
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
        sql = (
            "SELECT error_code, CASE WHEN uri = '' THEN error_message "
            "ELSE replace(replace(error_message, uri, '…'), '….', '…') END AS message, "
            "count(*) AS pictures FROM pictures {selected} WHERE error_code <> 0 "
            "GROUP BY ALL ORDER BY pictures DESC, error_code, message LIMIT ?"
        )
        frame = self._selected(sql, self.mask(filters, without), [top])
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
        now = filters.without(without)
        made = self.answer(  # a page asks for one twice
            ("palette", now, k),
            lambda: self.palette_of(self._masks.of(now), k, now.palette_no_greys),
        )
        return made.copy()

    def palette_of(self, mask: Bools | None, k: int, no_greys: bool = False) -> pd.DataFrame:
        """As ``palette_batch``, of the pictures of a mask (total,); None for all."""
        colors, weights = self._colors().weigh(mask, no_greys)
        palette = batch_palette(colors, weights, k, members=no_greys)
        return pd.DataFrame(
            {
                "hex": pd.Series([to_hex(color) for color in palette.colors], dtype="str"),
                "share": pd.Series(palette.shares, dtype="float64"),
                **{
                    name: pd.Series([c >> shift & 255 for c in palette.colors], dtype="int64")
                    for name, shift in (("r", 16), ("g", 8), ("b", 0))
                },
                "tolerance": pd.Series(palette.spreads, dtype="float64").clip(lower=5.0).round(1),
            }
        )

    def palettes(self, pictures: Sequence[int]) -> pd.DataFrame:
        """Dominant colours of given pictures. Columns: picture, name, hex, score, fraction."""
        colors = rows_of(self.tables["colors"], pictures)
        names = rows_of(self.tables["pictures"], pictures).select(["picture", "name"])
        frame: pd.DataFrame = colors.to_pandas().merge(names.to_pandas(), on="picture")
        frame["hex"] = pd.Series([to_hex(n) for n in frame["color"].tolist()], dtype="str")
        order = ["picture", "fraction", "score", "color"]
        frame = frame.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
        return frame.loc[:, ["picture", "name", "hex", "score", "fraction"]]

    def places(self, filters: Filters, without: str | None = "landmarks") -> pd.DataFrame:
        """Landmarks on the map. Columns: landmark, latitude, longitude, pictures, mean_score.

        Landmarks of one name that are a degree or more apart are different rows.
        """
        sql = (
            "SELECT landmark, avg(latitude) AS latitude, avg(longitude) AS longitude, "
            "count(DISTINCT picture) AS pictures, avg(score) AS mean_score "
            "FROM landmarks {selected} WHERE latitude BETWEEN -90 AND 90 "
            "AND longitude BETWEEN -180 AND 180 AND score >= CAST(? AS FLOAT) "
            "GROUP BY landmark, round(latitude), round(longitude) "
            "ORDER BY pictures DESC, landmark, latitude"
        )
        return self._selected(sql, self.mask(filters, without), [filters.score])

    def annotations(self, picture: int) -> Annotations | None:
        """Everything about one picture; None if there is no such id."""
        annotations = self.annotations_of([picture])
        return annotations[0] if annotations else None

    def annotations_of(self, pictures: Sequence[int]) -> list[Annotations]:
        """Everything about some pictures, in the order given; unknown ids are left out."""
        read = lambda name, ids: rows_of(self.tables[name], ids).to_pylist()  # noqa: E731
        annotations = read_annotations(read, pictures)
        parts: dict[int, list[tuple[str, str, int]]] = {}
        if self.tables.sources.num_rows:
            for row in rows_of(self.tables.sources, pictures).to_pylist():
                source = (row["feature"], row["shard"], row["entry"])
                parts.setdefault(row["picture"], []).append(source)
        return [replace(one, sources=tuple(parts.get(one.picture, ()))) for one in annotations]


def _asks_for_marks(question: Hashable) -> bool:
    if isinstance(question, Filters):
        return bool(question.marks)
    return isinstance(question, tuple) and any(map(_asks_for_marks, question))
