"""A report as PDF, printed by a headless Chromium where there is one; no network is used."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from core.errors import ResultsError
from core.foreign_text import visible

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT_S = 180
_PDFIUM = threading.Lock()  # it is not to be used by two threads at once
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the report needs no host, and may reach none
    "--no-pdf-header-footer",
)


def find_browser() -> str:
    """Path of a Chromium on this machine; "" if there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


def print_pdf(report: Path, pdf: Path) -> None:
    """Print a report's HTML file.

    Raises:
        ResultsError: there is no Chromium here, or it did not print; with what to do instead.
    """
    by_hand = "Take the HTML report, open it in any browser and choose Print, Save as PDF."
    browser = find_browser()
    if not browser:
        raise ResultsError("There is no Chromium on this machine to print with", then=by_hand)
    if not report.is_file():
        raise ResultsError("There is no such report", where=str(report))
    # Chromium's own sandbox cannot be had as root, as in a container.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *flags, f"--user-data-dir={profile}", f"--print-to-pdf={pdf.resolve()}"]
        try:
            done = subprocess.run(
                [*command, report.resolve().as_uri()],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ResultsError(
                "Chromium did not print the report", where=browser, then=by_hand
            ) from error
    if done.returncode or not pdf.is_file():
        said = " ".join(done.stderr.split())[-200:]
        raise ResultsError(
            "Chromium did not print the report", where=browser, then=f"{by_hand} It said: {said}"
        )


def pdf_of(html: bytes, author: str = "", subject: str = "") -> bytes:
    """The PDF of a report that is still in memory.

    Args:
        author, subject: what a reader's program and a library say of the file; texts of the user.

    Raises:
        ResultsError: as ``print_pdf``.
    """
    with tempfile.TemporaryDirectory() as folder:
        report, pdf = Path(folder) / "report.html", Path(folder) / "report.pdf"
        report.write_bytes(html)
        print_pdf(report, pdf)
        return _with_facts(pdf, author, subject)


def _with_facts(path: Path, author: str, subject: str) -> bytes:
    """The same pages; Chromium writes the title alone, and its own name as the creator's."""
    import pikepdf

    out = io.BytesIO()
    with pikepdf.Pdf.open(path) as pdf:
        pdf.docinfo["/Creator"] = "Contact Sheet"
        for name, text in (("/Author", author), ("/Subject", subject)):
            if text := " ".join(visible(text).split()):
                pdf.docinfo[name] = text
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
    return out.getvalue()


def page_image(pdf: bytes, page: int, width: int) -> tuple[bytes, int]:
    """A page of a PDF of our own as PNG, and how many pages there are.

    Args:
        page: from 1; beyond the last it is the last.
        width: pixels.
    """
    import pypdfium2  # type: ignore[import-untyped]  # ships no types

    with _PDFIUM, pypdfium2.PdfDocument(pdf) as document:
        count = len(document)
        sheet = document[min(page, count) - 1]
        out = io.BytesIO()
        sheet.render(scale=width / sheet.get_width()).to_pil().save(out, "PNG")
        sheet.close()
    return out.getvalue(), count
