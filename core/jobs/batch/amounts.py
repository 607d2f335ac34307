"""How many pictures and pages, as people read it."""

from __future__ import annotations


def counted(pictures: int, pages: int = 0) -> str:
    """Pictures and pages in words; pages of files are counted apart, since no picture is one.

    >>> counted(303, 12)
    '303 pictures and 12 pages'
    >>> counted(0, 1)
    '1 page'
    """
    parts = [_noun(pictures, "picture")] if pictures or not pages else []
    if pages:
        parts.append(_noun(pages, "page"))
    return " and ".join(parts)


def _noun(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
