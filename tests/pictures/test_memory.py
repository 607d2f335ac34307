"""What reading one large picture takes of memory, measured in processes of their own.

A small file may hold 75 million pixels. The dashboard reads such a one in a process that ends; an
engine's worker reads it itself, and keeps no more of it than its models look at.
"""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from core.pictures.limits import MAX_MEMORY

SIDE = 6_000
PIXELS = 4 * SIDE * SIDE  # bytes, as Pillow keeps them
MB = 1024 * 1024
MEASURE = """
import resource, sys
from pathlib import Path
data = Path(sys.argv[1]).read_bytes()
{imports}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{work}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(after - before, children)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG of some 160 kB with 36 million pixels of four channels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    packer, row = zlib.compressobj(1), bytes(1 + SIDE * 4)
    coded = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    size = SIDE.to_bytes(4, "big")
    header = chunk(b"IHDR", size + size + b"\x08\x06\0\0\0")
    path = tmp_path_factory.mktemp("large") / "large.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", coded) + chunk(b"IEND", b""))
    assert path.stat().st_size < 1_000_000
    return path


def measured(path: Path, imports: str, work: str) -> tuple[int, int]:
    """How much the peak grew by the work, and the largest child's peak; bytes."""
    script = MEASURE.format(imports=imports, work=work)
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    own, children = map(int, done.stdout.split())
    return own * 1024, children * 1024


def test_the_dashboard_hardly_grows_for_a_large_picture(large: Path) -> None:
    own, child = measured(
        large,
        "from core.results.pictures.thumbnails import make",
        "for _ in range(3): assert make(data, 'x')[1].stored == (6000, 6000)",
    )
    assert own < 40 * MB
    assert PIXELS < child < MAX_MEMORY


def test_a_worker_takes_the_pixels_once_and_keeps_what_it_looks_at(large: Path) -> None:
    own, _ = measured(
        large,
        "from core.pictures.picture import BASE_SIDE, decode",
        "picture = decode(data); picture.scaled(960); picture.reduced(512)\n"
        "assert max(picture._base.size) < 2 * BASE_SIDE",
    )
    assert own < PIXELS + 80 * MB
