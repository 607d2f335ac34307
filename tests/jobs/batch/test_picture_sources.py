"""Names of pictures are untrusted; what becomes of them as objects is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.buckets import check_object_name
from core.jobs.batch.sources import object_name, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\My Photo (1).JPG", "My-Photo-1.jpg"),
        ("каталог/Снимок №5.png", "Снимок-5.png"),
        ("写真.webp", "写真.webp"),
        ("", "picture"),
        ("...", "picture"),
        (".jpg", "picture.jpg"),
        ("a#b?c*d[e].gif", "a-b-c-d-e.gif"),
        ("line\nbreak\x00.jpg", "line-break.jpg"),
        ("x" * 500 + ".jpeg", "x" * 60 + ".jpeg"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(), st.integers(1, 2_000_000))
def test_object_names_are_always_fit_to_write(name: str, position: int) -> None:
    made = object_name(position, name)
    check_object_name(made)
    assert made.count("/") == 1 and len(made.encode()) < 200
    assert not set(made) & set("#?*[]\\<>:\"'|%& \t")
