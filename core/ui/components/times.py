"""Times as the viewer reads them, in the browser's zone: as people say them, or exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

_LATELY = {-1: "Tomorrow", 0: "Today", 1: "Yesterday"}  # by days since


def zone() -> tzinfo | None:
    """The viewer's time zone; None, which is this machine's, if the browser does not say."""
    try:
        if st.context.timezone:
            return ZoneInfo(st.context.timezone)
    except (KeyError, ValueError, OSError):  # a name that is not known here, or none at all
        pass
    behind = st.context.timezone_offset  # minutes, as JavaScript counts them
    if behind is None or not abs(behind) < 24 * 60:
        return None
    return timezone(timedelta(minutes=-behind))


def moment(at: datetime, where: tzinfo | None = None) -> str:
    """Date, time and zone, as "2026-11-28 03:18 JST".

    Args:
        where: a zone that was asked for earlier; the viewer's by default. Threads need it, since
            there is no viewer in them.
    """
    shown = at.astimezone(where or zone())
    return f"{shown:%Y-%m-%d %H:%M} {_named(shown)}"


def spoken(
    at: datetime,
    now: datetime | None = None,
    where: tzinfo | None = None,
    *,
    inside: bool = False,
) -> str:
    """A time as people say it: "Today 11:40", "Yesterday 9:05", "24 Nov 9:05", "24 Nov 2025".

    What is exact (see ``moment``) belongs beside it, as a tooltip.

    Args:
        now: the current time; of this machine's clock by default.
        where: as of ``moment``.
        inside: whether it stands within a sentence.
    """
    here = where or zone()
    shown, today = at.astimezone(here), (now or datetime.now(UTC)).astimezone(here)
    days = (today.date() - shown.date()).days
    if days in _LATELY:
        said = _LATELY[days]
        return f"{said.lower() if inside else said} {shown:%-H:%M}"
    return f"{shown:%-d %b %-H:%M}" if shown.year == today.year else f"{shown:%-d %b %Y}"


def hour(at: datetime) -> str:
    """Time and zone, as "03:18 JST"."""
    shown = at.astimezone(zone())
    return f"{shown:%H:%M} {_named(shown)}"


def day(at: datetime) -> str:
    """The date, as "24 Nov 2026"; with the zone if it is this machine's and not the viewer's."""
    here = zone()
    shown = at.astimezone(here)
    return f"{shown:%-d %b %Y}" if here else f"{shown:%-d %b %Y} {_named(shown)}"


def written(seconds: float) -> str:
    """A time since 1970, see ``moment``; "at an unknown time" if storage does not say."""
    return moment(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 else "at an unknown time"


def duration(seconds: float) -> str:
    """As "1 min 52 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def estimate(seconds: float) -> str:
    """A time that nobody knows to the second, as "about 16 min"; up to a minute in steps of 5 s."""
    if seconds < 90:
        return f"about {max(5, round(seconds / 5) * 5)} s"
    minutes = round(seconds / 60)
    return f"about {duration(minutes * 60).removesuffix(' 0 s')}"


def _named(shown: datetime) -> str:
    name = f"{shown:%Z}"
    return f"UTC{name}" if name[:1] in ("+", "-") else name
