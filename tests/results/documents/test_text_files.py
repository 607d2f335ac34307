"""Texts as files and archives: every format, safe names, nothing lost without a word."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from lxml import etree
from PIL import Image

from core.errors import ContactSheetError
from core.results.documents.documents import (
    Document,
    documents,
    documents_of,
    key_figures,
    most_words,
    wordiest,
)
from core.results.documents.markup import alto_head, alto_page, hocr_head
from core.results.documents.plain_text import escaped
from core.results.documents.text_files import FORMATS, TextSource, Written, write_archive, write_one
from core.results.documents.text_page import TextPage, read_page
from core.results.documents.zip_names import ZipNames
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.shards.full_text import ShardTexts, TextResponse
from tests.kit.pictures.documents import drawn_pdf, frames, locked_pdf
from tests.kit.pictures.text_pages import SHARD, Put, Stored, box, response, results, row

SCAN, FAX, LETTER, GONE, LOCKED = (
    "gs://b/in/scan.pdf", "gs://b/in/sub/fax.tif", "gs://b/in/a & <b>.png",
    "gs://b/in/gone.pdf", "gs://b/in/locked.pdf",
)  # fmt: skip
SIZE = (400, 300)
HOSTILE = row(["<script>", "]]>", "&amp;", "=1+1", "\x07\x00", "*bold*"], 20, 30)


def page(uri: str, number: int, *words: str) -> dict[str, Any]:
    return response(uri, [row(words or ["page", str(number)], 20, 30)], SIZE, number)


def failed(uri: str, number: int) -> dict[str, Any]:
    return {
        "context": {"uri": uri, "pageNumber": number},
        "error": {"code": 3, "message": "Bad image data."},
    }


@pytest.fixture(scope="module")
def batch() -> tuple[Store, Stored]:
    """A scan whose second page failed, a fax, a picture, one without text, two without original."""
    blank = Image.new("L", SIZE, 255)
    png = io.BytesIO()
    blank.save(png, "PNG")
    return results(
        [
            page(SCAN, 3), page(SCAN, 1, "first", "page"), failed(SCAN, 2),
            page(FAX, 1, "fax"), page(FAX, 2),
            response(LETTER, [HOSTILE], SIZE),
            {"context": {"uri": "gs://b/in/sky.jpg"}},
            page(GONE, 1, "lost"), page(LOCKED, 1, "hidden"),
        ],
        {
            SCAN: drawn_pdf([blank] * 3),
            FAX: frames("TIFF", [blank] * 2),
            LETTER: png.getvalue(),
            LOCKED: locked_pdf("secret"),
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def archive(batch: tuple[Store, Stored]) -> tuple[zipfile.ZipFile, Written, list[tuple[int, int]]]:
    store, buckets = batch
    out, steps = io.BytesIO(), []
    written = write_archive(
        out, TextSource(store, buckets), documents(store), list(FORMATS), [("Results", "mine")],
        report=lambda done, total: steps.append((done, total)), silent=["sky.jpg"],
    )  # fmt: skip
    return zipfile.ZipFile(out), written, steps


def test_documents_are_files_in_page_order_and_pictures_with_text(
    batch: tuple[Store, Stored],
) -> None:
    store = batch[0]
    by_uri = {one.uri: one for one in documents(store)}
    assert set(by_uri) == {SCAN, FAX, LETTER, GONE, LOCKED}
    assert by_uri[SCAN].numbers == (1, 2, 3) and by_uri[SCAN].pages == (1, 2, 0)
    assert by_uri[LETTER].numbers == (0,) and not by_uri[LETTER].is_file
    assert [one.uri for one in documents_of(store, [0])] == [SCAN]
    frame = key_figures(store, [by_uri[SCAN]]).to_dict("records")
    assert frame == [
        {
            "document": SCAN,
            "pages": 3,
            "with_text": 2,
            "failed": 1,
            "words": 4,
            "languages": "English",
        }
    ]
    every = documents_of(store, range(store.tables.pictures))
    assert every == documents(store)
    together = key_figures(store, every[::-1]).to_dict("records")
    assert together == [key_figures(store, [one]).to_dict("records")[0] for one in every[::-1]]


def test_pictures_of_most_words_come_first(batch: tuple[Store, Stored]) -> None:
    store = batch[0]
    ids = wordiest(store, Filters.empty())
    frame = most_words(store, ids)
    assert frame["words"].tolist() == sorted(frame["words"], reverse=True) and len(frame) == 7
    shown = store.pictures(Filters.empty()).set_index("picture").loc[ids.tolist()]
    assert frame["words"].tolist() == shown["words"].tolist()
    assert frame["uri"].tolist() == shown["uri"].tolist()
    assert frame["picture"][0].startswith(shown["name"].iloc[0])
    few = wordiest(store, replace(Filters.empty(), text="fax"))
    assert most_words(store, few)["uri"].tolist() == [FAX]


def test_an_archive_has_every_format_under_the_users_names(archive: Any) -> None:
    names = set(archive[0].namelist())
    for stem, pdf in (("scan.pdf", "scan.pdf"), ("sub/fax.tif", "sub/fax.tif.pdf"),
                      ("a & _b_.png", "a & _b_.png.pdf")):  # fmt: skip
        assert {pdf, f"{stem}.txt", f"{stem}.md", f"{stem}.hocr", f"{stem}.alto.xml"} <= names
    assert {"gone.pdf.txt", "locked.pdf.txt", "about.txt", "documents.csv"} <= names
    assert "gone.pdf" not in names and "locked.pdf" not in names
    assert archive[0].testzip() is None
    assert archive[0].read("scan.pdf.txt").decode() == "first page\n\fpage 3\n"
    document = pypdfium2.PdfDocument(archive[0].read("scan.pdf"))
    said = [document[n].get_textpage().get_text_range().strip() for n in range(3)]
    assert said == ["first page", "", "page 3"]


def test_what_is_left_out_is_named_with_what_to_do(archive: Any) -> None:
    said = archive[0].read("left-out.txt").decode().splitlines()
    assert said == archive[1].left_out
    assert sorted(said) == [
        f"{GONE}, searchable PDF: There is no such object. Put the original back where it was.",
        f"{LOCKED}, searchable PDF: The file is locked by a password. "
        "Save it without one and annotate it again.",
        f"{SCAN}, page 2: It was not annotated: Bad image data. Retry it on Operations.",
        "sky.jpg: no text was found in it",
    ]
    assert "Left out: 4" in archive[0].read("about.txt").decode()


def test_progress_never_goes_back_and_ends_at_all(archive: Any) -> None:
    steps = archive[2]
    assert steps[-1] == (16, 16)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_figures_come_with_the_mean_confidence(archive: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(archive[0].read("documents.csv").decode("utf-8-sig"))))
    by_name = {row["document"]: row for row in rows}
    assert by_name[SCAN]["mean_confidence"] == "0.9"
    assert (by_name[SCAN]["pages"], by_name[SCAN]["with_text"]) == ("3", "2")


def xml(archive: Any, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(archive[0].read(name), parser)


class _Offline(etree.Resolver):  # type: ignore[misc]
    """ALTO's schema imports xlink's from the network; its attributes are declared here instead."""

    def resolve(self, url: str, _public_id: str, context: Any) -> Any:
        if "xlink" not in url:
            return None  # the schema's own file
        names = ("type", "href", "role", "arcrole", "title", "show", "actuate")
        declared = "".join(f'<xsd:attribute name="{name}" type="xsd:string"/>' for name in names)
        used = "".join(f'<xsd:attribute ref="x:{name}"/>' for name in names)
        text = (
            '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
            'xmlns:x="http://www.w3.org/1999/xlink" '
            f'targetNamespace="http://www.w3.org/1999/xlink">{declared}'
            f'<xsd:attributeGroup name="simpleLink">{used}</xsd:attributeGroup></xsd:schema>'
        )
        return self.resolve_string(text, context)


@pytest.fixture(scope="module")
def alto_schema() -> Any:
    """ALTO 4.4, unchanged (altoxml/schema, CC BY-SA 4.0)."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    path = Path(__file__).parent / "data" / "alto-4-4.xsd"
    return etree.XMLSchema(etree.parse(str(path), parser))


