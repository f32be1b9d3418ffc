"""A frame that says the same in another form is read the same; a bad row costs itself; nothing is worth 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from marketdata.events import Acknowledged, BookDiff, BookSnapshot, Ticker, Trades, Unreadable
from marketdata.venues.btcturk.frames import classify, parse
from marketdata.venues.btcturk.oddframes import LISTS, ODDITIES
from tests.marketdata.venues.btcturk.test_frames import FRAMES

UNUSED = ("H", "L", "O", "V", "AV", "D", "PId", "DS", "NS", "type")
"""Fields of a ticker that nothing reads."""


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and str(value).replace(".", "", 1).isdigit()


def _exponent(value: Any) -> str:
    digits = int(str(value).replace(".", ""))
    return f"{digits}e-{len(str(value).partition('.')[2])}"


FORMS: dict[str, Callable[[Any], str]] = {
    "a text": lambda value: f'"{value}"',
    "a text with blanks": lambda value: f'" {value} "',
    "a bare number": lambda value: (
        str(value).lstrip("0") if str(value).strip("0") and "." not in str(value) else str(value)
    ),
    "a bare number with an exponent": _exponent,
    "a text with an exponent": lambda value: f'"{_exponent(value)}"',
    "a whole number as a float": lambda value: str(value) if "." in str(value) else f"{value}.0",
    "a text of a float": lambda value: f'"{value}"' if "." in str(value) else f'"{value}.0"',
}


def rewritten(value: Any, form: Callable[[Any], str]) -> str:
    """Returns JSON in which every number is written in another form."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{rewritten(part, form)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(rewritten(part, form) for part in value) + "]"
    return form(value) if _is_number(value) else json.dumps(value)


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("name", sorted(FRAMES))
def test_a_number_is_the_same_in_every_form_in_every_field_of_every_frame(name: str, form: str) -> None:
    frame = rewritten(json.loads(FRAMES[name]), FORMS[form]).encode()
    assert parse(frame) == parse(FRAMES[name]), frame
    assert classify(frame) == classify(FRAMES[name])


def changed(name: str, change: Callable[[Any], object]) -> bytes:
    """Returns a recorded frame with its body changed."""
    model, body = json.loads(FRAMES[name])
    change(body)
    return json.dumps([model, body], separators=(",", ":")).encode()


@pytest.mark.parametrize("value", [None, "", [], {"x": 1}, "junk", 1e300, True])
@pytest.mark.parametrize("field", [*UNUSED, "brandNew"])
@pytest.mark.parametrize("name", ["ticker", "obdiff_whole", "obdiff_changes", "trade_list"])
def test_a_field_that_nobody_uses_may_be_anything(name: str, field: str, value: Any) -> None:
    frame = changed(name, lambda body: body.update({field: value}))
    assert parse(frame) == parse(FRAMES[name])


@pytest.mark.parametrize("field", ["DP", "B", "A", "BA", "AA"])
@pytest.mark.parametrize("gone", [lambda body, field: body.pop(field), lambda body, field: body.update({field: None})])
def test_a_ticker_is_usable_without_a_field_that_it_need_not_have(field: str, gone: Any) -> None:
    (ticker,) = parse(changed("ticker", lambda body: gone(body, field))).events
    assert isinstance(ticker, Ticker)
    assert ticker.last == Decimal("86766")
    assert (ticker.daily_change_percent is None) == (field == "DP")


TRUE, FALSE = ("true", "1", "1.0", '"true"', '"True"', '"1"'), ("false", "0", "0.0", '"false"', '"False"', '"0"')


@pytest.mark.parametrize(("flag", "ok"), [*((flag, True) for flag in TRUE), *((flag, False) for flag in FALSE)])
def test_an_acknowledgement_is_taken_in_every_form_of_true_and_false(flag: str, ok: bool) -> None:
    assert parse(f'[100,{{"type":100,"ok":{flag},"message":null}}]'.encode()).events == (Acknowledged(ok, ""),)


@pytest.mark.parametrize(("told", "side"), [('"buy"', "buy"), ('"SELL"', "sell"), ('"1"', "sell"), ("0.0", "buy")])
def test_a_side_may_be_a_number_or_a_word_in_any_case(told: str, side: str) -> None:
    (event,) = parse(FRAMES["trade"].replace(b'"S":0', b'"S":' + told.encode())).events
    assert isinstance(event, Trades)
    assert event.trades[0].side == side


def _book(name: str, change: Callable[[Any], object]) -> tuple[Any, Any]:
    frame = parse(changed(name, change))
    (event,) = frame.events
    assert isinstance(event, BookSnapshot | BookDiff)
    assert {row.of for row in frame.left_out} <= set(LISTS)
    assert set(frame.oddities) <= set(ODDITIES)
    return event, frame


