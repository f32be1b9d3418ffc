"""An executor as tests build it, on a market data stand-in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from common.clock import Clock
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from common.verifier import verifier_of
from executor.app import create_app
from executor.context import TradingContext
from executor.guardrails import Limits
from executor.health import LedgerHealth
from executor.ledger.engine import make_engine
from executor.ledger.timings import LedgerTimings
from executor.matching import Matcher
from executor.paper import Fees
from executor.parts import Parts
from executor.settings import LedgerSettings, PeerSettings, Settings
from executor.store import Ledger
from executor.stream.streams import STREAM_TIMINGS, StreamTimings
from executor.timing import StageMetrics
from executor.writer.reign import Told
from tests.executor.market_standin import BEGIN, BTCTRY, MarketData, market_data, serving

__all__ = ["BEGIN", "BTCTRY", "MarketData", "market_data", "serving"]

TOKEN = "the-operators-token"
LEADS = "test-executor-leads"
"""The name of the threads that keep the leases of executors in tests."""
BTCUSDT, USDTTRY = "BTCTURK:BTCUSDT", "BTCTURK:USDTTRY"
CASH = {"TRY": Decimal(5_000_000), "USDT": Decimal(100_000)}
NOWHERE = "postgresql+psycopg://spark@127.0.0.1:1/nothing"
"""The address of a database that is not there."""
PATIENT = LedgerTimings(connect=60, lock=60, statement=60, idle=60, silent=90.0, hung=60.0, change=30.0, answer=120.0)
"""Limits that no slow moment of a busy machine reaches."""
QUOTE_SECONDS = 30.0


@dataclass(frozen=True)
class Place:
    """The address of a test's ledger, and the limits on waiting for it."""

    url: str
    password: str = ""
    timings: LedgerTimings = PATIENT

    def as_owner(self) -> Place:
        """The same ledger, logged in to as the owner of its tables, who may change every row."""
        return replace(self, url=self.url.replace("//spark_executor@", "//spark_owner@"))

    def engine(self) -> sa.Engine:
        return make_engine(self.url, self.password, self.timings)

    def ledger(
        self, cash: Mapping[str, Decimal] = CASH, now: Callable[[], datetime] | None = None, account: str = "paper"
    ) -> Ledger:
        settings = LedgerSettings(self.url, self.password, account, cash, self.timings)
        wall = now or (lambda: datetime.now(UTC))
        clock = Clock(time.monotonic, lambda: wall().timestamp())
        told = Told(lambda _: None, lambda: None)
        return Ledger(settings, clock, StageMetrics(CollectorRegistry()), told, wide_limits())


class Monotonic:
    """A monotonic clock that a test moves; one that runs goes on by itself too."""

    def __init__(self, *, runs: bool = False) -> None:
        self.now = 1000.0
        self._runs = runs

    def __call__(self) -> float:
        return self.now + (time.monotonic() if self._runs else 0.0)


@dataclass
class Executor:
    """One executor: its settings, its parts, its monotonic clock, and a client of its app."""

    settings: Settings
    parts: Parts
    app: Flask
    clock: Monotonic
    closed: threading.Event = field(default_factory=threading.Event)
    leader: threading.Thread | None = None

    def start_writing(self) -> None:
        """Makes this executor write the account, or know the one that does; it takes what others forward."""
        if not self.parts.peers.address:
            self.parts.peers.open()
            threading.Thread(target=self._take_forwarded, daemon=True).start()
            self.leader = threading.Thread(target=self._lead, name=LEADS, daemon=True)
            self.leader.start()
        self.parts.leading.step()

    def _lead(self) -> None:
        while not self.closed.wait(0.05):
            self.parts.leading.step()

    def close(self) -> None:
        """Ends it without a thread or a connection left."""
        self.closed.set()
        if self.leader is not None:
            self.leader.join(30)  # it would take the lease again that is given up now
        self.parts.peers.close()
        self.parts.desk.close()
        self.trading.ledger.close()

    def _take_forwarded(self) -> None:
        while not self.closed.is_set():
            self.parts.peers.step()

    @property
    def trading(self) -> TradingContext:
        return self.parts.trading

    @property
    def matcher(self) -> Matcher:
        return self.parts.matcher

    @property
    def health(self) -> LedgerHealth:
        return self.parts.health

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def order(self, token: str = TOKEN, **changes: Any) -> tuple[int, dict[str, Any]]:
        """Posts an order, a market buy of 0.5 BTC unless changed; a field set to None is left out."""
        body = {"client_order_id": "one", "symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "0.5"}
        body |= changes
        return self.post("/v1/orders", {name: value for name, value in body.items() if value is not None}, token)

    def limit(self, client_order_id: str, side: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
        """Posts a limit order that must be new; its answer."""
        wanted = {"side": side, "type": "limit", "quantity": quantity, "limit_price": price, **changes}
        status, order = self.order(client_order_id=client_order_id, **wanted)
        assert status == 201, order
        return order

    def post(self, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.get_json()

    def put(self, path: str, body: Any, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        answer = self.client.put(path, json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.get_json()

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found


def make_executor(
    place: Place,
    data: MarketData,
    *,
    cash: Mapping[str, Decimal] = CASH,
    fee: str = "0.1",
    limits: Limits | None = None,
    writes: int = 100_000,
    streams: int = 8,
    timings: StreamTimings = STREAM_TIMINGS,
    now: Callable[[], datetime] | None = None,
    monotonic: Callable[[], float] | None = None,
    account: str = "paper",
    switches_all: bool = True,
) -> Executor:
    """An executor on `place`; its ledger is not prepared, and no thread runs. Its clock runs if it has timings."""
    moved, wall = Monotonic(runs=timings is not STREAM_TIMINGS), now or (lambda: datetime.now(UTC))
    settings = Settings(
        service=ServiceSettings("executor", "1", "simulated"),
        ledger=LedgerSettings(place.url, place.password, account, cash, place.timings),
        peers=PeerSettings("127.0.0.1", 0, b"the-peers-secret"),
        operator_verifier=verifier_of(TOKEN),
        most_writes_per_second=writes,
        most_order_streams=streams,
        marketdata_url=data.url,
        limits=limits or wide_limits(),
        fees=Fees(taker_percent=Decimal(fee), maker_percent=Decimal(fee) / 2),
        equity_currency="TRY",
        quote_seconds=QUOTE_SECONDS,
        switches_all=switches_all,
    )
    clock = Clock(monotonic or moved, lambda: wall().timestamp(), time.monotonic if now is None else None)
    parts = Parts.build(settings, Supervisor(Stop()), clock, timings)
    return Executor(settings, parts, create_app(settings, parts), moved)


def wide_limits() -> Limits:
    """Limits that these tests seldom meet."""
    return Limits(
        quote_stale_seconds=5.0,
        price_collar_percent=Decimal(2),
        max_order_notional={"TRY": Decimal(500_000), "USDT": Decimal(15_000)},
        max_position_notional={"TRY": Decimal(10**7), "USDT": Decimal(10**6)},
        max_exposure={"TRY": Decimal(10**7), "USDT": Decimal(10**6)},
        max_orders_per_second=10_000,
    )


@contextmanager
def having_traded(place: Place) -> Iterator[Executor]:
    """An executor of its own, ready on `place`, with an order that was filled and one that rests."""
    with serving(market_data()) as data:
        executor = make_executor(place, data)
        executor.start_writing()
        executor.order(client_order_id="filled")
        executor.limit("resting", "buy", "1", "99")
        yield executor
        executor.close()
