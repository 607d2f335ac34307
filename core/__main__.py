"""``python -m core doctor [--json]``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from core.doctor.checkup import main

    if sys.argv[1:2] != ["doctor"]:
        sys.exit("usage: python -m core doctor [--json]")
    sys.exit(main(sys.argv[2:]))
