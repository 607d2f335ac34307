"""Result shards: their names, their text, and putting them into the bucket.

The name is plain concatenation, 1-based and inclusive, as the service's documentation and its
output files show it: ``PREFIX`` + ``output-A-to-B.json``. ``core.results`` reads the same form but
does not share this code: a round-trip test ties the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.buckets import Buckets


def shard_ranges(pictures: int, batch_size: int) -> list[range]:
    """Positions (from 0) of each shard's pictures: 45 by 20 -> 0-20, 20-40, 40-45."""
    return [
        range(start, min(start + batch_size, pictures)) for start in range(0, pictures, batch_size)
    ]


def shard_uri(output_uri: str, positions: range) -> str:
    """``gs://b/run/`` and positions 0-20 -> ``gs://b/run/output-1-to-20.json``."""
    return f"{output_uri}output-{positions.start + 1}-to-{positions.stop}.json"


def shard_text(responses: Sequence[str]) -> str:
    """One shard from its responses' protobuf JSON: a ``BatchAnnotateImagesResponse``.

    Workers make each response's JSON, where it costs no time of the one dispatching process.
    """
    return '{"responses":[' + ",".join(responses) + "]}"


def write_shard(
    buckets: Buckets, output_uri: str, positions: range, responses: Sequence[str]
) -> None:
    """Write one shard; an object of that name is replaced, as the service does.

    Raises:
        BucketError: the bucket is missing, not writable, or not answering.
    """
    if len(responses) != len(positions):
        raise ValueError(f"{len(responses)} responses for the {len(positions)} of a shard")
    buckets.write(
        shard_uri(output_uri, positions), shard_text(responses).encode(), "application/json"
    )
