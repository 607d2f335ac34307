"""Labels of a request, by which Google's bill can be split: the job, who sent it, and one's own.

Rules: ``AsyncBatchAnnotateImagesRequest.labels`` in
``google/cloud/vision/v1/image_annotator.proto``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MOST = 30  # of one's own; Google's bill takes 64 in all
LENGTH = 63  # characters of a key, and of a value
JOB, OWNER = "contact-sheet-job", "contact-sheet-owner"
_KEPT = ("Ll", "Lo", "Lm", "Nd")  # small letters of every script, and digits


def fault(labels: Sequence[tuple[str, str]]) -> str:
    """What is wrong with labels, as a sentence; "" if the service takes them.

    >>> fault([("Team", "a")])
    'Not a label: Team=a. Use small letters, digits, _ and -; a key begins with a letter.'
    """
    keys = [key for key, _ in labels]
    if len(labels) > MOST:
        return f"Up to {MOST} labels can be given."
    if twice := next((key for key in keys if keys.count(key) > 1), ""):
        return f"The label {twice[:80]} is given twice."
    if taken := next((key for key in keys if key in (JOB, OWNER)), ""):
        return f"The label {taken} is set by itself."
    wrong = [f"{key}={value}" for key, value in labels if not (_is_key(key) and _is_value(value))]
    if not wrong:
        return ""
    rule = "Use small letters, digits, _ and -; a key begins with a letter."
    return f"Not a label: {wrong[0][:80]}. {rule}"


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """Labels as they are typed, in a line or several.

    >>> parse("team=maps, cost-center = 42")
    (('team', 'maps'), ('cost-center', '42'))
    """
    parts = [part.partition("=") for part in re.split(r"[,\n]", text) if part.strip()]
    return tuple((key.strip(), value.strip()) for key, _, value in parts)


def of_job(own: Sequence[tuple[str, str]], job_id: str, owner_name: str) -> dict[str, str]:
    """All labels of a request: one's own, the job's id, and who sent it, if it is somebody's."""
    ours = {JOB: _value(job_id)}
    if owner := _value(owner_name):
        ours[OWNER] = owner
    return {**dict(own), **ours}


def _is_key(text: str) -> bool:
    return bool(text) and text[0].isalpha() and _is_value(text)


def _is_value(text: str) -> bool:
    return len(text) <= LENGTH and all(map(_fits, text))


def _fits(char: str) -> bool:
    return char in "_-" or unicodedata.category(char) in _KEPT


def _value(text: str) -> str:
    """A text as a label's value: "Anna Müller <a@b.de>" -> "anna-müller-a-b-de"."""
    shown = "".join(c if _fits(c) else "-" for c in unicodedata.normalize("NFC", text).lower())
    return re.sub("-+", "-", shown)[:LENGTH].strip("-")
