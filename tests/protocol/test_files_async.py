"""AsyncBatchAnnotateFiles over real gRPC and the real emulator, and its shards as results."""

from __future__ import annotations

import json

import pytest
from google.api_core import exceptions
from google.cloud import vision
from google.longrunning import operations_pb2
from PIL import Image

from core.results.query.store import Store
from core.results.shards.shard_files import list_shards
from core.results.tables import tables
from tests.kit.pictures.documents import coloured, frames, locked_pdf, pdf
from tests.kit.results.file_requests import (
    GIF,
    TIFF,
    file_shards,
    inline,
    offline,
    sizes,
    source,
    stored,
    submit_files,
)
from tests.kit.services.engine_process import (
    BUCKET,
    CROP_HINTS,
    LABELS,
    EngineProcess,
    batch,
    image,
    picture,
    state,
    submit,
    upload,
    wait,
)
from tests.kit.services.fake_kit import COLOURS

State = vision.OperationMetadata.State


def out(name: str) -> str:
    """A prefix."""
    return f"gs://{BUCKET}/out/files/{name}/"


def copies(engine: EngineProcess) -> list[str]:
    """Files that the engine still keeps a copy of."""
    return [path.name for path in (engine.home / "engine" / "files").iterdir()]


def test_every_page_in_shards_named_by_pages(engine: EngineProcess) -> None:
    uri = stored(engine, "files/five.tif", frames("TIFF", coloured(5)))
    config = source(uri, TIFF)
    done = wait(engine, submit_files(engine, offline(config, out("five"), 2)))
    assert state(done) is State.DONE
    response = vision.AsyncBatchAnnotateFilesResponse.pb()()
    assert done.response.Unpack(response)
    (answer,) = response.responses
    assert answer.output_config.gcs_destination.uri == out("five")
    assert answer.output_config.batch_size == 2
    shards_by_name = file_shards(engine, out("five"))
    assert sorted(shards_by_name) == [
        "output-1-to-2.json",
        "output-3-to-4.json",
        "output-5-to-5.json",
    ]
    pages = [page for name in sorted(shards_by_name) for page in shards_by_name[name].responses]
    assert [page.context.page_number for page in pages] == [1, 2, 3, 4, 5]
    assert {page.context.uri for page in pages} == {uri}
    assert sizes(pages) == [f"{200 + n}x100" for n in range(5)]
    assert all(shard.input_config == config for shard in shards_by_name.values())
    assert copies(engine) == []


def test_a_shard_is_of_the_form_of_a_real_one(engine: EngineProcess) -> None:
    uri = stored(engine, "files/form.pdf", pdf([(595.276, 841.89)]))
    request = offline(source(uri), out("form"), features=[LABELS, CROP_HINTS])
    wait(engine, submit_files(engine, request))
    shard = json.loads(engine.buckets().read(out("form") + "output-1-to-1.json"))
    assert set(shard) == {"inputConfig", "responses"}  # as on Google: no totalPages
    assert shard["inputConfig"] == {"gcsSource": {"uri": uri}, "mimeType": "application/pdf"}
    (page,) = shard["responses"]
    assert page["context"] == {"uri": uri, "pageNumber": 1}
    (hint,) = page["cropHintsAnnotation"]["cropHints"]
    assert set(hint["boundingPoly"]) == {"normalizedVertices"}


