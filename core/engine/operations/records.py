"""An operation as its store tells it: plain data, without protobuf and without SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from core.engine.api_versions import V1

CANCELLED_CODE = 1  # google.rpc.Code.CANCELLED: what a cancelled operation's error carries


# The columns of `operations` that make an OperationRecord, in its order.
COLUMNS = (
    "number, name, state, created, updated, output_uri, batch_size, pictures,"
    " error_code, error_message, response, version, cancel"
)


class State(IntEnum):
    """``google.cloud.vision.v1.OperationMetadata.State``."""

    CREATED = 1
    RUNNING = 2
    DONE = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation as it stands. Times are seconds since the epoch.

    Attributes:
        pictures: how many it annotates; of a files operation how many files.
        response: of a files operation what it answers when it ends well, a serialised
            ``AsyncBatchAnnotateFilesResponse``; None for pictures.
        version: of the API by which it was asked for, whose types its metadata and response have.
    """

    number: int
    name: str
    state: State
    created: float
    updated: float
    output_uri: str
    batch_size: int
    pictures: int
    error_code: int
    error_message: str
    response: bytes | None
    version: str
    cancel: bool

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in (State.DONE, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What an engine needs to go on with an operation.

    Attributes:
        request: the serialised ``AsyncBatchAnnotateImagesRequest`` or ``...FilesRequest``.
        journalled: positions (from 0) annotated but not yet in a written shard; those below 0 are
            ``files_work``'s own.
        shards: first numbers (from 1) of the shards already in the bucket.
    """

    record: OperationRecord
    request: bytes
    journalled: frozenset[int]
    shards: frozenset[int]


def record(row: tuple[Any, ...]) -> OperationRecord:
    """A row of COLUMNS, as SQLite gives it."""
    number, name, state, *middle, version, cancel = row
    values = (number, name, State(state), *middle, version or V1, bool(cancel))
    return OperationRecord(*values)
