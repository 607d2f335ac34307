"""Reads pages' texts from the shards that hold them; the last shards read are kept."""

from __future__ import annotations

from core.buckets import BucketReader
from core.errors import BadShard
from core.results.documents.text_page import TextPage, read_page
from core.results.pictures.lru import Recent
from core.results.query.store import Store
from core.results.shards.full_text import ShardTexts
from core.results.shards.limits import read_shard
from core.results.tables.arrow import rows_of
from core.results.vocabulary import status_name

MOST_BYTES = 100_000_000  # of shards kept: one of 20 pages has some 7 MB
MOST = 4


class PageReader:
    """The texts of one store's pictures. For one thread at a time.

    Args:
        buckets: as far as the visitor may read.
    """

    def __init__(self, buckets: BucketReader, store: Store) -> None:
        self._buckets, self._store = buckets, store
        self._shards: Recent[ShardTexts] = Recent(MOST_BYTES, MOST)

    def read(self, picture: int) -> TextPage:
        """The text of a picture by its id; without blocks where no text was found.

        Raises:
            BadShard: the service reports an error instead, or its shard is damaged.
            BucketError: the shard cannot be read.
        """
        row = rows_of(self._store.tables["pictures"], [picture]).to_pylist()[0]
        if row["error_code"]:
            message = row["error_message"].rstrip(".") or status_name(row["error_code"])
            raise BadShard(f"It was not annotated: {message}", then="Retry it on Operations.")
        shard, entry = row["shard"], row["entry"]
        for source in rows_of(self._store.tables.sources, [picture]).to_pylist():
            if source["feature"] == "texts":
                shard, entry = source["shard"], source["entry"]
        texts = self._shards.get(shard)
        if texts is None:
            data = read_shard(self._buckets, shard)
            texts = ShardTexts(data, shard)
            self._shards.keep(shard, texts, len(data))
        return read_page(texts.response(entry), shard)
