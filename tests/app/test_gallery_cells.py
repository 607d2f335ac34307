"""What the gallery's addresses answer, and what they refuse."""

from __future__ import annotations

import gc
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import parse_qs

import pytest
from PIL import Image

from core.app.gallery_cells import MOST_KEPT, MOST_VIEWS, WINDOW, GalleryCells, ViewGone
from core.buckets import Buckets
from core.jobs.ledger.access import ALONE
from core.results.columns.text_query import TextQuery
from core.results.query.safe_policy import SafePolicy
from core.results.query.store import Store
from core.results.tables.picture_names import with_names
from core.ui.server.routes import gallery_routes
from tests.kit.pictures.documents import coloured, drawn_pdf
from tests.kit.pictures.fake_buckets import FakeBuckets, jpeg
from tests.kit.results.gallery_store import HIDDEN, SEEN, store_of
from tests.kit.web.routes import Get, asking

HOSTILE = "<img src=x onerror=alert(1)>"
UNSEEN = "gs://b/of another job.jpg"
FILE, UNSEEN_FILE = "gs://b/a & b.pdf", "gs://b/of another job.pdf"


def seen(_: str) -> bool:
    return True


@pytest.fixture
def store() -> Store:
    box = [{"x": 0, "y": 0}, {"x": 120, "y": 0}, {"x": 120, "y": 80}, {"x": 0, "y": 80}]
    return store_of(
        {
            "context": {"uri": SEEN},
            "labelAnnotations": [{"description": HOSTILE, "score": 0.9}],
            "logoAnnotations": [
                {"description": "Acme", "score": 0.9, "boundingPoly": {"vertices": box}}
            ],
            "safeSearchAnnotation": {"adult": "VERY_LIKELY"},
        },
        {"context": {"uri": "gs://b/none.jpg"}},
        {"error": {"code": 5, "message": f"Error opening file {HOSTILE}"}},
    )


@pytest.fixture
def cells(tmp_path: Path) -> GalleryCells:
    file = drawn_pdf(coloured(2))
    buckets = FakeBuckets(**{SEEN: jpeg(1200, 800), HIDDEN: jpeg(20, 20)})
    buckets.objects |= {FILE: file, UNSEEN_FILE: file, UNSEEN: jpeg(1200, 800)}
    return GalleryCells(tmp_path, lambda: cast(Buckets, buckets))


@pytest.fixture
def get(cells: GalleryCells, monkeypatch: pytest.MonkeyPatch) -> Get:
    """Ask the routes as the web server does."""
    hub = SimpleNamespace(gallery=cells, visitor=ALONE, may_see=lambda uri: "another" not in uri)
    monkeypatch.setattr(gallery_routes, "_hub", lambda _: hub)
    return asking(gallery_routes.routes())


def test_cells_say_what_is_drawn(cells: GalleryCells, store: Store) -> None:
    view = cells.register(store, [2, 0])
    failed, cat = cells.cells(view, 0)
    assert cat["name"] == "cat & <b>.jpg" and cat["note"] == HOSTILE and cat["flagged"]
    assert cat["labels"] == [[HOSTILE, 0.9]], "what a hovered bar looks for"
    assert cat["levels"]["adult"] == "VERY_LIKELY"
    assert parse_qs(cat["link"]) == {"picture": [SEEN]}
    assert failed["failed"] and not failed["thumbnail"] and not failed["flagged"]
    assert parse_qs(failed["link"]) == {"picture": ["2"]}
    assert cells.cells(view, WINDOW) == [] == cells.cells(view, 10**30)
    assert cells.cells(view, 1, 1) == [cat]  # as the map asks for the one under the mouse


