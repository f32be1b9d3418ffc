"""BTCTurk's REST calls, and the venue's readiness and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import Venue, client, running_venue


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=120.0) as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app().test_client()


def _data(http: FlaskClient, path: str) -> Any:
    answer = http.get(path)
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["success"], body["message"], body["code"]) == (True, None, 0)
    return body["data"]


def test_exchange_info_gives_each_pair_its_rules(http: FlaskClient) -> None:
    symbols = {symbol["name"]: symbol for symbol in _data(http, "/api/v2/server/exchangeinfo")["symbols"]}
    assert set(symbols) == {"BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT"}
    rules = symbols["ETHUSDT"]["filters"][0]
    assert (rules["filterType"], rules["tickSize"]) == ("PRICE_FILTER", "0.1")
    assert (symbols["ETHUSDT"]["numerator"], symbols["ETHUSDT"]["numeratorScale"]) == ("ETH", 8)


def test_the_ticker_takes_all_spellings_and_an_unknown_pair_is_empty(http: FlaskClient) -> None:
    assert len(_data(http, "/api/v2/ticker")) == 5
    for spelling in ("BTCTRY", "btctry", "BTC_TRY"):
        (row,) = _data(http, f"/api/v2/ticker?pairSymbol={spelling}")
        assert row["pair"] == "BTCTRY"
        assert row["bid"] < row["ask"]
        assert isinstance(row["last"], float)
    assert _data(http, "/api/v2/ticker?pairSymbol=NOPETRY") == []


def test_the_order_book_is_the_sockets_book(http: FlaskClient, venue: Venue) -> None:
    data = _data(http, "/api/v2/orderbook?pairSymbol=BTCUSDT&limit=5000")
    view = venue.server.views["BTCUSDT"]
    assert len(data["bids"]) == len(data["asks"]) == 100
    assert [Decimal(price) for price, _ in data["asks"]] == [price * view.spec.tick for price, _ in view.asks]
    assert len(_data(http, "/api/v2/orderbook?pairSymbol=BTCUSDT&limit=3")["bids"]) == 3


def test_trades_come_newest_first_and_at_most_fifty(http: FlaskClient) -> None:
    rows = _data(http, "/api/v2/trades?pairSymbol=BTCTRY&last=1000")
    assert len(rows) == 50
    assert [row["date"] for row in rows] == sorted((row["date"] for row in rows), reverse=True)
    assert {row["side"] for row in rows} <= {"buy", "sell"}
    assert len(_data(http, "/api/v2/trades?pairSymbol=BTCTRY&last=2")) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("pairSymbol=NOPEUSDT", "Pair NOPEUSDT does not exists."),
        ("", "INVALID_REQUEST_ERROR"),
        ("pairSymbol=BTCTRY&limit=abc", "INVALID_REQUEST_ERROR"),
        ("pairSymbol=BTCTRY&limit=0", "INVALID_REQUEST_ERROR"),
        ("pairSymbol=BTCTRY&limit=-1", "INVALID_REQUEST_ERROR"),
    ],
)
def test_a_bad_request_gets_the_venues_own_error(http: FlaskClient, query: str, message: str) -> None:
    answer = http.get(f"/api/v2/orderbook?{query}")
    assert answer.status_code == 400
    body = answer.get_json()
    assert (body["success"], body["message"], body["code"]) == (False, message, 1037)


def test_time_and_ping_have_no_envelope(http: FlaskClient, venue: Venue) -> None:
    assert http.get("/api/v2/server/ping").get_json() == {"pong": True}
    assert http.get("/api/v2/server/time").get_json()["serverTime"] == int(venue.clock.now * 1000)


def test_ready_while_the_market_moves_and_the_port_is_open(http: FlaskClient) -> None:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.get_json()["parts"]) == {"btcturk_market", "btcturk_socket", "loops"}
    assert answer.headers["X-Spark-Market"] == "simulated"


def test_it_is_not_ready_when_the_port_is_closed() -> None:
    with running_venue() as stopped:
        app = stopped.app()
    parts = app.test_client().get("/readyz").get_json()["parts"]
    assert parts["btcturk_socket"] == {"ready": False, "reason": "the WebSocket port is not open"}


def test_metrics_name_what_is_open(http: FlaskClient) -> None:
    text = http.get("/metrics").text
    for name in (
        'venue_connections{venue="btcturk"} ',
        'venue_frames_sent_total{venue="btcturk"} ',
        'venue_failures_total{part="market",venue="btcturk"} 0.0',
        'spark_loop_up{loop="btcturk"} 1.0',
    ):
        assert f"\n{name}" in text


@pytest.mark.parametrize(
    "path", ["/api/v2/ticker?nope=1", "/api/v2/server/time?a=1&a=2", "/v1/ohlcs?pair=BTCTRY&limit=1&nope=1"]
)
def test_like_the_venue_it_ignores_query_parameters_that_it_does_not_know(http: FlaskClient, path: str) -> None:
    assert http.get(path).status_code == 200
    assert http.get("/api/v2/nope?nope=1").status_code == 404


def test_names_that_clients_make_up_add_no_series(http: FlaskClient, venue: Venue) -> None:
    def series() -> set[str]:
        return {line.rpartition(" ")[0] for line in http.get("/metrics").text.splitlines() if line.startswith("venue_")}

    before = series()
    for number in range(20):
        http.get(f"/api/v2/made-up-{number}?pairSymbol=MADE{number}")
        http.get(f"/api/v2/trades?pairSymbol=MADE{number}")
    with client(venue.url) as reader:
        for number in range(20):
            reader.ask(f"channel-{number}", f"EVENT{number}")
            reader.next_of(100)
    assert series() == before
