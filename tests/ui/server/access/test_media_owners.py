"""What a page has shown to somebody, others who have signed in do not get by its address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from core.ui.server.access import media_owners
from core.ui.server.access.media_owners import MediaOwners

ADA, BOB = ({"iss": "https://id.example", "sub": name} for name in ("ada", "bob"))
A, B = "https://id.example ada", "https://id.example bob"


class Rig:
    """Streamlit's own files, and who looks at the page that runs now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.claims: dict[str, str] = {}
        user = SimpleNamespace(to_dict=lambda: self.claims)
        monkeypatch.setattr(media_owners, "st", SimpleNamespace(user=user))
        self.owners = MediaOwners()
        self.manager: Any = MediaFileManager(MemoryMediaFileStorage("/media"))
        self.owners.watch(self.manager)

    def show(self, to: dict[str, str], content: bytes) -> str:
        self.claims = to
        return str(self.manager.add(content, "image/png", "1.2"))

    def offer(self, to: dict[str, str], content: bytes) -> str:
        """A file that is made only when its button is pressed; returns the button's name."""
        self.claims = to
        return str(self.manager.add_deferred(lambda: content, "text/csv", "1.3", "a.csv"))

    def press(self, button: str) -> str:
        self.claims = {}  # the web server asks, and no page
        return str(self.manager.execute_deferred(button))

    def who_gets(self, address: str) -> list[str]:
        return [one for one in (A, B, "") if self.owners.may_fetch(address, one)]


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


def test_a_picture_is_for_those_to_whom_it_was_shown(rig: Rig) -> None:
    address = rig.show(ADA, b"picture")
    assert address.startswith("/media/") and rig.who_gets(address) == [A]
    assert rig.show(BOB, b"picture") == address  # named by its content
    assert rig.who_gets(address) == [A, B]
    assert rig.who_gets("/media/none.png") == []


def test_a_download_is_for_those_to_whom_it_was_offered(rig: Rig) -> None:
    hers, his = rig.offer(ADA, b"a,b"), rig.offer(BOB, b"c,d")
    assert rig.who_gets(rig.press(hers)) == [A]
    assert rig.who_gets(rig.press(his)) == [B]
    assert rig.who_gets(rig.press(hers)) == [A]


def test_of_many_files_the_oldest_are_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_owners, "MOST", 3)
    shown = [rig.show(ADA, bytes([n])) for n in range(5)]
    assert [bool(rig.who_gets(address)) for address in shown] == [False] * 2 + [True] * 3


def test_a_download_outlives_the_runs_of_other_scripts(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rig.press(rig.offer(ADA, b"a,b")).rsplit("/", 1)[1].partition(".")[0]
    for _ in range(5):  # scripts of other sessions end, one after the other
        rig.manager.remove_orphaned_files()
    assert rig.manager.read_file(file).content == b"a,b"
    monkeypatch.setattr(media_owners, "KEPT_S", -1.0)  # and its time is over
    with rig.manager._lock:
        rig.manager._files_by_session_and_coord[media_owners._DOWNLOADS] = {0.0: file}
    rig.press(rig.offer(ADA, b"e,f"))
    for _ in range(2):
        rig.manager.remove_orphaned_files()
    assert rig.manager.read_file(file) is None


def test_a_button_that_is_still_shown_works_after_the_script_has_run_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_again() -> None:
        """The session's script runs once more, and offers the file anew."""
        rig.manager.clear_session_refs()
        rig.offer(ADA, b"a,b")
        rig.manager.remove_orphaned_files()

    shown = rig.offer(ADA, b"a,b")
    run_again()
    assert rig.who_gets(rig.press(shown)) == [A]
    assert rig.who_gets(rig.press(shown)) == [A]
    monkeypatch.setattr(media_owners, "PRESSED_S", 0.0)
    run_again()  # and its time is over
    with pytest.raises(MediaFileStorageError, match="not found"):
        rig.press(shown)
