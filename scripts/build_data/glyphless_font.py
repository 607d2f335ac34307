"""Builds core/results/documents/glyphless.ttf: one glyph without an area, half an em wide.

Its outline is a line to and fro: nothing that could be seen, but with the bounds of a letter.
PDFium leaves out single letters without bounds, and takes others' selection from them.

Needs fontTools (MIT), which only this uses: ``pip install fonttools``.
"""

from __future__ import annotations

from pathlib import Path

FONT = Path(__file__).parents[2] / "core" / "results" / "documents" / "glyphless.ttf"
EM = 1_000


def main() -> None:
    """Write the file."""
    from fontTools.fontBuilder import FontBuilder  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-not-found,import-untyped,unused-ignore]

    names = [".notdef", "any"]
    font = FontBuilder(EM, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({0x20: "any"})
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((EM // 2, EM))
    pen.lineTo((EM // 4, EM // 2))
    pen.closePath()
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (EM // 2, 0)))
    font.setupHorizontalHeader(ascent=EM, descent=0)
    font.setupNameTable({"familyName": "Glyphless", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=EM, usWinAscent=EM, usWinDescent=0)
    font.setupPost(keepGlyphNames=False)
    font.font["head"].created = font.font["head"].modified = 0  # the same bytes every time
    font.font.recalcTimestamp = False
    font.save(FONT)


if __name__ == "__main__":
    main()
