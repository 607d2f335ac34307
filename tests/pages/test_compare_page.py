"""The Compare page: empty, filled, in error, nothing in common."""

from __future__ import annotations

import io

import pytest
from google.cloud import vision
from google.protobuf import json_format
from PIL import Image

from core.app.hub import Hub
from core.jobs.ledger.records import Job
from tests.kit.web.pages import HOSTILE, MARKUP, Open, until_shown

HOME = "gs://contact-sheet/compare/"
LEFT, RIGHT, UNRELATED = f"{HOME}left/", f"{HOME}right/", f"{HOME}unrelated/"
CURE = "Match them by their place in the request"


def answer(name: str, labels: list[str], adult: int = 1) -> vision.AnnotateImageResponse:
    return vision.AnnotateImageResponse(
        context={"uri": f"{HOME}{name}"},
        label_annotations=[{"description": label, "score": 0.9} for label in labels],
        safe_search_annotation={"adult": adult},
    )


def write(hub: Hub, prefix: str, *answers: vision.AnnotateImageResponse) -> None:
    batch = vision.BatchAnnotateImagesResponse(responses=answers)
    shard = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(batch))
    uri = f"{prefix}output-1-to-{len(answers)}.json"
    hub.connection().buckets.write(uri, shard.encode(), "application/json")


@pytest.fixture(scope="module", autouse=True)
def sides(hub: Hub) -> None:
    """Two sides of three pictures, and a third that shares none of them."""
    png = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(png, "PNG")
    hub.connection().buckets.write(f"{HOME}a.png", png.getvalue(), "image/png")
    failed = vision.AnnotateImageResponse(
        context={"uri": f"{HOME}c.png"}, error={"code": 5, "message": HOSTILE}
    )
    write(hub, LEFT, answer("a.png", ["Cat", HOSTILE]), answer("b.png", ["Dog"]), failed)
    other = [answer("a.png", ["Cat"], adult=5), answer("b.png", ["Dog"]), answer("c.png", ["X"])]
    write(hub, RIGHT, *other)
    write(hub, UNRELATED, answer("x.png", ["Cat"]), answer("y.png", ["Dog"]))


@pytest.mark.usefixtures("no_jobs")
def test_empty_page_leads_on(open_page: Open) -> None:
    app = open_page("compare")
    assert any("Nothing to compare yet" in text.value for text in app.markdown)


def test_one_side_alone_asks_for_the_other(open_page: Open) -> None:
    app = open_page("compare", left=LEFT)
    assert any("Two sides to compare" in text.value for text in app.markdown)
    assert app.selectbox(key="compare_left").value == LEFT


@pytest.mark.usefixtures("done_job")
def test_without_sides_the_newest_batch_is_one(open_page: Open, hub: Hub) -> None:
    newest = next(job.id for job in hub.jobs.list() if job.has_results)
    app = open_page("compare")
    assert app.selectbox(key="compare_left").value == newest and not app.exception


