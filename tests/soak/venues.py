"""Both simulated venues with real time and real limits, in this process, so that their truth is at hand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from flask import Flask

from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor
from tests.common.local import http_server
from tests.marketdata.truth import RecordedMarket
from tests.venue.algolab.rig import CREDENTIALS
from venue.algolab import api as algolab_api
from venue.algolab.accounts import Accounts
from venue.algolab.connection import AlgoLabServerTimings
from venue.algolab.faults import AlgoLabFaults
from venue.algolab.market import BistMarket
from venue.algolab.server import AlgoLabServer
from venue.algolab.views import BistView
from venue.btcturk import api as btcturk_api
from venue.btcturk import chart_api
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.ratelimits import LimitRules
from venue.btcturk.server import BtcturkServer
from venue.marketserver import Address
from venue.parts import Parts, anchored

PAIRS = ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")
SHARES = ("THYAO", "GARAN", "AKBNK")

Best = tuple[str, Decimal, int]
"""`bid` or `ask`, its price, its lots."""


class RecordedExchange:
    """An exchange that remembers the best of each side that it ever showed, and when it last did, by the monotonic
    clock."""

    def __init__(self, exchange: BistMarket) -> None:
        self._exchange = exchange
        self.shown: dict[str, dict[Best, float]] = {symbol: {} for symbol in SHARES}

    def advance(self, now: float) -> None:
        self._exchange.advance(now)

    def view(self) -> Mapping[str, BistView]:
        views, now = self._exchange.view(), time.monotonic()
        for symbol, shown in self.shown.items():
            for name, rows in (("bid", views[symbol].bids), ("ask", views[symbol].asks)):
                for best in rows[:1]:
                    shown[name, best.price, best.quantity] = now
        return views


@dataclass(frozen=True)
class Venues:
    """What runs, and the address of all REST calls."""

    market: RecordedMarket
    exchange: RecordedExchange
    crypto: BtcturkServer
    bist: AlgoLabServer
    rest_url: str

    def pause(self) -> None:
        """Both markets stand still."""
        self.crypto.pause()
        self.bist.pause()

    def settled(self) -> bool:
        """Whether every socket was told everything."""
        return self.crypto.settled() and self.bist.settled()


@contextmanager
def running(seed: int) -> Iterator[Venues]:
    """The venues at their real pace and with their real limits."""
    clock, faults, loops, here = anchored(SYSTEM_CLOCK), AlgoLabFaults(), Supervisor(Stop()), Address("127.0.0.1", 0)
    market = RecordedMarket(BtcturkMarket(seed, clock.unix()))
    exchange = RecordedExchange(BistMarket(seed, clock.unix()))
    crypto = BtcturkServer(market, here, loops, clock=clock, timings=BtcturkServerTimings(), rules=LimitRules())
    accounts = Accounts(CREDENTIALS, faults, clock.unix)
    bist = AlgoLabServer(exchange, accounts, faults, here, loops, clock=clock, timings=AlgoLabServerTimings())
    app = Flask("venues")
    for blueprint in (btcturk_api.routes(crypto), chart_api.routes(crypto), algolab_api.routes(bist)):
        app.register_blueprint(blueprint)
    parts = Parts(loops, crypto, bist)
    parts.start()
    try:
        with http_server(app) as url:
            yield Venues(market, exchange, crypto, bist, url)
    finally:
        parts.stop()
