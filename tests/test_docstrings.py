"""What docstrings point to is there: a name that was changed is changed where it is told, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for room in ("core", "scripts", "tests/kit")
    for path in sorted((ROOT / room).rglob("*.py"))
]
POINTER = re.compile(r"``([a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*)``")
# Of protocols and libraries, which have names like ours.
OTHERS = ("google.", "vision.", "Feature.", "storage.", "server.", "google_", "pypdfium2.")
# Not of the code: columns that are made, and a method that Streamlit's class has.
EXAMPLES = {"a_2", "product_name", "MediaFileManager.remove_orphaned_files"}
FILES = re.compile(r"\.(py|js|json|tsv|sh)$")


@dataclass
class Names:
    """What the sources define."""

    # By module, folder or class: what may stand behind a point.
    members: dict[str, set[str]] = field(default_factory=dict)
    bases: dict[str, set[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)  # of code and of strings that are no docstrings

    def has(self, owner: str, name: str) -> bool:
        """Whether it has that name itself or inherits it; what comes from outside is believed."""
        if name in self.members[owner]:
            return True
        return any(base not in self.members or self.has(base, name) for base in self.bases[owner])

    def know(self, pointer: str) -> bool:
        """Whether it is there; a single word may be anybody's, and so may capitals."""
        *owners, name = pointer.split(".")
        if owners and owners[-1] in self.members:
            return self.has(owners[-1], name)
        return name in self.words or "_" not in name or not name.islower()


def docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def bound(tree: ast.AST) -> set[str]:
    """Every name that a module or class gives to something, however deep."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def defined(trees: dict[Path, ast.Module]) -> Names:
    names = Names()
    for path, tree in trees.items():
        place = path.parent if path.stem == "__init__" else path.with_suffix("")
        inside = bound(tree)
        if path.stem == "__init__":
            inside |= {one.stem for one in place.iterdir()}
        names.members.setdefault(place.name, set()).update(inside)
        names.bases.setdefault(place.name, set())
        docs = {id(one) for one in docstrings(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names.members.setdefault(node.name, set()).update(bound(node))
                bases = {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}
                names.bases.setdefault(node.name, set()).update(bases - {"Protocol", "ABC"})
            elif isinstance(node, ast.Attribute | ast.keyword):
                names.words.add((node.attr if isinstance(node, ast.Attribute) else node.arg) or "")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.words.update(() if id(node) in docs else re.findall(r"\w+", node.value))
        names.words |= inside | {place.name}
    return names


def test_docstrings_point_to_what_is_there() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    names = defined(trees)
    stale = []
    for path, tree in trees.items():
        for text in docstrings(tree):
            for pointer in POINTER.findall(str(text.value)):
                if pointer.startswith(OTHERS) or pointer in EXAMPLES or FILES.search(pointer):
                    continue
                if not names.know(pointer):
                    stale.append(f"{path.relative_to(ROOT)}:{text.lineno}: {pointer}")
    assert not stale, "\n".join(stale)
