"""A watch that no alert may disturb passes only when it has seen that none fired."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from common.wire import Instrument
from tests.quiet.alerts import Watch
from tests.quiet.load import Pace, resting

WATCHDOG = {"labels": {"alertname": "Watchdog"}, "state": "firing"}


def alert(state: str) -> dict[str, Any]:
    return {"labels": {"alertname": "FeedStale", "service": "marketdata", "venue": "BIST"}, "state": state}


@pytest.mark.parametrize(
    ("lists", "passed"),
    [
        ([], False),
        ([[WATCHDOG], [WATCHDOG]], True),
        ([[WATCHDOG], [WATCHDOG, alert("pending")]], True),
        ([[WATCHDOG], [WATCHDOG, alert("firing")], [WATCHDOG]], False),
        ([[WATCHDOG], []], False),
        ([[{**WATCHDOG, "state": "pending"}]], False),
    ],
    ids=["no look", "nothing", "pending", "fired once", "the watchdog is gone", "the watchdog does not fire yet"],
)
def test_a_watch_passes_when_every_look_saw_the_watchdog_alone_fire(
    lists: list[list[dict[str, Any]]], passed: bool
) -> None:
    found = Watch()
    for second, each in enumerate(lists):
        found.look(each, second)
    assert found.passed is passed


def test_an_alert_that_was_pending_is_named_with_its_first_time() -> None:
    found = Watch()
    for second in (5.0, 10.0):
        found.look([WATCHDOG, alert("pending")], second)
    assert (found.pending, found.fired) == ({"FeedStale(marketdata, BIST)": 5.0}, {})


@pytest.mark.parametrize(
    ("bid", "tick", "lot", "least"),
    [("4000000", "1", "0.00000001", "100"), ("0.0345", "0.0001", "1", "10"), ("120", "0.05", "1", "0")],
)
def test_an_order_that_rests_is_far_below_the_bid_on_the_venues_grid_and_worth_enough(
    bid: str, tick: str, lot: str, least: str
) -> None:
    instrument = Instrument(
        symbol="BTCTURK:XTRY",
        base_asset="X",
        quote_currency="TRY",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        min_notional=Decimal(least),
    )
    order = resting(instrument, Decimal(bid))
    price, quantity = Decimal(order.price), Decimal(order.quantity)
    assert Decimal(bid) * Decimal("0.6") < price <= Decimal(bid) * Decimal("0.7")
    assert price % Decimal(tick) == quantity % Decimal(lot) == 0
    assert quantity > 0
    assert Decimal(least) <= price * quantity


def test_a_pace_keeps_its_distance_and_makes_up_for_no_stall() -> None:
    pace = Pace(50)
    pace.wait()
    time.sleep(0.2)
    began = time.monotonic()
    for _ in range(3):
        pace.wait()
    assert time.monotonic() - began > 0.039, "two distances of 20 ms, and not all at once"
