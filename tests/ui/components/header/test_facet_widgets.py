"""What a facet's list sends back is the option that was meant."""

from __future__ import annotations

from typing import Any

import pytest

from core.results.query.facets import Option
from core.ui.components.header.facet_widgets import meant

OPTIONS = [Option("Text", "Text", 18), Option("Lot · 7", "Lot · 7", 1), Option("1", "1 face", 2)]
OPTIONS.append(Option("und", "Undetermined", 3))


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("Text", "Text"),
        ("Text · 17", "Text"),  # of a job that has one picture more by now
        ("Text · 1,700", "Text"),
        ("1 face · 1", "1"),
        ("Lot · 7", "Lot · 7"),  # a name that ends like a label
        ("Lot · 7 · 1", "Lot · 7"),
        ("Text · old", "Text · old"),
        ("Undetermined · 2", "und"),
        ("Undetermined", "und"),  # typed, as the next
        ("Cat · 17", "Cat · 17"),
        ("Cat", "Cat"),
        ("", ""),
    ],
)
def test_a_label_with_an_earlier_number_means_its_option(sent: Any, value: Any) -> None:
    assert meant(sent, OPTIONS) == value
