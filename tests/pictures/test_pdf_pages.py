"""A PDF that is read page by page takes as much memory at its last page as at its fiftieth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

import core.pictures.pdfium as pdfium
from core.pictures.paged_files import PDF, open_paged
from core.pictures.pdfium import PdfDamaged, PdfPages
from tests.kit.pictures.documents import coloured, drawn_pdf, scan_pdf

PAGES = 110
PICTURE = 250_000  # bytes that do not compress
READ_ALL = """
import sys
from pathlib import Path
from core.pictures.paged_files import PDF, open_paged

def own():
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0])

file = open_paged(Path(sys.argv[1]), PDF)
file.page(1)
before = own()
for number in range(1, file.pages + 1):
    file.page(number)
print(own() - before)
"""


def scan(pages: int) -> bytes:
    """Each page has a picture of its own, of bytes that no two pages share."""
    side = int(PICTURE**0.5)
    rows = (bytes((n + 7 * at) % 251 for at in range(side)) for n in range(pages))
    return scan_pdf((40, 14), (side, side), b"", [row * side for row in rows])


def test_memory_does_not_grow_with_the_pages_that_were_read(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(scan(PAGES))
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, check=True
    )
    all_ = PAGES * PICTURE / 1_024
    assert int(done.stdout) < all_ * 0.7  # a third of them is held at most, and what pages take


def test_pages_are_the_same_after_the_document_was_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "drawn.pdf"
    path.write_bytes(drawn_pdf(coloured(7)))

    def pixels() -> list[bytes]:
        file = open_paged(path, PDF)
        seen = [file.page(number).picture.pixels.tobytes() for number in (1, 2, 7, 3, 3, 6, 1)]
        file.close()
        return seen

    whole = pixels()
    opened = []
    real = pdfium.open_pdf

    def counted(file: IO[bytes]) -> Any:
        opened.append(file)
        return real(file)

    monkeypatch.setattr(pdfium, "PAGES_OPEN", 2)
    monkeypatch.setattr(pdfium, "open_pdf", counted)
    assert pixels() == whole
    assert len(opened) == 4


def test_a_damaged_file_is_told_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7")
    with path.open("rb") as file, pytest.raises(PdfDamaged):
        PdfPages(file)
