"""Filters as SQL conditions on a picture's id.

Every value is a parameter; only names of our own tables and columns enter the SQL.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.results.query.filters import Filters
from core.results.vocabulary import FACE_TRAITS, LIKELIHOODS, SAFE_CATEGORIES, status_number


@dataclass(slots=True)
class Clause:
    """SQL text with its parameters, in order."""

    sql: str
    parameters: list[Any] = field(default_factory=list)


def picture_condition(filters: Filters) -> Clause | None:
    """A condition on the columns of table ``pictures``; None if every picture passes.

    Names, colours and texts are not among them: ``masks`` answers those from columns in memory.
    """
    queries = [query for make in _CONDITIONS for query in make(filters)]
    if not queries:
        return None
    return Clause(
        " AND ".join(f"({query.sql})" for query in queries),
        [value for query in queries for value in query.parameters],
    )


def _face_conditions(filters: Filters) -> list[Clause]:
    queries = []
    if filters.faces is not None:
        least, most = filters.faces
        # A failed picture has no faces that anyone counted.
        sql, values = "error_code = 0 AND faces >= ?", [least]
        if most is not None:
            sql, values = f"{sql} AND faces <= ?", [least, most]
        queries.append(Clause(sql, values))
    if filters.traits:
        query = _levels(filters.traits, FACE_TRAITS, ">=")
        queries.append(
            Clause(f"picture IN (SELECT picture FROM faces WHERE {query.sql})", query.parameters)
        )
    return queries


def _safe_conditions(filters: Filters) -> list[Clause]:
    return [
        Clause(f"picture IN (SELECT picture FROM safe_search WHERE {query.sql})", query.parameters)
        for pairs, sign in ((filters.safe, ">="), (filters.safe_is, "="))
        if pairs
        for query in [_levels(pairs, SAFE_CATEGORIES, sign)]
    ]


def _levels(pairs: Sequence[tuple[str, str]], columns: Sequence[str], sign: str) -> Clause:
    # index() both finds and proves that the name is one of ours: it goes into the SQL.
    names = [columns[columns.index(name)] for name, _ in pairs]
    return Clause(
        " OR ".join(f"{name} {sign} ?" for name in names),
        [LIKELIHOODS.index(likelihood) for _, likelihood in pairs],
    )


def _error_conditions(filters: Filters) -> list[Clause]:
    queries = []
    if filters.errors:
        codes = [status_number(name) for name in filters.errors]
        queries.append(Clause("error_code IN (SELECT unnest(?))", [codes]))
    if filters.status:
        queries.append(Clause("error_code = 0" if filters.status == "ok" else "error_code <> 0"))
    return queries


_CONDITIONS: tuple[Callable[[Filters], list[Clause]], ...] = (
    _face_conditions,
    _safe_conditions,
    _error_conditions,
)
