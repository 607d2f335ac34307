"""What the tests of results share."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import vision
from google.protobuf import json_format

from core.results.query.store import Store
from core.results.tables import tables
from tests.kit.results.shards import generated, shard_file

PICTURES = 300


@pytest.fixture(scope="session")
def messages() -> list[Any]:
    """Generated responses with every feature."""
    return generated(PICTURES)


@pytest.fixture(scope="session")
def generated_shards(messages: list[Any]) -> list[Any]:
    """The same as shards of 20."""
    shards = []
    for first in range(1, PICTURES + 1, 20):
        batch = vision.BatchAnnotateImagesResponse.pb(vision.BatchAnnotateImagesResponse())
        batch.responses.extend(messages[first - 1 : first + 19])
        text = json_format.MessageToJson(batch).encode()
        shards.append((shard_file(first, first + len(batch.responses) - 1), text))
    return shards


@pytest.fixture(scope="session")
def store(generated_shards: list[Any]) -> Store:
    """A store of the same."""
    return Store(tables.build(generated_shards))
