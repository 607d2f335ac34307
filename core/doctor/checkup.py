"""Which checks there are, and the command ``python -m core doctor``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial

from core.doctor import access, local_engine, machine
from core.doctor.cloud import Cloud, Google, network
from core.doctor.findings import PATIENCE_S, Check, Finding, Level, run, worst
from core.errors import SettingsError
from core.settings import Settings

_SIGNS = {Level.OK: "ok  ", Level.WARN: "WARN", Level.FAIL: "FAIL"}


def checks(settings: Settings, google: Google, env: Mapping[str, str] = os.environ) -> list[Check]:
    """What matters with these settings; ``env`` is for what is none of them."""
    looks: list[tuple[str, Callable[[], Finding]]] = [
        ("Python", machine.python),
        ("Packages", partial(machine.packages, settings)),
        ("Home folder", partial(machine.home, settings)),
        ("Memory", partial(machine.memory, settings)),
        ("Ledger", partial(machine.ledger, settings)),
        (access.NAME, partial(access.sign_in, settings, env)),
        ("Log", partial(machine.log_lines, env)),
    ]
    if settings.backend == "cloud":
        asked = Cloud(settings, google)
        looks += [
            ("Credentials", asked.credentials),
            ("Network", partial(network, settings, env)),
            ("Bucket", asked.bucket),
            ("Vision API", asked.vision),
        ]
    else:
        looks += [
            ("Models", partial(local_engine.models, settings)),
            ("Scripts", partial(local_engine.scripts, settings)),
            ("Engine", partial(local_engine.engine, settings)),
            ("Journal", partial(local_engine.journal, settings)),
            ("Storage emulator", partial(local_engine.emulator, settings)),
        ]
        if settings.dask:
            looks.append(("Dask", partial(local_engine.dask, settings)))
    return [Check(name, look) for name, look in looks]


def examine(
    env: Mapping[str, str] | None = None,
    google: Google | None = None,
    patience_s: float = PATIENCE_S,
) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    try:
        settings = Settings.from_env(os.environ if env is None else env)
    except SettingsError as error:
        wrong = Finding("Settings", Level.FAIL, error.what, error.where, error.then)
        return [wrong, machine.python()]
    return look(settings, google, patience_s)


def look(
    settings: Settings, google: Google | None = None, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Look at everything, with settings that are known to be good."""
    summary = f"backend {settings.backend}, bucket {settings.bucket}"
    rest = run(checks(settings, google or Google()), patience_s)
    return [Finding("Settings", Level.OK, summary), *rest]


def main(arguments: Sequence[str]) -> int:
    """The command; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m core doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    findings = examine()
    if options.json:
        rows = [asdict(finding) for finding in findings]
        text = json.dumps({"level": worst(findings), "findings": rows}, indent=2)
    else:
        text = "\n".join(map(_line, findings))
    sys.stdout.write(f"{text}\n")
    return int(worst(findings) is Level.FAIL)


def _line(finding: Finding) -> str:
    where = f" ({finding.where})" if finding.where else ""
    then = f"\n{' ' * 24}{finding.then}" if finding.then else ""
    # Names come from outside: no control character reaches the terminal.
    text = f"{_SIGNS[finding.level]}  {finding.name:<18}{finding.what}{where}{then}"
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
