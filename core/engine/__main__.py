"""``python -m core.engine [--home DIR] [--workers N]``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Worker processes import this module again; they need none of it.
    from core.engine.real_kit import real_kit
    from core.engine.server import main

    sys.exit(main(sys.argv[1:], real_kit()))
