"""What Cloud Storage charges for a batch that the embedded engine annotates there: its operations.

Storage itself and traffic out of Google's network cost besides; they depend on the bucket's class
and place, and on where the engine runs.
"""

from __future__ import annotations

from typing import NamedTuple

# Standard storage in us-east1: cloud.google.com/storage/pricing-examples
CLASS_A_USD, CLASS_B_USD = 0.005 / 1000, 0.0004 / 1000
DATED = "2026-11-28"
LISTINGS = 4  # before and after sending


class StorageCost(NamedTuple):
    """Operations of one batch, and their cost by Google's list."""

    class_a: int
    class_b: int

    @property
    def usd(self) -> float:
        """US dollars, by the list prices of class A and class B operations."""
        return self.class_a * CLASS_A_USD + self.class_b * CLASS_B_USD


def storage_cost(pictures: int, uploads: int, shards: int) -> StorageCost:
    """About what a batch takes, looks at a running job apart (one listing each).

    Args:
        pictures: that are sent; each is read once by the engine, and one that was in the bucket
            before is looked at once.
        uploads: of them, those that are put into the bucket first.
        shards: each is written, counted and opened once; a mark is written a batch.

    >>> storage_cost(500, 500, 25)
    StorageCost(class_a=530, class_b=550)
    """
    return StorageCost(uploads + shards + 1 + LISTINGS, 2 * pictures - uploads + 2 * shards)
