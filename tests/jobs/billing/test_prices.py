"""What a batch costs."""

from __future__ import annotations

import pytest
from google.cloud import vision

from core.errors import SettingsError
from core.jobs.batch.features import FEATURES
from core.jobs.billing.prices import PRICES


def test_all_features_of_the_service_are_known() -> None:
    # Product search needs a catalogue of one's own and is not offered to batches here.
    known = set(vision.Feature.Type.__members__) - {"TYPE_UNSPECIFIED", "PRODUCT_SEARCH"}
    assert set(FEATURES) == known
    assert set(PRICES.tiers) == known
    assert all(info.sentence.endswith(".") and info.title for info in FEATURES.values())


@pytest.mark.parametrize(
    ("feature", "units", "used", "usd"),
    [
        ("LABEL_DETECTION", 0, 0, 0),
        ("LABEL_DETECTION", 1_000, 0, 0),
        ("LABEL_DETECTION", 1_001, 0, 0.0015),
        ("LABEL_DETECTION", 3_000, 0, 3.0),
        ("LABEL_DETECTION", 3_000, 1_000, 4.5),
        ("LABEL_DETECTION", 100, 900, 0),
        ("LABEL_DETECTION", 200, 900, 0.15),
        ("LABEL_DETECTION", 6_000_000, 0, 1.5 * 4_999 + 1.0 * 1_000),
        ("TEXT_DETECTION", 1_000, 5_000_000, 0.6),
        ("TEXT_DETECTION", 2_000, 4_999_000, 1.5 + 0.6),
        ("OBJECT_LOCALIZATION", 2_000, 0, 2.25),
        ("WEB_DETECTION", 10_001_000, 0, 3.5 * 10_000),
    ],
)
def test_tiers(feature: str, units: int, used: int, usd: float) -> None:
    assert PRICES.feature_usd(feature, units, used) == pytest.approx(usd)


def test_cost_has_a_line_a_feature() -> None:
    cost = PRICES.cost(("LABEL_DETECTION", "SAFE_SEARCH_DETECTION", "CROP_HINTS"), 2_000)
    assert [(line.feature, line.units, line.usd) for line in cost.lines] == [
        ("LABEL_DETECTION", 2_000, 1.5),
        ("SAFE_SEARCH_DETECTION", 2_000, 0.0),
        ("CROP_HINTS", 2_000, 1.5),
    ]
    assert [line.why_free for line in cost.lines] == ["", "free with Labels", ""]
    assert (cost.usd, cost.due, cost.units) == (3.0, 3.0, 6_000)
    assert cost.source.startswith("https://") and cost.dated


def test_safe_search_alone_is_paid_for() -> None:
    assert PRICES.cost(("SAFE_SEARCH_DETECTION",), 2_000).usd == 1.5


def test_override() -> None:
    table = PRICES.overridden(
        'dated = "2027-01-01"\nfree_units = 0\n[usd_per_1000]\nLABEL_DETECTION = 2', "my.toml"
    )
    cost = table.cost(("LABEL_DETECTION", "TEXT_DETECTION"), 1_000)
    assert [line.usd for line in cost.lines] == [2.0, 1.5]
    assert (cost.dated, cost.source) == ("2027-01-01", "my.toml")
    assert PRICES.feature_usd("LABEL_DETECTION", 1_000) == 0  # the original is as it was


@pytest.mark.parametrize(
    "toml",
    [
        "not toml",
        "[usd_per_1000]\nNOTHING = 1",
        '[usd_per_1000]\nLABEL_DETECTION = "cheap"',
        "[usd_per_1000]\nLABEL_DETECTION = -1",
        "[usd_per_1000]\nLABEL_DETECTION = true",
        "[usd_per_1000]\nLABEL_DETECTION = nan",
        "free_units = -1",
        "free_units = 1.5",
        "usd_per_1000 = 3",
    ],
)
def test_bad_override(toml: str) -> None:
    with pytest.raises(SettingsError, match=r"my\.toml"):
        PRICES.overridden(toml, "my.toml")
