"""Pictures that are none, take much memory, or have pages; uploads in a home that is moved.

A ``Drill`` is as in ``kinds``; ``made_...`` make the pictures of its job.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from core.jobs.batch.folder import from_folder
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.jobs.sending.preflight.preflight import check_local, check_object, look
from core.jobs.sending.uploads import spool
from core.pictures.limits import MAX_MEMORY
from scripts.drill.drill import Drill
from scripts.drill.rig import DrillFailed, Rig, drawn, plain_pictures, until
from tests.kit.pictures.documents import filled_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator


LOOK_S = 120.0  # for a whole folder; one file has 10 s for its first bytes and 30 s for all
LARGE_SIDE = 5_000  # pixels: 100 MB decoded
LARGE = 3
DECODING = 60 * 1024 * 1024  # bytes that a worker grows by while it decodes one of those
SENT = 0.2
NOT_ASKED = 0x404040  # colour of pages that are not asked about


# -- files that are none -----------------------------------------------------------------------


def made_with_pipes(
    chance: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """Plain pictures; some have become something else since they were chosen."""
    pictures = plain_pictures(rig, draft, colours)
    replaced = chance.sample(pictures, min(len(_OTHERS), len(pictures)))
    for picture, become in zip(replaced, _OTHERS, strict=False):
        picture.path.unlink()
        become(picture.path)
    return pictures


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


_OTHERS: tuple[Callable[[Path], object], ...] = (
    os.mkfifo,
    _socket,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/random"),
    Path.mkdir,
    lambda path: path.symlink_to("nowhere"),
)


def look_at_pipes(drill: Drill) -> None:
    """The folder is looked at as Submit does; one of its files grows all the while."""
    folder = drill.rig.folder / "pictures"
    regular = [path for path in sorted(folder.iterdir()) if path.is_file()]
    with _growing(drill.chance.choice(regular)):
        begun = time.monotonic()
        listed = from_folder(folder)
        looked = look(listed.pictures)
        seconds = time.monotonic() - begun
    drill.details.append(
        f"{len(listed.pictures)} found, {len(looked.good)} good, in {seconds:.1f} s"
    )
    if seconds > LOOK_S:
        raise DrillFailed(drill.details[-1])
    named = {fault.where for fault in listed.faults}
    others = {path.name for path in folder.iterdir() if not path.is_file()}
    others -= {path.name for path in folder.iterdir() if path.is_dir()}  # walked into, and empty
    if missing := others - named:
        raise DrillFailed(f"left out without a word: {sorted(missing)}")


@contextmanager
def _growing(path: Path) -> Iterator[None]:
    over = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not over.wait(0.005) and file.tell() < 300_000_000:
                file.write(bytes(1_000_000))

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# -- memory ------------------------------------------------------------------------------------


def made_large(
    chance: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """Plain pictures, some of them with 25 million pixels in a small file."""
    pictures = plain_pictures(rig, draft, colours)
    for number in chance.sample(range(len(pictures)), min(LARGE, len(pictures))):
        path = pictures[number].path
        image = Image.new("RGBA", (LARGE_SIDE, LARGE_SIDE), f"#{colours[number]:06x}ff")
        image.save(path, compress_level=1)
        pictures[number] = LocalPicture(path, path.name, path.stat().st_size)
    return pictures


def kill_largest_worker(drill: Drill) -> None:
    """As the kernel does when memory is short: kill -9 of what has most of it, in mid-picture."""
    rig = drill.rig
    at_rest = 0
    most: dict[str, int] = {"worker": 0, "dashboard": 0}
    killed = False
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end and len(rig.annotated(drill.job)) < drill.count:
        workers = {pid: size for pid in _workers(rig) if (size := resident(pid))}
        at_rest = at_rest or min(workers.values(), default=0)
        for pid, size in workers.items():
            most["worker"] = max(most["worker"], size)
            if not killed and size > at_rest + DECODING:
                rig.kill(pid)
                drill.kills += 1
                killed = True
        most["dashboard"] = max(most["dashboard"], resident(rig.dashboard_pid))
        time.sleep(0.01)
    said = ", ".join(f"{name} at most {size >> 20} MB" for name, size in most.items())
    drill.details.append(f"{'killed one, ' if killed else ''}{said}")
    if max(most.values()) > MAX_MEMORY:
        raise DrillFailed(said)


def _workers(rig: Rig) -> list[int]:
    try:
        return rig.worker_pids()
    except (DrillFailed, OSError):
        return []  # being started again


def resident(pid: int) -> int:
    """Bytes of memory that a process has; 0 if it has ended."""
    with suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


# -- files of pages ----------------------------------------------------------------------------


def made_of_pages(
    _: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """One PDF with a page for each colour."""
    path = rig.new_folder() / "pages.pdf"
    path.write_bytes(filled_pdf(colours))
    looked, faults = check_local(LocalPicture(path, path.name, path.stat().st_size))
    if faults or looked.pages != len(colours):
        raise DrillFailed(f"the file of pages is not taken: {faults}")
    return [looked]


def made_of_some_pages(
    _: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[ImageRef]:
    """Every other page of a PDF in a bucket, so that a copy of them is sent."""
    buckets = rig.hub.connection().buckets
    uri = f"gs://{rig.hub.settings.bucket}/drill/{draft}.pdf"
    data = filled_pdf([colour for one in colours for colour in (one, NOT_ASKED)])
    buckets.write(uri, data, "application/pdf")
    looked, faults = check_object(buckets, ImageRef(uri))
    if faults or looked.pages != 2 * len(colours):
        raise DrillFailed(f"the file of pages is not taken: {faults}")
    return [replace(looked, numbers=tuple(range(1, looked.pages, 2)))]


# -- a home that is moved ----------------------------------------------------------------------


def made_as_uploads(
    _: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """As sent through the browser: they lie in the home until they are in the bucket."""
    spool.LEAST_FREE = 0  # the drill's disk is smaller than what is left free of a user's
    folder, arrived = rig.new_folder(), spool.Spool(rig.home, draft)
    pictures = []
    for number, colour in enumerate(colours):
        with drawn(folder, number, colour).path.open("rb") as file:
            pictures.append(arrived.add(f"{number:04d}.png", file))
    return pictures  # in the colours' order


def move_home(drill: Drill) -> None:
    """Dashboard and engine end, and the next ones have the same home at another place."""
    # Mostly while there is something left to be uploaded.
    drill.at_random(0.0, SENT * 0.9 if drill.chance.random() < 0.7 else 0.98)
    rig = drill.rig
    pid = rig.engine_pid()
    rig.kill_dashboard()
    rig.kill(pid)
    drill.kills += 1
    until(lambda: not resident(pid), "the engine has ended", LOOK_S)
    drill.hold(1.5, 2.5)  # its children look once a second whether it lives
    rig.move_home()
    rig.start_dashboard()
