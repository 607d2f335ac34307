"""What the picture dialog's component draws: shapes on the picture, and rows of what was found."""

from __future__ import annotations

from typing import Any

from core.results.pictures.thumbnails import Placing
from core.results.query.picture.annotations import Annotations, Shape
from core.results.theme import FEATURE_COLORS

MOST_SHAPES = 3_000
MOST_ROWS = 60  # of one kind
MOST_TEXT = 20_000  # characters
_KINDS = {"object": "Objects", "face": "Faces", "landmark": "Landmarks", "logo": "Logos"}


def shapes_of(of: Annotations, placing: Placing) -> list[dict[str, Any]]:
    """Shapes in the thumbnail's pixels, small things last; names are hostile text."""
    shapes = []
    for number, shape in enumerate(of.shapes[:MOST_SHAPES]):
        point = _point(shape, placing) if len(shape.points) == 1 else None
        path = placing.path(shape)
        if path or point:
            shapes.append(
                {
                    "number": number,
                    "kind": shape.kind,
                    "name": shape.name,
                    "score": shape.score,
                    "path": path,
                    "point": point,
                }
            )
    return shapes


def _point(shape: Shape, placing: Placing) -> list[float] | None:
    # A path of two equal corners says where the only one lies.
    path = placing.path(
        Shape(shape.kind, "", None, (shape.points[0], shape.points[0]), shape.normalized)
    )
    x, y = path[1:].split("L")[0].split(" ")
    return [float(x), float(y)]


def facts_of(of: Annotations) -> list[dict[str, Any]]:
    """Groups of rows: {title, note, color, rows: [{name, score, faint, shapes}]}, or of a text
    {title, note, text}; names and text are hostile."""
    groups = [_labels(of)]
    shapes = {kind: [(n, s) for n, s in enumerate(of.shapes) if s.kind == kind] for kind in _KINDS}
    for kind, title in _KINDS.items():
        rows = [
            {"name": shape.name or title.rstrip("s"), "score": shape.score, "shapes": [n]}
            for n, shape in shapes[kind]
        ]
        if not rows and kind != "face":
            rows = [{"name": name, "score": score} for name, score in getattr(of, f"{kind}s")]
        groups.append(_group(title, rows, FEATURE_COLORS[kind]))
    groups.append(_words(of))
    groups.append(_group("Web entities", [{"name": n, "score": s} for n, s in of.web], ""))
    safe = [
        {"name": name.capitalize(), "level": level, "text": level.replace("_", " ").lower()}
        for name, level in of.safe.items()
        if level != "UNKNOWN"
    ]
    rest = [name for name, level in of.safe.items() if level == "UNKNOWN"]
    groups.append(_group("Safe search", safe, "", f"not judged: {', '.join(rest)}" if rest else ""))
    return [group for group in groups if group["rows"] or group.get("text")]


def _group(title: str, rows: list[dict[str, Any]], color: str, note: str = "") -> dict[str, Any]:
    if len(rows) > MOST_ROWS:
        note = f"the first {MOST_ROWS} of {len(rows):,}; all on its own page"
    return {"title": title, "note": note, "color": color, "rows": rows[:MOST_ROWS]}


def _labels(of: Annotations) -> dict[str, Any]:
    names = [name for name, _ in of.labels[:MOST_ROWS]]
    broad = _broader(names)
    ordered = sorted(of.labels, key=lambda pair: (pair[0] in broad, -pair[1]))
    rows = [{"name": name, "score": score, "faint": name in broad} for name, score in ordered]
    return _group("Labels", rows, "", "bold: most specific" if broad else "")


def _broader(names: list[str]) -> set[str]:
    """Those that another one is a kind of."""
    from core.results.columns.label_hierarchy import broader_terms

    broader, terms = broader_terms(), set()
    own = set(names)
    for name in names:
        at = broader.get(name)
        while at is not None:
            if at in own:
                terms.add(at)
            at = broader.get(at)
    return terms


def _words(of: Annotations) -> dict[str, Any]:
    if of.text and not any(s.score for s in of.shapes if s.kind in ("word", "hit")):
        count = len(of.text.split())
        note = f"{count:,} word{'s' * (count != 1)}"
        return {"title": "Text", "note": note, "rows": [], "text": of.text[:MOST_TEXT]}
    rows = [
        {"name": shape.name, "score": shape.score, "shapes": [n]}
        for n, shape in enumerate(of.shapes)
        if shape.kind in ("word", "hit")
    ]
    return _group("Words", rows, FEATURE_COLORS["word"])
