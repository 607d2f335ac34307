"""Rows of tables, receipts and forms become one line each, so that they are read row by row.

Cells stand beside each other on one level, in several rows one below the other. Columns of running
text do too; what tells them apart is that text fills its column and has long lines.
"""

from __future__ import annotations

import numpy as np

from core.engine.ocr.line_rows import Box, box_of, grouped, joined, same_height
from core.engine.ocr.lines import Line

LEVEL = 0.4  # heights by which the middles of two cells of a row may differ
LEAST_ROWS = 2
ROW_STEP = 4.0  # heights from a row to the next at most
PROSE_LETTERS = 20  # of a column's usual line, at least, if it is text
PROSE_FILL = 0.75  # share of a text's column that its usual line fills


def with_table_rows(lines: list[Line]) -> list[Line]:
    """The same lines, with the cells of each row of a table joined."""
    boxes = [box_of([line.quad]) for line in lines]
    rows = grouped(len(lines), lambda a, b: _level(boxes[a], boxes[b]))
    several = sorted((row for row in rows if len(row) > 1), key=lambda row: _middle(row, boxes))
    ordered = [lines[at] for row in rows if len(row) == 1 for at in row]
    for table in _runs(several, boxes):
        is_table = len(table) >= LEAST_ROWS and not _is_prose(table, lines, boxes)
        for row in table:
            cells = [lines[at] for at in row]
            ordered += [joined(cells)] if is_table else cells
    return ordered


def _level(a: Box, b: Box) -> bool:
    apart = max(a.left, b.left) >= min(a.right, b.right)
    off = abs(a.top + a.bottom - b.top - b.bottom) / 2
    wide = all(box.right - box.left > 0.5 * box.height for box in (a, b))
    return apart and wide and same_height(a, b) and off <= LEVEL * min(a.height, b.height)


def _middle(row: list[int], boxes: list[Box]) -> float:
    return float(np.mean([boxes[at].top + boxes[at].bottom for at in row])) / 2


def _runs(rows: list[list[int]], boxes: list[Box]) -> list[list[list[int]]]:
    """Rows that follow each other closely."""
    runs: list[list[list[int]]] = []
    for row in rows:
        step = ROW_STEP * max(boxes[at].height for at in row)
        if runs and _middle(row, boxes) - _middle(runs[-1][-1], boxes) <= step:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _is_prose(rows: list[list[int]], lines: list[Line], boxes: list[Box]) -> bool:
    """Whether two columns or more are running text."""
    cells = [at for row in rows for at in row]
    columns = grouped(
        len(cells),
        lambda a, b: (
            min(boxes[cells[a]].right, boxes[cells[b]].right)
            > max(boxes[cells[a]].left, boxes[cells[b]].left)
        ),
    )
    prose = 0
    for column in columns:
        own = [cells[at] for at in column]
        whole = box_of(lines[at].quad for at in own)
        widths = [boxes[at].right - boxes[at].left for at in own]
        letters = float(np.median([len(lines[at].symbols) for at in own]))
        fill = float(np.median(widths)) / (whole.right - whole.left)
        prose += letters >= PROSE_LETTERS and fill >= PROSE_FILL
    return prose > 1
