"""Untrusted names, in the ledger and on disk: kept as they are, or refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import NotAllowed, OperationNotFound, PictureError, RequestError
from core.jobs.batch.folder import from_folder
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.rows import PictureRow
from core.jobs.ledger.saved_views import MOST_NAME, Views
from core.jobs.runner import Runner
from core.jobs.sending.planning import job_values
from core.jobs.sending.uploads.spool import Spool
from core.jobs.service.operation_status import check_operation_name
from core.jobs.visitors.visibility import check_file
from tests.kit.hostile import BOUNDED, ODD_NUMBERS, surrogates, texts
from tests.kit.services.ledger import NOW

pytestmark = pytest.mark.both_ledgers

FEW = settings(BOUNDED, max_examples=12)  # each on both databases
untrusted = st.one_of(texts, surrogates, st.sampled_from(ODD_NUMBERS))


def as_stored(text: str) -> str:
    """As a database holds it: a zero byte is too much for PostgreSQL, half a character for all."""
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def _no_backend() -> NoReturn:
    raise AssertionError("no job of these tests is sent")


@pytest.fixture
def book(ledger_url: str) -> Runner:
    return Runner(Ledger(ledger_url), _no_backend, base="gs://b/")


def test_titles_faults_and_file_names_are_kept_as_text(book: Runner) -> None:
    ledger = book.ledger

    @FEW
    @given(untrusted, untrusted, untrusted)
    @example("a\0b", "\ud800", "\udfff\0")
    def holds(title: str, fault: str, name: str) -> None:
        values = job_values("j", "d", NOW, "gs://b/j/", "local")
        rest = {"title": title, "source": title, "owner_name": title, "uploads": 1, "pictures": 1}
        assert ledger.add_job({**values, **rest}, [PictureRow(1, name, "", "/x/1.jpg", True)], ())
        ledger.set_job("j", fault=fault)
        ledger.mark_lost("j", [(1, fault or "?")])
        job = book.get("j")
        assert (job.title, job.source, job.owner_name) == (as_stored(title),) * 3
        assert job.fault == as_stored(fault)
        assert book.lost("j") == [(as_stored(name), as_stored(fault or "?"))]
        ledger.forget("j")

    holds()
    ledger.close()


def test_what_no_job_is_called_is_no_fault_of_the_ledger(book: Runner) -> None:
    """A job's id, a draft's and an operation's name come from an address or a form."""

    @FEW
    @given(untrusted)
    @example("\0")
    @example("\ud800")
    def holds(name: str) -> None:
        with pytest.raises(RequestError):
            book.get(name)
        assert book.by_draft(name) is None
        assert book.ledger.job_by_name(name) is None
        assert book.ledger.placed(name) == {} and book.ledger.lost(name) == []
        with pytest.raises(RequestError):
            book.lost(name)
        with pytest.raises(OperationNotFound):
            check_operation_name(name)

    holds()
    book.ledger.close()


def test_views_have_any_name_that_can_be_read(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    views = Views(ledger)

    @FEW
    @given(untrusted, untrusted)
    @example("\0", "\0")
    def holds(name: str, value: str) -> None:
        try:
            views.save(name, "explore", {"text": value, name[:40]: "1"})
        except RequestError as error:
            assert not views.list() and error.what
            return
        (view,) = views.list()
        assert 1 <= len(view.name) <= MOST_NAME and view.name.isprintable()
        with pytest.raises(RequestError):  # whatever it became, it is taken now
            views.save(name, "report", {})
        for part in (*view.params, *view.params.values()):
            part.encode()  # can stand in a link
        views.delete(view.id)

    holds()
    ledger.close()


@BOUNDED
@given(st.lists(untrusted, max_size=3))
def test_uploads_stay_in_their_folder(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    spool = Spool(home, "draft")
    for number, name in enumerate(names):
        spool.add(name, io.BytesIO(b"x" * number))
    pictures = spool.pictures()
    assert sorted(picture.size for picture in pictures) == list(range(len(names)))
    for picture in pictures:
        assert picture.path.parent == home / "uploads" / "draft"
        assert picture.name.encode() and picture.name.isprintable()
        assert not set(picture.name.split("/")) & {"", ".", ".."}
        assert not set(picture.path.name) & set("/\\<>&\"'`$*:|\0\n")
    assert [path.name for path in home.iterdir()] == ["uploads"] * bool(names)


@BOUNDED
@given(untrusted)
def test_no_draft_leads_out_of_the_home(
    tmp_path_factory: pytest.TempPathFactory, draft: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    try:
        folder = Spool(home, draft).folder
    except RequestError:
        return
    assert folder.parent == home / "uploads" and folder.name == draft


@BOUNDED
@given(untrusted)
@example("~nobody-of-this-name/pictures")
@example("/tmp/a\0b")
@example("/tmp/\ud800")
def test_any_text_for_a_folder_is_refused_in_words(text: str) -> None:
    folder = Path(f"/nowhere/{text}") if len(text) < 4 else Path(text)  # "/" would take a while
    with pytest.raises(PictureError):
        from_folder(folder, recursive=False)
    with pytest.raises(NotAllowed):
        check_file(folder, [Path("/allowed")])
