"""However the calls of many clients interleave over two executors, no event of the ledger passes a limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from executor.guardrails import Limits
from executor.ledger import rows, schema
from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.audit import Audit, part
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BEGIN, BTCTRY, Executor, MarketData, Place

pytestmark = pytest.mark.slow

ETHTRY = "BTCTURK:ETHTRY"
FEE = "0.12"
CASH = {"TRY": Decimal(1600)}
TIGHT = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(5),
    max_order_notional={"TRY": Decimal(10**6)},
    max_position_notional={"TRY": Decimal(1000)},
    max_exposure={"TRY": Decimal(1500)},
    max_orders_per_second=8,
    max_daily_loss_percent=Decimal(100),
    max_drawdown_percent=Decimal(100),
)
CLIENTS, CALLS = 4, 25


class Time:
    """A clock of both executors: a little later whenever it is asked, much later when a client waits."""

    def __init__(self) -> None:
        self._lock, self._now, self._told = threading.Lock(), BEGIN, threading.local()

    def __call__(self) -> datetime:
        at = self.wait(0.004)
        self._told.at = at
        return at

    def seconds(self) -> float:
        """The time that this thread was told last, for intervals."""
        return (getattr(self._told, "at", BEGIN) - BEGIN).total_seconds()

    def wait(self, seconds: float) -> datetime:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now


class Client:
    """Asks one executor for whatever comes to its mind, and looks at the account after each answer."""

    def __init__(self, number: int, executor: Executor, random: Random, time: Time, move: Callable[[], None]) -> None:
        self._number, self._executor, self._random = number, executor, random
        self._time, self._move = time, move
        self._placed: list[str] = []

    def run(self) -> None:
        acts = [self._buy] * 6 + [self._sell] * 2 + [self._cancel, self._replace, self._wait, self._wait, self._match]
        for call in range(CALLS):
            self._random.choice(acts)(f"c{self._number}-{call}")
            account = self._executor.get("/v1/account")
            assert Decimal(account["cash"]["TRY"]) >= Decimal(account["reserved"]["TRY"]) >= 0

    def _buy(self, key: str) -> None:
        symbol, price = self._random.choice([BTCTRY, ETHTRY]), self._random.choice(["98.5", "99.4", "99.9", "100.3"])
        quantity = self._random.choice(["0.7", "1.9", "2.6", "4.2", "9.8"])
        force = self._random.choice(["GTC", "GTC", "IOC", "FOK", "market"])
        if force == "market":
            self._executor.order(client_order_id=key, symbol=symbol, quantity=quantity)
            return
        order = self._executor.limit(key, "buy", quantity, price, symbol=symbol, time_in_force=force)
        self._placed.append(order["order_id"])

    def _sell(self, key: str) -> None:
        symbol, quantity = self._random.choice([BTCTRY, ETHTRY]), self._random.choice(["0.4", "1.1", "3.3"])
        if self._random.random() < 0.5:
            self._executor.order(client_order_id=key, symbol=symbol, side="sell", quantity=quantity)
            return
        order = self._executor.limit(key, "sell", quantity, "100.9", symbol=symbol)
        self._placed.append(order["order_id"])

    def _cancel(self, _key: str) -> None:
        if self._placed:
            status, _ = self._executor.post(f"/v1/orders/{self._random.choice(self._placed)}/cancel")
            assert status in (200, 409)

    def _replace(self, key: str) -> None:
        if self._placed:
            wanted = {"client_order_id": key, "quantity": self._random.choice(["1.3", "5.1"])}
            status, order = self._executor.post(f"/v1/orders/{self._random.choice(self._placed)}/replace", wanted)
            assert status in (201, 409)
            self._placed += [order["order_id"]] if status == 201 else []

    def _wait(self, _key: str) -> None:
        self._time.wait(0.6)

    def _match(self, _key: str) -> None:
        """One client of each executor plays its matcher, of which there is one in each."""
        if self._number < 2:
            self._move()
            self._executor.matcher.step()


@pytest.mark.parametrize("seed", range(3))
def test_no_interleaving_of_two_executors_passes_a_limit(
    make: MakeExecutor, place: Place, marketdata: MarketData, seed: int
) -> None:
    time, market = Time(), Random(seed)

    def move() -> None:
        middle = market.choice([Decimal("99.2"), Decimal(100), Decimal("100.5")])
        for symbol in (BTCTRY, ETHTRY):
            bids, asks = [(str(middle - Decimal("0.1")), "50")], [(str(middle + Decimal("0.1")), "50")]
            marketdata.put(symbol, bids, asks)

    move()
    executors = [make(place, cash=CASH, fee=FEE, limits=TIGHT, now=time, monotonic=time.seconds) for _ in range(2)]
    clients = [Client(n, executors[n % 2], Random(f"{seed}-{n}"), time, move) for n in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        for done in [threads.submit(client.run) for client in clients]:
            done.result()
    audit = Audit(TIGHT, part(FEE))
    engine = place.engine()
    with reading(engine) as connection:
        audit.check(rows.events(connection, schema.events.c.account == "paper"))
        verify(lambda: nullcontext(connection))
    engine.dispose()
    codes = set[str]().union(*(order.codes for order in audit.came.values()))
    assert codes >= {"MAX_POSITION", "MAX_EXPOSURE", "ORDER_RATE", "INSUFFICIENT_FUNDS"}, "the limits were not near"
    assert audit.filled


def test_a_market_order_does_not_make_positions_cost_more_than_the_exposure_allows(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(BTCTRY, [("100", "50")], [("101", "50")])
    executor = make(place, limits=replace(TIGHT, max_exposure={"TRY": Decimal(1000)}))
    _, order = executor.order(quantity="9.95")
    assert order["status"] == "denied" or Decimal(order["average_price"]) * Decimal(order["filled_quantity"]) <= 1000
