"""Tesseract's data: found where packages put it, fetched from Debian, told where it is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.engine.ocr import language_data
from core.engine.ocr.language_data import (
    FOLDER,
    LANGUAGE_DATA,
    fetch,
    how_to_get,
    installed,
    missing,
)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any, and where its packages would put them."""
    folder = tmp_path / "system"
    monkeypatch.setattr(language_data, "SYSTEM", (folder,))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return folder


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"data")
    return path


@pytest.mark.parametrize("where", ["5/tessdata", "tessdata/script", "."])
def test_data_is_found_where_a_package_puts_it(where: str, system: Path, tmp_path: Path) -> None:
    path = put(system / where / "Cyrillic.traineddata")
    assert installed(tmp_path / "models") == {"Cyrl": path}
    assert "Cyrl" not in {data.script for data in missing(tmp_path / "models")}


def test_what_lies_beside_the_models_goes_first(system: Path, tmp_path: Path) -> None:
    put(system / "ell.traineddata")
    own = put(tmp_path / FOLDER / "ell.traineddata")
    assert installed(tmp_path)["Grek"] == own


def test_what_is_missing_is_named_with_its_package(system: Path, tmp_path: Path) -> None:
    assert len(missing(tmp_path)) == len(LANGUAGE_DATA)
    said = how_to_get(missing(tmp_path))
    assert "apt-get install tesseract-ocr-script-cyrl tesseract-ocr-ell" in said


def test_missing_data_is_fetched_and_taken_out_of_its_package(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], where: Path) -> bool:
        commands.append(command)
        if command[0] == "apt-get":
            put(where / f"{command[-1]}_1.deb")
        else:
            package = Path(command[2]).name.removesuffix("_1.deb")
            data = next(one for one in LANGUAGE_DATA.values() if one.package == package)
            put(Path(command[3]) / f"usr/share/tessdata/{data.file}.traineddata")
        return True

    monkeypatch.setattr(language_data, "_ran", run)
    said: list[str] = []
    assert fetch(tmp_path, said.append) == [] and len(said) == 1
    assert {path.parent for path in installed(tmp_path).values()} == {tmp_path / FOLDER}
    before = len(commands)
    assert fetch(tmp_path) == [] and len(commands) == before


def test_without_a_network_it_is_tried_once(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(language_data, "_ran", lambda command, _: commands.append(command))
    assert len(fetch(tmp_path)) == len(LANGUAGE_DATA) and len(commands) == 1


def test_where_there_is_no_apt_nothing_is_run(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(language_data, "_ran", lambda *_: pytest.fail("was run"))
    assert len(fetch(tmp_path)) == len(LANGUAGE_DATA)


def test_a_command_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert not language_data._ran(["no-such-command-anywhere"], tmp_path)
