from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common import wire
from tests.web.world import quote
from web import risk

BTC_TRY, BTC_USDT, USDT_TRY = "BTCTURK:BTCTRY", "BTCTURK:BTCUSDT", "BTCTURK:USDTTRY"


def position(symbol: str = BTC_TRY, quantity: str = "0.5", cost: str = "3900000", **changes: str) -> wire.Position:
    pair = symbol.partition(":")[2]
    quote_currency = "USDT" if pair.endswith("USDT") else "TRY"
    return wire.Position(
        symbol=symbol,
        base_asset=pair.removesuffix(quote_currency),
        quote_currency=quote_currency,
        quantity=Decimal(quantity),
        average_cost=Decimal(cost),
        realised_pnl=Decimal(changes.get("realised", "0")),
        fees=Decimal(changes.get("fees", "0")),
    )


def at(symbol: str, middle: str, **changes: Any) -> wire.Quote:
    price = Decimal(middle)
    return quote(symbol, bid=price - 1, ask=price + 1, **changes)


def made(positions: list[wire.Position], cash: dict[str, str], quotes: list[wire.Quote]) -> risk.Report:
    return risk.report(positions, {unit: Decimal(amount) for unit, amount in cash.items()}, {}, 3, quotes)


def test_a_lira_position_is_worth_its_mid() -> None:
    report = made([position(realised="10", fees="4")], {"TRY": "1000"}, [at(BTC_TRY, "4000000")])
    assert report.summary == risk.Summary(
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


def test_a_dollar_position_goes_through_the_dollars_own_quote() -> None:
    quotes = [at(BTC_USDT, "100000"), at(USDT_TRY, "42")]
    report = made([position(BTC_USDT, "2", "99000", realised="5", fees="1")], {"USDT": "100"}, quotes)
    (row,) = report.positions
    assert (row.value, row.unrealised_pnl) == (Decimal(8400000), Decimal(84000))
    assert (row.realised_pnl, row.fees) == (Decimal(210), Decimal(42))
    assert report.summary.equity == Decimal(8400000) + Decimal(4200)


def test_a_short_position_adds_to_gross_and_takes_from_net() -> None:
    quotes = [at(BTC_TRY, "4000000"), at("BTCTURK:ETHTRY", "100000")]
    report = made([position(), position("BTCTURK:ETHTRY", "-10", "90000")], {}, quotes)
    assert report.summary.gross_exposure == Decimal(3000000)
    assert report.summary.net_exposure == Decimal(1000000)
    assert report.summary.unrealised_pnl == Decimal(50000) - Decimal(100000)


def test_a_missing_mark_makes_the_sums_unknown_and_is_named() -> None:
    report = made([position()], {"TRY": "1000"}, [])
    summary = report.summary
    assert (summary.equity, summary.gross_exposure, summary.net_exposure, summary.unrealised_pnl) == (None,) * 4
    assert not summary.priced
    assert summary.unpriced == (risk.Unpriced(symbol=BTC_TRY, reason="no quote"),)
    assert summary.realised_pnl == 0


def test_a_stale_mark_is_used_marked_and_named() -> None:
    report = made([position()], {}, [at(BTC_TRY, "4000000", age_seconds=12.34, stale=True)])
    assert report.summary.equity == Decimal(2000000)
    assert report.positions[0].stale
    assert not report.summary.priced
    assert report.summary.unpriced[0].reason == "the quote is stale, 12.3 s old"
    assert report.summary.oldest_quote_age_seconds == 12.34


def test_a_stale_dollar_makes_a_fresh_dollar_position_stale() -> None:
    quotes = [at(BTC_USDT, "100000"), at(USDT_TRY, "42", stale=True)]
    report = made([position(BTC_USDT)], {}, quotes)
    assert report.positions[0].stale
    assert [each.symbol for each in report.summary.unpriced] == [USDT_TRY]


def test_one_side_missing_means_the_last_trade_is_the_mark() -> None:
    report = made([position()], {}, [quote(BTC_TRY, ask=None, last=Decimal(4100000))])
    assert (report.positions[0].mark, report.positions[0].mark_source) == (Decimal(4100000), "last")


def test_a_closed_position_needs_no_mark() -> None:
    report = made([position(quantity="0", cost="0", realised="7")], {"TRY": "1"}, [])
    assert report.summary.priced
    assert (report.positions[0].value, report.summary.realised_pnl) == (Decimal(0), Decimal(7))


def test_cash_of_nothing_needs_no_rate_and_cash_without_a_rate_is_unknown() -> None:
    assert made([], {"TRY": "5", "USDT": "0"}, []).summary.equity == 5
    report = made([], {"TRY": "5", "USDT": "1"}, [])
    assert report.summary.equity is None
    assert report.cash["USDT"].value is None


def test_what_the_account_holds_as_cash_is_not_counted_twice() -> None:
    report = made([position(USDT_TRY, "100", "40")], {"USDT": "100"}, [at(USDT_TRY, "42")])
    assert report.summary.equity == Decimal(4200)
    assert report.summary.gross_exposure == Decimal(4200)


AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=4)


@given(st.lists(AMOUNTS, max_size=6), st.decimals(min_value=1, max_value=5_000_000, places=2))
def test_equity_is_cash_plus_net_and_gross_is_never_below_net(amounts: list[Decimal], price: Decimal) -> None:
    symbols = [f"BTCTURK:A{index}TRY" for index in range(len(amounts))]
    rows = [position(symbol, str(amount), "1") for symbol, amount in zip(symbols, amounts, strict=True)]
    quotes = [quote(symbol, bid=price, ask=price) for symbol in symbols]
    summary = made(rows, {"TRY": "100"}, quotes).summary
    assert summary.net_exposure is not None
    assert summary.gross_exposure is not None
    assert summary.equity == 100 + summary.net_exposure
    assert summary.gross_exposure >= abs(summary.net_exposure)
