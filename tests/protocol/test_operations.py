"""google.longrunning.Operations over real gRPC."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc
import pytest
from google.cloud import vision
from google.longrunning import operations_pb2 as pb
from google.protobuf import duration_pb2

from tests.kit.services.engine_process import (
    BUCKET,
    EngineProcess,
    batch,
    image,
    picture,
    shards,
    state,
    submit,
    until,
    upload,
    wait,
)

State = vision.OperationMetadata.State
CALLS = [
    ("GetOperation", pb.GetOperationRequest),
    ("CancelOperation", pb.CancelOperationRequest),
    ("DeleteOperation", pb.DeleteOperationRequest),
    ("WaitOperation", pb.WaitOperationRequest),
]


@pytest.fixture
def slow_engine(own_engine: EngineProcess) -> EngineProcess:
    """Takes a quarter of a second a picture, so that there is a middle of the batch."""
    own_engine.delay_s = 0.25
    return own_engine.start("--workers", "2")


@pytest.mark.parametrize("name", ["", "projects/local/operations/none", "nonsense", "' OR 1=1"])
@pytest.mark.parametrize(("call", "request_"), CALLS)
def test_unknown_operations(engine: EngineProcess, call: str, request_: Any, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(engine.operations(), call)(request_(name=name), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_cancel_in_mid_batch(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 60)
    prefix = f"gs://{BUCKET}/out/"
    name = submit(slow_engine, batch((image(uri) for uri in uris), prefix, 5))
    stub = slow_engine.operations()
    until(lambda: len(slow_engine.annotated()) >= 8)
    stub.CancelOperation(pb.CancelOperationRequest(name=name), timeout=10)
    done = wait(slow_engine, name, 10)
    assert state(done) is State.CANCELLED
    assert done.error.code == 1
    count = len(slow_engine.annotated())
    assert count < 20
    # Whole shards are kept, none is half, and nothing comes after the end.
    shards_by_name = shards(slow_engine, prefix)
    assert 1 <= len(shards_by_name) <= 4
    assert all(len(shard.responses) == 5 for shard in shards_by_name.values())
    # The next operation runs at once.
    wait(slow_engine, submit(slow_engine, batch([image(uris[0])], f"gs://{BUCKET}/two/")), 10)
    assert len(slow_engine.annotated()) == count + 1
    assert shards(slow_engine, prefix) == shards_by_name


def test_cancel_is_no_error_once_it_is_done(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "done", [picture()])
    name = submit(engine, batch([image(uri)], f"gs://{BUCKET}/out/done/"))
    wait(engine, name)
    stub = engine.operations()
    stub.CancelOperation(pb.CancelOperationRequest(name=name), timeout=10)
    assert state(stub.GetOperation(pb.GetOperationRequest(name=name), timeout=10)) is State.DONE


def test_states_and_times_go_forward(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 8)
    name = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/o/", 2))
    stub = slow_engine.operations()
    seen: list[tuple[int, float]] = []

    def look() -> bool:
        operation = stub.GetOperation(pb.GetOperationRequest(name=name), timeout=10)
        metadata = vision.OperationMetadata.pb()()
        operation.metadata.Unpack(metadata)
        seen.append((metadata.state, metadata.update_time.ToDatetime().timestamp()))
        return bool(operation.done)

    until(look)
    assert seen == sorted(seen)
    assert State.RUNNING in [entry[0] for entry in seen]


def test_wait_answers_when_it_is_done(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 4)
    name = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/o/"))
    stub = slow_engine.operations()
    short = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(nanos=50_000_000))
    assert not stub.WaitOperation(short, timeout=10).done
    long = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(seconds=30))
    assert stub.WaitOperation(long, timeout=40).done


def test_many_waiting_clients_do_not_block_the_others(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 20)
    name = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/o/"))
    request = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(seconds=30))
    stub = slow_engine.operations()
    waiting = [stub.WaitOperation.future(request, timeout=40) for _ in range(40)]
    started = time.monotonic()
    stub.GetOperation(pb.GetOperationRequest(name=name), timeout=10)
    assert time.monotonic() - started < 2
    assert any(one.result().done for one in waiting)  # any but one too many may be the first


def test_waiting_clients_do_not_keep_the_engine_from_ending(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 200)
    name = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/o/"))
    request = pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(seconds=60))
    stub = slow_engine.operations()
    waiting = [stub.WaitOperation.future(request, timeout=70) for _ in range(5)]
    assert not stub.WaitOperation(
        pb.WaitOperationRequest(name=name, timeout=duration_pb2.Duration(nanos=300_000_000)),
        timeout=10,
    ).done
    began = time.monotonic()
    slow_engine.stop()
    assert time.monotonic() - began < 20
    assert all(one.exception() or not one.result().done for one in waiting)


def test_two_operations_share_the_workers(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture(50, 50)] * 40)
    long = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/long/"))
    short = submit(slow_engine, batch((image(uri) for uri in uris[:3]), f"gs://{BUCKET}/short/"))
    wait(slow_engine, short)
    operation = slow_engine.operations().GetOperation(pb.GetOperationRequest(name=long), timeout=9)
    assert not operation.done


def test_a_direct_request_goes_before_a_long_operation(slow_engine: EngineProcess) -> None:
    uris = upload(slow_engine, "in", [picture()] * 40)
    long = submit(slow_engine, batch((image(uri) for uri in uris), f"gs://{BUCKET}/long/"))
    request = vision.BatchAnnotateImagesRequest(requests=[image(uris[0])])
    answer = slow_engine.client().batch_annotate_images(request=request, retry=None, timeout=30)
    assert answer.responses[0].label_annotations
    operation = slow_engine.operations().GetOperation(pb.GetOperationRequest(name=long), timeout=9)
    assert not operation.done


def test_a_client_that_gives_up_leaves_no_work_behind(slow_engine: EngineProcess) -> None:
    (uri,) = upload(slow_engine, "in", [picture()])
    request = vision.BatchAnnotateImagesRequest(requests=[image(uri)] * 16)
    with pytest.raises(Exception, match="Deadline"):
        slow_engine.client().batch_annotate_images(request=request, retry=None, timeout=0.8)
    wait(slow_engine, submit(slow_engine, batch([image(uri)], f"gs://{BUCKET}/o/")))
    assert len(slow_engine.annotated()) < 16


def test_list_pages_and_filters(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "list", [picture()])
    stub = engine.operations()
    names = []
    for number in range(5):
        request = batch([image(uri)], f"gs://{BUCKET}/out/list{number}/")
        request.parent = "projects/listing"
        names.append(submit(engine, request))
    for name in names:
        wait(engine, name)

    def listed(**how: Any) -> tuple[list[str], str]:
        answer = stub.ListOperations(pb.ListOperationsRequest(**how), timeout=10)
        return [operation.name for operation in answer.operations], answer.next_page_token

    assert listed(name="projects/listing") == (names, "")
    assert listed(name="projects/listing/operations") == (names, "")
    first, token = listed(name="projects/listing", page_size=2)
    second, token = listed(name="projects/listing", page_size=2, page_token=token)
    last, token = listed(name="projects/listing", page_size=2, page_token=token)
    assert [*first, *second, *last] == names
    assert token == ""
    assert listed(name="projects/listing", filter="done=false") == ([], "")
    matches = listed(filter=f'done=true AND output_uri="gs://{BUCKET}/out/list3/"')
    assert matches == ([names[3]], "")
    for wrong in ({"filter": "name:*"}, {"page_token": "x"}):
        with pytest.raises(grpc.RpcError) as caught:
            listed(**wrong)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_deleted_is_forgotten(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "delete", [picture()])
    name = submit(engine, batch([image(uri)], f"gs://{BUCKET}/out/delete/"))
    wait(engine, name)
    stub = engine.operations()
    stub.DeleteOperation(pb.DeleteOperationRequest(name=name), timeout=10)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetOperation(pb.GetOperationRequest(name=name), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_ten_clients_at_once(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "crowd", [picture()])
    names: list[str] = []

    def one(number: int) -> None:
        names.append(submit(engine, batch([image(uri)] * 3, f"gs://{BUCKET}/out/c{number}/")))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 10
    for name in names:
        assert state(wait(engine, name)) is State.DONE
