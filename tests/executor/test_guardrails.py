"""Each guardrail on both sides of its edge, with the code and the numbers it gives."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from common.wire import Instrument
from executor.guardrails import RULES, Holdings, Limits, MarketView, Proposal, check, uses
from executor.guardrails.controls import Hold

LIMITS = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(2),
    max_order_notional={"TRY": Decimal(1000)},
    max_position_notional={"TRY": Decimal(3000)},
    max_exposure={"TRY": Decimal(5000)},
    max_order_quantity={"V:BTCTRY": Decimal("10.1")},
    max_orders_per_second=10,
    duplicate_seconds=2.0,
)
MARKET = MarketView(
    age_seconds=1.0, stale=False, reference=Decimal(100), best_opposite=Decimal(101), quote_currency="TRY"
)
INSTRUMENT = Instrument(
    symbol="V:BTCTRY",
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.1"),
    min_notional=Decimal(10),
)
GOOD = Proposal(
    symbol="V:BTCTRY",
    side="buy",
    type="limit",
    quantity=Decimal(5),
    limit_price=Decimal(100),
    post_only=False,
    market=MARKET,
    instrument=INSTRUMENT,
    funds_unit="TRY",
    funds_needed=Decimal(500),
    funds_available=Decimal(500),
    kill_switch=None,
    holdings=Holdings(position=Decimal(10), open_buys=Decimal(5), exposure=Decimal(1500)),
    reach=Decimal(100),
)


HOLDS: tuple[Literal["HALTED", "REDUCING"], ...] = ("HALTED", "REDUCING")
BAND: dict[str, Any] = {"floor": Decimal(99), "ceiling": Decimal("100.5")}
ABOVE = Decimal(101)
CHEAP = {"limit_price": Decimal(98), "holdings": Holdings()}


HALT, REDUCE = (Hold(state=state, reason="drill", since=datetime(2026, 11, 25, tzinfo=UTC)) for state in HOLDS)


def _held(**changes: Any) -> Holdings:
    numbers: dict[str, Any] = {name: Decimal(value) for name, value in changes.items()}
    return GOOD.holdings._replace(**numbers)


def _open(orders: int, of_symbol: int) -> Holdings:
    return GOOD.holdings._replace(open_orders=orders, open_of_symbol=of_symbol)


RESTS: dict[str, Any] = {"rests": True}
SELL: dict[str, Any] = {"side": "sell", "quantity": Decimal(1), "market": MARKET._replace(best_opposite=Decimal(97))}
"""A sale that rests: the best bid is below every price here."""


def _codes(proposal: Proposal) -> list[str]:
    return [denial.code for denial in check(proposal, LIMITS)]


def test_a_good_order_passes() -> None:
    assert _codes(GOOD) == []


@pytest.mark.parametrize(
    ("code", "passes", "fails"),
    [
        ("KILL_SWITCH", {"kill_switch": None}, {"kill_switch": "drill"}),
        ("QUOTE_STALE", {"market": MARKET._replace(age_seconds=5.0)}, {"market": MARKET._replace(age_seconds=5.001)}),
        ("QUOTE_STALE", {"market": MARKET}, {"market": MARKET._replace(stale=True)}),
        ("QUOTE_DELAYED", {"market": MARKET}, {"market": MARKET._replace(delayed=True)}),
        ("MARKET_CLOSED", {"market": MARKET}, {"market": MARKET._replace(phase="closed")}),
        ("MARKET_CLOSED", {"market": MARKET}, {"market": MARKET._replace(phase="opening_auction")}),
        ("TICK_SIZE", {"limit_price": Decimal("100.5")}, {"limit_price": Decimal("100.4")}),
        ("LOT_SIZE", {"quantity": Decimal("0.3")}, {"quantity": Decimal("0.35")}),
        ("MIN_NOTIONAL", {"quantity": Decimal("0.1")}, {"quantity": Decimal("0.1"), "limit_price": Decimal("99.5")}),
        ("MAX_NOTIONAL", {"quantity": Decimal(10)}, {"quantity": Decimal("10.1")}),
        ("POST_ONLY", {"post_only": True}, {"post_only": True, "limit_price": Decimal(101), "quantity": Decimal(1)}),
        ("PRICE_COLLAR", {"limit_price": Decimal(102)}, {"limit_price": Decimal("102.5"), "quantity": Decimal(1)}),
        ("PRICE_COLLAR", SELL | {"limit_price": Decimal(98)}, SELL | {"limit_price": Decimal("97.5")}),
        ("FAR_PRICE", {"limit_price": Decimal(50)}, {"limit_price": Decimal("49.5")}),
        ("FAR_PRICE", SELL | {"limit_price": Decimal(150)}, SELL | {"limit_price": Decimal("150.5")}),
        (
            "MAX_OPEN_ORDERS",
            RESTS | {"holdings": _open(19_999, 0)},
            RESTS | {"holdings": _open(20_000, 0)},
        ),
        ("MAX_OPEN_ORDERS", RESTS | {"holdings": _open(9, 4_999)}, RESTS | {"holdings": _open(9, 5_000)}),
        ("MAX_QUANTITY", {"quantity": Decimal("10.1"), **CHEAP}, {"quantity": Decimal("10.2"), **CHEAP}),
        ("PRICE_LIMIT", {"market": MARKET._replace(**BAND)}, {"market": MARKET._replace(**BAND), "limit_price": ABOVE}),
        ("MAX_POSITION", {"holdings": _held(position=20)}, {"holdings": _held(position="20.1")}),
        ("MAX_POSITION", {"holdings": _held(open_buys=15)}, {"holdings": _held(open_buys="15.1")}),
        ("MAX_EXPOSURE", {"holdings": _held(exposure=4500)}, {"holdings": _held(exposure="4500.01")}),
        ("SELF_TRADE", {"holdings": _held(opposite="100.5")}, {"holdings": _held(opposite=100)}),
        ("SELF_TRADE", {"holdings": _held(opposite=100), "reach": None}, {"holdings": _held(opposite=100)}),
        ("ORDER_RATE", {"holdings": GOOD.holdings._replace(recent=9)}, {"holdings": GOOD.holdings._replace(recent=10)}),
        ("DUPLICATE_ORDER", {"holdings": GOOD.holdings}, {"holdings": GOOD.holdings._replace(twin="paper-7")}),
        ("INSUFFICIENT_FUNDS", {"funds_needed": Decimal(500)}, {"funds_needed": Decimal("500.00000001")}),
    ],
)
def test_a_rule_denies_just_beyond_its_edge(code: str, passes: dict[str, Any], fails: dict[str, Any]) -> None:
    assert _codes(replace(GOOD, **passes)) == []
    assert _codes(replace(GOOD, **fails)) == [code]


@pytest.mark.parametrize(
    "market",
    [None, MARKET._replace(reference=None, best_opposite=None)],
)
def test_without_a_quote_nothing_trades(market: MarketView | None) -> None:
    assert _codes(replace(GOOD, market=market)) == ["NO_QUOTE"]


def test_a_market_order_needs_someone_to_trade_with_and_a_limit_order_may_wait() -> None:
    market = MARKET._replace(best_opposite=None)
    assert _codes(replace(GOOD, market=market)) == []
    assert _codes(replace(GOOD, market=market, type="market", limit_price=None)) == ["NO_QUOTE"]


def test_a_market_order_is_measured_at_the_reference_and_collared_at_the_best_price() -> None:
    order = replace(GOOD, type="market", limit_price=None, quantity=Decimal("10.1"))
    assert _codes(order) == ["MAX_NOTIONAL"]
    far = MARKET._replace(best_opposite=Decimal("102.1"))
    assert _codes(replace(order, quantity=Decimal(1), market=far)) == ["PRICE_COLLAR"]


def test_a_currency_without_a_limit_is_not_traded() -> None:
    euros = replace(GOOD, market=MARKET._replace(quote_currency="EUR"))
    assert _codes(euros) == ["MAX_NOTIONAL", "MAX_POSITION", "MAX_EXPOSURE"]


def test_a_denial_carries_its_numbers() -> None:
    [denial] = check(replace(GOOD, market=MARKET._replace(age_seconds=7.25)), LIMITS)
    assert denial.numbers == {"age_seconds": "7.250", "limit_seconds": "5"}
    assert denial.message == "the book is too old: 7.250 s, the limit is 5 s"


def test_every_rule_is_heard() -> None:
    worst = replace(
        GOOD,
        kill_switch="drill",
        post_only=True,
        market=MARKET._replace(stale=True, delayed=True, phase="halted", floor=Decimal(90), ceiling=Decimal(110)),
        limit_price=Decimal("150.1"),
        quantity=Decimal("77.77"),
        funds_needed=Decimal(501),
        holdings=GOOD.holdings._replace(
            opposite=Decimal(101), recent=10, twin="paper-7", executions=600, open_orders=20_000
        ),
        reach=Decimal("150.1"),
        rests=True,
        doubts={"V:BTCTRY": 61.0},
        holds=dict.fromkeys(("TRADING_STATE", "DAILY_LOSS", "DRAWDOWN"), HALT),
    )
    assert set(_codes(worst)) == set(RULES) - {"NO_QUOTE", "MIN_NOTIONAL", "FAR_PRICE"}


@pytest.mark.parametrize("code", ["TRADING_STATE", "DAILY_LOSS", "DRAWDOWN", "REPEATED_EXECUTIONS"])
def test_a_hold_that_reduces_lets_sales_pass_and_one_that_halts_nothing(code: str) -> None:
    sale = replace(GOOD, side="sell")
    assert [_codes(replace(order, holds={code: REDUCE})) for order in (GOOD, sale)] == [[code], []]
    assert [_codes(replace(order, holds={code: HALT})) for order in (GOOD, sale)] == [[code], [code]]


def test_the_last_execution_that_is_allowed_passes_and_the_next_does_not() -> None:
    assert _codes(replace(GOOD, holdings=GOOD.holdings._replace(executions=599))) == []
    assert _codes(replace(GOOD, holdings=GOOD.holdings._replace(executions=600))) == ["REPEATED_EXECUTIONS"]


def test_selling_passes_whatever_is_held_already() -> None:
    much = Holdings(position=Decimal(10**6), open_buys=Decimal(10**6), exposure=Decimal(10**9))
    assert _codes(replace(GOOD, side="sell", holdings=much)) == []


def test_a_currency_is_no_position() -> None:
    assert _codes(replace(GOOD, holdings=Holdings(position=None, exposure=Decimal(10**9)))) == []


def test_an_own_bid_is_in_the_way_of_an_ask_at_its_price_or_below() -> None:
    market = MARKET._replace(best_opposite=Decimal(99))
    bid = Holdings(position=Decimal(10), opposite=Decimal(99))
    sale = replace(GOOD, side="sell", market=market, holdings=bid)
    assert _codes(replace(sale, reach=Decimal("99.5"))) == []
    assert _codes(replace(sale, reach=Decimal(99))) == ["SELF_TRADE"]


def test_how_much_of_each_limit_is_used_is_told() -> None:
    told = {code: (str(use.value), str(use.limit)) for code, use in uses(GOOD, LIMITS).items()}
    assert told == {
        "MAX_QUANTITY": ("5", "10.1"),
        "MAX_NOTIONAL": ("500", "1000"),
        "MAX_POSITION": ("2000", "3000"),
        "MAX_EXPOSURE": ("2000", "5000"),
        "ORDER_RATE": ("1", "10"),
        "REPEATED_EXECUTIONS": ("1", "600"),
    }
    assert "MAX_OPEN_ORDERS" not in uses(replace(GOOD, holdings=_open(20_000, 5_000)), LIMITS)
    assert uses(replace(GOOD, rests=True, holdings=_open(9_999, 3_999)), LIMITS)["MAX_OPEN_ORDERS"].value == 4_000
    assert uses(replace(GOOD, rests=True, holdings=_open(17_999, 99)), LIMITS)["MAX_OPEN_ORDERS"].value == 18_000
    assert uses(GOOD, LIMITS)["MAX_EXPOSURE"].share == Decimal("0.4")


def test_an_order_that_leaves_nothing_open_passes_however_many_are_open() -> None:
    assert _codes(replace(GOOD, rests=False, holdings=_open(10**6, 10**6))) == []


@pytest.mark.parametrize(
    ("holdings", "scope", "numbers"),
    [
        (_open(20_000, 1), "account", ("20001", "20000")),
        (_open(7_000, 5_000), "V:BTCTRY", ("5001", "5000")),
    ],
)
def test_too_many_open_orders_are_told_with_their_scope(
    holdings: Holdings, scope: str, numbers: tuple[str, str]
) -> None:
    [denial] = check(replace(GOOD, rests=True, holdings=holdings), LIMITS)
    assert denial.numbers == {"open_orders": numbers[0], "limit": numbers[1], "scope": scope}


def test_a_symbol_has_bounds_of_its_own_for_prices() -> None:
    limits = dataclasses.replace(
        LIMITS,
        symbol_price_collar_percent={"V:BTCTRY": Decimal(3)},
        symbol_far_price_percent={"V:BTCTRY": Decimal(10), "V:ETHTRY": Decimal(1)},
    )
    for price, codes in (("103", []), ("103.5", ["PRICE_COLLAR"]), ("90", []), ("89.5", ["FAR_PRICE"])):
        order = replace(GOOD, limit_price=Decimal(price), quantity=Decimal(1))
        assert [denial.code for denial in check(order, limits)] == codes


def test_a_price_far_away_carries_its_numbers() -> None:
    [denial] = check(replace(GOOD, limit_price=Decimal(10), quantity=Decimal(1)), LIMITS)
    assert denial.code == "FAR_PRICE"
    assert denial.numbers == {"price": "10", "reference": "100", "away_percent": "90", "limit_percent": "50"}
    assert denial.message == "10 is 90 % away from 100, the limit is 50 %"


def test_without_a_known_equity_nothing_is_bought_and_everything_may_be_sold() -> None:
    doubted = replace(GOOD, doubts={"V:OLD": 61.25, "V:ETHTRY": 3600.0})
    [denial] = check(doubted, LIMITS)
    assert denial.code == "EQUITY_UNKNOWN"
    assert denial.numbers == {"symbols": "V:ETHTRY, V:OLD", "count": "2", "mark_age_seconds": "3600.0"}
    never = replace(GOOD, doubts={"V:OLD": None, "V:ETHTRY": 3600.0})
    assert check(never, LIMITS)[0].numbers["mark_age_seconds"] == "none"
    assert _codes(replace(doubted, side="sell")) == []


def test_a_market_order_in_a_book_of_one_side_needs_a_last_trade() -> None:
    lone = MARKET._replace(one_sided=True)
    assert _codes(replace(GOOD, market=lone)) == []
    assert _codes(replace(GOOD, market=lone, type="market", limit_price=None)) == ["NO_QUOTE"]
