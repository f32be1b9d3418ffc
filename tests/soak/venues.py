"""Both simulated venues with real time and real limits, in this process, so that their truth is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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
from venue.market import Market
from venue.server import Pace, VenueServer, anchored_clock

PAIRS = ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")
SHARES = ("THYAO", "GARAN", "AKBNK")


@dataclass(frozen=True)
class Venues:
    """What runs, and the address of all REST calls."""

    market: RecordedMarket
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
    market = RecordedMarket(Market(seed, clock()))
    crypto = VenueServer(market, host="127.0.0.1", port=0, pace=Pace(), clock=clock)
    bist = AlgoLabServer(
        Exchange(seed, clock()), Accounts(CREDENTIALS, faults, clock), faults, host="127.0.0.1", port=0, clock=clock
    )
    app = Flask("venues")
    for blueprint in (api.routes(crypto, clock), graph.routes(crypto, clock), bist_api.routes(bist)):
        app.register_blueprint(blueprint)
    crypto.start()
    bist.start()
    try:
        with http_server(app) as url:
            yield Venues(market, crypto, bist, url)
    finally:
        crypto.stop()
        bist.stop()
