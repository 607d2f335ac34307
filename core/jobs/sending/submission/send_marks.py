"""Marks in the bucket, left before each try to send an operation: a ledger may forget, they do not.

An operation's prefix is nobody else's. So what lies there, or a mark beside it that the ledger does
not know, was sent from here by a ledger that this one is an older copy of (restored from a backup).
Google lists no operations, and an operation that has written no shard yet leaves no other trace.

A mark is ``.../try-1/part-0001.sent-TOKEN-DIGEST`` beside the folder ``.../try-1/part-0001/``, so
that one listing finds both and nobody who reads the folder meets it. The digest tells which
pictures were sent: a retry that the ledger has forgotten may have been of others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.buckets import Buckets

ANSWERED = "Results lie under its prefix already: it was sent before, and is not sent again."
SENT_BEFORE = (
    "It was sent before, at {:%Y-%m-%d %H:%M:%S} UTC, which this ledger does not know: was it "
    "restored from an older copy? Results will be noticed. Send it again only if you accept that "
    "it may be charged twice."
)
OTHERS = (
    "Other pictures were sent to its prefix, which this ledger does not know: was it restored from "
    "an older copy? Give it up, and retry what is missing: that writes elsewhere."
)
_NAME = re.compile(r"\.sent-([0-9a-f]{12})-([0-9a-f]{16})\Z")


@dataclass(frozen=True, slots=True)
class Traces:
    """What earlier tries have left at a prefix.

    Attributes:
        results: how many objects lie under the prefix.
        unknown: tokens of tries that the ledger does not know.
        sent_at: when the latest of those was made; None without any.
        other_pictures: one of them was of other pictures.
    """

    results: int
    unknown: tuple[str, ...]
    sent_at: datetime | None
    other_pictures: bool


def find(buckets: Buckets, prefix: str, known: str, uris: Sequence[str]) -> Traces:
    """Look at an operation's prefix, in one listing.

    Args:
        known: tokens of the ledger's own marks, separated by blanks.
        uris: the pictures that are about to be sent, in order.

    Raises:
        BucketError: it cannot be listed.
    """
    own, mine = known.split(), _digest(uris)
    stem = prefix.rstrip("/")
    results, unknown, sent_at, other = 0, [], None, False
    for info in buckets.list_objects(stem):
        if info.uri.startswith(f"{stem}/"):
            results += 1
            continue
        mark = _NAME.fullmatch(info.uri.removeprefix(stem))
        if mark is None or mark[1] in own:
            continue
        unknown.append(mark[1])
        sent_at = max(sent_at or info.updated, info.updated)
        other |= mark[2] != mine
    return Traces(results, tuple(unknown), sent_at, other)


def leave(buckets: Buckets, prefix: str, token: str, uris: Sequence[str], now: datetime) -> None:
    """Mark that these pictures are about to be sent; before anything is on the wire.

    Args:
        token: 12 hexadecimal digits.

    Raises:
        BucketError: it cannot be written; then nothing may be sent.
    """
    text = f"Contact Sheet sends {len(uris)} pictures to {prefix} at {now.isoformat()}.\n"
    name = f"{prefix.rstrip('/')}.sent-{token}-{_digest(uris)}"
    buckets.write(name, text.encode(), "text/plain")


def _digest(uris: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(uris).encode("utf-8", "replace")).hexdigest()[:16]
