"""What Cloud Storage charges for a batch of the engine's."""

from __future__ import annotations

import pytest

from core.jobs.billing.storage_costs import storage_cost


def test_a_batch_of_files_and_one_of_a_bucket() -> None:
    files = storage_cost(500, uploads=500, shards=25)
    assert files == (500 + 25 + 5, 500 + 50)
    assert files.usd == pytest.approx(530 * 5e-6 + 550 * 4e-7)
    there = storage_cost(500, uploads=0, shards=25)
    assert there == (30, 1_050)
