"""``python fake_engine.py --home DIR``: the real engine process with the fake annotators."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from fake_kit import FAKE_KIT

    from core.engine.server import main

    sys.exit(main(sys.argv[1:], FAKE_KIT))
