"""What a report says, before it becomes HTML, paper or a workbook's first sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from core.results.analysis.best_pictures import flagged_ids
from core.results.analysis.findings import findings
from core.results.analysis.folders import Folder, count_folders, folders
from core.results.charts.catalogue import BY_KEY
from core.results.export.addresses import (
    discreet,
    short_title,
    shown_folder,
    shown_name,
    without_addresses,
)
from core.results.export.provenance import Method
from core.results.export.report.charts import Panel, panel, panels
from core.results.export.sheets import in_words
from core.results.query.picture_order import NO_FOLDER
from core.results.query.safe_policy import SafePolicy
from core.results.query.selection import Selection
from core.results.tables.arrow import numbers
from core.results.vocabulary import SAFE_CATEGORIES

FAILED = 100  # failed pictures named one by one
SECTIONS = ("Sentences", "Numbers", "Charts", "Folders", "Failed", "Method", "Prices")
USUAL_SECTIONS = SECTIONS[:-1]
FIRST_BARS, FIRST_PICTURES = 12, 12  # on page one
NOTHING_FLAGGED = SafePolicy(())
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a report is made.

    Attributes:
        made: date and time, for people.
        title: "" for the batch's.
        author, audience, note: what stands in it for the reader besides; texts of the user.
        pictures: how many it shows at most; 0 for none.
        by: which come first, of ``best_pictures.BY``.
        policy: which pictures are made unrecognisable.
        sections: of ``SECTIONS``.
        addresses: whether addresses and paths are printed.
        font: a WOFF2 file of the page's font; b"" for what the reader has.
    """

    made: str
    title: str = ""
    author: str = ""
    audience: str = ""
    note: str = ""
    pictures: int = 48
    by: str = "score"
    policy: SafePolicy = NOTHING_FLAGGED
    sections: tuple[str, ...] = USUAL_SECTIONS
    addresses: bool = False
    font: bytes = field(default=b"", repr=False)


