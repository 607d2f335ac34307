"""The pages' style sheet: what a change of the page makes Chromium style again stays small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.ui.components import style

SHEET = Path(style.__file__).with_name("page.css")


def split(text: str, at: str) -> list[str]:
    """Parts of a selector between some characters that stand outside of all brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter in at and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def selectors(sheet: str) -> list[str]:
    """Each selector of a style sheet."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    lists = re.findall(r"([^{}]+)\{[^{}]*\}", sheet)
    return [one for many in lists for one in split(many, ",")]


def goes_far(selector: str) -> bool:
    """Whether it goes down from ``:has`` or from a part of a class's name to much of the page."""
    parts = split(re.sub(r"\s*[~+]\s*", "~", selector), " \n>")
    for n, part in enumerate(parts[:-1]):
        once = any(one.startswith(".st-key-") for one in parts[n + 1 :])
        if ":has(" in part and not once:
            return True
        if "[class*=" in part and parts[-1].startswith("*"):
            return True
    return False


def test_no_rule_goes_down_to_much_of_the_page() -> None:
    rules = selectors(SHEET.read_text(encoding="utf-8"))
    assert sum(":has(" in one for one in rules) > 20
    assert not [one for one in rules if goes_far(one)]


@pytest.mark.parametrize(
    ("rule", "far"),
    [
        ('[role="dialog"]:has(.st-key-bar) > h2 + div {}', True),
        ('[data-testid="a"]:has(> .x) [data-testid="c"] {}', True),
        (".a:not(:has(.b)) > * {}", True),
        ('[class*="st-key-card_"] > :first-child > * {}', True),
        ('[data-testid="a"]:has(> .x y) {}', False),
        (".a:not(:has(.b, .d)) .st-key-c {}", False),
        (".a:has(.b) .st-key-c button {}", False),
        ('.a > :has(.b) ~ :last-child, [class*="st-key-card_"] p {}', False),
    ],
)
def test_a_rule_that_goes_far_is_found(rule: str, far: bool) -> None:
    assert any(map(goes_far, selectors(rule))) is far
