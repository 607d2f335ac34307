"""The pictures that pass, ready for BigQuery: one row a picture, its annotations nested in it.

The archive holds newline-delimited JSON, the table's schema, and two ways to load it: the ``bq``
command and Google's Python client.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from core.results.columns.palettes import to_hex
from core.results.export.provenance import Method
from core.results.export.sheets import about
from core.results.query.selection import Selection
from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import LIKELIHOODS

Progress = Callable[[int, int], None]
Field = dict[str, Any]
ROWS_FILE, SCHEMA_FILE = "annotations.ndjson", "schema.json"
TABLE = "contact_sheet.annotations"
BLOCK = 2_000  # pictures in memory as Python objects at once
SINGLE = ("safe_search", "texts")  # at most one row a picture: a record and not a list
LOADER = Path(__file__).parent / "templates" / "load_bigquery.py.txt"

# cloud.google.com/bigquery/docs/reference/bq-cli-reference#bq_load
COMMAND = (
    "bq load --source_format=NEWLINE_DELIMITED_JSON "
    f"{TABLE} ./{ROWS_FILE} ./{SCHEMA_FILE}"
)  # fmt: skip
NOTE = f"""\
With the bq command (Google Cloud CLI), in the folder where this archive was unpacked:

    bq mk --dataset contact_sheet     # once
    {COMMAND}

A second load adds rows; `bq load --replace` takes their place. A very large file goes to a bucket
first (gcloud storage cp {ROWS_FILE} gs://BUCKET/); then name its gs:// address in the command.

With Python:

    pip install google-cloud-bigquery
    python load_bigquery.py PROJECT.contact_sheet.annotations

Labels by frequency, for a start:

    SELECT l.label, COUNT(*) AS pictures
    FROM {TABLE}, UNNEST(labels) AS l
    GROUP BY 1 ORDER BY 2 DESC
"""  # noqa: S608 - an example for people, of our own names


def schema() -> list[Field]:
    """The table's columns as BigQuery's JSON schema: one row a picture, one record a feature."""
    first = [_field(field) for field in SCHEMAS["pictures"] if field.name != "picture"]
    first[0]["mode"] = "REQUIRED"
    return [
        *first,
        *(
            {
                "name": name,
                "type": "RECORD",
                "mode": "NULLABLE" if name in SINGLE else "REPEATED",
                "fields": [_field(field) for field in fields if field.name != "picture"],
            }
            for name, fields in SCHEMAS.items()
            if name != "pictures"
        ),
    ]


def _field(field: pa.Field) -> Field:
    listed = pa.types.is_list(field.type)
    mode = "REPEATED" if listed else "NULLABLE"
    return {"name": field.name, "type": _type(field), "mode": mode}


def _type(field: pa.Field) -> str:
    kind = field.type.value_type if pa.types.is_list(field.type) else field.type
    if field.name == "color" or kind == pa.uint8() or pa.types.is_dictionary(kind):
        return "STRING"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "INTEGER"
    return "FLOAT" if pa.types.is_floating(kind) else "STRING"


def rows(chosen: Selection) -> Iterator[dict[str, Any]]:
    """One dict a picture, as ``schema`` describes it. Likelihoods by name, colours "#rrggbb"."""
    tables = {name: chosen.rows(name) for name in SCHEMAS}
    starts = {name: np.asarray(table["picture"]) for name, table in tables.items()}
    for first in range(0, len(chosen.ids), BLOCK):
        ids = chosen.ids[first : first + BLOCK]
        block: dict[int, dict[str, Any]] = {picture: {} for picture in ids}
        for name, table in tables.items():
            low, high = np.searchsorted(starts[name], [ids[0], ids[-1] + 1])
            _put(block, name, table.slice(int(low), int(high - low)))
        yield from block.values()


def _put(block: dict[int, dict[str, Any]], name: str, table: pa.Table) -> None:
    """Add a table's rows to their pictures."""
    for values in table.to_pylist():
        row = block[values.pop("picture")]
        for field in SCHEMAS[name]:
            if field.type == pa.uint8():
                values[field.name] = LIKELIHOODS[values[field.name]]
            elif field.name == "color":
                values["color"] = to_hex(values["color"])
            elif field.type == pa.float32() and values[field.name] is not None:
                # The shortest decimal that is the same 32-bit number.
                values[field.name] = float(str(np.float32(values[field.name])))
        if name == "pictures":
            row.update(values)
        elif name in SINGLE:
            row[name] = values
        else:
            row.setdefault(name, []).append(values)


def build_bigquery_zip(chosen: Selection, method: Method, made: str, progress: Progress) -> bytes:
    """Rows, schema, ``load.sh``, ``load_bigquery.py`` and ``about.txt``.

    Args:
        made: date and time, for people.
        progress: called with (pictures done, all pictures).
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(ROWS_FILE, "w", force_zip64=True) as file:
            for done, row in enumerate(rows(chosen)):
                if done % BLOCK == 0:
                    progress(done, len(chosen.ids))
                file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        archive.writestr(SCHEMA_FILE, json.dumps(schema(), indent=2))
        archive.writestr("load.sh", f"#!/bin/sh\nset -eu\n{COMMAND}\n")
        archive.writestr("load_bigquery.py", LOADER.read_text(encoding="utf-8"))
        pairs = about(chosen, method, made)
        about_text = "\n".join([*(f"{name}: {text}" for name, text in pairs), "", NOTE])
        archive.writestr("about.txt", about_text)
    return out.getvalue()
