"""Which addresses a visitor may read: a job's privacy must not end where its folder is pasted.

A job keeps its uploads and results in a folder of its own. To whom the job is hidden, that folder
is as if it were empty. Below the dashboard's own results folder everything is hidden that belongs
to no job the visitor sees, so that a forgotten job does not become everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from core.buckets import GcsUri
from core.errors import NO_OBJECT, BucketDenied, NotAllowed, ObjectNotFound
from core.jobs.batch.sources import LocalPicture, Picture
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.schema import jobs

# An operation that was taken up by its name writes where its sender said. That place is nobody's:
# else taking one up could hide a whole bucket from everybody.
_OWN_FOLDER = jobs.c.request != ""


class Visibility:
    """One visitor's view of the storage. Safe to share between threads.

    Args:
        base: the ``gs://bucket/folder/`` below which every job has a folder, see ``Jobs``.
    """

    def __init__(self, ledger: Ledger, base: str, visitor: Visitor) -> None:
        self._ledger = ledger
        self._base = base
        self._visitor = visitor

    def hides(self, uri: str) -> bool:
        """Whether an object, or everything below a folder, is to be as if it did not exist."""
        if self._visitor.unrestricted:
            return False
        place = str(GcsUri.parse(uri))
        around = _begins(sa.literal(place), jobs.c.prefix)
        if place.startswith(self._base) and not self._any(around, self._visitor.visible):
            return True
        return self._any(around, sa.not_(self._visitor.visible))

    def check_objects(self, uris: Iterable[str]) -> None:
        """Answer for a hidden object as storage answers for a missing one.

        Raises:
            ObjectNotFound: one is hidden.
        """
        seen: set[str] = set()
        for uri in uris:
            folder = uri.rpartition("/")[0]
            if folder not in seen and self.hides(uri):
                raise ObjectNotFound(
                    NO_OBJECT, where=uri, then="Check the name, or list the folder."
                )
            seen.add(folder)  # a job's folder is hidden as a whole

    def lists(self, prefix: str) -> bool:
        """Whether a prefix may be listed; False for one that is to look empty.

        Raises:
            BucketDenied: it takes in what the visitor may not see.
            BadObjectName: it is no address.
        """
        if self._visitor.unrestricted:
            return True
        place = str(GcsUri.parse(prefix))
        if self._visitor.read_only:
            # The demo's visitors may be anybody: they see jobs, and no other folder of a bucket.
            begins = _begins(sa.literal(place), jobs.c.prefix)
            seen = self._ledger.count(sa.and_(begins, self._visitor.visible)) > 0
            return seen and not self._any(begins, sa.not_(self._visitor.visible))
        if self._is_wide(place):
            raise BucketDenied(
                "Other people's jobs may lie below this folder",
                where=prefix[:200],
                then="Choose a job, or give one job's own folder with a / at its end.",
            )
        return not self.hides(place)

    def _is_wide(self, place: str) -> bool:
        below = place.removeprefix(self._base)
        if self._base.startswith(place) or (below != place and "/" not in below):
            return True
        inside = _begins(jobs.c.prefix, sa.literal(place))
        longer = sa.func.length(jobs.c.prefix) > len(place)
        return self._any(inside, longer, sa.not_(self._visitor.visible))

    def check_pictures(
        self,
        pictures: Sequence[Picture],
        folders: Iterable[Path] | None,
        uploads: Path | None = None,
        spool: Path | None = None,
    ) -> None:
        """Refuse to send pictures that the visitor may not read.

        Args:
            folders: of this machine that may be read; None for all of them.
            uploads: everybody's, which may not be read even if it lies in one of those.
            spool: the folder in it that is the visitor's own.

        Raises:
            ObjectNotFound: one belongs to a job that is hidden.
            NotAllowed: a file is outside the folders.
        """
        if self._visitor.unrestricted and folders is None:
            return
        self.check_objects(p.uri for p in pictures if not isinstance(p, LocalPicture))
        allowed = [folder.resolve() for folder in folders or ()]
        for picture in pictures:
            if not isinstance(picture, LocalPicture):
                continue
            if spool is not None and _is_in(picture.path, [spool.resolve()]):
                continue
            if uploads is not None and _is_in(picture.path, [uploads.resolve()]):
                check_file(picture.path, ())
            if folders is not None:
                check_file(picture.path, allowed)

    def _any(self, *where: sa.ColumnElement[bool]) -> bool:
        return self._ledger.count(sa.and_(_OWN_FOLDER, *where)) > 0


def _begins(text: sa.ColumnElement[str], start: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.func.substr(text, 1, sa.func.length(start)) == start


def check_file(path: Path, folders: Sequence[Path]) -> None:
    """Refuse a file or folder of this machine that is in none of some (resolved) folders.

    Raises:
        NotAllowed: it is outside, perhaps by way of a symbolic link.
    """
    if not _is_in(path, folders):
        raise NotAllowed(
            "This folder of the server may not be read",
            where=str(path)[:200],
            then="Ask the operator to allow it in CONTACT_SHEET_FOLDERS, or upload the pictures.",
        )


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    try:
        real = path.expanduser().resolve()
        return any(real.is_relative_to(folder) for folder in folders)
    except (OSError, RuntimeError, ValueError):  # what no file can be called, or leads in circles
        return False
