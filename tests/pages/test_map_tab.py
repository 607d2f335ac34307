"""The tab of the map: offered where there are vectors; what is drawn around is a filter."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.batch.folder import from_folder
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job
from core.results.columns.map_area import area_of
from core.results.columns.map_parts import MapGroup, groups_of
from core.results.shards.shard_files import list_shards
from core.ui.explore.panels import map_image
from core.ui.explore.tabs import map_tab
from core.ui.explore.tabs.map_tab import TITLE
from tests.kit.pictures.scenes import scene
from tests.kit.waiting import wait_until
from tests.kit.web.pages import Open, count_of, finished


@pytest.fixture(scope="module")
def seen_job(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Five pictures with labels."""
    folder = tmp_path_factory.mktemp("seen")
    for seed in range(5):
        scene(seed).save(folder / f"{seed}.jpg")
    request = BatchRequest(("LABEL_DETECTION",), batch_size=2)
    job = hub.jobs.create("seenjob000000000", from_folder(folder).pictures, request, resend=True)
    return finished(hub, job)


def test_the_map_is_drawn_and_what_is_drawn_around_narrows(open_page: Open, seen_job: Job) -> None:
    opened = ["open_embedding", "map_parts"]
    app = open_page("explore", job=seen_job.id, tab="Map", until="tab", opened=opened)

    def drawn() -> bool:
        app.run()
        assert not app.exception
        return any("x" in frame.value.columns for frame in app.dataframe)

    wait_until(drawn, "the map is drawn")
    (table,) = (frame.value for frame in app.dataframe if "x" in frame.value.columns)
    assert len(table) == 5 == len({*zip(table["x"], table["y"], strict=True)})  # none on another
    assert TITLE in [heading.value for heading in app.subheader]
    x, y = float(table["x"][0]), float(table["y"][0])
    around = area_of([x - 0.01, x + 0.01], [y - 0.01, y + 0.01])
    app.query_params["area"] = around
    app.run()
    assert count_of(app) == (1, 5)


def test_of_many_pictures_the_browser_gets_one_picture_and_no_marks(
    open_page: Open, seen_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (map_tab, map_image):
        monkeypatch.setattr(module, "ROOM", 2)
    grouped: list[int] = []

    def count(shown: pd.DataFrame) -> list[MapGroup]:
        grouped.append(len(shown))
        return groups_of(shown)

    monkeypatch.setattr(map_tab, "groups_of", count)
    app = open_page("explore", job=seen_job.id, tab="Map", until="tab", opened=["map_parts"])

    def spec(app: AppTest) -> dict[str, Any]:
        charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
        return next((one for one in charts if one["layout"].get("images")), {})

    def drawn(legend: bool) -> bool:
        app.run()
        assert not app.exception
        return bool(made := spec(app)) and made["layout"]["showlegend"] == legend

    wait_until(lambda: drawn(legend=False), "the thumbnails are drawn")
    assert any("stands for those around it" in caption.value for caption in app.caption)
    thumbnails = spec(app)["layout"]["images"][0]["source"]
    app.button_group(key="embedding_shown").set_value("label")
    wait_until(lambda: drawn(legend=True), "the dots are drawn")
    made = spec(app)
    assert made["layout"]["images"][0]["source"] != thumbnails
    assert not any("customdata" in trace for trace in made["data"])
    # Without marks for the keyboard: parts of the map are buttons.
    fields = app.button_group(key="map_part_fields")
    assert sum(int(option.rpartition(" · ")[2]) for option in fields.options) == 5
    pictures = int(fields.options[0].rpartition(" · ")[2])
    fields.set_value(fields.options[0]).run()
    assert not app.exception and count_of(app) == (pictures, 5)
    assert len(grouped) <= 1  # for the names and the parts; none if another test asked
    app.query_params["area"] = area_of([-1, 1], [-1, 1])
    app.run()
    assert len(spec(app)["layout"]["shapes"]) == 2  # the outline, and a veil around it


def test_thumbnails_of_pictures_that_do_not_pass_are_faint(
    open_page: Open, seen_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    images: list[bytes] = []

    def address(_: Hub, data: bytes, kind: str = "map") -> str:
        images.append(data)
        return f"gallery/{kind}"

    monkeypatch.setattr(map_image, "address", address)
    app = open_page("explore", job=seen_job.id, tab="Map", uri="3.jpg", until="tab")

    def drawn() -> bool:
        app.run()
        assert not app.exception
        return bool(images)

    wait_until(drawn, "the thumbnails are drawn")
    with Image.open(io.BytesIO(images[0])) as picture:
        colors = picture.getchannel("A").getcolors() or []
        seen = {value: count for count, value in colors}
    plain, faint, nothing = seen[255], seen[72], seen[0]
    assert faint == 4 * plain > 0 and nothing > faint
    (chart,) = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert len(chart["data"]) == 1  # of the one that passes; no dots lie on the faint ones


def test_where_there_are_no_vectors_nothing_is_offered(
    open_page: Open, hub: Hub, seen_job: Job
) -> None:
    """As for results of the real service, whose folders have shards alone."""
    bare = "gs://contact-sheet/no-vectors/"
    for shard in list_shards(hub.buckets, seen_job.prefix):
        name = shard.uri.rpartition("/")[2]
        hub.connection().buckets.write(
            f"{bare}{name}", hub.connection().buckets.read(shard.uri), "application/json"
        )
    app = open_page("explore", prefix=bare, until="tab")
    assert "Map" not in [tab.label for tab in app.tabs]
    app = open_page("explore", prefix=bare, area="0:0,1:0,1:1", until="tab")
    assert any("these results have no map" in warning.value for warning in app.warning)
    assert count_of(app) == (5, 5)
