"""Untrusted shards through everything that shows them: nothing crashes, nothing becomes markup."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # ships no stubs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.buckets import Buckets
from core.errors import BadObjectName, BadShard
from core.results.charts.catalogue import CHARTS
from core.results.compare.comparison import compare
from core.results.export import bigquery, excel, zip_archives
from core.results.export.provenance import Method
from core.results.export.report.document import ReportOptions
from core.results.export.report.html import TEMPLATES, build_report
from core.results.pictures.exif_upright import Upright
from core.results.pictures.file_pages import FilePages
from core.results.pictures.overlays import draw
from core.results.pictures.thumbnails import Thumbnails
from core.results.query.filters import Filters
from core.results.query.selection import Selection
from core.results.query.store import Store
from core.results.shards.decoding import decode_shard, face_detail, raw_response, tally
from core.results.shards.limits import read_picture
from core.results.tables import tables
from core.results.tables.schemas import SCHEMAS
from core.results.theme import escape_plotly
from tests.kit.hostile import BOUNDED, PATHS, TEXTS, response_of, shards, surrogates, texts
from tests.kit.results.shards import shard_file

pytestmark = pytest.mark.slow

FILE = shard_file(1, 4)
MANY = settings(BOUNDED, max_examples=80)
FEW = settings(BOUNDED, max_examples=8)  # where one takes half a second


def silent(_count: int, _total: int) -> None:
    return None


def picture(*_: object) -> Upright:
    return Upright(Image.new("RGB", (50, 33), "teal"), (60, 40), 1)


def store_of_bytes(data: bytes) -> Store:
    return Store(tables.build([(FILE, data)]))


def store_of_texts(*texts: str) -> Store:
    """A store with each text in every place that takes one."""
    answers: list[dict[str, Any]] = [response_of(text, f"gs://b/{text}") for text in texts]
    answers += [{"context": {"uri": text}, "error": {"code": 3, "message": text}} for text in texts]
    return store_of_bytes(json.dumps({"responses": answers}).encode("utf-8", "surrogatepass"))


def all_figures(store: Store, now: Filters) -> list[Any]:
    return [chart.figure(chart.ask(store, now, None), "light") for chart in CHARTS]


# --- shards ---------------------------------------------------------------------------------------


@MANY
@given(shards())
def test_any_bytes_become_tables_or_a_fault(data: bytes) -> None:
    results = tables.build([(FILE, data)])
    assert {name: table.schema for name, table in results.by_name.items()} == dict(SCHEMAS)
    for table in results.by_name.values():
        table.validate(full=True)
    if not results.pictures:
        assert results.faults  # nothing is lost in silence
    try:
        counted = tally(data, FILE)
    except BadShard:
        assert not results.pictures
    else:
        assert counted.pictures == len(decode_shard(data, FILE.uri).responses)
        assert len(counted.errors) <= counted.pictures


@settings(BOUNDED, max_examples=20)
@given(shards())
def test_any_tables_can_be_asked_and_drawn(data: bytes) -> None:
    store = store_of_bytes(data)
    now = Filters()
    for figure in all_figures(store, now):
        json.loads(figure.to_json(), parse_constant=pytest.fail)  # no NaN reaches a browser
    frame = store.pictures(now)
    assert len(frame) == store.count(now) == len(store.ids(now)) == store.tables.pictures
    for one in store.annotations_of(store.ids(now)):
        assert draw(picture(), one)[:4] == b"\x89PNG"
        for look in (raw_response, face_detail):
            try:
                look(data, one.entry, FILE.uri)
            except BadShard as error:
                assert error.where == FILE.uri


@settings(BOUNDED, max_examples=15)
@given(shards(), shards())
def test_any_two_can_be_compared(left: bytes, right: bytes) -> None:
    comparison = compare(store_of_bytes(left).tables, store_of_bytes(right).tables)
    comparison.ranked()


@BOUNDED
@given(surrogates)
def test_lone_surrogates_are_replaced(text: str) -> None:
    data = json.dumps({"responses": [response_of(text)]}).encode()  # as \\ud800
    for name, table in store_of_bytes(data).tables.by_name.items():
        for column in table.itercolumns():
            if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
                "".join(one or "" for one in column.to_pylist()).encode()
        assert table.num_rows or name not in ("labels", "objects", "logos")


# --- figures --------------------------------------------------------------------------------------


def strings_in(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every string of a figure, and where it stands; what a click gives back is left out."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}", one) for key, one in value.items() if key != "customdata"]
    elif isinstance(value, list):
        pairs = [(path, one) for one in value]
    else:
        return [(path, value)] if isinstance(value, str) else []
    return [string for at, one in pairs for string in strings_in(one, at)]


OWN_TAGS = re.compile(r"</?b>|<br>|<extra></extra>|</?i>|</?span[^<>]*>")


@settings(BOUNDED, max_examples=12)
@given(texts)
@example("".join(TEXTS[:40]))
def test_figures_hold_no_markup_but_their_own(text: str) -> None:
    store = store_of_texts(text, "harmless")
    for figure in all_figures(store, Filters()):
        for path, string in strings_in(json.loads(figure.to_json())):
            assert not set(OWN_TAGS.sub("", string)) & set("<>"), (path, string)
            if "template" not in path and "font" not in path:
                assert "$" not in string, (path, string)  # TeX
            if "template" in path:
                assert text not in string or len(text) < 12, (path, string)


@BOUNDED
@given(texts, st.integers(2, 60))
def test_plain_text_of_a_figure_is_short_and_has_no_signs(text: str, limit: int) -> None:
    shown = escape_plotly(text, limit)
    assert not set(shown) & set("<>$\n\r\t\0\u202e")
    bare = shown
    for entity in ("&amp;", "&lt;", "&gt;", "&#36;"):
        bare = bare.replace(entity, "*")
    assert "&" not in bare and len(bare) <= limit


# --- the report -----------------------------------------------------------------------------------


class Skeleton(html.parser.HTMLParser):
    """What of a page is not text: tags with the names of their attributes, addresses, scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shapes: set[tuple[str, tuple[str, ...]]] = set()
        self.values: dict[str, set[str]] = {}
        self.scripts: list[str] = []
        self.comments: list[str] = []
        self._in_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes.add((tag, tuple(sorted(name for name, _ in attrs))))
        for name, value in attrs:
            self.values.setdefault(name, set()).add(value or "")
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def report_of(store: Store, text: str) -> tuple[str, Skeleton]:
    method = Method(text, text, url=f"http://127.0.0.1:1/?{text}", asked=((text, text),))
    options = ReportOptions("today", pictures=8, addresses=True, title=text, note=text)
    page = build_report(Selection(store, Filters()), method, picture, options, silent).decode()
    return page, Skeleton(page)


