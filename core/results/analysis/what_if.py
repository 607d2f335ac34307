"""What safe search would flag at other thresholds: counted from the columns of likelihoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.results.query.filters import Filters
from core.results.query.safe_policy import THRESHOLDS, SafePolicy
from core.results.query.store import Store
from core.results.tables.arrow import numbers
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a policy flags, and what every other threshold would.

    Attributes:
        judged: pictures with a safe-search answer.
        flagged: those that any threshold of the policy flags.
        steps: all 5 categories by all 5 thresholds. Columns: category, likelihood, pictures (that
            reach at least this likelihood).
        chosen: the 5 categories under the policy. Columns: category, threshold ("" for never),
            pictures (that it flags), alone (those of them that no other category flags).
    """

    judged: int
    flagged: int
    steps: pd.DataFrame
    chosen: pd.DataFrame

    @property
    def chosen_judged(self) -> pd.DataFrame:
        """Rows of ``chosen`` with a threshold, of categories that were judged."""
        judged = self.chosen["category"].isin(self.judged_categories)
        return self.chosen[judged & (self.chosen["threshold"] != "")]

    @property
    def judged_categories(self) -> list[str]:
        """Categories that any picture has a likelihood of; all where there is none."""
        counted = self.steps.groupby("category")["pictures"].max()
        judged = [name for name in SAFE_CATEGORIES if counted.get(name, 0)]
        return judged or list(SAFE_CATEGORIES)


def what_if(
    store: Store, filters: Filters, policy: SafePolicy, without: str | None = "safe"
) -> WhatIf:
    """Count what the policy flags among the pictures that pass.

    Args:
        without: the group of filters to leave out, as in the store's own questions.
    """
    table = store.tables["safe_search"]
    mask = store.mask(filters, without)
    rows = slice(None) if mask is None else mask[numbers(table, "picture")]
    levels = {name: numbers(table, name)[rows] for name in SAFE_CATEGORIES}
    judged = len(levels[SAFE_CATEGORIES[0]])
    flags = {name: levels[name] >= LIKELIHOODS.index(least) for name, least in policy.thresholds}
    together = np.zeros(judged, np.uint8)
    for flag in flags.values():
        together += flag
    counts, alone = [], []
    for name in SAFE_CATEGORIES:
        flag = flags.get(name)
        counts.append(0 if flag is None else int(np.count_nonzero(flag)))
        alone.append(0 if flag is None else int(np.count_nonzero(flag & (together == 1))))
    chosen = pd.DataFrame(
        {
            "category": pd.Series(SAFE_CATEGORIES, dtype="str"),
            "threshold": pd.Series([policy.least(n) or "" for n in SAFE_CATEGORIES], dtype="str"),
            "pictures": pd.Series(counts, dtype="int64"),
            "alone": pd.Series(alone, dtype="int64"),
        }
    )
    reached = [_at_least(levels[name]) for name in SAFE_CATEGORIES]
    steps = pd.DataFrame(
        {
            "category": np.repeat(SAFE_CATEGORIES, len(THRESHOLDS)),
            "likelihood": np.tile(THRESHOLDS, len(SAFE_CATEGORIES)),
            "pictures": np.concatenate(reached),
        }
    )
    return WhatIf(judged, int(np.count_nonzero(together)), steps, chosen)


def _at_least(levels: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> list[int]:
    """How many reach each of ``THRESHOLDS``."""
    exactly = np.bincount(levels, minlength=len(LIKELIHOODS))
    totals: list[int] = np.cumsum(exactly[::-1])[::-1][1:].tolist()
    return totals
