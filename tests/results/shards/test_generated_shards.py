"""The generator writes shards that the official client takes, the same ones every time."""

from __future__ import annotations

from pathlib import Path

from google.cloud import vision

from tests.kit.results.generated_shards import generate


def test_generated_shards_are_the_services_own(tmp_path: Path) -> None:
    paths = generate(tmp_path / "a", 50, 20, seed=3)
    assert [path.name for path in paths] == [
        "output-1-to-20.json",
        "output-21-to-40.json",
        "output-41-to-50.json",
    ]
    sizes = []
    for path in paths:
        batch = vision.BatchAnnotateImagesResponse.from_json(path.read_text(encoding="utf-8"))
        sizes.append(len(batch.responses))
        assert all(response.context.uri for response in batch.responses)
    assert sizes == [20, 20, 10]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one = generate(tmp_path / "a", 6, 3, seed=3, documents=True)
    same = generate(tmp_path / "b", 6, 3, seed=3, processes=2, documents=True)
    other = generate(tmp_path / "c", 6, 3, seed=4, documents=True)
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in same]
    assert one[0].read_bytes() != other[0].read_bytes()
    assert len(one[0].read_bytes()) > 50_000
