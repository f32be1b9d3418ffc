"""The figures of the day forget what is older than a day."""

from __future__ import annotations

from venue.btcturk.bars import PairBar
from venue.btcturk.day import BUCKET_SECONDS, BUCKETS, RollingDay


def test_figures_sum_up_all_trades_of_the_day() -> None:
    day = RollingDay()
    for at, price, amount in ((0.0, 10, 1), (10.0, 14, 2), (BUCKET_SECONDS, 8, 3)):
        day.add(at, price, amount)
    assert day.figures() == PairBar(start=0, open=10, high=14, low=8, close=8, volume=6, turnover=10 + 28 + 24)


def test_a_day_of_one_trade_counts_it_once() -> None:
    day = RollingDay()
    day.add(0.0, 10, 1)
    assert day.figures() == PairBar(start=0, open=10, high=10, low=10, close=10, volume=1, turnover=10)


def test_what_is_older_than_a_day_is_forgotten() -> None:
    day = RollingDay()
    day.add(0.0, 999, 50)
    for bucket in range(1, BUCKETS + 1):
        day.add(bucket * BUCKET_SECONDS, 10, 1)
    whole = PairBar(300, open=10, high=10, low=10, close=10, volume=BUCKETS, turnover=10 * BUCKETS)
    assert day.figures() == whole
