"""What people add to a gallery, and what else may lie in its folder."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.engine.galleries import entries
from core.engine.galleries.entries import Gallery
from core.errors import GalleryError

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOSTILE = "../../<b>Ac\u202eme</b>\n/etc"


def add(gallery: Gallery, name: str = "Acme", by: str = "Ada") -> entries.Entry:
    return gallery.add(name, b"picture", ".png", by=by, at=NOW)


def test_what_is_added_is_listed_with_who_added_it(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "landmarks")
    add(gallery, "Gate")
    entry = gallery.add("gate", b"two", ".png", by="Bob", at=NOW, position=(52.5, 13.4))
    assert gallery.entries() == [entry]
    assert entry.name == "Gate" and entry.position == (52.5, 13.4)
    assert {(one.by, one.at) for one in entry.pictures} == {("Ada", NOW), ("Bob", NOW)}
    said = json.loads((gallery.folder / entry.id / "landmark.json").read_text())
    assert (said["name"], said["lat"], said["lng"]) == ("Gate", 52.5, 13.4)


def test_a_name_is_no_part_of_a_path(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "galleries", "logos")
    assert add(gallery, "می\u200cخواهم").name == "می\u200cخواهم"  # Persian joins no letters here
    entry = add(gallery, HOSTILE)
    assert entry.name == "../../<b>Ac me</b> /etc"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all("galleries/logos/entry-" in str(p) for p in written if not p.name.startswith("."))
    assert "etc" not in "".join(map(str, written))


@pytest.mark.parametrize("name", ["", " \n", "\u202e", "x" * 81])
def test_names_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="needs a name"):
        add(Gallery(tmp_path, "logos"), name)
    assert not any(tmp_path.rglob("*.png"))


def test_a_gallery_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_PICTURES", 2)
    gallery = Gallery(tmp_path, "logos")
    add(gallery)
    add(gallery, "Bolt")
    with pytest.raises(GalleryError, match="2 pictures, and takes no more"):
        add(gallery, "Third")
    assert [entry.name for entry in gallery.entries()] == ["Acme", "Bolt"]


def test_one_picture_or_all_of_an_entry_go(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "logos")
    add(gallery)
    entry = add(gallery, by="Bob")
    mine = next(one for one in entry.pictures if one.by == "Ada")
    gallery.remove(entry, mine)
    (left,) = gallery.entries()
    assert [one.by for one in left.pictures] == ["Bob"]
    gallery.remove(left)
    assert gallery.entries() == [] and not list(gallery.folder.iterdir())
    with pytest.raises(GalleryError, match="any more"):
        gallery.get(left.id)


def test_what_was_put_in_by_hand_is_listed_and_only_its_pictures_go(tmp_path: Path) -> None:
    folder = tmp_path / "logos" / "Hand made"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"1")
    (folder / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.png").write_bytes(b"2")
    (tmp_path / "logos" / "link").symlink_to(elsewhere)
    gallery = Gallery(tmp_path, "logos")
    (entry,) = gallery.entries()
    assert entry.name == "Hand made" and entry.pictures[0].by == ""
    added = add(gallery, "hand MADE")
    assert added.id == "Hand made" and len(added.pictures) == 2
    gallery.remove(added)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert (elsewhere / "b.png").exists()
    with pytest.raises(GalleryError):
        gallery.get("../elsewhere")


@pytest.mark.parametrize(
    "text", ["{", "[1]", "[" * 100_000, '{"pictures": 3}', '{"pictures": {"a": 1}}']
)
def test_a_damaged_description_hides_nothing(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "logos" / "Here"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"1")
    (folder / "logo.json").write_text(text)
    (entry,) = Gallery(tmp_path, "logos").entries()
    assert (entry.name, len(entry.pictures)) == ("Here", 1)


def test_no_two_states_have_one_version(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "logos")
    seen = [gallery.version()]

    def differs() -> None:
        seen.append(gallery.version())
        assert seen[-1] and len(set(seen)) == len(seen)
        assert gallery.version() == seen[-1]
        time.sleep(0.02)  # a file system's clock ticks some 100 times a second

    entry = add(gallery)
    differs()
    gallery.remove(entry)  # as empty as at first
    differs()
    add(gallery)
    differs()


def test_a_change_by_hand_has_no_version_until_workers_have_seen_it(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "logos")
    entry = add(gallery)
    before, now = gallery.version(), time.time()
    path = gallery.folder / entry.id / "by hand.png"
    path.write_bytes(b"1")
    os.utime(gallery.folder, (now - 60, now - 60))
    assert gallery.version() == ""
    for old in (path, path.parent, gallery.folder / entry.id / entry.pictures[0].file):
        os.utime(old, (now - 30, now - 30))
    for old in path.parent.iterdir():
        os.utime(old, (now - 30, now - 30))
    assert gallery.version() not in ("", before)
