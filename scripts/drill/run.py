"""Runs drills one after the other on one rig, and tells what came of them."""

from __future__ import annotations

import random
import signal
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from core.errors import ContactSheetError
from scripts.drill.check import IN_HAND, Onlooker, Outcome, check, recovered
from scripts.drill.drill import Drill, retry
from scripts.drill.google import GoogleRig
from scripts.drill.kinds import KINDS
from scripts.drill.rig import START_S, DrillFailed, Rig, until
from tests.kit.services import postgres

Result = tuple[str, Outcome]
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def plan(drills: int, kinds: Sequence[str], chance: random.Random) -> list[str]:
    """Kinds in a random order, each as often as its share asks for, at least once if it fits."""
    weights = {kind: KINDS[kind].share for kind in kinds}
    scale = drills / sum(weights.values())
    least = int(drills >= len(kinds))
    counts = {kind: max(least, int(weight * scale)) for kind, weight in weights.items()}
    # Those that rounding has treated worst come first.
    short = sorted(kinds, key=lambda kind: counts[kind] - weights[kind] * scale)
    left = drills - sum(counts.values())
    for kind in short[: max(left, 0)]:
        counts[kind] += 1
    for kind in [kind for kind in short[::-1] if counts[kind] > least][: max(-left, 0)]:
        counts[kind] -= 1
    order = [kind for kind in kinds for _ in range(counts[kind])]
    chance.shuffle(order)
    return order


class Ended(BaseException):
    """A signal asks for the end; what was done until then is told all the same."""


@contextmanager
def told_at_the_end(results: Sequence[Result], drills: int) -> Iterator[None]:
    """Print the table at the end, and before it why the end came early, if it did.

    An exception goes on after that; a signal does not.
    """

    def end(number: int, _: object) -> None:
        raise Ended(signal.Signals(number).name)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield
    except Ended as ended:
        print(f"ended by {ended} after {len(results)} of {drills} drills", flush=True)
    except BaseException as error:
        words = f"{type(error).__name__}: {error}"
        print(f"ended by {words} after {len(results)} of {drills} drills", flush=True)
        raise
    finally:
        print(table(results), flush=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    folder: Path,
    drills: int,
    kinds: Sequence[str],
    seed: int,
    pictures: int,
    results: list[Result],
) -> None:
    """Do so many drills; each one's seed is its own, so that it can be done again alone.

    Args:
        results: where each one's is added as soon as it is there.
    """
    with ExitStack() as stack:
        rigs = _Rigs(folder, stack)
        without = {kind: why for kind in kinds if (why := _unable(rigs.of("sqlite"), kind))}
        for kind, why in without.items():
            print(f"left out, since {why}: {kind}")
        able = [kind for kind in kinds if kind not in without]
        order = plan(drills, able, random.Random(seed)) if able else []
        for number, kind in enumerate(order, start=1):
            chance = random.Random(f"{seed}/{number}")
            try:
                outcome, details = one(rigs.of(KINDS[kind].on), kind, chance, pictures)
            except Exception as error:  # a fault of the drill's: the next has a rig of its own
                traceback.print_exc()
                fault = f"broken off by {type(error).__name__}: {error}"
                outcome, details = Outcome(pictures, lost=pictures, faults=[fault]), ""
                rigs.give_up(KINDS[kind].on)
            verdict = "ok" if outcome.good else f"LOST {outcome.lost} " + "; ".join(outcome.faults)
            print(
                f"{number:3d} {kind:28s} {outcome.seconds:5.1f} s  {verdict}  ({details})",
                flush=True,
            )
            results.append((kind, outcome))


