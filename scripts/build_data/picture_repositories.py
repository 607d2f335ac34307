"""Fetches the photographs of public repositories that picture_words.py learns from.

    python -m scripts.build_data.picture_repositories FOLDER [MIRRORS]

Each repository of ``picture_repositories.tsv`` comes at its pinned commit, by git from GitHub or
from a bare copy MIRRORS/OWNER+NAME, and only its folder of pictures is unpacked, into
FOLDER/OWNER+NAME. Nothing fetched belongs into a commit. Of the textbooks only pictures are listed
in ``picture_words.tsv`` whose caption names a free licence, or the public domain, or (where the
whole book is free) no other source.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).with_suffix(".tsv")
GITHUB = "https://github.com"


def _git(repository: Path, *arguments: str) -> bytes:
    command = ["git", f"--git-dir={repository}", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def fetch(name: str, commit: str, below: str, folder: Path, mirrors: Path | None) -> None:
    """Unpack a repository's pictures; names those that a copy without large files lacks.

    Args:
        name: OWNER/NAME.
        commit: 40 hex digits.
        below: the folder of pictures in it.
        folder: where OWNER+NAME is made.
        mirrors: a folder of bare copies; without one the commit alone is fetched from GitHub.

    Raises:
        subprocess.CalledProcessError: git could not fetch or read it, and said why.
        ValueError: a path would lie outside the folder.
    """
    plain = name.replace("/", "+")
    bare = (mirrors or folder / ".git-fetched") / plain
    if mirrors is None:
        subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
        _git(bare, "fetch", "--quiet", "--depth=1", f"{GITHUB}/{name}", commit)
    listed = _git(bare, "ls-tree", "-r", "-z", "--name-only", commit, f"{below}/").decode()
    for path in filter(None, listed.split("\0")):
        target = folder / plain / path
        if ".." in Path(path).parts:
            raise ValueError(f"{name} holds {path!r}")
        try:
            content = _git(bare, "cat-file", "blob", f"{commit}:{path}")
        except subprocess.CalledProcessError:
            print(f"{name}: {path} is left out, this copy does not hold it")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main(folder: Path, mirrors: Path | None) -> None:
    """Fetch all of the table."""
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            fetch(row["repository"], row["commit"], row["folder"], folder, mirrors)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
