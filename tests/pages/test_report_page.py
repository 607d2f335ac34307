"""The Report page: empty, nothing passing, in error, made, made again after a fault."""

from __future__ import annotations

import io
import re
import time
import zipfile

import pytest
from google.cloud import vision
from google.protobuf import json_format
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.errors import ResultsError
from core.jobs.ledger.records import Job
from core.ui.report import downloads
from core.ui.report.downloads import file_name
from tests.kit.pages import HOSTILE, MARKUP, Open

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


def make(app: AppTest, kind: str) -> AppTest:
    """Press the button of a kind of file and wait for what comes of it."""
    app.button(key=f"make_{kind}").click().run()
    return until_made(app, kind)


def until_made(app: AppTest, kind: str) -> AppTest:
    for _ in range(400):
        assert not app.exception
        if download(app, kind) is not None or any(b.key == f"again_{kind}" for b in app.button):
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError(f"{kind} was never made")


def download(app: AppTest, kind: str) -> str | None:
    """The label of a kind's download button; None while there is none."""
    for element in app.get("download_button"):
        if element.proto.id.endswith(f"download_{kind}"):
            label: str = element.proto.label
            return label
    return None


def file_of(hub: Hub, kind: str) -> bytes:
    """What the newest task of a kind has made."""
    keys = [key for key in hub.exports._tasks if key.startswith(f"report:{kind}:")]
    data: bytes = hub.exports._tasks[keys[-1]].future.result()
    return data


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("report")
    assert any("Nothing to explore yet" in text.value for text in app.markdown)


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
    assert not any(str(button.key).startswith("make_") for button in app.button)


def test_files_are_made_and_can_be_downloaded(open_page: Open, hub: Hub, foreign: str) -> None:
    app = open_page("report", prefix=foreign, label="Cat", until="button_group")
    assert any("1 of 2 pictures: **Label Cat**" in text.value for text in app.markdown)
    for kind in ("html", "xlsx", "csv", "parquet", "bigquery"):
        make(app, kind)
        assert re.match(r"Download contact-sheet-", download(app, kind) or "")
    html = file_of(hub, "html").decode()
    assert "1 of 2 picture" in html and "not a job of this dashboard" in html
    labels = zipfile.ZipFile(io.BytesIO(file_of(hub, "csv"))).read("labels.csv").decode()
    assert "Cat" in labels and "a.jpg" in labels and "b.jpg" not in labels


def test_hostile_text_never_reaches_markdown_unescaped(open_page: Open, foreign: str) -> None:
    app = open_page("report", prefix=foreign, label=HOSTILE, until="button_group")
    for element in [*app.markdown, *app.caption, *app.error, *app.warning]:
        assert not MARKUP.search(element.value), element.value


def test_other_filters_are_another_file(open_page: Open, foreign: str) -> None:
    app = make(open_page("report", prefix=foreign, status="ok", until="button_group"), "csv")
    app.query_params["status"] = "failed"
    app.run()
    assert download(app, "csv") is None
    assert app.button(key="make_csv")


def test_fault_is_shown_and_tried_again(
    open_page: Open, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ResultsError("The disk is full", then="Make room.")

    monkeypatch.setattr(downloads, "build_workbook", broken)
    app = open_page("report", prefix=foreign, score="0.1", until="button_group")
    make(app, "xlsx")
    assert "The disk is full" in app.error[0].value
    monkeypatch.undo()
    app.button(key="again_xlsx").click().run()
    until_made(app, "xlsx")
    assert download(app, "xlsx") is not None and not app.error


def test_missing_chromium_is_said_honestly(
    open_page: Open, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "find_browser", lambda: "")
    app = open_page("report", prefix=foreign, until="button_group")
    assert app.button(key="make_pdf").disabled
    assert any("no Chromium on this server" in caption.value for caption in app.caption)


def test_job_s_report_tells_its_method(open_page: Open, hub: Hub, done_job: Job) -> None:
    make(open_page("report", job=done_job.id, until="button_group"), "html")
    html = file_of(hub, "html").decode()
    assert done_job.operations[0].name in html
    for text in ("Image properties", "EfficientNet", "free with Labels", "embedded local engine"):
        assert text in html, text
    assert html.count("data:image/jpeg;base64,") == 2  # the third is no picture


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
