"""The closed box of options says what is chosen in it."""

from __future__ import annotations

import pytest
import streamlit as st

from core.ui.submit import options


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, "10 results · automatic shard size"),
        ({"max_results": 1, "shard_size": 1}, "1 result · 1 picture a shard"),
        ({"max_results": 20, "shard_size": 12}, "20 results · 12 pictures a shard"),
    ],
)
def test_what_is_chosen_is_said(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, int], expected: str
) -> None:
    monkeypatch.setattr(st, "session_state", state)
    assert options.said() == expected
