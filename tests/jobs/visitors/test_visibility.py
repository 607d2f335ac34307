"""Whose a job is: what others see of it, by every way in, and what the demo refuses."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.buckets import BucketReader, Buckets
from core.errors import (
    BackendError,
    BucketDenied,
    NotAllowed,
    ObjectNotFound,
    OperationNotFound,
    RequestError,
)
from core.jobs.batch.sources import ImageRef
from core.jobs.deletion import Deletion
from core.jobs.jobs import Jobs
from core.jobs.ledger.access import ALONE, Visitor
from core.jobs.ledger.records import Job
from core.jobs.reuse.answers import SeenShard
from core.jobs.reuse.reuse import Reuse
from core.jobs.sending.admission import Accounts
from core.jobs.sending.unconfirmed import Unconfirmed
from core.jobs.tries import Tries
from core.jobs.visitors.guarded_buckets import GuardedBuckets
from core.jobs.visitors.visibility import Visibility
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers

ADA = Visitor("https://id.example ada", "Ada", "ada@example.org")
BOB = Visitor("https://id.example bob", "Bob")
GUEST = Visitor(read_only=True)


def jobs_of(rig: Rig, visitor: Visitor, folders: list[Path] | None = None) -> Jobs:
    return rig.jobs.seen_by(visitor, folders)


def visibility_of(rig: Rig, visitor: Visitor) -> Visibility:
    return Visibility(rig.jobs.ledger, rig.jobs.base, visitor)


def buckets_of(rig: Rig, visitor: Visitor) -> GuardedBuckets:
    return GuardedBuckets(lambda: rig.buckets, visibility_of(rig, visitor))


def job_of(rig: Rig, visitor: Visitor, base: str = "") -> Job:
    return jobs_of(rig, visitor).create(rig.draft(), rig.refs(3), REQUEST, base=base)


# Each public method by how it is kept from visitors; the tests below try them. A new one has to be
# put here, and into a test.
SEES_NOTHING = {  # of a job that is hidden
    Jobs: {
        "get",
        "by_draft",
        "uris",
        "places",
        "names",
        "contents",
        "twins",
        "lost",
        "list",
        "count",
        "trouble",
        "refresh",
    },
    Accounts: {"units", "queue"},
    Reuse: {"plan", "answer", "borrowed", "sources", "kept", "gone"},
    Tries: {"ask"},
    GuardedBuckets: {"hurried", "list_objects", "info", "exists", "read", "copy", "read_many"},
}
CHANGES_NOTHING = {  # of a job that is not theirs
    Jobs: {"create", "send", "cancel", "share", "attach", "retry_failed", "forget", "rename"},
    Accounts: {"set_budget"},
    Unconfirmed: {"confirm", "send_again", "give_up"},
    # tests/jobs/test_deletion.py
    Deletion: {
        "archive",
        "archive_found",
        "contents",
        "delete",
        "finish",
        "list",
        "restore",
        "undo_archive",
    },
}
EVERYBODYS = {  # says nothing of a job
    Jobs: {"in_processing"},
    Accounts: {"month", "budget"},
    GuardedBuckets: {"check_bucket", "location"},
}


def public(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, callable) if name[0] != "_"}


@pytest.mark.parametrize("kind", [Jobs, Accounts, Reuse, Tries, Unconfirmed, GuardedBuckets])
def test_every_way_in_is_guarded(kind: type) -> None:
    known = [table.get(kind, set()) for table in (SEES_NOTHING, CHANGES_NOTHING, EVERYBODYS)]
    assert public(kind) == set.union(*known)


def test_visitors_have_none_of_the_backgrounds_methods(rig: Rig) -> None:
    bob = jobs_of(rig, BOB)
    background = {name for name in dir(rig.jobs) if name[0] != "_"} - SEES_NOTHING[Jobs]
    background -= CHANGES_NOTHING[Jobs] | EVERYBODYS[Jobs]
    for part in ("accounts", "reuse", "tries", "unconfirmed", "deletion", "visibility", "base"):
        background.remove(part)
    assert {"poll", "pending", "record_progress", "sweep_uploads", "ledger"} <= background
    assert not [name for name in background if hasattr(bob, name)]
    assert not [
        name for name in public(Buckets) - public(BucketReader) if hasattr(GuardedBuckets, name)
    ]


def test_job_is_its_owners_until_it_is_shared(rig: Rig) -> None:
    job = job_of(rig, ADA)
    everybodys = rig.jobs.create(rig.draft(), rig.refs(1), REQUEST)
    ada, bob = jobs_of(rig, ADA), jobs_of(rig, BOB)
    assert (job.owner, job.owner_name) == (ADA.subject, "Ada")
    assert [j.id for j in bob.list()] == [everybodys.id] and bob.count() == 1
    assert {j.id for j in ada.list()} == {everybodys.id, job.id} and ada.count() == 2
    ada.share(job.id, True)
    assert bob.get(job.id).shared and bob.count() == 2
    changes: list[Callable[[str], object]] = [bob.cancel, bob.forget, bob.send]
    changes += [lambda id: bob.share(id, False), lambda id: bob.rename(id, "Bob's")]
    for change in changes:
        with pytest.raises(NotAllowed, match="Only its owner"):
            change(job.id)
    ada.share(job.id, False)
    assert bob.count() == 1
    ada.cancel(job.id)
    assert ada.get(job.id).cancelled
    assert not bob.cancel(everybodys.id).owner  # what is everybody's, anybody may cancel
    assert {j.id for j in jobs_of(rig, ALONE).list()} == {everybodys.id, job.id}


def test_hidden_job_is_answered_for_as_a_missing_one(rig: Rig) -> None:
    job = job_of(rig, ADA)
    bob = jobs_of(rig, BOB)
    operation = job.operations[0]
    asks: list[Callable[[str], object]] = [
        bob.get,
        bob.lost,
        bob.names,
        bob.contents,
        bob.cancel,
        bob.forget,
        bob.send,
    ]
    asks += [
        bob.reuse.borrowed,
        bob.reuse.sources,
        bob.reuse.kept,
        bob.reuse.gone,
        bob.twins,
        lambda id: bob.share(id, True),
    ]
    for ask in asks:
        said = []
        for id in (job.id, "20260101-000000-abcdef"):
            with pytest.raises(RequestError) as refused:
                ask(id)
            said.append(str(refused.value).replace(id, "ID"))
        assert said[0] == said[1]
    looks: list[Callable[[int], object]] = [bob.uris, bob.places, bob.refresh]
    looks += [
        bob.unconfirmed.give_up,
        bob.unconfirmed.send_again,
        lambda n: bob.unconfirmed.confirm(n, "x/y"),
    ]
    for look in looks:
        with pytest.raises(RequestError, match="There is no such job"):
            look(operation.id)
    assert bob.by_draft(job.draft_id) is None and bob.trouble(job.id) is None
    assert bob.accounts.units([job.id]) == {} and bob.accounts.queue() == []
    with pytest.raises(RequestError, match="not a draft's id"):
        bob.create(job.draft_id, rig.refs(1), REQUEST)
    with pytest.raises(RequestError, match="There is no such job"):
        bob.retry_failed(job, [])


def test_hidden_operation_is_as_unknown_as_any(rig: Rig) -> None:
    sent = jobs_of(rig, ADA).send(job_of(rig, ADA).id)
    name = sent.operations[0].name
    bob = jobs_of(rig, BOB)
    said = []
    for wanted in (name, "projects/p/operations/none"):
        with pytest.raises((OperationNotFound, BackendError)) as refused:
            bob.attach(wanted, f"gs://{rig.bucket}/elsewhere/")
        said.append((type(refused.value), str(refused.value).replace(wanted, "NAME")))
    assert said[0] == said[1]
    assert jobs_of(rig, ADA).attach(name).id == sent.id


def test_hidden_jobs_folder_looks_empty_however_it_is_written(rig: Rig) -> None:
    job = job_of(rig, ADA)
    rig.buckets.write(f"{job.prefix}try-1/output-1-to-2.json", b"{}")
    uri = f"{job.prefix}try-1/output-1-to-2.json"
    ada, bob = buckets_of(rig, ADA), buckets_of(rig, BOB)
    assert [info.uri for info in ada.list_objects(job.prefix)] == [uri]
    assert ada.read(uri) == b"{}" and list(ada.read_many([uri])) == [b"{}"]
    twice = job.prefix.replace("/contact-sheet/", "//contact-sheet///")
    for prefix in (job.prefix, f" {job.prefix}try-", twice, f"{rig.jobs.base}none/"):
        assert list(bob.list_objects(prefix)) == []
    for where in (uri, f"  {uri}", uri.replace("/contact-sheet/", "//contact-sheet/")):
        asks: list[Callable[[str], object]] = [bob.read, bob.info]
        asks += [lambda u: list(bob.read_many([u])), lambda u: bob.copy(u, io.BytesIO())]
        for ask in asks:
            with pytest.raises(ObjectNotFound, match="There is no such object"):
                ask(where)
        assert not bob.exists(where)
    jobs_of(rig, ADA).share(job.id, True)
    assert bob.read(uri) == b"{}"


def test_forgotten_job_does_not_become_everybodys(rig: Rig) -> None:
    job = job_of(rig, ADA)
    rig.buckets.write(f"{job.prefix}try-1/output-1-to-2.json", b"{}")
    jobs_of(rig, ADA).cancel(job.id)
    jobs_of(rig, ADA).forget(job.id)
    assert list(buckets_of(rig, BOB).list_objects(job.prefix)) == []


def test_folder_around_jobs_is_refused_and_others_are_not(rig: Rig) -> None:
    elsewhere = f"gs://{rig.bucket}/mine/"
    job_of(rig, ADA, base=elsewhere)
    bob = buckets_of(rig, BOB)
    base = rig.jobs.base
    for wide in (f"gs://{rig.bucket}/", base, base[:-1], f"{base}2026", elsewhere):
        with pytest.raises(BucketDenied, match="Other people's jobs"):
            bob.list_objects(wide)
    rig.buckets.write(f"gs://{rig.bucket}/in/a.jpg", b"a")
    assert len(list(bob.list_objects(f"gs://{rig.bucket}/in/"))) == 1
    assert list(buckets_of(rig, ADA).list_objects(elsewhere)) == []  # hers alone: not too wide


def test_operation_taken_up_hides_no_bucket(rig: Rig) -> None:
    sent = jobs_of(rig, ADA).send(job_of(rig, ADA).id)
    jobs_of(rig, ADA).cancel(sent.id)
    rig.jobs.ledger.forget(sent.id)
    rig.buckets.write(f"gs://{rig.bucket}/in/a.jpg", b"a")
    jobs_of(rig, BOB).attach(sent.operations[0].name, f"gs://{rig.bucket}/in/")
    assert buckets_of(rig, ADA).read(f"gs://{rig.bucket}/in/a.jpg") == b"a"
    assert jobs_of(rig, ADA).count() == 0 and jobs_of(rig, BOB).count() == 1
    with pytest.raises(RequestError, match="cannot be used"):
        jobs_of(rig, BOB).attach("projects/p/operations/x", sent.prefix)


def test_pictures_of_a_hidden_job_are_not_sent(rig: Rig) -> None:
    job = job_of(rig, ADA)
    theirs = ImageRef(f"{job.prefix}pictures/00001-a.jpg", 10)
    with pytest.raises(ObjectNotFound):
        jobs_of(rig, BOB).create(rig.draft(), [*rig.refs(1), theirs], REQUEST)
    with pytest.raises(RequestError, match="cannot go to this folder"):
        jobs_of(rig, BOB).create(rig.draft(), rig.refs(1), REQUEST, base=job.prefix)
    with pytest.raises(ObjectNotFound):
        jobs_of(rig, BOB).tries.ask(theirs, REQUEST)
    with pytest.raises(NotAllowed):
        jobs_of(rig, GUEST).tries.ask(rig.refs(1)[0], REQUEST)
    assert jobs_of(rig, ADA).create(rig.draft(), [theirs], REQUEST).pictures == 1


def test_only_allowed_folders_of_the_server_are_read(rig: Rig, tmp_path: Path) -> None:
    files = rig.files(1)
    secret = tmp_path / "secret.png"
    secret.write_bytes(files[0].path.read_bytes())
    link = files[0].path.with_name("link.png")
    link.symlink_to(secret)
    jobs = jobs_of(rig, ADA, [files[0].path.parent])
    assert jobs.create(rig.draft(), files, REQUEST).uploads == 1
    for path in (secret, link, files[0].path.parent / ".." / "secret.png"):
        with pytest.raises(NotAllowed, match="may not be read"):
            jobs.create(rig.draft(), [type(files[0])(path, "x.png", 1)], REQUEST)


def test_answers_of_anothers_job_are_not_used_again(rig: Rig) -> None:
    ada, bob = jobs_of(rig, ADA), jobs_of(rig, BOB)
    files = [file.identified() for file in rig.files(2)]
    job = ada.send(ada.create(rig.draft(), files, REQUEST).id)
    operation = job.operations[0]
    uri = f"{operation.prefix}output-1-to-2.json"
    rig.buckets.write(uri, b"{}")
    rig.jobs.record_answers(operation.id, [SeenShard(uri, rig.buckets.info(uri).generation, 1, 2)])
    assert ada.reuse.plan(files, REQUEST).reused == 2
    assert bob.reuse.plan(files, REQUEST).reused == 0
    ada.share(job.id, True)  # it may be hidden again, and his results with it
    assert bob.reuse.plan(files, REQUEST).reused == 0


def test_demo_shows_what_is_nobodys_and_changes_nothing(rig: Rig) -> None:
    private, shared = job_of(rig, ADA), job_of(rig, ADA)
    jobs_of(rig, ADA).share(shared.id, True)
    guest, buckets = jobs_of(rig, GUEST), buckets_of(rig, GUEST)
    assert [job.id for job in guest.list()] == [shared.id]
    shard = f"{shared.prefix}try-1/output-1-to-2.json"
    rig.buckets.write(shard, b"{}")
    rig.buckets.write(f"{private.prefix}try-1/output-1-to-2.json", b"{}")
    assert [info.uri for info in buckets.list_objects(f"{shared.prefix}try-")] == [shard]
    for prefix in (private.prefix, rig.jobs.base, f"gs://{rig.bucket}/", f"gs://{rig.bucket}/in/"):
        assert list(buckets.list_objects(prefix)) == []
    refused: list[Callable[[], object]] = [
        lambda: guest.create(rig.draft(), rig.refs(1), REQUEST),
        lambda: guest.cancel(shared.id),
        lambda: guest.forget(shared.id),
        lambda: guest.rename(shared.id, "Mine"),
        lambda: guest.send(shared.id),
        lambda: guest.share(shared.id, False),
        lambda: guest.retry_failed(shared, []),
        lambda: guest.attach("projects/p/operations/x", "gs://b/"),
        lambda: guest.unconfirmed.give_up(shared.operations[0].id),
        lambda: guest.unconfirmed.confirm(shared.operations[0].id, "projects/p/operations/x"),
        lambda: guest.unconfirmed.send_again(shared.operations[0].id),
        lambda: guest.accounts.set_budget(1.0),
    ]
    for change in refused:
        with pytest.raises(NotAllowed):
            change()
    assert rig.jobs.get(shared.id) == rig.jobs.get(shared.id) and rig.buckets.exists(shard)


def test_names_for_cached_work_tell_people_apart() -> None:
    scopes = {visitor.scope for visitor in (ADA, BOB, GUEST, ALONE)}
    assert len(scopes) == 4 and ALONE.scope == "" and "ada" not in "".join(scopes)