@cache
def harmless_report() -> Skeleton:
    """The same report without untrusted pictures, and without what empty texts leave out."""
    full = report_of(store_of_texts("cat", "dog"), "cat")[1]
    full.shapes |= report_of(store_of_texts("", "dog"), "")[1].shapes
    return full


@pytest.mark.parametrize("part", range(3))
def test_report_has_no_element_from_any_known_text(part: int) -> None:
    known = TEXTS[part::3]
    check_report(*report_of(store_of_texts(*known), "".join(known)[:20_000]))


@FEW
@given(texts)
def test_report_has_no_element_from_noise(text: str) -> None:
    check_report(*report_of(store_of_texts(text, "dog"), text))


def check_report(page: str, skeleton: Skeleton) -> None:
    assert skeleton.shapes <= harmless_report().shapes
    assert skeleton.comments == []
    data, *scripts = skeleton.scripts
    assert scripts == [(TEMPLATES / "report.js").read_text(encoding="utf-8")]
    assert set(json.loads(data)) == {"fields", "pictures", "nouns", "charts", "weights"}
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    sources = skeleton.values.get("src", ())
    assert all(src.startswith("data:image/jpeg;base64,") for src in sources if src)
    assert all(
        href.startswith(("http://127.0.0.1:1/", "data:,")) for href in skeleton.values["href"]
    )
    assert all(re.fullmatch(r"[-\w:#.;% ]*", style) for style in skeleton.values.get("style", ()))
    (policy,) = (one for one in skeleton.values["content"] if "default-src" in one)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert not any(name.startswith("on") for _, names in skeleton.shapes for name in names)


@FEW
@given(shards())
def test_report_of_any_shard_has_no_element_from_data(data: bytes) -> None:
    store = store_of_bytes(data)
    _, skeleton = report_of(store, "cat")
    tags = {tag for tag, _ in harmless_report().shapes} | {"noscript"}
    assert {tag for tag, _ in skeleton.shapes} <= tags | {
        "input",
        "button",
        "tfoot",
        "details",
        "i",
        "ul",
    }
    assert len(skeleton.scripts) == 2


# --- exports --------------------------------------------------------------------------------------


