"""``python -m core.engine [--home DIR] [--workers N]``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Worker processes import this module again; they need none of it.
    from core.engine.server import main
    from core.engine.workers.kit import real_kit

    sys.exit(main(sys.argv[1:], real_kit()))
