"""The storage's index and bytes on a disk that refuses: an object is whole, or is as it was."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.engine.emulator.objects import index as index_module
from core.engine.emulator.objects.blobs import Blobs
from core.engine.emulator.objects.conditions import Conditions
from core.engine.emulator.objects.index import Index, after_prefix
from core.engine.emulator.objects.listing import ListingQuery, list_page
from core.engine.emulator.objects.records import StoredObject
from core.engine.emulator.objects.store import ObjectStore

FREE = Conditions()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    store = ObjectStore(tmp_path)
    store.create_bucket("bkt", {})
    yield store
    store.close()


def put(store: ObjectStore, name: str, data: bytes) -> StoredObject:
    writer = store.blobs.writer()
    writer.write(data)
    return store.commit(writer, "bkt", name, {}, FREE)


def full(*_: Any, **__: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize("step", ["put_object", "new_generation"])
def test_a_full_disk_changes_nothing(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = put(store, "o", b"before")
    with monkeypatch.context() as broken:
        broken.setattr(Index, step, full)
        with pytest.raises(sqlite3.OperationalError):
            put(store, "o", b"after")
    assert store.object("bkt", "o", FREE) == before
    assert store.open(before).read() == b"before"
    store.close()
    store.__init__(tmp_path)  # type: ignore[misc]
    assert [path.name for path in tmp_path.glob("incoming/*")] == []
    assert store.open(before).read() == b"before"


def test_what_is_replaced_is_removed_later_if_not_now(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "o", b"1")
    with monkeypatch.context() as broken:
        broken.setattr(Index, "forget_garbage", full)
        after = put(store, "o", b"2")  # is done, whatever becomes of the old bytes
    assert store.open(after).read() == b"2"
    put(store, "p", b"3")
    assert len(list(tmp_path.glob("objects/*/*"))) == 2


@pytest.mark.parametrize("killed_before", ["settle", "remove"])
def test_a_start_puts_right_what_a_kill_left(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    put(store, "o", b"before")
    with monkeypatch.context() as broken:
        broken.setattr(Blobs, killed_before, kill)
        with pytest.raises(Killed):
            put(store, "o", b"after")
    store.close()
    store.__init__(tmp_path)  # type: ignore[misc]
    assert store.open(store.object("bkt", "o", FREE)).read() == b"after"
    assert len(list(tmp_path.glob("objects/*/*"))) == 1
    assert list(tmp_path.glob("incoming/*")) == []


def test_generations_grow_though_the_clock_is_set_back(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(store, "o", b"1")
    monkeypatch.setattr(index_module, "now", lambda: 5)
    second = put(store, "o", b"2")
    store.delete_object("bkt", "o", FREE)
    assert first.generation < second.generation < put(store, "o", b"3").generation


@pytest.mark.parametrize("prefix", ["a", "é", "\x7f", "\U0010ffff", "a\U0010ffff"])
def test_the_end_of_a_prefix(prefix: str) -> None:
    behind = after_prefix(prefix.encode())
    assert f"{prefix}\U0010ffff\U0010ffff".encode() < behind
    assert behind > prefix.encode()


def by_hand(names: list[str], query: ListingQuery) -> list[str]:
    listed: list[str] = []
    for name in sorted(names, key=str.encode):
        if not name.startswith(query.prefix) or name < query.start:
            continue
        if query.end and name >= query.end:
            continue
        at = name.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
        shown = name if at < 0 else "P:" + name[: at + len(query.delimiter)]
        if shown not in listed:
            listed.append(shown)
    return listed


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", "a", "b/"])
@pytest.mark.parametrize("prefix", ["", "a", "a/", "b", "a/b/"])
def test_pages_are_the_whole_listing(
    store: ObjectStore, limit: int, delimiter: str, prefix: str
) -> None:
    names = ["a", "a/", "a/a", "a/b", "a/b/", "a/b/c", "ab", "b", "b/", "b//", "b/a/b", "c", "é/x"]
    for name in names:
        put(store, name, b"")
    first = ListingQuery(prefix, delimiter, limit=limit)
    listed: list[str] = []
    token = ""
    for _ in range(50):
        page = list_page(
            store.index, "bkt", ListingQuery(prefix, delimiter, limit=limit, page_token=token)
        )
        assert len(page.items) + len(page.prefixes) <= limit
        listed += [item.name for item in page.items] + [f"P:{name}" for name in page.prefixes]
        token = page.next_token
        if not token:
            break
    assert sorted(listed) == sorted(by_hand(names, first))
    assert len(listed) == len(set(listed))


def test_a_listing_of_folders_reads_no_more_than_it_shows(store: ObjectStore) -> None:
    with store.index.change():
        put_many(store, 3, 2000)
    reads: list[int] = []
    objects: Callable[..., list[StoredObject]] = store.index.objects

    class Counted:
        def objects(self, *arguments: Any) -> list[StoredObject]:
            rows = objects(*arguments)
            reads.append(len(rows))
            return rows

    page = list_page(Counted(), "bkt", ListingQuery(delimiter="/"))  # type: ignore[arg-type]
    assert page.prefixes == ["d0/", "d1/", "d2/"]
    assert len(reads) <= 4


def put_many(store: ObjectStore, folders: int, each: int) -> None:
    writer = store.blobs.writer()
    writer.write(b"x")
    content = writer.content()
    one = StoredObject("bkt", "x", 1, 1, 1, 1, content, {})
    for folder in range(folders):
        for number in range(each):
            store.index.put_object(dataclasses.replace(one, name=f"d{folder}/{number:05}"))
