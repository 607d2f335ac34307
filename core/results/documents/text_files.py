"""Texts of documents as files: one document in one format, or many in an archive.

A document at a time and a page at a time, by way of temporary files: memory does not grow with the
batch. What cannot be written is named in ``left-out.txt``, with what can be done; the rest goes on.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd

from core.buckets import BucketReader
from core.errors import ContactSheetError, PictureError, ResultsError
from core.results.documents import markup, plain_text
from core.results.documents.documents import Document, key_figures
from core.results.documents.page_reader import PageReader
from core.results.documents.searchable_pdf import LayerFile, write_pdf
from core.results.documents.text_page import TextPage
from core.results.documents.zip_names import ZipNames
from core.results.export.zip_archives import csv_of
from core.results.pictures.file_copies import FileCopies
from core.results.query.store import Store

ABOUT, LEFT_OUT, FIGURES = "about.txt", "left-out.txt", "documents.csv"
PIECE = 1 << 20
Report = Callable[[int, int], None]  # (steps done, all steps)


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A format; ``suffix`` is added to the document's name, which a PDF already has."""

    title: str
    suffix: str
    mime: str


FORMATS = {
    "pdf": TextFormat("Searchable PDF", ".pdf", "application/pdf"),
    "txt": TextFormat("Plain text", ".txt", "text/plain"),
    "md": TextFormat("Markdown", ".md", "text/markdown"),
    "hocr": TextFormat("hOCR", ".hocr", "application/xhtml+xml"),
    "alto": TextFormat("ALTO XML", ".alto.xml", "application/xml"),
}
NOTE = """\
A folder or file is called as the picture or document is. A document is taken whole, also where only
some of its pages pass a filter. Beside each: .pdf searchable PDF (the original with its words laid
unseen over it), .txt plain text (a form feed between pages), .md Markdown, .hocr hOCR, .alto.xml
ALTO 4.4. documents.csv has a row a document. left-out.txt names what could not be written.
"""


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes:
        name: of the file, made safe; without a folder.
        left_out: "NAME: why. What to do." for each document, page or format that is not in it.
        notes: what else is to be known.
    """

    name: str
    mime: str
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where texts and originals come from.

    Attributes:
        buckets: as far as the visitor may read.
        folder: for temporary files; None for the system's.
        numbers: as of ``FilePages``.
    """

    store: Store
    buckets: BucketReader
    folder: Path | None = None
    numbers: Callable[[str], Sequence[int]] = lambda uri: ()


def write_one(
    out: IO[bytes], source: TextSource, document: Document, kind: str, report: Report
) -> Written:
    """One document in one format.

    Raises:
        ContactSheetError: nothing can be written.
    """
    shape = FORMATS[kind]
    named = ZipNames([document.name]).of(document.short_name)
    written = Written(_with_suffix(named, shape.suffix), shape.mime)
    batch = _Batch(source, [document], [kind], report, written)
    with ExitStack() as files:
        made = batch.files(document, files)
        if kind not in made:
            why = written.left_out[-1] if written.left_out else "no text was found in it"
            raise ResultsError(f"Nothing to write: {why}", where=document.name)
        _copy(made[kind], out)
    out.flush()
    return written


def write_archive(
    out: IO[bytes],
    source: TextSource,
    chosen: Sequence[Document],
    kinds: Sequence[str],
    about: Sequence[tuple[str, str]],
    *,
    report: Report,
    silent: Sequence[str] = (),
) -> Written:
    """Documents in some formats as a zip.

    Args:
        kinds: keys of ``FORMATS``.
        about: what is to be said of it, as (name, text).
        silent: names of pictures without text, to be listed in ``LEFT_OUT``.
    """
    written = Written("text.zip", "application/zip")
    batch = _Batch(source, chosen, kinds, report, written)
    names = ZipNames([one.name for one in chosen], (ABOUT, LEFT_OUT, FIGURES))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for document in chosen:
            name = names.of(document.name)
            with ExitStack() as files:
                for kind, file in batch.files(document, files).items():
                    _add(archive, _with_suffix(name, FORMATS[kind].suffix), kind, file)
        archive.writestr(FIGURES, csv_of(batch.figures()))
        written.left_out += [f"{name}: no text was found in it" for name in silent]
        if written.left_out:
            archive.writestr(LEFT_OUT, "\n".join(written.left_out) + "\n")
        lines = [f"{name}: {text}" for name, text in about]
        lines.append(f"Left out: {len(written.left_out):,}, see {LEFT_OUT}" if written.left_out
                    else "Left out: nothing")  # fmt: skip
        notes = ["", "Notes", *written.notes] if written.notes else []
        archive.writestr(ABOUT, "\n".join([*lines, "", NOTE, *notes]))
    return written


