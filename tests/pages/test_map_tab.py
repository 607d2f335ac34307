"""The tab of the map: offered where there are vectors; what is drawn around is a filter."""

from __future__ import annotations

import pytest

from core.app.hub import Hub
from core.jobs.batch.folder import from_folder
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job
from core.results.columns.map_area import area_of
from core.results.shards.shard_files import list_shards
from core.ui.explore.tabs.map_tab import TITLE
from tests.kit.pages import Open, count_of, finished
from tests.kit.scenes import scene
from tests.kit.waiting import wait_until


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
    opened = ["open_embedding"]
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
