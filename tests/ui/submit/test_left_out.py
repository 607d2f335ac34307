"""Submit says what is left out, and of bad files that the user sends that they are sent."""

from __future__ import annotations

import pytest

from core.ui.submit.left_out import heading_of

BAD, OTHERS = ["2 bad pictures", "1 bad PDF"], ["3 other files"]


@pytest.mark.parametrize(
    ("bad", "others", "leave_out", "said"),
    [
        (BAD, OTHERS, True, "2 bad pictures, 1 bad PDF and 3 other files left out"),
        (
            BAD, OTHERS, False,
            "2 bad pictures and 1 bad PDF sent all the same, 3 other files left out",
        ),
        (BAD, [], False, "2 bad pictures and 1 bad PDF sent all the same"),
        ([], OTHERS, True, "3 other files left out"),
        (BAD[:1], [], True, "2 bad pictures left out"),
    ],
)  # fmt: skip
def test_the_heading(bad: list[str], others: list[str], leave_out: bool, said: str) -> None:
    assert heading_of(bad, others, leave_out) == said
