"""The simulated market of BTCTurk. Pure: the same seed and the same times give the same market."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from common.errors import InvalidRequest, NotFound
from venue.btcturk.bars import MINUTE
from venue.btcturk.charts import PairCharts
from venue.btcturk.day import RollingDay
from venue.btcturk.history import PairHistory
from venue.btcturk.ladder import Ladder
from venue.btcturk.pairs import PAIRS, PairSpec
from venue.btcturk.prices import FIRST, FairPrices
from venue.btcturk.rules import PairChange, PairRules, changed, named
from venue.btcturk.views import PairTrade, PairView

STEP_SECONDS = 0.2
MOST_STEPS_AT_ONCE = 50
TRADES_KEPT = 50
_EXCITEMENT, _CALM_PER_SECOND = 0.3, 0.6


class _Pair:
    """One pair: its book, trades, figures of the day and bars. It moves with the fair price of the pair `like`.

    Its view is made anew only after a move or a change.
    """

    def __init__(self, spec: PairSpec, like: PairSpec, fair: float, rng: random.Random, charts: PairCharts) -> None:
        self.spec, self.like, self._rng, self.charts = spec, like, rng, charts
        self.rules = PairRules.of(spec)
        self.ladder = Ladder(spec, fair, rng)
        self.day = RollingDay(charts.last_day())
        self.trades: deque[PairTrade] = deque(maxlen=TRADES_KEPT)
        self.trade_count = 0
        self._rate = spec.trades_per_second
        self._buying = True
        self._view: PairView | None = None

    def change(self, change: PairChange, spec: PairSpec, fair: float) -> None:
        """Applies new rules and another name. On another grid all orders are made anew."""
        before = self.rules.grid(self.spec)
        self.rules = changed(self.rules, change, self.spec)
        self.spec, self._view = spec, None
        if self.rules.grid(self.spec) != before:
            self.ladder = Ladder(self.spec, fair, self._rng, self.rules.grid(self.spec))

    def step(self, at: float, fair: float) -> None:
        """Moves the pair to `at`, by as many steps of the market as its pace has.

        A pair that does not trade keeps its book as it is.
        """
        self._view = None
        if not self.rules.trading:
            return
        self.ladder.step(fair)
        base, seconds = self.spec.trades_per_second, self.spec.pace * STEP_SECONDS
        self._rate = base + (self._rate - base) * math.exp(-_CALM_PER_SECOND * seconds)
        if self._rng.random() < 1.0 - math.exp(-self._rate * seconds):
            self._trade(at)
            self._rate += _EXCITEMENT

    def _trade(self, at: float) -> None:
        """Fills one aggressor from the best level and at most two levels behind it."""
        rng = self._rng
        self._buying = self._buying if rng.random() < 0.7 else not self._buying
        wanted = self.spec.typical_amount * 0.3 * math.exp(rng.gauss(0.0, 1.2)) * 10**self.spec.amount_scale
        lot = self.rules.grid(self.spec)[1]
        left = max(int(wanted) // lot, 1) * lot
        side = self.ladder.asks if self._buying else self.ladder.bids
        for _ in range(3):
            price, amount = side.fill(left)
            left -= amount
            self._record(at, price, amount)
            if left <= 0:
                return

    def _record(self, at: float, price: int, amount: int) -> None:
        milliseconds = int(at * 1000)
        self.trade_count += 1
        trade_id = f"{milliseconds}{self.trade_count % 100_000:05d}"
        self.trades.append(PairTrade(trade_id, milliseconds, price, amount, self._buying))
        self.day.add(at, price, amount)
        self.charts.add(at, price, amount)

    def view(self, at: float) -> PairView:
        """Returns the pair as it is at `at`; the view of its last move while there was none since."""
        self._view = self._view or PairView(
            spec=self.spec,
            rules=self.rules,
            at=at,
            bids=self.ladder.bids.window(),
            asks=self.ladder.asks.window(),
            last=self.trades[-1].price if self.trades else self.ladder.bids.best,
            day=self.day.figures(),
            trades=tuple(self.trades),
            trade_count=self.trade_count,
            candles=self.charts.current,
        )
        return self._view


class BtcturkMarket:
    """All pairs, moved together. They begin with a made-up past of bars, followed by some time of trades.

    The trades begin on a whole minute, so that the past has whole bars and no minute is almost empty. Pairs of a slow
    pace move in turn, so that each step moves about as many of them.

    charts: the bars of each pair.
    """

    def __init__(
        self, seed: int, start: float, *, pairs: Sequence[PairSpec] = PAIRS, warm_up_seconds: float = 120.0
    ) -> None:
        """`start` is the first view's time, unix seconds; trading began `warm_up_seconds` before it."""
        themes = max(len(spec.legs.weights) for spec in pairs) - len(FIRST)
        self._rng, self._fair = random.Random(seed), FairPrices.with_themes(max(themes, 0))
        began = int(start - warm_up_seconds) // MINUTE * MINUTE
        self._now, self._steps = float(began), 0
        self._history, self._began = PairHistory(seed, began, self._fair), began
        self.charts: dict[str, PairCharts] = {}
        self._pairs: dict[str, _Pair] = {}
        for spec in pairs:
            self._add(spec, spec)
        for _ in range(round((start - began) / STEP_SECONDS)):
            self._step()

    def advance(self, now: float) -> None:
        """Moves the market to `now`, unix seconds. After a long pause it skips most of the gap."""
        self._now = max(self._now, now - MOST_STEPS_AT_ONCE * STEP_SECONDS)
        while self._now + STEP_SECONDS <= now:
            self._step()

    def view(self) -> Mapping[str, PairView]:
        """Returns the present view of each listed pair. Views are immutable, so any thread may read them."""
        return {name: pair.view(self._now) for name, pair in self._pairs.items() if pair.rules.listed}

    def change(self, name: str, change: PairChange) -> PairRules:
        """Changes a pair, or adds one that moves like another. Returns its rules.

        Raises `NotFound` for an unknown pair, and `InvalidRequest` that names a wrong field.
        """
        if change.like is not None:
            self._add_like(name, change.like, change)
        if name not in self._pairs:
            raise NotFound(f"there is no pair {name[:32]}", pair=name[:32])
        pair = self._pairs[name]
        spec = named(pair.spec, change.name) if change.name is not None else pair.spec
        if spec.name != name and spec.name in self._pairs:
            raise InvalidRequest("name", "must not be the name of another pair")
        pair.change(change, spec, self._fair.of(pair.like))
        self.charts[spec.name] = pair.charts
        self._pairs = {known.spec.name: known for known in self._pairs.values()}
        return pair.rules

    def rules(self) -> dict[str, PairRules]:
        """Returns the rules of every pair, listed or not."""
        return {name: pair.rules for name, pair in self._pairs.items()}

    def _add(self, spec: PairSpec, like: PairSpec) -> None:
        charts = self.charts[spec.name] = PairCharts(like, self._history, self._began)
        self._pairs[spec.name] = _Pair(spec, like, self._fair.of(like), self._rng, charts)

    def _add_like(self, name: str, like: str, change: PairChange) -> None:
        if name in self._pairs:
            raise InvalidRequest("like", "is for a pair that does not exist yet")
        if like not in self._pairs:
            raise InvalidRequest("like", f"must be one of {', '.join(self._pairs)}")
        pattern = self._pairs[like]
        number = max(pair.spec.pair_id for pair in self._pairs.values()) + 1
        spec = replace(named(pattern.spec, name), pair_id=number)
        changed(PairRules.of(spec), change, spec)
        self._add(spec, pattern.like)

    def _step(self) -> None:
        self._now += STEP_SECONDS
        self._steps += 1
        self._fair.step(self._rng, STEP_SECONDS)
        for place, pair in enumerate(self._pairs.values()):
            if (self._steps + place) % pair.spec.pace == 0:
                pair.step(self._now, self._fair.of(pair.like))
