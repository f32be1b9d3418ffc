"""A wall clock that jumps lifts no hold, moves no anchor and counts no window wrongly, at either executor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, MarketData, Place
from tests.executor.test_controls import FALLEN, codes, pass_until, put, rich

MORNING = datetime(2026, 11, 25, 9, tzinfo=UTC)
FAR_FROM_DRAWDOWN = {"reason": "for the test", "limits": {"max_drawdown_percent": "90"}}


def test_a_clock_that_jumps_a_day_ahead_and_back_lifts_no_hold_and_moves_no_anchor(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    times = [MORNING]
    executor = rich(make, place, times)
    put(executor, "limits", FAR_FROM_DRAWDOWN)
    pass_until(executor, times, MORNING + timedelta(hours=1))
    marketdata.put(BTCTRY, *FALLEN)
    executor.matcher.pass_once()
    before = executor.get("/v1/trading-state")
    assert [hold["code"] for hold in before["holds"]] == ["DAILY_LOSS"]
    right = times[-1]
    for jump in (timedelta(days=1), timedelta(days=-1), timedelta(days=40)):
        times.append(right + jump)
        executor.matcher.pass_once()
        assert codes(executor, f"at-{jump.days}", quantity="0.2") == ["DAILY_LOSS"]
        assert executor.get("/v1/trading-state") == before
        assert "executor_clock_off_seconds 0.0" not in executor.client.get("/metrics").text
        times.append(right)
        executor.matcher.pass_once()
        assert executor.get("/v1/trading-state") == before
    text = executor.client.get("/metrics").text
    assert "executor_clock_off_seconds 0.0" in text
    assert "executor_clock_jumps_total 3.0" in text
    recorded = [event["recorded_at"] for event in executor.get("/v1/events?limit=100")["events"]]
    assert recorded == sorted(recorded, reverse=True)
    assert datetime.fromisoformat(recorded[0]) < right + timedelta(minutes=1)


def test_a_restart_while_the_clock_is_a_day_ahead_lifts_no_hold(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    times = [MORNING]
    executor = rich(make, place, times)
    put(executor, "limits", FAR_FROM_DRAWDOWN)
    marketdata.put(BTCTRY, *FALLEN)
    executor.matcher.pass_once()
    before = executor.get("/v1/trading-state")
    executor.close()
    times.append(MORNING + timedelta(days=1))
    other = make(place, cash={"TRY": Decimal(1000)}, now=lambda: times[-1])
    other.matcher.pass_once()
    assert other.get("/v1/trading-state") == before
    pass_until(other, times, times[-1] + timedelta(seconds=599))
    assert other.get("/v1/trading-state") == before


def test_after_the_clock_stepped_back_an_hour_windows_end_in_time_at_either_executor(
    make: MakeExecutor, place: Place
) -> None:
    times = [MORNING]
    executor = make(place, now=lambda: times[-1])
    put(executor, "limits", {"reason": "low", "limits": {"max_orders_per_second": 2, "max_executions": 4}})
    assert [codes(executor, f"a{number}", quantity="0.1") for number in range(2)] == [[], []]
    times.append(MORNING - timedelta(hours=1))
    executor.clock.now += 1.1
    assert [codes(executor, f"b{number}", quantity="0.1") for number in range(2)] == [[], []]
    executor.close()
    other = make(place, now=lambda: times[-1])
    assert codes(other, "c", quantity="0.1") == ["REPEATED_EXECUTIONS", "ORDER_RATE"]
    put(other, "trading-state", {"state": "ACTIVE", "reason": "a test"})
    other.clock.now += 1.1
    assert codes(other, "d", quantity="0.1") == []


def test_an_executor_whose_clock_is_ahead_counts_what_the_other_executed(make: MakeExecutor, place: Place) -> None:
    times = [MORNING]
    executor = make(place, now=lambda: times[-1])
    put(executor, "limits", {"reason": "low", "limits": {"max_executions": 1}})
    assert codes(executor, "a", quantity="0.1") == []
    executor.close()
    times.append(MORNING + timedelta(seconds=30))
    other = make(place, now=lambda: times[-1])
    assert codes(other, "b", quantity="0.1") == ["REPEATED_EXECUTIONS"]
