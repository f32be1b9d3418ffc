"""`exchangeinfo` becomes instruments, or says why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from common.wire import Instrument
from marketdata.events import Bar
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.btcturk.answers import ListedPair, days, listed_pairs, minutes, order_book, tickers, trades


def _symbol(name: str = "ETHUSDT", **changed: Any) -> dict[str, Any]:
    price = {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minExchangeValue": "2.5", "minPrice": "0.0000000000001"}
    symbol = {
        "id": 20,
        "name": name,
        "status": "TRADING",
        "numerator": name[:3],
        "denominator": name[3:],
        "numeratorScale": 8,
        "filters": [price],
    }
    return symbol | changed


def _body(*symbols: dict[str, Any], **changed: Any) -> bytes:
    return json.dumps({"success": True, "message": None, "code": 0, "data": {"symbols": symbols}} | changed).encode()


def test_a_pair_becomes_an_instrument() -> None:
    instrument = Instrument(
        symbol="BTCTURK:ETHUSDT",
        base_asset="ETH",
        quote_currency="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.00000001"),
        min_notional=Decimal("2.5"),
    )
    assert listed_pairs(_body(_symbol())) == {"ETHUSDT": ListedPair(20, "TRADING", instrument)}


def test_a_pair_that_is_halted_keeps_its_rules_and_says_its_status() -> None:
    found = listed_pairs(_body(_symbol(status="HALTED")))["ETHUSDT"]
    assert (found.status, found.instrument is None) == ("HALTED", False)


def test_a_pair_without_a_number_is_read() -> None:
    symbol = _symbol()
    del symbol["id"]
    assert listed_pairs(_body(symbol))["ETHUSDT"].venue_id is None


def test_numbers_are_taken_as_well_as_texts() -> None:
    rules = [{"filterType": "PRICE_FILTER", "tickSize": 0.001, "minExchangeValue": None}]
    found = listed_pairs(_body(_symbol("USDTTRY", filters=rules)))["USDTTRY"].instrument
    assert found is not None
    assert (found.tick_size, found.min_notional) == (Decimal("0.001"), Decimal(0))


@pytest.mark.parametrize(
    "changed",
    [
        {"filters": []},
        {"numeratorScale": -1},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}]},
    ],
)
def test_a_pair_whose_rules_cannot_be_used_is_listed_without_them(changed: dict[str, Any]) -> None:
    found = listed_pairs(_body(_symbol("BTCTRY"), _symbol("ETHTRY", **changed)))
    assert {pair: listed.instrument is None for pair, listed in found.items()} == {"BTCTRY": False, "ETHTRY": True}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"success":true}', _body(success=False), _body({"name": "BTCTRY"}), _body()]
)
def test_an_unusable_answer_says_so(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="exchangeinfo"):
        listed_pairs(body)


DAY = {"pair": "BTCTRY", "time": 1790035200, "open": 5.5, "high": "6.5", "low": 5, "close": 6, "volume": "0.30"}


def _days(**changed: Any) -> bytes:
    return json.dumps([DAY | changed]).encode()


def test_daily_bars_are_read_exactly_whether_numbers_or_texts() -> None:
    numbers = (Decimal(number) for number in ("5.5", "6.5", "5", "6", "0.30"))
    assert days(_days()) == [Bar(1790035200, *numbers)]


def test_bars_come_out_in_the_order_of_time() -> None:
    body = json.dumps([DAY, DAY | {"time": 1790035200 - 86_400}]).encode()
    assert [bar.start for bar in days(body)] == [1790035200 - 86_400, 1790035200]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        _days(high=5),
        _days(low="6"),
        _days(low=0),
        _days(volume=-1),
        _days(volume="NaN"),
        _days(time=-5),
        json.dumps([DAY, DAY]).encode(),
        json.dumps([DAY, DAY | {"time": 1790035201}]).encode(),
    ],
)
def test_daily_bars_that_cannot_be_are_refused(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="ohlcs"):
        days(body)


def _klines(**changed: Any) -> bytes:
    body = {"s": "ok", "t": [60, 180], "o": [1, 2], "h": [3, 4], "l": [1, 1], "c": [2, 3], "v": [0, "1.5"]}
    return json.dumps(body | changed).encode()


def test_minute_bars_are_read_from_their_columns() -> None:
    assert [(bar.start, str(bar.high), str(bar.volume)) for bar in minutes(_klines())] == [
        (60, "3", "0"),
        (180, "4", "1.5"),
    ]
    assert minutes(b'{"s":"no_data"}') == []


@pytest.mark.parametrize(
    "body", [_klines(s="error"), _klines(v=[1]), _klines(t=[60, 90]), _klines(t=[60, 60]), _klines(h=[3, 0]), b"[]"]
)
def test_minute_bars_that_cannot_be_are_refused(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="klines"):
        minutes(body)


def test_trades_are_read_as_a_replay() -> None:
    row = {"date": 1790133600456, "tid": "9", "price": "5", "amount": 0.1, "side": "sell", "pair": "BTCTRY"}
    told = trades("BTCTRY", json.dumps({"success": True, "data": [row]}).encode())
    assert (told.replay, told.pair) == (True, "BTCTRY")
    assert (told.trades[0].trade_id, told.trades[0].quantity, told.trades[0].side) == ("9", Decimal("0.1"), "sell")


@pytest.mark.parametrize("changed", [{"price": "0"}, {"amount": "NaN"}, {"date": "soon"}, {"side": "both"}])
def test_trades_that_cannot_be_are_refused(changed: dict[str, Any]) -> None:
    row = {"date": 1790133600456, "tid": "9", "price": "5", "amount": 0.1, "side": "sell"} | changed
    with pytest.raises(UnusableAnswer, match="trades"):
        trades("BTCTRY", json.dumps({"success": True, "data": [row]}).encode())


def test_an_order_book_is_read_best_first() -> None:
    book = {"timestamp": 1, "bids": [["8", "1"], ["9", "2"]], "asks": [["11", "3"], ["10", "4"]]}
    bids, asks = order_book(json.dumps({"success": True, "data": book}).encode())
    assert [level.price for level in bids] == [9, 8]
    assert [level.price for level in asks] == [10, 11]
    with pytest.raises(UnusableAnswer, match="orderbook"):
        order_book(json.dumps({"success": True, "data": book | {"bids": [["NaN", "1"]]}}).encode())


@pytest.mark.parametrize("read", [listed_pairs, tickers, partial(trades, "BTCTRY"), order_book])
@pytest.mark.parametrize("data", ["null", "[]", '{"symbols":[],"bids":[],"asks":[]}'])
def test_an_answer_that_says_it_failed_is_no_answer(read: Callable[[bytes], object], data: str) -> None:
    with pytest.raises(UnusableAnswer):
        read(f'{{"success":false,"data":{data}}}'.encode())
