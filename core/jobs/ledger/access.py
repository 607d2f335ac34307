"""Who may see a job, and who may change it: every rule is here, and pages only ask.

Without sign-in there is one visitor, whose everything is. With sign-in a job is its owner's until
the owner shares it; a job without an owner, such as one from before sign-in, is everybody's. In the
read-only demo nobody changes anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import NotAllowed
from core.jobs.ledger.records import Job
from core.jobs.ledger.schema import jobs

READ_ONLY = "This is a read-only demo: everything can be looked at, nothing can be changed."


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a new job is.

    Attributes:
        subject: who it is for good; "" is everybody.
        name: what people call them; may be hostile text.
    """

    subject: str = ""
    name: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """As the ledger's columns."""
        return {"owner": self.subject, "owner_name": self.name}

    @property
    def may_use(self) -> sa.ColumnElement[bool]:
        """Jobs whose answers a job of this owner may use again."""
        return jobs.c.owner.in_(("", self.subject)) if self.subject else sa.true()


EVERYBODY = Owner()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who looks at the dashboard.

    Attributes:
        subject: who it is for good, by the provider's address and its own id for them (OpenID
            Connect's ``iss`` and ``sub``); an e-mail address may be given to another person later.
        name, email: for people; may be hostile text.
        alone: the one user of a dashboard without sign-in.
        read_only: looks at the demo.
    """

    subject: str = ""
    name: str = ""
    email: str = ""
    alone: bool = False
    read_only: bool = False

    @property
    def owner(self) -> Owner:
        """Whose their new jobs are."""
        return Owner(self.subject, self.name or self.email)

    @property
    def scope(self) -> str:
        """Tells people's cached work and drafts apart; says nothing of who it is. "" if alone."""
        if self.alone:
            return ""
        return hashlib.sha256(self.subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def unrestricted(self) -> bool:
        """Whether everything may be seen and done, so that nothing needs to be asked."""
        return self.alone and not self.read_only

    def sees(self, job: Job) -> bool:
        """Whether they may look at a job; if not, it is to them as if it did not exist."""
        if job.deleted_at is not None:
            return False
        return self.alone or job.shared or job.owner in ("", self.subject)

    @property
    def visible(self) -> sa.ColumnElement[bool]:
        """``sees`` as a condition on the ledger's jobs, those that were deleted included: what
        another batch still uses of one has to be read."""
        if self.alone:
            return sa.true()
        return sa.or_(jobs.c.shared, jobs.c.owner.in_(("", self.subject)))

    def may_change(self, job: Job) -> bool:
        """Whether they may cancel, retry, share or forget it."""
        return not self.read_only and (self.alone or job.owner in ("", self.subject))

    @property
    def changeable(self) -> sa.ColumnElement[bool]:
        """``may_change`` as a condition on the ledger's jobs."""
        if self.read_only:
            return sa.false()
        return sa.true() if self.alone else jobs.c.owner.in_(("", self.subject))

    def may_delete(self, job: Job) -> bool:
        """Whether they may delete it with its data: nobody's job is nobody's to destroy."""
        if self.read_only:
            return False
        return self.alone or (bool(job.owner) and job.owner == self.subject)

    def may_share(self, job: Job) -> bool:
        """Whether they may share it; what is everybody's is shared anyway."""
        return bool(job.owner) and self.may_change(job)

    def check_change(self, job: Job) -> None:
        """Refuse what is not theirs to change.

        Raises:
            NotAllowed: saying why.
        """
        self.check_write()
        if not self.may_change(job):
            raise NotAllowed("Only its owner can change this job", where=job.title)

    def check_write(self) -> None:
        """Refuse every change in the demo.

        Raises:
            NotAllowed: it is the demo.
        """
        if self.read_only:
            raise NotAllowed("This dashboard is a read-only demo", then="Nothing was changed.")


ALONE = Visitor(alone=True)
