"""Pages cut out of long scans, and their answers joined again; pages of document text a second.

    python -m scripts.bench.page_cuts [--pages 2000]

What a user would otherwise do is to copy pages with pypdf. Times are processor time, our process
included. What joining costs is the tables' time with copies beside that without.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter

from core.pictures.page_cut import PDF, PROGRAM, cut_pages
from core.results.shards.shard_files import ShardFile
from core.results.tables.picture_names import original_pages
from core.results.tables.tables import build
from core.settings import Settings
from scripts.bench.documents import children_s, scan, watched
from tests.kit.pictures.documents import drawn_pdf

ROUNDS = 5
TEXT_PAGES = 6
WORDS = ("harbour", "master", "letter", "winter", "cargo", "boats", "sunrise", "town", "salt")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=2_000)
    pages = parser.parse_args().pages
    for count in (20, 200, pages):
        _cut(count)
    _join(pages)
    _read_text(TEXT_PAGES)
    return 0


def _cut(count: int) -> None:
    data, wanted = scan(count), range(1, count + 1, 2)
    with (
        tempfile.TemporaryFile() as file,
        tempfile.TemporaryFile() as out,
        watched(PROGRAM) as most,
    ):
        file.write(data)
        begun = children_s()
        cut_pages(file, PDF, wanted, out)
        ours, size = children_s() - begun, out.seek(0, 2)
    begun = time.process_time()
    writer = PdfWriter()
    reader = PdfReader(io.BytesIO(data))
    for number in wanted:
        writer.add_page(reader.pages[number - 1])
    writer.write(io.BytesIO())
    other = time.process_time() - begun
    print(
        f"{len(wanted):,} of {count:,} pages ({len(data) / 1e6:,.0f} MB) cut in {ours:.2f} s of a "
        f"processor, {1000 * ours / len(wanted):.1f} ms a page, {size / 1e6:,.0f} MB, process at "
        f"most {most[0]:.0f} MB; pypdf {other:.2f} s: {other / ours:.1f}x"
    )


def _join(pages: int) -> None:
    """Answers of two copies, decoded, with and without being joined to one document."""
    documents = {
        f"gs://b/{n}": ("gs://b/scan.pdf", range(1 + n * pages // 2, 1 + (n + 1) * pages // 2))
        for n in (0, 1)
    }
    shards = []
    for copy, (_, numbers) in documents.items():
        responses = [
            {"context": {"uri": copy, "pageNumber": n + 1}, "fullTextAnnotation": {"text": "word"}}
            for n in range(len(numbers))
        ]
        data = json.dumps({"responses": responses}).encode()
        name = f"{copy}/output-1-to-{len(numbers)}.json"
        shards.append((ShardFile(name, 1, len(numbers), len(data)), data))
    plain, joined = [], []
    for _ in range(ROUNDS):
        begun = time.process_time()
        tables = build(shards)
        plain.append(time.process_time() - begun)
        begun = time.process_time()
        shown = original_pages(
            tables["pictures"], lambda uris: {u: documents[u] for u in uris if u in documents}
        )
        joined.append(time.process_time() - begun)
    assert shown["page"].to_pylist() == list(range(1, pages + 1))
    print(
        f"{pages:,} pages of two copies: decoded in {1000 * min(plain):.0f} ms, made one document "
        f"in {1000 * min(joined):.1f} ms: {min(joined) / min(plain):.1%} on top"
    )


def _read_text(count: int) -> None:
    """Document text of pages as a worker reads them, one process."""
    from google.cloud import vision

    from core.engine.workers.file_pages import PageTask, run
    from core.engine.workers.kit import real_kit
    from core.engine.workers.worker import WorkerConfig

    config = WorkerConfig(real_kit(), Settings.from_env().home / "engine" / "models", "")
    asked = vision.AnnotateFileRequest(
        input_config=vision.InputConfig(
            gcs_source=vision.GcsSource(uri="gs://bench/pages.pdf"), mime_type=PDF
        ),
        features=[vision.Feature(type_=vision.Feature.Type.DOCUMENT_TEXT_DETECTION)],
    )
    request = vision.AnnotateFileRequest.serialize(asked)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "pages.pdf"
        copy.write_bytes(drawn_pdf([_page(number) for number in range(count)]))
        words = 0
        run(config, PageTask(request, copy, 1), as_json=True)  # this loads the models
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(1, count + 1):
            answer = json.loads(run(config, PageTask(request, copy, number), as_json=True))
            words += len(answer["fullTextAnnotation"]["text"].split())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"document text: {count} pages, {words / count:.0f} words each, {cpu / count:.2f} s of a "
        f"processor a page: {count / cpu:.2f} pages a second of one ({count / wall:.2f} by clock)"
    )


def _page(number: int) -> Image.Image:
    """A page of type at 100 dpi."""
    image = Image.new("L", (827, 1169), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=18)
    for line in range(40):
        pen.text((60, 60 + 26 * line), " ".join(WORDS[(number + line + n) % len(WORDS)]
                                               for n in range(7)), 0, font)  # fmt: skip
    return image.convert("RGB")


if __name__ == "__main__":
    sys.exit(main())
