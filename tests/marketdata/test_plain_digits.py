"""A pair whose prices are tiny is told in plain digits by every answer and stream of market data."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from common import wire
from marketdata.events import BookSnapshot, PriceLevel, Ticker, Trades, VenueTrade
from marketdata.state.bars import Chart
from marketdata.state.selection import KINDS
from marketdata.state.store import Store
from tests.marketdata.busy import new_app, new_store, new_streams

PEPE = "BTCTURK:PEPETRY"
TINY = Decimal("1.20E-7")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
NOT_PLAIN = re.compile(r'"-?[0-9]+(\.[0-9]+)?E|"-?[0-9]+\.[0-9]*0"|"-0"')
INSTRUMENT = wire.Instrument(
    symbol=PEPE,
    base_asset="PEPE",
    quote_currency="TRY",
    tick_size=Decimal("1E-8"),
    lot_size=Decimal("1E+3"),
    min_notional=Decimal("10.00"),
)


@pytest.fixture
def store() -> Store:
    store = new_store(("PEPETRY",), time.monotonic)
    asks = (PriceLevel(Decimal("0.0000001300"), Decimal("1E+9")), PriceLevel(Decimal("2E-7"), Decimal("10.50")))
    store.apply_book(PEPE, BookSnapshot("", "obdiff", 1, asks, (PriceLevel(TINY, Decimal("3.0")),)), 50.0)
    store.apply_trades(PEPE, Trades("", (VenueTrade("1E-8", TINY, Decimal("5E-8"), "buy", MOMENT),), replay=True), 50.0)
    store.apply_ticker(PEPE, Ticker("PEPETRY", TINY, Decimal("-0.00")), 50.0)
    return store


@pytest.fixture
def http(store: Store) -> FlaskClient:
    def candles(_symbol: str, _resolution: str, _limit: int) -> Chart:
        nothing = Decimal("0E-8")
        bar = wire.Candle(start=MOMENT, open=TINY, high=TINY, low=TINY, close=TINY, volume=nothing, complete=True)
        return Chart([bar], [])

    return new_app(store, new_streams(store), candles, {PEPE: INSTRUMENT}).test_client()


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("instruments", ['"tick_size":"0.00000001"', '"lot_size":"1000"', '"min_notional":"10"']),
        ("quotes", ['"bid":"0.00000012"', '"ask":"0.00000013"', '"ask_quantity":"1000000000"']),
        (f"quotes/{PEPE}", ['"last":"0.00000012"', '"daily_change_percent":"0"']),
        (f"books/{PEPE}", ['["0.0000002","10.5"]', '["0.00000012","3"]']),
        (f"trades/{PEPE}", ['"price":"0.00000012"', '"quantity":"0.00000005"', '"trade_id":"1E-8"']),
        (f"candles/{PEPE}", ['"close":"0.00000012"', '"volume":"0"']),
        (f"status/{PEPE}", ['"reference_price":null']),
    ],
)
def test_every_answer_has_plain_digits(http: FlaskClient, path: str, texts: list[str]) -> None:
    body = http.get(f"/v1/{path}").get_data(as_text=True)
    for text in texts:
        assert text in body
    assert not NOT_PLAIN.search(body.replace('"trade_id":"1E-8"', ""))


def test_the_stream_has_plain_digits(http: FlaskClient) -> None:
    answer = http.get(f"/v1/stream?kinds={','.join(KINDS)}", buffered=False)
    text = next(iter(answer.iter_encoded())).decode()
    answer.close()
    assert '["0.00000012","3"]' in text
    assert not NOT_PLAIN.search(text.replace('"trade_id":"1E-8"', ""))
