"""Pages inside a worker: copies, and what is told of files and pages that cannot be read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import vision

from core.buckets import Buckets
from core.engine.emulator import Emulator
from core.engine.workers import file_pages
from core.engine.workers.file_pages import COUNT_PAGES, OPEN_FILES, PageTask, run
from core.engine.workers.worker import WorkerConfig
from tests.kit.pictures.documents import coloured, frames
from tests.kit.services.fake_kit import FAKE_KIT

URI = "gs://bkt/file.tif"


class Rig:
    """A worker's configuration and a file."""

    def __init__(self, folder: Path, emulated: tuple[Emulator, Buckets]) -> None:
        self.folder = folder
        self.config = WorkerConfig(FAKE_KIT, folder, emulated[0].address)
        self.buckets = emulated[1]

    def task(self, page: int, uri: str = URI, mime_type: str = "image/tiff") -> PageTask:
        """Of one copy."""
        source = vision.GcsSource(uri=uri) if uri else None
        request = vision.AnnotateFileRequest(
            input_config=vision.InputConfig(gcs_source=source, mime_type=mime_type),
            features=[vision.Feature(type_=vision.Feature.Type.LABEL_DETECTION)],
        )
        return PageTask(vision.AnnotateFileRequest.serialize(request), self.folder / "copy", page)

    def response(self, task: PageTask) -> Any:
        """What a worker answers, as parsed JSON."""
        return json.loads(run(self.config, task, True))


@pytest.fixture
def rig(tmp_path: Path, emulated: tuple[Emulator, Buckets]) -> Rig:
    return Rig(tmp_path, emulated)


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    yield
    file_pages._shelf.close()


def test_a_file_is_fetched_once(rig: Rig) -> None:
    rig.buckets.write(URI, frames("TIFF", coloured(3, 30, 20)))
    assert rig.response(rig.task(COUNT_PAGES)) == {"totalPages": 3}
    rig.buckets.delete(URI)
    page = rig.response(rig.task(2))
    assert page["context"] == {"uri": URI, "pageNumber": 2}
    assert page["labelAnnotations"][0]["description"] == "31x20"
    assert [path.name for path in rig.folder.iterdir()] == ["copy"]


def test_a_page_fetches_the_file_that_is_gone(rig: Rig) -> None:
    rig.buckets.write(URI, frames("TIFF", coloured(3, 30, 20)))
    raw = run(rig.config, rig.task(3), False)
    response = vision.AnnotateImageResponse.deserialize(raw)
    assert response.label_annotations[0].description == "32x20"
    assert response.context.page_number == 3


@pytest.mark.parametrize(
    ("uri", "code", "message"),
    [
        ("gs://bkt/none", 5, "Error opening file: gs://bkt/none."),
        ("gs://none/none", 7, "Error opening file: gs://none/none."),
        ("gs://bkt/../x", 3, "Invalid GCS path specified: gs://bkt/../x"),
        ("", 13, "Internal error."),
    ],
)
def test_files_that_cannot_be_fetched(rig: Rig, uri: str, code: int, message: str) -> None:
    for page in (COUNT_PAGES, 1):
        response = rig.response(rig.task(page, uri))
        assert response["error"] == {"code": code, "message": message}
    assert list(rig.folder.iterdir()) == []


def test_a_file_that_is_too_long(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.buckets.write(URI, b"x" * 101)
    monkeypatch.setattr(file_pages, "MAX_FILE_BYTES", 100)
    response = rig.response(rig.task(COUNT_PAGES))
    assert response["error"]["message"] == "File size exceeds the limit of 100 bytes."
    assert list(rig.folder.iterdir()) == []


def test_a_copy_that_was_damaged_after_counting(rig: Rig) -> None:
    (rig.folder / "copy").write_bytes(b"II*\0 nothing")
    response = rig.response(rig.task(1))
    assert response["error"] == {"code": 3, "message": "Bad image data."}
    assert response["context"]["pageNumber"] == 1


def test_a_page_that_takes_for_ever_ends_its_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rig.folder / "copy").write_bytes(frames("TIFF", coloured(2, 30, 20)))
    ended = threading.Event()
    monkeypatch.setattr("os._exit", lambda _: ended.set())
    assert rig.response(rig.task(1))["labelAnnotations"]
    monkeypatch.setattr(file_pages, "PAGE_PATIENCE_S", 0.01)
    slow = FakeFile(rig.folder, [])
    slow.page = lambda _: ended.wait(30)
    monkeypatch.setattr(file_pages._shelf, "opened", lambda *_: slow)
    with pytest.raises(AttributeError):  # what it gives is no page
        rig.response(rig.task(2))
    assert ended.is_set()


class FakeFile:
    """Notes when it is closed."""

    pages = 1
    page: Callable[[int], Any]

    def __init__(self, path: Path, closed: list[str]) -> None:
        self._path = path
        self._closed = closed

    def close(self) -> None:
        """Note it."""
        self._closed.append(self._path.name)


def test_only_the_files_used_last_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(file_pages, "open_paged", lambda path, _: FakeFile(path, closed))
    assert OPEN_FILES == 2
    for name in ("a", "b", "a", "c", "a", "c"):
        file_pages._shelf.opened(Path(name), "image/gif")
    assert closed == ["b"]
    file_pages._shelf.opened(Path("b"), "image/gif")
    assert closed == ["b", "a"]
