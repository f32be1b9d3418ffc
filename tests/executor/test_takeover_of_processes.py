"""Real executors under their real server: one that writes is killed, or hangs and is woken, under load."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common import wire
from common.errors import Unavailable
from common.wire import OrderRequest
from tests.chaos import executors
from tests.chaos.executors import Executor
from tests.common.local import eventually
from tests.executor.proved import proved
from tests.executor.standin import BTCTRY, TOKEN, MarketData, Place

pytestmark = pytest.mark.slow

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
CLIENTS = 4


def post(executor: Executor, key: str, price: str = "99") -> tuple[int, dict[str, Any]]:
    """Posts an order that rests."""
    request = OrderRequest(
        client_order_id=key,
        symbol=BTCTRY,
        side="buy",
        type="limit",
        quantity=Decimal("0.1"),
        limit_price=Decimal(price),
    )
    status, body, _ = executor.client.request("POST", "/v1/orders", body=wire.encode(request), headers=HEADERS)
    return status, wire.decode(dict[str, Any], body)


@dataclass
class Load:
    """Clients that place orders at one executor, each key again until its outcome is known."""

    executor: Executor
    told: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def run(self, name: str, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self._place(f"{name}-{number}", stop)

    def _place(self, key: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                status, answer = post(self.executor, key)
            except Unavailable:
                status, answer = 0, {}
            if status in (200, 201):
                self.told[key] = (time.monotonic(), answer)
                return
            if status not in (0, 503) or (status == 503 and answer["error"]["retryable"] is not True):
                self.odd.append(f"{key}: {status} {answer}")
            time.sleep(0.02)


@contextmanager
def loaded(*loads: Load) -> Iterator[None]:
    stop = threading.Event()
    with ThreadPoolExecutor(CLIENTS * len(loads)) as pool:
        running = [
            pool.submit(load.run, f"{load.executor.name}-{client}", stop) for load in loads for client in range(CLIENTS)
        ]
        try:
            yield
        finally:
            stop.set()
        for each in running:
            each.result(30)


@dataclass
class Pair:
    """Two executors: the one that writes the account, and the other."""

    writer: Executor
    other: Executor
    place: Place

    def orders(self) -> dict[str, str]:
        """Returns all orders by their keys, as the other executor tells them."""
        found, before = dict[str, str](), ""
        while True:
            _, body, _ = self.other.client.request("GET", f"/v1/orders?limit=500{before}")
            answer = wire.decode(dict[str, Any], body)
            found |= {order["client_order_id"]: order["order_id"] for order in answer["orders"]}
            if answer["next"] is None:
                return found
            before = f"&before={answer['next']}"


def writes(executor: Executor) -> bool:
    try:
        _, body, _ = executor.client.request("GET", "/metrics")
    except Unavailable:
        return False
    return any(line.startswith("executor_writer") and line.endswith(" 1.0") for line in body.decode().splitlines())


@pytest.fixture
def pair(place: Place, marketdata: MarketData, tmp_path: Path) -> Iterator[Pair]:
    with executors.running(place, marketdata.url, tmp_path, random.Random()) as both:
        eventually(lambda: all(executor.ready() for executor in both), 40)
        eventually(lambda: sum(map(writes, both)) == 1)
        writer, other = sorted(both, key=lambda executor: not writes(executor))
        yield Pair(writer, other, place)


def _settled(pair: Pair, *loads: Load) -> None:
    """Asserts that all that was told is in the ledger, once, and under the id that was told."""
    assert [odd for load in loads for odd in load.odd] == []
    kept = pair.orders()
    told = {key: answer["order_id"] for load in loads for key, (_, answer) in load.told.items()}
    assert told.items() <= kept.items()
    assert len(kept) - len(told) <= CLIENTS * len(loads), "no more than one each was cut off"
    assert proved(pair.place).orders == len(kept)


def test_a_writer_that_is_killed_is_followed_by_the_other_and_no_answer_is_lost(pair: Pair) -> None:
    load = Load(pair.other)
    with loaded(load):
        eventually(lambda: len(load.told) > 40)
        pair.writer.kill()
        killed = time.monotonic()
        eventually(lambda: any(at > killed + 0.05 for at, _ in list(load.told.values())))
        eventually(lambda: writes(pair.other))
        count = len(load.told)
        eventually(lambda: len(load.told) > count + 20)
    key, (_, first) = next(iter(load.told.items()))
    assert post(pair.other, key) == (200, first)
    _settled(pair, load)
    pair.writer.start()
    eventually(pair.writer.ready, 40)
    assert post(pair.writer, "restarted")[0] == 201
    assert not writes(pair.writer), "it follows"


def test_a_writer_that_hangs_is_superseded_and_once_woken_appends_nothing(pair: Pair) -> None:
    at_writer, at_other = Load(pair.writer), Load(pair.other)
    with loaded(at_writer, at_other):
        eventually(lambda: min(len(at_writer.told), len(at_other.told)) > 20)
        pair.writer.hang()
        hung = time.monotonic()
        eventually(
            lambda: any(at > hung + 0.3 for at, _ in list(at_other.told.values())),
        )
        eventually(lambda: writes(pair.other))
        count = len(at_other.told)
        eventually(lambda: len(at_other.told) > count + 20)
        pair.writer.wake()
        woken, count = time.monotonic(), len(at_writer.told)
        eventually(lambda: len(at_writer.told) > count + 20)
    assert (writes(pair.writer), writes(pair.other)) == (False, True)
    assert all(at > woken for at, _ in list(at_writer.told.values())[count:])
    _settled(pair, at_writer, at_other)


def test_the_two_take_turns_however_often_the_writer_hangs(pair: Pair) -> None:
    loads = (Load(pair.writer), Load(pair.other))
    with loaded(*loads):
        for _ in range(3):
            [writer] = [executor for executor in (pair.writer, pair.other) if writes(executor)]
            [other] = [executor for executor in (pair.writer, pair.other) if executor is not writer]
            writer.hang()
            eventually(lambda other=other: writes(other))  # type: ignore[misc]
            writer.wake()
            eventually(lambda writer=writer: not writes(writer))  # type: ignore[misc]
            for load in loads:
                least = len(load.told) + 5
                eventually(lambda load=load, least=least: len(load.told) > least)  # type: ignore[misc]
    _settled(pair, *loads)
