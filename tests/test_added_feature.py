"""A feature that Vision may add one day: three files, and everything else follows.

CONTRIBUTING says which; here they are written into a copy of ``core``, which then reads a shard
with the made-up answer and prices a batch that asks for it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE = """
from core.results.features.feature import CODE, POLYGON, REAL, Counted, Feature, Table
from core.results.messages import Message, Poly


class Barcode(Message):
    text: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None


FEATURE = Feature(
    "barcodes",
    fields=("barcode_annotations",),
    tables={"barcodes": Table({"barcode": (CODE, "text"), "score": (REAL, "score"), **POLYGON})},
    counted={"barcodes": Counted("barcodes", "barcode", "score")},
)
"""
ENTRY = """    FeatureInfo(
        name="BARCODE_DETECTION",
        title="Barcodes",
        sentence="Reads barcodes.",
        icon=":material/barcode:",
        prices=_usd(2.00, 1.00),
    ),
"""
USE = """
import json, sys, zipfile
from pathlib import Path
from core.jobs.batch.request import BatchRequest
from core.jobs.billing.prices import PRICES
from core.results.export import bigquery, sheets
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.shards.shard_files import ShardFile
from core.results.tables import tables
from core.results.tables.joining import feature_of

poly = {"vertices": [{}, {"x": 9}, {"x": 9, "y": 5}]}
codes = [[("4006381333931", 0.9), ("X-1", 0.8)], [("X-1", 0.5)], []]
shard = json.dumps({"responses": [
    {
        "context": {"uri": f"gs://b/{n}.jpg"},
        "barcodeAnnotations": [{"text": t, "score": s, "boundingPoly": poly} for t, s in row],
    }
    for n, row in enumerate(codes)
]}).encode()
store = Store(tables.build([(ShardFile("gs://b/output-1-to-3.json", 1, 3), shard)]))
counts = store.counts("barcodes", Filters(), without=None)
sheet = sheets.sheet(Selection(store, Filters()), "barcodes")
print(json.dumps({
    "faults": [str(fault) for fault in store.tables.faults],
    "table": store.tables["barcodes"].to_pydict(),
    "counts": dict(zip(counts["name"].tolist(), counts["pictures"].tolist())),
    "pictures": store.features(Filters())["barcodes"],
    "joined as": feature_of("barcodes"),
    "sheet": sheet["barcode"].tolist(),
    "bigquery": [field["name"] for field in bigquery.schema() if field["type"] == "RECORD"][-1],
    "usd": PRICES.cost(BatchRequest(("BARCODE_DETECTION",)).features, 2_000).usd,
}))
"""


def _insert(path: Path, before: str, text: str) -> None:
    """One line or entry more, ahead of the first place where some text stands."""
    content = path.read_text()
    assert before in content, f"{path.name} has no {before!r}"
    path.write_text(content.replace(before, text + before, 1))


def test_a_feature_is_added_in_three_files(tmp_path: Path) -> None:
    core = tmp_path / "core"
    shutil.copytree(ROOT / "core", core, ignore=shutil.ignore_patterns("__pycache__"))

    _insert(core / "jobs/batch/features.py", ")\n\nFEATURES: Mapping", ENTRY)
    (core / "results/features/barcodes.py").write_text(MODULE)
    features = core / "results/features/__init__.py"
    _insert(features, "    crop_hints,\n", "    barcodes,\n")
    _insert(features, ")\n\n\nclass Response", "    barcodes.FEATURE,\n")
    features.write_text(
        features.read_text() + "    barcode_annotations: list[barcodes.Barcode] = []\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert not run.returncode, run.stderr
    answer = json.loads(run.stdout)
    assert answer["faults"] == []
    assert answer["table"]["picture"] == [0, 0, 1]
    assert answer["table"]["barcode"] == ["4006381333931", "X-1", "X-1"]
    assert answer["table"]["polygon"] == [[0, 0, 9, 0, 9, 5]] * 3
    assert answer["counts"] == {"X-1": 2, "4006381333931": 1}
    assert answer["pictures"] == 2
    assert answer["joined as"] == "barcodes"
    assert answer["sheet"] == ["4006381333931", "X-1", "X-1"]
    assert answer["bigquery"] == "barcodes"
    assert answer["usd"] == 2.0  # the first 1,000 are free