def test_results_load_with_pages_and_places(engine: EngineProcess) -> None:
    uri = stored(engine, "files/results.pdf", pdf([(100, 100), (14_400, 14_400), (100, 100)]))
    request = offline(source(uri), out("results"), 2, [LABELS, CROP_HINTS])
    wait(engine, submit_files(engine, request))
    shards = list_shards(engine.buckets(), out("results"))
    assert [(shard.first, shard.last) for shard in shards] == [(1, 2), (3, 3)]
    loaded = tables.load(engine.buckets(), out("results"))
    assert loaded.faults == ()
    rows = loaded["pictures"].select(["uri", "page", "error_code"]).to_pylist()
    assert rows == [
        {"uri": uri, "page": 1, "error_code": 0},
        {"uri": uri, "page": 2, "error_code": 3},
        {"uri": uri, "page": 3, "error_code": 0},
    ]
    assert loaded["labels"].num_rows == 2
    third = Store(loaded).annotations(2)
    assert third is not None
    assert (third.uri, third.page) == (uri, 3)
    (hint,) = (shape for shape in third.shapes if shape.kind == "crop_hint")
    assert hint.normalized
    assert hint.points == ((0, 0), (0.5, 0), (0.5, 0.25), (0, 0.25))


def test_googles_client_waits_for_it(engine: EngineProcess) -> None:
    uri = stored(engine, "files/client.gif", frames("GIF", coloured(2, 60, 60)))
    request = vision.AsyncBatchAnnotateFilesRequest(
        requests=[offline(source(uri, GIF), out("client"))], parent="projects/p/locations/eu"
    )
    sent = engine.client().async_batch_annotate_files(request=request, retry=None, timeout=30)
    assert sent.operation.name.startswith("projects/p/locations/eu/operations/")
    response = sent.result(timeout=30)
    assert response.responses[0].output_config.batch_size == 20
    assert sent.metadata.state is State.DONE


def test_several_files_in_one_operation(engine: EngineProcess) -> None:
    uris = [
        stored(engine, f"files/several{n}.tif", frames("TIFF", coloured(n, 80 + n, 50)))
        for n in (3, 1, 2)
    ]
    requests = [offline(source(uri, TIFF), out(f"several{n}"), 2) for n, uri in enumerate(uris)]
    done = wait(engine, submit_files(engine, *requests))
    response = vision.AsyncBatchAnnotateFilesResponse.pb()()
    assert done.response.Unpack(response)
    prefixes = [answer.output_config.gcs_destination.uri for answer in response.responses]
    assert prefixes == [out("several0"), out("several1"), out("several2")]
    assert [sorted(file_shards(engine, prefix)) for prefix in prefixes] == [
        ["output-1-to-2.json", "output-3-to-3.json"],
        ["output-1-to-1.json"],
        ["output-1-to-2.json"],
    ]
    for prefix, uri in zip(prefixes, uris, strict=True):
        for shard in file_shards(engine, prefix).values():
            assert {page.context.uri for page in shard.responses} == {uri}