@pytest.mark.parametrize("name", ["scan.pdf", "sub/fax.tif", "a & _b_.png"])
def test_alto_holds_against_its_schema(archive: Any, alto_schema: Any, name: str) -> None:
    root = xml(archive, f"{name}.alto.xml")
    alto_schema.assertValid(root)
    space = {"a": "http://www.loc.gov/standards/alto/ns-v4#"}
    pages = root.findall(".//a:Page", space)
    assert pages[0].get("PHYSICAL_IMG_NR") == "1"
    string = pages[0].find(".//a:String", space)
    scale = 1200 / 72 if name == "scan.pdf" else 1
    assert float(string.get("HPOS")) == pytest.approx(20 * scale, abs=0.1)
    assert string.get("WC") == "0.9000"


def test_alto_of_odd_pages_holds_too(alto_schema: Any) -> None:
    blocks = [[Put("nowhere", ()), Put('"<\x01', box(1, 2, 3, 4), "")]]
    data = msgspec.json.encode(response("x", blocks, (0, 0)))
    odd = read_page(msgspec.json.decode(data, type=TextResponse))
    text = alto_head("a\x00b", points=True) + alto_page(odd, 1, points=True)
    text += alto_page(TextPage(), 2, points=True) + " </Layout>\n</alto>\n"
    alto_schema.assertValid(etree.fromstring(text.encode()))


