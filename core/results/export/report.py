"""One self-contained HTML file of what passes the filters: charts, palettes, pictures, method.

Nothing in it asks the network for anything: plotly.js, styles and pictures are inside. Its own
content security policy names the only two scripts that may run, by their hashes, so that text read
from a picture could not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.results.export.provenance import Method
from core.results.export.report_gallery import See, cards, sample
from core.results.export.report_panels import Panel, panels
from core.results.query.annotations import Annotations, picture_title
from core.results.query.selection import Selection
from core.results.theme import LOOKS, Look
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

TEMPLATES = Path(__file__).parent / "templates"
FAILED = 100  # failed pictures named one by one
SWATCHES = 8
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a report is made.

    Attributes:
        made: date and time, for people.
        pictures: how many pictures the sample has at most; 0 for none.
        hide: whether a picture is to be made unrecognisable.
    """

    made: str
    pictures: int = 48
    hide: Callable[[Annotations], bool] = lambda _: False


def build_report(
    chosen: Selection,
    method: Method,
    see: See,
    options: ReportOptions,
    progress: Progress,
) -> bytes:
    """The report as the bytes of an HTML file.

    Args:
        see: a picture or page, small; may raise any ``ContactSheetError``.
        progress: called with (pictures of the sample done, all of them).
    """
    store, filters = chosen.store, chosen.filters
    picked = sample(chosen.ids, options.pictures)
    gallery = cards(store, picked, see, options.hide, progress)
    charts = list(panels(store, filters))
    data = {
        "charts": {panel.key: panel.figures for panel in charts},
        "values": [[list(pair) for pair in card.values] for card in gallery],
    }
    script = _text_of("report.js")
    page = _environment().get_template("report.html.jinja")
    html = page.render(
        method=method,
        made=options.made,
        total=store.tables.pictures,
        passing=len(chosen.ids),
        shards=len(store.tables.shards),
        faults=[str(fault) for fault in store.tables.faults],
        numbers=_numbers(chosen),
        chips=[chip.text for chip in filters.chips()],
        charts=charts,
        missing=_missing(charts),
        swatches=_swatches(store.palette_batch(filters, SWATCHES, without=None)),
        cards=gallery,
        errors=_rows(store.errors(filters, without=None)),
        failed=_failed(chosen),
        style=_style(),
        data=data,
        plotly=_plotly(),
        script=script,
        policy=_policy(_plotly(), script),
        link=method.url if method.url.startswith(("http://", "https://")) else "",
    )
    return html.encode("utf-8")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tidy"] = tidy
    return environment


def tidy(text: object) -> str:
    """Text without control and direction-changing characters; the template escapes the rest."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else " " for c in str(text))


@lru_cache(maxsize=1)
def _plotly() -> str:
    """plotly.js as it stands between script tags."""
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    # Browsers turn line ends into \n before they hash; an end tag would end the script early.
    return source.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _text_of(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """The content security policy: these scripts, inline styles, pictures inside; no network."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _style() -> str:
    """The style sheet with both themes' inks as variables."""
    light, dark = _inks(LOOKS["light"]), _inks(LOOKS["dark"])
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} "
        f"}}\n{_text_of('report.css')}"
    )


def _inks(look: Look) -> str:
    inks = {
        name: getattr(look, name)
        for name in ("paper", "ink", "muted", "line", "blank", "accent", "failure")
    }
    inks.update({name.lower().replace("_", "-"): look.likelihoods[name] for name in LIKELIHOODS})
    return " ".join(f"--{name}: {color};" for name, color in inks.items())


def _numbers(chosen: Selection) -> list[tuple[str, str]]:
    holding = chosen.store.features(chosen.filters)
    errors = int(chosen.store.errors(chosen.filters, 10_000, without=None)["pictures"].sum())
    named = {
        "With labels": "labels",
        "With objects": "objects",
        "With faces": "faces",
        "With text": "texts",
    }
    return [
        ("Pictures", f"{len(chosen.ids):,}"),
        ("Errors", f"{errors:,}"),
        *((title, f"{holding[name]:,}") for title, name in named.items() if holding[name]),
    ]


def _missing(charts: list[Panel]) -> list[str]:
    known = {"labels": "labels", "color": "dominant colours", "safe": "safe search"}
    known |= {"objects": "objects", "faces": "faces", "landmarks": "landmarks", "logos": "logos"}
    known |= {"languages": "text", "web": "web entities", "crops": "crop hints"}
    return [name for key, name in known.items() if key not in {panel.key for panel in charts}]


def _swatches(frame: pd.DataFrame) -> list[tuple[str, float]]:
    return list(zip(frame["hex"].tolist(), frame["share"].tolist(), strict=True))


def _rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def _failed(chosen: Selection) -> list[tuple[str, str, str]]:
    """(folder and name, status name, message) of the first failed pictures."""
    if chosen.filters.status == "ok":
        return []
    frame = chosen.store.pictures(replace(chosen.filters, status="failed"), limit=FAILED)
    names = ["folder", "name", "page", "number", "error", "error_message"]
    return [
        (f"{folder}/{title}" if folder else title, error, message)
        for folder, name, page, number, error, message in frame[names].itertuples(index=False)
        for title in [picture_title(name, page, number)]
    ]
