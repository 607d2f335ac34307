"""What an engine says it can do: by the models that it really has, and by its settings."""

from __future__ import annotations

from pathlib import Path

from core.engine.annotators import CAPABILITIES
from core.engine.models.model_store import ModelStore
from core.engine.workers.kit import real_kit
from core.engine.workers.worker import WorkerConfig, prepare


def test_quick_labels_are_another_model_so_that_answers_are_not_mixed(
    model_store: ModelStore, tmp_path: Path
) -> None:
    usual, quick = (
        prepare(WorkerConfig(real_kit(), model_store.folder, "", quick_labels=asked), tmp_path)
        for asked in (False, True)
    )
    assert usual["LABEL_DETECTION"]["model"].startswith(CAPABILITIES["LABEL_DETECTION"].model)
    assert quick["LABEL_DETECTION"]["model"] != usual["LABEL_DETECTION"]["model"]
    assert "without faces and objects" in quick["LABEL_DETECTION"]["limits"]
    for name in set(usual) - {"LABEL_DETECTION"}:
        assert quick[name] == usual[name]
