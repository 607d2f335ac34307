"""Ctrl-C ends the server within 5 s although a thread hangs and somebody waits for its answer."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVER = """
import sys, threading, time
from contextlib import asynccontextmanager
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from core.ui.server.ending import end_in_time

HANGS = sys.argv[1] == "hangs"

async def hang(_):
    await to_thread.run_sync(time.sleep, 60)

@asynccontextmanager
async def lifespan(_):
    end_in_time(lambda: print("left", flush=True))
    if sys.argv[1] == "tears down":
        sys.hangs = type("Hangs", (), {"__del__": lambda self, sleep=time.sleep: sleep(60)})()
    if HANGS:
        threading.Thread(target=time.sleep, args=(60,)).start()  # no daemon
    print("ready", flush=True)
    yield
    print("stopped", flush=True)

app = Starlette(routes=[Route("/", hang)], lifespan=lifespan)
uvicorn.run(app, port=0, log_level="error")
"""


def ended(mode: str) -> tuple[float, int, str]:
    """Seconds from the signal to the end, exit code, and what was printed."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, mode],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
        return time.monotonic() - begun, process.returncode, said


@pytest.mark.slow
def test_a_hanging_thread_is_not_waited_for() -> None:
    seconds, code, said = ended("hangs")
    assert seconds < 5.5  # on a machine that does nothing else, 4
    assert (code, said) == (130, "stopped\nleft\n")


@pytest.mark.slow
def test_the_interpreters_own_end_is_not_waited_for_either() -> None:
    seconds, code, said = ended("tears down")
    assert seconds < 5.5
    assert (code, said) == (-signal.SIGALRM, "stopped\n")


def test_without_one_it_ends_as_ever() -> None:
    seconds, _, said = ended("well")
    assert seconds < 3
    assert said == "stopped\n"
