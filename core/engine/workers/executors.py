"""Which processes annotate: a pool on this machine, or a Dask cluster's."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial

from core.engine.storage import Storage
from core.engine.workers import worker
from core.engine.workers.dask_executor import DaskExecutor


class Executors:
    """Makes executors, one after another, and tells how many pictures they annotate at once.

    Args:
        workers: processes of a pool on this machine.
        dask: address of a scheduler, whose workers are used instead; "" for none.
        storage: where the engine's pictures are.
        bucket: of it, that workers of a cluster are asked to reach.
    """

    def __init__(
        self, workers: int, dask: str = "", storage: Storage = "", bucket: str = ""
    ) -> None:
        self._workers = workers
        self._cluster: DaskExecutor | None = None
        self._make: Callable[[], Executor] = partial(new_pool, workers)
        if dask:
            self._make = partial(self._join, dask, storage, bucket)

    def __call__(self) -> Executor:
        """A new pool, or the one connection to the cluster.

        Raises:
            EngineNotRunning: there is no cluster at that address.
        """
        return self._make()

    def width(self) -> int:
        """Pictures annotated at once, now."""
        return max(1, self._cluster.width) if self._cluster else self._workers

    def close(self) -> None:
        """Let go of a cluster."""
        if self._cluster:
            self._cluster.close()

    def _join(self, dask: str, storage: Storage, bucket: str) -> DaskExecutor:
        if self._cluster is None:
            self._cluster = DaskExecutor(dask, storage, bucket)
        return self._cluster


def new_pool(workers: int) -> Executor:
    """A pool of worker processes that end with this one."""
    return ProcessPoolExecutor(
        workers,
        # fork would copy gRPC's threads in an unknown state
        mp_context=multiprocessing.get_context("spawn"),
        initializer=worker.start,
        initargs=(os.getpid(),),
    )


def end_children() -> None:
    """End what is left of this process's pools."""
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(2.0)
        if child.is_alive():
            child.kill()
