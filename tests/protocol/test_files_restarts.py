"""Sudden ends amid a file: nothing is lost, nothing finished is done again."""

from __future__ import annotations

from collections import Counter

from google.cloud import vision
from google.longrunning import operations_pb2 as pb

from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import (
    TIFF,
    file_shards,
    offline,
    sizes,
    source,
    stored,
    submit_files,
)
from tests.kit.services.engine_process import BUCKET, EngineProcess, state, until, wait

State = vision.OperationMetadata.State
WORKERS = 2
PAGES = (24, 16)
OUT = f"gs://{BUCKET}/out/"


def submitted(engine: EngineProcess) -> tuple[str, list[str]]:
    """Two files of pages that all differ; the operation's name and the prefixes."""
    uris = [
        stored(engine, f"in/{n}.tif", frames("TIFF", coloured(count, 100 * (n + 1), 20)))
        for n, count in enumerate(PAGES)
    ]
    prefixes = [f"{OUT}{n}/" for n in range(len(uris))]
    requests = [
        offline(source(uri, TIFF), prefix, 4) for uri, prefix in zip(uris, prefixes, strict=True)
    ]
    return submit_files(engine, *requests), prefixes


def complete(engine: EngineProcess, name: str, prefixes: list[str]) -> None:
    """Every page of every file, in order."""
    done = wait(engine, name)
    assert state(done) is State.DONE
    assert not done.HasField("error")
    response = vision.AsyncBatchAnnotateFilesResponse.pb()()
    assert done.response.Unpack(response)
    assert [one.output_config.gcs_destination.uri for one in response.responses] == prefixes
    for n, (count, prefix) in enumerate(zip(PAGES, prefixes, strict=True)):
        shards_by_name = file_shards(engine, prefix)
        names = [f"output-{first}-to-{first + 3}.json" for first in range(1, count, 4)]
        assert set(shards_by_name) == set(names)
        pages = [page for shard in names for page in shards_by_name[shard].responses]
        assert sizes(pages) == [f"{100 * (n + 1) + page}x20" for page in range(count)]
        assert [page.context.page_number for page in pages] == list(range(1, count + 1))
    assert list((engine.home / "engine" / "files").iterdir()) == []


def test_killed_amid_a_file_goes_on_where_it_was(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    before = own_engine.facts()
    name, prefixes = submitted(own_engine)
    until(lambda: len(own_engine.annotated()) >= 11)
    generations = {info.uri: info.generation for info in own_engine.buckets().list_objects(OUT)}
    assert generations
    own_engine.kill()
    own_engine.start("--workers", str(WORKERS))
    assert own_engine.facts()["rest_address"] == before["rest_address"]
    complete(own_engine, name, prefixes)
    times = Counter(own_engine.annotated())
    assert sum(times.values()) <= sum(PAGES) + 2 * WORKERS
    now = {info.uri: info.generation for info in own_engine.buckets().list_objects(OUT)}
    assert [uri for uri, generation in generations.items() if now[uri] != generation] == []


def test_a_file_replaced_after_the_start_is_read_as_it_was(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    name, prefixes = submitted(own_engine)
    folder = own_engine.home / "engine" / "files"
    until(lambda: sum(not path.suffix for path in folder.iterdir()) == len(PAGES))
    for n in range(len(PAGES)):
        own_engine.buckets().write(f"gs://{BUCKET}/in/{n}.tif", b"replaced")
    own_engine.kill()
    own_engine.start("--workers", str(WORKERS))
    complete(own_engine, name, prefixes)


def test_stopped_amid_a_file_repeats_nothing(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.05
    own_engine.start("--workers", str(WORKERS))
    name, prefixes = submitted(own_engine)
    until(lambda: len(own_engine.annotated()) >= 7)
    assert own_engine.stop() == 0
    own_engine.start("--workers", str(WORKERS))
    complete(own_engine, name, prefixes)
    assert len(own_engine.annotated()) == sum(PAGES)


def test_killed_before_a_page_was_done(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 5
    own_engine.start("--workers", str(WORKERS))
    name, prefixes = submitted(own_engine)
    own_engine.kill()
    own_engine.delay_s = 0
    own_engine.start("--workers", str(WORKERS))
    complete(own_engine, name, prefixes)


def test_cancelled_amid_a_file(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.1
    own_engine.start("--workers", str(WORKERS))
    name, _ = submitted(own_engine)
    until(lambda: len(own_engine.annotated()) >= 10)
    own_engine.operations().CancelOperation(pb.CancelOperationRequest(name=name), timeout=10)
    done = wait(own_engine, name, 10)
    assert (state(done), done.error.code) == (State.CANCELLED, 1)
    count = len(own_engine.annotated())
    assert count < 25
    shards_by_name = file_shards(own_engine, OUT)
    assert shards_by_name  # whole shards are kept, none is half
    assert all(len(shard.responses) == 4 for shard in shards_by_name.values())
    until(lambda: list((own_engine.home / "engine" / "files").iterdir()) == [])
    assert len(own_engine.annotated()) == count


def test_what_a_killed_engine_left_of_direct_requests_is_swept(own_engine: EngineProcess) -> None:
    own_engine.start("--workers", "1")
    own_engine.kill()
    folder = own_engine.home / "engine" / "files"
    (folder / "0123456789abcdef-direct").write_bytes(b"x")
    (folder / "0123456789abcdef-0.99.part").write_bytes(b"x")
    own_engine.start("--workers", "1")
    assert list(folder.iterdir()) == []
