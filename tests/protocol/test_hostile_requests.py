"""Junk to a running engine, by REST and gRPC: refused in the form of the service, and no more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import requests
from google.cloud import vision
from google.longrunning import operations_pb2
from hypothesis import example, given
from hypothesis import strategies as st

from tests.kit.hostile import BOUNDED, junk, texts
from tests.kit.services.engine_process import EngineProcess

PATHS = (
    "images:annotate",
    "images:asyncBatchAnnotate",
    "files:annotate",
    "files:asyncBatchAnnotate",
)
REFUSED = {400, 403, 404, 405, 501}
CALLS = {
    "BatchAnnotateImages": vision.BatchAnnotateImagesRequest,
    "AsyncBatchAnnotateImages": vision.AsyncBatchAnnotateImagesRequest,
    "BatchAnnotateFiles": vision.BatchAnnotateFilesRequest,
    "AsyncBatchAnnotateFiles": vision.AsyncBatchAnnotateFilesRequest,
}
HARMLESS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.PERMISSION_DENIED,
}
bodies = st.one_of(
    junk.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {}, optional={"requests": st.lists(junk, max_size=3), "parent": texts, "outputConfig": junk}
    ).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    st.sampled_from([b"[" * 5_000, b'{"requests":' * 2_000, b"\xef\xbb\xbf{}", b"{}{}", b"null"]),
)


@pytest.fixture(scope="module")
def channel(engine: EngineProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(engine.facts()["vision_address"]) as channel:
        yield channel


@BOUNDED
@given(st.sampled_from(PATHS), bodies)
def test_rest_refuses_junk(engine: EngineProcess, path: str, body: bytes) -> None:
    response = requests.post(
        f"{engine.facts()['rest_address']}/v1/{path}",
        data=body,
        headers={"content-type": "application/json"},
        timeout=30,
    )
    assert response.status_code in REFUSED, (response.status_code, response.text[:300])
    assert set(response.json()) == {"error"}
    assert response.headers["x-content-type-options"] == "nosniff"


@BOUNDED
@given(st.sampled_from(sorted(CALLS)), st.binary(max_size=80))
def test_grpc_refuses_bytes(channel: grpc.Channel, name: str, data: bytes) -> None:
    call: Any = channel.unary_unary(f"/google.cloud.vision.v1.ImageAnnotator/{name}")
    with pytest.raises(grpc.RpcError) as caught:
        call(data, timeout=30)
    # INTERNAL is gRPC's own word for bytes that are no message.
    assert caught.value.code() in {*HARMLESS, grpc.StatusCode.INTERNAL}
    if caught.value.code() is grpc.StatusCode.INTERNAL:
        assert "deserializing" in (caught.value.details() or "")


@BOUNDED
@given(texts, texts, st.integers(-(2**31), 2**31 - 1))
def test_operations_refuse_names(channel: grpc.Channel, name: str, other: str, size: int) -> None:
    calls: dict[str, Any] = {
        "GetOperation": operations_pb2.GetOperationRequest(name=name),
        "CancelOperation": operations_pb2.CancelOperationRequest(name=name),
        "DeleteOperation": operations_pb2.DeleteOperationRequest(name=name),
        "ListOperations": operations_pb2.ListOperationsRequest(
            name=name, filter=other, page_size=size, page_token=other
        ),
    }
    for method, message in calls.items():
        call: Any = channel.unary_unary(f"/google.longrunning.Operations/{method}")
        try:
            call(message.SerializeToString(), timeout=30)
        except grpc.RpcError as error:
            assert error.code() in HARMLESS, (method, error.code(), error.details())


@BOUNDED
@given(st.integers(-(10**11), 10**11), st.integers(-(2**31), 2**31 - 1))
@example(9 * 10**18, 0)
def test_waiting_for_ever_is_not_offered(channel: grpc.Channel, seconds: int, nanos: int) -> None:
    asked = operations_pb2.WaitOperationRequest(name="operations/none")
    asked.timeout.seconds, asked.timeout.nanos = seconds, nanos
    call: Any = channel.unary_unary("/google.longrunning.Operations/WaitOperation")
    with pytest.raises(grpc.RpcError) as caught:
        call(asked.SerializeToString(), timeout=30)
    assert caught.value.code() in HARMLESS, caught.value.details()


def test_engine_is_alive_after_all_that(engine: EngineProcess) -> None:
    os.kill(engine.facts()["pid"], 0)
    response = requests.get(f"{engine.facts()['rest_address']}/v1/operations", timeout=30)
    assert response.status_code == 200
