"""The sentences that a report begins with: each number is counted from the tables.

Every sentence stands for itself and says of how many. Names in them are untrusted text.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from core.results.analysis.best_pictures import flagged_ids
from core.results.analysis.sentence import color_name
from core.results.columns.label_hierarchy import OTHER
from core.results.query.filters import Filters
from core.results.query.picture_order import NO_FOLDER
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.results.tables.arrow import Bools, numbers
from core.results.tables.picture_names import short_folder
from core.results.vocabulary import LIKELIHOODS, SAFE_CATEGORIES

SENTENCES = 3
LEAST_IN_FOLDER = 3  # pictures, for a folder to be named
LARGEST = 20  # "one in 20" is the rarest that is said so
_RARE = "Less than one picture in 100"
_LEVELS = {  # of a sentence on safe search, and the likelihoods that it takes together
    "unlikely or very unlikely": ("VERY_UNLIKELY", "UNLIKELY"),
    "possible": ("POSSIBLE",),
    "likely or very likely": ("LIKELY", "VERY_LIKELY"),
    "not judged": ("UNKNOWN",),
}


def findings(store: Store, filters: Filters, policy: SafePolicy) -> list[str]:
    """At most ``SENTENCES`` sentences; none if no picture passes.

    Args:
        policy: which pictures are flagged; one without thresholds flags none.
    """
    mask = store.mask(filters, None)
    mask = np.ones(store.tables.pictures, bool) if mask is None else mask
    if not mask.any():
        return []
    return list(islice(_sentences(store, filters, policy, mask), SENTENCES))


def _sentences(store: Store, filters: Filters, policy: SafePolicy, mask: Bools) -> Iterator[str]:
    made = (
        _labels(store, filters, mask),
        _text(store, mask),
        _safe(store, policy, mask),
        _objects(store, filters, mask),
        _faces(store, mask),
        _colors(store, mask),
    )
    return (sentence for sentence in made if sentence)


def portion(count: int, whole: int) -> str:
    """A count as a part of a whole, in words that are true of it.

    >>> portion(63, 303), portion(150, 300), portion(7, 9), portion(9, 9)
    ('About one picture in 5', 'One picture in 2', '78% of the pictures', 'Every picture')
    """
    if count == whole:
        return "Every picture"
    times = round(whole / count)
    if times * count == whole and times <= LARGEST:
        return f"One picture in {times}"
    if 2 <= times <= LARGEST and abs(whole / count - times) <= 0.1 * times:
        return f"About one picture in {times}"
    if count * 200 > whole * 199:
        return "Nearly every picture"
    return f"{count / whole:.0%} of the pictures" if count * 100 >= whole else _RARE


def _whole(mask: Bools) -> str:
    return f"{int(np.count_nonzero(mask)):,}"


def _labels(store: Store, filters: Filters, mask: Bools) -> str:
    frame = store.hierarchy().count(mask, filters.score)
    frame = frame[(frame["depth"] == 0) & (frame["node"] != OTHER)].head(SENTENCES)
    rows = list(zip(frame["node"], frame["pictures"], strict=True))
    if not rows:
        labels = store.specific().count(mask, filters.score, SENTENCES)
        labels = labels[labels["pictures"] > 0]
        rows = list(zip(labels["label"], labels["pictures"], strict=True))
    if not rows:
        return ""
    (name, count), *others = rows
    start = portion(count, int(np.count_nonzero(mask)))
    verb = "have" if start.endswith("pictures") else "has"
    own = store.labels(filters, store.tables["labels"].num_rows, without=None)
    itself = int(own.loc[own["label"] == name, "pictures"].sum()) == count
    kind = "the label" if itself else "a label of the kind"
    said = f"{start} {verb} {kind} {name} ({count:,} of {_whole(mask)})"
    if others:
        first, *second = [f"{other} follows with {n:,}" for other, n in others]
        said += f"; {first}" + "".join(f", {text.replace(' follows', '')}" for text in second)
    return f"{said}."


def _text(store: Store, mask: Bools) -> str:
    if not store.tables["texts"].num_rows:
        return ""
    written = store.has("texts")
    count = int(np.count_nonzero(written & mask))
    if not count:
        return f"No text was read on any of the {_whole(mask)} pictures."
    paged = (numbers(store.tables["pictures"], "page") > 0) & mask
    noun = "pictures and pages" if paged.any() else "pictures"
    said = f"Text was read on {count:,} of {_whole(mask)} {noun}"
    folder = _whole_folder(store, written, mask)
    return f"{said}, among them all {folder}." if folder else f"{said}."


def _whole_folder(store: Store, written: Bools, mask: Bools) -> str:
    """The largest folder of several of which every picture has text, and how many these are."""
    codes, names = store.order().folders
    sizes = np.bincount(codes[mask], minlength=len(names))
    with_text = np.bincount(codes[mask & written], minlength=len(names))
    full = (sizes == with_text) & (sizes >= LEAST_IN_FOLDER)
    full[names.index(NO_FOLDER)] = False
    if np.count_nonzero(sizes) < 2 or not full.any():
        return ""
    code = int(np.argmax(np.where(full, sizes, 0)))
    name = short_folder(names[code])  # a sentence of a report names no bucket
    return f"{int(sizes[code]):,} in the folder {name}" if name else ""


def _safe(store: Store, policy: SafePolicy, mask: Bools) -> str:
    table = store.tables["safe_search"]
    judged = [name for name in SAFE_CATEGORIES if name not in store.unjudged("safe_search")]
    if not table.num_rows or not judged:
        return ""
    rows = mask[numbers(table, "picture")]
    levels = numbers(table, judged[0])[rows]
    if not len(levels):
        return ""
    parts = []
    for words, names in _LEVELS.items():
        wanted = [LIKELIHOODS.index(name) for name in names]
        count = int(np.count_nonzero(np.isin(levels, wanted)))
        if count:
            parts.append(f"{words} in {count:,}")
    said = f"{judged[0].capitalize()} content is {_listed(parts)} of {len(levels):,} pictures"
    flagged = int(np.count_nonzero(mask[np.asarray(flagged_ids(store, policy), np.int64)]))
    if policy.thresholds:
        said += f"; safe search flags {flagged:,}" if flagged else "; safe search flags none"
    return f"{said}."


def _objects(store: Store, filters: Filters, mask: Bools) -> str:
    frame = store.counts("objects", filters, 1, without=None)
    if frame.empty:
        return ""
    name, count = frame["name"][0], int(frame["pictures"][0])
    having = store.named("objects", filters)
    return (
        f"Objects were located in {having:,} of {_whole(mask)} pictures, most often {name} "
        f"(in {count:,})."
    )


def _faces(store: Store, mask: Bools) -> str:
    owners = numbers(store.tables["faces"], "picture")
    faces = int(np.count_nonzero(mask[owners])) if len(owners) else 0
    having = int(np.count_nonzero(store.has("faces") & mask))
    if not faces:
        return ""
    return f"Faces were found in {having:,} of {_whole(mask)} pictures, {faces:,} in all."


def _colors(store: Store, mask: Bools) -> str:
    frame = store.palette_of(mask, 8)
    shares: dict[str, float] = {}
    for color, share in zip(frame["hex"], frame["share"], strict=True):
        shares[color_name(color)] = shares.get(color_name(color), 0.0) + share
    if not shares:
        return ""
    named = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:2]
    parts = [f"{name} ({share:.0%})" for name, share in named]
    return f"The dominant colours are mostly {_listed(parts)}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
