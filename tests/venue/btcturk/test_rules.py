"""Pairs are halted, delisted, renamed, added and given other rules on command, and then behave so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import Venue, client, running_venue
from tests.venue.rig import eventually
from venue.btcturk.ladder import Levels

pytestmark = pytest.mark.slow


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0) as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app(SPARK_VENUE_ADMIN="on").test_client()


def change(http: FlaskClient, pair: str = "BTCTRY", **body: Any) -> dict[str, Any]:
    answer = http.post(f"/admin/btcturk/pairs/{pair}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def listed(http: FlaskClient) -> dict[str, dict[str, Any]]:
    """The pairs of `exchangeinfo`."""
    symbols = http.get("/api/v2/server/exchangeinfo").get_json()["data"]["symbols"]
    return {symbol["name"]: symbol for symbol in symbols}


def test_by_default_there_is_no_such_call(venue: Venue) -> None:
    assert venue.app().test_client().post("/admin/btcturk/pairs/BTCTRY", json={}).status_code == 404


def test_a_halted_pair_says_so_and_neither_trades_nor_moves_until_it_trades_again(
    http: FlaskClient, venue: Venue
) -> None:
    assert change(http, status="HALTED")["status"] == "HALTED"
    assert (listed(http)["BTCTRY"]["status"], listed(http)["ETHTRY"]["status"]) == ("HALTED", "TRADING")
    before = venue.server.views
    for _ in range(10):
        venue.move(10)
    after = venue.server.views
    halted, trading = ((after[pair], before[pair]) for pair in ("BTCTRY", "ETHTRY"))
    assert [(one.trade_count, one.bids, one.asks) for one in halted[:1]] == [
        (one.trade_count, one.bids, one.asks) for one in halted[1:]
    ]
    assert trading[0].trade_count > trading[1].trade_count
    change(http, status="TRADING")
    for _ in range(10):
        venue.move(10)
    assert venue.server.views["BTCTRY"].trade_count > halted[0].trade_count


def test_a_halted_pairs_ticker_goes_on_and_no_other_frame_comes(http: FlaskClient, venue: Venue) -> None:
    change(http, status="HALTED")
    with client(venue.url) as reader:
        for channel in ("ticker", "obdiff", "trade"):
            reader.ask(channel, "BTCTRY")
        reader.next_of(421)
        venue.move(10)
        kinds = {reader.next()[0] for _ in range(20)}
    assert kinds == {402}


@pytest.mark.parametrize("tick", ["10", "1000", "0.5", "0.001"])
def test_a_new_tick_is_told_and_every_price_is_on_it(http: FlaskClient, venue: Venue, tick: str) -> None:
    change(http, tick_size=tick)
    assert Decimal(listed(http)["BTCTRY"]["filters"][0]["tickSize"]) == Decimal(tick)
    venue.move(10)
    view = venue.server.views["BTCTRY"]
    prices = [price * view.spec.tick for price, _ in (*view.bids, *view.asks)]
    assert len(prices) > 40
    assert {price % Decimal(tick) for price in prices} == {Decimal(0)}
    assert view.bids[0][0] < view.asks[0][0]


def test_the_coarsest_tick_leaves_a_book_that_makes_sense_on_every_pair(http: FlaskClient, venue: Venue) -> None:
    for pair, view in venue.server.views.items():
        change(http, pair, tick_size=str(view.spec.tick * 1_000))
    venue.move(10)
    for view in venue.server.views.values():
        assert 0 < view.bids[-1][0] <= view.bids[0][0] < view.asks[0][0]


def test_a_new_lot_and_a_new_least_value_are_told_and_every_amount_is_on_the_lot(
    http: FlaskClient, venue: Venue
) -> None:
    change(http, amount_scale=2, min_exchange_value="250")
    symbol = listed(http)["BTCTRY"]
    assert (symbol["numeratorScale"], symbol["filters"][0]["minExchangeValue"]) == (2, "250")
    for _ in range(10):
        venue.move(10)
    view = venue.server.views["BTCTRY"]

    def off_lot(levels: Levels) -> list[int]:
        return [amount for _, amount in levels if amount % 10**6]

    assert off_lot(view.bids) == off_lot(view.asks) == []


def test_a_delisted_pair_is_nowhere_until_it_is_listed_again(http: FlaskClient, venue: Venue) -> None:
    change(http, listed=False)
    assert "BTCTRY" not in listed(http)
    assert "BTCTRY" not in {row["pair"] for row in http.get("/api/v2/ticker").get_json()["data"]}
    assert http.get("/api/v2/orderbook?pairSymbol=BTCTRY").status_code == 400
    with client(venue.url) as reader:
        reader.ask("obdiff", "BTCTRY")
        reader.ask("ticker", "ETHTRY")
        assert reader.next()[1]["ok"] is True
        told = [body for kind, body in (reader.next() for _ in range(6)) if kind != 100]
        assert {body["event"] for body in told} == {"ETHTRY"}
        change(http, listed=True)
        assert reader.next_of(432)["event"] == "BTCTRY"
    assert http.get("/admin/btcturk/pairs").get_json()["pairs"]["BTCTRY"]["listed"] is True


def test_a_renamed_pair_keeps_its_number_and_its_past_under_the_new_name(http: FlaskClient, venue: Venue) -> None:
    number, trades = listed(http)["BTCTRY"]["id"], venue.server.views["BTCTRY"].trades
    change(http, name="BTCNTRY")
    assert "BTCTRY" not in listed(http)
    symbol = listed(http)["BTCNTRY"]
    assert (symbol["id"], symbol["numerator"], symbol["nameNormalized"]) == (number, "BTCN", "BTCN_TRY")
    assert venue.server.views["BTCNTRY"].trades == trades
    assert http.get("/v1/ohlcs?pair=BTCNTRY").get_json()
    with client(venue.url) as reader:
        reader.ask("obdiff", "BTCNTRY")
        assert reader.next_of(431)["PS"] == "BTCNTRY"


def test_a_new_pair_has_a_number_a_book_and_a_past_of_its_own(http: FlaskClient, venue: Venue) -> None:
    numbers = {symbol["id"] for symbol in listed(http).values()}
    change(http, "AVAXTRY", like="ETHTRY", tick_size="10")
    symbol = listed(http)["AVAXTRY"]
    assert symbol["id"] not in numbers
    assert (symbol["numerator"], symbol["denominator"]) == ("AVAX", "TRY")
    venue.move(10)
    view = venue.server.views["AVAXTRY"]
    assert view.bids[0][0] < view.asks[0][0]
    assert len(http.get("/v1/ohlcs?pair=AVAXTRY").get_json()) > 100
    with client(venue.url) as reader:
        reader.ask("obdiff", "AVAXTRY")
        assert reader.next_of(431)["event"] == "AVAXTRY"


@pytest.mark.parametrize(
    ("pair", "body", "status", "field"),
    [
        ("NOPETRY", {"status": "HALTED"}, 404, None),
        ("BTCTRY", {"status": "halted!"}, 422, "status"),
        ("BTCTRY", {"tick_size": "0"}, 422, "tick_size"),
        ("BTCTRY", {"tick_size": "0.3"}, 422, "tick_size"),
        ("BTCTRY", {"tick_size": "2000"}, 422, "tick_size"),
        ("BTCTRY", {"tick_size": "1E-40"}, 422, "tick_size"),
        ("BTCTRY", {"tick_size": "NaN"}, 422, "tick_size"),
        ("BTCTRY", {"amount_scale": 19}, 422, "amount_scale"),
        ("BTCTRY", {"min_exchange_value": "-1"}, 422, "min_exchange_value"),
        ("BTCTRY", {"name": "ETHTRY"}, 422, "name"),
        ("BTCTRY", {"name": "TRY"}, 422, "name"),
        ("BTCTRY", {"name": "BTCUSDT"}, 422, "name"),
        ("BTCTRY", {"like": "ETHTRY"}, 422, "like"),
        ("AVAXTRY", {"like": "NOPETRY"}, 422, "like"),
        ("AVAXTRY", {"like": "ETHTRY", "tick_size": "0.3"}, 422, "tick_size"),
        ("BTCTRY", {"colour": "red"}, 422, "colour"),
    ],
)
def test_a_wrong_change_is_refused_by_name_and_changes_nothing(
    http: FlaskClient, pair: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    before = http.get("/admin/btcturk/pairs").get_json()
    answer = http.post(f"/admin/btcturk/pairs/{pair}", json=body)
    assert (answer.status_code, answer.get_json()["error"]["details"].get("field")) == (status, field)
    assert http.get("/admin/btcturk/pairs").get_json() == before


def test_exchangeinfo_lacks_a_pair_once(http: FlaskClient, venue: Venue) -> None:
    venue.server.faults.arm("missing_pair", pair="ETHTRY")
    assert "ETHTRY" not in listed(http)
    assert len(listed(http)) == 5


def test_exchangeinfo_lacks_some_pair_when_none_is_named(http: FlaskClient, venue: Venue) -> None:
    venue.server.faults.arm("missing_pair")
    assert len(listed(http)) == 4


def test_exchangeinfo_is_empty_so_often_as_was_asked(http: FlaskClient, venue: Venue) -> None:
    venue.server.faults.arm("no_pairs", count=2)
    assert [len(listed(http)) for _ in range(3)] == [0, 0, 5]
    eventually(lambda: venue.server.faults.done()["no_pairs"] == 2)
