"""Many sessions that click on one batch in Explore: how long each click waits, and what it costs.

    python -m scripts.bench.clicks [--sessions 30] [--clicks 4] [--pictures 2000]

A session says to the server what its browser says after a click: run the page with these filters in
its address. It clicks again as soon as it has the whole page, so that the server is never idle.
Seconds depend on what else the machine does; processor time a click hardly does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from scripts.bench.gallery import running
from tests.kit.results.filled_bucket import PREFIX, fill, storage
from tests.kit.results.generated_shards import LABELS
from tests.kit.web.browser import Dashboard

AIM_S = (1.5, 3.0)  # the median and 95 % of thirty sessions, on two cores of their own
VIEWS = (
    *({"label": name} for name in LABELS[:8]),
    *({"color": color, "tolerance": "20"} for color in ("a04a06", "3060a0")),
    {},
)


def main() -> int:
    """Print the figures; 1 if a session failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--clicks", type=int, default=4)
    parser.add_argument("--pictures", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as dashboard:
        fill(storage(dashboard), asked.pictures, Path(folder) / "shards")
        asyncio.run(_click(dashboard, 1, 2))  # tables are read, and what is imported late
        for sessions, clicks in ((1, 10), (asked.sessions, asked.clicks)):
            before, began = _cpu_s(dashboard), time.monotonic()
            waited, size = asyncio.run(_click(dashboard, sessions, clicks))
            used, took = _cpu_s(dashboard) - before, time.monotonic() - began
            waited.sort()
            print(
                f"{sessions:3} sessions, {len(waited)} clicks on {asked.pictures:,} pictures: "
                f"{waited[len(waited) // 2]:.2f} s (median), {waited[len(waited) * 95 // 100]:.2f} "
                f"s (95 %); {used / (len(waited) + sessions) * 1000:.0f} ms of processor and "
                f"{size / 1000:.0f} kB a page; {used / took:.1f} cores",
                flush=True,
            )
    return 0


async def _click(dashboard: Dashboard, sessions: int, clicks: int) -> tuple[list[float], float]:
    """Seconds of each click, and the mean bytes of an answer."""
    url = f"{dashboard.url.replace('http', 'ws', 1)}/_stcore/stream"
    waited: list[float] = []
    sizes: list[int] = []

    async def one(seed: int) -> None:
        chance = random.Random(seed)
        async with connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None) as on:
            await _run(on, {})
            for _ in range(clicks):
                began = time.monotonic()
                sizes.append(await _run(on, chance.choice(VIEWS)))
                waited.append(time.monotonic() - began)

    await asyncio.gather(*(one(seed) for seed in range(sessions)))
    return waited, sum(sizes) / max(1, len(sizes))


async def _run(on: ClientConnection, view: dict[str, str]) -> int:
    """One run of the whole page; returns the bytes that came."""
    message = BackMsg()
    message.rerun_script.page_name = "explore"
    message.rerun_script.query_string = urlencode({"prefix": PREFIX, **view})
    message.rerun_script.context_info.timezone = "UTC"
    await on.send(message.SerializeToString())
    size = 0
    while True:
        data = await on.recv(decode=False)
        size += len(data)
        answer = ForwardMsg.FromString(data)
        if answer.WhichOneof("type") == "script_finished":
            return size


def _cpu_s(dashboard: Dashboard) -> float:
    fields = Path(f"/proc/{dashboard.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
