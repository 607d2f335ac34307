"""What Google charges: the prices of ``features`` as one table, which the user may override.

A unit is one feature on one picture, or on one page of a file. Every month the first 1,000 units of
each feature are free.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from core.errors import SettingsError
from core.jobs.batch.features import FEATURES, PRICES_DATED, Tier


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices of all features.

    Attributes:
        dated: when they were read, for people.
        source: where they were read.
        free_units: units of each feature that cost nothing in a month.
        tiers: by feature, ascending by ``above``.
        free_with: features that cost nothing when another is asked of the same picture.
        charged: False where the backend does not charge; the table is then an estimate of what
            Google would.
    """

    dated: str
    source: str
    free_units: int
    tiers: Mapping[str, tuple[Tier, ...]]
    free_with: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    charged: bool = True

    def feature_usd(self, feature: str, units: int, used: int = 0) -> float:
        """Cost of some units of a feature after others were used this month.

        >>> round(PRICES.feature_usd("LABEL_DETECTION", 3_000), 2)  # 1,000 of them are free
        3.0
        """
        tiers = self.tiers[feature]
        usd = 0.0
        for position, tier in enumerate(tiers):
            floor = max(tier.above, self.free_units)
            above = tiers[position + 1].above if position + 1 < len(tiers) else None
            ceiling = used + units if above is None else min(above, used + units)
            usd += max(0, ceiling - max(floor, used)) * tier.usd_per_1000 / 1000
        return usd

    def billable(self, features: Collection[str], pictures: int) -> dict[str, int]:
        """Units of one request that are charged for; 0 for a feature that another one pays for."""
        return {name: 0 if self.free_with.get(name) in features else pictures for name in features}

    def cost(
        self,
        features: tuple[str, ...],
        pictures: int,
        used: Mapping[str, int] | None = None,
        *,
        file_features: tuple[str, ...] = (),
        pages: int = 0,
    ) -> Cost:
        """Cost of a batch, one line a feature.

        Args:
            used: units of each feature already used this month; none if not known.
            file_features, pages: those of ``features`` that are asked of so many pages as well.
        """
        used = used or {}
        of_pictures = self.billable(features, pictures)
        of_pages = self.billable(file_features, pages)
        lines = []
        for name in features:
            units = pictures + (pages if name in of_pages else 0)
            paid = of_pictures[name] + of_pages.get(name, 0)
            payer = self.free_with.get(name, "")
            why = "" if paid or payer not in features else f"free with {FEATURES[payer].title}"
            usd = self.feature_usd(name, paid, used.get(name, 0))
            lines.append(CostLine(name, units, usd, why))
        return Cost(tuple(lines), self.charged, self.dated, self.source)

    def overridden(self, toml: str, where: str = "prices.toml") -> PriceTable:
        """These prices with some replaced.

        Args:
            toml: e.g. ``dated = "2026-11-01"``, ``free_units = 0`` and, under ``[usd_per_1000]``,
                ``LABEL_DETECTION = 1.2``.

        Raises:
            SettingsError: not TOML, or an unknown feature, or a price that is no number.
        """
        try:
            values = tomllib.loads(toml)
        except (ValueError, RecursionError) as error:  # the former also for numbers too long
            raise SettingsError(
                "The prices are not valid TOML", where=where, then=str(error)[:300]
            ) from None
        tiers = dict(self.tiers)
        given = values.get("usd_per_1000", {})
        if not isinstance(given, dict):
            given = {"usd_per_1000": given}  # named below as what it is: no feature's price
        for name, usd in given.items():
            if name not in FEATURES or not _is_price(usd):
                raise SettingsError(
                    f"{name[:80]} = {_shown(usd)} is not a price of a feature",
                    where=where,
                    then=f"Use USD per 1,000 units for any of: {', '.join(FEATURES)}.",
                )
            tiers[name] = (Tier(0, float(usd)),)
        free = values.get("free_units", self.free_units)
        if not isinstance(free, int) or isinstance(free, bool) or not 0 <= free < 10**12:
            raise SettingsError(
                f"free_units = {_shown(free)} is not a number of units",
                where=where,
                then="Use a whole number of at least 0, below a million millions.",
            )
        return replace(
            self,
            dated=str(values.get("dated", self.dated)),
            source=str(values.get("source", where)),
            free_units=free,
            tiers=MappingProxyType(tiers),
        )


def _shown(value: object) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number too long"


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6


@dataclass(frozen=True, slots=True)
class CostLine:
    """One feature's share of a batch's cost; ``why_free`` is "" unless another feature pays."""

    feature: str
    units: int
    usd: float
    why_free: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a batch costs.

    Attributes:
        lines: one a feature, in the order asked.
        charged: False where this backend charges nothing; ``usd`` is then Google's price.
    """

    lines: tuple[CostLine, ...]
    charged: bool
    dated: str
    source: str

    @property
    def usd(self) -> float:
        """Sum of the lines, by the price table."""
        return sum(line.usd for line in self.lines)

    @property
    def due(self) -> float:
        """What this backend will charge: ``usd``, or 0 where it does not charge."""
        return self.usd if self.charged else 0.0

    @property
    def units(self) -> int:
        """Units of all features together."""
        return sum(line.units for line in self.lines)


PRICES = PriceTable(
    dated=PRICES_DATED,
    source="https://cloud.google.com/vision/pricing",
    free_units=1_000,
    tiers=MappingProxyType({name: info.prices for name, info in FEATURES.items()}),
    free_with=MappingProxyType(
        {name: info.free_with for name, info in FEATURES.items() if info.free_with}
    ),
)
