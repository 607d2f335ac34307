"""``python -m scripts.drill [--drills N] [--kind K] [--seed S] [--pictures P]``.

One job after the other, each with one fault at a random moment, on real processes. Printed are the
drills by kind and what they cost; the exit code is 1 if a picture was lost or reported wrongly.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from pathlib import Path

from scripts.drill.kinds import KINDS
from scripts.drill.run import Result, run, told_at_the_end


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.drill", description=__doc__)
    parser.add_argument("--drills", type=int, default=100)
    parser.add_argument("--kind", choices=[*KINDS], action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="work here, and leave everything for a look")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # what fails on purpose is counted, not logged
    print(f"seed {options.seed}, {options.pictures} pictures a job", flush=True)
    results: list[Result] = []
    with (
        told_at_the_end(results, options.drills),
        tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as folder,
    ):
        run(
            options.keep or Path(folder),
            options.drills,
            options.kind or [*KINDS],
            options.seed,
            options.pictures,
            results,
        )
    whole = len(results) == options.drills
    return 0 if whole and all(outcome.good for _, outcome in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
