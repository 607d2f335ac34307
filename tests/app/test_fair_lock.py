"""Fair turns."""

from __future__ import annotations

import threading
import time

import pytest

from core.app.fair_lock import FairLock
from tests.kit.waiting import wait_until


def test_one_at_a_time_in_the_order_of_coming() -> None:
    turn = FairLock()
    inside: list[int] = []
    most: list[int] = []
    order: list[int] = []

    def go(n: int) -> None:
        with turn:
            inside.append(n)
            most.append(len(inside))
            order.append(n)
            time.sleep(0.005)
            inside.remove(n)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(12)]
    with turn:
        for n, thread in enumerate(threads, 1):
            thread.start()
            wait_until(lambda n=n: len(turn._waiting) == n + 1, "it stands in the queue")
    for thread in threads:
        thread.join()
    assert order == [*range(12)]
    assert max(most) == 1


def test_an_error_inside_lets_the_next_in() -> None:
    turn = FairLock()
    with pytest.raises(KeyError), turn:
        raise KeyError
    with turn:
        pass
