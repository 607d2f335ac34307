"""Which checks there are, and the command ``python -m core doctor``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from core.doctor import access, local_engine, machine, own_models
from core.doctor.cloud import Google, cloud_checks
from core.doctor.findings import PATIENCE_S, Check, Finding, Level, run, worst
from core.errors import SettingsError
from core.settings import Settings

_SIGNS = {Level.OK: "ok  ", Level.WARN: "WARN", Level.FAIL: "FAIL"}


def checks(settings: Settings, google: Google, env: Mapping[str, str] = os.environ) -> list[Check]:
    """What matters with these settings; ``env`` is for what is none of them."""
    looks = [
        Check("Python", machine.python),
        Check("Packages", partial(machine.packages, settings)),
        Check("Home folder", partial(machine.home, settings)),
        Check("Memory", partial(machine.memory, settings)),
        Check("Ledger", partial(machine.ledger, settings)),
        Check(access.NAME, partial(access.sign_in, settings, env)),
        Check("Log", partial(machine.log_lines, env)),
    ]
    if settings.on_cloud:
        looks += cloud_checks(settings, google, env)
    if not settings.has_engine:
        return looks
    looks += [
        Check("Models", partial(local_engine.models, settings)),
        Check("Own models", partial(own_models.own_models, settings)),
        Check("Scripts", partial(local_engine.scripts, settings)),
        Check("Engine", partial(local_engine.engine, settings)),
        Check("Journal", partial(local_engine.journal, settings)),
    ]
    if not settings.on_cloud:
        looks.append(Check("Storage emulator", partial(local_engine.emulator, settings)))
    if settings.dask:
        looks.append(Check("Dask", partial(local_engine.dask, settings)))
    return looks


def examine(
    env: Mapping[str, str] | None = None,
    google: Google | None = None,
    patience_s: float = PATIENCE_S,
) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    try:
        settings = Settings.from_env(env, bucket_needed=False)
    except SettingsError as error:
        wrong = Finding("Settings", Level.FAIL, error.what, error.where, error.then)
        return [wrong, machine.python()]
    return look(settings, google, patience_s)


def look(
    settings: Settings, google: Google | None = None, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Look at everything, with settings that are known to be good."""
    summary = f"backend {settings.backend}, bucket {settings.bucket or 'not set'}"
    rest = run(checks(settings, google or Google()), patience_s)
    return [Finding("Settings", Level.OK, summary), *rest]


def look_at_google(settings: Settings, google: Google | None = None) -> list[Finding]:
    """What stands between a batch and Google Cloud, found out for nothing; fine things too.

    Of findings that follow from another one's, that one alone is reported.
    """
    findings = run(cloud_checks(settings, google or Google(), os.environ), PATIENCE_S)
    lost = [one for one in findings if one.name == "Credentials" and one.level is Level.FAIL]
    reported: dict[str, Finding] = {}
    for finding in lost or findings:
        reported.setdefault(finding.what, finding)
    return list(reported.values())


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
