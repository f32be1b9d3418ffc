"""The rules of Borsa Istanbul, to the second and to the tick."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bist import rules

FULL, HALF, HOLIDAY, SATURDAY = date(2026, 11, 24), date(2026, 10, 28), date(2026, 10, 29), date(2026, 11, 28)
CENTS = st.integers(min_value=1, max_value=10_000_000).map(lambda cents: Decimal(cents) / 100)


def _at(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+03:00")


@pytest.mark.parametrize(
    ("clock", "phase"),
    [
        ("00:00:00", "closed"),
        ("09:39:59", "closed"),
        ("09:40:00", "opening_auction"),
        ("09:59:59", "opening_auction"),
        ("10:00:00", "continuous"),
        ("17:59:59", "continuous"),
        ("18:00:00", "closing_auction"),
        ("18:07:00", "trades_at_close"),
        ("18:09:59", "trades_at_close"),
        ("18:10:00", "closed"),
    ],
)
def test_a_full_day_has_its_phases(clock: str, phase: str) -> None:
    assert rules.phase_at(_at(FULL, clock)) == phase


@pytest.mark.parametrize(
    ("clock", "phase"),
    [
        ("12:29:59", "continuous"),
        ("12:30:00", "closing_auction"),
        ("12:37:00", "trades_at_close"),
        ("12:40:00", "closed"),
        ("15:00:00", "closed"),
    ],
)
def test_a_half_day_closes_at_half_past_twelve(clock: str, phase: str) -> None:
    assert rules.phase_at(_at(HALF, clock)) == phase


@pytest.mark.parametrize("day", [HOLIDAY, SATURDAY])
def test_a_day_without_a_session_is_closed_at_noon(day: date) -> None:
    assert not rules.is_session(day)
    assert rules.phase_at(_at(day, "12:00:00")) == "closed"


def test_a_time_may_come_in_any_zone_but_must_have_one() -> None:
    assert rules.phase_at(datetime(2026, 11, 24, 7, 0, tzinfo=UTC)) == "continuous"
    with pytest.raises(ValueError, match="aware"):
        rules.phase_at(datetime(2026, 11, 24, 10, 0))  # noqa: DTZ001 - this is what must be refused


def test_the_next_change_is_the_next_phases_beginning() -> None:
    assert rules.next_change(_at(FULL, "09:40:00")) == _at(FULL, "10:00:00")
    assert rules.next_change(_at(FULL, "18:10:00")) == _at(FULL + timedelta(days=1), "09:40:00")


def test_the_next_change_after_a_holiday_and_a_week_end_is_the_next_session() -> None:
    assert rules.next_change(_at(HALF, "12:40:00")) == _at(date(2026, 10, 30), "09:40:00")
    assert rules.next_change(_at(date(2026, 11, 27), "18:10:00")) == _at(date(2026, 11, 30), "09:40:00")


@given(st.integers(min_value=0, max_value=int(timedelta(days=1400).total_seconds())))
def test_a_phase_lasts_until_the_next_change(seconds: int) -> None:
    at = datetime(2024, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
    change = rules.next_change(at)
    assert at < change
    just_before = rules.phase_at(change - timedelta(microseconds=1))
    assert rules.phase_at(at) == just_before != rules.phase_at(change)


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("0.01", "0.01"),
        ("19.99", "0.01"),
        ("20", "0.02"),
        ("49.98", "0.02"),
        ("50", "0.05"),
        ("100", "0.10"),
        ("249.90", "0.10"),
        ("250", "0.25"),
        ("500", "0.50"),
        ("1000", "1"),
        ("2499", "1"),
        ("2500", "2.50"),
    ],
)
def test_the_tick_grows_with_the_price(price: str, tick: str) -> None:
    assert rules.tick_size(Decimal(price), FULL) == Decimal(tick)
    assert rules.on_tick(Decimal(price), FULL)


@pytest.mark.parametrize("price", ["20.01", "50.02", "100.05", "250.10", "1000.5", "2501", "0", "-1", "0.005"])
def test_a_price_between_two_ticks_is_none(price: str) -> None:
    assert not rules.on_tick(Decimal(price), FULL)


@pytest.mark.parametrize(
    ("reference", "floor", "ceiling"),
    [("2.04", "1.84", "2.24"), ("2.75", "2.48", "3.02"), ("21", "18.90", "23.10"), ("262.25", "236.10", "288.25")],
)
def test_limits_are_ten_percent_moved_inwards_to_a_tick(reference: str, floor: str, ceiling: str) -> None:
    assert rules.price_limits(Decimal(reference), FULL) == (Decimal(floor), Decimal(ceiling))


@given(CENTS)
def test_limits_are_on_ticks_and_within_ten_percent(reference: Decimal) -> None:
    floor, ceiling = rules.price_limits(reference, FULL)
    assert floor >= reference * Decimal("0.9")
    assert ceiling <= reference * Decimal("1.1")
    assert rules.on_tick(floor, FULL)
    assert rules.on_tick(ceiling, FULL)


def test_the_index_breaker_is_one_stage_of_six_percent() -> None:
    breakers = rules.breakers(FULL)
    assert (breakers.index_fall_percent, breakers.index_halt) == (Decimal(6), timedelta(minutes=10))
    assert breakers.stock_auction == timedelta(minutes=10)


def test_a_day_before_the_first_known_rule_is_not_guessed() -> None:
    with pytest.raises(LookupError, match="2023-11-06"):
        rules.tick_size(Decimal(10), date(2023, 11, 3))
    with pytest.raises(LookupError, match="breakers"):
        rules.breakers(date(2025, 8, 29))


def test_a_calendar_that_ends_soon_is_told() -> None:
    ends = rules.CALENDAR_ENDS
    assert rules.calendar_trouble(ends - timedelta(days=30)) is None
    assert "in 29 days" in str(rules.calendar_trouble(ends - timedelta(days=29)))
    assert "in 0 days" in str(rules.calendar_trouble(ends))


def test_a_day_outside_the_calendar_is_told_and_its_weekdays_count() -> None:
    after = rules.CALENDAR_ENDS + timedelta(days=3)
    assert "outside" in str(rules.calendar_trouble(after))
    assert "outside" in str(rules.calendar_trouble(date(2020, 1, 1)))
    assert rules.is_session(after)
    assert rules.phase_at(_at(after, "11:00:00")) == "continuous"
