"""Untrusted links: what stands in an address is used as text, reported, or ignored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.results.query.filters import PARAM_NAMES, Filters
from core.results.query.safe_policy import PARAM, SafePolicy
from core.ui.components.url_state import HIDDEN
from core.ui.components.widgets import escape_markdown
from tests.kit.hostile import BOUNDED, MARKUP_TEXTS, ODD_NUMBERS, response_of, texts
from tests.kit.web.pages import Open, until_shown

PREFIX = "gs://contact-sheet/hostile-params/"
FEW = settings(BOUNDED, max_examples=12)  # each runs a page
EXPLORE = sorted({*PARAM_NAMES, PARAM, HIDDEN, "sort", "group", "tab"})
odd = st.one_of(texts, st.sampled_from(ODD_NUMBERS), st.sampled_from([PREFIX, "../app", "none"]))
# One of these after the other, in every parameter at once.
JUNK = (
    *("", "\0", "9" * 5_000, "-1", "nan", "a:b", "%ED%A0%80", ",:,", "x" * 15_000, "0-0"),
    *("<img src=x onerror=alert(1)>", "adult:<b>,joy:LIKELY", "'; DROP TABLE pictures; --"),
)
# Those that are something else once they are escaped: as they are, they must not be shown.
OWN = (":material/face:",)  # our own icon
RAW = [t for t in MARKUP_TEXTS if len(t) > 3 and t not in escape_markdown(t) and t not in OWN]
FIRST = {  # what a page must show before untrusted addresses are tried on it
    "explore": "tab",
    "report": "download_button",
    "picture": "json",
    "compare": "metric",
    "operations": "text_input",
    "submit": "metric",
}
PARAMS = {
    "picture": ("picture", "page", HIDDEN, "label"),
    "compare": ("left", "right", "by", "name", "match", "category", "shown"),
    "submit": ("draft",),
}


def said(app: AppTest) -> Iterator[str]:
    """Everything on a page that Streamlit takes for Markdown."""
    for kind in (
        "markdown",
        "caption",
        "error",
        "warning",
        "info",
        "success",
        "subheader",
        "title",
    ):
        for element in app.get(kind):
            yield str(element.value)  # type: ignore[union-attr]
    for kind in ("button", "expander", "metric", "checkbox", "toggle", "text_input", "slider"):
        for element in app.get(kind):
            yield str(element.label)  # type: ignore[union-attr]
    for link in app.get("page_link"):
        yield link.proto.label


def check(app: AppTest) -> None:
    """No fault, and no untrusted text that would be more than text."""
    assert not app.exception
    for shown in said(app):
        assert "unexpected" not in shown and "Traceback" not in shown
        unescaped = [text for text in RAW if text in shown]
        assert not unescaped, shown


def follow(app: AppTest, **params: str) -> AppTest:
    """The page of another address."""
    for name in list(app.query_params):
        del app.query_params[name]
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    check(app)
    return app


@pytest.fixture(scope="module")
def results(hub: Hub) -> str:
    """Two answers full of markup, and a failed one."""
    answers = [response_of(" ".join(RAW[:12]), f"{PREFIX}a.jpg"), response_of(RAW[0])]
    answers.append(
        {"context": {"uri": f"{PREFIX}{RAW[3]}"}, "error": {"code": 5, "message": RAW[1]}}
    )
    shard = json.dumps({"responses": answers}).encode()
    hub.connection().buckets.write(f"{PREFIX}output-1-to-3.json", shard, "application/json")
    return PREFIX


def notes(params: dict[str, str]) -> int:
    return len(Filters.from_params(params)[1]) + len(SafePolicy.from_params(params)[1])


def test_every_parameter_of_explore_takes_junk(open_page: Open, results: str) -> None:
    app = open_page("explore", prefix=results, until="tab")
    check(app)
    for junk in JUNK:
        params = dict.fromkeys(EXPLORE, junk)
        follow(app, prefix=results, **params)
        warnings = [warning for warning in app.warning if "no usable" in warning.value]
        assert len(warnings) == notes(params) > 0, junk
    text = RAW[0]
    for name in EXPLORE:  # those that take any text, one at a time: two together find nothing
        if name not in (HIDDEN, PARAM, "tab") and not notes({name: text}):
            follow(app, prefix=results, **{name: text})
            assert app.tabs


def test_explore_of_any_address(open_page: Open, results: str) -> None:
    app = open_page("explore", prefix=results, until="tab")

    @FEW
    @given(st.dictionaries(st.sampled_from([*EXPLORE, "utm_source"]), odd, max_size=5))
    def holds(params: dict[str, str]) -> None:
        follow(app, prefix=results, **params)
        until_shown(app, "tab")

    holds()


@pytest.mark.parametrize("page", sorted(FIRST))
def test_any_page_of_any_address(open_page: Open, results: str, page: str) -> None:
    right = {"prefix": results, "left": results, "right": results, "picture": "0"}
    app = open_page(page, until=FIRST[page], **right)
    check(app)
    names = st.sampled_from([*PARAMS.get(page, ()), "job", "prefix", "page"])

    @FEW
    @given(st.dictionaries(names, odd, max_size=4))
    @example({"job": "\0", "left": "\0", "picture": "\0", "draft": "\0"})
    @example({"job": "9" * 5_000, "picture": "9" * 5_000, "page": "9" * 5_000})
    def holds(params: dict[str, str]) -> None:
        follow(app, **({} if "job" in params else right) | params)

    holds()
