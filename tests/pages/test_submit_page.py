"""The Submit page: empty, filled, in error, and sent once only."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.buckets import Buckets
from core.cloud_settings import CloudSettings
from core.doctor.findings import Finding, Level
from core.errors import BackendDenied
from core.jobs.batch.presets import to_params
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.saved_views import PRESETS
from core.jobs.samples.samples import write_samples
from core.jobs.service.connection import Connection
from core.settings import Settings
from tests.kit.waiting import wait_until
from tests.kit.web.pages import Open, until_shown


def until_looked_at(app: AppTest) -> AppTest:
    return until_shown(app, "metric", "error")


def choose(app: AppTest, kind: str) -> AppTest:
    app.button_group(key="source_kind").set_value(kind).run()
    return app


def features(app: AppTest) -> list[str]:
    value = app.button_group(key="feature").value
    return list(value) if isinstance(value, list) else []


def choose_features(app: AppTest, *titles: str) -> AppTest:
    app.button_group(key="feature").set_value(list(titles)).run()
    return app


def choose_preset(app: AppTest, title: str) -> AppTest:
    app.button_group(key="preset").set_value(title).run()
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_sample_batch_is_ready_with_one_click(open_page: Open) -> None:
    app = until_looked_at(open_page("submit"))
    pictures, pages = (int(metrics(app)[name]) for name in ("Pictures", "Pages"))
    assert pictures >= 35 and pages == 3
    assert metrics(app)["Units"] == f"{3 * (pictures + pages):,}"
    assert metrics(app)["Cost here"] == "$0.00"
    assert app.button(key="submit").label == f"Annotate {pictures} pictures and 3 pages"
    assert any("1 bad picture left out" in text.value for text in app.markdown)


def test_features_say_what_the_local_engine_does(open_page: Open) -> None:
    app = open_page("submit")
    assert features(app) == ["Labels", "Image properties", "Safe search"]
    assert any("things and animals, people, print" in caption.value for caption in app.caption)
    limits = [text.value for text in app.markdown if "Of 280 pictures" in text.value]
    assert len(limits) == 1  # measured, and told for every feature before it is chosen


def test_a_preset_chooses_features_and_a_choice_by_hand_is_ones_own(open_page: Open) -> None:
    app = open_page("submit")
    choose_preset(app, "Text")
    assert features(app) == ["Document text"]
    choose_preset(app, "Everything")
    assert len(features(app)) >= 8 and "Text" not in features(app)
    choose_features(app, "Faces")
    assert app.button_group(key="preset").value == "Own choice"
    linked = open_page("submit", preset="Moderation").run()
    assert features(linked) == ["Labels", "Safe search", "Text"]


@pytest.mark.usefixtures("open_page")
def test_a_link_names_source_and_preset_as_they_are_shown(hub: Hub) -> None:
    request = BatchRequest(("CROP_HINTS",))
    hub.views.save("Own *x*", PRESETS, to_params(request))
    app = AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=60)
    app.query_params["source_kind"], app.query_params["preset"] = "Bucket", r"Own \*x\*"
    app.run()
    assert not app.exception
    assert app.button_group(key="source_kind").value == "bucket"
    assert app.button_group(key="preset").value == "Own *x*" and features(app) == ["Crop hints"]
    for view in hub.views.list(presets=True):
        hub.views.delete(view.id)


def test_a_preset_of_ones_own_is_saved_used_and_deleted(open_page: Open, hub: Hub) -> None:
    app = until_looked_at(open_page("submit"))
    choose_features(app, "Faces", "Crop hints")
    app.number_input(key="max_results").set_value(7).run()
    app.text_input(key="billing_labels").set_value("team=maps").run()
    until_looked_at(app)
    app.text_input(key="preset_name").set_value("Portraits *x*")
    next(button for button in app.button if button.label == "Save").click().run()
    (saved,) = hub.views.list(presets=True)
    assert (saved.name, saved.params["features"]) == ("Portraits *x*", "FACE_DETECTION,CROP_HINTS")
    assert hub.views.list() == []  # no view of results
    other = until_looked_at(open_page("submit"))
    choose_preset(other, "Portraits *x*")
    assert features(other) == ["Faces", "Crop hints"]
    assert other.number_input(key="max_results").value == 7
    assert other.text_input(key="billing_labels").value == "team=maps"
    until_looked_at(other)
    next(button for button in other.button if button.label == "Delete").click().run()
    assert hub.views.list(presets=True) == []


def test_one_picture_is_tried_once_and_kept_for_the_batch(
    open_page: Open, hub: Hub, tmp_path: Path
) -> None:
    coffee = next(s.path for s in write_samples(tmp_path / "s") if s.path.stem == "coffee")
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "coffee.png").write_bytes(coffee.read_bytes() + b"a picture of its own")
    before = hub.jobs.accounts.month().total
    app = choose(open_page("submit"), "folder")
    app.text_input(key="source_folder").set_value(str(folder)).run()
    until_looked_at(app)
    app.button(key="try").click().run()
    for _ in range(200):
        if any("answered in" in caption.value for caption in app.caption):
            break
        time.sleep(0.1)
        app.run()
    (about,) = [c.value.replace("\\", "") for c in app.caption if "answered in" in c.value]
    assert "3 units, kept for the batch" in about
    assert hub.jobs.accounts.month().total == before + 3
    assert any("try-palette" in getattr(text.proto, "body", "") for text in app.get("html"))
    (facts,) = [t.proto.body for t in app.get("html") if "try-palette" in t.proto.body]
    assert "bold: most specific" in facts and facts.count("<strong>") >= 1
    assert "<strong>Food</strong>" not in facts  # which espresso is a kind of
    app.button(key="try_close").click().run()
    until_looked_at(app)
    assert any("1 of 1 picture need not be sent" in caption.value for caption in app.caption)
    assert "tried" not in {job.source for job in hub.jobs.list()}


@pytest.mark.parametrize(
    ("kind", "key", "value", "expected"),
    [
        ("bucket", "source_prefix", "not an address", "Not a Cloud Storage address"),
        ("bucket", "source_prefix", "gs://nobodys-bucket/x", "There is no such bucket"),
        ("bucket", "source_prefix", "gs://b/../x", "which some tools take for a path"),
        ("folder", "source_folder", "/no/such/folder", "There is no such folder"),
    ],
)
def test_bad_sources_are_explained(
    open_page: Open, kind: str, key: str, value: str, expected: str
) -> None:
    app = choose(open_page("submit"), kind)
    assert app.info[0].value == "Choose pictures first."
    app.text_input(key=key).set_value(value).run()
    until_looked_at(app)
    assert expected in app.error[0].value.replace("\\", "")
    assert not app.metric


@pytest.mark.parametrize(
    ("kind", "key", "typed", "said"),
    [
        ("bucket", "source_prefix", "gs://contact-sheet/nothing here/", "No object's name begins"),
        ("bucket", "source_prefix", "gs://contact-sheet/odd /x ", "ends in white space"),
        ("bucket", "source_prefix", "gs://contact-sheet/documents/", "only 1 other file"),
        ("folder", "source_folder", "{empty}", "is empty"),
    ],
)
def test_where_there_is_no_picture_it_says_why_and_nothing_can_be_submitted(
    open_page: Open, hub: Hub, tmp_path: Path, kind: str, key: str, typed: str, said: str
) -> None:
    hub.connection().buckets.write("gs://contact-sheet/documents/a.txt", b"text", "text/plain")
    (tmp_path / "empty").mkdir()
    app = choose(open_page("submit"), kind)
    app.text_input(key=key).set_value(typed.format(empty=tmp_path / "empty")).run()
    until_looked_at(app)
    (warning,) = [
        w.value.replace("\\", "")
        for w in app.warning
        if "picture here" in w.value or "Nothing is there" in w.value or "No object" in w.value
    ]
    assert said in warning
    assert app.button(key="submit").disabled


def test_white_space_that_belongs_to_a_name_is_kept(
    open_page: Open, hub: Hub, tmp_path: Path
) -> None:
    png = write_samples(tmp_path / "s")[0].path.read_bytes()
    for name in ("odd/a.png", "odd /b.png", "odd /c.png"):
        hub.connection().buckets.write(f"gs://contact-sheet/{name}", png, "image/png")
    app = choose(open_page("submit"), "bucket")
    app.text_input(key="source_prefix").set_value(" gs://contact-sheet/odd ").run()
    until_looked_at(app)
    assert metrics(app)["Pictures"] == "2"
    folder = tmp_path / "ends in blank "
    folder.mkdir()
    (folder / "a.png").write_bytes(png)
    choose(app, "folder")
    for typed in (str(folder), f" {tmp_path / 's'} "):
        app.text_input(key="source_folder").set_value(typed).run()
        until_looked_at(app)
        assert not app.error and int(metrics(app)["Pictures"]) > 0


def test_pasted_list_names_the_bad_lines(open_page: Open, hub: Hub) -> None:
    hub.connection().buckets.write("gs://contact-sheet/list/a.jpg", b"\xff\xd8\xff", "image/jpeg")
    app = choose(open_page("submit"), "list")
    text = "gs://contact-sheet/list/a.jpg\nhttps://example.com/b.jpg\ngs://contact-sheet/list/c.jpg"
    app.text_area(key="source_list").set_value(text).run()
    until_looked_at(app)
    named = [text.value.replace("\\", "") for text in app.markdown if ":gray[" in text.value]
    for name, why in (
        ("gs://contact-sheet/list/a.jpg", ""),
        ("gs://contact-sheet/list/c.jpg", "no such object"),
        ("line 2: https://example.com/b.jpg", "web address"),
    ):
        assert any(name in text.replace("\N{WORD JOINER}", "") and why in text for text in named)


def test_bad_pictures_are_left_out_unless_wanted(open_page: Open, tmp_path: Path) -> None:
    good = write_samples(tmp_path / "s")[0].path
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.png").write_bytes(good.read_bytes())
    (folder / "empty.jpg").write_bytes(b"")
    app = choose(open_page("submit"), "folder")
    app.text_input(key="source_folder").set_value(str(folder)).run()
    until_looked_at(app)
    assert app.button(key="submit").label == "Annotate 1 picture"
    leave_out = next(box for box in app.checkbox if box.label == "Leave bad pictures out")
    leave_out.uncheck().run()
    assert app.button(key="submit").label == "Annotate 2 pictures"


def test_of_two_text_features_it_says_which_answers(open_page: Open) -> None:
    app = open_page("submit")
    choose_features(app, "Text")
    assert not any("precedence" in info.value for info in app.info)
    choose_features(app, "Text", "Document text")
    (said,) = [info.value for info in app.info if "precedence" in info.value]
    assert "*Document text* answers" in said and "units" in said


def test_no_feature_no_submit(open_page: Open) -> None:
    app = open_page("submit")
    choose_features(app)
    assert "Choose at least one feature" in app.error[0].value.replace("\\", "")
    assert not any(button.key == "submit" for button in app.button)


def test_a_draft_is_sent_once(open_page: Open, hub: Hub) -> None:
    draft = "abcdefabcdef0001"
    app = until_looked_at(open_page("submit", draft=draft))
    app.button(key="submit").click().run()
    job = hub.jobs.by_draft(draft)
    assert job is not None
    again = open_page("submit", draft=draft)  # a reload after sending
    assert any("Sent:" in text.value for text in again.markdown)
    assert not any(button.key == "submit" for button in again.button)
    second = until_looked_at(open_page("submit"))
    assert second.query_params["draft"] != draft
    hub.jobs.cancel(job.id)
    wait_until(lambda: not hub._runner.poll() and hub.jobs.get(job.id).final, "it is cancelled")


def test_results_that_were_not_seen_are_named_before_they_are_paid_for_again(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.reuse.answers.Answers.unseen", lambda *_: 2)
    app = until_looked_at(open_page("submit"))
    (said,) = [w.value for w in app.warning if w.value.startswith("2 of the pictures to send")]
    assert "paid for twice" in said


def test_who_pays_stands_above_the_button(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    paying = "the project my_project (GOOGLE_CLOUD_PROJECT)"
    monkeypatch.setattr(Connection, "payer", paying)
    app = until_looked_at(open_page("submit"))
    assert any(f"Paid by {paying}" in c.value.replace("\\", "") for c in app.caption)
    assert not app.button(key="submit").disabled


def test_without_a_payer_there_is_no_sending(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: Connection) -> str:
        raise BackendDenied("No project is set to be charged", then="Set GOOGLE_CLOUD_PROJECT.")

    monkeypatch.setattr(Connection, "payer", property(nobody))
    app = until_looked_at(open_page("submit"))
    assert any("No project is set" in error.value for error in app.error)
    assert app.button(key="submit").disabled


def on_google(hub: Hub, monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """The page takes the backend for Google, of which the doctor finds this."""
    cloud = CloudSettings(location="eu")
    monkeypatch.setattr(hub, "settings", replace(hub.settings, backend="cloud", cloud=cloud))
    monkeypatch.setattr("core.ui.submit.paying.look_at_google", lambda _: list(findings))


def until_asked(app: AppTest) -> AppTest:
    """Until the page says nothing of looking at Google any more."""

    def asked() -> bool:
        app.run()
        return not any(button.label == "Cancel" for button in app.button)

    until_looked_at(app)
    wait_until(asked, "Google was asked")
    return app


def test_a_bucket_elsewhere_is_reported_before_sending(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    png = write_samples(tmp_path / "s")[0].path.read_bytes()
    buckets = hub.connection().buckets
    buckets.make_bucket("elsewhere")
    buckets.write("gs://elsewhere/a.png", png, "image/png")
    on_google(hub, monkeypatch)
    monkeypatch.setattr(Buckets, "location", lambda *_: "US-CENTRAL1")
    app = choose(open_page("submit"), "bucket")
    app.text_input(key="source_prefix").set_value("gs://elsewhere/").run()
    until_asked(app)
    assert any(
        "gs://elsewhere lies in US" in warning.value.replace("\\", "") for warning in app.warning
    )
    assert not app.button(key="submit").disabled


def test_what_google_would_refuse_stands_above_the_button_with_its_cure(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "https://console.cloud.google.com/billing"
    cure = f"Link a billing account on {page} and try again."
    on_google(
        hub,
        monkeypatch,
        Finding("Bucket", Level.OK, "may be read", "gs://contact-sheet"),
        Finding("Vision API", Level.FAIL, "Billing is not enabled", "vision.example", cure),
    )
    app = until_asked(open_page("submit"))
    (error,) = [one.value for one in app.error]
    assert "Vision API: Billing is not enabled" in error.replace("\\", "") and f"<{page}>" in error
    assert app.button(key="submit").disabled
    on_google(hub, monkeypatch)
    app.button(key="google_again").click().run()
    until_asked(app)
    assert not app.error and not app.button(key="submit").disabled


def test_who_cancels_the_look_at_google_may_send(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_google(hub, monkeypatch)
    answered = threading.Event()

    def slow(_: Settings) -> list[Finding]:
        answered.wait(300)
        return []

    monkeypatch.setattr("core.ui.submit.paying.look_at_google", slow)
    app = until_looked_at(open_page("submit"))
    assert app.button(key="submit").disabled
    next(button for button in app.button if button.label == "Cancel").click().run()
    until_asked(app)
    assert not app.button(key="submit").disabled
    answered.set()


def test_what_may_pass_by_itself_is_told_and_stops_nobody(
    open_page: Open, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Finding("Bucket", Level.FAIL, "Backend Error", then="Try again.", passes=True)
    on_google(hub, monkeypatch, away)
    app = until_asked(open_page("submit"))
    assert [one.value for one in app.error] == [r"**Bucket\: Backend Error**  " "\nTry again\\."]
    assert not app.button(key="submit").disabled
