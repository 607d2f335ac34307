"""What the service says about an operation, read from its ``google.longrunning.Operation``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.errors import OperationNotFound
from core.foreign_text import scrubbed

if TYPE_CHECKING:
    from google.longrunning import operations_pb2

_OPERATION_NAME = re.compile(r"[A-Za-z0-9_.~/-]{1,300}\Z")


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """What the service says about one operation.

    Attributes:
        state: CREATED, RUNNING, DONE or CANCELLED; "" if it does not say.
        done: whether it has ended, in whatever way.
        created: None if the service does not say.
        error_code: ``google.rpc.Code`` of a failed operation; 0 otherwise.
        error: its message, without the account that it names.
        output_prefix: where it wrote, of several files the first; "" until it has succeeded.
    """

    name: str
    state: str
    done: bool
    created: datetime | None
    updated: datetime | None
    error_code: int
    error: str
    output_prefix: str


def check_operation_name(name: str) -> None:
    """Refuse what cannot be an operation's name before it reaches a server.

    Raises:
        OperationNotFound: always of this kind.
    """
    if not _OPERATION_NAME.match(name) or "operations/" not in f"/{name}".replace("//", "/"):
        raise OperationNotFound(
            "This is not the name of an operation",
            where=repr(name)[:100],
            then="It looks like projects/PROJECT/operations/0123456789abcdef.",
        )


def read_status(operation: operations_pb2.Operation) -> OperationStatus:
    """Read the service's Operation message; parts that are missing or unknown stay empty."""
    from google.cloud import vision

    metadata = vision.OperationMetadata.pb(vision.OperationMetadata())
    operation.metadata.Unpack(metadata)
    failed = operation.HasField("error")
    state = vision.OperationMetadata.State(metadata.state).name if metadata.state else ""
    return OperationStatus(
        name=operation.name,
        state=state.removeprefix("STATE_"),
        done=operation.done,
        created=_time(metadata, "create_time"),
        updated=_time(metadata, "update_time"),
        error_code=operation.error.code if failed else 0,
        error=scrubbed(operation.error.message) if failed else "",
        output_prefix=_output_prefix(operation.response) if operation.HasField("response") else "",
    )


def _output_prefix(response: Any) -> str:
    """Of either kind of answer; "" of any other."""
    from google.cloud import vision

    of_pictures = vision.AsyncBatchAnnotateImagesResponse.pb()()
    of_files = vision.AsyncBatchAnnotateFilesResponse.pb()()
    if response.Unpack(of_pictures):
        return str(of_pictures.output_config.gcs_destination.uri)
    if response.Unpack(of_files) and of_files.responses:
        return str(of_files.responses[0].output_config.gcs_destination.uri)
    return ""


def _time(metadata: Any, name: str) -> datetime | None:
    if not metadata.HasField(name):
        return None
    moment: datetime = getattr(metadata, name).ToDatetime(tzinfo=UTC)
    return moment