class ReportDocument:
    """The parts of a report on some pictures. Texts in it are untrusted.

    Args:
        method: where the results come from; what must not be printed is taken out of it here.
    """

    def __init__(self, chosen: Selection, method: Method, options: ReportOptions) -> None:
        self.chosen, self.options = chosen, options
        self.store, self.filters = chosen.store, chosen.filters
        self.method = method if options.addresses else discreet(method)
        if "Prices" not in options.sections:
            self.method = replace(self.method, cost=(), due=None, cost_note="")
        self.title = options.title.strip() or short_title(method.title)

    @property
    def byline(self) -> str:
        """Who made it, and for whom."""
        parts = (self.options.author.strip(), self.options.audience.strip())
        return " · ".join(part if n == 0 else f"for {part}" for n, part in enumerate(parts) if part)

    @property
    def scope(self) -> str:
        """Which pictures it is about, in words; "" if it is all of them."""
        if self.filters.is_empty:
            return ""
        passing, total = len(self.chosen.ids), self.store.tables.pictures
        said = in_words(self.chosen)
        said = said if self.options.addresses else without_addresses(said)
        return f"{passing:,} of {total:,} pictures, filter: {said}"

    @cached_property
    def sentences(self) -> list[str]:
        """Up to three, each counted from the tables."""
        return findings(self.store, self.filters, self.options.policy)

    @cached_property
    def numbers(self) -> list[tuple[str, str]]:
        """(number, what it counts), four of them."""
        table, ids = self.store.tables["pictures"], np.asarray(self.chosen.ids, np.int64)
        page = numbers(table, "page")[ids]
        paged = int(np.count_nonzero(page))
        files = len(table["uri"].take(ids[page > 0]).unique()) if paged else 0
        count, failed = len(ids) - paged, int(np.count_nonzero(numbers(table, "error_code")[ids]))
        having = self.store.features(self.filters)
        lie = count_folders(self.store, self.filters)
        where = f" in {lie:,} folders" if lie > 1 else ""
        facts = [(f"{count:,}", f"picture{'s' * (count != 1)}{where}")] if count else []
        if paged:
            facts.append((f"{paged:,}", "pages of one file" if files == 1 else
                          f"pages of {files:,} files"))  # fmt: skip
        for name, words in (("texts", "with text"), ("objects", "with objects"),
                            ("faces", "with faces"), ("labels", "with labels")):  # fmt: skip
            if having[name] and len(facts) < 3:
                facts.append((f"{having[name]:,}", words))
        return [*facts, (f"{failed:,}", "failed")]

    @cached_property
    def labels(self) -> Panel | None:
        """The most specific labels, few enough for page one."""
        chart = BY_KEY["specific"]
        frame = chart.ask(self.store, self.filters, None)
        frame = frame[frame["pictures"] > 0].head(FIRST_BARS)
        return None if frame.empty else panel(chart, frame, self.store)

    @cached_property
    def labels_note(self) -> str:
        """What the bars of page one are of."""
        with_one = self.store.features(self.filters)["labels"]
        specific, mask = self.store.specific(), self.store.mask(self.filters, None)
        there = specific.present(mask, self.filters.score)
        shown = len(self.labels.marks) if self.labels else 0
        which = f"the {shown} most frequent of {there:,}; " if shown < there else ""
        return f"{which}{with_one:,} of {len(self.chosen.ids):,} pictures have a label"

    @cached_property
    def charts(self) -> list[Panel]:
        """Every chart of the catalogue that has something to show."""
        return list(panels(self.store, self.filters, addresses=self.options.addresses))

    def chart(self, key: str) -> Panel | None:
        """One of ``charts``; None if it has nothing to show."""
        return next((one for one in self.charts if one.key == key), None)

    @property
    def unjudged(self) -> str:
        """Categories of safe search that nobody judged; "" if there are none."""
        return ", ".join(self.store.unjudged("safe_search"))

    @property
    def judged(self) -> tuple[str, int]:
        """The category that page one shows, and how many pictures were judged; ("", 0)."""
        count = self.store.features(self.filters)["safe_search"]
        names = [n for n in SAFE_CATEGORIES if n not in self.store.unjudged("safe_search")]
        return (names[0], count) if names and count else ("", 0)

    @cached_property
    def folders(self) -> tuple[list[Folder], Folder]:
        """A row a folder, and all of them together."""
        listed, rest = folders(self.store, self.filters)
        addresses = self.options.addresses
        shown = [
            replace(one, name=shown_folder(one.name, addresses=addresses) or NO_FOLDER)
            for one in listed
        ]
        return shown, rest

    @cached_property
    def failed(self) -> list[tuple[str, str]]:
        """(name, reason) of the first failed pictures."""
        if self.filters.status == "ok":
            return []
        failing = replace(self.filters, status="failed")
        frame = self.store.pictures(failing, limit=FAILED)
        rows = frame[["folder", "name", "uri", "page", "number", "error", "error_message"]]
        addresses = self.options.addresses
        return [
            (
                shown_name(folder, name, uri, page, number, addresses=addresses),
                self._reason(uri, code, message),
            )
            for folder, name, uri, page, number, code, message in rows.itertuples(index=False)
        ]

    def _reason(self, uri: str, code: str, message: str) -> str:
        said = message.replace(uri, "…") if uri else message
        said = said if self.options.addresses else without_addresses(said)
        return said.strip().replace("….", "…") or code.replace("_", " ").lower()

    @property
    def failed_count(self) -> int:
        """How many failed."""
        return int(self.numbers[-1][0].replace(",", ""))

    @cached_property
    def flagged(self) -> int:
        """How many of the pictures that pass the policy flags."""
        ids = np.asarray(flagged_ids(self.store, self.options.policy), np.int64)
        return int(np.count_nonzero(np.isin(ids, np.asarray(self.chosen.ids, np.int64))))

    @property
    def missing(self) -> list[str]:
        """Features without any result among the pictures that pass."""
        known = {"labels": "labels", "colors": "dominant colours", "safe_search": "safe search"}
        known |= {"objects": "objects", "faces": "faces", "landmarks": "landmarks"}
        known |= {"logos": "logos", "texts": "text", "web_entities": "web entities"}
        known |= {"crop_hints": "crop hints"}
        having = self.store.features(self.filters)
        return [words for name, words in known.items() if not having[name]]

    def shows(self, section: str) -> bool:
        """Whether a section of ``SECTIONS`` is wanted."""
        return section in self.options.sections
