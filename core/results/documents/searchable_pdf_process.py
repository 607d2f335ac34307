"""Writes one searchable PDF and ends: ``python -m core.results.documents.searchable_pdf_process
JSON < FILE``.

The file is untrusted, and qpdf, PDFium and Pillow's decoders are native code: this process holds
that file, the words to be laid over it and the file it writes, and takes no more than its limits
allow. ``searchable_pdf`` starts it and ends it when it is over time.

Argument: ``{"layers": 5, "out": 6, "memory": ..., "size": ..., "cpu_s": ...}``, the first two being
descriptors. Lines of JSON on standard output: ``{"page": 3}`` for each page that is done,
``{"page": 3, "note": "own"}`` for what is to be said of one, and at the end ``{"pages": 12,
"notes": ["encrypted"]}`` or ``{"fault": "locked"}``. They hold no text out of the file.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image, ImageSequence

from core.confined_process import confine
from core.errors import PictureError
from core.pictures.decoding import check_pixels, decode, decode_frame
from core.pictures.formats import FACTS, HEAD_BYTES, PAGED, PICTURES, Format, format_of
from core.pictures.pdfium import PdfDamaged, PdfLocked, PdfPages
from core.results.documents.picture_pages import Pixels, Placed, jpeg_pixels, place, raw_pixels

FONT = Name("/ContactSheetText")
GLYPHLESS = Path(__file__).parent / "glyphless.ttf"
PIECE = 16  # pages made of pictures that are in memory together
OWN_TEXT = 0.5  # of the letters that were read: a page that has so many itself keeps them alone
OPEN_FILES = 1_024  # of pieces; 2,000 frames have 125
DEEPEST = 50  # levels of a page tree
SAVING_S = 600  # of CPU, for a file of 500 MB
Matrix = tuple[float, float, float, float, float, float]


class FileFault(Exception):
    """Why no PDF is written; a key of ``searchable_pdf.FAULTS``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Layer(NamedTuple):
    """One record of the layers' file.

    Attributes:
        page: from 1; 0 for the font's ToUnicode map, which comes last.
        grid: width and height in which the content's places count; None for the picture's pixels.
        letters: how many the content has.
    """

    page: int
    grid: tuple[float, float] | None
    letters: int
    content: bytes


def layers_of(file: IO[bytes]) -> Iterator[Layer]:
    """The records as ``searchable_pdf.LayerFile`` wrote them."""
    while line := file.readline():
        page, grid, letters, length = json.loads(line)
        yield Layer(page, tuple(grid) if grid else None, letters, file.read(length))


class Writer:
    """Puts layers over pages, with one font for all of them."""

    def __init__(self, pdf: Pdf, tell: Teller) -> None:
        self.pdf, self.tell = pdf, tell
        self.font = pdf.make_indirect(_font(pdf))
        self._used = False

    def lay(self, page: pikepdf.Page, layer: Layer, matrix: Matrix) -> None:
        """Content below the page's own, so that nothing which that leaves behind can move it."""
        numbers = " ".join(f"{n:.6f}" for n in matrix)
        content = b"q\n" + numbers.encode() + b" cm\n" + layer.content + b"Q\n"
        stream = self.pdf.make_stream(zlib.compress(content), Filter=Name.FlateDecode)
        page.contents_add(stream, prepend=True)
        resources = _inherited(page.obj, "/Resources")
        page.obj.Resources = Dictionary(resources) if resources is not None else Dictionary()
        fonts = page.obj.Resources.get("/Font")
        page.obj.Resources.Font = Dictionary(fonts) if fonts is not None else Dictionary()
        page.obj.Resources.Font[FONT] = self.font
        self._used = True

    def finish(self, to_unicode: bytes) -> None:
        """Complete the font."""
        if self._used:
            self.font.ToUnicode = self.pdf.make_stream(
                zlib.compress(to_unicode), Filter=Name.FlateDecode
            )


def _font(pdf: Pdf) -> Dictionary:
    """A composite font whose codes all lead to the one empty glyph (ISO 32000-1, 9.7.4)."""
    file = GLYPHLESS.read_bytes()
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/GlyphLessFont"),
        Flags=5,
        FontBBox=Array([0, 0, 500, 1000]),
        ItalicAngle=0,
        Ascent=1000,
        Descent=0,
        CapHeight=1000,
        StemV=80,
        FontFile2=pdf.make_stream(file, Length1=len(file)),
    )
    glyphs = pdf.make_stream(zlib.compress(b"\0\1" * 0x10000), Filter=Name.FlateDecode)
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/GlyphLessFont"),
        CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=500,
        CIDToGIDMap=glyphs,
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/GlyphLessFont"),
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
    )


