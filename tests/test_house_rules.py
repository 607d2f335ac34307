"""The house rules that a tool can check: style, types, import direction, sizes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
PAGES = sorted((ROOT / "pages").rglob("*.py"))
MODULE_LINES = 400
PAGE_LINES = 80
FUNCTION_LINES = 50
POSITIONAL = 6  # arguments without a name in a call; more are named
ROOM_FILES = 13  # of one package, its __init__ apart
# Participles that say nothing of what a name stands for: `found` is a list of rows, a job, a path?
PARTICIPLES = {"found", "kept", "told", "held"}
# ... but for the noun of the glossary: an answer by another model than the job's.
GLOSSARY_KEPT = {
    "core/jobs/ledger/rows.py",  # the field of a picture's row
    "core/jobs/reuse/answers.py",  # how many a job uses, by model
    "core/jobs/reuse/reuse.py",  # the same, and how many a plan would use
}
SPEAKING = ("core", "pages", "scripts", "tests")
# pages/ is not a package, so import-linter cannot hold these; what a page may not touch:
FORBIDDEN_IN_PAGES = ("google", "grpc", "onnxruntime", "plotly", "core.engine", "core.buckets")


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports"],
        ["mypy"],
    ],
    ids=" ".join,
)
def test_tool_is_content(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_small(source: Path) -> None:
    lines = len(source.read_text().splitlines())
    limit = PAGE_LINES if source in PAGES else MODULE_LINES
    assert lines <= limit, f"{source.relative_to(ROOT)} has {lines} lines; split it"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_small(source: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, kinds):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES, (
                f"{source.relative_to(ROOT)}: {node.name} has {lines} lines"
            )


def test_calls_can_be_read() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                count = len(names) - (names[:1] in (["self"], ["cls"]))
                assert count <= POSITIONAL, f"{source.relative_to(ROOT)}: {node.name} takes {count}"


def test_private_names_stay_in_their_module() -> None:
    folders = [ROOT / name for name in ("core", "pages", "scripts", "tests")]
    for source in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("core", "tests")):
                names = [alias.name for alias in node.names if re.match("_[a-z]", alias.name, re.I)]
                assert names == [], f"{source.relative_to(ROOT)} imports {names}"


def test_names_say_what_they_hold() -> None:
    """No variable, argument, function or import is called by a bare participle, ``_`` or digit."""
    for source in (path for folder in SPEAKING for path in (ROOT / folder).rglob("*.py")):
        where = source.relative_to(ROOT).as_posix()
        allowed = {"kept"} if where in GLOSSARY_KEPT else set()
        for line, name in _names(ast.parse(source.read_text())):
            bare = name.strip("_0123456789")
            assert bare not in PARTICIPLES - allowed, f"{where}:{line}: what is {name}?"


def test_names_of_scripts_say_what_they_hold() -> None:
    named = re.compile(rf"\b(?:const |let |this\.)_*({'|'.join(sorted(PARTICIPLES))})\b")
    for script in sorted((ROOT / "core").rglob("*.js")):
        names = named.findall(script.read_text(encoding="utf-8"))
        assert names == [], f"{script.relative_to(ROOT)}: {names}"


def test_scripts_of_components_draw_through_one_helper() -> None:
    scripts = (ROOT / "core" / "ui").rglob("*.js")
    drawing = [path.name for path in scripts if "createElementNS" in path.read_text("utf-8")]
    assert drawing == ["elements.js"], "makeSvg stands before the scripts of every component"


def test_rooms_are_small() -> None:
    """Who looks for something reads a list of files; a long one wants rooms."""
    packages = [path.parent for path in (ROOT / "core").rglob("__init__.py")]
    kits = {path.parent for path in (ROOT / "tests" / "kit").rglob("*.py")}
    for package in sorted([*packages, *kits]):
        files = [path.name for path in package.iterdir() if path.is_file()]
        count = len(set(files) - {"__init__.py"})
        assert count <= ROOM_FILES, f"{package.relative_to(ROOT)} holds {count} files"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_page_keeps_to_its_layer(page: Path) -> None:
    for name in _imports(page):
        assert not name.startswith(FORBIDDEN_IN_PAGES), f"{page.name} imports {name}"


def test_each_package_has_an_order_of_its_modules() -> None:
    """A layers contract of import-linter for each package of more than one module."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    ordered = {name for contract in contracts for name in contract.get("containers", [])}
    for package in sorted(path.parent for path in (ROOT / "core").rglob("__init__.py")):
        inside = [*package.glob("*.py"), *package.glob("*/__init__.py")]
        name = ".".join(package.relative_to(ROOT).parts)
        assert name in ordered or len(inside) <= 2, f"{name} has no layers contract"


def test_test_files_have_names_of_their_own() -> None:
    """Pytest takes two of one name for one, and a run of single files does not show it."""
    counts = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_table_can_be_taken_along() -> None:
    """``components.chart_card`` puts the file beside a table; a bare one would have none."""
    bare = {"dataframe", "table", "data_editor"}
    for source in [*PAGES, *(ROOT / "core" / "ui").rglob("*.py")]:
        nodes = ast.walk(ast.parse(source.read_text()))
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert source.name == "chart_card.py" or not names & bare, source.name


def test_no_test_imports_another_or_the_scripts() -> None:
    """What tests share is ``tests/kit``; ``tests/scripts`` alone imports what it tests."""
    for source in (ROOT / "tests").rglob("*.py"):
        where = source.relative_to(ROOT / "tests")
        for name in _imports(source):
            assert not re.match(r"tests\.(?!kit\b)", name), f"tests/{where} imports {name}"
            allowed = where.parts[0] == "scripts"
            assert allowed or not name.startswith("scripts"), f"tests/{where} imports {name}"


def _imports(source: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What a module gives a name to, with the line: attributes of objects apart."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store(), lineno=line) | ast.arg(arg=name, lineno=line):
                yield line, name
            case (
                ast.FunctionDef(name=name, lineno=line)
                | ast.AsyncFunctionDef(name=name, lineno=line)
                | ast.ClassDef(name=name, lineno=line)
                | ast.ExceptHandler(name=str(name), lineno=line)
                | ast.MatchAs(name=str(name), lineno=line)
            ):
                yield line, name
            case ast.alias(name=imported, asname=name, lineno=line):
                yield line, name or imported
