"""The operator's galleries and the index of what was worked out of them."""

from __future__ import annotations

import fcntl
import multiprocessing
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.engine.galleries.entries import Gallery
from core.engine.galleries.galleries import (
    LOOK_AGAIN_S,
    SignedGallery,
    Watched,
    galleries_folder,
    pictures_in,
)
from core.engine.galleries.keypoints import Keypoints
from core.engine.galleries.picture_index import Likeness, PictureIndex
from core.engine.galleries.signatures import Detail, Signature
from core.engine.models.label_model import LabelModel, label_model
from core.engine.models.model_store import ModelStore


def signature(seed: int) -> Signature:
    random = np.random.default_rng(seed)
    embedding = random.normal(size=1280)
    return Signature(
        seed,
        (embedding / np.linalg.norm(embedding)).astype(np.float32),
        Keypoints(
            random.random((5, 2)).astype(np.float32), random.integers(0, 255, (5, 128), np.uint8)
        ),
        (40, 30),
        100.0 + seed % 100,
    )


def paint(path: Path, colour: str = "red") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), colour).save(path)


class Clock:
    """Time that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_signature_comes_back_as_it_was(tmp_path: Path) -> None:
    index = PictureIndex(tmp_path / "index.sqlite3")
    wanted = signature(2**63 + 5)
    index.put("web", "a", "1", wanted)
    stored = index.get("web", "a")
    assert stored is not None and stored.phash == wanted.phash and stored[3:] == wanted[3:]
    assert float(stored.embedding @ wanted.embedding) > 0.99
    np.testing.assert_array_equal(stored.keypoints.points, wanted.keypoints.points)
    np.testing.assert_array_equal(stored.keypoints.descriptors, wanted.keypoints.descriptors)
    assert index.get("seen", "a") is None


def test_a_damaged_index_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    index = PictureIndex(path)
    index.put("web", "a", "1", signature(1))
    assert PictureIndex(path).count("web") == 1


def test_the_nearest_come_first_and_keep_up_with_changes(tmp_path: Path) -> None:
    index = PictureIndex(tmp_path / "index.sqlite3")
    likeness = Likeness(index, "web")
    one = signature(1)
    assert likeness.nearest(one.embedding, 5, -1.0) == []
    for seed in range(5):
        index.put("web", str(seed), "", signature(seed))
    ((name, score), *others) = likeness.nearest(one.embedding, 5, -1.0)
    assert name == "1" and score > 0.99 and len(others) == 4
    assert [name for name, _ in likeness.nearest(one.embedding, 5, 0.5)] == ["1"]
    index.remove("web", ["1"])
    index.put("web", "3", "", one)
    assert [name for name, _ in likeness.nearest(one.embedding, 5, 0.5)] == ["3"]


def _write(path: Path, first: int) -> None:
    index = PictureIndex(path)
    for at in range(first, first + 40):
        index.put("seen", str(at), "", signature(at), most=1000)


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, 100 * at)) for at in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert PictureIndex(path).count("seen") == 120


def test_what_counts_as_a_picture(tmp_path: Path) -> None:
    gallery = tmp_path / "gallery"
    paint(gallery / "A" / "one.png")
    paint(gallery / "A" / "two.JPG".lower())
    paint(gallery / ".hidden" / "three.png")
    (gallery / "notes.txt").write_text("no picture")
    (gallery / "folder.png").mkdir()
    paint(tmp_path / "secret.png")
    (gallery / "link.png").symlink_to(tmp_path / "secret.png")
    (gallery / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert sorted(pictures_in(gallery)) == ["A/one.png", "A/two.jpg"]


def test_a_folder_is_looked_through_now_and_then(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "A").mkdir()
    watched = Watched(tmp_path, clock)
    assert watched.changed() == ({}, False)
    paint(tmp_path / "A" / "a.png")
    assert watched.changed()[1] is False  # too early
    clock.now += LOOK_AGAIN_S
    there, new = watched.changed()
    assert list(there) == ["A/a.png"] and new


def test_what_the_dashboard_changes_is_seen_at_once(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "logos")
    gallery.add("Acme", b"1", ".png", by="", at=datetime.now(UTC))
    watched = Watched(gallery.folder, Clock())
    assert len(watched.changed()[0]) == 1
    for count in (2, 3):
        time.sleep(0.02)  # a file system's clock ticks some 100 times a second
        gallery.add("Acme", b"2", ".png", by="", at=datetime.now(UTC))
        there, new = watched.changed()
        assert len(there) == count and new
    assert watched.changed()[1] is False


@pytest.fixture
def model(model_store: ModelStore) -> LabelModel:
    return label_model(model_store)


def test_a_gallery_follows_its_folder(tmp_path: Path, model: LabelModel) -> None:
    clock, folder = Clock(), tmp_path / "web"
    paint(folder / "a.png")
    (folder / "bad.png").write_bytes(b"?")
    index = PictureIndex(tmp_path / "index.sqlite3")
    gallery = SignedGallery(folder, "web", index, model, Detail(64, 16), clock)
    gallery.refresh()
    assert list(index.stamps("web")) == ["a.png"]
    first = index.stamps("web")
    paint(folder / "a.png", "blue")
    paint(folder / "b.png")
    clock.now += LOOK_AGAIN_S
    gallery.refresh()
    assert set(index.stamps("web")) == {"a.png", "b.png"}
    assert index.stamps("web")["a.png"] != first["a.png"]
    (folder / "a.png").unlink()
    clock.now += LOOK_AGAIN_S
    gallery.refresh()
    assert list(index.stamps("web")) == ["b.png"]


def test_a_large_gallery_is_taken_in_bit_by_bit(tmp_path: Path, model: LabelModel) -> None:
    clock, folder = Clock(), tmp_path / "web"
    for at in range(3):
        paint(folder / f"{at}.png")
    index = PictureIndex(tmp_path / "index.sqlite3")
    gallery = SignedGallery(folder, "web", index, model, Detail(64, 16), clock)
    gallery.refresh(budget_s=0.0)
    assert index.count("web") == 0
    gallery.refresh(budget_s=1.0)  # the clock stands still: all of it
    assert index.count("web") == 3


def test_only_one_worker_takes_a_gallery_in(tmp_path: Path, model: LabelModel) -> None:
    folder = tmp_path / "web"
    paint(folder / "a.png")
    index = PictureIndex(tmp_path / "index.sqlite3")
    gallery = SignedGallery(folder, "web", index, model, Detail(64, 16))
    with (tmp_path / ".web.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        gallery.refresh()
        assert index.count("web") == 0
    gallery.refresh()
    assert index.count("web") == 1


def test_galleries_are_made_with_a_guide_that_stays_as_it_is(tmp_path: Path) -> None:
    models = ModelStore(tmp_path / "models")
    folder = galleries_folder(models)
    assert folder == tmp_path / "galleries"
    assert {path.name for path in folder.iterdir()} == {"README.txt", "logos", "landmarks", "web"}
    (folder / "README.txt").write_text("mine")
    galleries_folder(models)
    assert (folder / "README.txt").read_text() == "mine"
