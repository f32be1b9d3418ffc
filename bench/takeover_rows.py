"""The time from the end of a writer to the first durable answer of the other executor, with 10,000 open orders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from bench.order_place import durable, fill
from bench.order_runs import await_ready, running, still_market, writer_of
from bench.rows import Row, row
from common import wire
from common.errors import Unavailable
from tests.chaos.executors import Executor
from tests.chaos.fleet import HEADERS

OPEN = 10_000
KILLS, HANGS = 5, 3
LOAD_SECONDS, LIMIT_SECONDS = 1.5, 30.0


class Asking:
    """A client of one executor that asks again at once; it notes when each request was sent that became durable."""

    def __init__(self, executor: Executor) -> None:
        self.answered: list[tuple[float, float]] = []
        self._executor, self._ended = executor, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def first_after(self, moment: float) -> float:
        """Waits for the first answer to a request that was sent after a moment; returns when it came."""
        while time.monotonic() < moment + LIMIT_SECONDS:
            for sent, answered in list(self.answered)[-50:]:
                if sent > moment:
                    return answered
            time.sleep(0.001)
        raise TimeoutError("no executor answered")

    def _run(self) -> None:
        begun, number = time.time_ns(), 0
        while not self._ended.is_set():
            number += 1
            order = {"client_order_id": f"t{begun:x}-{number}", "symbol": "BTCTURK:BTCTRY", "type": "market"}
            body = wire.encode(order | {"side": "sell" if number % 2 else "buy", "quantity": "1"})
            sent = time.monotonic()
            try:
                status, _, _ = self._executor.client.request("POST", "/v1/orders", body=body, headers=HEADERS)
            except Unavailable:
                continue
            if status == 201:
                self.answered.append((sent, time.monotonic()))


def measure() -> list[Row]:
    """Milliseconds after SIGKILL, and after SIGSTOP."""
    with durable() as places:
        place = places.new()
        fill(place, OPEN, resting=True)
        with still_market() as data, running(place, data) as pair:
            kills = [_taken(pair, Executor.kill, Executor.start) for _ in range(KILLS)]
            hangs = [_taken(pair, Executor.hang, Executor.wake) for _ in range(HANGS)]
    return [row("takeover_kill_ms", kills, "ms"), row("takeover_hung_ms", hangs, "ms")]


def _taken(pair: Sequence[Executor], end: Callable[[Executor], None], bring_back: Callable[[Executor], None]) -> float:
    """Ends the writer under load, and brings it back; returns the milliseconds until the other one answered."""
    writer = writer_of(pair)
    [other] = [executor for executor in pair if executor is not writer]
    with Asking(other) as asking:
        time.sleep(LOAD_SECONDS)
        at = time.monotonic()
        end(writer)
        taken = asking.first_after(at) - at
    bring_back(writer)
    await_ready(pair)
    return taken * 1000
