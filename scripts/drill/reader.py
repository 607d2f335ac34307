"""``python -m scripts.drill.reader WHAT PREFIX``: opens results over and over until it is killed.

WHAT is ``cache``, which it writes with every look, or ``export``, of which it writes every kind.
``FOLDER/WHAT.begun`` is there once it is at it; FOLDER is ``DRILL_FOLDER``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from core.app.hub import Hub
from core.errors import ObjectNotFound
from core.results.export.bigquery import build_bigquery_zip
from core.results.export.excel import build_workbook
from core.results.export.provenance import Method
from core.results.export.report.document import ReportOptions
from core.results.export.zip_archives import Progress, build_csv_zip, build_parquet_zip
from core.results.pictures.exif_upright import Upright
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.tables.cache import ResultsCache
from core.results.tables.run_choice import ATTEMPTS
from core.settings import Settings
from scripts.drill.dashboard import drill_engine


def _workbook(chosen: Selection, method: Method, made: str, report: Progress) -> bytes:
    """As the others are called; its pictures are not there."""
    return build_workbook(chosen, method, _gone, ReportOptions(made), report)


def _gone(uri: str, *_: object) -> Upright:
    raise ObjectNotFound("There is no such object", where=uri)


BUILDERS = (build_parquet_zip, build_csv_zip, _workbook, build_bigquery_zip)


def main(what: str, prefix: str) -> None:
    """Until it is killed."""
    settings = Settings.from_env()
    hub = Hub(settings, drill_engine(settings))  # never started: it only reads
    folder = Path(os.environ["DRILL_FOLDER"])
    cache = ResultsCache(settings.home / "results-cache")
    while True:
        if what == "cache":
            shutil.rmtree(cache.home(prefix), ignore_errors=True)  # so that it is written again
            (folder / "cache.begun").touch()
        loaded = cache.load(hub.buckets, prefix, ATTEMPTS)
        if what == "export":
            (folder / "export.begun").touch()
            chosen = Selection(Store(loaded), Filters())
            for build in BUILDERS:
                data = build(chosen, Method("Drill", prefix), "today", lambda *_: None)
                (folder / f"{build.__name__}.file").write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
