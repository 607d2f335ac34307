"""``make evaluate``: how well the embedded engine answers, on pictures with known answers.

Prints tables (Markdown, as in docs/models.md) and writes ``build/evaluation.json``. What is
missing here, such as a font, is skipped and said so::

    python -m scripts.evaluation.run [--only text]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from scripts.evaluation import (
    colours,
    faces,
    labels,
    safe_search,
    text,
    text_layouts,
    text_receipts,
)
from scripts.evaluation.figures import Figure

REPORT = Path("build/evaluation.json")
PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "text": text.evaluate,
    "layouts": text_layouts.evaluate,
    "receipts": text_receipts.evaluate,
    "labels": labels.evaluate,
    "faces": faces.evaluate,
    "colours": colours.evaluate,
    "safe search": safe_search.evaluate,
}
NUMBERS = ("CIEDE2000, mean", "CIEDE2000, worst")  # all others are shares


def shown(figure: Figure) -> str:
    """The number as a person reads it."""
    if figure.value is None:
        return figure.note
    return f"{figure.value:.1f}" if figure.measure in NUMBERS else f"{100 * figure.value:.1f} %"


def table(figures: Iterable[Figure]) -> str:
    """Rows of parts and measures, columns of cases; one table for each kind of part."""
    grouped: dict[str, list[Figure]] = {}
    for figure in figures:
        grouped.setdefault(figure.part.split(",")[0], []).append(figure)
    return "\n\n".join(_table(part, rows) for part, rows in grouped.items())


def _table(part: str, figures: list[Figure]) -> str:
    cases = list(dict.fromkeys(figure.case for figure in figures))
    rows = list(dict.fromkeys((figure.part, figure.measure) for figure in figures))
    cells = {(figure.part, figure.measure, figure.case): figure for figure in figures}
    lines = [f"| {part} | {' | '.join(cases)} | of |", "|" + "---|" * (len(cases) + 2)]
    for name, measure in rows:
        row = [cells.get((name, measure, case)) for case in cases]
        count = max(figure.count for figure in row if figure is not None)
        numbers = " | ".join("" if figure is None else shown(figure) for figure in row)
        title = ", ".join(piece for piece in (name.removeprefix(part)[2:], measure) if piece)
        lines.append(f"| {title} | {numbers} | {count} |")
    return "\n".join(lines)


def main() -> int:
    """Measure all parts or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    figures: list[Figure] = []
    for name, evaluate in PARTS.items():
        if options.only in (None, name):
            started = time.perf_counter()
            figures += evaluate()
            print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print(table(figures))
    skipped = [figure for figure in figures if figure.value is None]
    if skipped:
        wanted = "requirements-evaluate.txt or scripts/evaluation_packages.sh"
        print(f"\nSkipped: {len(skipped)} figures; for want of {wanted}")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
