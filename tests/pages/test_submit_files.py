"""Files of pages on the pages: what Submit says of them, Operations' count, Explore's gallery."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.errors import PictureError
from core.jobs.ledger.schema import jobs
from core.jobs.service.connection import Backend, Connection
from tests.kit.pictures.documents import coloured, drawn_pdf, frames, locked_pdf
from tests.kit.web.pages import Open, finished, rows_of, until_shown


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
    shown = metrics(app)
    assert (shown["Pictures"], shown["Pages"], shown["Units"]) == ("2", "7", "27")
    assert shown["Operations"] == "3"
    assert app.button(key="submit").label == "Annotate 2 pictures and 7 pages"
    named = " ".join(text.value.replace("\\", "") for text in app.markdown)
    assert "**broken.pdf** :gray[The file is damaged and cannot be opened." in named
    assert "**locked.pdf** :gray[The file is locked by a password." in named
    assert "2 bad PDFs left out" in named
    (leave_out,) = [box for box in app.checkbox if box.label == "Leave bad files out"]
    leave_out.uncheck().run()
    assert any("2 bad PDFs sent all the same" in text.value for text in app.markdown)
    assert not any("left out" in text.value for text in app.markdown)
    leave_out.check().run()
    assert "2 of 8,000 pictures" in str([c.value for c in app.caption])
    assert "7 of 10,000 pages" in str([c.value for c in app.caption])
    app.button(key="submit").click().run()
    job = hub.jobs.by_draft(draft)
    assert job is not None
    job = finished(hub, job)
    assert (job.progress.pages_done, job.progress.failed) == (7, 0)
    (row,) = [one for one in rows_of(open_page("operations", job=job.id)) if one["id"] == job.id]
    assert row["line"] == [["2 pictures and 7 pages fine", "strong"]]
    again = chosen(open_page("submit", draft="abcdefabcdef0f12"), folder)
    assert any(c.value.startswith("0 of 9 are sent.") for c in again.caption)


def test_a_page_of_a_file_is_tried(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(drawn_pdf(coloured(2, 130)))
    app = chosen(open_page("submit", draft="abcdefabcdef0f15"), tmp_path)
    assert app.button(key="try").label == "Try on one page"
    app.button(key="try").click().run()
    app.selectbox(key="trying_page").set_value(2).run()
    for _ in range(200):
        if any("answered in" in caption.value for caption in app.caption) or app.error:
            break
        time.sleep(0.1)
        app.run()
    assert not app.error and not app.exception
    (about,) = [c.value.replace("\\", "") for c in app.caption if "answered in" in c.value]
    assert about.startswith("scan.pdf · page 2 of 2 · answered in")
    app.segmented_control(key="try_view").set_value("Table").run()
    (table,) = [frame.value for frame in app.dataframe if "value" in frame.value]
    safe = table[table["feature"] == "Safe search"]
    assert list(zip(safe["name"], safe["value"], strict=True)) == [("Adult", "very unlikely")]


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


def test_a_range_is_counted_sent_and_shown_with_the_originals_numbers(
    open_page: Open, hub: Hub, folder: Path
) -> None:
    draft = "abcdefabcdef0f14"
    for name, picture in zip(("a.png", "b.png"), coloured(2, 260), strict=True):
        picture.save(folder / name)  # not those that another test has sent
    (folder / "scan.pdf").write_bytes(drawn_pdf(coloured(4, 270)))
    (folder / "fax.tif").write_bytes(frames("TIFF", coloured(3, 280)))
    app = chosen(open_page("submit", draft=draft), folder)
    app.text_input(key="page_range").set_value("1-x").run()
    assert any("cannot be read" in text.value for text in app.info)
    assert "'1-x' is no page and no range of pages" in app.error[0].value.replace("\\", "")
    assert not [b for b in app.button if b.key == "submit"]
    app.text_input(key="page_range").set_value("1").run()
    single = [box for box in app.text_input if str(box.key).startswith("pages_of_")]
    assert [box.label.split(" ")[0] for box in single] == ["fax\\.tif", "scan\\.pdf"]
    app.text_input(key=str(single[1].key)).set_value("2-1").run()
    assert "scan.pdf" in app.error[0].value.replace("\\", "")
    app.text_input(key=str(single[1].key)).set_value("")
    app.text_input(key="page_range").set_value("2, -1").run()
    until_shown(app, "metric")
    assert (metrics(app)["Pictures"], metrics(app)["Pages"]) == ("2", "4")
    assert app.button(key="submit").label == "Annotate 2 pictures and 4 pages"
    assert any("Of 2 files of" in c.value and "are uploaded" in c.value for c in app.caption)
    app.button(key="submit").click().run()
    job = hub.jobs.by_draft(draft)
    assert job is not None
    job = finished(hub, job)
    assert (job.progress.pages_done, job.progress.failed) == (4, 0)
    places = {place for o in job.operations for place in hub.jobs.places(o.id)}
    shown = {(uri.rsplit("-", 1)[1], page) for uri, page in places}
    assert shown == {(f"{n}.png", 0) for n in "ab"} | {
        *(("scan.pdf", n) for n in (2, 4)),
        *(("fax.tif", n) for n in (2, 3)),
    }
    # A page is drawn from the copy that was uploaded, under its own number; others are not there.
    scan = next(uri for uri, _ in places if uri.endswith("scan.pdf"))
    red, green, blue = hub.upright(scan, 4, 200).image.resize((1, 1)).tobytes()
    assert min(red, green) > 200 and blue < 60  # the fourth is yellow
    with pytest.raises(PictureError, match="Page 1 is not here"):
        hub.upright(scan, 1, 1_000)


def test_an_animation_goes_whole_or_as_its_first_frame(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "moving.gif").write_bytes(frames("GIF", coloured(4)))
    app = chosen(open_page("submit", draft="abcdefabcdef0f15"), tmp_path)
    assert app.button(key="submit").label == "Annotate 1 picture"
    app.button_group(key="gif_frames").set_value("all frames").run()
    until_shown(app, "metric")
    assert app.button(key="submit").label == "Annotate 4 pages"


def test_what_another_model_answered_is_told_and_annotated_again_or_kept(
    open_page: Open, hub: Hub, folder: Path
) -> None:
    for name, picture in zip(("a.png", "b.png"), coloured(2, 310), strict=True):
        picture.save(folder / name)  # not those that another test has sent
    (folder / "scan.pdf").write_bytes(drawn_pdf(coloured(4, 320)))
    (folder / "fax.tif").write_bytes(frames("TIFF", coloured(3, 330)))
    draft = "abcdefabcdef0f21"
    chosen(open_page("submit", draft=draft), folder).button(key="submit").click().run()
    job = hub.jobs.by_draft(draft)
    assert job is not None
    finished(hub, job)
    app = chosen(open_page("submit", draft="abcdefabcdef0f22"), folder)
    assert app.button_group(key="again_keep").disabled
    assert not any("another model (" in c.value for c in app.caption)
    models = json.dumps(dict.fromkeys(json.loads(job.models), "Old model 1.0"))
    with hub._runner.ledger.writing() as db:
        values = {"work": "0" * 64, "models": models}
        db.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**values))

    app = chosen(open_page("submit", draft="abcdefabcdef0f23"), folder)
    caption = next(c.value for c in app.caption if "another model (" in c.value).replace("\\", "")
    assert "2 pictures and 7 pages were answered by another model" in caption
    assert "Old model 1.0" in caption and "annotated again" in caption
    assert metrics(app)["Units"] == "27"
    app.button_group(key="again_keep").set_value(True).run()
    until_shown(app, "metric")
    caption = next(c.value for c in app.caption if "another model (" in c.value)
    assert "their answers are kept" in caption
    assert metrics(app)["Units"] == "0"
    assert any(c.value.startswith("0 of 9 are sent.") for c in app.caption)
    # Older than a date, which is tomorrow: kept or not, all of it is annotated again.
    app.radio(key="again_age").set_value("What is older than a date").run()
    app.date_input(key="again_day").set_value((hub.clock() + timedelta(days=1)).date()).run()
    until_shown(app, "metric")
    assert any("2 pictures and 7 pages answered before that" in c.value for c in app.caption)
    assert metrics(app)["Units"] == "27"
    app.radio(key="again_age").set_value("Nothing for its age").run()
    until_shown(app, "metric")
    assert metrics(app)["Units"] == "0"
    app.button(key="submit").click().run()
    later = hub.jobs.by_draft("abcdefabcdef0f23")
    assert later is not None
    assert (later.reused, later.operations) == (9, ())
    assert sum(hub.jobs.reuse.kept(later.id).values()) == 9
    shown = open_page("operations", job=later.id)
    assert any("9 by another model" in m.value for m in shown.markdown)
