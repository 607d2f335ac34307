"""Models that are fetched by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.doctor.own_models import fetch
from core.errors import ModelRefused


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://127.0.0.1/m.onnx", "m.onnx"])
def test_no_other_way_than_https_is_taken(tmp_path: Path, address: str) -> None:
    with pytest.raises(ModelRefused, match="over https alone"):
        fetch(address, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()
