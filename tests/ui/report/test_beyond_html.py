"""What the Report page says of pictures that an HTML file does not hold."""

from core.results.export.report.html import MOST_PICTURES
from core.ui.report.downloads import beyond_html


def test_a_file_that_holds_all_needs_no_word() -> None:
    assert beyond_html(MOST_PICTURES, MOST_PICTURES) == ""


def test_above_the_limit_it_is_said_what_clicks_count_and_what_helps() -> None:
    said = beyond_html(MOST_PICTURES + 1, MOST_PICTURES)
    assert "5,000 of the 5,001 pictures" in said and "Narrow the view" in said
    assert "1,000 of the 3,000" in beyond_html(3_000, 1_000)
    assert "Narrow" not in beyond_html(3_000, 1_000)  # the choice above it holds more


def test_without_pictures_charts_still_count() -> None:
    assert "count all 3,000" in beyond_html(3_000, 0)
