"""Tables outside charts: all rows to take along, nothing for the eye alone, no formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.ui.components.chart_card import show_table


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What download buttons offer, by the file's name."""
    offered: dict[str, Callable[[], bytes]] = {}

    def button(_label: str, data: Callable[[], bytes], file_name: str, *_: Any, **__: Any) -> bool:
        offered[file_name] = data
        return False

    monkeypatch.setattr(st, "download_button", button)
    return offered


def lines(data: bytes) -> list[str]:
    return data.decode("utf-8-sig").splitlines()


def test_the_file_has_all_rows_and_the_page_says_so(files: dict[str, Callable[[], bytes]]) -> None:
    def page() -> None:
        from core.ui.components.chart_card import show_table

        rows = [{"picture": f"{n}.jpg", "problem": "=1+1"} for n in range(7)]
        show_table("Left out", rows, "left_out", most=3)

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 3
    assert app.caption[0].value == "The first 3 of 7; the file has all of them."
    csv_lines = lines(files["contact-sheet-left-out.csv"]())
    assert csv_lines[0] == '"picture","problem"' and len(csv_lines) == 8
    assert csv_lines[7] == '"6.jpg","\'=1+1"'


def test_what_is_for_the_eye_alone_stays_on_the_page(
    files: dict[str, Callable[[], bytes]],
) -> None:
    rows = [{"colour": "data:image/svg+xml,x", "hex": "#102030"}]
    show_table("Colours", rows, "colours", hidden=["colour"], heading=True, about="../é Beach.jpg")
    assert lines(files["contact-sheet-colours-beach-jpg.csv"]()) == ['"hex"', '"#102030"']


def test_a_chart_s_table_has_no_columns_that_only_a_click_needs(
    files: dict[str, Callable[[], bytes]],
) -> None:
    def page() -> None:
        import pandas as pd

        from core.ui.components.chart_card import show_heading

        columns = {"name": ["Cat"], "value": ["Cat"], "pictures": [2], "tolerance": [5.0]}
        frame = pd.DataFrame(columns)
        show_heading("Objects", frame, "objects")
        assert list(frame.columns) == ["name", "value", "pictures", "tolerance"]

    app = AppTest.from_function(page).run()
    assert not app.exception and not files  # nothing is sent before somebody opens it
    app.session_state["open_objects"] = True
    app.run()
    assert not app.exception
    assert lines(files["contact-sheet-objects.csv"]()) == ['"name","pictures"', '"Cat",2']


def test_rows_of_the_file_are_made_once_somebody_asks(
    files: dict[str, Callable[[], bytes]],
) -> None:
    def page() -> None:
        import pandas as pd
        import streamlit as st

        from core.ui.components.chart_card import show_table

        def whole() -> pd.DataFrame:
            st.session_state["made"] = True
            return pd.DataFrame({"words": [3, 2, 1]})

        show_table("Words", pd.DataFrame({"words": [3]}), "words", total=3, whole=whole)

    app = AppTest.from_function(page).run()
    assert not app.exception and "made" not in app.session_state
    assert [caption.value for caption in app.caption] == [
        "The first 1 of 3; the file has all of them."
    ]
    assert lines(files["contact-sheet-words.csv"]()) == ['"words"', "3", "2", "1"]
