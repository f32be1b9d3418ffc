"""Bars begin where the calendar says, and hold the trades of their time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue.btcturk.bars import RESOLUTIONS, CurrentBars, PairBar, merged, start_of


@pytest.mark.parametrize(
    ("resolution", "begins"),
    [
        ("1", "2026-11-25T13:47"),
        ("5", "2026-11-25T13:45"),
        ("15", "2026-11-25T13:45"),
        ("30", "2026-11-25T13:30"),
        ("60", "2026-11-25T13:00"),
        ("240", "2026-11-25T12:00"),
        ("1D", "2026-11-25T00:00"),
        ("1W", "2026-11-23T00:00"),
        ("1M", "2026-11-01T00:00"),
    ],
)
def test_a_bar_begins_at_its_round_time_in_utc(resolution: str, begins: str) -> None:
    at = datetime(2026, 11, 25, 13, 47, 31, tzinfo=UTC).timestamp()
    assert start_of(resolution, at) == datetime.fromisoformat(begins).replace(tzinfo=UTC).timestamp()


_TRADES = st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 99), st.integers(1, 9)), min_size=1, max_size=40)


@given(_TRADES, st.sampled_from(RESOLUTIONS))
def test_bars_made_of_trades_are_the_merged_finer_bars(trades: list[tuple[int, int, int]], resolution: str) -> None:
    made: dict[str, list[PairBar]] = {name: [] for name in RESOLUTIONS}
    bars = CurrentBars({})
    for at, price, amount in sorted(trades, key=lambda trade: trade[0]):
        for name, bar in bars.add(at, price, amount):
            made[name].append(bar)
    for name, bar in bars.latest.items():
        made[name].append(bar)
    assert made[resolution] == merged(made["1"], resolution)
    assert sum(bar.volume for bar in made[resolution]) == sum(amount for _, _, amount in trades)
