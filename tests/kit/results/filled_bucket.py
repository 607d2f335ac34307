"""A dashboard's local bucket, filled with many small pictures and their shards."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from core.buckets import Buckets, open_buckets
from tests.kit.results.generated_shards import BUCKET, HEIGHT, WIDTH, generate
from tests.kit.web.browser import Dashboard

PREFIX = "gs://contact-sheet/bench-gallery/"
DISTINCT = 40  # pictures that differ; each is uploaded under many names


def storage(dashboard: Dashboard) -> Buckets:
    """The emulator's buckets of a running dashboard."""
    engine = json.loads((dashboard.home / "engine" / "engine.json").read_text())
    return open_buckets(engine["storage_address"])


def fill(buckets: Buckets, pictures: int, folder: Path) -> None:
    """Generate pictures and their results, and upload both."""
    buckets.make_bucket(BUCKET.removeprefix("gs://"))
    buckets.make_bucket("contact-sheet")
    distinct = [soft_jpeg(seed) for seed in range(DISTINCT)]

    def upload(number: int) -> None:
        uri = f"{BUCKET}/album-{number % 7}/picture-{number:06}.jpg"
        buckets.write(uri, distinct[number % DISTINCT], "image/jpeg")

    def upload_shard(path: Path) -> None:
        buckets.write(PREFIX + path.name, path.read_bytes(), "application/json")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(1, pictures + 1)))
        list(pool.map(upload_shard, generate(folder, pictures, processes=2)))


def soft_jpeg(seed: int) -> bytes:
    """A picture of soft shapes, about as large as a photograph of its size."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (48, 64, 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    noisy = np.clip(soft + rng.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=80)
    return out.getvalue()
