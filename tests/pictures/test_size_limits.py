"""The largest picture is one number: in the limits, in every text, in the browser."""

from __future__ import annotations

import re
from pathlib import Path

from core.jobs.sending.uploads.spool import MAX_SPOOL_BYTES
from core.pictures.inspection import inspect
from core.pictures.limits import MAX_BYTES, MAX_FILE_BYTES, MAX_SAID, MB, too_large

ROOT = Path(__file__).parents[2]


def test_the_limit_is_the_service_s_own_to_the_byte() -> None:
    assert (MAX_BYTES, MAX_SAID) == (20_971_520, "20 MB")
    assert too_large(MAX_BYTES) == ""
    # Rounded, the two would be the same number.
    assert too_large(MAX_BYTES + 1).startswith("The file has 20,971,521 bytes;")
    assert too_large(25 * MB) == "The file has 25.0 MB; the service takes pictures up to 20 MB"


def test_every_text_takes_it_from_there() -> None:
    known = {"core/pictures/limits.py", "core/engine/galleries/galleries.py"}  # a README of its own
    for source in (ROOT / "core").rglob("*.py"):
        if str(source.relative_to(ROOT)) not in known:
            assert not re.search(r"\b20 ?M(i)?B|20[_,]?971[_,]?520", source.read_text()), source


def test_uploads_may_be_as_large_as_files_of_the_service() -> None:
    assert MAX_SPOOL_BYTES == MAX_FILE_BYTES == 1024**3
    assert "client_max_body_size 1g;" in (ROOT / "docs/deploy.md").read_text()


def test_uploads_that_are_too_large_say_so_in_the_same_words() -> None:
    data = b"\xff\xd8\xff" + b"\0" * MAX_BYTES
    assert inspect(data).fault == too_large(len(data))