def test_boxes_lie_on_thumbnails_and_faults_are_reported(cells: GalleryCells, store: Store) -> None:
    view = cells.register(store, [0, 1, 2])
    boxes = cells.boxes(view, [1, 0, 0, 99, -1], seen)
    assert set(boxes) == {"0", "1"}
    assert boxes["0"] == {
        "size": [360, 240],
        "paths": [("logo", "M0.0 0.0L36.0 0.0L36.0 24.0L0.0 24.0Z")],
    }
    assert boxes["1"] == {"fault": "There is no such object"}


def test_boxes_do_not_tell_whether_a_hidden_picture_is_there(
    cells: GalleryCells, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard of one's own may name a picture of somebody else's, or guess at names."""
    missing = "gs://b/another that is not there.jpg"
    store = store_of(*[dict[str, object](context={"uri": uri}) for uri in (UNSEEN, missing, SEEN)])
    view = cells.register(store, [0, 1, 2])
    asked: list[str] = []
    placing = cells.thumbnails.placing

    def placing_noted(uri: str, page: int) -> object:
        asked.append(uri)
        return placing(uri, page)

    monkeypatch.setattr(cells.thumbnails, "placing", placing_noted)
    answer = json.loads(get(f"/gallery/{cells.token()}/boxes/{view}?at=0,1,2").body)
    assert answer["0"] == answer["1"] == {"fault": "There is no such object"}
    assert answer["2"]["size"] == [360, 240]
    assert asked == [SEEN]  # neither storage nor copies were looked at: no difference in time
    codes = [cell["thumbnail"] for cell in cells.cells(view, 0)]
    base = f"/gallery/{cells.token()}/thumbnail"
    answers = [get(f"{base}/{code}") for code in codes]
    assert answers[0] == answers[1] and answers[0].status == 404 and answers[2].status == 200


def test_other_addresses_below_the_gallerys_are_none(cells: GalleryCells) -> None:
    below = asking(gallery_routes.routes("/sheet/x"))
    assert below("/sheet/x/gallery/no-token/cells/a").status == 404
    assert below(f"/gallery/{cells.token()}/cells/a/0").status == 404


def test_a_view_does_not_keep_its_store_alive(cells: GalleryCells) -> None:
    store = store_of({"context": {"uri": SEEN}})
    view = cells.register(store, [0])
    assert cells.picture(view, 0) is not None
    del store
    gc.collect()
    assert cells.picture(view, 0) is None
    with pytest.raises(ViewGone):
        cells.cells(view, 0)


def test_only_so_many_views_are_remembered(cells: GalleryCells, store: Store) -> None:
    first = cells.register(store, [0])
    assert cells.register(store, [0]) == first
    for n in range(MOST_VIEWS):
        cells.register(store, [0] * (n + 2))
    with pytest.raises(ViewGone):
        cells.cells(first, 0)


def test_token_view_and_thumbnail_are_one_visitors(cells: GalleryCells, store: Store) -> None:
    ada, bob = cells.register(store, [0], scope="ada"), cells.register(store, [0], scope="bob")
    assert len({ada, bob, cells.register(store, [0])}) == 3
    assert cells.admits(cells.token("ada"), "ada") and not cells.admits(cells.token("ada"), "bob")
    (cell,) = cells.cells(ada, 0)
    code = cell["thumbnail"].split("?")[0]
    assert cells.thumbnail(code, SEEN, 0, veiled=False, scope="ada")
    with pytest.raises(PermissionError):
        cells.thumbnail(code, SEEN, 0, veiled=False, scope="bob")


def test_picture_of_a_hidden_job_is_not_served(get: Get, cells: GalleryCells) -> None:
    store = store_of({"context": {"uri": UNSEEN}})  # a shard may name any picture
    (cell,) = cells.cells(cells.register(store, [0]), 0)
    assert get(f"/gallery/{cells.token()}/thumbnail/{cell['thumbnail']}").status == 404


def test_pages_of_files_are_served_as_pictures_are(get: Get, cells: GalleryCells) -> None:
    box = [{"x": 0.1, "y": 0.2}, {"x": 0.5, "y": 0.2}, {"x": 0.5, "y": 0.4}]
    word = {"description": "Hello", "boundingPoly": {"normalizedVertices": box}}
    store = store_of(
        {"context": {"uri": FILE, "pageNumber": 1}, "textAnnotations": [word, word]},
        {"context": {"uri": FILE, "pageNumber": 2}},
        {"context": {"uri": FILE, "pageNumber": 9}},
        {"context": {"uri": UNSEEN_FILE, "pageNumber": 1}},
    )
    view, base = cells.register(store, [0, 1, 2, 3]), f"/gallery/{cells.token()}"
    addresses = [f"{base}/thumbnail/{cell['thumbnail']}" for cell in cells.cells(view, 0)]
    answers = [get(address) for address in addresses]
    assert [answer.status for answer in answers] == [200, 200, 422, 404]
    assert answers[0].body.startswith(b"\xff\xd8") and answers[0].body != answers[1].body
    assert answers[0].headers["content-type"] == "image/jpeg"
    assert get(addresses[0].replace("page=1", "page=2")).status == 404  # another page's code
    boxes = cells.boxes(view, [0, 2], seen)
    assert boxes["0"] == {
        "size": [360, 180],
        "paths": [("word", "M36.0 36.0L180.0 36.0L180.0 72.0Z")],
    }
    assert boxes["2"] == {"fault": "The file has no such page"}


def test_thumbnail_is_served_with_a_fixed_type(get: Get, cells: GalleryCells, store: Store) -> None:
    view = cells.register(store, [0])
    base = f"/gallery/{cells.token()}"
    (cell,) = json.loads(get(f"{base}/cells/{view}/0").body)
    answer = get(f"{base}/thumbnail/{cell['thumbnail']}")
    assert answer.status == 200 and answer.body.startswith(b"\xff\xd8")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    veiled = get(f"{base}/thumbnail/{cell['thumbnail']}&veiled=1")
    assert veiled.status == 200 and veiled.body != answer.body
    assert set(json.loads(get(f"{base}/boxes/{view}?at=0").body)) == {"0"}


def test_what_was_not_shown_is_not_served(get: Get, cells: GalleryCells, store: Store) -> None:
    view = cells.register(store, [0, 1])
    seen, missing = [cell["thumbnail"] for cell in cells.cells(view, 0)]
    base = f"/gallery/{cells.token()}"
    code = seen.split("?")[0]
    for path, status in {
        f"/gallery/guessed/thumbnail/{seen}": 404,  # another process's token
        f"/gallery/é/cells/{view}/0": 404,
        f"{base}/thumbnail/{code}?uri={HIDDEN}&page=0": 404,  # another picture's code
        f"{base}/thumbnail/{seen[:-1]}1": 404,  # another page
        f"{base}/thumbnail/é?uri={SEEN}&page=x": 404,
        f"{base}/thumbnail/{missing}": 422,
        f"{base}/cells/nothing/0": 410,
        f"{base}/cells/{view}/-1": 404,
        f"{base}/boxes/{view}?at=1,x": 404,
        f"{base}/boxes/{view}": 404,
    }.items():
        answer = get(path)
        assert answer.status == status, path
        assert b"secret" not in answer.body and len(answer.body) < 20


def test_the_policy_says_what_is_veiled(cells: GalleryCells, store: Store) -> None:
    def flagged(policy: SafePolicy) -> list[bool]:
        return [cell["flagged"] for cell in cells.cells(cells.register(store, [0], policy), 0)]

    assert flagged(SafePolicy()) == [True]
    assert flagged(SafePolicy((("racy", "POSSIBLE"),))) == [False]
    assert flagged(SafePolicy(())) == [False]


def test_a_search_is_marked_in_notes_and_boxes(cells: GalleryCells) -> None:
    box = [{"x": 0, "y": 0}, {"x": 120, "y": 0}, {"x": 120, "y": 80}, {"x": 0, "y": 80}]
    words = [{"description": HOSTILE, "boundingPoly": {"vertices": box}} for _ in range(2)]
    text = {"description": f"Total {HOSTILE}"}
    store = store_of({"context": {"uri": SEEN}, "textAnnotations": [text, words[0]]})
    view = cells.register(store, [0], query=TextQuery.parse("onerror"))
    (cell,) = cells.cells(view, 0)
    assert "".join(part for part, _ in cell["marks"]) == f"Total {HOSTILE}"
    assert [part for part, hit in cell["marks"] if hit] == ["onerror"]
    assert [kind for kind, _ in cells.boxes(view, [0], seen)["0"]["paths"]] == ["hit"]
    plain = cells.register(store, [0])
    assert plain != view and cells.cells(plain, 0)[0]["marks"] == ()
    assert [kind for kind, _ in cells.boxes(plain, [0], seen)["0"]["paths"]] == ["word"]


def test_what_is_to_come_has_a_name_alone_and_cannot_be_opened(
    cells: GalleryCells, store: Store
) -> None:
    view = cells.register(store, [-2, 0, -1], waiting=["b.jpg", f"{HOSTILE}.jpg"])
    first, cat, last = cells.cells(view, 0)
    assert (first["name"], last["name"]) == (f"{HOSTILE}.jpg", "b.jpg")
    assert first["waiting"] and "waiting" not in cat and "thumbnail" not in last
    assert cells.picture(view, 0) is None and cells.picture(view, 1) is not None
    assert set(cells.boxes(view, [0, 1, 2], seen)) == {"1"}


def test_cells_have_the_users_own_names(cells: GalleryCells, store: Store) -> None:
    tables = dict(store.tables.by_name)
    tables["pictures"] = with_names(tables["pictures"], {SEEN: f"summer/beach/{HOSTILE}.jpg"})
    store = Store(replace(store.tables, by_name=tables))
    (cell,) = cells.cells(cells.register(store, [0]), 0)
    assert (cell["name"], cell["folder"]) == (f"{HOSTILE}.jpg", "beach")
    assert (cell["label"], cell["score"]) == (HOSTILE, 0.9)
    assert tuple(cell["safe"]) == ("adult", "VERY_LIKELY")


def test_a_file_of_this_machine_is_served_to_whom_it_was_shown(
    get: Get, cells: GalleryCells, tmp_path: Path
) -> None:
    base = f"/gallery/{cells.token()}/local"
    path = tmp_path / "own & <b>.jpg"
    path.write_bytes(jpeg(1200, 800))
    address = cells.local_address(path)
    answer = get(f"{base}/{address}")
    assert answer.status == 200 and answer.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.body)).size) == 360
    code = address.split("?")[0]
    for asked in (
        f"{base}/{code}?path=/etc/passwd",
        f"{base}/{code}?path={tmp_path}/other.jpg",
        f"{base}/{cells.local_address(path, 'bob').split('?')[0]}?path={path}",
        f"/gallery/guessed/local/{address}",
    ):
        assert get(asked).status == 404
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    assert get(f"{base}/{cells.local_address(text)}").status == 422
    assert get(f"{base}/{cells.local_address(tmp_path / 'gone.jpg')}").status == 422


def test_a_drawn_map_is_one_visitors(get: Get, cells: GalleryCells) -> None:
    name = cells.keep(b"webp")
    answer = get(f"/gallery/{cells.token()}/map/{name}")
    assert (answer.status, answer.body) == (200, b"webp")
    assert answer.headers["content-type"] == "image/webp"
    places = get(f"/gallery/{cells.token()}/places/{name}")
    assert (places.status, places.headers["content-type"]) == (200, "application/octet-stream")
    assert cells.keep(b"webp", "bob") != name
    assert get(f"/gallery/{cells.token()}/map/{name[:-1]}").status == 410
    for n in range(MOST_KEPT):
        cells.keep(bytes([n]))
    assert get(f"/gallery/{cells.token()}/map/{name}").status == 410
