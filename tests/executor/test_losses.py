"""The limits on what an account may lose, and the anchors that losses are measured from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from executor.guardrails import Limits
from executor.losses import Anchors, breaches, fallen, moved, shares

LIMITS = Limits(
    quote_stale_seconds=5.0,
    price_collar_percent=Decimal(2),
    max_order_notional={},
    max_position_notional={},
    max_exposure={},
    max_daily_loss_percent=Decimal(5),
    max_drawdown_percent=Decimal(20),
)
NOON = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "day", "day_start"),
    [
        (datetime(2026, 11, 25, 20, 59, 59, tzinfo=UTC), date(2026, 11, 25), Decimal(100)),
        (datetime(2026, 11, 25, 21, 0, 0, tzinfo=UTC), date(2026, 11, 26), Decimal(90)),
    ],
)
def test_a_day_begins_at_midnight_in_istanbul(at: datetime, day: date, day_start: Decimal) -> None:
    before = Anchors(date(2026, 11, 25), Decimal(100), Decimal(120))
    assert moved(before, Decimal(90), at, at) == Anchors(day, day_start, Decimal(120))


@pytest.mark.parametrize("believed", [None, datetime(2026, 11, 24, 9, tzinfo=UTC), NOON])
def test_a_day_begins_only_when_a_believed_clock_tells_a_later_one(believed: datetime | None) -> None:
    before = Anchors(date(2026, 11, 25), Decimal(100), Decimal(120))
    for at in (NOON - timedelta(days=2), NOON, NOON + timedelta(days=1)):
        assert moved(before, Decimal(90), at, believed) == before


def test_the_peak_only_rises() -> None:
    anchors = moved(None, Decimal(100), NOON, None)
    for equity in (90, 130, 110):
        anchors = moved(anchors, Decimal(equity), NOON, NOON)
    assert anchors == Anchors(date(2026, 11, 25), Decimal(100), Decimal(130))


@pytest.mark.parametrize(
    ("equity", "told"),
    [
        ("95.01", []),
        ("95", [("DAILY_LOSS", "REDUCING")]),
        ("80.01", [("DAILY_LOSS", "REDUCING")]),
        ("80", [("DAILY_LOSS", "REDUCING"), ("DRAWDOWN", "HALTED")]),
        ("-1", [("DAILY_LOSS", "REDUCING"), ("DRAWDOWN", "HALTED")]),
    ],
)
def test_losses_are_told_on_both_sides_of_their_edge(equity: str, told: list[tuple[str, str]]) -> None:
    anchors = Anchors(date(2026, 11, 25), Decimal(100), Decimal(100))
    found = breaches(anchors, Decimal(equity), LIMITS)
    assert [(breach.code, breach.state) for breach in found] == told


def test_a_breach_tells_its_numbers_and_how_much_of_the_limit_is_used_is_told_before() -> None:
    anchors = Anchors(date(2026, 11, 25), Decimal(100), Decimal(120))
    [breach] = breaches(anchors, Decimal("94"), replace(LIMITS, max_drawdown_percent=Decimal(40)))
    assert breach.reason == (
        "the equity is 6.00 % below its value as the day began (94.00 of 100.00), the limit is 5 %"
    )
    assert shares(anchors, Decimal("96"), LIMITS) == {"DAILY_LOSS": Decimal("0.8"), "DRAWDOWN": Decimal(1)}


def test_nothing_falls_from_nothing() -> None:
    assert fallen(Decimal(0), Decimal(-5)) == 0
    assert fallen(Decimal(100), Decimal(105)) == 0
