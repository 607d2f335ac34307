"""One row a picture: who it is, its fault, and what lists and filters ask most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from core.results.tables.arrow import numbers
from core.results.vocabulary import SAFE_CATEGORIES


def with_summary(tables: Mapping[str, pa.Table]) -> pa.Table:
    """The table ``pictures`` with columns taken from the others.

    Added: label and score (the best label; "" and null if none), labels, objects, faces, words
    (counts), face_score (sum), safe_category and safe_likelihood (the worst; "" if it is UNKNOWN,
    and -1 if there was no judgement).
    """
    pictures = tables["pictures"]
    total = pictures.num_rows
    names = ("picture", "uri", "name", "folder", "page", "number", "error_code", "error_message")
    return pa.table(
        {
            **{name: pictures[name] for name in names},
            **_best_labels(tables["labels"], total),
            **{name: _counts(tables[name], total) for name in ("labels", "objects", "faces")},
            "face_score": _sums(tables["faces"], "score", total),
            "words": _sums(tables["texts"], "words", total).astype(np.int32),
            **_worst(tables["safe_search"], total),
            **{name: pictures[name] for name in ("shard", "entry")},
        }
    )


def _counts(table: pa.Table, total: int) -> Any:
    return np.bincount(numbers(table, "picture"), minlength=total).astype(np.int32)


def _sums(table: pa.Table, column: str, total: int) -> Any:
    return np.bincount(numbers(table, "picture"), numbers(table, column), minlength=total)


def _best_labels(labels: pa.Table, total: int) -> dict[str, Any]:
    owners, scores = numbers(labels, "picture"), numbers(labels, "score")
    column = pa.concat_arrays(labels["label"].chunks)
    names = [*column.dictionary.to_pylist(), ""]
    codes = np.full(total, len(names) - 1, np.int32)
    best = np.full(total, np.nan, np.float32)
    if len(owners):
        having, starts = np.unique(owners, return_index=True)
        best[having] = np.maximum.reduceat(scores, starts)
        top = np.flatnonzero(scores == best[owners])[::-1]  # the first of equals is written last
        codes[owners[top]] = column.indices.to_numpy()[top]
    return {
        "label": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())),
        "score": pa.array(best, mask=np.isnan(best)),
    }


def _worst(safe_search: pa.Table, total: int) -> dict[str, Any]:
    owners = numbers(safe_search, "picture")
    levels = np.stack([numbers(safe_search, name) for name in SAFE_CATEGORIES], axis=1)
    worst = np.full(total, -1, np.int8)
    category = np.full(total, len(SAFE_CATEGORIES), np.int32)
    if len(owners):
        worst[owners] = levels.max(axis=1)
        category[owners] = np.where(worst[owners] > 0, levels.argmax(axis=1), len(SAFE_CATEGORIES))
    names = pa.array([*SAFE_CATEGORIES, ""])
    return {
        "safe_category": pa.DictionaryArray.from_arrays(pa.array(category), names),
        "safe_likelihood": worst,
    }