def test_that_nothing_shares_pictures_is_said_once(
    open_page: Open, done_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ui.compare.partners.propose", lambda *_: False)
    app = open_page("compare", left=done_job.id)
    said = [text.value for text in app.markdown]
    assert sum("holds these pictures" in text for text in said) == 1
    assert not any("Two sides to compare" in text for text in said) and not app.info
    app = open_page("compare", left=done_job.id, right="nothing-of-ours")
    assert any("There is no job" in error.value for error in app.error)
    assert any("Two sides to compare" in text.value for text in app.markdown)


def test_both_sides_are_compared(open_page: Open) -> None:
    app = open_page(
        "compare", left=LEFT, right=RIGHT, until="metric", opened=["open_compare_agreement"]
    )
    # a: labels 1 of 2, adult 4 of 4 steps: (0.5 + 0) / 2. b: 1. c failed on the left: 0.
    unchanged = next(metric for metric in app.metric)
    assert (unchanged.label, unchanged.value) == ("pictures unchanged", "1 of 3")
    assert "mean agreement 41.7%" in unchanged.help
    assert [heading.value for heading in app.subheader][:1] == ["2 of 3 pictures changed"]
    assert any(text.value == "3 matched by address" for text in app.caption)
    assert any(text.value == "0 of 2 features agree" for text in app.caption)
    assert any("1 picture moved: adult, very unlikely" in text.value for text in app.markdown)
    summary = next(f.value for f in app.dataframe if "agreement" in f.value.columns)
    agreement = dict(zip(summary["feature"], summary["agreement"], strict=True))
    assert agreement == {"Labels": 0.75, "Safe search": 0.5, "Errors": 0.0}
    ranked = next(f.value for f in app.dataframe if "change" in f.value.columns)
    assert ranked["name"].tolist() == ["c.png", "a.png"]
    assert any("very unlikely → very likely" in text.value for text in app.markdown)


def test_hostile_text_never_reaches_markdown_unescaped(open_page: Open) -> None:
    app = open_page("compare", left=LEFT, right=RIGHT, until="metric")
    shown = [e.value for e in [*app.markdown, *app.caption, *app.error, *app.warning]]
    assert any("onerror" in text for text in shown)
    assert not [text for text in shown if MARKUP.search(text)]


def test_the_view_stands_in_the_url(open_page: Open) -> None:
    params = {"left": LEFT, "right": RIGHT, "by": "safe", "category": "racy"}
    app = open_page("compare", until="metric", **params)
    assert app.button_group(key="compare_by").value == "safe"
    assert app.button_group(key="compare_category").value == "racy"
    assert any("changed in safe search" in heading.value for heading in app.subheader)
    app.button_group(key="compare_by").set_value("labels").run()
    assert app.query_params["by"] == "labels"
    ranked = next(f.value for f in app.dataframe if "change" in f.value.columns)
    assert ranked["name"].tolist() == ["a.png"]
    app.button(key="compare_swap").click().run()
    assert (app.query_params["left"], app.query_params["right"]) == (RIGHT, LEFT)


def test_a_name_in_the_url_narrows_the_pictures(open_page: Open) -> None:
    view = {"left": LEFT, "right": RIGHT, "by": "labels"}
    app = open_page("compare", name="Cat", until="metric", **view)
    assert app.success[0].value == "No picture differs."  # Cat is on both sides everywhere
    app = open_page("compare", name=HOSTILE, until="metric", **view)
    assert next(f.value for f in app.dataframe if "change" in f.value)["name"].tolist() == ["a.png"]
    assert not MARKUP.search(app.button(key="compare_name").label)
    app.button(key="compare_name").click().run()
    assert "name" not in app.query_params


@pytest.mark.parametrize("feature", ["labels", "safe", "errors", "text", "no such thing"])
def test_every_view_is_drawn(open_page: Open, feature: str) -> None:
    app = open_page("compare", left=LEFT, right=RIGHT, by=feature, category="<b>", until="metric")
    assert app.metric[0].value == "1 of 3"


def test_nothing_in_common_offers_a_way_out(open_page: Open) -> None:
    app = until_shown(open_page("compare", left=LEFT, right=UNRELATED), "markdown")
    for _ in range(100):
        if any("Nothing in common" in text.value for text in app.markdown):
            break
        app.run()
    assert not app.metric
    next(b for b in app.button if b.label == CURE).click().run()
    until_shown(app, "metric")
    assert app.query_params["match"] == "position"
    assert app.metric[0].value.endswith("of 2")
    assert any(text.value == "2 matched by position" for text in app.caption)


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ("gs://contact-sheet/nothing-here/", "There are no results here"),
        ("non/sense", "Not a Cloud Storage address"),
        ("gs://nobodys-bucket/x/", "There is no such bucket"),
        ("0123456789abcdef", "There is no job 0123456789abcdef here"),
    ],
)
def test_a_bad_side_is_explained(open_page: Open, right: str, expected: str) -> None:
    app = open_page("compare", left=LEFT, right=right, until="error")
    assert expected in app.error[0].value.replace("\\", "")
    assert not app.metric


def test_a_job_is_compared_with_itself(open_page: Open, done_job: Job) -> None:
    app = open_page("compare", left=done_job.id, right=done_job.id, until="metric")
    assert app.metric[0].value == "3 of 3"
    assert app.success[0].value == "No picture differs."


@pytest.mark.usefixtures("no_jobs")
def test_a_job_older_than_those_listed_has_its_title(open_page: Open, done_job: Job) -> None:
    app = open_page("compare", left=done_job.id)
    assert any("Three" in option for option in app.selectbox(key="compare_left").options)
