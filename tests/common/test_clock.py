"""Clocks: the time of day, and the time of day of a moment that the monotonic clock noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from common.clock import SYSTEM_CLOCK, Clock, TimesOfDay

NOON = datetime(2026, 9, 22, 12, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert Clock(lambda: 5.0, NOON.timestamp).now() == NOON
    assert SYSTEM_CLOCK.now().tzinfo is UTC


class SetClocks:
    """Two clocks that a test moves. Each reading of the monotonic clock lasts `reading_seconds`."""

    def __init__(self) -> None:
        self.monotonic, self.unix, self.reading_seconds = 100.0, NOON.timestamp(), 0.0

    def times(self) -> TimesOfDay:
        return TimesOfDay(Clock(self._read_monotonic, lambda: self.unix))

    def _read_monotonic(self) -> float:
        self.monotonic += self.reading_seconds
        self.unix += self.reading_seconds
        return self.monotonic


def test_a_moment_is_as_long_ago_by_the_time_of_day_as_by_the_monotonic_clock() -> None:
    times = SetClocks().times()
    assert times.of(100.0) == NOON
    assert times.of(87.5) == NOON - timedelta(seconds=12.5)
    assert times.of(160.0) == NOON + timedelta(minutes=1)


def test_a_moment_has_the_same_time_however_long_its_readings_last() -> None:
    clocks = SetClocks()
    times = clocks.times()
    first = times.of(95.0)
    for milliseconds in (0.001, 1, 7, 49, 300):
        clocks.reading_seconds = milliseconds / 1000
        assert times.of(95.0) == first


@pytest.mark.parametrize("seconds", [3600.0, -3600.0, 0.2])
def test_a_time_of_day_that_is_set_moves_all_moments_at_the_next_reading(seconds: float) -> None:
    clocks = SetClocks()
    times = clocks.times()
    times.of(100.0)
    clocks.unix += seconds
    assert times.of(100.0) == NOON + timedelta(seconds=seconds)


def test_the_machines_own_clocks_move_on() -> None:
    first = SYSTEM_CLOCK.monotonic()
    assert SYSTEM_CLOCK.monotonic() >= first
    assert abs(SYSTEM_CLOCK.now() - datetime.now(UTC)) < timedelta(minutes=1)
