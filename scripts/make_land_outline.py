"""Make core/results/land_outline.json: the outline of all land, for maps that need no network.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m scripts.make_land_outline package/land-110m.json

The shapes are Natural Earth's 1:110m land, version 4.1.0 (naturalearthdata.com), which is in the
public domain; the npm package world-atlas (ISC) carries them as TopoJSON. Here they become rings of
whole tenths of a degree, 11 km, which is finer than the shapes themselves.
"""

from __future__ import annotations

import argparse
import json
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "core" / "results" / "land_outline.json"
Point = tuple[int, int]


def rings(topology: dict[str, Any]) -> list[list[Point]]:
    """Outer and inner rings of the object "land", in tenths of a degree (longitude, latitude)."""
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
    return [found for polygon in polygons for found in map(ring, polygon) if len(found) > 3]


def main() -> None:
    """Read the package's file, write ours."""
    parser = argparse.ArgumentParser(description="Make the outline of all land")
    parser.add_argument("topojson", type=Path)
    found = rings(json.loads(parser.parse_args().topojson.read_text(encoding="utf-8")))
    body = {
        "source": "Natural Earth 1:110m land, version 4.1.0, public domain",
        "unit": "tenths of a degree: longitude, latitude, longitude, ...",
        "rings": [list(chain.from_iterable(ring)) for ring in found],
    }
    TARGET.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(found)} rings, {sum(map(len, found))} points, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