def _inherited(page: Any, key: str) -> Any:
    """An attribute of a page or of the nodes above it (ISO 32000-1, 7.7.3.4); None if nowhere."""
    node = page
    for _ in range(DEEPEST):
        if not isinstance(node, pikepdf.Object):
            return None
        if (value := node.get(key)) is not None:
            return value
        node = node.get("/Parent")
    return None


def page_matrix(page: Any, grid: tuple[float, float] | None) -> Matrix:
    """From a grid over the page as it is shown, y downwards, to the page's own space."""
    left, bottom, right, top = _box(page)
    across, up = right - left, top - bottom
    turned = int(float(_inherited(page, "/Rotate") or 0)) // 90 % 4
    shown = (up, across) if turned % 2 else (across, up)
    width, height = grid or shown
    if turned == 1:
        return 0, up / width, across / height, 0, left, bottom
    if turned == 2:
        return -across / width, 0, 0, up / height, right, bottom
    if turned == 3:
        return 0, -up / width, -across / height, 0, right, top
    return across / width, 0, 0, -up / height, left, top


def _box(page: Any) -> tuple[float, float, float, float]:
    """What PDFium shows of a page: its crop box within its media box; Letter without any."""
    media = _rectangle(_inherited(page, "/MediaBox")) or (0.0, 0.0, 612.0, 792.0)
    crop = _rectangle(_inherited(page, "/CropBox")) or media
    low = (max(media[0], crop[0]), max(media[1], crop[1]))
    cut = (*low, min(media[2], crop[2]), min(media[3], crop[3]))
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else media


def _rectangle(value: Any) -> tuple[float, float, float, float] | None:
    try:
        a, b, c, d = (float(number) for number in value)
    except (TypeError, ValueError):
        return None
    box = (min(a, c), min(b, d), max(a, c), max(b, d))
    return box if box[0] < box[2] and box[1] < box[3] else None


class Teller:
    """Answers, and time for one more page with each."""

    def __init__(self, out: IO[bytes], cpu_s: int) -> None:
        self._out, self._cpu_s = out, cpu_s
        self.grant(cpu_s)

    def grant(self, cpu_s: int) -> None:
        """So many seconds of CPU from now on."""
        soft = int(time.process_time()) + 1 + cpu_s
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))

    def say(self, **answer: Any) -> None:
        """One line of JSON."""
        self._out.write(json.dumps(answer).encode() + b"\n")
        self._out.flush()
        self.grant(self._cpu_s)


def over_pdf(file: BinaryIO, layers: IO[bytes], tell: Teller) -> tuple[Pdf, list[str]]:
    """The original PDF with its layers.

    Raises:
        FileFault: it cannot be opened.
    """
    try:
        looked_at = PdfPages(file)  # the reader of the pages themselves; counts their own letters
        file.seek(0)
        pdf = Pdf.open(file)
    except (PdfLocked, pikepdf.PasswordError) as error:
        raise FileFault("locked") from error
    except (PdfDamaged, pikepdf.PdfError) as error:
        raise FileFault("damaged") from error
    notes = ["encrypted"] if pdf.is_encrypted else []
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Object) and int(form.get("/SigFlags", 0)) & 1:
        notes.append("signed")
    writer, pages = Writer(pdf, tell), pdf.pages
    for layer in layers_of(layers):
        if not layer.page:
            writer.finish(layer.content)
        elif layer.page > len(pages):
            tell.say(page=layer.page, note="none")
        elif _own_letters(looked_at, layer.page) >= OWN_TEXT * layer.letters:
            tell.say(page=layer.page, note="own")
        else:
            page = pages[layer.page - 1]
            writer.lay(page, layer, page_matrix(page.obj, layer.grid))
            tell.say(page=layer.page)
    looked_at.close()
    return pdf, notes


def _own_letters(looked_at: PdfPages, number: int) -> int:
    """How many characters a page has of its own."""
    page = looked_at.page(number)
    text = page.get_textpage()
    count = int(text.count_chars())
    text.close()
    page.close()
    return count


