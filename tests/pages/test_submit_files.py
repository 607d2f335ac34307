"""Files of pages on the pages: what Submit says of them, Operations' count, Explore's gallery."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.service.connection import Backend, Connection
from tests.kit.documents import coloured, drawn_pdf, frames, locked_pdf
from tests.kit.pages import Open, finished, until_shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, picture in zip(("a.png", "b.png"), coloured(2, 90), strict=True):
        picture.save(tmp_path / name)
    (tmp_path / "scan.pdf").write_bytes(drawn_pdf(coloured(4)))
    (tmp_path / "fax.tif").write_bytes(frames("TIFF", coloured(3)))
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "locked.pdf").write_bytes(locked_pdf("secret"))
    return tmp_path


def chosen(app: AppTest, folder: Path) -> AppTest:
    app.button_group(key="source_kind").set_value("folder").run()
    app.text_input(key="source_folder").set_value(str(folder)).run()
    return until_shown(app, "metric", "error")


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_mixed_folder_is_counted_sent_and_shown(open_page: Open, hub: Hub, folder: Path) -> None:
    draft = "abcdefabcdef0f11"
    app = chosen(open_page("submit", draft=draft), folder)
    told = metrics(app)
    assert (told["Pictures"], told["Pages"], told["Units"]) == ("2", "7", "27")
    assert told["Operations"] == "3"
    assert app.button(key="submit").label == "Annotate 2 pictures and 7 pages"
    named = " ".join(text.value.replace("\\", "") for text in app.markdown)
    assert "**broken.pdf** :gray[The file is damaged and cannot be opened." in named
    assert "**locked.pdf** :gray[The file is locked by a password." in named
    assert "2 of 8,000 pictures" in str([c.value for c in app.caption])
    assert "7 of 10,000 pages" in str([c.value for c in app.caption])
    app.button(key="submit").click().run()
    job = hub.jobs.by_draft(draft)
    assert job is not None
    job = finished(hub, job)
    assert (job.progress.pages_done, job.progress.failed) == (7, 0)
    shown = open_page("operations", job=job.id)
    text = " ".join(str(getattr(element, "proto", "")) for element in shown.get("progress"))
    assert "2 of 2 pictures and 7 of 7 pages done" in text
    again = chosen(open_page("submit", draft="abcdefabcdef0f12"), folder)
    assert any(c.value.startswith("0 of 9 are sent.") for c in again.caption)


def test_on_google_files_without_a_feature_are_left_out_by_name(
    open_page: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "capabilities", Backend(project="p").capabilities)
    app = chosen(open_page("submit", draft="abcdefabcdef0f13"), folder)
    assert app.button(key="submit").label.startswith("Annotate 2 pictures")
    assert "Pages" not in metrics(app)
    named = [list(d.value["file"]) for d in app.dataframe if "file" in d.value]
    assert named == [["fax.tif", "scan.pdf"]]
    features = ["Labels", "Image properties", "Safe search", "Text"]
    app.button_group(key="feature").set_value(features).run()
    until_shown(app, "metric")
    assert "2 pictures and 7 pages" in app.button(key="submit").label
    assert metrics(app)["Pages"] == "7"
    assert metrics(app)["Units"] == str(4 * 2 + 7)
