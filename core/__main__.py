"""``python -m core doctor [--json]`` and ``python -m core models``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from core.doctor import checkup, own_models

    commands = {"doctor": checkup.main, "models": own_models.main}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit("usage: python -m core doctor [--json] | models add|list|remove ...")
    sys.exit(commands[sys.argv[1]](sys.argv[2:]))
