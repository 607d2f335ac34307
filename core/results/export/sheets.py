"""Tables as people want them in a spreadsheet: addresses, names and words in place of codes.

The tables of ``schemas`` hold ids, likelihood numbers and 0xRRGGBB colours; a sheet has the
picture's address in every row, likelihoods by name, "#rrggbb", and polygons as "x,y x,y".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.results.columns.palettes import to_hex
from core.results.export.provenance import Method
from core.results.query.selection import Selection
from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import LIKELIHOODS, WHY_UNKNOWN, said_unknown

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet program may take for a formula when it opens or edits a cell:
# owasp.org/www-community/attacks/CSV_Injection, with the full-width signs it names.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNSEEN = re.compile(r"\A[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
BLOCK = 100_000  # rows of a dataframe
DIGITS = 6  # 32-bit scores have no more
RELATIONS = "label_co_occurrence"  # a sheet of counts besides those of ``schemas.SCHEMAS``
MOST_RELATED = 100  # labels that are paired in it
# What only a click or a drawing needs: a filter's value, a hex colour once more.
_HELPERS = ("value", "tolerance", "r", "g", "b")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program could take a text for a formula.

    Some drop white space and what cannot be seen before they look: that does not hide a sign.
    """
    return text.startswith(FORMULA_SIGNS) or _UNSEEN.sub("", text).startswith(FORMULA_SIGNS)


def sheet_names(chosen: Selection) -> list[str]:
    """Tables with rows, pictures first even without any; ``RELATIONS`` last, if labels meet."""
    names = [name for name in SCHEMAS if name == "pictures" or chosen.count(name)]
    return names if _relations(chosen).empty else [*names, RELATIONS]


def row_count(chosen: Selection, name: str) -> int:
    """How many rows ``sheet`` has."""
    return len(_relations(chosen)) if name == RELATIONS else chosen.count(name)


def sheet(chosen: Selection, name: str) -> pd.DataFrame:
    """All of ``sheet_blocks`` at once."""
    import pandas as pd

    return pd.concat(list(sheet_blocks(chosen, name)), ignore_index=True)


def sheet_blocks(
    chosen: Selection, name: str, most: int | None = None, rows: int = BLOCK
) -> Iterator[pd.DataFrame]:
    """One table of ``schemas.SCHEMAS`` as dataframes of texts, numbers and truths, in order.

    There is one at least, if without rows; a batch of a million pictures has tables that are not
    to be in memory as texts at once.

    Likelihoods that nobody judged are left out, see ``Store.unjudged``; ``about`` says so.
    Every sheet begins with ``picture`` (an id that ties the sheets together), ``uri``, ``name`` and
    ``folder``, but ``RELATIONS``: that one counts pictures, as ``relations.co_occurrence`` says.
    A product's own ``name`` is ``product_name`` here.

    Args:
        most: rows at most; None for all.
        rows: of a dataframe, at most.
    """
    if name == RELATIONS:
        yield _relations(chosen).iloc[:most].round({"lift": DIGITS})
        return
    table = chosen.rows(name)
    end = table.num_rows if most is None else min(most, table.num_rows)
    for start in range(0, max(end, 1), rows):
        part = table.slice(start, min(rows, end - start))
        yield _pictures(chosen, part, start) if name == "pictures" else _sheet(chosen, name, part)


def _sheet(chosen: Selection, name: str, table: pa.Table) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "picture": table["picture"],
        **{key: _texts(column) for key, column in chosen.who(table["picture"].to_numpy()).items()},
    }
    unjudged = chosen.store.unjudged(name) if name in WHY_UNKNOWN else ()
    for field in SCHEMAS[name]:
        if field.name != "picture" and field.name not in unjudged:
            own = f"{name.removesuffix('s')}_{field.name}" if field.name in columns else field.name
            columns[own] = _readable(field, table[field.name])
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(pa.string())


def _relations(chosen: Selection) -> pd.DataFrame:
    return chosen.store.co_occurrence(chosen.filters, MOST_RELATED, without=None)


def for_readers(frame: pd.DataFrame) -> pd.DataFrame:
    """A chart's table without the columns that mean nothing to who reads it."""
    return frame.drop(columns=[name for name in _HELPERS if name in frame.columns])


def _pictures(chosen: Selection, rows: pa.Table, start: int) -> pd.DataFrame:
    frame = chosen.store.pictures(chosen.filters, limit=rows.num_rows, offset=start)
    shards = rows["shard"].cast(pa.string())
    frame = frame.round({"score": DIGITS}).assign(shard=shards.to_pandas().to_numpy())
    marks = chosen.store.marks
    if not marks.version:
        return frame
    said = marks.frame(frame["picture"].tolist()).set_index(frame.index)
    return frame.assign(**{name: said[name] for name in said.columns})


def _readable(field: pa.Field, values: pa.ChunkedArray) -> Any:
    if field.name == "color":
        return pa.array([to_hex(value) for value in values.to_pylist()], pa.string())
    if field.type == pa.uint8():
        names = np.array(LIKELIHOODS)[values.to_numpy()]
        return pa.array(names, pa.string())
    if pa.types.is_dictionary(field.type):
        return _texts(values)
    if pa.types.is_list(field.type):
        return pa.array([corners(polygon) for polygon in values.to_pylist()], pa.string())
    if pa.types.is_floating(field.type):
        return pc.round(values.cast(pa.float64()), DIGITS)
    return values


def corners(polygon: list[float]) -> str:
    """x0, y0, x1, y1, ... as "x0,y0 x1,y1 ...", as SVG writes points."""
    pairs = zip(polygon[0::2], polygon[1::2], strict=False)
    return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def about(chosen: Selection, method: Method, made: str) -> list[tuple[str, str]]:
    """What an export should say of itself, as (name, text)."""
    pairs = [
        ("Results", method.title),
        ("Pictures", f"{len(chosen.ids):,} of {chosen.store.tables.pictures:,}"),
        ("Filter", in_words(chosen)),
        ("Shards", method.source),
        ("This view in the dashboard", method.url),
        ("Made", made),
        *method.asked,
        *(
            (f"Not in sheets of {table}", said)
            for table in WHY_UNKNOWN
            if (said := said_unknown(table, chosen.store.unjudged(table)))
        ),
    ]
    return [(name, text) for name, text in pairs if text]


def in_words(chosen: Selection) -> str:
    """The filters as one sentence."""
    return "; ".join(chip.text for chip in chosen.filters.chips()) or "none: every picture"