def test_hocr_has_the_elements_that_its_readers_look_for(archive: Any) -> None:
    """By the specification's own names: hocr-tools' checks are no package for today's Pythons."""
    root = xml(archive, "scan.pdf.hocr")
    space = {"h": "http://www.w3.org/1999/xhtml"}
    elements = {kind: root.findall(f".//*[@class='{kind}']") for kind in
             ("ocr_page", "ocr_carea", "ocr_par", "ocr_line", "ocrx_word")}  # fmt: skip
    assert all(elements.values())
    assert [one.get("title").split("; ")[1] for one in elements["ocr_page"]] == [
        "bbox 0 0 1667 1250"
    ] * 2
    word = elements["ocrx_word"][0]
    assert word.text == "first" and word.get("title") == "bbox 83 125 219 175; x_wconf 90"
    meta = {m.get("name"): m.get("content") for m in root.findall(".//h:meta", space)}
    assert set(meta["ocr-capabilities"].split()) == set(elements)
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def test_hostile_text_stays_text(archive: Any) -> None:
    for kind in ("hocr", "alto.xml"):
        data = archive[0].read(f"a & _b_.png.{kind}").decode()
        assert "<script>" not in data and "\x07" not in data
        xml(archive, f"a & _b_.png.{kind}")
    assert "<script>" in archive[0].read("a & _b_.png.txt").decode()
    assert "\\<script\\>" in archive[0].read("a & _b_.png.md").decode()
    assert "<title>&lt;b&gt;</title>" in hocr_head("<b>")


def test_markdown_marks_mean_nothing() -> None:
    assert escaped("# a\n- b\n1) c_d") == "\\# a\n\\- b\n1\\) c\\_d"


def one_of(store: Store, uri: str) -> Document:
    return next(one for one in documents(store) if one.uri == uri)


@pytest.mark.parametrize("kind", list(FORMATS))
def test_one_document_comes_as_itself(batch: tuple[Store, Stored], kind: str) -> None:
    store, buckets = batch
    out = io.BytesIO()
    document = one_of(store, FAX)
    written = write_one(out, TextSource(store, buckets), document, kind, lambda *_: None)
    assert written.name == f"fax.tif{FORMATS[kind].suffix}"
    assert (b"fax" in out.getvalue()) == (kind != "pdf")
    assert (out.getvalue()[:5] == b"%PDF-") == (kind == "pdf")


@pytest.mark.parametrize(("uri", "why"), [(GONE, "no such object"), (LOCKED, "locked")])
def test_one_document_that_cannot_be_written_says_why(
    batch: tuple[Store, Stored], uri: str, why: str
) -> None:
    store, buckets = batch
    with pytest.raises(ContactSheetError, match=why):
        write_one(io.BytesIO(), TextSource(store, buckets), one_of(store, uri), "pdf",
                  lambda *_: None)  # fmt: skip


def test_cancelling_leaves_nothing_behind(batch: tuple[Store, Stored], tmp_path: Path) -> None:
    class Cancelled(BaseException):
        pass

    def report(done: int, total: int) -> None:
        if done == 5:
            raise Cancelled

    store, buckets = batch
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    with pytest.raises(Cancelled):
        write_archive(io.BytesIO(), TextSource(store, buckets, tmp_path), documents(store),
                      ["pdf", "txt"], [], report=report)  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    assert len(list(descriptors.iterdir())) <= before + 1


