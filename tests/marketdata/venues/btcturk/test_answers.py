"""REST answers are read however they are written, and row by row; an answer that can't be used says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from common.wire import Instrument
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.btcturk.answers import order_book, server_time, tickers, trades
from marketdata.venues.btcturk.pair_answers import ListedPair, listed_pairs
from tests.marketdata.venues.btcturk.test_oddframes import FORMS, rewritten


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
    assert listed_pairs(_body(_symbol())).pairs == {"ETHUSDT": ListedPair(20, "TRADING", instrument)}


def test_a_pair_that_is_halted_keeps_its_rules_and_says_its_status() -> None:
    found = listed_pairs(_body(_symbol(status="HALTED"))).pairs["ETHUSDT"]
    assert (found.status, found.instrument is None) == ("HALTED", False)


@pytest.mark.parametrize("number", [None, "x", [], 2.5])
def test_a_pair_without_a_usable_number_is_read(number: Any) -> None:
    assert listed_pairs(_body(_symbol(id=number))).pairs["ETHUSDT"].venue_id is None
    symbol = _symbol()
    del symbol["id"]
    found = listed_pairs(_body(symbol))
    assert (found.pairs["ETHUSDT"].venue_id, found.pairs["ETHUSDT"].instrument is None) == (None, False)
    assert found.left_out == ()


def test_numbers_are_taken_as_well_as_texts() -> None:
    rules = [{"filterType": "PRICE_FILTER", "tickSize": 0.001, "minExchangeValue": None}]
    found = listed_pairs(_body(_symbol("USDTTRY", filters=rules))).pairs["USDTTRY"].instrument
    assert found is not None
    assert (found.tick_size, found.min_notional) == (Decimal("0.001"), Decimal(0))


def test_a_pair_that_does_not_trade_is_no_bad_row() -> None:
    found = listed_pairs(_body(_symbol("BTCTRY"), _symbol("ETHTRY", status="halted")))
    assert (found.pairs["ETHTRY"].status, found.left_out, found.whole) == ("HALTED", (), True)


@pytest.mark.parametrize(
    "changed",
    [
        {"filters": None},
        {"filters": []},
        {"filters": {}},
        {"filters": "x"},
        {"filters": [None]},
        {"filters": [{"tickSize": "0.1"}]},
        *({field: None} for field in ("status", "numerator", "denominator", "numeratorScale")),
        {"numeratorScale": -1},
        {"numeratorScale": "many"},
        {"numeratorScale": 2.5},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": None}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "x"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "-1"}]},
    ],
)
def test_a_pair_whose_rules_cannot_be_used_is_listed_without_them_and_named(changed: dict[str, Any]) -> None:
    found = listed_pairs(_body(_symbol("BTCTRY"), _symbol("ETHTRY", **changed), _symbol("AVAXTRY")))
    usable = {pair: listed.instrument is not None for pair, listed in found.pairs.items()}
    assert usable == {"BTCTRY": True, "ETHTRY": False, "AVAXTRY": True}
    assert {(row.of, row.row) for row in found.left_out if row.of == "exchangeinfo"} == {("exchangeinfo", "ETHTRY")}
    assert found.pairs["ETHTRY"].status == (None if "status" in changed else "TRADING")
    assert found.whole


@pytest.mark.parametrize("bad", [None, 7, "x", [], {}, {"id": 20, "status": "TRADING"}, _symbol() | {"name": None}])
def test_what_names_no_pair_is_left_out_and_the_answer_is_not_whole(bad: Any) -> None:
    found = listed_pairs(_body(_symbol("BTCTRY"), bad))
    assert (list(found.pairs), len(found.left_out), found.whole) == (["BTCTRY"], 1, False)


def test_a_list_of_pairs_of_which_none_can_be_used_is_no_answer() -> None:
    with pytest.raises(UnusableAnswer, match="exchangeinfo"):
        listed_pairs(_body(_symbol(filters=None)))


@pytest.mark.parametrize("bad", [None, "x", {}, {"filterType": None}, {"filterType": "LOT", "tickSize": "x"}])
def test_a_bad_rule_does_not_cost_its_pair(bad: Any) -> None:
    found = listed_pairs(_body(_symbol("BTCTRY", filters=[bad, *_symbol()["filters"]])))
    assert found.pairs["BTCTRY"].instrument is not None
    assert [row.of for row in found.left_out] == ["filters"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"success":true}', _body(success=False), _body({"name": "BTCTRY"}), _body()]
)
def test_an_unusable_answer_says_so(body: bytes) -> None:
    with pytest.raises(UnusableAnswer, match="exchangeinfo"):
        listed_pairs(body)


TRADE = {"date": 1790133600456, "tid": "9", "price": "5", "amount": 0.1, "side": "sell", "pair": "BTCTRY"}


def _trades(*rows: Any) -> bytes:
    return json.dumps({"success": True, "data": rows}).encode()


def test_trades_are_read_as_a_replay() -> None:
    told, left_out = trades("BTCTRY", _trades(TRADE))
    assert (told.replay, told.pair, left_out) == (True, "BTCTRY", ())
    assert (told.trades[0].trade_id, told.trades[0].quantity, told.trades[0].side) == ("9", Decimal("0.1"), "sell")


@pytest.mark.parametrize("field", ["date", "tid", "price", "amount", "side"])
@pytest.mark.parametrize("bad", [None, "", {}, []])
def test_a_bad_trade_is_left_out_and_the_others_stand(field: str, bad: Any) -> None:
    told, left_out = trades("BTCTRY", _trades(TRADE | {field: bad, "tid": bad if field == "tid" else "8"}, TRADE))
    assert [trade.trade_id for trade in told.trades] == ["9"]
    assert [row.of for row in left_out] == ["trades"]


@pytest.mark.parametrize(
    "changed", [{"price": "-1"}, {"amount": "NaN"}, {"date": "soon"}, {"date": 1e300}, {"side": "both"}]
)
def test_trades_that_cannot_be_are_left_out_and_nothing_else_is_unusable(changed: dict[str, Any]) -> None:
    assert len(trades("BTCTRY", _trades(TRADE | changed, TRADE))[0].trades) == 1
    with pytest.raises(UnusableAnswer, match="trades"):
        trades("BTCTRY", _trades(TRADE | changed))


@pytest.mark.parametrize("field", ["price", "amount"])
@pytest.mark.parametrize("zero", [0, "0", 0.0])
def test_a_trade_of_nothing_is_no_trade(field: str, zero: Any) -> None:
    told, left_out = trades("BTCTRY", _trades(TRADE | {field: zero}))
    assert (told.trades, left_out) == ((), ())


TICKER = {"pair": "BTCTRY", "timestamp": 1.5, "last": 5.5, "dailyPercent": 1.25, "order": 1000}


def test_a_bad_ticker_is_left_out_and_one_that_never_traded_has_no_last_price() -> None:
    rows = [TICKER, None, {"pair": "ETHTRY"}, TICKER | {"pair": "XTRY", "last": 0, "dailyPercent": None}]
    found = tickers(_trades(*rows, TICKER | {"last": "NaN"}), lambda _pair: None)
    assert [(row.pair, row.last) for row in found.rows] == [("BTCTRY", Decimal("5.5")), ("XTRY", None)]
    assert [row.row for row in found.left_out] == ["row 1", "ETHTRY", "BTCTRY"]


def test_a_ticker_is_put_on_the_tick_of_its_pair_where_that_is_known() -> None:
    rows = [TICKER | {"last": 6.0229997634888}, TICKER | {"pair": "ETHTRY", "last": 6.0229997634888}]
    rows += [TICKER | {"pair": "XTRY", "last": 6.0229997634888}]
    ticks = {"BTCTRY": Decimal("0.001"), "ETHTRY": Decimal("0.01")}
    found = tickers(_trades(*rows), ticks.get)
    assert [str(row.last) for row in found.rows] == ["6.023", "6.0229997634888"]
    assert [row.row for row in found.left_out] == ["ETHTRY"]


BOOK: dict[str, Any] = {"timestamp": 1, "bids": [["8", "1"], ["9", "2"]], "asks": [["11", "3"], ["10", "4"]]}


def _book(**changed: Any) -> bytes:
    return json.dumps({"success": True, "data": BOOK | changed}).encode()


def test_an_order_book_is_read_best_first() -> None:
    bids, asks = order_book(_book()).sides
    assert [level.price for level in bids] == [9, 8]
    assert [level.price for level in asks] == [10, 11]


def test_what_is_no_number_costs_only_the_field_that_it_is_in() -> None:
    for junk in (b"NaN", b"-Infinity", b"1e99999999999999999999"):
        assert order_book(_book().replace(b'"timestamp": 1', b'"timestamp": ' + junk)) == order_book(_book())
        told = order_book(_book(bids=[["9", "1"], ["8", 77]]).replace(b"77", junk))
        assert [level.price for level in told.sides[0]] == [9]
        assert len(told.left_out) == 1


@pytest.mark.parametrize("stamp", [1568899482709.0, "1568899482709", 1.5688e12, None, "soon", [], "NaN"])
def test_a_time_that_nobody_uses_may_be_anything(stamp: Any) -> None:
    assert order_book(_book(timestamp=stamp)) == order_book(_book())


@pytest.mark.parametrize(
    "bad", [None, [], ["7"], ["x", "1"], ["NaN", "1"], ["-1", "1"], ["7", None], {"price": 7}, "71"]
)
def test_a_bad_level_is_left_out_and_the_others_stand(bad: Any) -> None:
    found = order_book(_book(bids=[*BOOK["bids"], bad]))
    assert found.sides == order_book(_book()).sides
    assert [row.of for row in found.left_out] == ["orderbook"]
    with pytest.raises(UnusableAnswer, match="orderbook"):
        order_book(_book(bids=[bad]))


@pytest.mark.parametrize("zero", [["9.5", "0.00000000"], [0, 5], ["0", "0"]])
def test_a_level_of_nothing_is_no_level(zero: Any) -> None:
    assert order_book(_book(bids=[zero, *BOOK["bids"]])) == order_book(_book())


def test_a_side_may_be_null_and_a_book_without_sides_is_none() -> None:
    assert order_book(_book(asks=None)).sides[1] == ()
    for sides in ({"bids": None, "asks": None}, {"bids": 7}):
        with pytest.raises(UnusableAnswer, match="orderbook"):
            order_book(_book(**sides))


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(
    ("read", "body"),
    [
        (listed_pairs, _body(_symbol())),
        (partial(trades, "BTCTRY"), _trades(TRADE)),
        (partial(tickers, tick_of=lambda _pair: None), _trades(TICKER)),
        (order_book, _book()),
        (server_time, b'{"serverTime":1790133600027,"serverTime2":"x"}'),
    ],
)
def test_a_number_is_the_same_in_every_form_in_every_field(
    read: Callable[[bytes], object], body: bytes, form: str
) -> None:
    assert read(rewritten(json.loads(body), FORMS[form]).encode()) == read(body)


@pytest.mark.parametrize("flag", ["true", "1", "1.0", '"true"', '"True"'])
def test_success_is_taken_in_every_form_of_true(flag: str) -> None:
    assert order_book(_book().replace(b'"success": true', b'"success": ' + flag.encode())) == order_book(_book())


@pytest.mark.parametrize(
    "read", [listed_pairs, partial(tickers, tick_of=lambda _pair: None), partial(trades, "BTCTRY"), order_book]
)
@pytest.mark.parametrize("data", ["null", "[]", '{"symbols":[],"bids":[],"asks":[]}'])
def test_an_answer_that_says_it_failed_is_no_answer(read: Callable[[bytes], object], data: str) -> None:
    with pytest.raises(UnusableAnswer):
        read(f'{{"success":false,"data":{data}}}'.encode())
