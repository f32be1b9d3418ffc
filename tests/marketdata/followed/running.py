"""Market data that follows two pairs and two shares of venues that list more, and the operator's calls on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.loop import Stop, Supervisor
from common.verifier import verifier_of
from marketdata.app import create_app
from marketdata.parts import Parts, Timings
from marketdata.settings import Settings
from marketdata.venues.btcturk.assembly import BtcturkTimings
from tests.common.local import http_server
from tests.marketdata.rig import PATIENT, QUICK, rest_app, settings_for
from tests.marketdata.venues.algolab.rig import OURS, TIMINGS, TOKEN
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.btcturk.rig import START, Venue, running_venue
from tests.venue.rig import eventually
from venue.btcturk.listing import listed_pairs
from venue.btcturk.market import BtcturkMarket

PATIENCE = 20.0
BTCTRY, ETHUSDT = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT"
THYAO, GARAN, ASELS = "BIST:THYAO", "BIST:GARAN", "BIST:ASELS"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Venues:
    """Both venues, and the folder in which market data keeps things."""

    btcturk: Venue
    bist: Bist
    rest: str
    folder: Path

    @property
    def pairs(self) -> list[str]:
        """The names of all pairs that BTCTurk lists."""
        return list(self.btcturk.server.views)


@contextmanager
def both_venues(folder: Path) -> Iterator[Venues]:
    market = BtcturkMarket(1, START, pairs=listed_pairs(9), warm_up_seconds=1.0)
    with running_venue(market=market) as btcturk, http_server(rest_app(btcturk)) as rest, running_bist() as bist:
        yield Venues(btcturk, bist, rest, folder)


def settings(venues: Venues, **more: str) -> Settings:
    secrets = {
        "SPARK_ALGOLAB_API_KEY": OURS.api_key,
        "SPARK_ALGOLAB_USERNAME": OURS.username,
        "SPARK_ALGOLAB_PASSWORD": OURS.password,
        "SPARK_ALGOLAB_SESSION": venues.bist.session(),
        "SPARK_OPERATOR_VERIFIER": verifier_of(TOKEN),
    }
    for name, secret in secrets.items():
        (venues.folder / name).write_text(secret)
    return settings_for(
        venues.btcturk.url,
        venues.rest,
        **{
            **{f"{name}_FILE": str(venues.folder / name) for name in secrets},
            "SPARK_BIST_SYMBOLS": "THYAO,GARAN",
            "SPARK_ALGOLAB_WS_URL": venues.bist.ws_url,
            "SPARK_ALGOLAB_REST_URL": venues.bist.rest_url,
            "SPARK_BIST_SESSIONS": "always",
            "SPARK_QUOTE_STALE_SECONDS": "300",
            "SPARK_DATA_DIR": str(venues.folder),
            **more,
        },
    )


@dataclass
class Running:
    """A running service. `call` acts as the operator."""

    parts: Parts
    http: FlaskClient

    def call(self, method: str, symbol: str, **more: Any) -> TestResponse:
        return self.http.open(f"/v1/followed/{symbol}", method=method, headers=OPERATOR, **more)

    def follow(self, symbol: str) -> dict[str, Any]:
        answer = self.call("PUT", symbol)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def unfollow(self, symbol: str) -> dict[str, Any]:
        answer = self.call("DELETE", symbol)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def quotes(self) -> dict[str, dict[str, Any]]:
        return {quote["symbol"]: quote for quote in self.http.get("/v1/quotes").get_json()["quotes"]}

    def fresh(self, symbol: str) -> bool:
        quote = self.quotes().get(symbol)
        return quote is not None and not quote["stale"] and quote["bid"] is not None

    def feed(self, venue: str) -> dict[str, Any]:
        return next(row for row in self.http.get("/v1/feeds").get_json()["feeds"] if row["venue"] == venue)


@contextmanager
def running(found: Settings) -> Iterator[Running]:
    timings = Timings(
        link=QUICK, btcturk=BtcturkTimings(resync=PATIENT), algolab=TIMINGS, backoff=(0.05, 0.5), first_dial=0.0
    )
    parts = Parts.build(found, Supervisor(Stop()), timings)
    parts.start()
    try:
        started = Running(parts, create_app(found, parts).test_client())
        eventually(lambda: not parts.store.not_live(), PATIENCE)
        yield started
    finally:
        parts.stop()