BAD: list[Any] = [
    None,
    7,
    "x",
    [],
    {},
    {"P": "1"},
    {"A": "1"},
    {"P": "abc", "A": "1"},
    {"P": "1", "A": None},
    {"P": "-1", "A": "1"},
]
BAD += [{"P": "NaN", "A": "1"}, {"P": "Infinity", "A": "1"}, {"P": "1", "A": "-1"}, {"P": "1e99", "A": "1"}]


@pytest.mark.parametrize("side", ["AO", "BO"])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_level_of_a_whole_book_costs_itself(side: str, bad: Any) -> None:
    (whole,) = parse(FRAMES["obdiff_whole"]).events
    found, frame = _book("obdiff_whole", lambda body: body[side].insert(0, bad))
    assert found == whole
    assert [row.of for row in frame.left_out] == ["431"]


@pytest.mark.parametrize("side", ["AO", "BO"])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_change_of_a_book_costs_the_frame_and_names_its_pair(side: str, bad: Any) -> None:
    bad = bad | {"CP": 1} if isinstance(bad, dict) else bad
    frame = changed("obdiff_changes", lambda body: body[side].append(bad))
    assert [type(event) for event in parse(frame).events] == [Unreadable]
    assert classify(frame) == ("sequence", "obdiff:ETHUSDT")


def test_a_book_of_which_no_level_can_be_read_is_no_book() -> None:
    frame = changed("obdiff_whole", lambda body: body.update(AO=[{"P": "x", "A": "1"}]))
    assert parse(frame).events == (Unreadable("field"),)


@pytest.mark.parametrize("zero", ["0", "0.00000000", 0, 0.0, "0e5"])
@pytest.mark.parametrize(("price", "amount"), [(True, False), (False, True), (True, True)])
def test_a_level_of_nothing_is_no_level(zero: Any, price: bool, amount: bool) -> None:
    (whole,) = parse(FRAMES["obdiff_whole"]).events
    level = {"P": zero if price else "86690", "A": zero if amount else "20"}
    found, frame = _book("obdiff_whole", lambda body: body["BO"].insert(0, level))
    assert (found, frame.left_out, frame.oddities) == (whole, (), ("zero_level",))


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("zero", ["0", "0.00000000", 0, 0.0])
def test_a_change_to_an_amount_of_nothing_is_a_deletion(code: int, zero: Any) -> None:
    found, frame = _book("obdiff_changes", lambda body: body.update(AO=[{"CP": code, "P": "2769", "A": zero}]))
    assert [(change.kind, change.price) for change in found.asks] == [(3, Decimal(2769))]
    assert frame.oddities == ("zero_level",)


def test_a_change_at_a_price_of_nothing_changes_nothing() -> None:
    found, frame = _book("obdiff_changes", lambda body: body.update(AO=[{"CP": 1, "P": "0", "A": "5"}]))
    assert (found.asks, frame.oddities) == ((), ("zero_level",))


@pytest.mark.parametrize("amount", ["0", 0, None, "NaN", "-1", "", "gone"])
def test_the_amount_of_a_deletion_means_nothing(amount: Any) -> None:
    change = {"CP": 3, "P": "2769"} | ({} if amount == "gone" else {"A": amount})
    found, frame = _book("obdiff_changes", lambda body: body.update(AO=[change]))
    assert [(change.kind, change.price) for change in found.asks] == [(3, Decimal(2769))]
    assert frame.oddities == ()


@pytest.mark.parametrize("name", ["obdiff_whole", "obdiff_changes"])
@pytest.mark.parametrize("side", ["AO", "BO"])
@pytest.mark.parametrize("gone", [lambda body, side: body.pop(side), lambda body, side: body.update({side: None})])
def test_a_side_that_is_null_or_missing_is_empty(name: str, side: str, gone: Any) -> None:
    found, frame = _book(name, lambda body: gone(body, side))
    assert (found.asks if side == "AO" else found.bids) == ()
    assert (found.bids if side == "AO" else found.asks) != ()
    assert frame.oddities == ("null_side",)


@pytest.mark.parametrize("sides", [{}, {"AO": 7, "BO": []}, {"AO": "", "BO": {}}])
def test_a_book_without_sides_is_no_book(sides: dict[str, Any]) -> None:
    body = {"CS": 1, "PS": "BTCTRY", "channel": "obdiff", "event": "BTCTRY", **sides}
    assert parse(json.dumps([431, body]).encode()).events == (Unreadable("field"),)


