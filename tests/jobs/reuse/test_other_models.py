"""What another model answered is counted by its name, and annotated again or kept, as chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job
from core.jobs.ledger.schema import jobs
from core.jobs.sending.backend_identity import note_questions
from core.jobs.service.answer_key import asked_values, other_models
from core.jobs.service.connection import FeatureSupport
from tests.kit.services.jobs_rig import REQUEST, Rig

pytestmark = pytest.mark.both_ledgers
LATEST = replace(REQUEST, model="builtin/latest")


def answered(rig: Rig, contents: str, request: BatchRequest = REQUEST, keep: bool = False) -> Job:
    job = rig.jobs.create(rig.draft(), rig.of_contents(contents), request, keep=keep)
    return rig.answered(job)


def named(rig: Rig, name: str) -> None:
    """The backend's models are called so from now on."""
    usual = rig.connection.backend
    now = {k: replace(support, model=name) for k, support in usual.capabilities.items()}
    rig.connection.backend = replace(usual, capabilities=now)


def unsent(job: Job) -> int:
    return job.pictures - sum(operation.pictures for operation in job.operations)


def test_answers_of_another_model_are_named_and_sent_again(rig: Rig) -> None:
    named(rig, "lite0")
    answered(rig, "abb")
    named(rig, "lite2")
    plan = rig.jobs.reuse.plan(rig.of_contents("abcb"), REQUEST)
    assert plan.others == {"Labels, Crop hints: lite0": (2, 0)}  # the twin is asked once
    assert (plan.reused, plan.kept, len(plan.to_send), plan.cost.units) == (0, 0, 3, 6)
    assert answered(rig, "ab").reused == 0


def test_kept_answers_cost_nothing_and_are_not_lent_as_the_new_models(rig: Rig) -> None:
    named(rig, "lite0")
    first = answered(rig, "ab")
    named(rig, "lite2")
    plan = rig.jobs.reuse.plan(rig.of_contents("abc"), REQUEST, keep=True)
    assert (plan.reused, plan.kept, len(plan.to_send), plan.cost.units) == (2, 2, 1, 2)
    job = answered(rig, "abc", keep=True)
    assert (job.reused, unsent(job)) == (2, 2)
    assert rig.jobs.reuse.sources(job.id) == {first.id: 2}
    assert rig.jobs.reuse.kept(job.id) == {"Labels, Crop hints: lite0": 2}
    # The same job again: "c" is the new model's, "a" and "b" still are not.
    plan = rig.jobs.reuse.plan(rig.of_contents("abc"), REQUEST)
    assert (plan.reused, plan.others) == (1, {"Labels, Crop hints: lite0": (2, 0)})
    rig.jobs.forget(first.id)
    assert rig.jobs.reuse.kept(job.id) == {"a model that was not noted": 2}
    assert rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST).reused == 0


def test_a_kept_answer_that_is_gone_is_retried_by_the_new_model(rig: Rig) -> None:
    named(rig, "lite0")
    first = answered(rig, "a")
    named(rig, "lite2")
    job = answered(rig, "a", keep=True)
    rig.buckets.delete(f"{first.operations[0].prefix}output-1-to-1.json")
    retried = rig.jobs.retry_failed(job, rig.jobs.reuse.gone(job.id))
    assert (retried.reused, rig.jobs.reuse.kept(job.id)) == (0, {})
    assert rig.jobs.reuse.plan(rig.of_contents("a"), REQUEST, keep=True).others == {}


def test_the_answer_of_the_right_model_comes_first(rig: Rig) -> None:
    named(rig, "lite0")
    answered(rig, "a")
    named(rig, "lite2")
    mine = answered(rig, "a")
    named(rig, "lite0")
    answered(rig, "b")
    named(rig, "lite2")
    plan = rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST, keep=True)
    assert (plan.reused, plan.kept, plan.others) == (2, 1, {"Labels, Crop hints: lite0": (1, 0)})
    assert mine.id in plan.jobs


def test_stable_and_latest_are_two_models_and_age_holds_for_both(rig: Rig) -> None:
    answered(rig, "ab", LATEST)
    plan = rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST)
    (name,) = plan.others
    assert name.endswith(", latest") and plan.others[name] == (2, 0)
    rig.clock.forward(86_400)
    late = rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST, since=rig.clock(), keep=True)
    assert (late.others, len(late.to_send)) == ({}, 2)
    everything = rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST, resend=True, keep=True)
    assert (everything.reused, len(everything.to_send)) == (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, max_results=3),
        lambda r: replace(r, features=r.features[:1]),
        lambda r: replace(r, longest=1_600),
    ],
)
def test_another_question_is_no_other_model(
    rig: Rig, change: Callable[[BatchRequest], BatchRequest]
) -> None:
    named(rig, "lite0")
    answered(rig, "a")
    named(rig, "lite2")
    assert rig.jobs.reuse.plan(rig.of_contents("a"), change(REQUEST)).others == {}


def test_jobs_of_earlier_versions_get_their_question_once(rig: Rig) -> None:
    named(rig, "lite0")
    old = answered(rig, "a")
    named(rig, "lite2")
    new = answered(rig, "b")
    ledger, backend = rig.jobs.ledger, rig.connection.backend
    with ledger.writing() as db:
        db.execute(sa.update(jobs).values(question="", models=""))
    assert rig.jobs.reuse.plan(rig.of_contents("a"), REQUEST).others == {}
    assert note_questions(ledger, backend.id, backend.capabilities) == 2
    assert note_questions(ledger, backend.id, backend.capabilities) == 0
    assert rig.jobs.get(new.id).models == new.models
    assert rig.jobs.get(old.id).question == old.question
    plan = rig.jobs.reuse.plan(rig.of_contents("ab"), REQUEST)
    assert (plan.reused, plan.others) == (1, {"a model that was not noted": (1, 0)})


def test_models_are_named_with_what_they_answer() -> None:
    def support(**models: str) -> dict[str, FeatureSupport]:
        return {name: FeatureSupport(True, "", model=model) for name, model in models.items()}

    def models(which: dict[str, FeatureSupport]) -> str:
        return asked_values(REQUEST, "local", which)["models"]

    old = models(support(LABEL_DETECTION="lite0", CROP_HINTS="u2net"))
    new = models(support(LABEL_DETECTION="lite2", CROP_HINTS="u2net"))
    assert other_models(old, new) == "Labels: lite0"
    assert other_models(models(support(LABEL_DETECTION="x", CROP_HINTS="")), new) == (
        "Labels: x; Crop hints: The local engine"
    )
    for damaged in ("", "[]", "{", "null"):
        assert other_models(damaged, new) == "a model that was not noted"
