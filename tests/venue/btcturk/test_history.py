"""The past that a new market shows: believable, seamless, the same for the same seed, and cheap."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean, stdev

import pytest

from tests.venue.btcturk.rig import START
from venue.btcturk.bars import DAY, LONG_RESOLUTIONS, RESOLUTIONS, PairBar, merged
from venue.btcturk.history import PairHistory
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.pairs import PAIRS, PairSpec
from venue.btcturk.prices import FairPrices, deviation
from venue.btcturk.views import PairView

pytestmark = pytest.mark.slow

END = int(START) // 60 * 60
SPECS = {spec.name: spec for spec in PAIRS}
LAST = (END - 1) // DAY


@pytest.fixture(scope="module")
def history() -> PairHistory:
    return PairHistory(7, END, FairPrices())


@pytest.fixture(scope="module")
def market() -> BtcturkMarket:
    """Twenty minutes after its begin."""
    market = BtcturkMarket(7, START)
    for second in range(0, 1_200, 5):
        market.advance(START + second)
    return market


@pytest.mark.parametrize("spec", PAIRS, ids=lambda spec: spec.name)
def test_it_ends_at_the_present_price(history: PairHistory, spec: PairSpec) -> None:
    minutes = history.minutes(spec, LAST)
    assert minutes[-1].start == END - 60
    assert minutes[-1].close * float(spec.tick) == pytest.approx(FairPrices().of(spec), rel=1e-4)
    assert history.day(spec, LAST).close == minutes[-1].close


@pytest.mark.parametrize("back", [0, 1, 40, 400])
@pytest.mark.parametrize("spec", PAIRS, ids=lambda spec: spec.name)
def test_the_minutes_of_a_day_make_the_bar_of_that_day(history: PairHistory, spec: PairSpec, back: int) -> None:
    minutes, (day,) = history.minutes(spec, LAST - back), [history.day(spec, LAST - back)]
    (sum_of_minutes,) = merged(minutes, "1D")
    assert sum_of_minutes[:6] == day[:6]
    assert sum_of_minutes.turnover == pytest.approx(day.turnover, rel=0.02)


@pytest.mark.parametrize("spec", PAIRS, ids=lambda spec: spec.name)
def test_bars_hold_their_open_and_close_and_begin_where_the_last_one_ended(
    history: PairHistory, spec: PairSpec
) -> None:
    days = [history.day(spec, day) for day in range(LAST - 410, LAST + 1)]
    minutes = history.minutes(spec, LAST - 3) + history.minutes(spec, LAST - 2)
    for bars in (days, minutes):
        for bar in bars:
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0
        assert all(before.close == after.open for before, after in pairwise(bars))
    assert [bar.start for bar in minutes] == list(range((LAST - 3) * DAY, (LAST - 1) * DAY, 60))


def test_lira_pairs_were_the_product_of_their_legs_all_along(history: PairHistory) -> None:
    def closes(pair: str) -> list[float]:
        spec = SPECS[pair]
        return [bar.close * float(spec.tick) for bar in history.minutes(spec, LAST - 30)]

    for coin in ("BTC", "ETH"):
        for lira, dollars, rate in zip(closes(f"{coin}TRY"), closes(f"{coin}USDT"), closes("USDTTRY"), strict=True):
            assert lira == pytest.approx(dollars * rate, rel=0.006)


def test_days_and_minutes_are_as_volatile_as_the_market(history: PairHistory) -> None:
    spec = SPECS["BTCUSDT"]
    days = [history.day(spec, day) for day in range(LAST - 400, LAST)]
    minutes = history.minutes(spec, LAST - 5)
    for bars, seconds in ((days, 86_400.0), (minutes, 60.0)):
        found = stdev(math.log(bar.close / bar.open) for bar in bars)
        assert found == pytest.approx(deviation(spec.legs, seconds), rel=0.25)


def test_the_same_seed_has_the_same_past_in_whatever_order_it_is_asked(history: PairHistory) -> None:
    other, spec = PairHistory(7, END, FairPrices()), SPECS["ETHTRY"]
    assert other.minutes(spec, LAST - 100) == history.minutes(spec, LAST - 100)
    assert other.day(spec, LAST - 20) == history.day(spec, LAST - 20)
    assert PairHistory(8, END, FairPrices()).minutes(spec, LAST - 2) != history.minutes(spec, LAST - 2)


def _minutes(market: BtcturkMarket, view: PairView, since: float) -> list[PairBar]:
    return market.charts[view.spec.name].bars("1", int(since), int(view.at), view.candles)


def test_the_figures_of_the_day_are_those_of_its_minutes(market: BtcturkMarket) -> None:
    for view in market.view().values():
        begin = int(view.at) // 300 * 300 - 287 * 300
        minutes = _minutes(market, view, begin)
        assert view.day.open == minutes[0].open
        assert view.day.high == max(bar.high for bar in minutes)
        assert view.day.low == min(bar.low for bar in minutes)
        assert view.day.volume == sum(bar.volume for bar in minutes)
        assert view.day.low <= view.last <= view.day.high


def test_the_last_bar_of_every_resolution_ends_at_the_last_trade(market: BtcturkMarket) -> None:
    for view in market.view().values():
        for resolution in RESOLUTIONS:
            since = int(START) - (400 if resolution in LONG_RESOLUTIONS else 2) * DAY
            bars = market.charts[view.spec.name].bars(resolution, since, int(view.at), view.candles)
            assert bars[-1] == view.candles[resolution]
            assert bars[-1].close == view.last
            assert all(before.start < after.start for before, after in pairwise(bars))


def test_the_market_goes_on_where_its_past_ends(market: BtcturkMarket) -> None:
    for view in market.view().values():
        minutes = _minutes(market, view, START - 3_600)
        assert len(minutes) >= 75
        for before, after in pairwise(minutes):
            assert after.open == pytest.approx(before.close, rel=0.003)


def test_recent_minutes_are_about_as_busy_as_the_past(market: BtcturkMarket) -> None:
    for view in market.view().values():
        minutes = _minutes(market, view, START - 7_200)
        past = fmean(bar.volume for bar in minutes if bar.start < START - 300)
        recent = fmean(bar.volume for bar in minutes[-20:-1])
        assert 0.2 < recent / past < 5, view.spec.name


@pytest.mark.parametrize("after_midnight", [0.0, 1.0, 59.0, 61.0, 3_600.0])
def test_a_market_may_begin_at_any_time_of_the_day(after_midnight: float) -> None:
    start = 1_790_035_200.0 + after_midnight
    market = BtcturkMarket(3, start, warm_up_seconds=0.0)
    for second in range(0, 150, 5):
        market.advance(start + second)
    for view in market.view().values():
        charts = market.charts[view.spec.name]
        days = charts.bars("1D", int(start) - 3 * DAY, int(view.at), view.candles)
        assert [bar.start for bar in days[-3:]] == [int(view.at) // DAY * DAY - back * DAY for back in (2, 1, 0)]
        minutes = charts.bars("1", int(start) - 600, int(view.at), view.candles)
        assert {after.start - before.start for before, after in pairwise(minutes)} == {60}
        assert merged(charts.bars("1", days[-1].start, int(view.at), view.candles), "1D")[0][:6] == days[-1][:6]