@pytest.mark.parametrize(
    "bad",
    [None, {}, {"P": "x"}, {"A": "NaN"}, {"S": 2}, {"S": None}, {"D": "soon"}, {"D": None}, {"I": None}, {"P": "-1"}],
)
def test_a_bad_trade_of_a_list_costs_itself(bad: Any) -> None:
    (listed,) = parse(FRAMES["trade_list"]).events
    frame = parse(changed("trade_list", lambda body: body["items"].insert(0, body["items"][0] | bad if bad else bad)))
    assert frame.events == (listed,)
    assert [row.of for row in frame.left_out] == ["421"]


@pytest.mark.parametrize("field", ["P", "A"])
@pytest.mark.parametrize("zero", ["0", "0.00", 0, 0.0])
def test_a_trade_of_nothing_is_no_trade(field: str, zero: Any) -> None:
    (listed,) = parse(FRAMES["trade_list"]).events
    frame = parse(changed("trade_list", lambda body: body["items"].insert(0, body["items"][0] | {field: zero})))
    assert (frame.events, frame.oddities) == ((listed,), ("zero_trade",))
    single = parse(changed("trade", lambda body: body.update({field: zero})))
    assert (single.kind, single.events, single.oddities) == ("422", (), ("zero_trade",))


@pytest.mark.parametrize("items", ["null", "[]"])
def test_a_pair_may_have_no_trades_yet(items: str) -> None:
    frame = f'[421,{{"symbol":"BTCTRY","items":{items},"channel":"trade","event":"BTCTRY"}}]'
    assert parse(frame.encode()).events == (Trades("BTCTRY", (), replay=True),)


@pytest.mark.parametrize("zero", ["0", "0.00", 0, 0.0])
def test_a_ticker_of_a_pair_that_never_traded_has_no_last_price(zero: Any) -> None:
    (ticker,) = parse(changed("ticker", lambda body: body.update(LA=zero))).events
    assert isinstance(ticker, Ticker)
    assert ticker.last is None
    assert ticker.best is not None


@pytest.mark.parametrize("price", ["A", "B"])
def test_a_best_price_without_an_amount_is_not_told_and_one_of_nothing_is_an_empty_side(price: str) -> None:
    (ticker,) = parse(changed("ticker", lambda body: body.update({f"{price}A": "0.00"}))).events
    assert isinstance(ticker, Ticker)
    assert ticker.best is not None
    assert (ticker.best.ask is None, ticker.best.bid is None) == (price == "A", price == "B")
    (ticker,) = parse(changed("ticker", lambda body: body.update({price: 0.0, f"{price}A": "0"}))).events
    assert isinstance(ticker, Ticker)
    assert ticker.best is not None
    assert (ticker.best.ask if price == "A" else ticker.best.bid) is None


@pytest.mark.parametrize("field", ["A", "B", "AA", "BA"])
@pytest.mark.parametrize("value", ["NaN", "-1", "1e99"])
def test_an_impossible_best_price_is_not_told_and_the_last_price_stands(field: str, value: str) -> None:
    (usual,) = parse(FRAMES["ticker"]).events
    (ticker,) = parse(changed("ticker", lambda body: body.update({field: value}))).events
    assert isinstance(ticker, Ticker)
    assert isinstance(usual, Ticker)
    assert (ticker.last, ticker.daily_change_percent) == (usual.last, usual.daily_change_percent)
    assert ticker.best is not None
    assert usual.best is not None
    told, other = (ticker.best.ask, ticker.best.bid) if field[0] == "A" else (ticker.best.bid, ticker.best.ask)
    assert told is None or field in ("AA", "BA")
    assert other == (usual.best.bid if field[0] == "A" else usual.best.ask)


@pytest.mark.parametrize("field", ["O", "H", "L", "C"])
def test_a_bar_with_a_price_of_nothing_is_no_bar(field: str) -> None:
    assert parse(changed("tradeview", lambda body: body.update({field: "0.0"}))).events == (Unreadable("number"),)


@pytest.mark.parametrize("beginning", [b"[ 432 ,", b' ["432",', b"\n[432.0,", b"[432, "])
def test_a_change_that_cannot_be_read_names_its_pair_however_it_is_written(beginning: bytes) -> None:
    frame = changed("obdiff_changes", lambda body: body.update(CS="x")).replace(b"[432,", beginning)
    frame = frame.replace(b'"channel":', b'"channel" : ').replace(b'"event":', b'"event": ')
    assert parse(frame).events == (Unreadable("field"),)
    assert classify(frame) == ("sequence", "obdiff:ETHUSDT")
