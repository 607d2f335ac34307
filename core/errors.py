"""Every error this project raises on purpose.

::

    ContactSheetError
    ├── SettingsError             an environment variable has no usable value
    ├── BucketError
    │   ├── BadObjectName         not a gs:// address, or a name that must not be opened
    │   ├── BucketNotFound
    │   ├── ObjectNotFound
    │   ├── BadObject             its bytes are not what its metadata says of them
    │   ├── BucketDenied          credentials, a role, an API or billing is missing
    │   ├── BucketRefused         the same request will be refused again
    │   └── BucketUnavailable     no answer, or a fault of the storage server
    ├── PictureError              one picture cannot be used; never stops a batch
    ├── RequestError              a batch breaks a limit or names something unknown
    ├── BackendError
    │   ├── BackendUnavailable    no answer from the Vision service
    │   ├── BackendDenied         credentials, role, or API not enabled
    │   ├── QuotaExceeded
    │   ├── RequestRefused        the service says the request is invalid
    │   ├── SubmissionUncertain   a batch may or may not have been accepted
    │   ├── NotOffered            this backend does not offer the call
    │   └── OperationNotFound
    ├── BudgetExceeded            sending it would cross the month's budget
    ├── NotAllowed                it may be looked at and not changed by this visitor
    ├── LedgerError               the job ledger cannot be read or written
    ├── ResultsError
    │   ├── QuestionError         a question in SQL is refused, wrong, or takes too much
    │   ├── NoShards              nothing that looks like a result shard under a prefix
    │   ├── BadShard              a shard that is not what the service writes
    │   └── BadVectors            a file beside a shard that does not hold its pictures' vectors
    └── EngineError
        ├── EngineNotRunning      the embedded engine did not start or has died
        ├── JournalDamaged        its record of operations cannot be read
        ├── GalleryError          a gallery of logos or landmarks does not take or give something
        └── ModelMissing          a model file is not there or has the wrong checksum
            └── ModelRefused      a model of one's own that is not run, with what is wrong
"""

from __future__ import annotations


class ContactSheetError(Exception):
    """What went wrong, where, and what to do next.

    Args:
        what: the fault as a plain sentence without a full stop.
        where: the file, ``gs://`` address, setting or operation it concerns; "" if none.
        then: what the user can do next, as a sentence; "" if nothing can be done.
    """

    def __init__(self, what: str, *, where: str = "", then: str = "") -> None:
        self.what = what
        self.where = where
        self.then = then
        super().__init__(what, where, then)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.what}{place}.{' ' + self.then if self.then else ''}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (the engine's pool); keyword-only arguments need this.
        return (_rebuild, (type(self), self.what, self.where, self.then))


def _rebuild(kind: type[ContactSheetError], what: str, where: str, then: str) -> ContactSheetError:
    return kind(what, where=where, then=then)


class SettingsError(ContactSheetError):
    """An environment variable has no usable value."""


class BucketError(ContactSheetError):
    """Cloud Storage, or its local emulator, could not do what was asked."""


class BadObjectName(BucketError):
    """Not a ``gs://`` address, or an object name that must not be opened."""


class BucketNotFound(BucketError):
    """There is no such bucket, or it may not be seen."""


NO_OBJECT = "There is no such object"  # also said of one that is hidden, to the letter


class ObjectNotFound(BucketError):
    """There is no such object."""


class BadObject(BucketError):
    """An object's bytes are not what its metadata says of them: a gzip stream that is damaged."""


class BucketDenied(BucketError):
    """Credentials, a role, the Storage API or billing is missing."""


class BucketRefused(BucketError):
    """The storage server refuses the request, and will again: requester pays, 412 and the like."""


class BucketUnavailable(BucketError):
    """The storage server did not answer, or answered with a fault of its own."""


class PictureError(ContactSheetError):
    """One picture cannot be used. Never stops a batch."""


class RequestError(ContactSheetError):
    """A batch breaks one of the service's limits or names something unknown."""


class BackendError(ContactSheetError):
    """The Vision service, Google's or the local engine, could not do what was asked."""


class BackendUnavailable(BackendError):
    """The Vision service did not answer."""


class BackendDenied(BackendError):
    """Credentials, a role, or the Vision API itself is missing."""


class QuotaExceeded(BackendError):
    """The service refused for quota; the same request can be sent again later.

    Attributes:
        pause_s: how long the service asks to wait; None if it does not say.
    """

    pause_s: float | None = None


class RequestRefused(BackendError):
    """The service says that the request is invalid."""


class SubmissionUncertain(BackendError):
    """A batch may or may not have been accepted; sending it again could pay for it twice."""


class NotOffered(BackendError):
    """This backend does not offer the call."""


class OperationNotFound(BackendError):
    """The service knows no operation of that name."""


class BudgetExceeded(ContactSheetError):
    """Sending it would cross the month's budget; nothing was sent."""


class NotAllowed(ContactSheetError):
    """It may be looked at and not changed by this visitor."""


class LedgerError(ContactSheetError):
    """The job ledger cannot be read or written."""


class ResultsError(ContactSheetError):
    """Results cannot be loaded."""


class QuestionError(ResultsError):
    """A question in SQL is refused, wrong, or takes too much. ``where``: what DuckDB says."""


class NoShards(ResultsError):
    """Nothing under a prefix looks like a result shard."""


class BadShard(ResultsError):
    """A shard is not the JSON that the service writes."""


class BadVectors(ResultsError):
    """A file of pictures' vectors is not one."""


class EngineError(ContactSheetError):
    """The embedded engine cannot do its work."""


class EngineNotRunning(EngineError):
    """The embedded engine did not start, or has died."""


class GalleryError(EngineError):
    """A gallery of logos or landmarks does not take a name or a picture, or has lost it."""


class JournalDamaged(EngineError):
    """The engine's record of its operations cannot be read, or not be trusted."""


class ModelMissing(EngineError):
    """A model file is not there, or has the wrong checksum."""


class ModelRefused(ModelMissing):
    """A model of one's own that is not run: its manifest, file or graph is wrong."""
