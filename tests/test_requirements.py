"""One truth about packages: the requirements files; pyproject.toml and the pins agree with them."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LISTS = sorted(ROOT.glob("requirements*.txt"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
DYNAMIC = PROJECT["tool"]["setuptools"]["dynamic"]


def lines(path: Path) -> list[str]:
    """What stands in a list, without comments and empty lines."""
    texts = (line.partition(" #")[0].strip() for line in path.read_text().splitlines())
    return [text for text in texts if text and not text.startswith("#")]


def pins() -> dict[str, str]:
    """Versions of constraints.txt by normalised name."""
    wanted = [Requirement(line) for line in lines(ROOT / "constraints.txt")]
    assert all(re.fullmatch(r"==[^*,]+", str(one.specifier)) for one in wanted)
    return {canonicalize_name(one.name): str(one.specifier)[2:] for one in wanted}


def supported(minor: int) -> bool:
    return f"3.{minor}.0" in SpecifierSet(PROJECT["project"]["requires-python"])


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_setuptools_can_read_each_list(path: Path) -> None:
    """It reads requirements and comments, no options: a list that includes another breaks."""
    assert [Requirement(line).name for line in lines(path)]


def test_no_package_is_in_two_lists() -> None:
    names = Counter(canonicalize_name(Requirement(x).name) for path in LISTS for x in lines(path))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_requirement_has_a_range() -> None:
    for path in LISTS:
        for line in lines(path):
            operators = {one.operator for one in Requirement(line).specifier}
            assert operators & {"<", "=="}, f"{path.name}: {line} has no upper end"


def test_pyproject_reads_the_lists_and_names_no_package_itself() -> None:
    project = PROJECT["project"]
    assert {"dependencies", "optional-dependencies"} <= set(project["dynamic"])
    assert not {"dependencies", "optional-dependencies"} & set(project)
    extras = DYNAMIC["optional-dependencies"]
    read = {name for value in (DYNAMIC["dependencies"], *extras.values()) for name in value["file"]}
    assert read == {path.name for path in LISTS}
    assert DYNAMIC["dependencies"]["file"] == ["requirements.txt"]
    for name, value in extras.items():
        assert value["file"][-1] == f"requirements-{name}.txt"


def test_every_pin_is_within_its_range() -> None:
    pinned = pins()
    for path in LISTS:
        if path.name == "requirements-evaluate.txt":
            continue  # not part of `make test`, of which the pins are
        for line in lines(path):
            wanted = Requirement(line)
            version = pinned.get(canonicalize_name(wanted.name))
            assert version is not None, f"constraints.txt has no {wanted.name}"
            assert wanted.specifier.contains(version), f"{wanted}: constraints.txt has {version}"


def test_everybody_names_the_same_pythons() -> None:
    """What pyproject.toml supports is what make_venv.sh takes and the workflow runs."""
    minors = [minor for minor in range(8, 30) if supported(minor)]
    assert minors[0] == 11
    script = (ROOT / "scripts" / "make_venv.sh").read_text()
    assert f"(3, {minors[0]}) <= sys.version_info[:2] < (3, {minors[-1] + 1})" in script
    assert {f"python3.{minor}" for minor in minors} == set(re.findall(r"python3\.\d+", script))
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert re.findall(r'"3\.(\d+)"', workflow) == [str(minor) for minor in minors]
    classifiers = " ".join(PROJECT["project"]["classifiers"])
    assert re.findall(r"Python :: 3\.(\d+)", classifiers) == [str(minor) for minor in minors]
