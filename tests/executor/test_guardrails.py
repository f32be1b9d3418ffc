"""Each guardrail on both sides of its edge, with the code and the numbers it gives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from common.wire import Instrument
from executor.guardrails import RULES, Limits, Market, Proposal, check

LIMITS = Limits(5.0, Decimal(2), {"TRY": Decimal(1000)})
MARKET = Market(age_seconds=1.0, stale=False, reference=Decimal(100), best_opposite=Decimal(101), quote_currency="TRY")
INSTRUMENT = Instrument(
    symbol="V:BTCTRY",
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.1"),
    min_notional=Decimal(10),
)
GOOD = Proposal(
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
)


def _codes(proposal: Proposal) -> list[str]:
    return [denial.code for denial in check(proposal, LIMITS)]


def test_a_good_order_passes() -> None:
    assert _codes(GOOD) == []


@pytest.mark.parametrize(
    ("code", "passes", "fails"),
    [
        ("KILL_SWITCH", {"kill_switch": None}, {"kill_switch": "drill"}),
        ("QUOTE_STALE", {"market": replace(MARKET, age_seconds=5.0)}, {"market": replace(MARKET, age_seconds=5.001)}),
        ("QUOTE_STALE", {"market": MARKET}, {"market": replace(MARKET, stale=True)}),
        ("QUOTE_DELAYED", {"market": MARKET}, {"market": replace(MARKET, delayed=True)}),
        ("MARKET_CLOSED", {"market": MARKET}, {"market": replace(MARKET, phase="closed")}),
        ("MARKET_CLOSED", {"market": MARKET}, {"market": replace(MARKET, phase="opening_auction")}),
        ("TICK_SIZE", {"limit_price": Decimal("100.5")}, {"limit_price": Decimal("100.4")}),
        ("LOT_SIZE", {"quantity": Decimal("0.3")}, {"quantity": Decimal("0.35")}),
        ("MIN_NOTIONAL", {"quantity": Decimal("0.1")}, {"quantity": Decimal("0.1"), "limit_price": Decimal("99.5")}),
        ("MAX_NOTIONAL", {"quantity": Decimal(10)}, {"quantity": Decimal("10.1")}),
        ("POST_ONLY", {"post_only": True}, {"post_only": True, "limit_price": Decimal(101), "quantity": Decimal(1)}),
        ("PRICE_COLLAR", {"limit_price": Decimal(102)}, {"limit_price": Decimal("102.5"), "quantity": Decimal(1)}),
        ("PRICE_COLLAR", {"limit_price": Decimal(98)}, {"limit_price": Decimal("97.5")}),
        ("INSUFFICIENT_FUNDS", {"funds_needed": Decimal(500)}, {"funds_needed": Decimal("500.00000001")}),
    ],
)
def test_a_rule_denies_just_beyond_its_edge(code: str, passes: dict[str, Any], fails: dict[str, Any]) -> None:
    assert _codes(replace(GOOD, **passes)) == []
    assert _codes(replace(GOOD, **fails)) == [code]


@pytest.mark.parametrize(
    "market",
    [None, replace(MARKET, reference=None, best_opposite=None)],
)
def test_without_a_quote_nothing_trades(market: Market | None) -> None:
    assert _codes(replace(GOOD, market=market)) == ["NO_QUOTE"]


def test_a_market_order_needs_someone_to_trade_with_and_a_limit_order_may_wait() -> None:
    market = replace(MARKET, best_opposite=None)
    assert _codes(replace(GOOD, market=market)) == []
    assert _codes(replace(GOOD, market=market, type="market", limit_price=None)) == ["NO_QUOTE"]


def test_a_market_order_is_measured_at_the_reference_and_collared_at_the_best_price() -> None:
    order = replace(GOOD, type="market", limit_price=None, quantity=Decimal("10.1"))
    assert _codes(order) == ["MAX_NOTIONAL"]
    far = replace(MARKET, best_opposite=Decimal("102.1"))
    assert _codes(replace(order, quantity=Decimal(1), market=far)) == ["PRICE_COLLAR"]


def test_a_currency_without_a_limit_is_not_traded() -> None:
    assert _codes(replace(GOOD, market=replace(MARKET, quote_currency="EUR"))) == ["MAX_NOTIONAL"]


def test_a_denial_carries_its_numbers() -> None:
    [denial] = check(replace(GOOD, market=replace(MARKET, age_seconds=7.25)), LIMITS)
    assert denial.numbers == {"age_seconds": "7.250", "limit_seconds": "5"}
    assert denial.message == "the book is too old: 7.250 s, the limit is 5 s"


def test_every_rule_is_heard() -> None:
    worst = replace(
        GOOD,
        kill_switch="drill",
        post_only=True,
        market=replace(MARKET, stale=True, delayed=True, phase="halted"),
        limit_price=Decimal("150.1"),
        quantity=Decimal("77.77"),
        funds_needed=Decimal(501),
    )
    assert set(_codes(worst)) == set(RULES) - {"NO_QUOTE", "MIN_NOTIONAL"}
