"""The orders of a trial: which symbols are traded, and by which orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from canary.trial.offers import offers
from canary.trial.plan import makers, round_of
from common import wire
from common.answers import Instruments, Quotes
from tests.canary.trials import OFFER

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_every_order_of_a_round_is_one_that_the_venue_takes_but_the_refused_ones() -> None:
    for number in range(16):
        steps = list(round_of(number, [OFFER]))
        assert [step.kind for step in steps].count("order") == 3
        for step in steps:
            if step.kind == "order" and step.body is not None:
                price = step.body.limit_price or OFFER.bid
                assert step.body.quantity * price >= OFFER.min_notional
                assert step.body.quantity % OFFER.lot_size == 0
                assert price % OFFER.tick_size == 0
    (maker,) = makers([OFFER], 0)
    assert maker.body is not None
    assert maker.body.limit_price == OFFER.ask - 1


def test_the_quantities_of_rounds_differ_so_that_a_rounding_shows() -> None:
    assert len({OFFER.quantity(number) for number in range(50)}) == 50


def test_only_symbols_that_trade_now_for_cash_are_offered() -> None:
    quote: dict[str, Any] = {
        "market": "simulated",
        "source": "BTCTURK",
        "delayed": False,
        "sequence": 1,
        "received_at": NOW,
        "venue_time": None,
        "bid": "10",
        "bid_quantity": "1",
        "ask": "11",
        "ask_quantity": "1",
        "last": None,
        "daily_change_percent": None,
        "age_seconds": 0.1,
        "stale": False,
    }
    wrong: dict[str, dict[str, Any]] = {
        "A:STALE": {"stale": True},
        "A:LATE": {"delayed": True},
        "A:EMPTY": {"ask": None},
        "A:SHUT": {"phase": "closed"},
        "A:GOOD": {},
        "A:CASH": {},
        "A:OTHER": {},
        "A:HALT": {},
    }
    instruments = [
        {
            "symbol": symbol,
            "base_asset": "USDT" if symbol == "A:CASH" else "BTC",
            "quote_currency": "EUR" if symbol == "A:OTHER" else "TRY",
            "tick_size": "1",
            "lot_size": "1",
            "min_notional": "1",
            "state": "halted" if symbol == "A:HALT" else "trading",
        }
        for symbol in wrong
    ]
    quotes = [quote | {"symbol": symbol} | change for symbol, change in wrong.items()]
    found = offers(
        wire.decode(Instruments, wire.encode({"market": "simulated", "instruments": instruments})),
        wire.decode(Quotes, wire.encode({"market": "simulated", "sequence": 1, "quotes": quotes})),
        {"TRY", "USDT"},
    )
    assert [one.symbol for one in found] == ["A:GOOD"]
