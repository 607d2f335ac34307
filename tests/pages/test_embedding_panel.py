"""Explore's map of pictures: offered where there are vectors, drawn when asked for."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.batch.folder import from_folder
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job
from core.results.shards.shard_files import list_shards
from core.ui.explore.similarity_map import TITLE
from tests.kit.pages import Open, finished
from tests.kit.scenes import scene
from tests.kit.waiting import wait_until

BUTTON = "Draw the map of"


@pytest.fixture(scope="module")
def seen_job(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Five pictures with labels."""
    folder = tmp_path_factory.mktemp("seen")
    for seed in range(5):
        scene(seed).save(folder / f"{seed}.jpg")
    request = BatchRequest(("LABEL_DETECTION",), batch_size=2)
    job = hub.jobs.create("seenjob000000000", from_folder(folder).pictures, request, anew=True)
    return finished(hub, job)


def _buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.label.startswith(BUTTON)]


def test_the_map_is_drawn_when_asked_for(open_page: Open, seen_job: Job) -> None:
    app = open_page("explore", job=seen_job.id, until="metric")
    (button,) = (button for button in app.button if button.label.startswith(BUTTON))
    assert button.label == f"{BUTTON} 5 pictures"
    button.click()

    def drawn() -> bool:
        app.run()
        assert not app.exception
        return any("x" in frame.value.columns for frame in app.dataframe)

    wait_until(drawn, "the map is drawn")
    (table,) = (frame.value for frame in app.dataframe if "x" in frame.value.columns)
    assert len(table) == 5
    assert table[["x", "y"]].abs().to_numpy().max() == pytest.approx(1)
    assert not _buttons(app)
    assert TITLE in [heading.value for heading in app.subheader]


def test_where_there_are_no_vectors_nothing_is_offered(
    open_page: Open, hub: Hub, seen_job: Job
) -> None:
    """As for results of the real service, whose folders have shards alone."""
    bare = "gs://contact-sheet/no-vectors/"
    for shard in list_shards(hub.buckets, seen_job.prefix):
        name = shard.uri.rpartition("/")[2]
        hub.buckets.write(f"{bare}{name}", hub.buckets.read(shard.uri), "application/json")
    app = open_page("explore", prefix=bare, until="metric")
    assert not _buttons(app)
    assert TITLE not in [heading.value for heading in app.subheader]