def test_damaged_shards_cost_their_pages_alone(batch: tuple[Store, Stored]) -> None:
    store, buckets = batch
    broken = Stored({**buckets.objects, SHARD: buckets.objects[SHARD][:900]})
    out = io.BytesIO()
    written = write_archive(out, TextSource(store, broken), [one_of(store, SCAN)], ["txt"], [],
                            report=lambda *_: None)  # fmt: skip
    assert written.left_out[-1] == f"{SCAN}: no text was found in it"
    assert any("page 3" in line for line in written.left_out)


def test_shards_of_other_writers_are_read() -> None:
    """Null for nothing, names in snake_case, numbers in quotes: as protobuf's JSON allows."""
    symbol = {"text": "a", "property": {"detected_break": {"type": 5}}}
    corners = [{"x": "1", "y": None}, {"x": 9}, {"x": 9, "y": 7}, {}]
    word = {"symbols": [symbol], "bounding_box": {"vertices": corners}}
    block = {"block_type": 1, "paragraphs": [{"words": [word]}]}
    full = {"text": "a", "pages": [{"width": "50", "height": 60, "blocks": [block]}]}
    data = msgspec.json.encode({"responses": [{"full_text_annotation": full, "error": None}]})
    read = read_page(ShardTexts(data, "x").response(0))
    assert (read.width, read.text, read.blocks[0].kind) == (50, "a", "TEXT")
    assert read.words[0].quad == ((1, 0), (9, 0), (9, 7), (0, 0))


def test_text_without_pages_comes_from_the_words_alone() -> None:
    parts = [{"locale": "en", "description": "Stop, now\nor not"}, *(
        {"description": word, "boundingPoly": {"vertices": [{"x": 1}, {"x": 9}, {"x": 9, "y": 5},
                                                             {"x": 1, "y": 5}]}}
        for word in ("Stop", ",", "now", "or", "not"))]  # fmt: skip
    data = msgspec.json.encode({"responses": [{"textAnnotations": parts}]})
    read = read_page(ShardTexts(data, "x").response(0))
    assert read.text == "Stop, now\nor not"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["gs://b/in/x/a.pdf", "gs://b/in/y/a.pdf"], ["x/a.pdf", "y/a.pdf"]),
        (
            ["/home/me/a.pdf", "/home/me/A.PDF", "/home/me/a.pdf"],
            ["a.pdf", "A (2).PDF", "a (3).pdf"],
        ),
        (["../../etc/passwd", "C:\\temp\\..\\x.pdf"], ["etc/passwd", "C_/temp/x.pdf"]),
        (["left-out.txt"], ["left-out (2).txt"]),
        (["a/con.txt", "a/ . ", "a/\u202efdp.exe"], ["a/_con.txt", "a", "a/_fdp.exe"]),
        (["/", ""], ["unnamed", "unnamed (2)"]),
        (["d/" + "ü" * 200 + ".pdf"], ["ü" * 88 + ".pdf"]),
    ],
)
def test_names_in_archives_are_safe_and_their_own(names: list[str], expected: list[str]) -> None:
    given = ZipNames(names, ["left-out.txt"])
    assert [given.of(name) for name in names] == expected


def test_pages_of_a_range_stand_under_the_originals_numbers_and_over_their_own_pages() -> None:
    """Of a file of twelve pages the fourth and the ninth were uploaded."""
    blank = Image.new("L", SIZE, 255)
    store, buckets = results(
        [page(SCAN, 9, "ninth"), page(SCAN, 4, "fourth")], {SCAN: drawn_pdf([blank] * 2)}
    )
    (one,) = documents(store)
    assert one.numbers == (4, 9)
    source = TextSource(store, buckets, numbers=lambda uri: (4, 9) if uri == SCAN else ())
    made = {}
    for kind in ("pdf", "md", "hocr", "alto"):
        out = io.BytesIO()
        made[kind] = (write_one(out, source, one, kind, lambda *_: None), out.getvalue())
    document = pypdfium2.PdfDocument(made["pdf"][1])
    said = [document[n].get_textpage().get_text_range().strip() for n in range(2)]
    assert said == ["fourth", "ninth"] and made["pdf"][0].notes == []
    assert b"Page 4" in made["md"][1] and b"Page 9" in made["md"][1]
    assert b"ppageno 8" in made["hocr"][1] and b'PHYSICAL_IMG_NR="9"' in made["alto"][1]
