"""Packages of npm that tests need, fetched once as a lock file says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def fetched(folder: Path, file: str) -> Path:
    """A file of a package below a folder's ``node_modules``; the test is skipped without npm."""
    path = folder / "node_modules" / file
    if not path.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"npm is not installed, and {file} comes from it")
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
        )
        if not path.exists():
            pytest.skip(f"npm could not fetch {file}: {done.stderr[-300:]}")
    return path
