"""What a file is by its first bytes; its name and its declared type may both be wrong.

What the service takes: cloud.google.com/vision/docs/supported-files. Signatures are those of each
format's specification, as browsers sniff them (mimesniff.spec.whatwg.org, "Matching an image type
pattern").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HEAD_BYTES = 1024  # enough for every signature; a PDF's may stand that far behind the beginning
_PDF_WITHIN = 1024  # Adobe's note 13 on the PDF header
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")


class Format(StrEnum):
    """Formats that pictures and documents come in; the value is what to call one."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    BMP = "BMP"
    WEBP = "WebP"
    ICO = "ICO"
    TIFF = "TIFF"
    PDF = "PDF"
    HEIC = "HEIC"
    AVIF = "AVIF"
    SVG = "SVG"


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What there is to know of a format.

    Attributes:
        mime_type: its registered media type.
        suffixes: endings of file names, the usual one first.
        pillow: names that Pillow opens it under; () for what it must not open.
    """

    mime_type: str
    suffixes: tuple[str, ...]
    pillow: tuple[str, ...] = ()


FACTS: dict[Format, FormatFacts] = {
    # MPO is a JPEG with more pictures behind it, as 3D cameras and phones write.
    Format.JPEG: FormatFacts("image/jpeg", (".jpg", ".jpeg", ".jfif", ".jpe"), ("JPEG", "MPO")),
    Format.PNG: FormatFacts("image/png", (".png",), ("PNG",)),
    Format.GIF: FormatFacts("image/gif", (".gif",), ("GIF",)),
    Format.BMP: FormatFacts("image/bmp", (".bmp", ".dib"), ("BMP",)),
    Format.WEBP: FormatFacts("image/webp", (".webp",), ("WEBP",)),
    Format.ICO: FormatFacts("image/x-icon", (".ico",), ("ICO",)),
    Format.TIFF: FormatFacts("image/tiff", (".tif", ".tiff"), ("TIFF",)),
    Format.PDF: FormatFacts("application/pdf", (".pdf",)),
    Format.HEIC: FormatFacts("image/heic", (".heic", ".heif")),
    Format.AVIF: FormatFacts("image/avif", (".avif",), ("AVIF",)),
    Format.SVG: FormatFacts("image/svg+xml", (".svg",)),
}
# What images:annotate decodes. Pillow knows far more formats, some of which start other programs.
PICTURES = frozenset(
    {
        Format.JPEG,
        Format.PNG,
        Format.GIF,
        Format.BMP,
        Format.WEBP,
        Format.ICO,
        Format.TIFF,
    }
)
# What files:annotate takes: of several pages or frames.
PAGED = frozenset({Format.PDF, Format.TIFF, Format.GIF})


def format_of(head: bytes) -> Format | None:
    """The format by a file's first ``HEAD_BYTES``; None for anything else."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return Format.PDF
    return Format.SVG if _is_svg(head) else None


_MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"\0\0\x01\0", Format.ICO),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),  # BigTIFF
    (b"MM\0+", Format.TIFF),
)


def _by_brand(head: bytes) -> Format | None:
    """ISO/IEC 14496-12, ``ftyp``: the major brand, then those it is compatible with."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return Format.AVIF
    return Format.HEIC if any(brand in _HEIF_BRANDS for brand in brands) else None


def _is_svg(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--")) and b"<svg" in text)
