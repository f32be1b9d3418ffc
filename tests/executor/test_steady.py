"""The ledger's time follows the wall clock and no jump of it; a day is told by a clock that ran evenly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.clock import Clock
from executor.steady import BELIEVED_AFTER_SECONDS, SteadyClock
from executor.writer.load import ages

NOON = datetime(2026, 11, 25, 9, tzinfo=UTC)
HOUR, DAY = 3600.0, 86_400.0


@dataclass
class Machine:
    """A machine whose wall clock can be set; `passed` can't."""

    passed: float = 1000.0
    set_by: float = 0.0

    def clock(self) -> SteadyClock:
        return SteadyClock.of(Clock(lambda: 0.0, lambda: NOON.timestamp() + self.passed + self.set_by, self.seconds))

    def seconds(self) -> float:
        return self.passed

    def run(self, clock: SteadyClock, seconds: float, step: float = 0.5) -> None:
        """Lets time pass, with a look at the clock at each step."""
        for _ in range(int(seconds / step)):
            self.passed += step
            clock.now()


def _wall(machine: Machine) -> datetime:
    return datetime.fromtimestamp(NOON.timestamp() + machine.passed + machine.set_by, UTC)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY, 30 * DAY, 3.0, -3.0])
def test_a_jump_there_and_back_moves_no_time(jump: float) -> None:
    machine, jumps = Machine(), list[int]()
    clock = machine.clock()
    clock.times.stepped = lambda: jumps.append(1)
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    machine.set_by = jump
    begun = clock.now()
    machine.run(clock, 60)
    assert clock.now() - begun == timedelta(seconds=60)
    assert (clock.day_time(), round(clock.times.off_seconds), len(jumps)) == (None, jump, 1)
    machine.set_by = 0.0
    assert clock.now() == _wall(machine)
    assert (clock.times.off_seconds, clock.day_time()) == (0.0, None)


def test_a_clock_that_was_set_forward_is_followed_once_it_ran_evenly() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    machine.set_by = DAY
    clock.now()
    machine.run(clock, BELIEVED_AFTER_SECONDS - 1)
    assert clock.day_time() is None
    assert _wall(machine) - clock.now() == timedelta(days=1)
    machine.run(clock, 1)
    assert clock.day_time() == clock.now() == _wall(machine)


def test_time_never_goes_back_and_a_clock_that_was_set_back_is_waited_for_at_half_speed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    machine.set_by = -HOUR
    clock.now()
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    assert clock.day_time() == _wall(machine)
    assert 0 <= HOUR - (clock.now() - _wall(machine)).total_seconds() < 1
    machine.run(clock, HOUR, step=10)
    assert 0 <= HOUR / 2 - (clock.now() - _wall(machine)).total_seconds() < 10
    machine.run(clock, HOUR, step=10)
    assert clock.now() == _wall(machine)


def test_each_further_jump_begins_the_wait_anew() -> None:
    machine = Machine()
    clock = machine.clock()
    for jump in (HOUR, 2 * HOUR, 3 * HOUR):
        machine.set_by = jump
        clock.now()
        machine.run(clock, BELIEVED_AFTER_SECONDS - 1)
        assert clock.day_time() is None
    assert _wall(machine) - clock.now() == timedelta(hours=3)


def test_many_small_steps_are_not_a_way_around() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(2_000):
        machine.passed += 0.5
        machine.set_by += 1.0
        clock.now()
    assert clock.now() - NOON < timedelta(seconds=2_010)
    assert clock.day_time() is None


def test_a_clock_that_is_kept_right_by_small_steps_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(100):
        machine.set_by += 0.02
        machine.run(clock, 30, step=10)
    assert clock.day_time() == clock.now() == _wall(machine)


def test_a_process_that_just_began_tells_no_day_so_that_a_restart_is_not_a_way_around() -> None:
    machine = Machine(set_by=DAY)
    clock = machine.clock()
    machine.run(clock, 60)
    assert clock.day_time() is None
    machine.set_by = 0.0
    clock.now()
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    assert clock.day_time() == _wall(machine)


def test_time_goes_on_from_the_ledgers_latest_event() -> None:
    machine = Machine(set_by=-DAY)
    clock = machine.clock()
    clock.times.not_before(NOON + timedelta(seconds=1500))
    assert clock.now() == NOON + timedelta(seconds=1500)
    machine.run(clock, 10)
    assert clock.now() == NOON + timedelta(seconds=1505)
    clock.times.not_before(NOON)
    assert clock.now() == NOON + timedelta(seconds=1505)


def test_sleep_of_the_machine_counts_as_time_that_passed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.run(clock, BELIEVED_AFTER_SECONDS)
    machine.passed += 10 * HOUR
    assert clock.now() == _wall(machine)
    assert clock.day_time() == _wall(machine)


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(-2 * DAY, 2 * DAY)), max_size=30))
def test_no_sequence_of_jumps_makes_time_go_back(moves: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.times.unix()
    for passed, set_by in moves:
        machine.passed += passed
        machine.set_by = set_by
        now = clock.times.unix()
        assert now >= before
        before = now


def _at(*seconds: float) -> list[datetime]:
    return [NOON + timedelta(seconds=each) for each in seconds]


def test_rows_age_by_the_steps_forward_since_they_were_written() -> None:
    assert ages(_at(0, 1, 5), NOON + timedelta(seconds=7)) == [7, 6, 2]
    assert ages(_at(3600, 3601, 5, 6), NOON + timedelta(seconds=7)) == [3, 2, 2, 1]
    assert ages(_at(0, 3600, 3601), NOON + timedelta(seconds=10)) == [3601, 1, 0]
    assert ages([], NOON) == []


@given(st.lists(st.floats(-DAY, DAY), max_size=20), st.floats(-DAY, DAY))
def test_no_row_is_younger_than_a_later_one_and_none_is_of_the_future(times: list[float], at: float) -> None:
    found = ages(_at(*times), NOON + timedelta(seconds=at))
    assert found == sorted(found, reverse=True)
    assert all(age >= 0 for age in found)