def over_pictures(
    file: IO[bytes], kind: Format, layers: IO[bytes], tell: Teller, *, paged: bool
) -> tuple[Pdf, list[str]]:
    """A PDF with a page for each frame, or for a picture's first; its pieces wait on disk.

    Raises:
        FileFault, PictureError: a picture cannot be decoded.
    """
    whole = Pdf.new()
    pieces: list[Pdf] = []
    places: list[Placed] = []
    piece = Pdf.new()
    for pixels in _frames(file, kind, paged=paged):
        places.append(_add_page(piece, pixels))
        if len(piece.pages) == PIECE:
            pieces.append(_on_disk(piece))
            piece = Pdf.new()
        tell.say(page=len(places))
    pieces.append(_on_disk(piece))
    for piece in pieces:
        whole.pages.extend(piece.pages)
    writer, pages = Writer(whole, tell), whole.pages
    for layer in layers_of(layers):
        if not layer.page:
            writer.finish(layer.content)
        elif layer.page > len(pages):
            tell.say(page=layer.page, note="none")
        else:
            matrix = places[layer.page - 1].matrix(layer.grid)
            writer.lay(pages[layer.page - 1], layer, matrix)
    return whole, []


def _frames(file: IO[bytes], kind: Format, *, paged: bool) -> Iterator[Pixels]:
    if kind not in PAGED:
        data = file.read()
        yield jpeg_pixels(data) or raw_pixels(decode(data), "RGB")
        return
    with Image.open(file, formats=FACTS[kind].pillow) as image:
        for frame in ImageSequence.Iterator(image) if paged else [image]:
            check_pixels(*frame.size)
            mode = frame.mode
            yield raw_pixels(decode_frame(frame), mode, frame.info.get("dpi"))


def _add_page(pdf: Pdf, pixels: Pixels) -> Placed:
    placed = place(pixels)
    space: Any = Name.DeviceGray if pixels.channels == 1 else Name.DeviceRGB
    if pixels.profile:
        profile = pdf.make_stream(zlib.compress(pixels.profile), Filter=Name.FlateDecode,
                                  N=pixels.channels)  # fmt: skip
        space = Array([Name.ICCBased, profile])
    image = pdf.make_stream(
        pixels.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=pixels.width,
        Height=pixels.height,
        ColorSpace=space,
        BitsPerComponent=pixels.bits,
        Filter=Name.DCTDecode if pixels.is_jpeg else Name.FlateDecode,
    )
    if not pixels.is_jpeg and pixels.bits == 8:
        image.DecodeParms = Dictionary(
            Predictor=15, Colors=pixels.channels, BitsPerComponent=8, Columns=pixels.width
        )
    numbers = " ".join(f"{n:.4f}" for n in placed.image)
    pdf.add_blank_page(page_size=placed.size)
    page = pdf.pages[-1]
    page.obj.Resources = Dictionary(XObject=Dictionary({"/Picture": image}))
    page.obj.Contents = pdf.make_stream(f"q {numbers} cm /Picture Do Q".encode())
    return placed


def _on_disk(pdf: Pdf) -> Pdf:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the PDF that reads it
    pdf.save(file)
    pdf.close()
    file.seek(0)
    return Pdf.open(file) if file.seek(0, os.SEEK_END) else Pdf.new()


def _made(
    file: IO[bytes], layers: IO[bytes], tell: Teller, *, paged: bool
) -> tuple[Pdf, list[str]]:
    kind = format_of(os.pread(file.fileno(), HEAD_BYTES, 0))
    if kind is Format.PDF:
        return over_pdf(cast(BinaryIO, file), layers, tell)
    if kind not in PICTURES:
        raise FileFault("damaged")
    return over_pictures(file, kind, layers, tell, paged=paged)


def main(asked: dict[str, Any]) -> None:
    """Write what is asked for."""
    # Whatever a library may print is not to be taken for an answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    confine(asked["memory"], OPEN_FILES, asked["size"])
    tell = Teller(out, asked["cpu_s"])
    try:
        with os.fdopen(0, "rb") as file, os.fdopen(asked["layers"], "rb") as layers:
            pdf, notes = _made(file, layers, tell, paged=asked["paged"])
            tell.grant(SAVING_S)
            with os.fdopen(asked["out"], "wb") as target:
                pdf.save(target, deterministic_id=True)  # the same bytes each time
            tell.say(pages=len(pdf.pages), notes=notes)
    except FileFault as fault:
        tell.say(fault=fault.kind)
    except MemoryError:
        tell.say(fault="broke")
    except OSError as error:
        tell.say(fault="room" if error.errno else "damaged")
    except PictureError:
        tell.say(fault="damaged")
    except Exception:  # a damaged file can lead a library anywhere
        tell.say(fault="damaged")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
