"""The account's value: positions at their marks, cash at its rate, and nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import wire
from common.answers import Unpriced, Valuation, ValuationSummary
from executor.account import Entry
from executor.valuation import Mark, Marks, mark_of, value

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
BTC_TRY, BTC_USDT, USDT_TRY, ETH_TRY = "V:BTCTRY", "V:BTCUSDT", "V:USDTTRY", "V:ETHTRY"
Balances = dict[Entry, Decimal]


def held(symbol: str = BTC_TRY, quantity: str = "0.5", cost: str = "1950000", **more: str) -> Balances:
    """A position that cost so much in all; `realised` and `fees` are in its quote currency."""
    quote = "USDT" if symbol.endswith("USDT") else "TRY"
    return {
        Entry("position", symbol, symbol[2:].removesuffix(quote)): Decimal(quantity),
        Entry("cost", symbol, quote): Decimal(cost),
        Entry("realised_pnl", symbol, quote): -Decimal(more.get("realised", "0")),
        Entry("fees", symbol, quote): Decimal(more.get("fees", "0")),
    }


def marked(symbol: str, price: str, **changes: Any) -> Mark:
    quote = "USDT" if symbol.endswith("USDT") else "TRY"
    mark = Mark(symbol, symbol[2:].removesuffix(quote), quote, Decimal(price), "mid", 0.2, stale=False)
    return mark._replace(**changes)


def valued(
    balances: Mapping[Entry, Decimal],
    cash: dict[str, str],
    marks: list[Mark],
    currency: str = "TRY",
    absence: str = "no quote",
) -> Valuation:
    amounts = {unit: Decimal(amount) for unit, amount in cash.items()}
    reserved = dict.fromkeys(amounts, Decimal(0))
    account = wire.Account(
        account="paper", cash=amounts, reserved=reserved, open_orders=3, kill_switch=False, sequence=7
    )
    entries = {**balances, **{Entry("cash", "", unit): amount for unit, amount in amounts.items()}}
    found = Marks({mark.symbol: mark for mark in marks}, absence)
    return value(account, entries, found, currency=currency, market="simulated", at=AT)


def test_a_lira_position_is_worth_its_mark() -> None:
    found = valued(held(realised="10", fees="4"), {"TRY": "1000"}, [marked(BTC_TRY, "4000000")])
    assert found.summary == ValuationSummary(
        currency="TRY",
        equity=Decimal(2001000),
        gross_exposure=Decimal(2000000),
        net_exposure=Decimal(2000000),
        realised_pnl=Decimal(10),
        unrealised_pnl=Decimal(50000),
        fees=Decimal(4),
        open_orders=3,
        oldest_quote_age_seconds=0.2,
        priced=True,
        unpriced=(),
    )
    assert (found.account, found.sequence, found.valued_at, found.market) == ("paper", 7, AT, "simulated")


def test_a_dollar_position_goes_through_the_dollars_own_pair() -> None:
    marks = [marked(BTC_USDT, "100000"), marked(USDT_TRY, "42")]
    found = valued(held(BTC_USDT, "2", "198000", realised="5", fees="1"), {"USDT": "100"}, marks)
    (row,) = found.positions
    assert (row.value, row.unrealised_pnl) == (Decimal(8400000), Decimal(84000))
    assert (row.realised_pnl, row.fees) == (Decimal(210), Decimal(42))
    assert found.summary.equity == Decimal(8400000) + Decimal(4200)


def test_a_rate_serves_both_ways_round() -> None:
    found = valued({}, {"TRY": "1000", "USDT": "10"}, [marked(USDT_TRY, "40")], currency="USDT")
    assert found.summary.equity == 10 + Decimal(1000) / 40
    assert found.cash["TRY"].value == Decimal(25)


def test_a_rate_comes_from_any_venues_pair_and_a_fresh_one_goes_first() -> None:
    stale = marked("A:USDTTRY", "50", base_asset="USDT", stale=True)
    fresh = marked("B:USDTTRY", "40", base_asset="USDT")
    found = valued({}, {"TRY": "0", "USDT": "1"}, [stale, fresh])
    assert (found.summary.equity, found.summary.priced) == (Decimal(40), True)
    assert valued({}, {"TRY": "0", "USDT": "1"}, [stale]).summary.unpriced[0].symbol == "A:USDTTRY"


def test_a_short_position_adds_to_gross_and_takes_from_net() -> None:
    balances = held() | held(ETH_TRY, "-10", "-900000")
    summary = valued(balances, {}, [marked(BTC_TRY, "4000000"), marked(ETH_TRY, "100000")]).summary
    assert summary.gross_exposure == Decimal(3000000)
    assert summary.net_exposure == Decimal(1000000)
    assert summary.unrealised_pnl == Decimal(50000) - Decimal(100000)


def test_a_missing_mark_makes_the_sums_unknown_and_is_named() -> None:
    summary = valued(held(), {"TRY": "1000"}, []).summary
    assert (summary.equity, summary.gross_exposure, summary.net_exposure, summary.unrealised_pnl) == (None,) * 4
    assert not summary.priced
    assert summary.unpriced == (Unpriced(symbol=BTC_TRY, reason="no quote"),)
    assert summary.realised_pnl == 0
    assert summary.oldest_quote_age_seconds is None


def test_market_data_that_does_not_answer_is_the_reason_that_is_told() -> None:
    found = valued(held(BTC_USDT), {"USDT": "1"}, [], absence="market data does not answer")
    assert (found.positions[0].mark, found.positions[0].value) == (None, None)
    assert found.summary.unpriced == (
        Unpriced(symbol="USDT", reason="no rate to TRY: market data does not answer"),
        Unpriced(symbol=BTC_USDT, reason="market data does not answer"),
    )


def test_a_stale_mark_is_used_marked_and_named() -> None:
    found = valued(held(), {}, [marked(BTC_TRY, "4000000", age_seconds=12.34, stale=True)])
    assert found.summary.equity == Decimal(2000000)
    assert found.positions[0].stale
    assert not found.summary.priced
    assert found.summary.unpriced[0].reason == "the quote is stale, 12.3 s old"
    assert found.summary.oldest_quote_age_seconds == 12.34


def test_a_stale_dollar_makes_a_fresh_dollar_position_stale() -> None:
    found = valued(held(BTC_USDT), {}, [marked(BTC_USDT, "100000"), marked(USDT_TRY, "42", stale=True)])
    assert found.positions[0].stale
    assert [each.symbol for each in found.summary.unpriced] == [USDT_TRY]


def test_the_age_is_that_of_the_quotes_that_were_used() -> None:
    marks = [marked(BTC_TRY, "4000000", age_seconds=3.0), marked(ETH_TRY, "1", age_seconds=900.0, stale=True)]
    summary = valued(held(), {"TRY": "1"}, marks).summary
    assert (summary.oldest_quote_age_seconds, summary.priced) == (3.0, True)


def test_a_closed_position_needs_no_mark_and_no_rate() -> None:
    found = valued(held(BTC_USDT, "0", "0"), {"TRY": "1"}, [])
    assert found.summary.priced
    assert (found.positions[0].value, found.positions[0].unrealised_pnl) == (Decimal(0), Decimal(0))
    assert valued(held(quantity="0", cost="0", realised="7"), {"TRY": "1"}, []).summary.realised_pnl == Decimal(7)


def test_cash_of_nothing_needs_no_rate_and_cash_without_a_rate_is_unknown() -> None:
    assert valued({}, {"TRY": "5", "USDT": "0"}, []).summary.equity == 5
    found = valued({}, {"TRY": "5", "USDT": "1"}, [])
    assert found.summary.equity is None
    assert found.cash["USDT"].value is None


def test_an_asset_that_is_cash_is_not_counted_twice() -> None:
    found = valued(held(USDT_TRY, "100", "4000"), {"USDT": "100"}, [marked(USDT_TRY, "42")])
    assert found.summary.equity == Decimal(4200)
    assert found.summary.gross_exposure == Decimal(4200)


def test_fees_of_an_exchange_of_currencies_are_fees_too() -> None:
    found = valued({Entry("fees", USDT_TRY, "TRY"): Decimal(3)}, {"TRY": "5"}, [])
    assert (found.summary.fees, found.positions) == (Decimal(3), ())


INSTRUMENT = wire.Instrument(
    symbol=BTC_TRY,
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal(1),
    min_notional=Decimal(0),
)


@pytest.mark.parametrize(
    ("bid", "ask", "last", "expected"),
    [
        ("100", "102", "90", ("101", "mid")),
        (None, "102", "90", ("90", "last")),
        (None, "102", "900", ("102", "ask")),
        ("100", None, "90", ("90", "last")),
        ("100", None, "900", ("100", "bid")),
        ("0", "102", "90", ("90", "last")),
        ("0", "102", None, None),
        ("100", None, "0", ("100", "bid")),
        (None, None, "90", ("90", "last")),
        (None, None, "0", None),
        (None, None, None, None),
    ],
)
def test_a_mark_is_the_middle_else_no_more_than_the_lone_side_and_the_last_trade_say(
    bid: str | None, ask: str | None, last: str | None, expected: tuple[str, str] | None
) -> None:
    quote = wire.Quote(
        symbol=BTC_TRY,
        market="simulated",
        source="test",
        delayed=False,
        sequence=1,
        received_at=AT,
        bid=None if bid is None else Decimal(bid),
        bid_quantity=None,
        ask=None if ask is None else Decimal(ask),
        ask_quantity=None,
        last=None if last is None else Decimal(last),
        daily_change_percent=None,
        age_seconds=7.0,
        stale=True,
    )
    mark = mark_of(quote, INSTRUMENT, quote.age_seconds)
    assert (mark and (str(mark.price), mark.source)) == expected
    assert mark is None or (mark.age_seconds, mark.stale, mark.base_asset) == (7.0, True, "BTC")


AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=4)


@given(st.lists(AMOUNTS, max_size=6), st.decimals(min_value=1, max_value=5_000_000, places=2))
def test_equity_is_cash_plus_net_and_gross_is_never_below_net(amounts: list[Decimal], price: Decimal) -> None:
    balances: Balances = {}
    for index, amount in enumerate(amounts):
        balances |= held(f"V:A{index}TRY", str(amount), "1")
    marks = [marked(f"V:A{index}TRY", str(price)) for index in range(len(amounts))]
    summary = valued(balances, {"TRY": "100"}, marks).summary
    assert summary.net_exposure is not None
    assert summary.gross_exposure is not None
    assert summary.equity == 100 + summary.net_exposure
    assert summary.gross_exposure >= abs(summary.net_exposure)
