"""``python -m scripts.drill.engine --home DIR``: the real engine with the drill's annotators.

Its clock is the one of the file named in ``DRILL_ENGINE_CLOCK``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    from scripts.drill.clock import SetClock

    # Before anything asks for it: a machine's clock jumps for the whole process.
    time.time = SetClock(Path(os.environ["DRILL_ENGINE_CLOCK"])).seconds
    from core.engine.server import main
    from scripts.drill.kit import KIT

    sys.exit(main(sys.argv[1:], KIT))