class _Batch:
    """Writes documents one after another, and counts."""

    def __init__(
        self, source: TextSource, chosen: Sequence[Document], kinds: Sequence[str],
        report: Report, written: Written,
    ) -> None:  # fmt: skip
        self._source, self._chosen, self._kinds = source, chosen, kinds
        self._written = written
        self._reader = PageReader(source.buckets, source.store)
        self._originals = FileCopies(source.folder, most=1)
        self._report = report
        self._steps = sum(len(one.pages) for one in chosen) * (1 + ("pdf" in kinds))
        self._done = 0
        self._sure: dict[str, float | None] = {}

    def figures(self) -> pd.DataFrame:
        """Key figures of all documents, with the mean confidence of their words."""
        frame = key_figures(self._source.store, self._chosen)
        frame["mean_confidence"] = [self._sure.get(f"{one.uri} {one.name}") for one in self._chosen]
        return frame.round({"mean_confidence": 4})

    def files(self, document: Document, stack: ExitStack) -> dict[str, IO[bytes]]:
        """Temporary files by format, each at its beginning; those that cannot be made are named."""
        made = {kind: self._file(stack) for kind in self._kinds if kind != "pdf"}
        layers = LayerFile(self._source.folder, self._source.numbers(document.uri))
        stack.callback(layers.close)
        parts = _Parts(document, made, layers if "pdf" in self._kinds else None)
        sure: list[tuple[float, int]] = []
        for number, page in self._pages(document):
            parts.add(number, page)
            known = [word.confidence for word in page.words if word.confidence is not None]
            sure.append((sum(known), len(known)))
        count = sum(n for _, n in sure)
        self._sure[f"{document.uri} {document.name}"] = (
            sum(s for s, _ in sure) / count if count else None
        )
        parts.end()
        if not parts.words:
            self._leave_out(document.name, "no text was found in it")
            self._step(len(document.pages) * ("pdf" in self._kinds))
            return {}
        if "pdf" in self._kinds:
            file = self._file(stack)
            if self._write_pdf(document, layers, file):
                made = {"pdf": file, **made}
        for file in made.values():
            file.seek(0)
        return made

    def _file(self, stack: ExitStack) -> IO[bytes]:
        file = tempfile.TemporaryFile(dir=self._source.folder)  # noqa: SIM115 - the stack closes it
        return stack.enter_context(file)

    def _pages(self, document: Document) -> Iterator[tuple[int, TextPage]]:
        for number, picture in zip(document.numbers, document.pages, strict=True):
            try:
                page = self._reader.read(picture)
            except ContactSheetError as error:
                where = f"{document.name}, page {number}" if number else document.name
                self._leave_out(where, f"{error.what}. {error.then}".strip())
            else:
                yield number, page
            self._step()

    def _write_pdf(self, document: Document, layers: LayerFile, file: IO[bytes]) -> bool:
        before = self._done
        try:
            if not document.uri:
                raise PictureError("The answer does not say which picture it is of")
            original = self._originals.get(self._source.buckets, document.uri, object())
            made = write_pdf(original, layers, file, document.name, lambda _: self._step())
        except ContactSheetError as error:
            cure = error.then or "Put the original back where it was."
            self._leave_out(f"{document.name}, searchable PDF", f"{error.what}. {cure}")
            return False
        finally:
            self._step(before + len(document.pages) - self._done)
        self._written.notes += [f"{document.name}: {note}." for note in made.notes]
        if layers.missing:
            said = f"{layers.missing:,} words have no place, and are in the text formats alone"
            self._written.notes.append(f"{document.name}: {said}.")
        if layers.lost:
            self._written.notes.append(
                f"{document.name}: {layers.lost:,} rare characters are lost."
            )
        return True

    def _leave_out(self, name: str, why: str) -> None:
        self._written.left_out.append(f"{' '.join(name.split())}: {why}")

    def _step(self, count: int = 1) -> None:
        self._done += count
        self._report(self._done, self._steps)


class _Parts:
    """One document's formats, written side by side, page by page."""

    def __init__(
        self, document: Document, made: dict[str, IO[bytes]], layers: LayerFile | None
    ) -> None:
        self._made, self._layers = made, layers
        self._name = document.short_name
        self._points = document.is_file and document.name.lower().endswith(".pdf")
        self._first = True
        self.words = 0
        self._write("hocr", markup.hocr_head(self._name))
        self._write("alto", markup.alto_head(self._name, points=self._points))
        self._write("md", plain_text.markdown_head(self._name))

    def add(self, number: int, page: TextPage) -> None:
        """One page in all formats."""
        self.words += len(page.words)
        self._write(
            "txt", ("" if self._first else plain_text.PAGE_BREAK) + plain_text.text_page(page)
        )
        self._write("md", plain_text.markdown_page(page, number))
        place = max(1, number)
        self._write("hocr", markup.hocr_page(page, place, self._name, points=self._points))
        self._write("alto", markup.alto_page(page, place, points=self._points))
        if self._layers is not None:
            self._layers.add(number, page)
        self._first = False

    def end(self) -> None:
        """What stands behind the pages."""
        self._write("hocr", markup.HOCR_END)
        self._write("alto", markup.ALTO_END)

    def _write(self, kind: str, text: str) -> None:
        if kind in self._made:
            self._made[kind].write(text.encode("utf-8", "replace"))


def _add(archive: zipfile.ZipFile, name: str, kind: str, file: IO[bytes]) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_STORED if kind == "pdf" else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with archive.open(entry, "w", force_zip64=True) as target:
        _copy(file, target)


def _copy(file: IO[bytes], target: IO[bytes]) -> None:
    shutil.copyfileobj(file, target, PIECE)


def _with_suffix(name: str, suffix: str) -> str:
    return name if suffix == ".pdf" and name.lower().endswith(".pdf") else f"{name}{suffix}"
