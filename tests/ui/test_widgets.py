"""Text from outside stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.ui.widgets import plain


@pytest.mark.parametrize(
    "text",
    ["**bold**", "[a](http://b)", "![x](y)", "<b>", "$x$", ":red[x]", "# h", "- x", "`x`", "~~x~~"],
)
def test_no_mark_stands_without_its_backslash(text: str) -> None:
    shown = plain(text)
    assert shown.replace("\\", "") == text
    assert not any(
        a not in "\\" and b in "*[]<$:#`~!(" for a, b in zip(" " + shown, shown, strict=False)
    )


@given(st.text())
def test_letters_are_kept_and_lines_joined(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert [c for c in shown if c.isalnum()] == [c for c in text if c.isalnum()]


def test_error_tells_what_where_and_what_to_do() -> None:
    def page() -> None:
        from core.errors import ObjectNotFound
        from core.ui.widgets import show_error

        show_error(ObjectNotFound("Gone", where="gs://b/*x*", then="Look elsewhere."))

    app = AppTest.from_function(page).run()
    assert app.error[0].value.replace("\\", "") == "**Gone**  \ngs://b/*x*  \nLook elsewhere."
    assert "*x*" not in app.error[0].value
