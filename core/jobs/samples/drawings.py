"""The drawn pictures of the sample batch: file name -> title and what draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PIL import Image

from core.jobs.samples import papers, scenes


@dataclass(frozen=True, slots=True)
class Drawing:
    """A title, and what draws it."""

    title: str
    draw: Callable[[], Image.Image]


DRAWINGS: Mapping[str, Drawing] = MappingProxyType(
    {
        "receipt.jpg": Drawing("Till receipt", papers.receipt),
        "letter.jpg": Drawing("Letter to the members", papers.letter),
        "verses.png": Drawing("Verses in four languages", papers.verses),
        "bar-chart.png": Drawing("Bar chart", papers.bar_chart),
        "pie-chart.png": Drawing("Pie chart", papers.pie_chart),
        "menu.jpg": Drawing("Restaurant menu", papers.menu),
        "business-card.jpg": Drawing("Business card", papers.business_card),
        "boarding-pass.webp": Drawing("Boarding pass", papers.boarding_pass),
        "web-page.png": Drawing("Web page", papers.web_page),
        "crossword.gif": Drawing("Crossword", papers.crossword),
        "sunset.jpg": Drawing("Sunset by a lake", scenes.sunset),
        "skyline.jpg": Drawing("City at night", scenes.skyline),
        "stop-sign.jpg": Drawing("Stop sign", scenes.stop_sign),
        "traffic-light.png": Drawing("Traffic light", scenes.traffic_light),
        "wall-clock.webp": Drawing("Wall clock", scenes.wall_clock),
        "poster.jpg": Drawing("Concert poster", scenes.concert_poster),
        "composition.png": Drawing("Composition in red, blue and yellow", scenes.composition),
        "swatches.png": Drawing("Paint swatches", scenes.swatches),
        "balloons.jpg": Drawing("Hot air balloons", scenes.balloons),
    }
)

SAVE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        ".jpg": {"quality": 90},
        ".png": {"compress_level": 4},
        ".webp": {"quality": 90},
        ".gif": {},
    }
)