def unzipped(data: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert all(re.fullmatch(r"[a-z_]+\.[a-z]+", name) for name in archive.namelist())
    return {name: archive.read(name) for name in archive.namelist()}


UNSEEN = r"[\s\x00-\x20\u00a0\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]*"
FIRST_SIGN = re.compile(UNSEEN + "[=+@＝＋－＠-]")


def workbook(chosen: Selection, method: Method, made: str, progress: Any) -> bytes:
    return excel.build_workbook(chosen, method, picture, ReportOptions(made), progress)


def exported(make: Any, store: Store, text: str) -> bytes:
    data: bytes = make(Selection(store, Filters()), Method(text, text), "today", silent)
    return data


@FEW
@given(st.lists(texts, max_size=3))
@example([*TEXTS])
def test_csv_has_no_formula_and_keeps_the_text(strings: list[str]) -> None:
    data = exported(zip_archives.build_csv_zip, store_of_texts(*strings), "".join(strings))
    files = unzipped(data)
    cells: list[str] = []
    for name, data in files.items():
        if name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
            assert {len(row) for row in rows} == {len(rows[0])}, name
            _, *body = rows
            cells += [cell for row in body for cell in row]
            numeric = re.compile(r"-?[\d.]+(e[-+]?\d+)?|")
            for row in body:
                for cell in row:
                    assert not FIRST_SIGN.match(cell) or numeric.fullmatch(cell), (name, cell)
    assert {text.lstrip("'") for text in strings} <= {cell.lstrip("'") for cell in cells} | {""}


@FEW
@given(st.lists(texts, max_size=3))
@example([*TEXTS])
def test_workbook_opens_with_every_text_as_text(strings: list[str]) -> None:
    data = exported(workbook, store_of_texts(*strings), "".join(strings))
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "inlineStr"}  # and no "f"
    assert not any(cell.hyperlink for cell in cells)
    packed = zipfile.ZipFile(io.BytesIO(data))
    assert not [name for name in packed.namelist() if "external" in name or "vba" in name.lower()]
    for name in packed.namelist():
        if name.startswith("xl/worksheets/sheet"):
            assert b"<f>" not in packed.read(name)


@FEW
@given(shards())
def test_any_shard_can_be_exported(data: bytes) -> None:
    store = store_of_bytes(data)
    openpyxl.load_workbook(io.BytesIO(exported(workbook, store, "=x")))
    unzipped(exported(zip_archives.build_csv_zip, store, "=x"))
    for name, content in unzipped(exported(zip_archives.build_parquet_zip, store, "=x")).items():
        if name.endswith(".parquet"):
            assert pq.read_table(io.BytesIO(content)).num_rows == len(
                Selection(store, Filters()).rows(name.removesuffix(".parquet"))
            )
    packed = unzipped(exported(bigquery.build_bigquery_zip, store, "=x"))
    lines = packed["annotations.ndjson"].decode().split("\n")
    assert lines.pop() == ""
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]  # NaN is no JSON
    assert len(rows) == store.tables.pictures
    columns = {field["name"] for field in json.loads(packed["schema.json"])}
    assert all(set(row) <= columns for row in rows)


# --- addresses ------------------------------------------------------------------------------------

NOWHERE = ("gallery://web/../../etc/passwd", "gallery://web/cat.png", "file:///etc/passwd", *PATHS)


@pytest.mark.parametrize("uri", NOWHERE)
def test_an_address_outside_buckets_is_never_opened(uri: str, tmp_path: Path) -> None:
    """Results name pictures as they like. The engine's own gallery:// is a name, not a place."""
    buckets = Buckets(object())  # any request would be an AttributeError
    with pytest.raises(BadObjectName):
        read_picture(buckets, uri)
    with pytest.raises(BadObjectName):
        Thumbnails(tmp_path / "kept", lambda: buckets).jpeg(uri, 0, veiled=False)
    for page in (0, 1):
        with pytest.raises(BadObjectName):
            FilePages(tmp_path).copy(buckets, uri, page, 100)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_address_outside_buckets_is_text_in_a_report() -> None:
    chosen = Selection(store_of_texts(*NOWHERE), Filters())
    report = build_report(
        chosen, Method("Job", "gs://b/job/"), picture,
        ReportOptions("today", pictures=99, addresses=True), silent,
    ).decode()  # fmt: skip
    assert "gallery://web/cat.png" in report
    page = report[: report.index('<script type="application/json" id="data">')]
    attributes = re.findall(r"""(?:href|src)=["']?([^"'\s>]*)""", page)
    assert attributes
    assert all(value.startswith(("data:", "#")) or not value for value in attributes)
