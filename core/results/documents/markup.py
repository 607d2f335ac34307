"""Pages as hOCR (kba.github.io/hocr-spec/1.2) and ALTO 4.4 (loc.gov/standards/alto), a page at a
time; all text in them is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from core.results.documents.text_page import Block, Line, Quad, TextPage, Word, bounds

HOCR_DPI = 300.0  # of a PDF's pages: hOCR counts in whole pixels
ALTO_UNITS = 1_200.0  # ALTO's inch1200, for a PDF's points
POINTS = 72.0
# What XML 1.0 cannot hold (w3.org/TR/xml, "Char").
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*\Z")  # xsd:language

HOCR_END = " </body>\n</html>\n"
ALTO_END = " </Layout>\n</alto>\n"


def xml_text(text: str) -> str:
    """Text as it may stand in an element or a quoted attribute."""
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def hocr_head(name: str) -> str:
    """What stands before a document's pages."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml">\n <head>\n'
        f"  <title>{xml_text(name)}</title>\n"
        '  <meta charset="utf-8" />\n'
        '  <meta name="ocr-system" content="Contact Sheet, from Cloud Vision annotations" />\n'
        '  <meta name="ocr-capabilities" '
        'content="ocr_page ocr_carea ocr_par ocr_line ocrx_word" />\n'
        " </head>\n <body>\n"
    )


def hocr_page(page: TextPage, number: int, name: str, *, points: bool) -> str:
    """One ``ocr_page``.

    Args:
        number: from 1.
        points: whether the grid is of points; then boxes are those of the page at 300 dpi.
    """
    scale = HOCR_DPI / POINTS if points else 1.0
    size = f"bbox 0 0 {round(page.width * scale)} {round(page.height * scale)}"
    resolution = f"; scan_res {HOCR_DPI:.0f} {HOCR_DPI:.0f}" if points else ""
    image = name.replace("\\", "/").replace('"', "'")
    title = f'image "{image}"; {size}; ppageno {number - 1}{resolution}'
    said = [f'  <div class="ocr_page" id="page_{number}" title="{xml_text(title)}">\n']
    for at, block in enumerate(page.blocks, 1):
        said.append(_hocr_block(block, f"{number}_{at}", scale))
    return "".join([*said, "  </div>\n"])


def _hocr_block(block: Block, key: str, scale: float) -> str:
    words = [word for line in block.lines for word in line]
    said = [f'   <div class="ocr_carea" id="block_{key}"{_hocr_box(words, scale)}>\n']
    count = 0
    for at, lines in enumerate(block.paragraphs, 1):
        inside = [word for line in lines for word in line]
        language = _language(word.language for word in inside)
        lang = f' lang="{language}"' if language else ""
        said.append(
            f'    <p class="ocr_par" id="par_{key}_{at}"{lang}{_hocr_box(inside, scale)}>\n'
        )
        for line in lines:
            count += 1
            said.append(_hocr_line(line, f"{key}_{count}", scale))
        said.append("    </p>\n")
    return "".join([*said, "   </div>\n"])


def _hocr_line(line: Line, key: str, scale: float) -> str:
    words = [
        f'<span class="ocrx_word" id="word_{key}_{n}"{_hocr_box([word], scale)}>'
        f"{xml_text(word.text)}</span>{' ' if word.after == ' ' else ''}"
        for n, word in enumerate(line, 1)
    ]
    box = _hocr_box(line, scale, confident=False)
    return f'     <span class="ocr_line" id="line_{key}"{box}>{"".join(words)}</span>\n'


def _hocr_box(words: Iterable[Word], scale: float, *, confident: bool = True) -> str:
    listed = list(words)
    parts = []
    if (box := bounds(word.quad for word in listed)) is not None:
        parts.append("bbox " + " ".join(str(round(n * scale)) for n in box))
    if confident and len(listed) == 1 and listed[0].confidence is not None:
        parts.append(f"x_wconf {round(100 * listed[0].confidence)}")
    return f' title="{"; ".join(parts)}"' if parts else ""


def alto_head(name: str, *, points: bool) -> str:
    """What stands before a document's pages."""
    unit = "inch1200" if points else "pixel"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" SCHEMAVERSION="4.4">\n'
        f" <Description>\n  <MeasurementUnit>{unit}</MeasurementUnit>\n"
        f"  <sourceImageInformation>\n   <fileName>{xml_text(name)}</fileName>\n"
        "  </sourceImageInformation>\n"
        '  <Processing ID="OCR_1">\n   <processingSoftware>\n'
        "    <softwareName>Contact Sheet, from Cloud Vision annotations</softwareName>\n"
        "   </processingSoftware>\n  </Processing>\n </Description>\n <Layout>\n"
    )


def alto_page(page: TextPage, number: int, *, points: bool) -> str:
    """One ``Page``; ``number`` from 1, ``points`` as of ``hocr_page``."""
    scale = ALTO_UNITS / POINTS if points else 1.0
    width, height = page.width * scale, page.height * scale
    known = f' WIDTH="{width:.0f}" HEIGHT="{height:.0f}"' if page.width else ""
    language = _attribute("LANG", _language(page.languages))
    sure = _attribute("PC", page.confidence)
    space = f' HPOS="0" VPOS="0"{known}' if known else ""
    said = [
        f'  <Page ID="page_{number}" PHYSICAL_IMG_NR="{number}"{known}{sure}{language}>\n'
        f"   <PrintSpace{space}>\n"
    ]
    for at, block in enumerate(page.blocks, 1):
        said.append(_alto_block(block, f"{number}_{at}", scale))
    return "".join([*said, "   </PrintSpace>\n  </Page>\n"])


def _alto_block(block: Block, key: str, scale: float) -> str:
    """A ``TextBlock`` for each paragraph, which is what ALTO calls one."""
    said = []
    for at, lines in enumerate(block.paragraphs, 1):
        words = [word for line in lines for word in line]
        language = _attribute("LANG", _language(word.language for word in words))
        place = _alto_box((word.quad for word in words), scale)
        said.append(f'    <TextBlock ID="block_{key}_{at}"{place}{language}>\n')
        for n, line in enumerate(lines, 1):
            said.append(_alto_line(line, f"{key}_{at}_{n}", scale))
        said.append("    </TextBlock>\n")
    return "".join(said)


def _alto_line(line: Line, key: str, scale: float) -> str:
    place = _alto_box((word.quad for word in line), scale)
    words = []
    for word in line:
        sure = _attribute("WC", word.confidence)
        box = _alto_box([word.quad], scale)
        words.append(f'<String CONTENT="{xml_text(word.text)}"{box}{sure} />')
        if word.after == " ":
            words.append("<SP />")
    if words and words[-1] == "<SP />":
        words.pop()
    return f'     <TextLine ID="line_{key}"{place}>{"".join(words)}</TextLine>\n'


def _alto_box(quads: Iterable[Quad | None], scale: float) -> str:
    box = bounds(quads)
    if box is None:
        return ""
    left, top, right, bottom = (n * scale for n in box)
    size = f'WIDTH="{right - left:.1f}" HEIGHT="{bottom - top:.1f}"'
    return f' HPOS="{left:.1f}" VPOS="{top:.1f}" {size}'


def _attribute(name: str, value: str | float | None) -> str:
    if value is None or value == "":
        return ""
    said = value if isinstance(value, str) else f"{min(max(value, 0.0), 1.0):.4f}"
    return f' {name}="{said}"'


def _language(codes: Iterable[str]) -> str:
    """The first usable one."""
    return next((code for code in codes if _LANGUAGE.match(code)), "")
