"""Starts, watches and stops the parts of one engine."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import grpc
from google.longrunning import operations_pb2_grpc

from core import logs
from core.buckets import open_buckets
from core.cloud_settings import CloudSettings
from core.engine.emulator import Emulator
from core.engine.home import AlreadyRunning, EngineHome
from core.engine.operations.batch_runner import BatchRunner
from core.engine.operations.schema import set_aside
from core.engine.operations.store import OperationStore
from core.engine.protocol.annotate_service import AnnotateService
from core.engine.protocol.grpc_servicers import Operations, VisionHandler
from core.engine.protocol.operations_service import OperationsService
from core.engine.protocol.rest import RestServer, rest_app
from core.engine.storage import Storage, open_storage
from core.engine.workers import worker
from core.engine.workers.executors import Executors, end_children, new_pool
from core.engine.workers.worker import Kit, WorkerConfig, own_models_of
from core.errors import BackendError, BucketError, ContactSheetError, EngineNotRunning
from core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("engine")

EXIT_FAILED, EXIT_ALREADY_RUNNING = 1, 3
GRPC_THREADS = 24
WAITERS = 12
# A request over 10 MB is refused by us, with the service's words, so it has to come in first.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
WATCH_S = 1.0
GRACE_S = 5.0  # what is not back by then is annotated again at the next start


class Engine:
    """One engine over one home. ``start``, then ``run`` until ``stop_asked`` is set, then ``stop``.

    Args:
        home: the dashboard's home; the engine uses ``home/engine``.
        workers: processes that annotate.
        kit: the annotators.
        bucket: made when it is not there; "" for none.
        dask: address of a Dask scheduler, whose workers annotate instead; "" for none.
        vectors: whether files of the pictures' vectors are written beside the shards.
        quick_labels: whether labels come without looking for faces and objects.
        cloud: how Cloud Storage is reached, in which pictures and shards then are; None for a
            storage of the engine's own.
    """

    def __init__(
        self,
        home: Path,
        workers: int,
        kit: Kit,
        bucket: str = "",
        dask: str = "",
        *,
        vectors: bool = False,
        quick_labels: bool = False,
        cloud: CloudSettings | None = None,
    ) -> None:
        self.home = EngineHome(home)
        self._home = home
        self.stop_asked = threading.Event()
        self._workers = workers
        self._kit = kit
        self._bucket = bucket
        self._dask = dask
        self._vectors, self._quick_labels = vectors, quick_labels
        self._cloud = cloud
        self._lock: TextIO | None = None
        self._stops: list[Callable[[], object]] = []  # in the order of starting
        self._emulator: Emulator | None = None

    def start(self) -> None:
        """Bring everything up and write engine.json.

        Raises:
            AlreadyRunning: another engine has this home.
            EngineNotRunning: a part does not come up.
        """
        started = time.monotonic()
        self._lock = self.home.lock()
        self._stops.append(self._lock.close)
        self.home.withdraw()  # an engine that was killed leaves its own
        vision_port, storage_port, rest_port = self.home.ports()
        storage = self._open_storage(storage_port)
        config = WorkerConfig(
            self._kit, self.home.models, storage, self._vectors, self._quick_labels
        )
        capabilities = self._prepare(config)
        config = replace(config, own_models=own_models_of(capabilities))
        self.home.status("Starting the Vision service")
        annotator, operations = self._run(config, capabilities)
        self._serve_grpc(vision_port, annotator, operations)
        self._serve_rest(rest_port, annotator, operations)
        self.home.announce(
            {
                "pid": os.getpid(),
                "vision_address": f"127.0.0.1:{vision_port}",
                "storage_address": storage if isinstance(storage, str) else "",
                "rest_address": f"http://127.0.0.1:{rest_port}",
                "workers": self._workers,
                "capabilities": capabilities,
            }
        )
        self.home.status("Ready")
        log.info(
            "ready in %.1f s: vision 127.0.0.1:%d, REST :%d, storage %s, %s",
            time.monotonic() - started,
            vision_port,
            rest_port,
            storage if isinstance(storage, str) else storage.storage_url,
            f"Dask {self._dask}" if self._dask else f"{self._workers} workers",
        )

    def run(self) -> None:
        """Watch the storage emulator until ``stop_asked`` is set."""
        while not self.stop_asked.wait(WATCH_S):
            if self._emulator is not None and self._emulator.died():
                log.error("the storage emulator died; it is started again")
                try:
                    self._emulator.start()
                except EngineNotRunning as error:
                    log.error("%s", error)  # tried again at the next look

    def stop(self) -> None:
        """Take everything down, last first; what is not done goes on at the next start."""
        if self._lock is None:
            return  # nothing here is ours
        self.home.withdraw()
        while self._stops:
            try:
                self._stops.pop()()
            except Exception:
                log.exception("a part did not stop well")
        self._lock = None

    def _open_storage(self, port: int) -> Storage:
        if self._cloud is not None:
            self.home.status("Looking for credentials for Cloud Storage")
            try:
                open_storage(self._cloud)
            except BackendError as error:
                raise EngineNotRunning(error.what, where=error.where, then=error.then) from error
            return self._cloud
        self.home.status("Starting the local Cloud Storage")
        return self._start_emulator(port).address

    def _start_emulator(self, port: int) -> Emulator:
        self._emulator = emulator = Emulator(self.home.storage, port)
        emulator.start()
        self._stops.append(emulator.stop)
        if self._bucket:
            try:
                open_buckets(emulator.address).make_bucket(self._bucket)
            except BucketError as error:
                raise EngineNotRunning(
                    "The bucket could not be made", where=self._bucket, then=str(error)
                ) from error
        return emulator

    def _prepare(self, config: WorkerConfig) -> dict[str, dict[str, Any]]:
        # In a process of its own: this one stays small.
        with new_pool(1) as pool:
            prepared = pool.submit(worker.prepare, config, self._home)
            try:
                while not wait([prepared], timeout=0.1).done:
                    if self.stop_asked.is_set():
                        raise EngineNotRunning("The engine was stopped while it started")
                return prepared.result()
            except BrokenExecutor as error:
                raise EngineNotRunning(
                    "The process that loads the models died", then="Is there enough memory?"
                ) from error
            finally:
                if not prepared.done():
                    end_children()

    def _run(
        self, config: WorkerConfig, capabilities: dict[str, dict[str, Any]]
    ) -> tuple[AnnotateService, OperationsService]:
        store = OperationStore(self.home.operations)
        self._stops.append(store.close)
        buckets = open_storage(config.storage)
        executors = Executors(self._workers, self._dask, config.storage, self._bucket)
        self._stops.append(executors.close)
        runner = BatchRunner(store, buckets, executors, config, self.home.files)
        runner.start()
        self._stops.append(end_children)
        self._stops.append(partial(runner.stop, GRACE_S))
        return (
            AnnotateService(store, runner, buckets, capabilities),
            OperationsService(store, runner, WAITERS),
        )

    def _serve_grpc(
        self, port: int, annotator: AnnotateService, operations: OperationsService
    ) -> None:
        server = grpc.server(
            ThreadPoolExecutor(GRPC_THREADS, thread_name_prefix="grpc"),
            options=[
                ("grpc.so_reuseport", 0),  # else a second server could share the port unnoticed
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", -1),
            ],
        )
        server.add_generic_rpc_handlers((VisionHandler(annotator),))
        operations_pb2_grpc.add_OperationsServicer_to_server(Operations(operations), server)
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        self._stops.append(lambda: server.stop(grace=1.0).wait(5.0))
        self._stops.append(operations.release)

    def _serve_rest(
        self, port: int, annotator: AnnotateService, operations: OperationsService
    ) -> None:
        rest = RestServer(rest_app(annotator, operations), port)
        rest.start()
        self._stops.append(rest.stop)


def main(arguments: Sequence[str], kit: Kit) -> int:
    """Run an engine until SIGTERM or SIGINT; the exit code of the process."""
    logs.set_up()
    # One thread a worker: more of them than cores only get in each other's way.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    engine: Engine | None = None
    try:
        settings = Settings.from_env()
        options = _options(arguments, settings)
        if options.prepare:
            kit.prepare(EngineHome(options.home).models, log.info)
            return 0
        if options.set_aside:
            return _set_aside(EngineHome(options.home))
        engine = Engine(
            options.home,
            options.workers,
            kit,
            settings.bucket,
            settings.dask,
            vectors=options.vectors,
            quick_labels=settings.labels == "quick",
            cloud=settings.cloud if settings.on_cloud else None,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop_asked.set() if engine else None)
        engine.start()
        engine.run()
    except AlreadyRunning as error:
        log.error("%s", error)
        return EXIT_ALREADY_RUNNING
    except ContactSheetError as error:
        if engine is None or not engine.stop_asked.is_set():
            log.error("%s", error)
            if engine is not None:
                engine.home.status(f"Failed: {error}")
            return EXIT_FAILED
    finally:
        if engine is not None:
            engine.stop()
    engine.home.status("Stopped")
    return 0


def _set_aside(home: EngineHome) -> int:
    with home.lock():
        aside = set_aside(home.operations)
    if aside is None:
        log.info("%s is in order, or is not there; nothing was done", home.operations)
    else:
        log.warning("the journal is now %s; the next engine begins a new one", aside)
    return 0


def _options(arguments: Sequence[str], settings: Settings) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m core.engine",
        description="The embedded engine: Cloud Vision and Cloud Storage on this machine.",
    )
    parser.add_argument("--home", type=Path, default=settings.home)
    parser.add_argument("--workers", type=int, default=settings.workers)
    parser.add_argument(
        "--vectors", action="store_true", help="write pictures' vectors beside their shards"
    )
    parser.add_argument("--prepare", action="store_true", help="fetch the models, then end")
    parser.add_argument(
        "--set-aside", action="store_true", help="rename a damaged journal of operations, then end"
    )
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error("--workers must be at least 1")
    return options
