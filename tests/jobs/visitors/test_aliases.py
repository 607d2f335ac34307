"""One thing, many spellings: none of them leads to what is hidden, or makes two of one."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import grpc
import pytest

from core.errors import (
    BucketError,
    ContactSheetError,
    NotAllowed,
    OperationNotFound,
    RequestError,
)
from core.jobs.batch.request import BatchRequest
from core.jobs.batch.sources import ImageRef, LocalPicture
from core.jobs.jobs import Jobs
from core.jobs.ledger.access import Visitor
from core.jobs.ledger.records import Job, JobState
from core.jobs.ledger.saved_views import Views
from core.jobs.sending.uploads.spool import Spool
from core.jobs.visitors.guarded_buckets import GuardedBuckets
from core.jobs.visitors.visibility import Visibility
from tests.kit.services.fake_vision import aliases
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers

ADA = Visitor("https://id.example ada", "Ada")
BOB = Visitor("https://id.example bob", "Bob")
OTHER_NAMES = range(1, len(aliases("projects/fake/operations/1")))


def jobs_of(rig: Rig, visitor: Visitor) -> Jobs:
    return rig.jobs.seen_by(visitor)


def sent_by(rig: Rig, visitor: Visitor, request: BatchRequest = REQUEST) -> Job:
    jobs = jobs_of(rig, visitor)
    return jobs.send(jobs.create(rig.draft(), rig.refs(3), request).id)


def refused(ask: Callable[[], object]) -> tuple[type[ContactSheetError], str]:
    with pytest.raises(ContactSheetError) as error:
        ask()
    return type(error.value), str(error.value)


class TestOperations:
    @pytest.mark.parametrize("which", [0, *OTHER_NAMES])
    @pytest.mark.parametrize("over", [False, True])
    def test_hidden_one_is_unknown_by_every_name(self, rig: Rig, which: int, over: bool) -> None:
        hers = sent_by(rig, ADA)
        if over:
            rig.service.finish()
        name = aliases(hers.operations[0].name)[which]
        missing = name.replace("0001", "none")
        bob, place = jobs_of(rig, BOB), f"gs://{rig.bucket}/bob/"
        for prefix in ("", place):
            said = [refused(partial(bob.attach, n, prefix)) for n in (name, missing)]
            assert said[0][0] is OperationNotFound
            assert said[0][1].replace(name, "NAME") == said[1][1].replace(missing, "NAME")
        assert bob.count() == 0
        assert rig.service.accepted[0].state == ("DONE" if over else "RUNNING")

    @pytest.mark.parametrize("which", [0, *OTHER_NAMES])
    def test_hidden_one_is_not_what_an_unconfirmed_one_is(self, rig: Rig, which: int) -> None:
        name = aliases(sent_by(rig, ADA).operations[0].name)[which]
        rig.service.lists = False
        rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
        his = sent_by(rig, BOB)
        assert his.state is JobState.UNCONFIRMED
        confirm, missing = jobs_of(rig, BOB).unconfirmed.confirm, name.replace("0001", "none")
        said = [refused(partial(confirm, his.operations[0].id, n)) for n in (name, missing)]
        assert said[0][0] is OperationNotFound
        assert said[0][1].replace(name, "NAME") == said[1][1].replace(missing, "NAME")
        assert rig.jobs.get(his.id).state is JobState.UNCONFIRMED

    @pytest.mark.parametrize("which", OTHER_NAMES)
    def test_own_one_is_one_job_by_every_name(self, rig: Rig, which: int) -> None:
        mine = sent_by(rig, ADA)
        name = aliases(mine.operations[0].name)[which]
        assert jobs_of(rig, ADA).attach(f" {name} ", f"gs://{rig.bucket}/x/").id == mine.id
        assert rig.jobs.attach(name, f"gs://{rig.bucket}/x/").id == mine.id
        assert rig.jobs.count() == 1

    @pytest.mark.parametrize("which", OTHER_NAMES)
    def test_one_taken_up_is_kept_by_the_services_own_name(self, rig: Rig, which: int) -> None:
        lost = sent_by(rig, ADA)
        rig.jobs.ledger.forget(lost.id)
        own = lost.operations[0].name
        taken = rig.jobs.attach(aliases(own)[which], f"gs://{rig.bucket}/x/")
        assert taken.operations[0].name == own
        for name in aliases(own):
            assert rig.jobs.attach(name, f"gs://{rig.bucket}/y/").id == taken.id

    @pytest.mark.parametrize("which", OTHER_NAMES)
    def test_one_confirmed_is_kept_by_the_services_own_name(self, rig: Rig, which: int) -> None:
        rig.service.lists = False
        rig.service.break_after_accepting = grpc.StatusCode.UNAVAILABLE
        doubtful = sent_by(rig, ADA).operations[0]
        own = rig.service.accepted[0].name
        assert rig.jobs.unconfirmed.confirm(doubtful.id, aliases(own)[which]).name == own

    def test_ids_that_end_alike_are_different_ones(self, rig: Rig) -> None:
        mine = sent_by(rig, ADA)
        assert rig.jobs.ledger.job_by_name(mine.operations[0].name) is not None
        for name in ("operations/001", "operations/00001", "operations/", "1", "", "/"):
            assert rig.jobs.ledger.job_by_name(name) is None

    def test_results_of_a_forgotten_job_are_not_taken_up_by_others(self, rig: Rig) -> None:
        hers = sent_by(rig, ADA)
        rig.service.finish()
        rig.jobs.ledger.forget(hers.id)
        bob = jobs_of(rig, BOB)
        with pytest.raises(RequestError, match="cannot be used"):
            bob.attach(hers.operations[0].name)  # the service says where it wrote
        assert bob.count() == 0
        assert jobs_of(rig, BOB).count() == 0


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda uri: uri,
    "blanks around": lambda uri: f"  {uri}\t",
    "slashes before": lambda uri: uri.replace("/contact-sheet/", "///contact-sheet/"),
    "slashes within": lambda uri: uri.replace("/try-1/", "//try-1///"),
    "slashes after": lambda uri: f"{uri}//",
    "capitals": lambda uri: uri.replace("contact-sheet", "Contact-Sheet"),
    "scheme in capitals": lambda uri: uri.replace("gs://", "GS://"),
    "percent": lambda uri: uri.replace("contact-sheet", "contact%2Dsheet"),
    "percent slash": lambda uri: uri.replace("/try-1", "%2Ftry-1"),
    "percent dots": lambda uri: uri.replace("/try-1", "/x/%2e%2e/try-1"),
    "dots": lambda uri: uri.replace("/try-1", "/x/../try-1"),
    "one dot": lambda uri: uri.replace("/try-1", "/./try-1"),
    "backslash": lambda uri: uri.replace("/try-1", "\\try-1"),
    "full width": lambda uri: uri.replace("contact", "ｃontact"),
    "zero byte": lambda uri: uri.replace("/try-1", "/try-1\0"),
    "query": lambda uri: f"{uri}?generation=1",
    "fragment": lambda uri: f"{uri}#1",
    "generation": lambda uri: f"{uri}#1690000000000000",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
class TestAddresses:
    """Everything that takes an address answers as for an empty folder, or refuses it."""

    @pytest.fixture(params=["usual", "own base"])
    def hidden(self, rig: Rig, request: pytest.FixtureRequest) -> str:
        base = "" if request.param == "usual" else f"gs://{rig.bucket}/in/contact-sheet/"
        job = jobs_of(rig, ADA).create(rig.draft(), rig.refs(1), REQUEST, base=base)
        uri = f"{job.prefix}try-1/part-0001/output-1-to-1.json"
        rig.buckets.write(uri, b"secret")
        self.job = job
        return uri

    def test_object(self, rig: Rig, hidden: str, spelling: str) -> None:
        uri = SPELLINGS[spelling](hidden)
        visibility = Visibility(rig.jobs.ledger, rig.jobs.base, BOB)
        buckets = GuardedBuckets(lambda: rig.buckets, visibility)
        asks: list[Callable[[], object]] = [
            lambda: buckets.read(uri),
            lambda: buckets.info(uri),
            lambda: buckets.copy(uri, io.BytesIO()),
            lambda: list(buckets.read_many([uri])),
        ]
        for ask in asks:
            with pytest.raises(BucketError):
                ask()
        with suppress(BucketError):
            assert not buckets.exists(uri)

    def test_picture_to_be_sent(self, rig: Rig, hidden: str, spelling: str) -> None:
        uri = SPELLINGS[spelling](hidden)
        try:
            jobs_of(rig, BOB).create(rig.draft(), [ImageRef(uri, 10)], REQUEST)
        except ContactSheetError:
            return
        with suppress(BucketError):  # another object's name: then the service finds nothing there
            assert not rig.buckets.exists(uri)

    def test_folder(self, rig: Rig, hidden: str, spelling: str) -> None:
        visibility = Visibility(rig.jobs.ledger, rig.jobs.base, BOB)
        buckets = GuardedBuckets(lambda: rig.buckets, visibility)
        for folder in (hidden.rpartition("/")[0] + "/", hidden.rpartition("/")[0], hidden[:-9]):
            prefix = SPELLINGS[spelling](folder)
            with suppress(BucketError):
                assert list(buckets.list_objects(prefix)) == []

    def test_place_for_results(self, rig: Rig, hidden: str, spelling: str) -> None:
        for place in (self.job.prefix, self.job.prefix.rstrip("/"), hidden.rpartition("/")[0]):
            base = SPELLINGS[spelling](place)
            try:
                made = jobs_of(rig, BOB).create(rig.draft(), rig.refs(1), REQUEST, base=base)
            except (BucketError, RequestError):
                continue
            assert not made.prefix.startswith(self.job.prefix)
            assert not rig.jobs.get(self.job.id).prefix.startswith(made.prefix)


IDS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "capitals": str.upper,
    "blanks": lambda text: f" {text} ",
    "slash": lambda text: f"{text}/",
    "percent": lambda text: text.replace("-", "%2D"),
    "zero byte": lambda text: f"{text}\0",
    "wildcard": lambda text: text[:-1] + "_",
    "all": lambda _: "%",
    "dots": lambda text: f"../{text}",
    "quote": lambda text: f"{text}' OR '1'='1",
}


@pytest.mark.parametrize("spelling", IDS)
class TestIds:
    def test_job(self, rig: Rig, spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
        # An id of digits alone, one in seventeen, would be the same in capitals.
        monkeypatch.setattr("core.jobs.sending.planning.secrets.token_hex", lambda _: "ab12cd")
        job = jobs_of(rig, ADA).create(rig.draft(), rig.refs(1), REQUEST)
        bob, wanted = jobs_of(rig, BOB), IDS[spelling](job.id)
        changes: list[Callable[[str], object]] = [bob.get, bob.lost, bob.cancel, bob.forget]
        changes += [bob.send, lambda id: bob.share(id, True), bob.reuse.borrowed, bob.reuse.gone]
        for ask in changes:
            with pytest.raises(RequestError, match="There is no such job"):
                ask(wanted)
        assert bob.accounts.units([wanted]) == {}
        if spelling != "as it is":
            with pytest.raises(RequestError):
                jobs_of(rig, ADA).get(wanted)  # one job has one id

    def test_draft(self, rig: Rig, spelling: str) -> None:
        job = jobs_of(rig, ADA).create("Draft-a1", rig.refs(1), REQUEST)
        bob, wanted = jobs_of(rig, BOB), IDS[spelling]("Draft-a1")
        assert bob.by_draft(wanted) is None
        try:
            made = bob.create(wanted, rig.refs(1), REQUEST)
        except RequestError:
            return
        assert made.id != job.id and made.owner == BOB.subject

    def test_draft_of_an_operation_taken_up(self, rig: Rig, spelling: str) -> None:
        lost = sent_by(rig, ADA)
        rig.jobs.ledger.forget(lost.id)
        taken = jobs_of(rig, ADA).attach(lost.operations[0].name, f"gs://{rig.bucket}/x/")
        assert jobs_of(rig, BOB).by_draft(IDS[spelling](taken.draft_id)) is None
        with pytest.raises(RequestError, match="not a draft"):
            jobs_of(rig, BOB).create(IDS[spelling](taken.draft_id), rig.refs(1), REQUEST)

    def test_saved_view(self, rig: Rig, spelling: str) -> None:
        views = Views(rig.jobs.ledger)
        views.seen_by(ADA).save("Hers", "explore", {"job": "x"})
        (view,) = views.seen_by(ADA).list()
        his = views.seen_by(BOB)
        his.rename(view.id, "Stolen")
        his.delete(view.id)
        his.save(IDS[spelling]("Hers").replace("\0", ""), "explore", {"job": "y"})
        assert [(v.name, dict(v.params)) for v in views.seen_by(ADA).list()] == [
            ("Hers", {"job": "x"})
        ]


@pytest.mark.parametrize("chosen", ["", "uploads", "."])
def test_files_of_anothers_draft_are_not_sent(rig: Rig, tmp_path: Path, chosen: str) -> None:
    """Not even where the operator lets a folder around all uploads be read."""
    drafts = {visitor: f"{visitor.scope}-{'a' * 16}" for visitor in (ADA, BOB)}
    files = {v: Spool(tmp_path, d).add("a.png", io.BytesIO(b"x")) for v, d in drafts.items()}
    folders = [tmp_path / chosen] if chosen else []
    bob = rig.jobs.seen_by(BOB, folders, tmp_path / "uploads")
    around = files[BOB].path.parent / ".." / drafts[ADA] / files[ADA].path.name
    link = files[BOB].path.with_name("link.png")
    link.symlink_to(files[ADA].path)
    for path in (files[ADA].path, around, link):
        for draft in (drafts[BOB], drafts[ADA], rig.draft()):
            with pytest.raises(NotAllowed, match="may not be read"):
                bob.create(draft, [LocalPicture(path, "x.png", 1)], REQUEST)
    assert bob.create(drafts[BOB], [files[BOB]], REQUEST).uploads == 1
