"""``python -m scripts.drill.marker JOB SEED``: marks pictures over and over until it is killed.

Before each action it is written to ``DRILL_FOLDER``/marks.log, and after it that it is done; what
the ledger has to hold follows from that. A ``Drill`` is as in ``kinds``.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import ContactSheetError
from core.jobs.ledger.ledger import Ledger
from core.jobs.ledger.marks import MARK, MARKS, NOTE, Marks
from core.settings import Settings
from scripts.drill.drill import Drill
from scripts.drill.rig import START_S, DrillFailed, until

LOG = "marks.log"
PICTURES = 3_000  # keys; a bulk action marks up to so many
Said = dict[tuple[str, str], str]  # (picture, kind) -> mark or note


def main(batch: str, seed: str) -> None:
    """Until it is killed."""
    settings = Settings.from_env()
    marks = Marks(Ledger(settings.ledger_url, settings.home))
    chance = random.Random(seed)
    with (Path(os.environ["DRILL_FOLDER"]) / LOG).open("ab", buffering=0) as log:
        log.write(b"\n")  # one before may have been killed in the middle of a line
        while True:
            action = _next(chance)
            log.write(f"{json.dumps(action)}\n".encode())
            while not _done(marks, batch, action):
                time.sleep(0.05)
            log.write(b'"done"\n')


def _next(chance: random.Random) -> dict[str, Any]:
    """An action: a mark of one picture or of many, a note, or one step back."""
    kind = chance.choice(("one", "many", "note", "back"))
    first = chance.randrange(PICTURES)
    last = chance.randint(first + 1, PICTURES) if kind == "many" else first + 1
    value = f"note {chance.random()}" if kind == "note" else chance.choice(("", *MARKS))
    return {"kind": kind, "first": first, "last": last, "value": value}


def _done(marks: Marks, batch: str, action: dict[str, Any]) -> bool:
    """Do it; False if the ledger refused, as while it is locked."""
    which = _keys(action)
    try:
        if action["kind"] == "back":
            marks.take_back(batch)
        elif action["kind"] == "note":
            marks.note(batch, which[0], action["value"])
        else:
            marks.mark(batch, which, action["value"])
    except ContactSheetError:
        return False
    return True


def _keys(action: dict[str, Any]) -> list[str]:
    return [f"content {number}" for number in range(action["first"], action["last"])]


def kill_marker(drill: Drill) -> None:
    """A process that writes marks is killed at it, several times; none that was told is lost."""
    rig, batch = drill.rig, drill.job.id
    log = rig.folder / LOG
    log.unlink(missing_ok=True)
    drill.at_random(0.0, 0.5)

    def written() -> int:
        return len(_lines(log))

    def once() -> None:
        marker = rig.start_module(["scripts.drill.marker", batch, str(drill.chance.random())])
        wanted = written() + 2 * drill.chance.randint(1, 20)
        try:
            until(lambda: written() > wanted, "it marks", START_S, written)
            time.sleep(drill.chance.uniform(0, 0.1))
            if marker.poll() is not None:
                raise DrillFailed(f"the marker has ended by itself, with {marker.returncode}")
        finally:
            marker.kill()
            marker.wait()
        compare(rig.hub.marks, batch, _lines(log))

    for _ in range(drill.chance.randint(2, 4)):
        once()
    actions = sum(isinstance(line, dict) for line in _lines(log))
    drill.details.append(f"{actions} actions, all that were confirmed are there")


def _lines(log: Path) -> list[Any]:
    """What was written; half a line is none."""
    lines = []
    with suppress(FileNotFoundError):
        for line in log.read_text().splitlines():
            with suppress(ValueError):
                lines.append(json.loads(line))
    return lines


def compare(marks: Marks, batch: str, lines: Sequence[Any]) -> None:
    """The ledger against what was told; an action under way is there whole, or not at all."""
    _, said = marks.since(batch)
    marked: Said = {}
    for one in said:
        marked[one.picture, one.kind] = one.value
    marked = {key: value for key, value in marked.items() if value}
    possible = _possible(lines)
    if marked not in possible:
        lost = min(len(marked.items() ^ one.items()) for one in possible)
        raise DrillFailed(f"{lost} marks of {len(marked)} are not as they were confirmed")


def _possible(lines: Sequence[Any]) -> list[Said]:
    """What the ledger may hold: every action that was killed may have been done, or not."""
    states: list[list[Said]] = [[{}]]  # each a history: what held after each action that stands
    for line, after in zip(lines, [*lines, "killed"][1:], strict=True):
        if not isinstance(line, dict):
            continue
        done = [_after(history, line) for history in states]
        states = done if after == "done" else [*states, *done]
    return [{key: value for key, value in history[-1].items() if value} for history in states]


def _after(history: list[Said], action: dict[str, Any]) -> list[Said]:
    if action["kind"] == "back":
        return history[:-1] if len(history) > 1 else history
    kind = NOTE if action["kind"] == "note" else MARK
    changed = dict.fromkeys(((key, kind) for key in _keys(action)), action["value"])
    return [*history, history[-1] | changed]


if __name__ == "__main__":
    main(*sys.argv[1:])
