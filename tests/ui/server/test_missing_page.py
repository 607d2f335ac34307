"""Addresses below a page's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ui.server.missing_page import PAGES, routes
from tests.kit.web.routes import asking

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", ["/explore/more", "/operations/", "/picture/_stcore/health"])
def test_nothing_lies_below_a_page(path: str) -> None:
    answer = asking(routes(""))(path)
    assert answer.status == 404
    assert b"Page not found" in answer.body and b'href="/"' in answer.body
    assert path.encode() not in answer.body


def test_every_page_is_known() -> None:
    assert set(PAGES) == {page.stem for page in (ROOT / "pages").glob("*.py")}


def test_submit_has_an_address_too() -> None:
    answer = asking(routes(""))("/submit?like=20261128-a&x=%0d%0aSet-Cookie:b")
    assert answer.status == 307
    assert dict(answer.headers)["location"] == "/?like=20261128-a&x=%0d%0aSet-Cookie%3Ab"
