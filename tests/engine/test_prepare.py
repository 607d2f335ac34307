"""``make models``: the models are fetched, and no engine is left running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.engine.server import EXIT_FAILED, main
from core.errors import ModelMissing
from tests.kit.services.fake_kit import FAKE_KIT


def test_prepare_fetches_and_ends(tmp_path: Path) -> None:
    asked: list[Path] = []
    kit = replace(FAKE_KIT, prepare=lambda folder, _report: asked.append(folder))
    assert main(["--prepare", "--home", str(tmp_path)], kit) == 0
    assert asked == [tmp_path / "engine" / "models"]
    assert not (tmp_path / "engine" / "engine.json").exists()


def test_prepare_tells_when_a_model_cannot_be_had(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_folder: Path, _report: Callable[[str], None]) -> None:
        raise ModelMissing("No network", where="pypi.org", then="Put it there by hand.")

    code = main(["--prepare", "--home", str(tmp_path)], replace(FAKE_KIT, prepare=fail))
    assert code == EXIT_FAILED
    assert "Put it there by hand." in caplog.text
