"""Uploads: kept as they come, whole or not at all, and for nobody but the draft's owner."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import quote

import anyio
import pytest
from starlette.applications import Starlette
from starlette.types import Message
from streamlit import config

from core.app.gallery_cells import GalleryCells
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.sending.uploads import spool as spools
from core.jobs.sending.uploads.spool import CONTENT_BLOCK, ContentHash, Spool
from core.ui.server.access.host_check import HostCheck
from core.ui.server.routes import upload_routes
from tests.kit.hostile import TEXTS
from tests.kit.web.routes import Answer, Send, sending

DRAFT = "d" * 16
OWN = "127.0.0.1:8501"
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 100


def content_of(data: bytes) -> str:
    """As the browser works it out."""
    blocks = [data[at : at + CONTENT_BLOCK] for at in range(0, len(data), CONTENT_BLOCK)]
    return hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in blocks)).hexdigest()


class Door(NamedTuple):
    """The routes over a home, and who asks; a draft in ``sent`` has become a job."""

    home: Path
    cells: GalleryCells
    who: list[Visitor | None]
    sent: set[str]
    send: Send

    def put(self, name: str, *parts: bytes, content: str = "", **more: Any) -> Answer:
        return self.send("PUT", f"{self.base()}/file?{_query(name, content)}", *parts, **more)

    def known(self, *files: dict[str, str]) -> Any:
        body = json.dumps({"files": files}).encode()
        return json.loads(self.send("POST", f"{self.base()}/known", body).body)["files"]

    def base(self, draft: str = DRAFT) -> str:
        visitor = self.who[0]
        return f"/upload/{self.cells.token(visitor.scope if visitor else '')}/{draft}"

    def spooled(self, draft: str = DRAFT) -> list[tuple[str, bytes]]:
        return [(p.name, p.path.read_bytes()) for p in Spool(self.home, draft).pictures()]

    def on_disk(self) -> list[str]:
        """Every file below the home that an upload could have left."""
        return [p.name for p in self.home.rglob("*") if p.is_file()]


def _query(name: str, content: str) -> str:
    said = quote(name, safe="", errors="replace")
    return f"name={said}&content={content}"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    cells = GalleryCells(tmp_path / "thumbnails", cast(Any, None))
    who: list[Visitor | None] = [ALONE]
    sent: set[str] = set()
    home = tmp_path / "home"

    def hub(_: Any) -> Any:
        if who[0] is None:
            raise PermissionError("not signed in")
        jobs = SimpleNamespace(by_draft=lambda draft: draft if draft in sent else None)
        settings = SimpleNamespace(home=home)
        return SimpleNamespace(gallery=cells, visitor=who[0], jobs=jobs, settings=settings)

    monkeypatch.setattr(upload_routes, "_hub", hub)
    app = HostCheck(Starlette(routes=upload_routes.routes()))
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", ["127.0.0.1"])
    ask = sending(app)

    def own(
        method: str,
        address: str,
        *parts: bytes,
        headers: Any = None,
        receive: Callable[[], Any] | None = None,
    ) -> Answer:
        all_headers = {"host": OWN, "origin": f"http://{OWN}", **(headers or {})}
        return ask(method, address, *parts, headers=all_headers, receive=receive)

    yield Door(home, cells, who, sent, own)
    config.set_option("server.allowedHosts", before)


@pytest.mark.parametrize("size", [0, 1, CONTENT_BLOCK, CONTENT_BLOCK + 1, 3 * CONTENT_BLOCK])
def test_content_is_the_same_however_it_comes(size: int) -> None:
    data = b"0123456789" * (size // 10 + 1)
    data = data[:size]
    for step in (65_536, CONTENT_BLOCK - 1, size or 1):
        digest = ContentHash()
        for at in range(0, size, step):
            digest.update(data[at : at + step])
        assert digest.hexdigest() == content_of(data)


def test_a_file_is_kept_under_its_name(door: Door) -> None:
    for _ in range(2):  # its answer was lost, and it is sent again
        answer = door.put("trip/a 1.png", PNG[:7], PNG[7:], content=content_of(PNG))
        assert (answer.status, json.loads(answer.body)) == (200, {"size": len(PNG)})
    assert answer.headers["cache-control"] == "no-store"
    door.put("trip/b.png", PNG + b"b")
    door.put("trip/a 1.png", PNG + b"another of that name")
    assert [name for name, _ in door.spooled()] == ["trip/a 1.png", "trip/a 1.png", "trip/b.png"]
    assert {data for _, data in door.spooled()} == {PNG, PNG + b"b", PNG + b"another of that name"}


def test_a_large_file_goes_to_disk_in_parts(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_routes, "WRITTEN_AT_ONCE", 1000)
    parts = [bytes([n]) * 700 for n in range(10)]
    assert door.put("large.tif", *parts, content=content_of(b"".join(parts))).status == 200
    assert door.spooled() == [("large.tif", b"".join(parts))]


def test_what_is_there_is_not_asked_for(door: Door) -> None:
    door.put("a.png", PNG)
    here, other = content_of(PNG), content_of(b"other")
    asked = [("a.png", here), ("trip/copy of a.png", here), ("b.png", other), ("c.png", "")]
    files = [{"name": name, "content": content} for name, content in asked]
    assert door.known(*files) == ["known", "known", "", ""]
    # The copy is a picture of its own: nothing is merged away, and each can go without the other.
    assert door.spooled() == [("a.png", PNG), ("trip/copy of a.png", PNG)]
    Spool(door.home, DRAFT).pictures()[0].path.unlink()
    assert door.spooled() == [("trip/copy of a.png", PNG)]
    assert door.known(*files)[:2] == ["known", "known"]


def test_what_is_no_picture_is_named_by_its_beginning(door: Door) -> None:
    head = base64.b64encode(b"#!/bin/sh" + b"x" * 1000).decode()
    film = {"name": "clip.mkv", "content": "0" * 64, "head": head}
    picture = {"name": "a.png", "content": "1" * 64, "head": base64.b64encode(PNG).decode()}
    assert door.known(film, picture) == ["left out", ""]
    contents = Spool(door.home, DRAFT).contents()
    assert contents.pictures == () and [fault.where for fault in contents.faults] == ["clip.mkv"]
    # Its beginning stands for no whole file: one that is called a picture has to be sent.
    assert door.known({**film, "name": "clip.png"}) == [""]


def test_damaged_bytes_are_not_kept(door: Door) -> None:
    answer = door.put("a.png", PNG, content=content_of(b"what was to come"))
    assert answer.status == 422 and "damaged" in json.loads(answer.body)["what"]
    assert door.on_disk() == []


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_body_that_breaks_off_leaves_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(upload_routes, "WRITTEN_AT_ONCE", 10)
    coming: list[Message] = [
        {"type": "http.request", "body": b"p" * 20, "more_body": True} for _ in range(before)
    ]

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    assert door.put("a.png", receive=receive).status == 400
    assert door.on_disk() == []
    assert door.put("a.png", PNG).status == 200  # and goes on


def test_a_body_that_halts_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_routes, "WRITTEN_AT_ONCE", 10)
    monkeypatch.setattr(upload_routes, "SILENT_S", 0.01)
    coming: list[Message] = [{"type": "http.request", "body": b"p" * 20, "more_body": True}]

    async def receive() -> Message:
        if not coming:
            await anyio.sleep_forever()
        return coming.pop(0)

    assert door.put("a.png", receive=receive).status == 408
    assert door.on_disk() == []


def test_limits(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "MAX_SPOOL_BYTES", 10)
    assert door.put("a.png", b"0123456789").status == 200

    async def unread() -> Message:
        raise AssertionError("a body is read that says itself to be too long")

    said = door.put("b.png", headers={"content-length": "11"}, receive=unread)
    unsaid = door.put("b.png", b"0123456789", b"1")
    for answer in (said, unsaid):
        assert answer.status == 422 and "too large" in json.loads(answer.body)["what"]
    assert [name for name, _ in door.spooled()] == ["a.png"]
    assert not [name for name in door.on_disk() if name.endswith(".part")]
    monkeypatch.setattr(spools, "LEAST_FREE", 1 << 62)
    full = door.put("c.png", b"c")
    assert full.status == 507 and "nearly full" in json.loads(full.body)["what"]


def test_a_name_is_never_a_path(door: Door) -> None:
    for name in [*TEXTS, "../../etc/passwd", "..\\..\\x.png", "a/\0b.png", "/"]:
        taken = 0 < len(name) <= upload_routes.MOST_NAME
        assert door.put(name, PNG).status == (200 if taken else 400), name
    assert len(door.on_disk()) > 10
    for file in door.on_disk():
        assert (door.home / "uploads" / DRAFT / file).is_file()


@pytest.mark.parametrize(
    "query",
    ["", "name=", "name=" + "x" * 4_001, "name=a.png&content=../x", "name=a.png&content=ABC"],
)
def test_a_request_without_a_use_is_refused(door: Door, query: str) -> None:
    assert door.send("PUT", f"{door.base()}/file?{query}", PNG).status == 400
    assert door.on_disk() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"files": 5}',
        b'{"files": [{"name": "a.png"}]}',
        b'{"files": [{"name": "", "content": ""}]}',
        b'{"files": [{"name": "a.png", "content": "", "head": "%"}]}',
        b'{"files": [{"name": "a.png", "content": "", "head": 7}]}',
        json.dumps({"files": [{"name": "a", "content": ""}] * 501}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_question_that_is_none_is_refused(door: Door, body: bytes) -> None:
    assert door.send("POST", f"{door.base()}/known", body).status == 400
    assert door.on_disk() == []


def test_a_question_has_an_end(door: Door) -> None:
    parts = [b" " * 1024**2] * 5
    assert door.send("POST", f"{door.base()}/known", *parts).status == 413


def test_a_draft_is_its_owners(door: Door) -> None:
    ada, bob = Visitor("https://id.example 1"), Visitor("https://id.example 2")
    door.who[0] = ada
    address = f"{door.base()}/file?name=a.png"
    assert door.send("PUT", address, PNG).status == 200
    assert door.spooled(f"{ada.scope}-{DRAFT}") == [("a.png", PNG)]

    door.who[0] = bob
    assert door.send("PUT", address, PNG).status == 404  # by Ada's token
    assert door.send("POST", f"{door.base()}/known", b'{"files": []}').status == 200
    assert door.known({"name": "b.png", "content": content_of(PNG)}) == [""]  # of Ada's nothing
    for draft in (f"{ada.scope}-{DRAFT}", "..", "D" * 16, "d" * 15, "d" * 16 + "\n"):
        assert door.send("PUT", f"{door.base(draft)}/file?name=b.png", PNG).status == 404
    assert door.put("b.png", PNG).status == 200
    assert door.spooled(f"{bob.scope}-{DRAFT}") == [("b.png", PNG)]
    assert door.spooled(f"{ada.scope}-{DRAFT}") == [("a.png", PNG)]

    door.who[0] = None
    assert door.send("PUT", address, PNG).status == 404
    door.who[0] = Visitor(read_only=True)
    assert door.put("c.png", PNG).status == 403


def test_a_draft_that_was_sent_takes_no_more(door: Door) -> None:
    door.put("a.png", PNG)
    door.sent.add(DRAFT)
    answer = door.put("late.png", PNG)
    assert answer.status == 409 and "submitted" in json.loads(answer.body)["what"]
    assert [name for name, _ in door.spooled()] == ["a.png"]


def test_a_page_of_another_origin_is_refused(door: Door) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:9999", "null"):
        assert door.put("a.png", PNG, headers={"origin": origin}).status == 403
    assert door.put("a.png", PNG, headers={"host": "evil.example"}).status == 400
    for method in ("GET", "POST", "DELETE"):
        assert door.send(method, f"{door.base()}/file?name=a.png", PNG).status in (404, 405)
    assert door.on_disk() == []
