"""What a visitor may send, and to where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import RequestError
from core.jobs.batch.sources import LocalPicture, Picture
from core.jobs.ledger.access import Visitor
from core.jobs.sending.planning import check_base
from core.jobs.visitors.visibility import Visibility


class SendRights:
    """Asked before a job is written down.

    Args:
        folders: of this machine whose files the visitor may send; None for all.
        uploads: where everybody's uploads are, a folder a draft; each may send their own.
    """

    def __init__(
        self,
        visitor: Visitor,
        visibility: Visibility,
        folders: Sequence[Path] | None,
        uploads: Path | None,
    ) -> None:
        self._visitor, self._visibility = visitor, visibility
        self._folders, self._uploads = folders, uploads

    def check(self, draft_id: str, pictures: Sequence[Picture], base: str) -> None:
        """Refuse what may not be sent.

        Raises:
            NotAllowed: it is the demo, or a file may not be read.
            ObjectNotFound: a picture belongs to a job that is hidden.
            RequestError: results cannot go to ``base``.
            BucketError: ``base`` is not a usable address.
        """
        self._visitor.check_write()
        self._visibility.check_pictures(
            pictures, self._folders, self._uploads, self._own_uploads(draft_id)
        )
        if base and self._visibility.hides(check_base(base)):
            raise RequestError("Results cannot go to this folder", where=base[:200])

    def check_picture(self, picture: Picture) -> None:
        """Refuse what may not be tried: any of the visitor's own drafts may hold it.

        Raises as ``check``.
        """
        self._visitor.check_write()
        own = None
        if isinstance(picture, LocalPicture) and self._uploads is not None:
            draft = picture.path.parent
            here = draft.parent == self._uploads.absolute()
            own = self._own_uploads(draft.name) if here else None
        self._visibility.check_pictures([picture], self._folders, self._uploads, own)

    def _own_uploads(self, draft_id: str) -> Path | None:
        """The folder of the visitor's own draft."""
        own = draft_id.startswith(f"{self._visitor.scope}-") and "/" not in draft_id
        return self._uploads / draft_id if self._uploads is not None and own else None
