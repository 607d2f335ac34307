"""The Report page: empty, nothing passing, in error, made, made again after a fault."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.errors import ResultsError
from core.jobs.ledger.records import Job
from core.results.export import excel
from core.results.export.report.document import SECTIONS
from core.ui.report import downloads
from core.ui.report.downloads import file_name
from tests.kit.web.pages import HOSTILE, MARKUP, Open

PREFIX = "gs://contact-sheet/report-page/"


@pytest.fixture(scope="module")
def foreign(hub: Hub) -> str:
    """Shards of nobody's job: one picture that is not there, one that failed."""
    good = vision.AnnotateImageResponse(
        context={"uri": f"{PREFIX}a.jpg"},
        label_annotations=[{"description": HOSTILE, "score": 0.9}, {"description": "Cat"}],
    )
    failed = vision.AnnotateImageResponse(
        context={"uri": f"{PREFIX}b.jpg"}, error={"code": 5, "message": HOSTILE}
    )
    batch = vision.BatchAnnotateImagesResponse(responses=[good, failed])
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    hub.connection().buckets.write(
        f"{PREFIX}output-1-to-2.json", shard.encode(), "application/json"
    )
    return PREFIX


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """No PDF is drawn beside each page; ``test_report_paper`` prints one."""
    monkeypatch.setattr(downloads, "find_browser", lambda: "")


def make(app: AppTest, kind: str) -> AppTest:
    """Press the button of a kind of file and wait for what comes of it."""
    before = len(made(app))
    app.download_button(key=f"download_{kind}").click().run()
    for _ in range(400):
        assert not app.exception
        if len(made(app)) > before or app.error:
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError("the file was never made")


def made(app: AppTest) -> list[str]:
    """What the page says of the files that are made."""
    return [caption.value for caption in app.caption if " made, " in caption.value]


def file_of(hub: Hub, kind: str) -> bytes:
    """What the newest task of a kind has made."""
    keys = [key for key in hub.exports._tasks if key.startswith(f"report:{kind}:")]
    data: bytes = hub.exports._tasks[keys[-1]].future.result()
    return data


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("report")
    assert any("No results yet" in text.value for text in app.markdown)


def test_bad_prefix_is_explained(open_page: Open) -> None:
    app = open_page("report", prefix="gs://contact-sheet/nothing-here/")
    assert "There are no results here" in app.error[0].value


def test_no_picture_no_file(open_page: Open, foreign: str) -> None:
    app = open_page("report", prefix=foreign, label="Dog", until="markdown")
    for _ in range(100):
        if any("Nothing to report" in text.value for text in app.markdown):
            break
        app.run()
    assert any("Nothing to report" in text.value for text in app.markdown)
    assert not app.get("download_button")


def test_each_file_is_one_click(open_page: Open, hub: Hub, foreign: str) -> None:
    app = open_page("report", prefix=foreign, label="Cat", until="button_group")
    assert any("1 of 2 pictures: **Label Cat**" in text.value for text in app.markdown)
    for n, kind in enumerate(("html", "xlsx", "csv", "parquet", "bigquery"), start=1):
        make(app, kind)
        assert len(made(app)) == n
    html = file_of(hub, "html").decode()
    assert "1 of 2 pictures, filter: Label Cat" in html
    assert PREFIX not in html and "127.0.0.1" not in html
    labels = zipfile.ZipFile(io.BytesIO(file_of(hub, "csv"))).read("labels.csv").decode()
    assert "Cat" in labels and "a.jpg" in labels and "b.jpg" not in labels


def test_what_is_said_about_a_report_is_in_it(open_page: Open, hub: Hub, foreign: str) -> None:
    app = open_page("report", prefix=foreign, until="button_group")
    said = {"Title": "Spring <b>", "Author": "Ada", "For": "the board"}
    for field in app.text_input:
        if field.label in said:
            field.input(said[field.label])
    app.text_area[0].input("A note of mine")
    app.run()
    html = file_of(hub, "html") if make(app, "html") else b""
    for text in ("Spring &lt;b&gt;", "Ada · for the board", "A note of mine"):
        assert text in html.decode(), text
    app.toggle(key="report_addresses").set_value(True).run()
    assert not made(app)  # another file
    make(app, "html")
    assert PREFIX in file_of(hub, "html").decode()


def test_hostile_text_never_reaches_markdown_unescaped(open_page: Open, foreign: str) -> None:
    app = open_page("report", prefix=foreign, label=HOSTILE, until="button_group")
    for element in [*app.markdown, *app.caption, *app.error, *app.warning]:
        assert not MARKUP.search(element.value), element.value


def test_other_filters_are_another_file(open_page: Open, foreign: str) -> None:
    app = make(open_page("report", prefix=foreign, status="ok", until="button_group"), "csv")
    assert made(app)
    app.query_params["status"] = "failed"
    app.run()
    assert not made(app)


def test_fault_is_shown_and_tried_again(
    open_page: Open, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = excel.build_workbook

    def broken(*_: object) -> bytes:
        raise ResultsError("The disk is full", then="Make room.")

    monkeypatch.setattr(downloads, "build_workbook", broken)
    app = open_page("report", prefix=foreign, score="0.1", until="button_group")
    make(app, "xlsx")
    assert "The disk is full" in app.error[0].value
    monkeypatch.setattr(downloads, "build_workbook", build)
    make(app, "xlsx")
    assert made(app) and not app.error


def test_missing_chromium_is_said_with_what_to_do(open_page: Open, foreign: str) -> None:
    app = open_page("report", prefix=foreign, until="button_group")
    assert app.download_button(key="download_pdf").proto.disabled
    (said,) = [info.value for info in app.info if "no Chromium" in info.value]
    assert "Save as PDF" in said and "Install" in said


def test_job_s_report_tells_its_method(open_page: Open, hub: Hub, done_job: Job) -> None:
    app = open_page("report", job=done_job.id, until="button_group")
    app.toggle(key="report_addresses").set_value(True)
    app.button_group(key="report_sections").set_value(list(SECTIONS))
    make(app.run(), "html")
    html = file_of(hub, "html").decode()
    assert done_job.operations[0].name in html
    for text in ("Image properties", "EfficientNet", "free with Labels", "embedded local engine"):
        assert text in html, text
    data = html[html.index('id="data"') :]
    assert data.count("data:image/jpeg;base64,") == 2  # the third is no picture


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("gs://b/my job/", "contact-sheet-b-my-job.html"),
        ("../../etc/passwd\r\nX: y", "contact-sheet-etc-passwd-x-y.html"),
        ("***", "contact-sheet-report.html"),
    ],
)
def test_file_names_are_harmless(title: str, expected: str) -> None:
    assert file_name(title, "html") == expected
