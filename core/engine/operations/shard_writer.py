"""Result shards: their names, their text, and putting them into the bucket.

The name is plain concatenation, 1-based and inclusive, as the service's documentation and its
output files show it: ``PREFIX`` + ``output-A-to-B.json``. ``core.results`` reads the same form but
does not share this code: a round-trip test ties the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.buckets import Buckets
from core.engine.workers.vectors import vectors_file

DEFAULT_BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class OutputShard:
    """One shard of an operation.

    Attributes:
        output_uri: what its name begins with.
        numbers: of its pictures in the request, or of its pages in their file, from 0: its name
            says them from 1.
        offset: what makes numbers into positions, which are unique in the operation.
        head: JSON members before the responses, with the comma: a file's shard has its
            ``inputConfig`` there.
    """

    output_uri: str
    numbers: range
    offset: int = 0
    head: str = ""

    @property
    def positions(self) -> range:
        """Positions of its responses in the journal."""
        return range(self.numbers.start + self.offset, self.numbers.stop + self.offset)


def shard_ranges(pictures: int, batch_size: int) -> list[range]:
    """Positions (from 0) of each shard's pictures: 45 by 20 -> 0-20, 20-40, 40-45."""
    return [
        range(start, min(start + batch_size, pictures)) for start in range(0, pictures, batch_size)
    ]


def shard_uri(output_uri: str, positions: range) -> str:
    """``gs://b/run/`` and positions 0-20 -> ``gs://b/run/output-1-to-20.json``."""
    return f"{output_uri}output-{positions.start + 1}-to-{positions.stop}.json"


def vectors_uri(output_uri: str, positions: range) -> str:
    """``gs://b/run/`` and positions 0-20 -> ``gs://b/run/vectors-1-to-20.npy``."""
    return f"{output_uri}vectors-{positions.start + 1}-to-{positions.stop}.npy"


def shard_text(responses: Sequence[str], head: str = "") -> str:
    """One shard from its responses' protobuf JSON: a ``BatchAnnotateImagesResponse``.

    With a head it is an ``AnnotateFileResponse``.

    Workers make each response's JSON, where it costs no time of the one dispatching process.
    """
    return "{" + head + '"responses":[' + ",".join(responses) + "]}"


def write_shard(
    buckets: Buckets,
    shard: OutputShard,
    responses: Sequence[str],
    vectors: Sequence[bytes | None] = (),
) -> None:
    """Write one shard; an object of that name is replaced, as the service does.

    Args:
        vectors: of the responses, in their order; the file of them comes first, so that a reader
            who sees the shard finds it.

    Raises:
        BucketError: the bucket is missing, not writable, or not answering.
    """
    if len(responses) != len(shard.numbers):
        raise ValueError(f"{len(responses)} responses for the {len(shard.numbers)} of a shard")
    text = shard_text(responses, shard.head)
    uri = shard_uri(shard.output_uri, shard.numbers)
    if (file := vectors_file(vectors)) is not None:
        beside = vectors_uri(shard.output_uri, shard.numbers)
        buckets.write(beside, file, "application/octet-stream")
    buckets.write(uri, text.encode(), "application/json")
