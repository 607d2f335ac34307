"""Make core/results/figures/land_outline.json: the outline of all land, for maps that need no
network.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m scripts.build_data.land_outline package/land-110m.json

The shapes are Natural Earth's 1:110m land, version 4.1.0 (naturalearthdata.com), which is in the
public domain; the npm package world-atlas (ISC) carries them as TopoJSON. Here they become rings of
whole tenths of a degree, 11 km, which is finer than the shapes themselves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "core" / "results" / "figures" / "land_outline.json"
Point = tuple[int, int]
HALF, WHOLE = 1800, 3600  # tenths of a degree from Greenwich to the date line, and around the world
POLE = 900


def rings(topology: dict[str, Any]) -> list[list[Point]]:
    """Outer and inner rings of the object "land", in tenths of a degree (longitude, latitude).

    None crosses the date line: a straight line would lead across the whole map.
    """
    (by_x, by_y), (x, y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [
        [
            (round(10 * (a * by_x + x)), round(10 * (b * by_y + y)))
            for a, b in accumulate(arc, lambda p, q: (p[0] + q[0], p[1] + q[1]))
        ]
        for arc in topology["arcs"]
    ]

    def ring(numbers: list[int]) -> list[Point]:
        # A negative number is an arc backwards; each arc begins where the one before it ended.
        pieces = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        points = list(chain(pieces[0], *(piece[1:] for piece in pieces[1:])))
        return [p for n, p in enumerate(points) if n == 0 or p != points[n - 1]]

    shapes = topology["objects"]["land"]["geometries"]
    polygons = chain.from_iterable(
        shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]] for shape in shapes
    )
    return [piece for polygon in polygons for line in map(ring, polygon) for piece in cut(line)]


def cut(ring: list[Point]) -> Iterator[list[Point]]:
    """The parts of a closed ring east and west of the date line; most rings have one."""
    around = _unwound(ring)
    for shift in (-WHOLE, 0, WHOLE):
        part = [(x + shift, y) for x, y in around]
        for edge, side in ((-HALF, 1), (HALF, -1)):
            part = _clipped(part, edge, side)
        part = [p for n, p in enumerate(part) if n == 0 or p != part[n - 1]]
        if len({x for x, _ in part}) > 1 and len(part) > 3:
            yield part


def _unwound(ring: list[Point]) -> list[Point]:
    """The same ring without jumps, its longitudes beyond 180 degrees where it goes on there.

    One that does not come back to where it began goes around a pole, and is closed along it.
    """
    placed, shift = [ring[0]], 0
    for (before, _), (x, y) in pairwise(ring):
        shift += WHOLE * ((before - x > HALF) - (x - before > HALF))
        placed.append((x + shift, y))
    (start, _), (end, low) = placed[0], placed[-1]
    if start != end:
        pole = -POLE if low < 0 else POLE
        placed += [(end, pole), (start, pole), placed[0]]
    return placed


def _clipped(ring: list[Point], edge: int, side: int) -> list[Point]:
    """What of a closed ring has ``side * (longitude - edge) >= 0`` (Sutherland and Hodgman)."""
    clipped: list[Point] = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        inside, ends_inside = side * (x0 - edge) >= 0, side * (x1 - edge) >= 0
        if inside:
            clipped.append((x0, y0))
        if inside != ends_inside:
            clipped.append((edge, round(y0 + (y1 - y0) * (edge - x0) / (x1 - x0))))
    return [*clipped, clipped[0]] if clipped else []


def main() -> None:
    """Read the package's file, write ours."""
    parser = argparse.ArgumentParser(description="Make the outline of all land")
    parser.add_argument("topojson", type=Path)
    outlines = rings(json.loads(parser.parse_args().topojson.read_text(encoding="utf-8")))
    body = {
        "source": "Natural Earth 1:110m land, version 4.1.0, public domain",
        "unit": "tenths of a degree: longitude, latitude, longitude, ...",
        "rings": [list(chain.from_iterable(ring)) for ring in outlines],
    }
    TARGET.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(outlines)} rings, {sum(map(len, outlines))} points, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
