"""The simulated market is repeatable and believable."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean, pvariance

import pytest

from tests.venue.btcturk.rig import START
from venue.btcturk.ladder import WINDOW
from venue.btcturk.market import MOST_STEPS_AT_ONCE, STEP_SECONDS, BtcturkMarket
from venue.btcturk.views import PairView


@pytest.fixture(scope="module")
def states() -> list[dict[str, PairView]]:
    """Two minutes of the market, a look every 0.76 s."""
    market = BtcturkMarket(7, START)
    seen = []
    for look in range(160):
        market.advance(START + 0.76 * look)
        seen.append(dict(market.view()))
    return seen


@pytest.mark.slow
def test_the_same_seed_and_times_give_the_same_market() -> None:
    first, second = BtcturkMarket(3, START), BtcturkMarket(3, START)
    for market in (first, second):
        market.advance(START + 5)
    assert first.view() == second.view()


def test_another_seed_gives_another_market() -> None:
    assert BtcturkMarket(3, START).view() != BtcturkMarket(4, START).view()


def test_time_that_stands_still_or_goes_back_changes_nothing() -> None:
    market = BtcturkMarket(3, START)
    market.advance(START + 2)
    before = market.view()
    market.advance(START + 2)
    market.advance(START - 100)
    assert market.view() == before


def test_a_long_pause_is_skipped_and_not_played_in_full() -> None:
    market = BtcturkMarket(3, START)
    trades_before = market.view()["BTCTRY"].trade_count
    market.advance(START + 86_400)
    view = market.view()["BTCTRY"]
    assert view.at == pytest.approx(START + 86_400, abs=STEP_SECONDS)
    assert view.trade_count - trades_before <= 3 * MOST_STEPS_AT_ONCE


def test_books_are_never_crossed_and_sides_are_sorted_and_full(states: list[dict[str, PairView]]) -> None:
    for state in states:
        for view in state.values():
            bids, asks = [price for price, _ in view.bids], [price for price, _ in view.asks]
            assert len(bids) == len(asks) == WINDOW
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert 0 < bids[0] < asks[0]
            assert all(amount > 0 for _, amount in (*view.bids, *view.asks))


def test_spreads_are_sane(states: list[dict[str, PairView]]) -> None:
    for name in states[0]:
        spreads = [(s[name].asks[0][0] - s[name].bids[0][0]) / s[name].bids[0][0] * 1e4 for s in states]
        assert 0.2 < mean(spreads) < 10, name
        assert max(spreads) < 30, name


def test_the_top_of_every_book_moves_about_once_a_second(states: list[dict[str, PairView]]) -> None:
    for name in states[0]:
        tops = [(state[name].bids[0][0], state[name].asks[0][0]) for state in states]
        moves = sum(before != after for before, after in pairwise(tops))
        assert moves / (0.76 * len(tops)) > 0.8, name


def test_lira_pairs_agree_with_their_legs(states: list[dict[str, PairView]]) -> None:
    for state in states:
        middle = {name: float(view.spec.tick) * (view.bids[0][0] + view.asks[0][0]) / 2 for name, view in state.items()}
        assert middle["BTCTRY"] == pytest.approx(middle["BTCUSDT"] * middle["USDTTRY"], rel=0.003)
        assert middle["ETHTRY"] == pytest.approx(middle["ETHUSDT"] * middle["USDTTRY"], rel=0.003)


@pytest.mark.slow
def test_trades_come_in_clusters_inside_the_day_they_make() -> None:
    market = BtcturkMarket(5, START)
    counts, last = [], market.view()["BTCTRY"].trade_count
    for second in range(1, 601):
        market.advance(START + second)
        view = market.view()["BTCTRY"]
        counts.append(view.trade_count - last)
        last = view.trade_count
        assert view.day.low <= view.last <= view.day.high
    assert pvariance(counts) / mean(counts) > 1.3


def test_a_new_market_already_has_fifty_trades_and_a_day() -> None:
    for view in BtcturkMarket(1, START).view().values():
        assert len(view.trades) >= 20
        assert len({trade.trade_id for trade in view.trades}) == len(view.trades)
        assert view.day.low < view.day.high
        assert view.day.volume > 0
