"""Small file systems under the parts of a home, so that each can be full by itself.

They are tmpfs and need root on Linux; without it the drills of full disks are left out, and named.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLACES = {
    "ledger": "",
    "journal": "engine",
    "shards": "engine/storage",
    "cache": "results-cache",
}
SIZE = "96m"
BLOCK = b"\0" * 65536


class Disk:
    """Mounted below a home that does not exist yet.

    Attributes:
        mounted: whether there are file systems of our own at all.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._mounts: list[Path] = []
        home.mkdir(parents=True)
        self.mounted = sys.platform == "linux" and os.geteuid() == 0
        for place in PLACES.values():
            folder = home / place
            folder.mkdir(parents=True, exist_ok=True)
            if self.mounted:
                command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "drill", str(folder)]
                self.mounted = subprocess.run(command, check=False).returncode == 0
            if self.mounted:
                self._mounts.append(folder)

    def moved(self, home: Path) -> None:
        """The home is another folder now; what was mounted below it has moved with it."""
        self._mounts = [home / mount.relative_to(self._home) for mount in self._mounts]
        self._home = home

    def fill(self, name: str) -> None:
        """Leave not one byte free where that part lies."""
        with self._ballast(name).open("ab", buffering=0) as ballast:
            for block in (BLOCK, BLOCK[:4096], BLOCK[:1]):
                try:
                    while ballast.write(block) == len(block):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Everywhere is room again."""
        for name in PLACES:
            self._ballast(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Take the file systems away."""
        for folder in reversed(self._mounts):
            # Lazily: a process that ends may still have a file open there.
            subprocess.run(["umount", "--lazy", str(folder)], check=False)

    def _ballast(self, name: str) -> Path:
        return self._home / PLACES[name] / ".ballast"
