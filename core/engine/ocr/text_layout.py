"""Lines of text -> blocks and paragraphs in reading order.

Geometry alone: the page is turned until its lines are level; rows of tables become lines
(``text_tables``); lines one under the other, alike in height and near to each other, are a block;
blocks are ordered by cutting the page again and again at its widest gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.engine.ocr.line_rows import Box, box_of, grouped, joined, same_height
from core.engine.ocr.lines import Line, Quad
from core.engine.ocr.text_tables import with_table_rows

SAME_ROW_OVERLAP = 0.6  # share of the lower one's height
SAME_ROW_GAP = 1.0  # heights; wider is a column or a table cell
SAME_BLOCK_GAP = 1.1  # heights between two lines
SAME_BLOCK_OVERLAP = 0.3  # share of the shorter one's width
PARAGRAPH_GAP = 1.6  # times the block's usual distance from line to line


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Paragraphs of lines, each from the top down."""

    paragraphs: tuple[tuple[Line, ...], ...]

    @property
    def lines(self) -> list[Line]:
        return [line for paragraph in self.paragraphs for line in paragraph]


def around(lines: Sequence[Line]) -> Quad:
    """A line's own quad, or the rectangle around several, its first corner where reading begins."""
    if len(lines) == 1:
        return lines[0].quad
    turns = _quarter_turns(lines)
    left, top, right, bottom = box_of(_turned(line.quad, -turns) for line in lines)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return _turned(corners, turns)


def _quarter_turns(lines: Sequence[Line]) -> int:
    """How often the page was turned a quarter to the right: 0 to 3, by most of its letters."""
    letters = np.zeros(4)
    for line in lines:
        along_x, along_y = line.quad[1] - line.quad[0]
        turns = round(float(np.arctan2(along_y, along_x)) / (np.pi / 2)) % 4
        letters[turns] += len(line.symbols)
    return int(letters.argmax())


def _turned(quad: Quad, turns: int) -> Quad:
    """Turned about the origin by quarters to the right (y points down)."""
    for _ in range(turns % 4):
        quad = np.column_stack([-quad[:, 1], quad[:, 0]])
    return quad


def _tilt(lines: Sequence[Line]) -> float:
    """By what angle the page is turned beside its quarter turns, radians to the right."""
    angles, letters = [], []
    for line in lines:
        along_x, along_y = line.quad[1] - line.quad[0]
        angle = float(np.arctan2(along_y, along_x))
        angles.append((angle + np.pi / 4) % (np.pi / 2) - np.pi / 4)
        letters.append(len(line.symbols))
    order = np.argsort(angles)
    half = np.cumsum(np.array(letters)[order]) >= sum(letters) / 2
    return angles[int(order[half.argmax()])] if half.any() else 0.0


def _moved(line: Line, turn: NDArray[np.float64]) -> Line:
    return replace(line, quad=line.quad @ turn)


def blocks_of(lines: list[Line]) -> list[TextBlock]:
    """Blocks in reading order; a page that lies on its side or askew is read as it lies."""
    angle = _quarter_turns(lines) * np.pi / 2 + _tilt(lines)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [
        TextBlock(
            tuple(tuple(_moved(line, back) for line in paragraph) for paragraph in block.paragraphs)
        )
        for block in _blocks_upright([_moved(line, back.T) for line in lines])
    ]


def _blocks_upright(lines: list[Line]) -> list[TextBlock]:
    letters = sum(len(line.symbols) for line in lines)
    from_right = 2 * sum(len(line.symbols) for line in lines if line.from_right) > letters
    rows = with_table_rows(_joined_rows(lines))
    boxes = [box_of([line.quad]) for line in rows]
    groups = grouped(len(rows), lambda a, b: _same_block(boxes[a], boxes[b]))
    blocks = [_block([rows[i] for i in group]) for group in groups]
    placed = [(box_of(line.quad for line in block.lines), block) for block in blocks]
    if from_right:  # columns from right to left: in order as in a mirror
        mirrored = [(box.mirrored, block) for box, block in placed]
        return _in_order(mirrored)
    return _in_order(placed)


def _joined_rows(lines: list[Line]) -> list[Line]:
    """Lines that were found in pieces, because of a wide space, made whole again."""
    boxes = [box_of([line.quad]) for line in lines]
    groups = grouped(len(lines), lambda a, b: _same_row(boxes[a], boxes[b]))
    return [joined([lines[i] for i in group]) for group in groups]


def _same_row(a: Box, b: Box) -> bool:
    height = min(a.height, b.height)
    level = min(a.bottom, b.bottom) - max(a.top, b.top)
    gap = max(a.left, b.left) - min(a.right, b.right)
    wide = all(box.right - box.left > box.height for box in (a, b))  # not columns of upright text
    near = -0.5 * height < gap < SAME_ROW_GAP * height
    return wide and same_height(a, b) and near and level > SAME_ROW_OVERLAP * height


def _same_block(a: Box, b: Box) -> bool:
    height = min(a.height, b.height)
    if not same_height(a, b):
        return False
    gap = max(a.top, b.top) - min(a.bottom, b.bottom)
    overlap = min(a.right, b.right) - max(a.left, b.left)
    narrower = min(a.right - a.left, b.right - b.left)
    return gap < SAME_BLOCK_GAP * height and overlap > SAME_BLOCK_OVERLAP * narrower


def _block(lines: list[Line]) -> TextBlock:
    ordered = sorted(lines, key=lambda line: float(line.quad[:, 1].mean()))
    middles = np.array([line.quad[:, 1].mean() for line in ordered])
    steps = np.diff(middles)
    usual = float(np.median(steps)) if len(steps) else 0.0
    paragraphs: list[list[Line]] = [[ordered[0]]]
    for line, step in zip(ordered[1:], steps, strict=True):
        if step > PARAGRAPH_GAP * usual:
            paragraphs.append([])
        paragraphs[-1].append(line)
    return TextBlock(tuple(tuple(paragraph) for paragraph in paragraphs))


def _in_order(items: list[tuple[Box, TextBlock]]) -> list[TextBlock]:
    """Recursive cuts: at the widest gap, be it between rows or between columns."""
    if len(items) <= 1:
        return [block for _, block in items]
    row_gap, upper = _widest_gap(items, 1)
    column_gap, lefter = _widest_gap(items, 0)
    if max(row_gap, column_gap) <= 0:  # nothing to cut: they overlap
        by_top = sorted(items, key=lambda item: (item[0].top, item[0].left))
        return [block for _, block in by_top]
    first = lefter if column_gap > row_gap else upper
    chosen = {id(block) for _, block in first}
    rest = [item for item in items if id(item[1]) not in chosen]
    return _in_order(first) + _in_order(rest)


def _widest_gap(
    items: list[tuple[Box, TextBlock]], axis: int
) -> tuple[float, list[tuple[Box, TextBlock]]]:
    """The widest gap along x (0) or y (1), and what lies before it."""
    ordered = sorted(items, key=lambda item: item[0][axis])
    best, count = 0.0, 0
    reach = ordered[0][0][axis + 2]
    for at, (box, _) in enumerate(ordered[1:], start=1):
        if box[axis] - reach > best:
            best, count = box[axis] - reach, at
        reach = max(reach, box[axis + 2])
    return best, ordered[:count]
