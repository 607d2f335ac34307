"""One asynchronous operation on files: each is opened and counted first, then its pages follow.

Positions in the journal: page ``n`` of file ``k`` (from 0) is ``k * MAX_PAGES + n - 1``; what
opening file ``k`` gave is kept at ``-1 - k``, so that the next engine goes on with the same count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from core.buckets import Buckets
from core.engine.operations.operation_work import OperationWork
from core.engine.operations.records import Unfinished
from core.engine.operations.retrying import Retrying, Stopped
from core.engine.operations.shard_writer import DEFAULT_BATCH_SIZE, OutputShard, shard_ranges
from core.engine.operations.store import OperationStore
from core.engine.workers.file_pages import COUNT_PAGES, PageTask, lost_page, unreadable
from core.engine.workers.worker import INTERNAL, INVALID_ARGUMENT

log = logging.getLogger("engine.files")

MAX_PAGES = 2000  # of a file, cloud.google.com/vision/quotas


class FilesWork(OperationWork):
    """The pages of one ``AsyncBatchAnnotateFilesRequest``.

    A file that cannot be read costs no other: theirs are written, and then the operation ends with
    that file's error.

    Args:
        copies: the folder for the files' copies; those of this operation are removed by ``clean``.
    """

    def __init__(
        self,
        store: OperationStore,
        buckets: Buckets,
        writer: ThreadPoolExecutor,
        unfinished: Unfinished,
        ended: Callable[[str], None],
        patience: Retrying,
        *,
        copies: Path,
    ) -> None:
        from google.cloud import vision

        super().__init__(store, buckets, writer, unfinished, ended, patience)
        asked = vision.AsyncBatchAnnotateFilesRequest.pb().FromString(unfinished.request)
        self._asked = list(asked.requests)
        self._requests = [_page_request(one) for one in self._asked]
        self._copies = [copies / f"{copy_stem(self.label)}-{k}" for k in range(len(self._asked))]
        self._unopened = set(range(len(self._asked)))
        self._faults: dict[int, tuple[int, str]] = {}
        for file in range(len(self._asked)):
            position = -1 - file
            if position in self._journalled:
                (text,) = store.journalled(self.label, range(position, position + 1))
                self._opened(file, text)
            else:
                self._queue.append(position)

    def settle(self, results: list[tuple[int, bytes | None]]) -> None:
        opened = [
            (position, (outcome or self._not_opened(-1 - position)).decode())
            for position, outcome in results
            if position < 0
        ]
        try:
            self._keep(partial(self._store.journal, self.label, opened))
        except Stopped:
            self._halted.set()  # the next life opens these again
            return
        for position, text in opened:
            self._opened(-1 - position, text)
        super().settle([result for result in results if result[0] >= 0])

    def clean(self) -> None:
        """Remove the copies."""
        for copy in self._copies:
            copy.unlink(missing_ok=True)

    def _opened(self, file: int, text: str) -> None:
        from google.cloud import vision
        from google.protobuf import json_format

        self._unopened.discard(file)
        answer = json_format.Parse(text, vision.AnnotateFileResponse.pb()())
        source = self._asked[file].input_config
        if answer.error.code:
            self._faults[file] = (answer.error.code, answer.error.message)
        elif answer.total_pages > MAX_PAGES:
            why = f"it has {answer.total_pages} pages; the limit is {MAX_PAGES}"
            message = unreadable(source.gcs_source.uri, source.mime_type, why)
            self._faults[file] = (INVALID_ARGUMENT, message)
        else:
            self._expect_pages(file, answer.total_pages)
        if file in self._faults:
            log.warning("operation=%s file %d: %s", self.label, file + 1, self._faults[file][1])

    def _expect_pages(self, file: int, pages: int) -> None:
        from google.protobuf import json_format

        output = self._asked[file].output_config
        source = json_format.MessageToJson(self._asked[file].input_config, indent=None)
        self._expect(
            OutputShard(
                output.gcs_destination.uri, numbers, file * MAX_PAGES, f'"inputConfig":{source},'
            )
            for numbers in shard_ranges(pages, output.batch_size or DEFAULT_BATCH_SIZE)
        )

    def _task(self, position: int) -> PageTask:
        if position < 0:
            file, page = -1 - position, COUNT_PAGES
        else:
            file, page = position // MAX_PAGES, position % MAX_PAGES + 1
        return PageTask(self._requests[file], self._copies[file], page)

    def _lost(self, position: int) -> bytes:
        request = self._requests[position // MAX_PAGES]
        return lost_page(request, position % MAX_PAGES + 1, as_json=True)

    def _not_opened(self, file: int) -> bytes:
        from google.cloud import vision
        from google.protobuf import json_format

        source = self._asked[file].input_config
        answer = vision.AnnotateFileResponse()
        answer.error.code = INTERNAL
        answer.error.message = unreadable(source.gcs_source.uri, source.mime_type, "internal error")
        return json_format.MessageToJson(vision.AnnotateFileResponse.pb(answer)).encode()

    def _output_uris(self) -> list[str]:
        return [one.output_config.gcs_destination.uri for one in self._asked]

    def _fault(self) -> tuple[int, str]:
        return self._faults[min(self._faults)] if self._faults else (0, "")

    def _all_written(self) -> bool:
        return not self._unopened and super()._all_written()


def copy_stem(name: str) -> str:
    """What the copies of an operation's files are called."""
    return name.rpartition("/")[2]


def _page_request(asked: object) -> bytes:
    """An ``AsyncAnnotateFileRequest`` as an ``AnnotateFileRequest`` for each of its pages."""
    from google.cloud import vision

    one = vision.AsyncAnnotateFileRequest.wrap(asked)
    request = vision.AnnotateFileRequest(
        input_config=one.input_config, features=one.features, image_context=one.image_context
    )
    serialised: bytes = vision.AnnotateFileRequest.serialize(request)
    return serialised
