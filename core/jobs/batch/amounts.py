"""How many pictures, pages and bytes, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def counted(pictures: int, pages: int = 0) -> str:
    """Pictures and pages in words; pages of files are counted apart, since no picture is one.

    >>> counted(303, 12)
    '303 pictures and 12 pages'
    >>> counted(0, 1)
    '1 page'
    """
    parts = [count(pictures, "picture")] if pictures or not pages else []
    if pages:
        parts.append(count(pages, "page"))
    return enumerated(parts)


def enumerated(parts: Sequence[str]) -> str:
    """Parts as a sentence has them.

    >>> enumerated(["2 bad pictures", "1 bad PDF", "1 other file"])
    '2 bad pictures, 1 bad PDF and 1 other file'
    """
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "file"), count(2_000, "file")
    ('1 file', '2,000 files')
    """
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def in_bytes(size: int) -> str:
    """A size as people read it.

    >>> in_bytes(84_200_000), in_bytes(900)
    ('84 MB', '900 bytes')
    """
    for unit, name in _UNITS:
        if size >= unit:
            number = size / unit
            return f"{number:.1f} {name}" if number < 10 else f"{number:,.0f} {name}"
    return f"{size:,} bytes"
