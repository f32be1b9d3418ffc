"""AlgoLab's frames, as its document shows them and as they must not break anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.events import BookRow, Equilibrium, Frame, Ticker, Top, Trades, Unreadable
from marketdata.venues.algolab.frames import KINDS, REASONS, classify, heartbeat, parse, subscription

# The two samples of the broker's document 1.0.5, dated 2024-09-25.
TICK: dict[str, Any] = {
    "Type": "T",
    "Content": {
        "Symbol": "PEHOL",
        "Market": "IMKBH",
        "Price": 2.48,
        "Change": -0.27,
        "Ask": 2.48,
        "Bid": 0.0,
        "Date": "2024-09-25T14:46:35+03:00",
        "ChangePercentage": -9.82,
        "High": 2.48,
        "Low": 2.48,
        "TradeQuantity": 100.0,
        "Direction": "B",
        "RefPrice": 2.75,
        "BalancePrice": 0.0,
        "BalanceAmount": 0.0,
        "Buying": "Midas",
        "Selling": "Seker",
    },
}
ROW: dict[str, Any] = {
    "Type": "D",
    "Content": {
        "Symbol": "ESEN",
        "Market": "IMKBH",
        "Direction": "B",
        "Row": 0,
        "Quantity": 8348,
        "Price": 20.04,
        "OrderCount": 128,
        "Date": "2024-09-25T14:51:18+03:00",
    },
}
TICKED = datetime(2024, 9, 25, 11, 46, 35, tzinfo=UTC)


def with_(frame: dict[str, Any], **changed: Any) -> bytes:
    return json.dumps({**frame, "Content": {**frame["Content"], **changed}}).encode()


def reasons(frame: bytes) -> list[str]:
    return [event.reason for event in parse(frame).events if isinstance(event, Unreadable)]


def test_a_tick_is_a_price_a_trade_and_no_auction() -> None:
    ticker, trades, balance = parse(with_(TICK)).events
    assert ticker == Ticker(
        "PEHOL",
        Decimal("2.48"),
        Decimal("-9.82"),
        best=Top(ask=Decimal("2.48")),
        reference=Decimal("2.75"),
        venue_time=TICKED,
    )
    assert isinstance(trades, Trades)
    (trade,) = trades.trades
    assert (trade.price, trade.quantity, trade.side, trade.venue_time) == (Decimal("2.48"), Decimal(100), "buy", TICKED)
    assert balance == Equilibrium("PEHOL", None, None, TICKED)


def test_a_price_of_nothing_is_no_quote() -> None:
    ticker = parse(with_(TICK)).events[0]
    assert isinstance(ticker, Ticker)
    assert ticker.best == Top(ask=Decimal("2.48"))


def test_a_row_is_one_row_of_one_side() -> None:
    time = datetime(2024, 9, 25, 11, 51, 18, tzinfo=UTC)
    assert parse(with_(ROW)).events == (BookRow("ESEN", "buy", 0, Decimal("20.04"), Decimal(8348), time),)


def test_a_row_without_a_price_is_empty() -> None:
    (row,) = parse(with_(ROW, Price=0.0, Direction="S", Row=9)).events
    assert isinstance(row, BookRow)
    assert (row.side, row.row, row.quantity) == ("sell", 9, Decimal(0))


@pytest.mark.parametrize("frame", [TICK, ROW])
@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_keys_may_come_in_any_case(frame: dict[str, Any], change: Any) -> None:
    content = {change(key): value for key, value in frame["Content"].items()}
    changed = json.dumps({change("Type"): frame["Type"], change("Content"): content}).encode()
    assert parse(changed) == parse(json.dumps(frame).encode())
    assert classify(changed) == classify(json.dumps(frame).encode())


def test_numbers_are_exact() -> None:
    frame = with_(TICK).replace(b'"Price": 2.48', b'"Price": 0.10000000000000000555')
    ticker = parse(frame).events[0]
    assert isinstance(ticker, Ticker)
    assert str(ticker.last) == "0.10000000000000000555"


def test_an_auctions_price_is_told_without_a_trade() -> None:
    events = parse(with_(TICK, TradeQuantity=0.0, Direction="", BalancePrice=2.5, BalanceAmount=1200.0)).events
    assert [type(event) for event in events] == [Ticker, Equilibrium]
    assert events[1] == Equilibrium("PEHOL", Decimal("2.5"), Decimal("1200.0"), TICKED)


def test_a_trade_whose_aggressor_is_not_told_is_left_out_and_counted() -> None:
    assert [type(event) for event in parse(with_(TICK, Direction="")).events] == [Ticker, Unreadable, Equilibrium]
    assert reasons(with_(TICK, Direction="")) == ["side"]


def test_a_symbol_without_a_price_yet_tells_its_best_prices_and_one_without_any_tells_nothing() -> None:
    ticker, auction = parse(with_(TICK, Price=0.0)).events
    assert isinstance(ticker, Ticker)
    assert (ticker.last, ticker.best) == (None, Top(ask=Decimal("2.48")))
    assert parse(with_(TICK, Price=0.0, Ask=0.0)).events == (auction,)
    assert parse(with_(TICK, Price=0.0, Ask=0.0, BalancePrice=None)) == Frame("T")


@pytest.mark.parametrize("frame", [b'{"Type":"O","Content":{"Id":"1"}}', b'{"type":"o"}'])
def test_news_of_own_orders_is_counted_and_ignored(frame: bytes) -> None:
    assert (parse(frame).kind, parse(frame).events) == ("O", ())


def test_an_unknown_type_is_counted_and_ignored() -> None:
    assert (parse(b'{"Type":"Z","Content":{}}').kind, parse(b'{"Type":"Z"}').events) == ("other", ())


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b'{"Type":"T","Content":{', "json"),
        (b"\xff\xfe", "json"),
        (b"[" * 200_000, "json"),
        (b"[]", "shape"),
        (b'{"Type":7}', "shape"),
        (b'{"Type":"T","Content":[]}', "shape"),
        (b'{"Type":"T"}', "field"),
        (with_(TICK, Symbol=None), "field"),
        (with_(ROW, Row=-1), "field"),
        (with_(ROW, Direction="X"), "field"),
        (with_(ROW, Price=1e-12), "number"),
    ],
)
def test_what_can_not_be_read_is_counted_by_reason(frame: bytes, reason: str) -> None:
    assert reasons(frame) == [reason]
    assert parse(frame).kind == "unreadable"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (with_(TICK, Price="high"), "field"),
        (with_(TICK, Price=float("nan")), "number"),
        (with_(TICK, Price=float("inf")), "number"),
        (with_(TICK, Price="NaN"), "number"),
        (with_(TICK, Price=-2.48), "number"),
        (with_(TICK, Bid=1e300), "number"),
        (with_(TICK, Date="yesterday"), "time"),
        (with_(TICK, Date="0001-01-01T00:00:00+03:00"), "time"),
        (with_(ROW, Date="yesterday"), "time"),
    ],
)
def test_a_field_that_can_not_be_read_is_counted_and_costs_no_other(frame: bytes, reason: str) -> None:
    assert reasons(frame) == [reason]
    assert parse(frame).kind in ("T", "D")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*TICK["Content"], *ROW["Content"]})


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(frame: bytes) -> None:
    _accept(frame)


@given(
    st.sampled_from([TICK, ROW]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
    st.sampled_from(["T", "D", "O", "t", "Q", ""]),
)
def test_no_content_breaks_the_parser(frame: dict[str, Any], changed: dict[str, Any], kind: str) -> None:
    _accept(json.dumps({"Type": kind, "Content": {**frame["Content"], **changed}}).encode())


@given(st.sampled_from([TICK, ROW]), st.data())
def test_no_change_of_bytes_breaks_the_parser(frame: dict[str, Any], data: st.DataObject) -> None:
    spoiled = bytearray(json.dumps(frame).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    _accept(bytes(spoiled[: data.draw(st.integers(0, len(spoiled)))]))


def _accept(frame: bytes) -> None:
    parsed = parse(frame)
    assert parsed.kind in KINDS
    assert (parsed.kind == "unreadable") == (
        bool(parsed.events) and all(isinstance(event, Unreadable) for event in parsed.events)
    )
    assert set(reasons(frame)) <= set(REASONS)
    assert classify(frame)[0] in ("keep", "coalesce", "sequence", "plain")


def test_trades_are_kept_and_rows_give_way_to_newer_ones() -> None:
    assert classify(with_(TICK)) == ("keep", "")
    assert classify(with_(TICK, TradeQuantity=0.0))[0] == "coalesce"
    first, again, other = (classify(with_(ROW, Row=row, Price=price)) for row, price in ((0, 1.5), (0, 1.4), (1, 1.5)))
    assert first == again
    assert len({first, other, classify(with_(ROW, Direction="S")), classify(with_(ROW, Symbol="THYAO"))}) == 4
    assert classify(b'{"Type":"O"}') == ("plain", "")


def test_frames_to_send_are_as_documented() -> None:
    assert json.loads(subscription("D", "a.b.c", ["GARAN"])) == {"Type": "D", "Token": "a.b.c", "Symbols": ["GARAN"]}
    assert json.loads(heartbeat("a.b.c")) == {"Type": "H", "Token": "a.b.c"}
