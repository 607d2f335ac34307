"""The BigQuery export, loaded by Google's own client into an emulator and queried there.

Opt-in, see ``scripts/bigquery_emulator.sh``: the emulator wants an environment of its own. It shows
that schema, rows and client call fit together; it cannot show what Google's own service accepts.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.results.export.bigquery import build_bigquery_zip
from core.results.export.provenance import Method
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from tests.kit.waiting import wait_until

GIVEN = os.environ.get("CONTACT_SHEET_TEST_BQEMULATOR", "")
HOME = Path(GIVEN).resolve()
pytestmark = pytest.mark.skipif(not GIVEN, reason="needs CONTACT_SHEET_TEST_BQEMULATOR")
CLIENT = """
import sys
import load_bigquery
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
client = bigquery.Client("p", credentials=AnonymousCredentials(),
                         client_options={"api_endpoint": sys.argv[1]})
print(load_bigquery.load(client, "p.contact_sheet.annotations"))
for sql in sys.argv[2:]:
    print([tuple(row.values()) for row in client.query(sql).result()])
"""
LABELS = (
    "SELECT l.label, COUNT(*) AS pictures FROM contact_sheet.annotations, UNNEST(labels) AS l "
    "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"
)
SAFE = "SELECT COUNT(*) FROM contact_sheet.annotations WHERE safe_search.adult = 'VERY_LIKELY'"
BOXES = (
    "SELECT COUNT(*), SUM(ARRAY_LENGTH(o.polygon)) FROM contact_sheet.annotations, "
    "UNNEST(objects) AS o"
)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """An emulator of its own, on a free port of loopback."""
    rest, grpc = _free_port(), _free_port()
    command = [f"{HOME}/bin/bqemulator", "start", "--rest-port", str(rest)]
    with (tmp_path / "emulator.log").open("w") as log:
        emulator = subprocess.Popen(
            [*command, "--grpc-port", str(grpc)], stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        wait_until(lambda: _answers(rest), "the emulator answers", 60)
        yield f"http://127.0.0.1:{rest}"
    finally:
        emulator.terminate()
        emulator.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_archive_loads_and_answers_questions(store: Store, endpoint: str, tmp_path: Path) -> None:
    chosen = Selection(store, Filters())
    data = build_bigquery_zip(chosen, Method("Job", "gs://b/"), "today", lambda *_: None)
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path)
    done = subprocess.run(
        [f"{HOME}/bin/python", "-c", CLIENT, endpoint, LABELS, SAFE, BOXES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows, labels, safe, boxes = done.stdout.splitlines()
    assert int(rows) == store.tables.pictures
    frame = store.labels(Filters(), 5)
    assert labels == str(list(frame[["label", "pictures"]].itertuples(index=False, name=None)))
    levels = store.safe_search(Filters()).set_index(["category", "likelihood"])["pictures"]
    assert safe == str([(int(levels["adult", "VERY_LIKELY"]),)])
    polygons = chosen.rows("objects")["polygon"].to_pylist()
    assert boxes == str([(len(polygons), sum(map(len, polygons)))])
