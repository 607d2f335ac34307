"""The question before a batch is deleted names what is there, and nothing else."""

from __future__ import annotations

import pytest

from core.jobs.deletion import Amount, Contents
from core.ui.operations.job_menu import what_goes

NONE = Amount()


@pytest.mark.parametrize(
    ("uploads", "results", "expected"),
    [
        (
            Amount(2, 3_000),
            Amount(1, 500),
            [
                "**3.5 kB go from the bucket:**",
                "- 2 uploaded files, 3.0 kB",
                "- 1 file of results, ",
            ],
        ),
        (NONE, Amount(18, 500), ["**500 bytes go", "- 18 files of results, 500 bytes"]),
        (NONE, NONE, ["**Nothing of it is in the bucket.**"]),
    ],
)
def test_only_what_is_there_goes(uploads: Amount, results: Amount, expected: list[str]) -> None:
    said = what_goes(Contents(uploads, results, NONE, (), NONE)).split("\n")
    *lines, blank, rest = said
    assert (blank, rest.split()[0]) == ("", "Its")
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start), said
