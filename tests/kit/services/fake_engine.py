"""``python -m tests.kit.services.fake_engine --home DIR``: the real process, fake annotators."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from core.engine.server import main
    from tests.kit.services.fake_kit import FAKE_KIT

    sys.exit(main(sys.argv[1:], FAKE_KIT))
