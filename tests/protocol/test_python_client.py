"""Every method of Google's Python client as its documentation calls it: with no timeout given."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import pytest
from google.api_core import exceptions, operations_v1
from google.cloud import vision
from google.cloud.vision_v1.services.image_annotator.transports import (
    ImageAnnotatorGrpcAsyncIOTransport,
)
from google.longrunning import operations_pb2 as pb
from google.protobuf import duration_pb2

from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import (
    TIFF,
    asked,
    file_shards,
    inline,
    offline,
    source,
    stored,
)
from tests.kit.services.engine_process import (
    BUCKET,
    LABELS,
    EngineProcess,
    batch,
    image,
    picture,
    submit,
    until,
    upload,
)

FEATURES: Any = vision.Feature.Type  # proto-plus enums iterate, which their types do not say
HELPERS = [feature.name.lower() for feature in FEATURES if feature.value]
ANSWERED = {"label_detection": "label_annotations", "crop_hints": "crop_hints_annotation"}
DEADLINES = {"none": None, "an hour": 3600, "years": 3.0e8, "centuries": 5.0e9}


@pytest.fixture
def client(engine: EngineProcess) -> vision.ImageAnnotatorClient:
    return engine.client()


def one(width: int = 20) -> vision.AnnotateImageRequest:
    """A request that carries its picture."""
    return vision.AnnotateImageRequest(
        image=vision.Image(content=picture(width, 10)), features=[LABELS]
    )


def described(response: vision.AnnotateImageResponse) -> str:
    """What the fake annotator saw."""
    return str(response.label_annotations[0].description)


@pytest.mark.parametrize("helper", HELPERS)
def test_helpers(client: vision.ImageAnnotatorClient, helper: str) -> None:
    detect = getattr(client, helper)
    given = vision.Image(content=picture(21, 10))
    if helper in ANSWERED:
        assert getattr(detect(image=given), ANSWERED[helper])
        assert getattr(detect(given, max_results=3, retry=None), ANSWERED[helper])
    else:
        with pytest.raises(exceptions.MethodNotImplemented, match=helper.upper()):
            detect(image=given)


def test_annotate_image(client: vision.ImageAnnotatorClient) -> None:
    request = {
        "image": io.BytesIO(picture(22, 10)),
        "features": [{"type_": vision.Feature.Type.LABEL_DETECTION}],
    }
    assert described(client.annotate_image(request)) == "22x10"


def test_pictures_and_files_at_once(client: vision.ImageAnnotatorClient) -> None:
    request = vision.BatchAnnotateImagesRequest(requests=[one(23)])
    for pictures in (
        client.batch_annotate_images(request=request),
        client.batch_annotate_images(requests=[one(23)], timeout=None),
    ):
        assert described(pictures.responses[0]) == "23x10"
    pages = [asked(inline(frames("TIFF", coloured(2, 60, 40)), TIFF))]
    for answer in (
        client.batch_annotate_files(requests=pages),
        client.batch_annotate_files(requests=pages, timeout=None),
    ):
        assert [described(page) for page in answer.responses[0].responses] == ["60x40", "61x40"]


def test_batches_of_pictures_and_files(engine: EngineProcess) -> None:
    client = engine.client()
    uris = upload(engine, "plain-client", [picture()] * 3)
    prefix = f"gs://{BUCKET}/out/official-client/"
    sent = client.async_batch_annotate_images(request=batch((image(u) for u in uris), prefix))
    assert sent.result().output_config.gcs_destination.uri == prefix
    assert sent.done()
    uri = stored(engine, "files/plain-client.tif", frames("TIFF", coloured(2, 60, 40)))
    sent = client.async_batch_annotate_files(requests=[offline(source(uri, TIFF), prefix + "f/")])
    assert sent.result().responses[0].output_config.gcs_destination.uri == prefix + "f/"
    assert list(file_shards(engine, prefix + "f/")) == ["output-1-to-2.json"]


def test_operations(engine: EngineProcess) -> None:
    client = engine.client()
    (uri,) = upload(engine, "plain-operations", [picture()])
    request = batch([image(uri)], f"gs://{BUCKET}/out/official-operations/")
    request.parent = "projects/plain"
    sent = client.async_batch_annotate_images(request=request)
    name = sent.operation.name
    sent.result()
    operations = client.transport.operations_client
    assert client.get_operation({"name": name}).done
    assert operations.get_operation(name).done
    listed = operations.list_operations("projects/plain", "done=true")
    assert [operation.name for operation in listed] == [name]
    operations.cancel_operation(name)
    operations.delete_operation(name)
    with pytest.raises(exceptions.NotFound):
        operations.get_operation(name)


def test_an_operation_that_is_cancelled_by_its_future(own_engine: EngineProcess) -> None:
    own_engine.delay_s = 0.2
    client = own_engine.start("--workers", "1").client()
    (uri,) = upload(own_engine, "in", [picture()])
    sent = client.async_batch_annotate_images(
        request=batch([image(uri)] * 200, f"gs://{BUCKET}/out/")
    )
    assert not sent.done()
    assert sent.cancel()
    with pytest.raises(exceptions.Cancelled):
        sent.result()
    assert sent.cancelled()


@pytest.mark.parametrize("seconds", DEADLINES.values(), ids=list(DEADLINES))
def test_deadlines_far_away(client: vision.ImageAnnotatorClient, seconds: float | None) -> None:
    answer = client.batch_annotate_images(requests=[one()], retry=None, timeout=seconds)
    assert described(answer.responses[0]) == "20x10"


def test_a_deadline_that_is_over(client: vision.ImageAnnotatorClient) -> None:
    pages = [asked(inline(frames("TIFF", coloured(2, 60, 40)), TIFF))]
    for seconds in (0, -1):
        with pytest.raises(exceptions.DeadlineExceeded):
            client.batch_annotate_images(requests=[one()], retry=None, timeout=seconds)
        with pytest.raises(exceptions.DeadlineExceeded):
            client.batch_annotate_files(requests=pages, retry=None, timeout=seconds)


@pytest.fixture
def running(own_engine: EngineProcess) -> tuple[EngineProcess, str]:
    """An engine that is busy for a minute, and the name of what it does."""
    own_engine.delay_s = 0.5
    own_engine.start("--workers", "1")
    (uri,) = upload(own_engine, "in", [picture()])
    return own_engine, submit(own_engine, batch([image(uri)] * 200, f"gs://{BUCKET}/out/"))


@pytest.mark.parametrize("deadline", [0.6, 2])
def test_a_wait_that_has_only_a_deadline(
    running: tuple[EngineProcess, str], deadline: float
) -> None:
    engine, name = running
    answer = engine.operations().WaitOperation(pb.WaitOperationRequest(name=name), timeout=deadline)
    assert not answer.done  # the latest state, and not the client's "Deadline Exceeded"
    long = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(seconds=10**9))
    assert not engine.operations().WaitOperation(long, timeout=deadline).done


def test_waits_without_any_deadline(running: tuple[EngineProcess, str]) -> None:
    engine, name = running
    stub = engine.operations()
    for nanos in (0, 1, -5):
        request = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(nanos=nanos))
        assert not stub.WaitOperation(request).done
    waiting = stub.WaitOperation.future(pb.WaitOperationRequest(name=name))
    stub.CancelOperation(pb.CancelOperationRequest(name=name))
    assert waiting.result().done


def test_a_direct_call_without_deadline_does_not_keep_the_engine_from_ending(
    own_engine: EngineProcess,
) -> None:
    own_engine.delay_s = 30
    client = own_engine.start("--workers", "1").client()
    send: Any = client.transport.batch_annotate_images
    call = send.future(vision.BatchAnnotateImagesRequest(requests=[one()] * 16))
    until(lambda: "engine" in own_engine.stderr())
    time.sleep(0.5)  # for the call to arrive
    began = time.monotonic()
    own_engine.stop()
    assert time.monotonic() - began < 20
    assert call.exception() is not None


def in_a_loop(engine: EngineProcess, call: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    """What a call of the asyncio client gives."""

    async def run() -> Any:
        async with grpc.aio.insecure_channel(engine.facts()["vision_address"]) as channel:
            transport = ImageAnnotatorGrpcAsyncIOTransport(channel=channel)
            return await call(vision.ImageAnnotatorAsyncClient(transport=transport))

    return asyncio.run(run())


def test_the_asyncio_client(engine: EngineProcess) -> None:
    uris = upload(engine, "asyncio", [picture()])
    prefix = f"gs://{BUCKET}/out/asyncio/"

    async def calls(client: Any) -> list[Any]:
        answer = await client.batch_annotate_images(requests=[one(24)])
        unbounded = await client.batch_annotate_images(requests=[one(25)], timeout=None)
        pages = await client.batch_annotate_files(
            requests=[asked(inline(frames("TIFF", coloured(2, 60, 40)), TIFF))]
        )
        operation = await client.async_batch_annotate_images(
            request=batch([image(uris[0])], prefix)
        )
        response = await operation.result()
        fetched = await client.get_operation({"name": operation.operation.name})
        operations = client.transport.operations_client
        assert isinstance(operations, operations_v1.OperationsAsyncClient)
        await operations.cancel_operation(fetched.name)
        await operations.delete_operation(fetched.name)
        return [answer, unbounded, pages, response, fetched]

    answer, unbounded, pages, response, fetched = in_a_loop(engine, calls)
    assert [described(a.responses[0]) for a in (answer, unbounded)] == ["24x10", "25x10"]
    assert pages.responses[0].total_pages == 2
    assert response.output_config.gcs_destination.uri == prefix
    assert fetched.done
