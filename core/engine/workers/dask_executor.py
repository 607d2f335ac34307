"""Pictures on a Dask cluster, as a ``concurrent.futures.Executor`` that the dispatcher can use.

The cluster carries code and pickles: who reaches its ports can run anything on its machines.
So only on a trusted network, on loopback through SSH, or with TLS (``tls://``, set up by Dask's own
configuration). The engine's own storage stays on loopback too; workers on another machine reach it
under the same address through a tunnel (``ssh -N -R PORT:127.0.0.1:PORT WORKER``, the port is in
``engine.json``). With ``CONTACT_SHEET_BACKEND=engine-on-cloud`` there is no tunnel: workers read
Cloud Storage by their own machine's credentials.
Models are fetched by each machine for itself, see ``cluster_worker``.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.engine.storage import Storage
from core.engine.workers.cluster_worker import look_around, on_worker
from core.errors import EngineNotRunning

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as DaskFuture

log = logging.getLogger("engine.dask")

CONNECT_S = 15.0
LOOK_S = 2.0  # how often the cluster's workers are counted


@dataclass(slots=True)
class _Sent:
    """A picture that was handed to the cluster."""

    function: Callable[..., bytes]
    arguments: tuple[Any, ...]
    future: Future[bytes]
    on_cluster: DaskFuture[bytes] | None = None


class DaskExecutor(Executor):
    """Runs what it is given on the workers of one scheduler.

    A worker that dies is Dask's to notice: its pictures go to others. A picture whose workers died
    again and again comes back as ``BrokenExecutor``, upon which the dispatcher tries it alone. A
    scheduler that is gone is awaited; everything unfinished is sent again when it is back.

    Args:
        address: of the scheduler, ``tcp://HOST:PORT``.
        storage: where the engine's pictures are, which each worker is asked to reach.
        bucket: of Cloud Storage, that is looked at.

    Raises:
        EngineNotRunning: Dask is not installed, or its scheduler does not answer.
    """

    def __init__(self, address: str, storage: Storage, bucket: str = "") -> None:
        self._address, self._storage, self._bucket = address, storage, bucket
        self._client = _connect(address)
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._unfinished: dict[int, _Sent] = {}
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self.width = 0
        self._look()
        self._keeper = threading.Thread(target=self._keep, name="dask", daemon=True)
        self._keeper.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send one picture; arguments by position only."""
        sent = _Sent(fn, args, Future())
        with self._lock:
            self._unfinished[id(sent)] = sent
        sent.future.add_done_callback(lambda _: self._done(sent))
        self._events.put(lambda: self._send(sent))
        return sent.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing: a cluster outlives a picture that broke some of its workers. See ``close``."""

    def close(self) -> None:
        """Leave the cluster, which goes on; what is unfinished is cancelled there."""
        self._events.put(None)
        self._keeper.join(CONNECT_S)

    def _keep(self) -> None:
        """Everything that may wait for the network happens on this one thread."""
        while True:
            try:
                event = self._events.get(timeout=LOOK_S)
                if event is None:
                    break
                event()
            except queue.Empty:
                self._guarded(self._look)
            except Exception:  # what could not be sent is sent when the client is back
                log.exception("a picture could not be sent to %s", self._address)
        self._guarded(lambda: self._client.close(timeout=2))

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:
            log.warning("the cluster at %s does not answer: %r", self._address, error)

    def _send(self, sent: _Sent) -> None:
        if sent.future.done():
            return
        if self._client.status == "closed":
            return  # _look connects again, and sends all that is unfinished
        sent.on_cluster = self._client.submit(
            on_worker, sent.function, *sent.arguments, pure=False, retries=0
        )
        sent.on_cluster.add_done_callback(lambda done: self._back(sent, done))

    def _back(self, sent: _Sent, done: DaskFuture[bytes]) -> None:
        """On Dask's callback thread."""
        from distributed.scheduler import KilledWorker

        try:
            result = done.result(timeout=CONNECT_S)
        except KilledWorker as error:
            _settle(sent.future, error=BrokenExecutor(str(error)))
        except (CancelledError, asyncio.CancelledError, OSError) as error:
            if sent.on_cluster is done and not sent.future.done():
                log.warning("the cluster lost a picture; it is sent again: %s", error)
                self._events.put(lambda: self._send(sent))
        except Exception as error:
            _settle(sent.future, error=error)
        else:
            _settle(sent.future, result)

    def _done(self, sent: _Sent) -> None:
        """It came back, or nobody wants it any more."""
        with self._lock:
            self._unfinished.pop(id(sent), None)
        on_cluster, sent.on_cluster = sent.on_cluster, None
        if sent.future.cancelled() and on_cluster is not None:
            self._events.put(on_cluster.cancel)

    def _look(self) -> None:
        """Count the workers, tell about new ones, and come back to a scheduler that was away."""
        if self._client.status == "closed":
            self._client = _connect(self._address)
            log.info("back at the scheduler %s", self._address)
            with self._lock:
                unfinished = list(self._unfinished.values())
            for sent in unfinished:
                self._send(sent)
        threads: Mapping[str, int] = self._client.nthreads()
        # A worker runs one picture at a time however many threads it has.
        if bool(self.width) != bool(threads) or not (threads or self._known):
            log.log(
                logging.INFO if threads else logging.WARNING,
                "%d workers at %s%s",
                len(threads),
                self._address,
                "" if threads else ": pictures wait until some are started",
            )
        self.width = len(threads)
        new = [worker for worker in threads if worker not in self._known]
        self._known |= set(new)
        if new:
            self._introduce(new)

    def _introduce(self, workers: list[str]) -> None:
        faults = self._client.run(
            look_around, self._storage, self._bucket, workers=workers, on_error="return"
        )
        for worker, fault in faults.items():
            if fault:
                log.warning("worker %s is not fit: %s", worker, fault)
            else:
                log.info("worker %s is there and reaches the storage", worker)


def _settle(future: Future[bytes], result: bytes = b"", error: BaseException | None = None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise EngineNotRunning(
            "Dask is not installed",
            where="CONTACT_SHEET_DASK",
            then="pip install -r requirements-cluster.txt, or unset the variable.",
        ) from error
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False, name="contact-sheet")
    except (OSError, ValueError) as error:
        raise EngineNotRunning(
            "The Dask scheduler does not answer",
            where=address,
            then=f"Start it (dask scheduler), or correct CONTACT_SHEET_DASK. It said: {error}",
        ) from error
