"""``make bench``: every speed figure, as a ratio against what a user would otherwise do.

With ``--gallery`` the gallery alone, in Chromium, and with ``--load`` many sessions, their clicks,
and one large job; each takes some minutes.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    "scripts.bench.engine",
    "scripts.bench.features",
    "scripts.bench.tables",
    "scripts.bench.store",
    "scripts.bench.compare",
    "scripts.bench.storage",
    "scripts.bench.uploads",
    "scripts.bench.documents",
    "scripts.bench.pages",
    "scripts.bench.million",
    "scripts.bench.report",
    "scripts.bench.page_cuts",
)
ALONE = {
    "--gallery": ("scripts.bench.gallery",),
    "--load": ("scripts.bench.clicks", "scripts.bench.load"),
}


def main() -> int:
    """Run each bench in a process of its own, so that none warms up another."""
    worst = 0
    chosen = [bench for option in sys.argv[1:] for bench in ALONE.get(option, ())]
    for bench in chosen or BENCHES:
        print(f"\n== {bench}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", bench], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
