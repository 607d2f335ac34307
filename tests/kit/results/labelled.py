"""Small stores of labelled pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables.blocks import build_part
from core.results.tables.cache_assembly import assemble
from core.results.tables.run_choice import Choice, Listing


def labelled(
    pictures: Sequence[Sequence[str]],
    *,
    uris: Sequence[str] = (),
    safe: Sequence[dict[str, str]] = (),
    colors: Sequence[tuple[int, int, int]] = (),
    called: Mapping[str, str] | None = None,
) -> Store:
    """A store of pictures with these labels, each later one with a lower score.

    Args:
        called: the user's own paths, by address.
    """
    responses = []
    for n, labels in enumerate(pictures):
        answer: dict[str, object] = {
            "context": {"uri": uris[n] if uris else f"gs://b/p{n}.jpg"},
            "labelAnnotations": [
                {"description": label, "score": round(0.9 - 0.1 * place - 0.01 * n, 2)}
                for place, label in enumerate(labels)
            ],
        }
        if safe:
            answer["safeSearchAnnotation"] = safe[n]
        if colors:
            names = ("red", "green", "blue")
            color = dict(zip(names, colors[n], strict=True))
            dominant_colors = [{"color": color, "score": 1, "pixelFraction": 1}]
            answer["imagePropertiesAnnotation"] = {"dominantColors": {"colors": dominant_colors}}
        responses.append(answer)
    data = json.dumps({"responses": responses}).encode()
    shard = ShardFile(f"gs://b/output-1-to-{len(responses)}.json", 1, len(responses), len(data), 1)
    listing = Listing.of_attempts([shard], Choice(attempts=True, called=called or {}))
    return Store(assemble([(build_part([(shard, data)]), frozenset([shard]))], listing, ()))
