"""A store with flagged and plain pictures for the gallery's addresses."""

from __future__ import annotations

import msgspec

from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.tables import build

SEEN, HIDDEN = "gs://b/cat & <b>.jpg", "gs://b/secret.jpg"


def store_of(*responses: dict[str, object]) -> Store:
    data = msgspec.json.encode({"responses": responses})
    shard = ShardFile("gs://b/output-1-to-9.json", 1, len(responses), len(data), 1)
    return Store(build([(shard, data)]))
