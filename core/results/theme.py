"""The look of all figures and overlays: one colour language, light and dark, and safe text.

Colours mean something: grey is unknown, teal to red is unlikely to likely, one blue is "how many",
red-brown is failure. Overlays and charts give each feature the same colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.foreign_text import shortened, visible

FONT = (
    '"Source Sans", "Source Sans 3", "Source Sans Pro", '
    '"Segoe UI", system-ui, "Helvetica Neue", sans-serif'
)


NO_MATCH = "Nothing passes the filters, or the feature was not asked for."


@dataclass(frozen=True, slots=True)
class Theme:
    """Inks of one theme. Text inks have at least 4.5:1 contrast with ``paper``, marks 3:1.

    ``groups`` tell names apart that have no colour of their own; also for the colour-blind, as far
    as seven can. ``paper``, ``ink`` and ``blank`` are the page's, as in ``.streamlit/config.toml``.
    """

    paper: str
    ink: str
    muted: str
    line: str
    blank: str
    accent: str
    dimmed: str
    failure: str
    likelihoods: dict[str, str]
    groups: tuple[str, ...]


# The two sides of a comparison, left and right: 3:1 against paper at least, and apart for most
# kinds of colour blindness (amber, blue).
SIDES = {"light": ("#b5620c", "#2f62c9"), "dark": ("#f0a050", "#7aa5ff")}

LOOKS = {
    "light": Theme(
        paper="#fdfcfa",
        ink="#14110e",
        muted="#6b6359",
        line="#e4dfd6",
        blank="#f3f0ea",
        accent="#2f62c9",
        dimmed="#b7c7ea",
        failure="#b3423a",
        likelihoods={
            "UNKNOWN": "#9aa3b2",
            "VERY_UNLIKELY": "#2b8a83",
            "UNLIKELY": "#8cb369",
            "POSSIBLE": "#e9b93b",
            "LIKELY": "#e8833a",
            "VERY_LIKELY": "#c9374a",
        },
        groups=("#2f62c9", "#c75b00", "#128060", "#b0358a", "#7a5230", "#1683a3", "#867500"),
    ),
    "dark": Theme(
        paper="#151412",
        ink="#eeebe5",
        muted="#a89f92",
        line="#3d3933",
        blank="#22201d",
        accent="#7aa5ff",
        dimmed="#34486f",
        failure="#e0776d",
        likelihoods={
            "UNKNOWN": "#7d8798",
            "VERY_UNLIKELY": "#3bb0a6",
            "UNLIKELY": "#a3c97c",
            "POSSIBLE": "#f2c84f",
            "LIKELY": "#f29552",
            "VERY_LIKELY": "#ec5d6e",
        },
        groups=("#7aa5ff", "#f2994a", "#4fc79f", "#e58ac9", "#c49a73", "#5cc8e6", "#d9c74a"),
    ),
}

# Colours that stand out on photographs of any kind; overlays put a dark edge around them.
FEATURE_COLORS = {
    "object": "#4da3ff",
    "face": "#ffb02e",
    "face_point": "#ffb02e",
    "word": "#58d68d",
    "hit": "#f5ff3d",
    "logo": "#c792ff",
    "landmark": "#ff7eb6",
    "product": "#5be0e6",
    "crop_hint": "#ffffff",
}


def escape_plotly(text: str, limit: int = 40) -> str:
    """Untrusted text escaped for a figure: plotly renders some HTML, and TeX between dollars.

    Control and direction-changing characters become spaces, long text is cut with "…".
    """
    shown = shortened(" ".join(visible(str(text)[: limit * 4]).split()), limit)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        shown = shown.replace(sign, entity)
    return shown


def mixed(color: str, ground: str, part: float) -> str:
    """``part`` (0..1) of a colour laid over a ground, both #rrggbb."""
    pairs = zip(_channels(color), _channels(ground), strict=True)
    return "#" + "".join(f"{round(a * part + b * (1 - part)):02x}" for a, b in pairs)


def ink_on(color: str) -> str:
    """Black or white, whichever reads better on a colour (WCAG relative luminance)."""
    linear = [
        c / 12.92 if (c := v / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for v in _channels(color)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def _channels(color: str) -> list[int]:
    digits = color.removeprefix("#")
    return [int(digits[n : n + 2], 16) for n in (0, 2, 4)]
