"""Searchable PDFs of long documents: pages a second, what the text layer costs, and memory.

    python -m scripts.bench.documents [--pages 2000]

The document is a scan of pages with 450 words each. What a user would otherwise do is to write the
same layer with pypdf, as scripts of the usual kind do; both sides write the same content. Times are
processor time, so that a busy machine does not enter; memory is the most that the writing process
takes, without the pages of the original that the system keeps mapped, and with them.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from core.results.documents.glyph_codes import GlyphCodes
from core.results.documents.searchable_pdf import LayerFile, write_pdf
from core.results.documents.text_layer import text_layer
from core.results.documents.text_page import read_page
from core.results.pictures.file_copies import FileCopy
from core.results.shards.full_text import ShardTexts
from scripts.processes import children, command, own_mb, resident_mb
from tests.kit.pictures.documents import scan_pdf
from tests.kit.pictures.text_pages import Put, response, row

SIZE = (595, 841)
WORDS, ROWS = 10, 45
PER_SHARD = 20


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=2_000)
    pages = parser.parse_args().pages
    shard = _shard()
    print(f"a page: {WORDS * ROWS} words, {len(shard) / PER_SHARD / 1000:.0f} kB of JSON")
    for count in (10, min(200, pages), pages):
        with tempfile.TemporaryFile() as file:
            file.write(scan(count))
            file.flush()
            _measure(FileCopy(file), shard, count)
    _against_pypdf(shard, min(pages, 200))
    return 0


def _shard() -> bytes:
    """Twenty pages as the service writes them."""
    lines: list[list[Put]] = [
        row([f"word{n * r % 97}" for n in range(WORDS)], 50, 40 + 16.5 * r) for r in range(ROWS)
    ]
    answers = [response("gs://b/scan.pdf", lines, SIZE, n + 1) for n in range(PER_SHARD)]
    return msgspec.json.encode({"responses": answers})


def scan(pages: int) -> bytes:
    """A4 at 100 dpi in grey; each page has a picture of its own."""
    image = Image.effect_noise((827, 1169), 12).point(lambda value: 200 + value // 5)
    ImageDraw.Draw(image).rectangle((60, 60, 700, 90), fill=0)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG")
    return scan_pdf(SIZE, image.size, b"/DCTDecode", [jpeg.getvalue()] * pages)


def _measure(original: FileCopy, shard: bytes, count: int) -> None:
    layers = LayerFile()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    begun = time.process_time()
    texts = ShardTexts(shard, "bench")
    for n in range(count):
        if n % PER_SHARD == 0:
            texts = ShardTexts(shard, "bench")
        layers.add(n + 1, read_page(texts.response(n % PER_SHARD)))
    read = time.process_time() - begun
    begun = children_s()
    with tempfile.TemporaryFile() as out, watched("searchable_pdf_process") as most:
        write_pdf(original, layers, out, "bench")
        size = out.seek(0, 2)
    wrote = children_s() - begun
    layers.close()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - before
    print(
        f"{count:>6,} pages, {original.size / 1e6:,.0f} MB: words read and laid out "
        f"{1000 * read / count:.1f} ms a page, PDF written {1000 * wrote / count:.1f} ms a page "
        f"({count / (read + wrote):,.0f} pages a second of one core); "
        f"layer {(size - original.size) / count / 1000:.1f} kB a page; "
        f"memory here +{grown:.0f} MB, writing process at most {most[0]:.0f} MB of its own, "
        f"{most[1]:.0f} MB with what is mapped of the original"
    )


def children_s() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def watched(program: str) -> Iterator[list[float]]:
    """The most memory of a child process of that name, MB: its own, and with mapped files."""
    most, ended = [0.0, 0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            for pid in children(os.getpid()):
                if program in command(pid):
                    most[0] = max(most[0], own_mb(pid))
                    most[1] = max(most[1], resident_mb(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _against_pypdf(shard: bytes, count: int) -> None:
    original = scan(count)
    texts, codes = ShardTexts(shard, "bench"), GlyphCodes()
    contents = [text_layer(read_page(texts.response(n % PER_SHARD)), codes)[0] for n in range(20)]
    begun = time.process_time()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(original)))
    for number, page in enumerate(writer.pages):
        stream = StreamObject()
        stream.set_data(contents[number % 20])
        reference = writer._add_object(stream.flate_encode())
        page[NameObject("/Contents")] = reference
    writer.write(io.BytesIO())
    other = time.process_time() - begun
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(original)
        file.flush()
        layers = LayerFile()
        for n in range(count):
            layers.add(n + 1, read_page(texts.response(n % PER_SHARD)))
        begun = children_s()
        write_pdf(FileCopy(file), layers, out, "bench")
        ours = children_s() - begun
        layers.close()
    print(
        f"{count:,} pages: pypdf with the same content {other:.2f} s, ours {ours:.2f} s "
        f"(its process included): {other / ours:.1f}x"
    )


if __name__ == "__main__":
    sys.exit(main())
