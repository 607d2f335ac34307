"""What google.longrunning.Operations' calls do; gRPC and REST share this."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from google.cloud import vision
from google.longrunning import operations_pb2

from core.engine.api_versions import from_v1
from core.engine.operations.batch_runner import BatchRunner
from core.engine.operations.operation_filters import condition
from core.engine.operations.records import OperationRecord
from core.engine.operations.store import MAX_PAGE, OperationStore
from core.engine.refusals import NOT_FOUND, Refused
from core.errors import OperationNotFound

MAX_WAIT_S = 60.0


class OperationsService:
    """Operations. Every method raises ``Refused`` with code and message, and nothing else.

    Names are full ones, or ``operations/ID``.

    Args:
        waiters: how many calls of ``wait`` may hold a thread at once.
    """

    def __init__(self, store: OperationStore, runner: BatchRunner, waiters: int) -> None:
        self._store = store
        self._runner = runner
        self._waiters = threading.BoundedSemaphore(waiters)

    def get(self, name: str) -> operations_pb2.Operation:
        """One operation as it stands."""
        with _known():
            return to_operation(self._store.get(name))

    def find(
        self, name: str, filter_: str, page_size: int, page_token: str
    ) -> operations_pb2.ListOperationsResponse:
        """Operations under ``projects/P`` (with or without ``/operations``), oldest first.

        ``filter_`` is read by ``operation_filters``.
        """
        wanted = condition(filter_)
        if page_token and not (page_token.isdecimal() and len(page_token) < 19):
            raise Refused("Invalid page_token.", field="page_token")
        if page_size < 0:
            raise Refused("Invalid page_size: it is less than 0.", field="page_size")
        size = min(page_size or MAX_PAGE, MAX_PAGE)
        parent = re.sub(r"(^|/)operations$", "", name.strip("/"))
        records = self._store.find(parent, wanted, page_size=size + 1, after=int(page_token or 0))
        page = records[:size]
        return operations_pb2.ListOperationsResponse(
            operations=[to_operation(record) for record in page],
            next_page_token=str(page[-1].number) if len(records) > size else "",
        )

    def cancel(self, name: str) -> None:
        """Ask an operation to end; no effect on one that has."""
        with _known():
            self._runner.cancel(name)

    def delete(self, name: str) -> None:
        """Forget an operation; one that is running goes on."""
        with _known():
            self._store.delete(name)

    def wait(self, name: str, timeout: float) -> operations_pb2.Operation:
        """An operation once it is done, or as it stands after so many seconds, 60 at most.

        Each waiting call holds a thread, and the last ones must stay free for everybody else: one
        too many is answered at once.
        """
        if not self._waiters.acquire(blocking=False):
            return self.get(name)
        try:
            with _known():
                return to_operation(self._store.wait(name, max(0.0, min(timeout, MAX_WAIT_S))))
        finally:
            self._waiters.release()

    def release(self) -> None:
        """Answer all who wait, now: their threads would keep the process from ending."""
        self._store.release()


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except OperationNotFound as error:
        message = f"Operation not found: {error.where}"
        raise Refused(message, NOT_FOUND, reason="OPERATION_NOT_FOUND") from error


def to_operation(record: OperationRecord) -> operations_pb2.Operation:
    """A record as ``google.longrunning.Operation`` with its metadata and outcome."""
    operation = operations_pb2.Operation(name=record.name, done=record.done)
    metadata = vision.OperationMetadata(
        state=record.state.value,
        create_time=datetime.fromtimestamp(record.created, UTC),
        update_time=datetime.fromtimestamp(record.updated, UTC),
    )
    operation.metadata.Pack(from_v1(record.version, vision.OperationMetadata.pb(metadata)))
    if record.error_code:
        operation.error.code = record.error_code
        operation.error.message = record.error_message
    elif record.done:
        operation.response.Pack(from_v1(record.version, _response(record)))
    return operation


def _response(record: OperationRecord) -> Any:
    if record.response is not None:
        return vision.AsyncBatchAnnotateFilesResponse.pb().FromString(record.response)
    response = vision.AsyncBatchAnnotateImagesResponse(
        output_config=vision.OutputConfig(
            gcs_destination=vision.GcsDestination(uri=record.output_uri),
            batch_size=record.batch_size,
        )
    )
    return vision.AsyncBatchAnnotateImagesResponse.pb(response)
