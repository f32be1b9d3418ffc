"""Clocks: the time of day, and the time of day of a moment that the monotonic clock noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.clock import SYSTEM_CLOCK, Clock

NOON = datetime(2026, 9, 22, 12, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert Clock(lambda: 5.0, NOON.timestamp).now() == NOON
    assert SYSTEM_CLOCK.now().tzinfo is UTC


def test_a_moment_is_as_long_ago_by_the_time_of_day_as_by_the_monotonic_clock() -> None:
    clock = Clock(lambda: 100.0, NOON.timestamp)
    assert clock.time_of(100.0) == NOON
    assert clock.time_of(87.5) == NOON - timedelta(seconds=12.5)
    assert clock.time_of(160.0) == NOON + timedelta(minutes=1)


def test_the_machines_own_clocks_move_on() -> None:
    first = SYSTEM_CLOCK.monotonic()
    assert SYSTEM_CLOCK.monotonic() >= first
    assert abs(SYSTEM_CLOCK.now() - datetime.now(UTC)) < timedelta(minutes=1)
