"""The larger listing of BTCTurk: different and believable pairs, a market of them, and a socket that serves it."""

from __future__ import annotations

import json
import math
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from statistics import correlation
from typing import Any

import pytest

from tests.venue.btcturk.rig import START, client, running_venue
from venue.btcturk import answers, frames
from venue.btcturk.bars import DAY, LONG_RESOLUTIONS, RESOLUTIONS, merged
from venue.btcturk.connection import BtcturkServerTimings
from venue.btcturk.history import PairHistory
from venue.btcturk.ladder import WINDOW
from venue.btcturk.listing import MOST_PAIRS, THEMES, assets, listed_pairs
from venue.btcturk.market import STEP_SECONDS, BtcturkMarket
from venue.btcturk.pairs import PAIRS, PairSpec
from venue.btcturk.prices import FairPrices
from venue.btcturk.views import PairView

pytestmark = pytest.mark.slow

ALL = listed_pairs(MOST_PAIRS)
HISTORY = PairHistory(7, int(START) // 60 * 60, FairPrices.with_themes(THEMES))


def _price(spec: PairSpec) -> float:
    return FairPrices.with_themes(THEMES).of(spec)


@pytest.fixture(scope="module")
def states() -> list[dict[str, PairView]]:
    """A minute of a market of 60 pairs, a look every 0.76 s."""
    market = BtcturkMarket(7, START, pairs=listed_pairs(60))
    seen = []
    for look in range(80):
        market.advance(START + 0.76 * look)
        seen.append(dict(market.view()))
    return seen


@pytest.mark.parametrize("count", [5, 6, 7, 50, 200, MOST_PAIRS])
def test_a_shorter_listing_is_the_begin_of_a_longer_one(count: int) -> None:
    assert listed_pairs(count) == ALL[:count]
    assert listed_pairs(count)[:5] == PAIRS
    assert len(listed_pairs(count)) == count


def test_no_two_pairs_share_a_name_or_a_number() -> None:
    assert len({spec.name for spec in ALL}) == len({spec.pair_id for spec in ALL}) == MOST_PAIRS
    assert all(spec.name.isascii() and spec.name.isupper() and spec.name.isalnum() for spec in ALL)
    assert Counter(spec.denominator for spec in ALL) == {"TRY": 190, "USDT": 189}


def test_ticks_fit_the_prices() -> None:
    for spec in ALL:
        ticks = _price(spec) / float(spec.tick)
        assert 1_000 < ticks < 10_000_000, spec
        assert spec.tick == Decimal(1).scaleb(spec.tick.adjusted())
        assert spec.price_scale == max(-spec.tick.adjusted(), 0)


def test_there_are_very_cheap_coins_and_dear_ones_and_every_scale_of_amounts() -> None:
    dollars = [_price(spec) for spec in listed_pairs(200) if spec.denominator == "USDT"]
    assert min(dollars) < 2e-7
    assert max(dollars) > 50_000
    for low, high in ((1e-8, 1e-6), (1e-6, 1e-3), (1e-3, 1), (1, 100), (100, 10_000)):
        assert sum(low <= price < high for price in dollars) >= 4, (low, high)
    assert {spec.amount_scale for spec in listed_pairs(200)} == set(range(9))


def test_a_coins_pairs_agree_with_each_other() -> None:
    specs = {spec.name: spec for spec in ALL}
    lira = _price(specs["USDTTRY"])
    for spec in ALL:
        if spec.denominator == "USDT":
            other = specs[spec.numerator + "TRY"]
            assert _price(other) == pytest.approx(_price(spec) * lira, rel=1e-9)
            assert other.amount_scale == spec.amount_scale


def test_coins_move_with_bitcoin_and_yet_not_all_alike() -> None:
    days = range(HISTORY.last_day - 300, HISTORY.last_day)

    def moves(spec: PairSpec) -> list[float]:
        return [math.log(bar.close / bar.open) for bar in (HISTORY.day(spec, day) for day in days)]

    bitcoin = moves(PAIRS[3])
    with_bitcoin = [correlation(bitcoin, moves(spec)) for spec in ALL[6:66:2]]
    assert all(found > 0.05 for found in with_bitcoin)
    assert max(with_bitcoin) - min(with_bitcoin) > 0.2
    assert max(with_bitcoin) < 0.99


def test_books_never_cross_and_are_sorted_and_full(states: list[dict[str, PairView]]) -> None:
    for state in states:
        for view in state.values():
            bids, asks = [price for price, _ in view.bids], [price for price, _ in view.asks]
            assert len(bids) == len(asks) == WINDOW
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert 0 < bids[-1] < bids[0] < asks[0]
            assert all(amount > 0 for _, amount in (*view.bids, *view.asks))


def test_every_text_of_a_frame_is_a_plain_number_on_the_grid(states: list[dict[str, PairView]]) -> None:
    for view in states[-1].values():
        spec = view.spec
        for price, amount in (*view.bids, *view.asks):
            told, size = Decimal(spec.price_text(price)), Decimal(spec.amount_text(amount))
            assert told > 0
            assert told % spec.tick == 0
            assert size > 0
            assert size % Decimal(1).scaleb(-spec.amount_scale) == 0
        _, item = json.loads(frames.ticker(view))
        for key in ("B", "A", "BA", "AA", "H", "L", "LA", "O", "V", "AV", "D", "DP"):
            assert set(item[key]) <= set("-0123456789."), (key, item[key])
        assert Decimal(item["L"]) <= Decimal(item["AV"]) <= Decimal(item["H"])


def test_every_pair_has_its_currencies_and_none_comes_twice() -> None:
    symbols = [asset.symbol for asset in assets(ALL)]
    assert len(symbols) == len(set(symbols)) == 190 + 1
    assert {name for spec in ALL for name in (spec.numerator, spec.denominator)} == set(symbols)


def test_exchange_info_names_every_pair_with_a_plain_tick(states: list[dict[str, PairView]]) -> None:
    info = answers.exchange_info(list(states[-1].values()), START)
    assert [row["name"] for row in info["symbols"]] == [spec.name for spec in ALL[:60]]
    currencies = {row["symbol"] for row in info["currencies"]}
    for row in info["symbols"]:
        assert {row["numerator"], row["denominator"]} <= currencies
        assert set(row["filters"][0]["tickSize"]) <= set("0123456789.")


def test_books_move_at_the_pace_of_their_pair_and_not_all_at_once(states: list[dict[str, PairView]]) -> None:
    moved = [sum(before[name].at != after[name].at for name in after) for before, after in pairwise(states)]
    assert max(moved) < 50
    for name, view in states[0].items():
        moments = sorted({state[name].at for state in states})
        gaps = [after - before for before, after in pairwise(moments)]
        assert max(gaps) <= view.spec.pace * STEP_SECONDS + 0.77, name


def test_the_same_seed_gives_the_same_market_and_another_one_another() -> None:
    markets = [BtcturkMarket(seed, START, pairs=listed_pairs(30), warm_up_seconds=5) for seed in (3, 3, 4)]
    for market in markets:
        market.advance(START + 5)
    first, second, other = (market.view() for market in markets)
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_fewer_pairs_are_the_market_that_they_were() -> None:
    five, default = BtcturkMarket(3, START, pairs=listed_pairs(5)), BtcturkMarket(3, START)
    assert five.view() == default.view()


@pytest.mark.parametrize("spec", ALL[5:70:8], ids=lambda spec: spec.name)
def test_bars_hold_together(spec: PairSpec) -> None:
    last = HISTORY.last_day
    for day in (last, last - 1, last - 40):
        minutes = HISTORY.minutes(spec, day)
        (whole,) = merged(minutes, "1D")
        assert whole[:6] == HISTORY.day(spec, day)[:6]
        for bar in minutes:
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0
            assert bar.turnover < 2**63
        assert all(before.close == after.open for before, after in pairwise(minutes))


def test_the_past_ends_at_the_present_price() -> None:
    for spec in ALL[5:70:4]:
        bar = HISTORY.minutes(spec, HISTORY.last_day)[-1]
        assert bar.close * float(spec.tick) == pytest.approx(_price(spec), rel=1e-3)


def test_the_growing_bars_are_the_last_ones_of_the_charts() -> None:
    market = BtcturkMarket(7, START, pairs=listed_pairs(12))
    market.advance(START + 5)
    for name, view in market.view().items():
        for resolution in RESOLUTIONS:
            since = int(START) - (400 if resolution in LONG_RESOLUTIONS else 2) * DAY
            bars = market.charts[name].bars(resolution, since, int(START) + 5, view.candles)
            assert bars[-1] == view.candles[resolution]


class _Books:
    """The books that a plain client keeps from its frames.

    sides: by pair, the levels of each side.
    changed: the pairs of which a change came.
    """

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, dict[str, str]]] = {}
        self.changed: set[str] = set()
        self._sequences: dict[str, int] = {}

    def take(self, kind: int, body: dict[str, Any]) -> None:
        if kind == 431:
            self.sides[body["PS"]] = {side: {level["P"]: level["A"] for level in body[side]} for side in ("AO", "BO")}
            self._sequences[body["PS"]] = body["CS"]
        if kind == 432:
            pair = body["PS"]
            self._sequences[pair] += 1
            assert body["CS"] == self._sequences[pair]
            self.changed.add(pair)
            for side in ("AO", "BO"):
                for change in body[side]:
                    if change["CP"] == 3:
                        del self.sides[pair][side][change["P"]]
                    else:
                        self.sides[pair][side][change["P"]] = change["A"]


def _shown(view: PairView) -> dict[str, dict[str, str]]:
    text, units = view.spec.price_text, view.spec.amount_text
    return {
        side: {text(price): units(amount) for price, amount in levels}
        for side, levels in (("AO", view.asks), ("BO", view.bids))
    }


@pytest.mark.slow
def test_a_client_that_joins_all_of_two_hundred_pairs_has_the_venues_books() -> None:
    pairs = listed_pairs(200)
    market = BtcturkMarket(1, START, pairs=pairs, warm_up_seconds=0)
    timings = BtcturkServerTimings(conflation=0.3, step=0.1)
    with running_venue(market=market, timings=timings) as venue, client(venue.url) as reader:
        for spec in pairs:
            for channel in ("obdiff", "trade", "ticker"):
                reader.ask(channel, spec.name)
        books = _Books()
        while len(books.sides) < len(pairs):
            books.take(*reader.next(20.0))
        venue.clock.now += 10.0
        while len(books.changed) < len(pairs):
            books.take(*reader.next(20.0))
        venue.server.pause()
        truth = {name: _shown(view) for name, view in venue.server.views.items()}
        while books.sides != truth:
            books.take(*reader.next(20.0))
        assert venue.server.counters.failures["socket"] == 0
