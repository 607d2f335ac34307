"""Models of one's own: what is taken, what is refused and why, and what they answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud import vision
from numpy.typing import NDArray
from onnx import TensorProto, helper

from core.doctor import own_models as command
from core.doctor.findings import Level
from core.engine.annotators import load
from core.engine.annotators.own import OwnAnnotator, own_annotator
from core.engine.models.model_store import ModelStore
from core.engine.models.own import runner
from core.engine.models.own.manifest import DETECTION, Manifest, read
from core.engine.models.own.own_models import OwnModels
from core.engine.models.own.probe import LIMITS, probe
from core.engine.workers.kit import real_kit
from core.engine.workers.worker import WorkerConfig, annotate_picture, prepare
from core.errors import ModelRefused
from core.pictures.picture import Picture
from core.settings import Settings
from tests.kit.pictures.real_pictures import feature_type
from tests.kit.services.own_models import LABELS, SIDE, detection, edit, endless, hungry, similarity

INPUT = {
    "size": {"height": SIDE, "width": SIDE},
    "image_mean": [0.0, 0.0, 0.0],
    "image_std": [1.0, 1.0, 1.0],
}


@pytest.fixture
def own(tmp_path: Path) -> OwnModels:
    return OwnModels(tmp_path / "engine" / "own-models")


def colour(*rgb: int, width: int = 60, height: int = 40) -> Picture:
    return Picture(np.full((height, width, 3), rgb, np.uint8))


def ask(annotator: OwnAnnotator, picture: Picture) -> vision.AnnotateImageResponse:
    response = vision.AnnotateImageResponse()
    annotator.annotate(picture, vision.Feature(), vision.ImageContext(), response)
    return response


def test_labels_by_likeness_of_vectors(own: OwnModels, tmp_path: Path) -> None:
    manifest, first = own.add(similarity(tmp_path / "mine"))
    assert first and manifest.sha256 == runner.checksum(tmp_path / "mine" / "model.onnx")
    answer = ask(OwnAnnotator(own.open(manifest)), colour(250, 10, 10))
    assert [label.description for label in answer.label_annotations] == ["Red"]
    cosine = 250 / np.sqrt(250**2 + 200)
    wanted = 1 / (1 + np.exp(-(20 * cosine - 10)))
    assert answer.label_annotations[0].score == pytest.approx(wanted, abs=1e-4)


def test_boxes_of_yolox_on_a_picture_of_another_shape(own: OwnModels, tmp_path: Path) -> None:
    said = {"size": {"height": SIDE, "width": SIDE}, "do_normalize": False, "do_rescale": False}
    source = detection(tmp_path / "mine", input={**said, "do_pad": True})
    manifest, _ = own.add(source)
    answer = ask(OwnAnnotator(own.open(manifest)), colour(9, 9, 9, width=640, height=320))
    (annotation,) = answer.localized_object_annotations  # the other is nearly the same box
    assert (annotation.name, round(annotation.score, 4)) == ("Green", 0.72)
    # The cell's middle is at (12, 12) of 32, its box 16 x 8; the picture fills 32 x 16 of it.
    corners = [(v.x, v.y) for v in annotation.bounding_poly.normalized_vertices]
    assert corners == [(0.125, 0.5), (0.625, 0.5), (0.625, 1.0), (0.125, 1.0)]


def _external(model: Any) -> None:
    tensor = TensorProto(name="w", dims=[1], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.initializer.append(tensor)


def _strange(model: Any) -> None:
    model.graph.node[0].domain = "org.example"


def _loop(model: Any) -> None:
    node = helper.make_node("If", ["c"], ["d"], then_branch=helper.make_graph([], "t", [], []))
    model.graph.node.append(node)


def _nan(model: Any) -> None:
    model.graph.node[1].output[0] = "before"
    model.graph.node.append(helper.make_node("Log", ["negative"], ["vector"]))
    model.graph.node.insert(2, helper.make_node("Neg", ["before"], ["negative"]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_external, "keeps data in other files"),
        (_strange, "org.example.GlobalAveragePool, which is not run"),
        (_loop, "which is not run"),
        (_nan, "numbers that are none, or infinite"),
        (lambda m: m.graph.input[0].type.tensor_type.shape.dim[2].__setattr__("dim_value", 64),
         r"float \(1, 3, 32, 32\); it has float \(1, 3, 64, 32\)"),
        (lambda m: m.graph.output[0].__setattr__("name", "other"), "no output 'vector', but other"),
        (lambda m: m.graph.node[0].__setattr__("op_type", "NoSuch"), "onnxruntime does not open"),
        (lambda m: m.graph.ClearField("node"), "onnxruntime does not open"),
    ],
)  # fmt: skip
def test_graphs_that_are_refused(
    change: Callable[[Any], None], why: str, own: OwnModels, tmp_path: Path
) -> None:
    source = similarity(tmp_path / "mine")
    edit(source, change)
    with pytest.raises(ModelRefused, match=why):
        own.add(source)
    assert own.names() == [] and list(own.folder.iterdir()) == []


def test_oversized_graphs_and_files(
    own: OwnModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = similarity(tmp_path / "mine")
    model = source / "model.onnx"
    monkeypatch.setattr(runner, "MOST_NODES", 1)
    with pytest.raises(ModelRefused, match="over 1 nodes"):
        runner.check_graph(model, read(source))
    monkeypatch.setattr(runner, "MOST_BYTES", 10)
    with pytest.raises(ModelRefused, match="larger than 1 GB"):
        runner.check_graph(model, read(source))
    (source / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelRefused, match="no ONNX model"):
        own.add(source)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"file": "../model.onnx"}, "not the name of a file beside"),
        ({"file": "/etc/passwd"}, "not the name of a file beside"),
        ({"file": "link.onnx"}, "not there, or is a link"),
        ({"file": "none.onnx"}, "not there, or is a link"),
        ({"label_vectors": "../vectors.npy"}, "not the name of a file beside"),
        ({"name": "../x"}, "is no name"),
        ({"task": "speech"}, "The task is none of"),
        ({"sha256": "0" * 64}, "the manifest gives another"),
        ({"sha256": "abc"}, "not a checksum"),
        ({"labels": ["Red"]}, "has 3 rows for 1 labels"),
        ({"labels": []}, "There must be 1 to"),
        ({"licence": None}, "lacks the field 'licence'"),
        ({"label_vectors": None}, "lacks the field 'label_vectors'"),
        ({"score": {"scale": 1, "bias": 0, "threshold": 5}}, "go from 0 to 1"),
        ({"input": {"size": {"height": 9, "width": 9}}}, "size is not within"),
        ({"score": {"scale": 1e400, "bias": 0}}, "a number that is none"),
        ({"run": "rm"}, "not known: run"),
        ({"input": {**INPUT, "do_center_crop": True}}, "no do_center_crop"),
        ({"input": {**INPUT, "mean": [0.5]}}, "input has fields that are not known: .'mean'"),
    ],
)
def test_manifests_that_are_refused(
    changed: dict[str, Any], why: str, own: OwnModels, tmp_path: Path
) -> None:
    source = similarity(tmp_path / "mine", **changed)
    (source / "link.onnx").symlink_to(source / "model.onnx")
    with pytest.raises(ModelRefused, match=why):
        own.add(source)
    assert own.names() == []


@pytest.mark.parametrize(
    ("vectors", "why"),
    [
        (np.full((3, 3), 1e300), "numbers that are none, or too large"),
        (np.full((3, 3), np.nan), "numbers that are none, or too large"),
        (np.eye(3, dtype=int), "no table of floats"),
        (np.zeros((3, 3)), "a row of zeros"),
    ],
)
def test_vectors_that_are_refused(
    vectors: NDArray[Any], why: str, own: OwnModels, tmp_path: Path
) -> None:
    source = similarity(tmp_path / "mine")
    np.save(source / "vectors.npy", vectors)
    with pytest.raises(ModelRefused, match=why):
        own.add(source)


@pytest.mark.filterwarnings("error")
def test_vectors_of_16_bits_are_taken(own: OwnModels, tmp_path: Path) -> None:
    source = similarity(tmp_path / "mine")
    np.save(source / "vectors.npy", np.eye(3, dtype=np.float16))
    vectors = own.add(source)[0].vectors
    assert vectors is not None and vectors.dtype == np.float32


def test_a_manifest_that_a_windows_editor_saved_is_taken(own: OwnModels, tmp_path: Path) -> None:
    source = similarity(tmp_path / "mine")
    manifest = source / "model.json"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    assert own.add(source)[0].name == "mean-colour"


def test_wrong_shapes_are_found_by_the_probe(own: OwnModels, tmp_path: Path) -> None:
    source = similarity(tmp_path / "mine")
    np.save(source / "vectors.npy", np.eye(3, 5, dtype=np.float32))
    with pytest.raises(ModelRefused, match=r"Its output is \(1, 3\)"):
        own.add(source)
    np.save(source / "vectors.npy", np.array([{}] * 3, object), allow_pickle=True)
    with pytest.raises(ModelRefused, match="is no NumPy file of numbers"):
        own.add(source)


def test_a_model_that_eats_memory_is_ended(own: OwnModels, tmp_path: Path) -> None:
    source = hungry(tmp_path / "mine", side=60_000)  # 14 GB of floats out of a file of 1 kB
    with pytest.raises(ModelRefused, match=r"more than 3\.0 GB of memory"):
        own.add(source)
    assert own.names() == []


@pytest.mark.slow
def test_a_model_that_does_not_come_to_an_end_is_ended(tmp_path: Path) -> None:
    source = endless(tmp_path / "mine", rounds=10_000)  # 20 million million operations
    limits = LIMITS._replace(cpu_s=3)
    with pytest.raises(ModelRefused, match="more than 3 s of processor time"):
        probe(source, _with_checksum(source), limits)


def test_a_model_that_waits_is_ended_by_the_clock(tmp_path: Path) -> None:
    source = endless(tmp_path / "mine", rounds=10_000)
    with pytest.raises(ModelRefused, match="take more than"):
        probe(source, _with_checksum(source), LIMITS._replace(wall_s=1))


def test_a_model_within_the_limits_passes(tmp_path: Path) -> None:
    small = hungry(tmp_path / "square", side=200)
    probe(small, _with_checksum(small))
    short = endless(tmp_path / "rounds", rounds=2, side=64)
    probe(short, _with_checksum(short))


def _with_checksum(source: Path) -> Manifest:
    said = json.loads((source / "model.json").read_text())
    said["sha256"] = runner.checksum(source / "model.onnx")
    (source / "model.json").write_text(json.dumps(said))
    return read(source)


def test_a_checksum_that_is_given_is_compared(own: OwnModels, tmp_path: Path) -> None:
    source = similarity(tmp_path / "mine")
    known = hashlib.sha256((source / "model.onnx").read_bytes()).hexdigest()
    manifest, first = own.add(similarity(tmp_path / "mine", sha256=known.upper()))
    assert not first and manifest.sha256 == known
    with pytest.raises(ModelRefused, match="is there already"):
        own.add(source)
    with pytest.raises(ModelRefused, match="for this task"):
        own.add(similarity(tmp_path / "other", name="other"))


def test_the_engine_names_it_and_a_changed_file_is_not_loaded(tmp_path: Path) -> None:
    models = ModelStore(tmp_path / "engine" / "models")
    own = OwnModels(tmp_path / "engine" / "own-models")
    manifest, _ = own.add(similarity(tmp_path / "mine"))
    annotator = load(feature_type("LABEL_DETECTION"), models)
    assert isinstance(annotator, OwnAnnotator)
    said = annotator.differs()
    assert said["model"] == manifest.model and manifest.sha256[:12] in manifest.model
    assert said["licence"] == "MIT" and "3 labels" in said["does"]
    file = own.folder / "mean-colour" / "model.onnx"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ModelRefused, match="not the one that was added"):
        own.open(manifest)
    assert own.faults() == ["mean-colour: its file is not the one that was added"]


def test_other_labels_make_another_answer_key(own: OwnModels, tmp_path: Path) -> None:
    first, _ = own.add(similarity(tmp_path / "mine"))
    own.remove("mean-colour")
    second, _ = own.add(similarity(tmp_path / "mine", labels=["Rot", "Grün", "Blau"]))
    assert first.sha256 == second.sha256 and first.model != second.model


def test_the_command_and_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTACT_SHEET_HOME", str(tmp_path))
    settings = Settings.from_env()
    assert command.own_models(settings).what.startswith("none")
    assert command.main(["add", str(similarity(tmp_path / "mine"))]) == 0
    assert "No checksum was given" in capsys.readouterr().out
    assert command.main(["list"]) == 0
    assert "mean-colour: LABEL_DETECTION, MIT" in capsys.readouterr().out
    finding = command.own_models(settings)
    assert finding.level is Level.OK and "answers LABEL_DETECTION" in finding.what
    (tmp_path / "engine" / "own-models" / "mean-colour" / "model.json").write_text("{")
    assert command.own_models(settings).level is Level.FAIL
    assert command.main(["remove", "../models"]) == 1
    assert command.main(["remove", "mean-colour"]) == 0
    assert command.main(["add", str(tmp_path / "nowhere")]) == 1
    assert "There is no such folder" in capsys.readouterr().err


def test_siglip2_is_fetched_by_the_command_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model of this test's stands for it: the real one was never fetched here."""
    monkeypatch.setenv("CONTACT_SHEET_HOME", str(tmp_path))
    asked = []

    def fetch(address: str, path: Path) -> None:
        asked.append(address)
        path.write_bytes((similarity(tmp_path / "stand") / "model.onnx").read_bytes())

    monkeypatch.setattr(command, "fetch", fetch)
    side = {"size": {"height": SIDE, "width": SIDE}, "do_normalize": False}
    small = {**command.SIGLIP2, "output": "vector", "input": side}
    monkeypatch.setattr(command, "SIGLIP2", small)
    assert command.main(["add", "siglip2"]) == 1 and asked == []
    assert "needs labels" in capsys.readouterr().err
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))
    options = ["--labels", str(tmp_path / "labels.txt"), "--scale", "100", "--bias", "-10"]
    options += ["--label-vectors", str(tmp_path / "vectors.npy")]
    assert command.main(["add", "siglip2", *options]) == 0
    assert asked == [command.SIGLIP2_FILE] and asked[0].startswith("https://")
    assert "No checksum was given" in capsys.readouterr().out


