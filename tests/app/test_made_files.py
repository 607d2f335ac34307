"""Files made for download: whole, for one visitor, and gone when nobody holds them."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from types import SimpleNamespace
from typing import IO
from unittest import mock

import pytest

from core.app.gallery_cells import GalleryCells
from core.app.made_files import MadeFile, MadeFiles, content_disposition
from core.errors import ResultsError
from core.jobs.ledger.access import ALONE
from core.ui.server.routes import gallery_routes
from tests.kit.pictures.fake_buckets import FakeBuckets
from tests.kit.web.routes import asking


def write(file: IO[bytes]) -> MadeFile:
    file.write(b"abc" * 200_000)
    file.flush()
    return MadeFile(file, 'a "b"\r\n.pdf', "application/pdf", [], [])


def test_a_file_is_offered_to_its_visitor_alone(tmp_path: Path) -> None:
    files = MadeFiles(tmp_path / "made")
    made = files.make("bob", write)
    assert b"".join(files.get(made.code, "bob").pieces()) == b"abc" * 200_000
    for scope, code in (("", made.code), ("eve", made.code), ("bob", "other"), ("bob", "")):
        with pytest.raises(PermissionError):
            files.get(code, scope)
    assert list((tmp_path / "made").iterdir()) == []  # it has no name


def test_it_is_gone_when_nobody_holds_it(tmp_path: Path) -> None:
    files = MadeFiles(tmp_path)
    code = files.make("", write).code
    gc.collect()
    with pytest.raises(PermissionError):
        files.get(code, "")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    def fail(file: IO[bytes]) -> MadeFile:
        raise OSError(28, os.strerror(28))

    with pytest.raises(ResultsError, match="cannot be written"):
        MadeFiles(tmp_path).make("", fail)


def test_names_cannot_break_out_of_their_header() -> None:
    said = content_disposition('é"\r\nSet-Cookie: a.pdf')
    assert "\r" not in said and "\n" not in said and said.count('"') == 2
    assert said.endswith("filename*=UTF-8''%C3%A9%22%0D%0ASet-Cookie%3A%20a.pdf")


def test_the_web_server_sends_it_as_a_download(tmp_path: Path) -> None:
    files = MadeFiles(tmp_path)
    made = files.make("", write)
    cells = GalleryCells(tmp_path / "t", FakeBuckets)  # type: ignore[arg-type]
    hub = SimpleNamespace(gallery=cells, visitor=ALONE, made_files=files)
    with mock.patch.object(gallery_routes, "_hub", lambda _: hub):
        get = asking(gallery_routes.routes())
        answer = get(f"/gallery/{cells.token()}/made/{made.code}")
        assert (answer.status, answer.body) == (200, b"abc" * 200_000)
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.headers["content-length"] == "600000"
        assert get(f"/gallery/{cells.token()}/made/nothing").status == 404
        assert get(f"/gallery/wrong/made/{made.code}").status == 404
