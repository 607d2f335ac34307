"""Exports hold what passes the filters, exact where promised, and nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import numpy as np
import openpyxl  # type: ignore[import-untyped]  # ships no stubs
import pandas as pd
import pyarrow.parquet as pq
import pytest
from google.cloud import vision

from core.results.export import bigquery, excel, zip_archives
from core.results.export.provenance import Method
from core.results.export.report.charts import panels
from core.results.export.report.document import ReportOptions
from core.results.export.sheets import (
    FORMULA_SIGNS,
    MOST_RELATED,
    is_formula,
    row_count,
    sheet,
    sheet_blocks,
    sheet_names,
)
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.tables.schemas import SCHEMAS
from core.results.vocabulary import LIKELIHOODS
from tests.kit.results.labelled import labelled as labelled_store
from tests.kit.results.reports import gone, picture, silent
from tests.kit.results.shards import failed, labelled, response, store_of

METHOD = Method("=Holiday", "gs://b/job/", asked=(("Backend", "+evil"),))
ATTACKS = [f'{sign}cmd|"/C calc"!A0' for sign in FORMULA_SIGNS]


def workbook(chosen: Selection, options: ReportOptions | None = None) -> bytes:
    options = options or ReportOptions("today")
    return excel.build_workbook(chosen, METHOD, picture, options, silent)


def unzipped(data: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def table_of(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.fixture
def hostile() -> Store:
    return store_of(
        labelled("gs://b/a.jpg", *ATTACKS),
        failed("gs://b/b.jpg", message="=HYPERLINK(1)"),
        response("gs://b/c.jpg", text_annotations=[{"description": "@SUM(A1)\nrest \x01 \x00"}]),
    )


def test_selection_of_everything_is_the_tables_themselves(store: Store) -> None:
    chosen = Selection(store, Filters())
    for name in SCHEMAS:
        assert chosen.rows(name).equals(store.tables[name])


def test_selection_narrows_every_table_and_cuts_scores(store: Store) -> None:
    filters = Filters(labels=("Dog",), score=0.8)
    chosen = Selection(store, filters)
    assert chosen.ids == store.ids(filters)
    assert 0 < len(chosen.ids) < store.tables.pictures
    for name in SCHEMAS:
        rows = chosen.rows(name)
        assert rows.schema.equals(SCHEMAS[name])
        assert set(rows["picture"].to_pylist()) <= set(chosen.ids)
    scores = chosen.rows("labels")["score"].to_numpy()
    assert scores.min() >= np.float32(0.8)
    # The same pictures and labels as the charts count.
    counted = dict(store.labels(filters, 10_000, without=None)[["label", "pictures"]].to_numpy())
    names = chosen.rows("labels")["label"].to_pylist()
    assert {name: names.count(name) for name in set(names)} == counted


def test_score_itself_passes_its_cutoff() -> None:
    store = store_of(labelled("gs://b/a.jpg", "Cat", score=0.7))
    assert Selection(store, Filters(score=0.7)).rows("labels").num_rows == 1


def test_parquet_is_exact_and_whole(store: Store) -> None:
    chosen = Selection(store, Filters(status="ok"))
    files = unzipped(zip_archives.build_parquet_zip(chosen, METHOD, "today", silent))
    for name, schema in SCHEMAS.items():
        table = pq.read_table(io.BytesIO(files[f"{name}.parquet"]))
        assert table.schema.equals(schema)
        assert table.equals(chosen.rows(name))
    assert b"gs://b/job/" in files["about.txt"]


def test_parquet_of_nothing_still_has_every_table() -> None:
    chosen = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters(labels=("Dog",)))
    files = unzipped(zip_archives.build_parquet_zip(chosen, METHOD, "today", silent))
    assert {f"{name}.parquet" for name in SCHEMAS} <= set(files)
    assert pq.read_table(io.BytesIO(files["labels.parquet"])).num_rows == 0


def test_csv_has_no_formula_and_loses_no_text(hostile: Store) -> None:
    chosen = Selection(hostile, Filters())
    files = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    tables = {"pictures.csv", "labels.csv", "texts.csv", "label_co_occurrence.csv"}
    assert set(files) == {*tables, "about.txt"}
    for name in tables:
        for row in table_of(files[name]):
            assert not any(is_formula(cell) for cell in row.values()), row
    labels = [row["label"] for row in table_of(files["labels.csv"])]
    assert labels == [f"'{attack}" for attack in ATTACKS]
    assert table_of(files["labels.csv"])[0]["uri"] == "gs://b/a.jpg"
    messages = [row["error_message"] for row in table_of(files["pictures.csv"])]
    assert messages == ["", "'=HYPERLINK(1)", ""]


def test_csv_says_words_instead_of_codes(store: Store) -> None:
    files = unzipped(
        zip_archives.build_csv_zip(Selection(store, Filters()), METHOD, "today", silent)
    )
    safe = table_of(files["safe_search.csv"])
    assert len(safe) == store.tables["safe_search"].num_rows
    assert {row["adult"] for row in safe} <= set(LIKELIHOODS)
    colors = table_of(files["colors.csv"])
    assert all(len(row["color"]) == 7 and row["color"][0] == "#" for row in colors)
    polygon = table_of(files["objects.csv"])[0]["polygon"].split()
    assert len(polygon) == 4 and all(len(pair.split(",")) == 2 for pair in polygon)


def test_workbook_reads_back_without_formulas(hostile: Store) -> None:
    data = workbook(Selection(hostile, Filters()))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == [
        "Summary", "Charts", "About", "pictures", "labels", "texts", "label_co_occurrence"
    ]  # fmt: skip
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert not any(cell.hyperlink for cell in cells)
    labels = [row[4] for row in book["labels"].iter_rows(min_row=2)]
    wanted = [attack.replace("\r", "\n") for attack in ATTACKS]
    assert [cell.value.replace("\r", "\n").replace("_x000D_", "\n") for cell in labels] == wanted
    # Excel leaves such a text alone even when its cell is edited.
    assert all(cell.quotePrefix for cell in labels)


def test_workbook_numbers_are_numbers_and_long_text_is_cut() -> None:
    store = store_of(
        labelled("gs://b/a.jpg", "Cat"),
        response("gs://b/b.jpg", text_annotations=[{"description": "x" * 40_000}]),
    )
    data = workbook(Selection(store, Filters()))
    book = openpyxl.load_workbook(io.BytesIO(data))
    header, row = list(book["labels"].iter_rows(values_only=True))
    assert dict(zip(header, row, strict=True)) == {
        "picture": 0, "uri": "gs://b/a.jpg", "name": "a.jpg", "folder": "gs://b",
        "label": "Cat", "score": 0.75,
    }  # fmt: skip
    assert len(book["texts"]["E2"].value) == 32_767


def test_scores_have_no_binary_noise() -> None:
    chosen = Selection(store_of(labelled("gs://b/a.jpg", "Cat", score=0.9)), Filters())
    assert sheet(chosen, "labels")["score"].tolist() == [0.9]


def test_bigquery_rows_fit_their_schema(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery, "BLOCK", 64)  # several blocks
    chosen = Selection(store, Filters(status="ok"))
    files = unzipped(bigquery.build_bigquery_zip(chosen, METHOD, "today", silent))
    fields = json.loads(files["schema.json"])
    assert fields == bigquery.schema()
    rows = [json.loads(line) for line in files["annotations.ndjson"].splitlines()]
    assert [row["uri"] for row in rows] == list(store.pictures(chosen.filters)["uri"])
    for row in rows:
        _check(row, fields)
    for name in set(SCHEMAS) - {"pictures", *bigquery.SINGLE}:
        assert sum(len(row.get(name, [])) for row in rows) == chosen.rows(name).num_rows
    assert sum("texts" in row for row in rows) == chosen.rows("texts").num_rows
    assert bigquery.COMMAND in files["load.sh"].decode()


def _check(row: dict[str, Any], fields: list[dict[str, Any]]) -> None:
    """As BigQuery checks: no unknown name, and each value of its type and mode."""
    kinds = {"STRING": str, "INTEGER": int, "FLOAT": (int, float), "BOOLEAN": bool, "RECORD": dict}
    by_name = {field["name"]: field for field in fields}
    assert set(row) <= set(by_name)
    for name, value in row.items():
        field = by_name[name]
        items = value if field["mode"] == "REPEATED" else [value]
        assert isinstance(items, list)
        for item in items:
            if item is None:
                assert field["mode"] == "NULLABLE"
                continue
            assert isinstance(item, kinds[field["type"]]), (name, item)  # type: ignore[arg-type]
            if field["type"] == "RECORD":
                _check(item, field["fields"])


def test_bigquery_of_no_pictures_is_an_empty_file() -> None:
    chosen = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters(labels=("Dog",)))
    files = unzipped(bigquery.build_bigquery_zip(chosen, METHOD, "today", silent))
    assert files["annotations.ndjson"] == b""


def test_bigquery_numbers_are_the_shortest_of_their_kind() -> None:
    face = vision.FaceAnnotation(detection_confidence=0.9, joy_likelihood=5)
    chosen = Selection(store_of(response(face_annotations=[face])), Filters())
    (row,) = bigquery.rows(chosen)
    assert row["faces"][0]["score"] == 0.9
    assert row["faces"][0]["joy"] == "VERY_LIKELY"


def test_likelihoods_that_nobody_judged_are_left_out_of_sheets_and_named_with_the_reason() -> None:
    face = vision.FaceAnnotation(detection_confidence=0.9, blurred_likelihood=2)
    safe = vision.SafeSearchAnnotation(adult=1)
    answer = response(face_annotations=[face], safe_search_annotation=safe)
    chosen = Selection(store_of(answer), Filters())
    faces, searched = sheet(chosen, "faces"), sheet(chosen, "safe_search")
    unknown = {"joy", "sorrow", "anger", "surprise", "under_exposed", "headwear"}
    assert not unknown & set(faces) and list(faces["blurred"]) == ["UNLIKELY"]
    assert list(searched) == ["picture", "uri", "name", "folder", "adult"]
    files = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    about = files["about.txt"].decode()
    assert "UNKNOWN throughout: joy, sorrow, anger, surprise" in about and "2027-01-14" in about
    assert "UNKNOWN throughout: spoof, medical, violence, racy." in about
    assert b"joy" not in files["faces.csv"]
    # What one face alone was judged for stays for all.
    smiling = vision.FaceAnnotation(detection_confidence=0.9, joy_likelihood=5)
    both = Selection(store_of(response(face_annotations=[face, smiling])), Filters())
    assert list(sheet(both, "faces")["joy"]) == ["UNKNOWN", "VERY_LIKELY"]
    traits = set(both.store.face_traits(Filters())["trait"])
    assert traits == {"joy", "blurred"}
    (panel,) = [one for one in panels(both.store, Filters()) if one.key == "traits"]
    assert "sorrow" in panel.note and "joy" not in panel.note.split(".")[0]
    nobody = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters())
    assert nobody.store.unjudged("faces") == ()


def test_about_tells_the_filter_in_words() -> None:
    chosen = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters(labels=("Cat",)))
    files = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    assert "Filter: Label Cat" in files["about.txt"].decode()


def test_csv_of_a_frame_guards_texts_of_every_kind_and_leaves_the_frame() -> None:
    texts = ["=1+1", "@x", "plain"]
    frame = pd.DataFrame(
        {
            "text": texts,
            "coded": pd.Categorical(texts),
            "mixed": pd.Series(["=1+1", 2, None], dtype=object),
            "number": [-1, 2, 3],
        }
    )
    rows = table_of(zip_archives.csv_of(frame))
    assert [list(row.values()) for row in rows] == [
        ["'=1+1", "'=1+1", "'=1+1", "-1"],
        ["'@x", "'@x", "2", "2"],
        ["plain", "plain", "", "3"],
    ]
    assert frame["text"].tolist() == texts


@pytest.mark.slow
def test_relations_are_a_sheet_of_their_own(store: Store) -> None:
    filters = Filters(labels=("Dog",), score=0.6)
    chosen = Selection(store, filters)
    files = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    rows = table_of(files["label_co_occurrence.csv"])
    frame = store.co_occurrence(filters, MOST_RELATED, without=None)
    assert list(rows[0]) == list(frame.columns)
    assert [(row["label"], row["other"]) for row in rows] == list(
        zip(frame["label"], frame["other"], strict=True)
    )
    assert [int(row["pictures"]) for row in rows] == frame["pictures"].tolist()
    book = openpyxl.load_workbook(io.BytesIO(workbook(chosen)))
    assert book["label_co_occurrence"].max_row == len(frame) + 1
    alone = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters())
    assert "label_co_occurrence" not in sheet_names(alone)


OWN = {"gs://b/p0.jpg": "Ferien/=1+1 é.jpg", "gs://b/p1.jpg": "@work/photo.jpg"}


def test_every_export_has_the_users_names_and_folders() -> None:
    store = labelled_store([["Cat"], ["Dog"]], called=OWN)
    chosen = Selection(store, Filters())
    folders, names = zip(*(path.split("/") for path in OWN.values()), strict=True)
    packed = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    for table in ("pictures.csv", "labels.csv"):
        rows = table_of(packed[table])
        assert [(row["folder"], row["name"]) for row in rows] == [
            ("Ferien", "'=1+1 é.jpg"), ("'@work", "photo.jpg")
        ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(workbook(chosen)))
    for page in ("pictures", "labels"):
        head, *cells = book[page].iter_rows(values_only=True)
        assert [cell[head.index("name")] for cell in cells] == list(names)
        assert [cell[head.index("folder")] for cell in cells] == list(folders)
    packed = unzipped(zip_archives.build_parquet_zip(chosen, METHOD, "today", silent))
    table = pq.read_table(io.BytesIO(packed["pictures.parquet"]))
    assert (table["name"].to_pylist(), table["folder"].to_pylist()) == (list(names), list(folders))
    rows = list(bigquery.rows(chosen))
    assert [(row["folder"], row["name"]) for row in rows] == list(zip(folders, names, strict=True))


def test_a_products_own_name_stands_beside_the_pictures() -> None:
    product = {"name": "projects/p/products/7", "display_name": "Shoe"}
    answer = response("gs://b/a.jpg", product_search_results={"results": [{"product": product}]})
    frame = sheet(Selection(store_of(answer), Filters()), "products")
    row = frame.iloc[0]
    assert (row["name"], row["product"]) == ("a.jpg", "Shoe")
    assert row["product_name"] == "projects/p/products/7"


@pytest.mark.slow
def test_a_workbook_opens_on_a_summary_with_native_charts_and_thumbnails(store: Store) -> None:
    chosen = Selection(store, Filters())
    options = ReportOptions("today", title="Spring", author="Ada", audience="the board", note="Hi")
    data = workbook(chosen, options)
    book = openpyxl.load_workbook(io.BytesIO(data))
    summary = book["Summary"]
    assert book.active == summary
    said = [str(cell.value) for row in summary.iter_rows() for cell in row if cell.value]
    assert said[:3] == ["Spring", "Ada · for the board", "Made today"] and "Hi" in said
    assert len(summary._images) == 12
    assert all(image.ref.getbuffer()[:2] == b"\xff\xd8" for image in summary._images)
    drawn = [panel for panel in panels(store, Filters()) if panel.form != "strips"]
    assert len(summary._charts) == len(drawn)
    # Each chart reads the numbers that its table on the next sheet has, and those are the store's.
    labels = next(chart for chart in summary._charts if "All labels" in _title(chart))
    values = _cells(book, labels.series[0].val.numRef.f)
    names = _cells(book, labels.series[0].cat.numRef.f if labels.series[0].cat.numRef else
                   labels.series[0].cat.strRef.f)  # fmt: skip
    frame = store.labels(Filters(), 20, without=None)
    assert names == frame["label"].tolist() and values == frame["pictures"].tolist()


def _title(chart: Any) -> str:
    return "".join(run.t for part in chart.title.tx.rich.p for run in part.r or ())


def _cells(book: Any, reference: str) -> list[Any]:
    page, _, area = reference.replace("$", "").partition("!")
    return [row[0].value for row in book[page.strip("'")][area]]


def test_a_workbook_without_readable_pictures_says_so() -> None:
    chosen = Selection(store_of(labelled("gs://b/a.jpg", "Cat")), Filters())
    data = excel.build_workbook(chosen, METHOD, gone, ReportOptions("today"), silent)
    summary = openpyxl.load_workbook(io.BytesIO(data))["Summary"]
    assert not summary._images
    assert any(cell.value == "No picture" for row in summary.iter_rows() for cell in row)


def test_a_long_table_is_cut_in_the_workbook_with_words_and_whole_in_csv(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(excel, "MAX_ROWS", 5)
    chosen = Selection(store_of(*(labelled(f"gs://b/{n}.jpg", "Cat") for n in range(8))), Filters())
    book = openpyxl.load_workbook(io.BytesIO(workbook(chosen)))
    assert book["labels"].max_row == 6
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about["labels"].startswith("The first 5 of 8 rows")
    files = unzipped(zip_archives.build_csv_zip(chosen, METHOD, "today", silent))
    assert len(table_of(files["labels.csv"])) == 8


@pytest.mark.parametrize("name", ["pictures", "labels", "texts", "colors"])
def test_blocks_of_a_sheet_are_the_sheet(store: Store, name: str) -> None:
    chosen = Selection(store, Filters(status="ok", score=0.5))
    assert chosen.count(name) == chosen.rows(name).num_rows
    blocks = list(sheet_blocks(chosen, name, rows=37))
    joined = pd.concat(blocks, ignore_index=True)
    pd.testing.assert_frame_equal(joined, sheet(chosen, name), check_dtype=False)
    assert len(joined) == row_count(chosen, name) and max(map(len, blocks)) <= 37
    text = b"".join(zip_archives.csv_of(part, header=n == 0) for n, part in enumerate(blocks))
    assert text == zip_archives.csv_of(joined)