def test_a_machine_with_another_model_says_so_and_answers_nothing(tmp_path: Path) -> None:
    """Workers of a cluster have folders of their own: what the engine named has to be there."""
    wanted, _ = OwnModels(tmp_path / "engine" / "own-models").add(detection(tmp_path / "mine"))
    asked = vision.AnnotateImageRequest(
        features=[vision.Feature(type_=feature_type("OBJECT_LOCALIZATION"))]
    )
    for folder, error in (("engine", ""), ("elsewhere", "here by the engine itself")):
        (tmp_path / folder).mkdir(exist_ok=True)
        models = tmp_path / folder / "models"
        own = (("OBJECT_LOCALIZATION", wanted.model),)
        kit = replace(real_kit(), load=_own_or_nothing)
        config = WorkerConfig(kit, models, "", own_models=own)
        response = vision.AnnotateImageResponse()
        annotate_picture(config, colour(9, 9, 9), asked, response, "")
        assert error in response.error.message
        assert bool(response.localized_object_annotations) is not bool(error)


def _own_or_nothing(_feature: int, folder: Path, _quick: bool) -> OwnAnnotator | None:
    return own_annotator(ModelStore(folder), DETECTION)


def test_a_feature_whose_own_model_is_refused_says_so(
    tmp_path: Path, model_store: ModelStore
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "models").symlink_to(model_store.folder)
    own = OwnModels(tmp_path / "engine" / "own-models")
    own.add(detection(tmp_path / "mine"))
    said = json.loads((own.folder / "one-box" / "model.json").read_text())
    said["output"] = "other"
    (own.folder / "one-box" / "model.json").write_text(json.dumps(said))
    config = WorkerConfig(real_kit(), tmp_path / "engine" / "models", "")
    objects = prepare(config, tmp_path)["OBJECT_LOCALIZATION"]
    assert not objects["supported"] and "no output 'other'" in objects["limits"]
