"""The guide follows the code: files that it names exist, and each package says what it is for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = sorted(path.parent for path in (ROOT / "core").rglob("__init__.py"))
# A file, a folder, or a name in a module (`core/results/theme.escape_plotly`).
PATH = re.compile(r"`((?:core|pages|scripts|tests|docs)/[\w./-]+)`")
MODULE = re.compile(r"`(\w+\.py)`")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_files_that_the_guide_names_exist(guide: Path) -> None:
    text = guide.read_text()
    names = {path.name for folder in ("core", "scripts") for path in (ROOT / folder).rglob("*.py")}
    missing = [path for path in PATH.findall(text) if not _exists(path)]
    missing += [name for name in MODULE.findall(text) if name not in {*names, "app.py"}]
    assert missing == []


def _exists(path: str) -> bool:
    module = ROOT / f"{path.rpartition('.')[0] or path}.py"  # of a name in a module
    return (ROOT / path).exists() or module.is_file()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_says_what_it_holds_and_never_does(package: Path) -> None:
    said = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    assert re.search(r"\bnever\b", said), "say in two lines what it holds and what it never does"


def test_the_tree_of_the_guide_names_every_folder() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = text.split("## The tree")[1].split("## ")[0]
    named = set(re.findall(r"(\w+)/", tree))
    inner = {"handlers", "objects"}  # of the local Cloud Storage
    assert {package.name for package in PACKAGES} - inner <= named


def test_each_threat_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    table = text.partition("## Threats")[2].partition("## Limits")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", row.rsplit("|", 2)[1])
        assert named, row
        for file, function in named:
            source = (ROOT / "tests" / file).read_text()
            assert not function or f"\ndef {function}(" in source, f"{file}::{function}"
