"""One sentence of what the pictures that pass are; its numbers are counted from the tables."""

from __future__ import annotations

import numpy as np

from core.results.columns.palettes import hex_to_lab
from core.results.query.filters import Filters
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.results.tables.arrow import numbers
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES

NAMED = 4  # labels in the sentence
MOST_CHOSEN = 3  # labels of the filter that are named
SHARE = 0.15  # of the palette that a colour needs to be named
_FOUND = {  # table -> what it holds
    "texts": "text",
    "objects": "objects",
    "faces": "faces",
    "landmarks": "landmarks",
    "logos": "logos",
    "products": "products",
    "web_entities": "web entities",
    "crop_hints": "crop hints",
}
_HUES = (  # up to which angle of CIELAB's a and b a colour has this name
    (20, "pinks"),
    (55, "reds"),
    (80, "oranges"),
    (110, "yellows"),
    (170, "greens"),
    (230, "teals"),
    (310, "blues"),
    (335, "purples"),
    (361, "pinks"),
)


def describe(
    store: Store, filters: Filters, policy: SafePolicy, *, live: bool = False
) -> tuple[str, str]:
    """Its beginning, which says how many, and the rest; label names in it are hostile text."""
    shown, whole = store.count(filters), store.tables.pictures
    count = counted(store) if shown == whole else f"{shown:,} of {amount(store, whole)}"
    chosen = _chosen(filters)
    start = f"{count} so far:" if live else f"{count} with {chosen}:" if chosen else f"{count}:"
    if live and not whole:
        return "No results yet:", "pictures appear here as they are done."
    if not whole:
        return start, "there is no picture in these results."
    if not shown:
        return start, "no picture passes the filters."
    failed = _failed(store, filters)
    if failed == shown:
        return start, f"{'all ' * (shown != 1)}failed; the tab Quality says why."
    parts = [_labels(store, filters), _colours(store, filters), _flagged(store, filters, policy)]
    if not parts[0]:
        parts.insert(0, _other_features(store, filters))
    rest = " ".join(part for part in parts if part) or "nothing was found."
    if failed:
        rest += f" {failed:,} failed."
    if live:
        rest += " Numbers with + still grow."
    return start, rest


def _chosen(filters: Filters) -> str:
    """The labels that are filtered by, and how many other filters narrow the count; "" for none."""
    if not 0 < len(filters.labels) <= MOST_CHOSEN:
        return ""
    named = (" or " if filters.match == "any" else " and ").join(filters.labels)
    others = len(filters.without("labels").values()) + len(filters.not_labels)
    if not others:
        return named
    return f"{named}, and {others:,} other filter{'s' * (others != 1)}"


def counted(store: Store) -> str:
    """How many pictures and how many pages of files there are, in words."""
    whole, paged = store.tables.pictures, _paged(store)
    if paged in (0, whole):
        return amount(store, whole)
    pictures = whole - paged
    said = f"{pictures:,} picture{'s' * (pictures != 1)}"
    return f"{said} and {paged:,} page{'s' * (paged != 1)}"


def amount(store: Store, count: int) -> str:
    """Some of the store's pictures, as "1 picture", "3 pages", "40 pictures and pages"."""
    return f"{count:,} {noun_of(store, count)}"


def noun_of(store: Store, count: int) -> str:
    """What so many of the store's pictures are called: pages of files are none."""
    whole, paged = store.tables.pictures, _paged(store)
    if paged not in (0, whole):
        return "pictures and pages"
    return f"{'page' if paged else 'picture'}{'s' * (count != 1)}"


def _paged(store: Store) -> int:
    table = store.tables["pictures"]
    return store.once("pages", lambda: int((numbers(table, "page") > 0).sum()))


def _failed(store: Store, filters: Filters) -> int:
    bad = numbers(store.tables["pictures"], "error_code") != 0
    mask = store.mask(filters, None)
    return int(np.count_nonzero(bad if mask is None else bad & mask))


def _labels(store: Store, filters: Filters) -> str:
    frame = store.specific().count(store.mask(filters, None), filters.score, NAMED + 3)
    frame = frame[(frame["pictures"] > 0) & ~frame["label"].isin(filters.labels)].head(NAMED)
    if frame.empty:
        return ""
    named = [f"{name} ({n:,})" for name, n in zip(frame["label"], frame["pictures"], strict=True)]
    if 0 < len(filters.labels) <= MOST_CHOSEN:  # they are named before
        return f"also {_listed(named)}."
    return f"{_listed(named)} lead{'s' * (len(named) == 1)}."


def _other_features(store: Store, filters: Filters) -> str:
    """In how many pictures something else was found, where no labels say what they are of."""
    mask = store.mask(filters, None)
    parts = []
    for name, said in _FOUND.items():
        table = store.tables[name]
        ids = numbers(table, "picture")
        passing = np.ones(len(ids), bool) if mask is None else mask[ids]
        if count := len(np.unique(ids[passing])):
            words = int(numbers(table, "words")[passing].sum()) if name == "texts" else 0
            more = f", {words:,} word{'s' * (words != 1)}" if words else ""
            parts.append(f"{said} ({count:,}{more})")
    return f"Found: {_listed(parts)}." if parts else ""


def _colours(store: Store, filters: Filters) -> str:
    frame = store.palette_batch(filters, without=None)
    shares: dict[str, float] = {}
    for color, share in zip(frame["hex"], frame["share"], strict=True):
        name = color_name(color)
        shares[name] = shares.get(name, 0.0) + share
    named = [n for n, share in sorted(shares.items(), key=lambda p: -p[1]) if share >= SHARE][:2]
    return f"Mostly {' and '.join(named)}." if named else ""


def _flagged(store: Store, filters: Filters, policy: SafePolicy) -> str:
    table = store.tables["safe_search"]
    mask = store.mask(filters, None)
    rows = slice(None) if mask is None else mask[numbers(table, "picture")]
    levels = {name: numbers(table, name)[rows] for name in SAFE_CATEGORIES}
    if not any(column.any() for column in levels.values()) or not policy.thresholds:
        return ""  # not asked for, or nothing judged
    flagged = np.zeros(len(levels["adult"]), bool)
    for name, least in policy.thresholds:
        flagged |= levels[name] >= LIKELIHOODS.index(least)
    count = int(np.count_nonzero(flagged))
    return f"{f'{count:,}' if count else 'None'} flagged by safe search."


def color_name(color: str) -> str:
    """What people call a colour, of a dozen names, in the plural."""
    lightness, a, b = hex_to_lab(color)
    chroma = float(np.hypot(a, b))
    if lightness < 18 and chroma < 15:
        return "blacks"
    if chroma < 9:
        return "whites" if lightness > 88 else "greys"
    hue = float(np.degrees(np.arctan2(b, a))) % 360
    name = next(name for end, name in _HUES if hue < end)
    if name in ("reds", "oranges", "yellows") and (chroma < 40 or lightness < 45):
        return "browns" if lightness < 75 else "beiges"
    return name


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
