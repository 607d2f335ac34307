"""The bench of features: what it counts, and that it makes the same calls again."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.engine.models.model_store import open_session
from scripts.bench.engine import Timing
from scripts.bench.features import FeatureRow, Recorder, measured_before, row, shown, supported


@pytest.fixture
def session() -> Any:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    return open_session(model.SerializeToString())


def test_the_recorder_makes_the_noted_calls_again(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    made: list[float] = []
    plain = onnxruntime.InferenceSession.run

    def counted(self: Any, names: Any, feed: dict[str, Any]) -> Any:
        made.append(float(feed["x"][0]))
        return plain(self, names, feed)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", counted)
    recorder = Recorder()
    one, two = ({"x": np.array([value], np.float32)} for value in (1.0, 2.0))
    session.run(None, one)  # nobody listens
    recorder.record(lambda: (session.run(None, one), session.run(None, two)))
    assert len(recorder.calls) == 2
    made.clear()
    recorder.again()
    assert made == [1.0, 2.0]
    recorder.record(lambda: session.run(None, two))
    assert len(recorder.calls) == 1


def test_a_row_takes_the_best_round_and_counts_all_processes() -> None:
    engine = [Timing(4.0, 3.0), Timing(2.0, 1.0)]
    model = [Timing(1.0, 0.8), Timing(1.5, 0.5)]
    speed = row("x", (engine, model), pictures=10, workers=2)
    assert speed.pictures_a_second == 5.0 and speed.models_a_second == 10.0
    assert speed.cpu_ms == pytest.approx(200.0) and speed.model_cpu_ms == pytest.approx(100.0)
    assert speed.ratio == pytest.approx(0.5)


def test_a_feature_without_a_model_has_no_ratio() -> None:
    speed = row("x", ([Timing(1.0, 1.0)], [Timing(1e-6, 1e-6)]), pictures=10, workers=1)
    assert speed.models_a_second is None and speed.ratio is None


def test_text_is_not_counted_twice() -> None:
    assert "DOCUMENT_TEXT_DETECTION" in supported() and "TEXT_DETECTION" not in supported()


def test_a_row_stands_beside_what_it_was_before() -> None:
    now = FeatureRow("TEXT", 4.0, 5.0, 250.0, 225.0)
    cells = shown(now, now._replace(cpu_ms=500.0)).split()
    assert cells == ["TEXT", "2.0", "500.0", "4.0", "250.0", "225.0", "0.90", "4.0", "5.0"]
    assert shown(now, None).split()[1:3] == ["-", "-"]


def test_a_commit_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert measured_before("0" * 40, []) == {}
    assert "Nothing to compare with" in capsys.readouterr().out
