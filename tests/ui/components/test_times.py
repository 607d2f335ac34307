"""Times in words."""

from __future__ import annotations

import pytest

from core.ui.components import times


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "about 5 s"),
        (12, "about 10 s"),
        (88, "about 90 s"),
        (95, "about 2 min"),
        (947, "about 16 min"),
        (3_590, "about 1 h 0 min"),
        (7_500, "about 2 h 5 min"),
    ],
)
def test_an_estimate_is_not_said_to_the_second(seconds: float, said: str) -> None:
    assert times.estimate(seconds) == said
