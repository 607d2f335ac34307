"""Pictures of a folder: told by their bytes, every other entry named, nothing waited for."""

from __future__ import annotations

import io
import os
import socket
import time
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from core.errors import PictureError
from core.jobs.batch import folder as folder_module
from core.jobs.batch import time_limits
from core.jobs.batch.content_hash import of_file
from core.jobs.batch.folder import from_folder
from core.jobs.batch.sources import Fault, LocalPicture
from core.jobs.batch.time_limits import within
from core.jobs.sending.preflight.preflight import check_local


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(out, "JPEG")
    return out.getvalue()


def names_and_faults(folder: Path, *, recursive: bool = True) -> tuple[list[str], dict[str, str]]:
    """Names of pictures; what is said of everything else."""
    contents = from_folder(folder, recursive=recursive)
    return [p.name for p in contents.pictures], {f.where: f.what for f in contents.faults}


def test_a_folder_as_phones_and_scanners_leave_it(tmp_path: Path) -> None:
    for name in ("a.jpg", "whatsapp.jfif", "scan.jpe", "0a1b2c3d", "wrong.txt", "sub/c.WEBP"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken.png").write_text("no picture, but called one")
    (tmp_path / "contract.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "drawing.svg").write_text("<svg/>")
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    names, others = names_and_faults(tmp_path)
    assert names == [
        "0a1b2c3d",
        "a.jpg",
        "broken.png",  # the check before sending says what it is
        "contract.pdf",
        "phone.HEIC",  # is converted
        "scan.jpe",
        "sub/c.WEBP",
        "whatsapp.jfif",
        "wrong.txt",
    ]
    assert list(others) == ["drawing.svg", "notes.txt"]
    assert len(names) + len(others) == 11


def test_what_is_not_entered_is_named(tmp_path: Path) -> None:
    for name in (".hidden.jpg", ".git/d.jpg", "sub/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    names, others = names_and_faults(tmp_path)
    assert names == ["sub/c.jpg"]
    assert others == {
        ".git": "A hidden folder, not looked into",
        ".hidden.jpg": "A hidden file",
        "round": "A link to a folder, not followed",
    }
    assert names_and_faults(tmp_path, recursive=False)[1]["sub"] == "A subfolder, not looked into"


def test_two_thousand_files_left_out_are_all_named(tmp_path: Path) -> None:
    for number in range(2_000):
        (tmp_path / f"{number:04d}.txt").write_text("text")
    names, others = names_and_faults(tmp_path)
    assert names == []
    assert len(others) == 2_000


def test_pipes_sockets_and_devices_are_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "null.jpg").symlink_to("/dev/null")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "good.jpg").write_bytes(jpeg())
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.jpg"))
        began = time.monotonic()
        names, others = names_and_faults(tmp_path)
    assert time.monotonic() - began < 5
    assert names == ["good.jpg"]
    assert others == {
        "null.jpg": "Not a file but a device",
        "pipe.jpg": "Not a file but a pipe",
        "socket.jpg": "Not a file but a socket",
        "zero.png": "Not a file but a device",
    }


def test_a_file_that_became_a_pipe_is_a_fault_of_its_own(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    picture = LocalPicture(tmp_path / "pipe.jpg", "pipe.jpg", 10)
    assert [fault.then for fault in check_local(picture)[1]] == ["It is a pipe, not a file"]
    assert picture.identified().content == ""


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    sparse = tmp_path / "endless.jpg"
    with sparse.open("wb") as file:
        file.write(jpeg())
        file.truncate(5 * 1024**4)  # 5 TB that take no room
    began = time.monotonic()
    picture = from_folder(tmp_path).pictures[0]
    assert isinstance(picture, LocalPicture)
    assert "20 MB" in check_local(picture)[1][0].what
    assert of_file(sparse) == ""
    assert time.monotonic() - began < 5


def test_broken_entries(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "good.jpg").write_bytes(jpeg())
    bad_name = os.fsencode(tmp_path) + b"/\xff\xfe.jpg"
    Path(os.fsdecode(bad_name)).write_bytes(jpeg())
    names, others = names_and_faults(tmp_path)
    assert names == ["good.jpg"]
    assert sorted(what[:25] for what in others.values()) == [
        "The file cannot be read: ",
        "The file's name is not va",
    ]
    for where in others:
        where.encode()  # can be shown


@pytest.mark.parametrize("missing", ["nowhere", "file.jpg"])
def test_no_folder(tmp_path: Path, missing: str) -> None:
    (tmp_path / "file.jpg").write_bytes(b"1")
    with pytest.raises(PictureError, match="no such folder"):
        from_folder(tmp_path / missing)


def test_the_nearest_folder_that_exists_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with pytest.raises(PictureError) as raised:
        from_folder(tmp_path / "pictures" / "sprign" / "cats")
    assert raised.value.then.endswith(f"The nearest that exists is {tmp_path / 'pictures'}.")
    for nothing in ("/no/such/folder", "~nobody-is-called-so/pictures", "not/here", "a\0b"):
        with pytest.raises(PictureError) as raised:
            from_folder(Path(nothing))
        assert "nearest" not in raised.value.then


def test_a_disk_that_does_not_answer_costs_its_own_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(jpeg())
    never, real = Event(), folder_module._look

    def look(entry: tuple[Path, str]) -> LocalPicture | Fault:
        if entry[1] == "b.jpg":
            never.wait(20)
        return real(entry)

    monkeypatch.setattr(folder_module, "_look", look)
    monkeypatch.setattr(folder_module, "LOOK_S", 0.3)
    names, others = names_and_faults(tmp_path)
    never.set()
    assert names == ["a.jpg", "c.jpg"]
    assert list(others) == ["b.jpg"]
    assert "No answer" in others["b.jpg"]


def test_answers_come_in_order_and_errors_are_raised() -> None:
    def slow(number: int) -> int:
        time.sleep(0.002 * (number % 5))
        return number * 2

    assert list(within(5, slow, range(200), lambda n: -n)) == [2 * n for n in range(200)]
    with pytest.raises(ZeroDivisionError):
        list(within(5, lambda n: 1 // n, [1, 0], lambda n: n))


def test_when_too_many_are_stuck_the_rest_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limits, "MOST_STUCK", 2)
    monkeypatch.setattr(time_limits, "THREADS", 1)
    never, tried = Event(), list[int]()

    def stuck(number: int) -> str:
        tried.append(number)
        never.wait(20)
        return "answered"

    assert list(within(0.1, stuck, range(6), lambda n: f"late {n}")) == [
        f"late {n}" for n in range(6)
    ]
    never.set()
    assert len(tried) <= 3
