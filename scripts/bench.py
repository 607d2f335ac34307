"""``make bench``: every speed figure, as a ratio against what a user would otherwise do.

With ``--gallery`` the gallery alone, in Chromium, which takes some minutes.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    "scripts.bench_engine",
    "scripts.bench_features",
    "scripts.bench_tables",
    "scripts.bench_store",
)
GALLERY = ("scripts.bench_gallery",)


def main() -> int:
    """Run each bench in a process of its own, so that none warms up another."""
    worst = 0
    for bench in GALLERY if "--gallery" in sys.argv[1:] else BENCHES:
        print(f"\n== {bench}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", bench], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