class _Rigs:
    """One rig of each sort, started when it is first needed, all stopped with the stack."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._rigs: dict[str, tuple[Rig, ExitStack]] = {}
        self._made = 0

    def of(self, sort: str) -> Rig:
        if sort not in self._rigs:
            self._made += 1
            folder, own = self._folder / f"{sort}-{self._made}", ExitStack()
            self._stack.push(own)
            if sort == "google":
                rig: Rig = own.enter_context(started(GoogleRig(folder)))
            elif sort == "postgres":
                rig = own.enter_context(started(Rig(folder, own.enter_context(postgres.running()))))
            else:
                rig = own.enter_context(started(Rig(folder)))
            self._rigs[sort] = rig, own
        return self._rigs[sort][0]

    def give_up(self, sort: str) -> None:
        _, own = self._rigs.pop(sort, (None, ExitStack()))
        with suppress(Exception):
            own.close()


@contextmanager
def started(rig: Rig) -> Iterator[Rig]:
    """A rig that runs, and is stopped."""
    try:
        rig.start()
        yield rig
    finally:
        rig.stop()


def _unable(rig: Rig, kind: str) -> str:
    """Why this machine cannot do a kind of drills; "" if it can."""
    if KINDS[kind].needs_disks and not rig.disk.mounted:
        return "it needs root to mount a small disk"
    if KINDS[kind].on == "postgres" and not postgres.installed():
        return "PostgreSQL's server is not installed"
    return ""


def one(rig: Rig, kind: str, chance: random.Random, pictures: int) -> tuple[Outcome, str]:
    """One drill, from the job's making to the check of its results."""
    outcome = Outcome(pictures=pictures)
    if ended := rig.revived():
        outcome.faults.append(ended)
    until(lambda: rig.hub.starting() == "", "the engine is there", START_S)
    rig.put_service_between(KINDS[kind].service)
    begun = time.monotonic()
    made = KINDS[kind].made
    job, colours = rig.new_job(pictures, partial(made, chance) if made else None)
    drill = Drill(rig, job, pictures, chance)
    onlooker = Onlooker(rig, job)
    try:
        try:
            KINDS[kind].act(drill)
        except DrillFailed as error:  # no reason to call a picture lost: the job goes on
            outcome.faults.append(f"not carried out: {error}")
        job = recovered(rig, job)
        if drill.retry:
            job = rig.patiently(lambda: retry(drill))
            job = recovered(rig, job)
        onlooker.stop()
        check(rig, job, colours, drill.kills * IN_HAND + drill.sent_again, outcome)
        if not drill.retry:  # there the answers were taken away, which ``retry`` looks at
            outcome.faults += onlooker.untrue
    except (DrillFailed, ContactSheetError) as error:
        outcome.faults.append(str(error))
        outcome.lost = _unanswered(rig, job.prefix, pictures)
    finally:
        onlooker.stop()
        if drill.web:
            rig.kill_dashboard()
            rig.start_dashboard()
        rig.disk.free()
        rig.service.clear()
        for mended in (rig.vision, rig.storage):
            mended.mend()
        for clock in rig.clocks.values():
            clock.set(0.0)
    outcome.seconds = time.monotonic() - begun
    if outcome.good:
        rig.clear(job)
    return outcome, ", ".join(drill.details)


def _unanswered(rig: Rig, prefix: str, pictures: int) -> int:
    """Pictures of a job that did not end which have no row in the tables."""
    from core.results.tables import tables
    from core.results.tables.run_choice import ATTEMPTS

    try:
        loaded = tables.load(rig.hub.buckets, prefix, choice=ATTEMPTS)
    except ContactSheetError:
        return pictures
    there = {uri for uri in loaded["pictures"]["uri"].to_pylist() if uri.startswith(prefix)}
    return pictures - len(there)


def table(results: Sequence[Result]) -> str:
    """By kind: drills, pictures, lost, repeated, and what it took."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for kind, outcome in results:
        by_kind[kind].append(outcome)
    lines = [
        f"{'kind':28s} drills pictures  lost repeated errors annotated-again other-faults seconds"
    ]
    rows = [(kind, by_kind[kind]) for kind in KINDS if kind in by_kind]
    for kind, outcomes in [*rows, ("all", [outcome for _, outcome in results])]:
        lines.append(
            f"{kind:28s} {len(outcomes):6d} {sum(o.pictures for o in outcomes):8d}"
            f" {sum(o.lost for o in outcomes):5d} {sum(o.repeated for o in outcomes):8d}"
            f" {sum(o.errors for o in outcomes):6d} {sum(o.again for o in outcomes):15d}"
            f" {sum(len(o.faults) for o in outcomes):12d} {sum(o.seconds for o in outcomes):7.0f}"
        )
    return "\n".join(lines)
