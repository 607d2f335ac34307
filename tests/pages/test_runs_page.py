"""Several runs under one prefix: pages say so, by name and time, and let one choose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.app.hub import Hub
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture
from core.jobs.samples.samples import write_samples
from core.results.shards.shard_files import shards_beginning
from core.ui.components.header.header import OTHER
from tests.kit.web.pages import Open, count_of, finished, until_shown

BASE = "gs://contact-sheet/several/"


def put(hub: Hub, uri: str, label: str, first: int, last: int, **more: Any) -> None:
    """A shard of pictures with one label each."""
    responses = [
        {
            "context": {"uri": f"gs://contact-sheet/several/{n}.jpg"},
            "labelAnnotations": [{"description": label, "score": 0.9}],
            **more,
        }
        for n in range(first, last + 1)
    ]
    data = json.dumps({"responses": responses}).encode()
    hub.connection().buckets.write(f"{uri}output-{first}-to-{last}.json", data, "application/json")


@pytest.fixture(scope="module")
def twice(hub: Hub) -> str:
    """A prefix used twice: two shards of two pictures, then one shard of three."""
    prefix = f"{BASE}twice/"
    put(hub, prefix, "Old", 1, 2)
    put(hub, prefix, "Old", 3, 4)
    put(hub, prefix, "New", 1, 3)
    return prefix


def labels(app: Any) -> dict[str, int]:
    frames = [frame.value for frame in app.dataframe]
    shown = next(frame for frame in frames if "label" in frame.columns)
    return dict(zip(shown["label"], shown["pictures"], strict=True))


def said(app: Any) -> str:
    elements = [*app.info, *app.caption, *app.warning, *app.error]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def test_explore_says_that_there_are_others_and_lets_one_choose(
    open_page: Open, twice: str
) -> None:
    app = open_page("explore", prefix=twice, until="tab", opened=["open_specific"])
    assert labels(app) == {"New": 3} and count_of(app) == (3, 3)
    assert "There is 1 older run of this prefix, last written 20" in said(app)
    choice = app.selectbox(key="choose_run")
    (old,) = [option for option in choice.options if "4 pictures" in option]
    until_shown(choice.select(old).run(), "tab")
    assert labels(app) == {"Old": 4} and count_of(app) == (4, 4)
    run = app.query_params["run"]
    run = run[0] if isinstance(run, list) else run
    # The link leads to the same run, on every page.
    app = open_page("explore", prefix=twice, run=run, until="tab", opened=["open_specific"])
    assert labels(app) == {"Old": 4}
    assert app.selectbox(key="choose_run").value == run
    report = open_page("report", prefix=twice, run=run, until="selectbox")
    assert any("4 pictures" in text.value for text in report.markdown)
    picture = f"{BASE}4.jpg"
    shown = open_page("picture", prefix=twice, run=run, picture=picture, until="json")
    assert json.loads(shown.json[0].value)["labelAnnotations"][0]["description"] == "Old"
    # The newest has no such picture.
    app = open_page("picture", prefix=twice, picture=picture, until="info")
    assert any("not among the results" in info.value for info in app.info)


def test_all_runs_together(open_page: Open, twice: str) -> None:
    app = open_page("explore", prefix=twice, run="all", until="tab", opened=["open_specific"])
    assert labels(app) == {"New": 3, "Old": 1}
    assert "3 of these pictures were answered more than once" in said(app)


def test_a_run_that_is_gone_is_said(open_page: Open, twice: str) -> None:
    app = open_page(
        "explore", prefix=twice, run="0123456789ab", until="tab", opened=["open_specific"]
    )
    assert labels(app) == {"New": 3}
    assert "not there any more" in said(app)


def test_choosing_other_results_forgets_the_run(open_page: Open, twice: str) -> None:
    app = open_page("explore", prefix=twice, run="all", until="tab", opened=["open_specific"])
    app.selectbox(key="header_batch").select(OTHER).run()
    app.text_input(key="choose_prefix").set_value(f"{BASE}nothing/")
    next(button for button in app.button if button.label == "Open").click().run()
    assert "run" not in app.query_params
    assert app.query_params["prefix"] == f"{BASE}nothing/"


def test_one_run_alone_says_nothing(open_page: Open, hub: Hub) -> None:
    prefix = f"{BASE}once/"
    put(hub, prefix, "Cat", 1, 2)
    put(hub, prefix, "Cat", 3, 4)
    app = open_page("explore", prefix=prefix, until="tab", opened=["open_specific"])
    assert "run" not in said(app)
    assert not [box for box in app.selectbox if box.key == "choose_run"]


def test_a_run_that_is_not_whole_is_said(open_page: Open, hub: Hub) -> None:
    prefix = f"{BASE}partial/"
    put(hub, prefix, "Cat", 1, 2)
    put(hub, prefix, "Cat", 5, 6)
    app = open_page("explore", prefix=prefix, until="tab", opened=["open_specific"])
    assert "no shard has pictures 3 to 4" in said(app)


def test_neighbours_are_named_and_offered(open_page: Open, hub: Hub) -> None:
    put(hub, f"{BASE}run-1/", "One", 1, 2)
    put(hub, f"{BASE}run-10/", "Ten", 1, 3)
    app = open_page("explore", prefix=f"{BASE}run-1", until="tab", opened=["open_specific"])
    assert labels(app) == {"One": 2}
    (offered,) = [button for button in app.button if "run\\-10" in button.label]
    offered.click().run()
    assert app.query_params["prefix"] in (f"{BASE}run-10/", [f"{BASE}run-10/"])
    # Nothing is called so, and two begin like it.
    app = open_page("explore", prefix=f"{BASE}run", until="error")
    assert "There are no results here" in said(app) and f"{BASE}run-10/" in said(app)
    assert len([b for b in app.button if "run\\-1" in b.label]) == 2


def test_a_picture_of_two_requests_shows_both_responses(open_page: Open, hub: Hub) -> None:
    prefix = f"{BASE}features/"
    put(hub, f"{prefix}labels/", "Cat", 1, 2)
    text = {"labelAnnotations": [], "textAnnotations": [{"description": "HELLO"}]}
    put(hub, f"{prefix}text/", "", 1, 2, **text)
    app = open_page("explore", prefix=prefix, until="tab", opened=["open_specific"])
    assert count_of(app) == (2, 2) and labels(app) == {"Cat": 2}
    assert {"Labels", "Text"} <= {tab.label for tab in app.tabs}
    text_only = open_page("explore", prefix=prefix, text="hello", until="tab")
    assert count_of(text_only) == (2, 2)
    app = open_page("picture", prefix=prefix, picture=f"{BASE}1.jpg", until="json")
    assert [set(json.loads(one.value)) for one in app.json] == [
        {"context", "labelAnnotations"},
        {"context", "labelAnnotations", "textAnnotations"},
    ]
    assert any(text.value == "1 of 2" for text in app.markdown)


def test_compare_sets_two_runs_of_one_prefix_side_by_side(open_page: Open, twice: str) -> None:
    app = open_page("compare", left=twice, right=twice, until="metric")
    box = app.selectbox(key="choose_right_run")
    (old,) = [option for option in box.options if "4 pictures" in option]
    until_shown(box.select(old).run(), "metric")
    assert "right_run" in app.query_params and "left_run" not in app.query_params
    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers == {"pictures unchanged": "0 of 3"}
    assert any("3 pictures in both" in text.value for text in app.markdown)
    next(b for b in app.button if b.label == "Swap").click().run()
    assert "left_run" in app.query_params and "right_run" not in app.query_params


def test_own_shards_that_do_not_name_their_pictures(
    open_page: Open, hub: Hub, tmp_path: Path
) -> None:
    paths = [sample.path for sample in write_samples(tmp_path)][:3]
    pictures = [LocalPicture(path, path.name, path.stat().st_size) for path in paths]
    request = BatchRequest(("IMAGE_PROPERTIES",), batch_size=2)
    job = finished(hub, hub.jobs.create("namelessjob00000", pictures, request, title="Nameless"))
    (operation,) = job.operations
    for shard in shards_beginning(hub.buckets, job.prefix):
        content = json.loads(hub.buckets.read(shard.uri))
        for response in content["responses"]:
            response.pop("context")
        hub.connection().buckets.write(shard.uri, json.dumps(content).encode(), "application/json")
    uris = hub.jobs.uris(operation.id)
    assert len(uris) == 3
    wanted: list[dict[str, str]] = [{"job": job.id}, {"prefix": job.prefix}]
    for what in wanted:
        app = open_page("picture", **what, picture=uris[2], until="json")
        assert any(code.value == uris[2] for code in app.code)
        assert not app.error  # the picture itself is shown
