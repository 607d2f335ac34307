"""The slow libraries are there once the warm-up is through, and cost nothing before it begins."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from core.results.columns import palettes
from core.ui.server import warm_up

TOLD = """
import json, sys
from core.ui.server import warm_up
before = [name for name in sys.modules if name.startswith("sklearn")]
warm_up.start().join()
print(json.dumps([before, sorted(sys.modules)]))
"""


def test_what_palettes_and_the_map_import_is_there_afterwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD], capture_output=True, text=True, timeout=240, check=True
    )
    before, after = json.loads(done.stdout)
    assert before == []
    assert {"sklearn.cluster", "sklearn.manifold", "sklearn.decomposition"} <= set(after)
    assert {"skimage.color.colorconv", "plotly.graph_objects"} <= set(after)


def test_a_library_that_fails_does_not_end_the_dashboard(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr(palettes, "batch_palette", broken)
    warm_up.start().join()
    assert "the first chart will take longer" in caplog.text
