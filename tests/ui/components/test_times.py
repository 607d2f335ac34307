"""Times in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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


NOW = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        (datetime(2026, 3, 2, 11, 40, tzinfo=UTC), "UTC", "Today 11:40"),
        (datetime(2026, 3, 1, 9, 5, tzinfo=UTC), "UTC", "Yesterday 9:05"),
        (datetime(2026, 3, 3, 9, 5, tzinfo=UTC), "UTC", "Tomorrow 9:05"),
        (datetime(2026, 2, 28, 9, 5, tzinfo=UTC), "UTC", "28 Feb 9:05"),
        (datetime(2025, 12, 31, 9, 5, tzinfo=UTC), "UTC", "31 Dec 2025"),
        (datetime(2026, 3, 4, 9, 5, tzinfo=UTC), "UTC", "4 Mar 9:05"),  # a clock runs ahead
        # The viewer's day counts: in Tokyo it is 3 March, 5:00.
        (datetime(2026, 3, 2, 11, 40, tzinfo=UTC), "Asia/Tokyo", "Yesterday 20:40"),
        (datetime(2026, 3, 2, 15, 30, tzinfo=UTC), "Asia/Tokyo", "Today 0:30"),
        (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), "America/New_York", "Yesterday 21:00"),
    ],
)
def test_a_time_is_said_as_people_say_it(at: datetime, zone: str, said: str) -> None:
    assert times.spoken(at, NOW, ZoneInfo(zone)) == said
    within = times.spoken(at, NOW, ZoneInfo(zone), inside=True)
    assert within == re.sub("Today|Yesterday|Tomorrow", lambda day: day[0].lower(), said)
