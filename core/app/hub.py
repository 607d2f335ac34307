"""What all browser sessions share: settings, engine, ledger, jobs, background work, the watcher.

No Streamlit here; ``core.ui.server.resources`` keeps one hub for the process.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from core.app.batches.batch_marks import BatchMarks
from core.app.batches.cleaning import Cleaning
from core.app.batches.live_rows import LiveRows
from core.app.engine_process import EngineInfo, EngineProcess
from core.app.gallery_cells import GalleryCells
from core.app.job_watcher import JobWatcher
from core.app.listings import Listings
from core.app.made_files import MadeFiles
from core.app.own_galleries import OwnGalleries
from core.app.tasks import Tasks
from core.buckets import BucketReader
from core.errors import BadObjectName, ContactSheetError, EngineNotRunning, SettingsError
from core.google_account import AccountFinder
from core.jobs.batch.features import Quota
from core.jobs.billing.prices import PriceTable
from core.jobs.jobs import Jobs
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.cuts import Cuts
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.marks import Marks
from core.jobs.ledger.records import Job
from core.jobs.ledger.saved_views import Views
from core.jobs.runner import Runner
from core.jobs.sending.backend_identity import (
    adopt,
    elsewhere,
    note_questions,
    same_service,
)
from core.jobs.sending.submission.claims import PROCESS
from core.jobs.service.connection import Backend, Connection, connect
from core.jobs.visitors.guarded_buckets import GuardedBuckets
from core.results.pictures.exif_upright import Upright
from core.results.pictures.file_pages import FilePages
from core.results.pictures.thumbnails import LONGEST
from core.results.query.store import Store
from core.settings import Settings

FOLDER = "contact-sheet"  # in the bucket; below it every job has a folder of its own


class Hub:
    """One dashboard's shared parts. The only place that knows which backend was chosen.

    Attributes:
        clock: the current time, aware.
        galleries: of the embedded engine; None on Google Cloud.
        visitor: who may use this one, see ``seen_by``.
        cuts: copies of some pages of files, see ``Cuts``.

    Args:
        settings: see ``Settings``.
        engine: the embedded engine; None on Google Cloud.
        clock: the current time, aware.
        process: see ``Runner``.
    """

    def __init__(
        self,
        settings: Settings,
        engine: EngineProcess | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        process: str = PROCESS,
    ) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.clock = clock
        self.tasks = Tasks()
        self.stores = Tasks(capacity=4)  # result stores are large
        self.exports = Tasks(capacity=8)  # and so are files made for download
        self.listings = Listings()
        self.made_files = MadeFiles(settings.home / "made-files")
        self._runner = Runner(
            Ledger(settings.ledger_url, settings.home),
            self.connection,
            base=f"gs://{settings.bucket}/{FOLDER}/",
            clock=clock,
            prices=self.prices,
            budget_usd=settings.budget_usd,
            quota=Quota(settings.quota_pictures, settings.quota_requests),
            process=process,
        )
        self.jobs: Jobs = self._runner
        self.views = Views(self._runner.ledger)
        self.marks = Marks(self._runner.ledger, clock=clock)
        self.cuts = Cuts(self._runner.ledger)
        self._pages = FilePages(settings.home / "file-copies", numbers=self.cuts.numbers)
        folder = settings.home / "thumbnails"
        self.gallery = GalleryCells(folder, lambda: self.buckets, self._pages)
        self.galleries = OwnGalleries(settings.home, clock=clock) if engine is not None else None
        self.visitor = ALONE
        self._whole = self  # also of a visitor's: there is one connection
        self._engine = engine
        self._connection: Connection | None = None
        self._engine_backend: tuple[EngineInfo, Backend] | None = None  # asked for by every page
        self._account = AccountFinder(settings.cloud)
        self._lock = threading.Lock()
        keep_alive: Callable[[], None] = engine.ensure if engine is not None else _nothing
        self.cleaning = Cleaning(self._runner, settings.home, self.gallery.thumbnails, self.stores)
        self.live_rows = LiveRows(self._runner.ledger)
        self.watcher = JobWatcher(self._runner, self.connection, keep_alive, also=self._round)

    @classmethod
    def from_env(cls) -> Hub:
        """A hub as the environment's settings ask for.

        Raises:
            SettingsError: a setting cannot be used.
            LedgerError: the ledger cannot be opened.
        """
        settings = Settings.from_env()
        engine = (
            EngineProcess(settings.home, settings.workers, vectors=settings.vectors)
            if settings.has_engine
            else None
        )
        return cls(settings, engine)

    def seen_by(self, visitor: Visitor) -> Hub:
        """This hub as one visitor may use it: pages get no other, and need not ask who it is."""
        if visitor.unrestricted:
            return self
        own = copy.copy(self)
        own.visitor = visitor
        uploads = self.settings.home / "uploads"
        own.jobs = self._runner.seen_by(visitor, own.readable_folders, uploads)
        own.views = self.views.seen_by(visitor)
        own.marks = self.marks.seen_by(visitor)
        own.galleries = self.galleries.seen_by(visitor) if self.galleries is not None else None
        own.tasks = self.tasks.within(visitor.scope)
        own.exports = self.exports.within(visitor.scope)
        return own

    @property
    def folders(self) -> tuple[Path, ...] | None:
        """Folders of this machine that the visitor may choose pictures from; None for all."""
        if self.visitor.unrestricted or self.settings.folders is not None:
            return self.settings.folders
        return ()

    @property
    def readable_folders(self) -> tuple[Path, ...] | None:
        """Those, and our own of samples."""
        samples = self.settings.home / "samples"
        return None if self.folders is None else (*self.folders, samples)

    def start(self) -> None:
        """Start the engine, if there is one, and the watcher; drop uploads nobody came back for."""
        self._runner.sweep_uploads(self.settings.home)
        self.watcher.start()

    def stop(self) -> None:
        """Stop the watcher and the engine that this hub started."""
        self.watcher.stop()
        if self._engine is not None:
            self._engine.stop()

    def leave(self) -> None:
        """As ``stop``, for a process that cannot wait: the engine ends by itself."""
        if self._engine is not None:
            self._engine.ask_to_stop()

    def connection(self) -> Connection:
        """The connection to use now.

        Raises:
            EngineNotRunning: the embedded engine is still starting, or is down.
            BackendError: there are no usable credentials.
            LedgerError: the ledger cannot be used.
        """
        backend = self._backend()
        whole = self._whole
        with self._lock:
            now = whole._connection
            if now is None or replace(now.backend, capabilities=backend.capabilities) != backend:
                adopt(whole._runner.ledger, backend.id, backend.capabilities)
                note_questions(whole._runner.ledger, backend.id, backend.capabilities)
                now = connect(backend)
            elif now.backend != backend:
                now = now.with_capabilities(backend.capabilities)
            whole._connection = now
            return now

    @property
    def buckets(self) -> BucketReader:
        """The storage, as far as the visitor may read it; raises as ``connection`` does."""
        buckets = self.connection().buckets
        if self.visitor.unrestricted:
            return buckets
        return GuardedBuckets(lambda: buckets, self.jobs.visibility)

    def upright(self, uri: str, page: int, size: int, ahead: Sequence[int] = ()) -> Upright:
        """A picture or page, if the visitor may see it; see ``FilePages.copy``."""
        if size <= LONGEST and self.may_see(uri):
            return self.gallery.thumbnails.copy(uri, page, size)
        return self._pages.copy(self.buckets, uri, page, size, ahead)

    def may_see(self, uri: str) -> bool:
        """Whether the visitor may see an object or what lies in a folder.

        What is no address is nobody's; reading it raises what is wrong with it.
        """
        try:
            return not self.jobs.visibility.hides(uri)
        except BadObjectName:
            return True

    def batch_marks(self, store: Store, prefix: str, job_id: str) -> BatchMarks:
        """What people said of a batch that the visitor may see; ``job_id`` "" for a prefix."""
        return BatchMarks(self.marks, prefix, job_id, store, self.jobs.contents)

    def check_prefix(self, prefix: str) -> bool:
        """Whether a prefix may be listed; False for one that is to look empty.

        Raises:
            BucketError: it is no address, or takes in what the visitor may not see.
        """
        return self.jobs.visibility.lists(prefix)

    def look_again(self, job_id: str) -> None:
        """The visitor opens a job: its shards may have changed since they were counted."""
        with suppress(ContactSheetError):
            self.watcher.look_again(self.jobs.get(job_id).id)

    def troubles(self, job: Job) -> list[ContactSheetError]:
        """What keeps a job that the visitor sees from being followed; it is tried again."""
        possible = (self.jobs.trouble(job.id), self.watcher.trouble(job.id))
        return [error for error in possible if error is not None]

    def check_ledger(self) -> None:
        """Raise ``LedgerError`` unless the ledger can be written."""
        self._runner.ledger.check_writable()

    def prices(self) -> PriceTable:
        """The backend's prices, with the operator's own where there are any.

        Raises:
            SettingsError: the operator's file cannot be read or used.
        """
        table, own = self.connection().prices, self.settings.prices
        if own is None:
            return table
        try:
            return table.overridden(own.read_text(encoding="utf-8"), str(own))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "The price file cannot be read",
                where=str(own),
                then="Correct CONTACT_SHEET_PRICES, or take it away.",
            ) from error

    def elsewhere(self, job: Job) -> str:
        """Why a job does not go on here: it is another backend's; "" if it is this one's."""
        try:
            return elsewhere(job.backend, self._identity())
        except ContactSheetError:
            return ""  # which backend this is will be known later

    def _identity(self) -> str:
        """The backend's; it stays the same for as long as the process lives."""
        return (self._whole._connection or self.connection()).id

    def holds_results(self, job: Job) -> bool:
        """Whether the storage that is connected is the one that the job's results went to."""
        try:
            return same_service(job.backend, self._identity())
        except ContactSheetError:
            return False

    def _round(self) -> None:
        self.live_rows.round(self._identity())
        self.cleaning.round()

    def starting(self) -> str:
        """What the engine is doing until it is ready; "" once it is.

        Raises:
            ContactSheetError: it cannot be started.
        """
        if self._engine is None or self._engine.info() is not None:
            return ""
        if self.watcher.engine_fault is not None:
            raise self.watcher.engine_fault
        return self._engine.status()

    def _backend(self) -> Backend:
        if self._engine is None:
            return Backend.of_google(self.settings.cloud, self._account.get())
        info = self._engine.info()
        if info is None:
            raise EngineNotRunning(
                "The embedded engine is not ready",
                then="It starts again by itself; this page goes on when it is there.",
            )
        whole = self._whole
        if whole._engine_backend is None or whole._engine_backend[0] != info:
            whole._engine_backend = info, Backend.from_engine(asdict(info))
        backend = whole._engine_backend[1]
        if self.settings.has_engine and self.settings.on_cloud:
            cloud, account = self.settings.cloud, self._account.get()
            backend = replace(backend, storage_address=None, cloud=cloud, account=account)
        if self.galleries is None or self.settings.dask:  # a cluster's machines have their own
            return backend
        return replace(backend, capabilities=self.galleries.described(backend.capabilities))


def _nothing() -> None:
    return None
