"""How stored tables are shown to SQL: in the words that people read, without their codes.

A likelihood is two columns: ``adult``, its name, and ``adult_level``, 0 for UNKNOWN to 5 for
VERY_LIKELY, since names compare as letters (``'UNKNOWN' > 'LIKELY'``; DuckDB compares enums with
texts so, too). Colours are texts such as ``#2f6f4f``. Each table is a view over its stored columns:
nothing is copied for it.
"""

from __future__ import annotations

import pyarrow as pa

from core.results.vocabulary import LIKELIHOODS

CHOSEN = "chosen"  # the ids that the filters let pass; not for people
# Numbers of likelihoods in the summary of pictures; -1 where there was no judgement.
_LEVELS = frozenset({"safe_likelihood"})
_NAMES = ", ".join(f"'{name}'" for name in LIKELIHOODS)
_TYPES = {"string": "text", "float": "number", "double": "number", "bool": "true or false"}


def kind_of(column: pa.Field) -> str:
    """What a stored column is to who asks: "text", "whole number", "number", "likelihood",
    "colour", "list of numbers" or "true or false".
    """
    if column.type == pa.uint8() or column.name in _LEVELS:
        return "likelihood"
    if column.name == "color":
        return "colour"
    if pa.types.is_dictionary(column.type):
        return "text"
    if pa.types.is_list(column.type):
        return "list of numbers"
    return _TYPES.get(str(column.type), "whole number")


def view(name: str, schema: pa.Schema, *, narrowed: bool) -> str:
    """The SQL of one table's view over ``stored_{name}``.

    Args:
        narrowed: whether only pictures of the table ``chosen`` are in it.
    """
    columns = ", ".join(_column(column) for column in schema)
    only = f" SEMI JOIN {CHOSEN} USING (picture)" if narrowed else ""
    return f"CREATE VIEW {name} AS SELECT {columns} FROM stored_{name}{only}"  # noqa: S608


def _column(column: pa.Field) -> str:
    kind, name = kind_of(column), str(column.name)
    if kind == "likelihood":  # -1 is "no judgement": NULL
        return f"[{_NAMES}][{name}::INTEGER + 1] AS {name}, nullif({name}, -1) AS {name}_level"
    if kind == "colour":
        return f"format('#{{:06x}}', {name}) AS {name}"
    return name
