"""The pictures that pass, as ZIP files of CSV or of Parquet tables."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.results.export.provenance import Method
from core.results.export.sheets import about, is_formula, sheet_blocks, sheet_names
from core.results.query.selection import Selection
from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import LIKELIHOODS

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

CSV_NOTE = """\
One file a table, UTF-8 with a byte order mark (so that Excel reads it right), commas, quotes.
A text that a spreadsheet program could take for a formula has an apostrophe before it: for exact
values use the Parquet export.
"""
PARQUET_NOTE = f"""\
One file a table, every table also without rows, exact values, zstd.

picture     ties the tables together: the row of pictures.parquet, counted in the whole job.
likelihoods are numbers: {", ".join(f"{n} {name}" for n, name in enumerate(LIKELIHOODS))}.
color       is 0xRRGGBB.
polygon     is x0, y0, x1, y1, ... in pixels of the file as stored; in 0..1 where "normalized".
error_code  is a google.rpc.Code; 0 for a picture without error.
"""


def build_csv_zip(chosen: Selection, method: Method, made: str, progress: Progress) -> bytes:
    """CSV files with formulas made harmless, and ``about.txt``.

    Args:
        made: date and time, for people.
        progress: called with (tables done, all tables).
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        names = sheet_names(chosen)
        for done, name in enumerate(names):
            progress(done, len(names))
            with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
                for n, frame in enumerate(sheet_blocks(chosen, name)):
                    file.write(csv_of(frame) if n == 0 else csv_of(frame, header=False))
        archive.writestr("about.txt", _about(chosen, method, made, CSV_NOTE))
    return out.getvalue()


def build_parquet_zip(chosen: Selection, method: Method, made: str, progress: Progress) -> bytes:
    """Parquet files with the schemas of ``schemas.SCHEMAS``, and ``about.txt``."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for done, name in enumerate(SCHEMAS):
            progress(done, len(SCHEMAS))
            part = io.BytesIO()
            pq.write_table(chosen.rows(name), part, compression="zstd")
            archive.writestr(f"{name}.parquet", part.getvalue())
        archive.writestr("about.txt", _about(chosen, method, made, PARQUET_NOTE))
    return out.getvalue()


def csv_of(frame: pd.DataFrame, *, header: bool = True) -> bytes:
    """A dataframe as CSV with formulas made harmless; the frame itself stays as it is.

    Args:
        header: with the columns' names; without them it goes on after another part.
    """
    from pandas.api.types import is_numeric_dtype

    # Columns of texts come as str, object or category; truths and numbers are no formulas.
    texts = [name for name in frame.columns if not is_numeric_dtype(frame[name].dtype)]
    safe = {name: frame[name].astype(object).map(harmless, na_action="ignore") for name in texts}
    text = frame.assign(**safe).to_csv(
        index=False, header=header, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n"
    )
    return text.encode("utf-8-sig" if header else "utf-8")


def harmless(text: str) -> str:
    """Text that no spreadsheet program takes for a formula."""
    return f"'{text}" if isinstance(text, str) and is_formula(text) else text


def _about(chosen: Selection, method: Method, made: str, note: str) -> str:
    pairs = about(chosen, method, made)
    return "\n".join([*(f"{name}: {text}" for name, text in pairs), "", note])
