"""Both simulated venues with real time and real limits, in this process, so that their truth is at hand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from flask import Flask

from tests.marketdata.rig import http_server
from tests.marketdata.truth import RecordedMarket
from tests.venue.bist.rig import CREDENTIALS
from venue import api, graph
from venue.bist import api as bist_api
from venue.bist.accounts import Accounts
from venue.bist.exchange import Exchange
from venue.bist.faults import Faults
from venue.bist.server import AlgoLabServer
from venue.bist.views import View
from venue.market import Market
from venue.server import Pace, VenueServer, anchored_clock

PAIRS = ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")
SHARES = ("THYAO", "GARAN", "AKBNK")

Best = tuple[str, Decimal, int]
"""`bid` or `ask`, its price, its lots."""


class RecordedExchange:
    """An exchange that remembers the best of each side that it ever showed, and when it last did, by the monotonic
    clock."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.shown: dict[str, dict[Best, float]] = {symbol: {} for symbol in SHARES}

    def advance(self, now: float) -> None:
        self._exchange.advance(now)

    def view(self) -> Mapping[str, View]:
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
    crypto: VenueServer
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
    clock, faults = anchored_clock(), Faults()
    market, exchange = RecordedMarket(Market(seed, clock())), RecordedExchange(Exchange(seed, clock()))
    crypto = VenueServer(market, host="127.0.0.1", port=0, pace=Pace(), clock=clock)
    accounts = Accounts(CREDENTIALS, faults, clock)
    bist = AlgoLabServer(exchange, accounts, faults, host="127.0.0.1", port=0, clock=clock)
    app = Flask("venues")
    for blueprint in (api.routes(crypto, clock), graph.routes(crypto, clock), bist_api.routes(bist)):
        app.register_blueprint(blueprint)
    crypto.start()
    bist.start()
    try:
        with http_server(app) as url:
            yield Venues(market, exchange, crypto, bist, url)
    finally:
        crypto.stop()
        bist.stop()
