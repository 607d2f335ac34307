"""Pages as plain text, with a form feed between pages as pdftotext writes it, and as Markdown."""

from __future__ import annotations

import re

from core.results.documents.text_page import TextPage

PAGE_BREAK = "\f"
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_LEADING = re.compile(r"(?m)^(\s*)([-+=]|\d+(?=[.)]))")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def text_page(page: TextPage) -> str:
    """A page's text with line breaks as read."""
    text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", page.text)
    return f"{text}\n" if text else ""


def markdown_head(name: str) -> str:
    """A document's heading."""
    return f"# {escaped(' '.join(name.split()))}\n"


def markdown_page(page: TextPage, number: int) -> str:
    """A page's paragraphs below its own heading; ``number`` 0 for a picture, which has none."""
    heading = f"\n## Page {number}\n" if number else ""
    text = escaped(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", page.text))
    return f"{heading}\n{text}\n" if text else f"{heading}\n*No text.*\n"


def escaped(text: str) -> str:
    r"""Text in which no mark means anything to Markdown.

    >>> print(escaped("1. *Total*"))
    1\. \*Total\*
    """
    marked = _MARKS.sub(r"\\\1", text)
    return _LEADING.sub(lambda match: f"{match[1]}{_led(match[2])}", marked)


def _led(mark: str) -> str:
    return f"{mark}\\" if mark.isdecimal() else f"\\{mark}"
