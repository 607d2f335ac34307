"""A report of what passes the filters: an interactive HTML file, or one made for paper.

Nothing in either asks the network for anything: styles, pictures and the one script are inside.
The content security policy names that script by its hash, so that text read from a picture could
not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.foreign_text import visible
from core.results.analysis.best_pictures import best_pictures
from core.results.export.provenance import Method
from core.results.export.report.charts import Panel, level
from core.results.export.report.data import script_data
from core.results.export.report.document import (
    FIRST_PICTURES,
    Progress,
    ReportDocument,
    ReportOptions,
)
from core.results.export.report.pictures import Card, See, cards, side_of
from core.results.query.selection import Selection
from core.results.theme import LOOKS, Theme, ink_on
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
MOST_PICTURES = 5_000  # in an HTML file, beyond which a browser needs longer than a click should
MOST_ON_PAPER = 96
PAPER_SIDE = 480  # pixels: sharp at 43 mm


def build_report(
    chosen: Selection, method: Method, see: See, options: ReportOptions, progress: Progress
) -> bytes:
    """The report as an interactive HTML file, complete in itself.

    Args:
        see: a picture or page, small; may raise any ``ContactSheetError``.
        progress: called with (pictures done, all of them).
    """
    document = ReportDocument(chosen, method, options)
    ids = _best(document, min(options.pictures, MOST_PICTURES))
    read = cards(
        chosen.store, ids, see, progress,
        side=side_of(len(ids)), policy=options.policy, addresses=options.addresses,
    )  # fmt: skip
    data, first = script_data(document, read)
    script = _text_of("report.js")
    return _rendered(
        "report.html.jinja",
        document,
        first[:FIRST_PICTURES],
        style="\n".join([_themes(), _font(options), _text_of("parts.css"), _text_of("report.css")]),
        script=script,
        policy=_policy(options, script),
        data=_json(data),
        shown=len(ids),
        link=document.method.url if document.method.url.startswith(("http:", "https:")) else "",
    )


def build_paper(
    chosen: Selection, method: Method, see: See, options: ReportOptions, progress: Progress
) -> bytes:
    """The report as an HTML file to be printed, without any script; see ``pdf_of``."""
    document = ReportDocument(chosen, method, options)
    ids = _best(document, min(options.pictures, MOST_ON_PAPER))
    read = cards(
        chosen.store, ids, see, progress,
        side=PAPER_SIDE, policy=options.policy, addresses=options.addresses,
    )  # fmt: skip
    shown = [card for _, card in read]
    margins = _text_of("paper_margins.css")
    margins = margins.replace("TITLE", css_text(document.title.upper()[:70]))
    margins = margins.replace("MADE", css_text(options.made.upper()))
    margins = margins.replace("SOURCE", css_text(_source(document)))
    return _rendered(
        "paper.html.jinja",
        document,
        shown,
        style="\n".join(
            [_inks_of("light"), _font(options), _text_of("parts.css"), _text_of("paper.css"),
             margins]
        ),
        policy=_policy(options),
    )  # fmt: skip


def _best(document: ReportDocument, count: int) -> list[int]:
    options = document.options
    return best_pictures(document.store, document.filters, count, options.by, options.policy)


def _rendered(name: str, document: ReportDocument, pictured: list[Card], **values: Any) -> bytes:
    page = _environment().get_template(name)
    store = document.store
    html = page.render(
        doc=document,
        options=document.options,
        method=document.method,
        cards=pictured,
        total=store.tables.pictures,
        passing=len(document.chosen.ids),
        shards=len(store.tables.shards),
        faults=[str(fault) for fault in store.tables.faults] if document.options.addresses else [],
        fault_count=len(store.tables.faults),
        likelihoods=LIKELIHOODS,
        source=_source(document),
        charts=document.charts,
        first=FIRST_PICTURES,
        **values,
    )
    return html.encode("utf-8")


def _source(document: ReportDocument) -> str:
    """What annotated, and when; the method's own words."""
    asked = dict(document.method.asked)
    backend, when = asked.get("Backend", ""), asked.get("Submitted", "")
    lowered = backend.replace("The ", "the ", 1) if backend.startswith("The ") else backend
    said = f"Annotated {when and f'on {when} '}by {lowered}" if backend else ""
    return f"{said}." if said else "Made with Contact Sheet."


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
    environment.filters |= {"tidy": tidy, "level": level, "ink_on": ink_on, "css": _class_of}
    environment.globals["first_tiles"] = first_tiles
    return environment


def tidy(text: object) -> str:
    """Text without control and direction-changing characters; the template escapes the rest."""
    return visible(str(text), keep="\n")


def css_text(text: str) -> str:
    """Any text inside a CSS string: every sign but letters and digits by its number."""
    return "".join(
        c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}"
        for c in tidy(text).replace("\n", " ")
    )


def first_tiles(panel: Panel, category: str) -> list[tuple[str, float]]:
    """(likelihood, pictures) of one category of safe search that any picture has."""
    marks = [panel.marks[n] for name, places in panel.rows_of if name == category for n in places]
    return [(mark.value[1], mark.number) for mark in marks if mark.number]


def _class_of(likelihood: str) -> str:
    return likelihood.lower().replace("_", "-")


def _json(data: Any) -> str:
    """JSON that ends no script element; jinja's own filter takes seconds for 5,000 pictures."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text_of(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(options: ReportOptions, *scripts: str) -> str:
    """The content security policy: these scripts, inline styles, pictures inside; no network."""
    allowed = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in scripts
    )
    allowed = allowed or "'none'"
    font = "font-src data:; " if options.font else ""
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        f"img-src data:; {font}base-uri 'none'; form-action 'none'"
    )


def _font(options: ReportOptions) -> str:
    if not options.font:
        return ""
    data = base64.b64encode(options.font).decode()
    return (
        '@font-face { font-family: "Report Sans"; font-weight: 200 900; '
        f'src: url("data:font/woff2;base64,{data}") format("woff2"); }}'
    )


def _themes() -> str:
    """Both themes' inks as variables."""
    dark = _inks_of("dark")
    return f"{_inks_of('light')}\n@media screen and (prefers-color-scheme: dark) {{ {dark} }}"


def _inks_of(theme: str) -> str:
    return f":root {{ color-scheme: {theme}; {_inks(LOOKS[theme])} }}"


def _inks(look: Theme) -> str:
    names = ("paper", "ink", "muted", "line", "blank", "accent", "dimmed", "failure")
    inks = {name: getattr(look, name) for name in names}
    inks.update({_class_of(name): look.likelihoods[name] for name in LIKELIHOODS})
    inks.update({f"on-{_class_of(name)}": ink_on(look.likelihoods[name]) for name in LIKELIHOODS})
    return " ".join(f"--{name}: {color};" for name, color in inks.items())
