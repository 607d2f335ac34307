"""One picture, or one page, asked about at once: the synchronous calls, before a batch is sent.

It is a call like others: its units are counted and its budget is checked in the transaction that
writes it down, as a job of its own with one operation that is over from the start. Should this
process die in mid-call, that is what remains: nobody sends it again. The answer is written into a
shard, as a batch's would be, so that a batch that asks the same can use it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import ContactSheetError, QuotaExceeded, RequestError, SubmissionUncertain
from core.jobs.batch.billing_labels import of_job
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import LocalPicture, Picture
from core.jobs.ledger.access import Owner
from core.jobs.ledger.ledger import TRY, Ledger
from core.jobs.ledger.records import Operation, OperationState
from core.jobs.ledger.rows import PictureRow
from core.jobs.sending.admission import Admission
from core.jobs.sending.planning import job_values, new_job_id, new_operations, picture_rows
from core.jobs.sending.uploads import uploads
from core.jobs.service.answer_key import asked_values
from core.jobs.service.connection import Connection
from core.jobs.service.rate_limit import RateLimit
from core.logs import fields

if TYPE_CHECKING:
    from google.cloud import vision

log = logging.getLogger("core.jobs.try_once")

MAX_INLINE = 7 * 1024 * 1024  # bytes of a file: the service takes 10 MB, as base64 in JSON
BROKE_OFF = (
    "It was being asked when this dashboard stopped. It may be charged; ask again if needed."
)
UNCLEAR = "No clear answer came back: it may be charged all the same. It is not repeated."


@dataclass(frozen=True, slots=True)
class Asked:
    """What was answered.

    Attributes:
        uri, page: of the picture as it was asked about; 0 of one that is no page.
        shard: address of the shard that holds the answer, at its first place.
        failed: the answer is an error.
        seconds: that the call took.
    """

    job_id: str
    operation_id: int
    uri: str
    page: int
    shard: str
    generation: int
    failed: bool
    seconds: float


class TryOnce:
    """Asks. Safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        admission: Admission,
        rate_limit: RateLimit,
        base: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._admission = admission
        self._rate_limit = rate_limit
        self._base = base
        self._clock = clock

    def ask(
        self,
        connection: Connection,
        picture: Picture,
        request: BatchRequest,
        owner: Owner,
        page: int = 0,
    ) -> Asked:
        """Ask about one picture, or one page of a file, and wait for the answer.

        Args:
            request: with ``file_features``.
            page: from 1, of a file; 0 of a picture.

        Raises:
            RequestError: it cannot be tried, or nothing that is asked is answered for files.
            BudgetExceeded: it would cross the month's budget.
            SubmissionUncertain: no clear answer: it may be charged.
            BackendError, BucketError, PictureError: it was not asked.
        """
        if picture.pages:
            request.check_files(picture.name)
        if not self._rate_limit.may_send():
            raise QuotaExceeded(f"{self._rate_limit.limit:,} requests were made within a minute")
        connection.check_ready()
        job_id, operation = self._write_down(connection, picture, request, owner, page)
        try:
            uri = self._uploaded(connection, job_id, picture, request)
            asked = self._request(request, uri, picture, page)
            asked.labels.update(of_job(request.labels, job_id, owner.name))
            begun = time.monotonic()
            answer = connection.annotate_once(asked)
            seconds = time.monotonic() - begun
        except SubmissionUncertain:
            self._ledger.move(operation.id, [OperationState.FAILED], error=UNCLEAR)
            raise
        except ContactSheetError as error:
            self._ledger.take_back(operation.id, str(error))
            raise
        return self._keep(connection, operation, answer, uri, page, seconds)

    def note(self, asked: Asked, record: Callable[[Operation, datetime], None]) -> None:
        """Have an answer recorded, so that a batch can use it."""
        operation = self._ledger.operation(asked.operation_id)
        if operation is not None:
            record(operation, self._clock())

    def _write_down(
        self,
        connection: Connection,
        picture: Picture,
        request: BatchRequest,
        owner: Owner,
        page: int,
    ) -> tuple[str, Operation]:
        now = self._clock()
        job_id = new_job_id(now)
        prefix = f"{self._base}{job_id}/"
        row = _row(picture, page)
        values = {
            **job_values(job_id, f"{TRY}{job_id}", now, prefix, connection.id),
            **owner.values,
            "title": f"Try: {row.name}",
            "request": request.to_json(),
            "source": "tried before sending",
            **asked_values(request, connection.id, connection.capabilities),
            "pictures": 1,
            "pages": 1 if page else 0,
        }
        (planned,) = new_operations(replace(request, batch_size=1), prefix, 1, [1])
        over = {"state": "FAILED", "error": BROKE_OFF, "sent_at": now, "ended_at": now}
        planned = replace(planned, values=over, file_type=picture.file_type if page else "")
        admit = self._admission.trying(connection.id, request, job_id, paged=bool(page))
        self._ledger.add_job(values, [row], [planned], admit)
        log.info("a picture is tried", extra=fields(job=job_id))
        job = self._ledger.job(job_id)
        assert job is not None  # it has just been written
        return job_id, job.operations[0]

    def _uploaded(
        self, connection: Connection, job_id: str, picture: Picture, request: BatchRequest
    ) -> str:
        """The picture's address; "" of a file of this machine, which goes with the request."""
        if not isinstance(picture, LocalPicture):
            return picture.uri
        if picture.pages:
            return ""
        job = self._ledger.job(job_id)
        assert job is not None
        connection.prepare_bucket(self._base.removeprefix("gs://").partition("/")[0])
        uploads.upload(
            connection.buckets, self._ledger, job_id, job.prefix, longest=request.longest
        )
        for name, why in self._ledger.lost(job_id):
            raise RequestError("The picture cannot be sent", where=name, then=why)
        return self._ledger.uris(job.operations[0].id)[0]

    def _request(
        self, request: BatchRequest, uri: str, picture: Picture, page: int
    ) -> vision.BatchAnnotateImagesRequest | vision.BatchAnnotateFilesRequest:
        from google.cloud import vision

        features, context = request.asked_features(paged=bool(page)), request.context()
        if not page:
            image = vision.Image(source=vision.ImageSource(image_uri=uri))
            one = vision.AnnotateImageRequest(image=image, features=features, image_context=context)
            return vision.BatchAnnotateImagesRequest(requests=[one])
        config = vision.InputConfig(mime_type=picture.file_type)
        if isinstance(picture, LocalPicture):
            config.content = _bytes_of(picture)
        else:
            config.gcs_source = vision.GcsSource(uri=uri)
        file = vision.AnnotateFileRequest(
            input_config=config, features=features, image_context=context, pages=[page]
        )
        return vision.BatchAnnotateFilesRequest(requests=[file])

    def _keep(
        self,
        connection: Connection,
        operation: Operation,
        answer: dict[str, Any],
        uri: str,
        page: int,
        seconds: float,
    ) -> Asked:
        """Write the answer into a shard of its own, and note that it is there."""
        context = answer.setdefault("context", {})
        context.setdefault("uri", uri)
        if page:
            context["pageNumber"] = page
        failed = bool(answer.get("error", {}).get("code"))
        shard = f"{operation.prefix}output-1-to-1.json"
        data = json.dumps({"responses": [answer]}).encode()
        connection.buckets.write(shard, data, "application/json")
        now = self._clock()
        self._ledger.move(
            operation.id,
            [OperationState.FAILED],
            state=OperationState.SUCCEEDED,
            error="",
            ended_at=now,
            progress_at=now,
            shards_done=1,
            pictures_done=1,
            errors=int(failed),
        )
        generation = connection.buckets.info(shard).generation
        return Asked(operation.job_id, operation.id, uri, page, shard, generation, failed, seconds)


def _row(picture: Picture, page: int) -> PictureRow:
    """As the ledger keeps it; a page of a local file goes with the request, and has no address."""
    row = next(iter(picture_rows([replace(picture, numbers=(page,) if page else ())])))
    if page:
        name = f"{picture.name} (page {page:,})"
        return replace(row, name=name, path="", cut="", spooled=False)
    return replace(row, spooled=False)  # the batch still needs the file


def _bytes_of(picture: LocalPicture) -> bytes:
    try:
        if picture.path.stat().st_size > MAX_INLINE:
            raise RequestError(
                "The file is too large to be tried",
                where=picture.name,
                then=f"Up to {MAX_INLINE // 1024**2} MB go at once; the batch takes all of it.",
            )
        return picture.path.read_bytes()
    except OSError as error:
        raise RequestError(
            "The file cannot be read", where=picture.name, then=error.strerror or ""
        ) from error
