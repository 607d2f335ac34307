"""Drills on the cloud backend: a dashboard on the tests' stand-in of Google, over TLS and tokens.

The stand-in says Google's documented words, and is not Google. Units that it accepted have to be
those in the ledger. A ``Drill`` is as in ``kinds``; ``made_...`` set what will happen.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.buckets import open_buckets
from core.jobs.batch.sources import LocalPicture
from core.jobs.ledger.records import Job, JobState, OperationState
from core.settings import Settings
from scripts.drill.dashboard import DrillEngine, drill_engine
from scripts.drill.drill import Drill
from scripts.drill.rig import START_S, WORKERS, DrillFailed, Rig, plain_pictures, until
from tests.kit.standin.dashboards import OTHER_CERTIFICATES, StandIn, accepted
from tests.kit.standin.desk import BUCKET, Desk, Rule, make_keys
from tests.kit.standin.metadata import Metadata
from tests.kit.standin.vision import FAULTS, LOST, Code, Vision
from tests.kit.standin.web import Web

if TYPE_CHECKING:
    from core.app.hub import Hub

SUBMIT = "AsyncBatch"
SEEN_THROUGH_S = 500.0  # without any change; one in doubt is looked for every two minutes at last
FINAL = (Code.INVALID_ARGUMENT, Code.NOT_FOUND)  # the request is wrong, for ever
REFUSALS = [name for name, (code, *_) in FAULTS.items() if name not in LOST and code not in FINAL]
STORAGE = ("unavailable", "slower", "role", "billing", "token", "precondition", "user_project")


class GoogleRig(Rig):
    """As ``Rig``, on the stand-in; the engine behind it is the rig's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.standin: StandIn | None = None
        self._engine: DrillEngine | None = None
        super().__init__(folder)

    @property
    def desk(self) -> Desk:
        """Rules and log."""
        assert self.standin is not None
        return self.standin.desk

    def start(self) -> None:
        """Start the dashboard."""
        self.start_dashboard()

    def stop(self) -> None:
        """End everything that was started."""
        try:
            super().stop()
        finally:
            if self.standin is not None:
                self.standin.vision.stop()
                self.standin.web.stop()
                self.standin.metadata.stop()
            if self._engine is not None:
                self._engine.stop()

    def _looking_on(self) -> Hub:
        self._start_google()
        return super()._looking_on()

    def _settings(self) -> dict[str, str]:
        assert self.standin is not None
        return self.standin.env(self.home)

    def _engine_for(self, _: Settings) -> DrillEngine | None:
        return None

    def _start_google(self) -> None:
        os.environ |= {
            "DRILL_NOTES": str(self.notes),
            "DRILL_ENGINE_CLOCK": str(self.folder / "engine.clock"),
            "DRILL_DELAY_S": "0.004",
        }
        settings = {"CONTACT_SHEET_HOME": str(self.home), "CONTACT_SHEET_WORKERS": str(WORKERS)}
        self._engine = engine = drill_engine(Settings.from_env(settings))
        engine.ensure()
        until(lambda: engine.info() is not None, "the engine starts", START_S)
        info = engine.info()
        assert info is not None
        desk, folder = Desk(), self.folder / "keys"
        folder.mkdir()
        web, metadata = Web(desk, info.storage_address), Metadata(desk)
        keys = make_keys(folder, web.token_url)
        desk.public_key = keys.public_key
        web.start(keys)
        metadata.start()
        open_buckets(info.storage_address).make_bucket(BUCKET)
        self.standin = StandIn(desk, Vision(desk, keys, info.vision_address), web, metadata, keys)
        for name in OTHER_CERTIFICATES:
            os.environ.pop(name, None)
        os.environ |= {
            "REQUESTS_CA_BUNDLE": str(keys.ca),
            "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "robot.json"),
        }


def _desk(rig: Rig) -> Desk:
    assert isinstance(rig, GoogleRig)
    rig.desk.clear()
    return rig.desk


def made_refused(
    chance: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """The submission is refused, or no answer comes, before or after the batch is taken."""
    lost = chance.random() < 0.6
    fault = chance.choice(LOST if lost else REFUSALS)
    times = 1 if lost else chance.randint(1, 2)
    rule = Rule("vision", fault, SUBMIT, times, after=lost and chance.random() < 0.6)
    _desk(rig).rules = [rule]
    return plain_pictures(rig, draft, colours)


def made_plain(
    _: random.Random, rig: Rig, draft: str, colours: Sequence[int]
) -> list[LocalPicture]:
    """Nothing is refused yet."""
    _desk(rig)
    return plain_pictures(rig, draft, colours)


def refuse(drill: Drill) -> None:
    """See ``made_refused``; the user goes on."""
    (rule,) = _rig(drill).desk.rules
    drill.details.append(f"{rule.fault}{', accepted' if rule.after else ''}")
    see_through(drill)


def break_storage(drill: Drill) -> None:
    """Cloud Storage refuses everything for some seconds."""
    drill.at_random(0.0, 0.9)
    fault = drill.chance.choice(STORAGE)
    drill.details.append(fault)
    _rig(drill).desk.rules = [Rule("storage", fault)]
    drill.hold(1, 6)
    _rig(drill).desk.rules = []
    see_through(drill)


def kill_dashboard(drill: Drill) -> None:
    """kill -9 of the dashboard, mostly about the submission."""
    if drill.chance.random() < 0.7:
        drill.at_random(0.15, 0.25)
    else:
        drill.at_random()
    drill.rig.kill_dashboard()
    drill.hold(0, 2)
    drill.rig.start_dashboard()
    see_through(drill)


def _rig(drill: Drill) -> GoogleRig:
    assert isinstance(drill.rig, GoogleRig)
    return drill.rig


def see_through(drill: Drill) -> None:
    """Press what the page offers until the job is over; then compare the units.

    "Send it again" is pressed where nothing was accepted, which the log tells here and a user
    cannot know; the ledger counts such a try as well.
    """
    rig, again = _rig(drill), 0
    assert rig.standin is not None
    standin, jobs, job_id = rig.standin, rig.hub.jobs, drill.job.id

    def over() -> bool:
        nonlocal again
        now = rig.patiently(lambda: jobs.get(job_id))
        doubtful = [o for o in now.operations if o.state is OperationState.UNCONFIRMED]
        if doubtful and not accepted(standin):
            jobs.unconfirmed.send_again(doubtful[0].id)
            again += 1
        elif now.state is JobState.STOPPED:
            jobs.send(job_id)
        return now.final

    def moved() -> object:
        now = rig.patiently(lambda: jobs.get(job_id))
        states = [(o.state, o.error) for o in now.operations]
        return now.state, states, now.progress.pictures_done, now.retry_at

    until(over, "the job is over", SEEN_THROUGH_S, moved)
    _compare_units(drill, jobs.get(job_id), accepted(standin), again)


def _compare_units(drill: Drill, job: Job, taken: int, again: int) -> None:
    features = 1
    units = drill.rig.hub.jobs.accounts.units([job.id]).get(job.id, 0)
    drill.details.append(f"{taken} units accepted, {units} counted")
    if taken != drill.count * features or units != taken * (1 + again):
        raise DrillFailed(f"{drill.details[-1]}, sent again {again} times")
