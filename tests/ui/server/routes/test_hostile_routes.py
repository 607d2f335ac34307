"""Untrusted requests to our own addresses: refused or answered, never a fault, never a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest import mock
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.app.gallery_cells import GalleryCells
from core.buckets import Buckets
from core.jobs.ledger.access import ALONE
from core.results.pictures.exif_upright import upright_copy
from core.results.query.store import Store
from core.ui.server.routes import gallery_routes, health_routes
from tests.kit.hostile import BOUNDED, ODD_NUMBERS, TEXTS, surrogates, texts
from tests.kit.pictures.fake_buckets import FakeBuckets, jpeg
from tests.kit.results.gallery_store import HIDDEN, SEEN, store_of
from tests.kit.web.health_hub import hub as health_hub
from tests.kit.web.routes import Get, asking

odd = st.one_of(st.sampled_from(ODD_NUMBERS), texts, surrogates)
some_right = st.one_of(st.none(), st.none(), odd)  # or nobody would get past the token


class Gallery(NamedTuple):
    """One gallery, its view of a good, a hidden and hostile pictures, and how to ask for it."""

    cells: GalleryCells
    store: Store
    view: str
    get: Get
    folder: Path


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    folder = tmp_path_factory.mktemp("gallery")
    buckets = FakeBuckets(**{SEEN: jpeg(12, 8), HIDDEN: jpeg(20, 20)})
    cells = GalleryCells(folder / "thumbnails", lambda: cast(Buckets, buckets))
    uris = [SEEN, *TEXTS, *(f"gs://b/{text}" for text in TEXTS)]
    store = store_of(*[dict[str, object](context={"uri": uri}) for uri in uris])
    view = cells.register(store, range(store.tables.pictures))

    def upright(uri: str, _page: int, size: int, _ahead: object) -> object:
        return upright_copy(buckets.read(uri), size, uri)

    hub = SimpleNamespace(gallery=cells, visitor=ALONE, may_see=lambda _: True, upright=upright)
    with mock.patch.object(gallery_routes, "_hub", lambda _: hub):
        yield Gallery(cells, store, view, asking(gallery_routes.routes()), folder)


@BOUNDED
@given(
    st.sampled_from(["cells", "boxes", "thumbnail", "large", "local", "map"]),
    st.tuples(some_right, some_right, some_right),
    st.dictionaries(st.sampled_from(["uri", "page", "at", "veiled", "path"]), odd),
    st.booleans(),
)
@example("cells", (None, None, "9" * 4_301), {}, True)  # more digits than Python reads
@example("boxes", (None, None, None), {"at": ",".join(["9"] * 5_000)}, True)
@example("thumbnail", (None, None, None), {"uri": SEEN, "page": "9" * 5_000}, True)
@example("large", (None, None, None), {"uri": SEEN}, False)
@example("local", (None, None, None), {"path": "/etc/passwd"}, False)
def test_no_address_is_a_fault(
    gallery: Gallery,
    kind: str,
    parts: tuple[str | None, ...],
    params: dict[str, str],
    raw: bool,
) -> None:
    code = gallery.cells.cells(gallery.view, 0)[0]["thumbnail"].split("?")[0]
    right = (gallery.cells.token(), code if kind in ("thumbnail", "large") else gallery.view, "0")
    given = [good if part is None else part for good, part in zip(right, parts, strict=True)]
    path = "/".join(["/gallery", given[0], kind, *given[1 : 3 if kind == "cells" else 2]])
    written = "&".join(f"{name}={value}" for name, value in params.items())
    query = written if raw else urlencode(params, errors="surrogatepass")
    answer = gallery.get(f"{path.replace('?', '%3F')}?{query.encode(errors='replace').decode()}")
    assert answer.status in (200, 404, 410, 422)
    if answer.status == 200:
        assert tuple(given[:2]) == right[:2]
        assert answer.headers["content-type"] in ("image/jpeg", "application/json")
    else:
        assert answer.body in (b"", b"Not Found")


def test_pictures_of_hostile_addresses_leave_nothing_outside(gallery: Gallery) -> None:
    """A shard may name any address; its code is ours, so it gets as far as the storage."""
    base = f"/gallery/{gallery.cells.token()}"
    statuses = set()
    for start in range(0, gallery.store.tables.pictures, 60):
        for cell in json.loads(gallery.get(f"{base}/cells/{gallery.view}/{start}").body):
            if cell["thumbnail"]:
                statuses.add(gallery.get(f"{base}/thumbnail/{cell['thumbnail']}").status)
    assert statuses == {200, 422}
    assert [path.name for path in gallery.folder.iterdir()] == ["thumbnails"]
    made = [path for path in gallery.folder.rglob("*") if path.is_file()]
    assert [path.suffix for path in made] == [".jpg"]


@BOUNDED
@given(odd, odd)
def test_health_tells_the_same_to_everybody(tmp_path_factory: Any, path: str, query: str) -> None:
    well = health_hub(tmp_path_factory.getbasetemp(), round_age=0)
    get = asking(health_routes.routes())
    with mock.patch.object(health_routes, "shared_hub", lambda: well):
        asked = query.encode(errors="replace").decode()
        alive, answer = get(f"/healthz?{asked}"), get(f"/readyz?{asked}")
        beside = get(f"/healthz/{path.replace('?', '')}")
    assert alive.status == 200 and json.loads(alive.body) == {"ok": True}
    assert answer.status == 200 and set(json.loads(answer.body)) == {
        *("ok", "reasons", "engine", "ledger", "watcher_age_s", "disk_free_gb", "pages_stuck_s")
    }
    assert beside.status in (200, 307, 404) and b"<" not in beside.body