def error_of(engine: EngineProcess, *requests: vision.AsyncAnnotateFileRequest) -> tuple[int, str]:
    """How the operation ended."""
    done: operations_pb2.Operation = wait(engine, submit_files(engine, *requests))
    assert state(done) is State.DONE
    return done.error.code, done.error.message


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("locked.pdf", locked_pdf("secret"), "it is locked by a password"),
        ("cut.pdf", pdf([(9, 9)])[:200], "it is damaged, without pages, or not a PDF"),
        ("empty.pdf", b"", "it is empty"),
        ("long.pdf", pdf([(9, 9)] * 2001), "it has 2001 pages; the limit is 2000"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_operation(
    engine: EngineProcess, name: str, data: bytes, why: str
) -> None:
    uri = stored(engine, f"files/{name}", data)
    assert error_of(engine, offline(source(uri), out(name))) == (
        3,
        f"Error in extracting images from PDF file {uri}: {why}.",
    )
    assert file_shards(engine, out(name)) == {}
    assert copies(engine) == []


def test_one_bad_file_costs_no_other(engine: EngineProcess) -> None:
    bad = stored(engine, "files/bad.pdf", b"%PDF-1.4 nothing")
    good = stored(engine, "files/good.tif", frames("TIFF", coloured(3, 44, 44)))
    code, message = error_of(
        engine,
        offline(source(bad), out("bad")),
        offline(source(good, TIFF), out("good")),
    )
    assert code == 3
    assert bad in message
    (shard,) = file_shards(engine, out("good")).values()
    assert sizes(shard.responses) == ["44x44", "45x44", "46x44"]


def test_two_thousand_pages(engine: EngineProcess) -> None:
    # Narrow ones, for speed: every page is rendered with the same longest side.
    uri = stored(engine, "files/2000.pdf", pdf([(900, 3)] * 2000))
    before = len(engine.annotated())
    done = wait(engine, submit_files(engine, offline(source(uri), out("2000"), 100)), 240)
    assert not done.HasField("error")
    shards_by_name = file_shards(engine, out("2000"))
    assert set(shards_by_name) == {f"output-{n}-to-{n + 99}.json" for n in range(1, 2000, 100)}
    assert len(engine.annotated()) - before == 2000
    last = shards_by_name["output-1901-to-2000.json"].responses[-1]
    assert last.context.page_number == 2000


def test_a_page_that_kills_its_worker_is_an_entry(engine: EngineProcess) -> None:
    pictures = [Image.new("RGB", (64, 64), name) for name in ("white", COLOURS["kill"], "white")]
    uri = stored(engine, "files/killer.tif", frames("TIFF", pictures))
    wait(engine, submit_files(engine, offline(source(uri, TIFF), out("killer"))))
    (shard,) = file_shards(engine, out("killer")).values()
    assert [page.error.code for page in shard.responses] == [0, 13, 0]
    assert [page.context.page_number for page in shard.responses] == [1, 2, 3]
    assert shard.responses[1].context.uri == uri


def test_no_place_for_results(engine: EngineProcess) -> None:
    uri = stored(engine, "files/nowhere.tif", frames("TIFF", coloured(40, 71, 30)))
    prefix = "gs://no-such-bucket/out/"
    assert error_of(engine, offline(source(uri, TIFF), prefix)) == (
        7,
        f"Error writing final output to: {prefix}.",
    )


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        (f"gs://{BUCKET}/files/none.pdf", exceptions.NotFound),
        ("gs://no-such-bucket/a.pdf", exceptions.PermissionDenied),
    ],
)
def test_an_object_that_is_not_there_is_refused_at_once(
    engine: EngineProcess, uri: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"Error opening file: {uri}"):
        submit_files(engine, offline(source(uri), out("none")))


GOOD = source(f"gs://{BUCKET}/files/any.pdf")


@pytest.mark.parametrize(
    ("requests", "why"),
    [
        ([], "must specify input_config and features"),
        ([offline(GOOD, "")], "must specify output_config"),
        ([offline(GOOD, "gs://b/../o/")], "Invalid GCS path"),
        ([offline(GOOD, "gs://b/o/", 101)], "batch_size"),
        ([offline(inline(b"x"), "gs://b/o/")], "Only files in Google Cloud Storage"),
        ([offline(GOOD, "gs://b/o/")] * 2, "gcs_destination.uri of its own"),
        ([offline(GOOD, f"gs://b/{n}/") for n in range(101)], "Too many files per request"),
        ([offline(GOOD, "gs://b/o/", features=())], "must specify input_config and features"),
    ],
)
def test_what_is_refused(
    engine: EngineProcess, requests: list[vision.AsyncAnnotateFileRequest], why: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=why):
        submit_files(engine, *requests)


def test_pictures_and_pages_take_turns(engine: EngineProcess) -> None:
    uri = stored(engine, "files/turns.tif", frames("TIFF", coloured(300, 33, 33)))
    files = submit_files(engine, offline(source(uri, TIFF), out("turns")))
    pictures = upload(engine, "turns", [picture(31, 31)] * 3)
    images = submit(engine, batch((image(one) for one in pictures), out("turns-images")))
    wait(engine, images)
    wait(engine, files)
    lines = engine.annotated()
    last_picture = max(n for n, line in enumerate(lines) if line.startswith("31x31"))
    last_page = max(n for n, line in enumerate(lines) if line.startswith("332x33"))
    assert last_picture < last_page
