"""From which likelihood on safe search flags a picture: a policy, kept in the page's URL.

A policy narrows nothing. It says which pictures are blurred until asked for, and what if other
thresholds were chosen (``what_if``); a filter is made of it only when somebody wants one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.results.query.filter_url import read_pairs, write_pairs
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES

PARAM = "policy"
NOTHING = "none"  # the parameter of a policy that flags nothing
THRESHOLDS = LIKELIHOODS[1:]  # UNKNOWN is no judgement and flags nothing


@dataclass(frozen=True, slots=True)
class SafePolicy:
    """A picture is flagged if any category reaches its threshold; the others never flag.

    Attributes:
        thresholds: (category, least likelihood), each category once, in any order.

    Raises:
        ValueError: a category or likelihood that there is not, or a category twice.
    """

    thresholds: tuple[tuple[str, str], ...] = (
        ("adult", "LIKELY"),
        ("violence", "LIKELY"),
        ("racy", "LIKELY"),
    )

    def __post_init__(self) -> None:
        """Check the vocabulary, and put the categories in their order."""
        least = dict(self.thresholds)
        known = set(least) <= set(SAFE_CATEGORIES) and set(least.values()) <= set(THRESHOLDS)
        if not known or len(least) < len(self.thresholds):
            raise ValueError(f"no policy: {self.thresholds!r}")
        ordered = tuple((name, least[name]) for name in SAFE_CATEGORIES if name in least)
        object.__setattr__(self, "thresholds", ordered)

    def least(self, category: str) -> str | None:
        """The threshold of a category; None if it never flags."""
        return dict(self.thresholds).get(category)

    def changed(self, category: str, least: str | None) -> SafePolicy:
        """This policy with another threshold of one category; None takes it away."""
        others = tuple(pair for pair in self.thresholds if pair[0] != category)
        return SafePolicy(others if least is None else (*others, (category, least)))

    def flags(self, safe: Mapping[str, str]) -> bool:
        """Whether a picture with these likelihoods by category is flagged."""
        return any(
            LIKELIHOODS.index(safe.get(category, "UNKNOWN")) >= LIKELIHOODS.index(least)
            for category, least in self.thresholds
        )

    def to_params(self) -> dict[str, str]:
        """URL parameters: none for the usual policy."""
        if self == USUAL:
            return {}
        return {PARAM: write_pairs(self.thresholds) or NOTHING}

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> tuple[SafePolicy, list[str]]:
        """Read URL parameters; one that cannot be used is named in the notes."""
        given = str(params.get(PARAM, ""))
        if not given:
            return USUAL, []
        try:
            return cls(() if given == NOTHING else read_pairs(given)), []
        except ValueError:
            return USUAL, [f"The address holds no usable {PARAM}: {given[:60]!r}."]


USUAL = SafePolicy()
